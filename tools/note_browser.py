"""Say clearly, before the tests run, whether the browser tests can."""

import shutil

names = ("chromium", "chromium-browser", "google-chrome")
found = next((path for path in map(shutil.which, names) if path), None)
if found:
    print(f"browser tests use {found}")
else:
    print("NO BROWSER: the browser tests will be skipped. Install Chromium (Debian: chromium).")
