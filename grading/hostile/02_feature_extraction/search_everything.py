# trick: searches every file it can see for secrets
# reported: files
import os

own = ("/sandbox/code", "/usr", "/proc", "/sys", "/dev", os.path.dirname(os.__file__), "@REPOSITORY@/.venv")
for folder, folders, names in os.walk("/"):
    folders[:] = [f for f in folders if not os.path.join(folder, f).startswith(own)]
    for name in names:
        try:
            text = open(os.path.join(folder, name), "rb").read(1_000_000)
        except OSError:
            continue
        if b"canary" in text or b"hidden_seed" in text:
            print("READ", folder, name, text[:300])
