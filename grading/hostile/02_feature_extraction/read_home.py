# trick: reads the grader's home and the system's accounts
# reported: files
from pathlib import Path

for name in ("@HOME@", "/root", "/home", "/etc/passwd", "/etc/shadow", "/root/.ssh", "/var/lib", "/run"):
    path = Path(name)
    try:
        found = path.read_text() if path.is_file() else [p.read_text()[:200] for p in path.glob("*") if p.is_file()]
        print(name, found)
        print(name, [p.read_text()[:200] for p in path.glob(".*") if p.is_file()])
    except OSError as error:
        print(error)
