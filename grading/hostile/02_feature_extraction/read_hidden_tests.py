# trick: reads the hidden tests, the seeds, the keys and the lesson's master
# reported: files
from pathlib import Path

repository = Path("@REPOSITORY@")
for pattern in ("grading/*.toml", "grading/keys/*", "grading/source/*/*.py", "grading/answers/*/*/*"):
    for path in [*repository.glob(pattern), repository / pattern.replace("*", "hidden_seeds")]:
        try:
            print("READ", path, path.read_text())
        except OSError as error:
            print(error)
print(open("@REPOSITORY@/grading/hidden_seeds.toml").read())
