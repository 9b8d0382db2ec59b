# trick: writes everywhere: the course, the library, the system, the kernel's own settings
# reported: files
import os
import sys
from pathlib import Path

folders = ["@COURSE@", "@REPOSITORY@", "@REPOSITORY@/src/lessonkit", "@REPOSITORY@/data", sys.prefix]
folders += ["/", "/etc", "/usr/bin", "/root", "/dev", "/sandbox", "/sandbox/kernel", "/sandbox/code/inside", "/var/tmp"]
for folder in folders:
    try:
        Path(folder, "hostile-was-here").write_text("hello")
        print("WROTE", folder)
    except OSError as error:
        print(error)
for setting in ("sys/kernel/core_pattern", "sys/vm/drop_caches", "sysrq-trigger", "sys/kernel/hostname"):
    try:
        os.close(os.open(f"/proc/{setting}", os.O_WRONLY))  # opened only; nothing is written
        print("WROTE", setting)
    except OSError as error:
        print(error)
