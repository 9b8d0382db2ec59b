"""Take the README's picture: a lesson in JupyterLab, after its main measurement.

usage: python tools/take_picture.py FILE.png
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from gradekit.run import run_lesson, save
from lessonkit.paths import ROOT

sys.path.insert(0, str(ROOT))
from tests.browser.conftest import CHROMIUM_OPTIONS, free_port, wait_for

LESSON = "02_feature_extraction"
HEADING = "2.9"  # of the section that holds the main measurement
BELOW = 590  # pixels from the heading to the top of the picture


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save(run_lesson(LESSON), folder / f"{LESSON}.ipynb")
        port, token = free_port(), secrets.token_hex(16)
        options = f"--no-browser --port={port} --ServerApp.token={token} --allow-root"
        command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
        environment = {**os.environ, "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces")}
        server = subprocess.Popen([*command, *options.split()], env=environment)
        try:
            wait_for(f"http://127.0.0.1:{port}/api?token={token}")
            take(f"http://127.0.0.1:{port}/lab/tree/{LESSON}.ipynb?token={token}", target)
        finally:
            server.terminate()
            server.wait(timeout=20)


def take(url: str, target: Path) -> None:
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_OPTIONS))
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(url)
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        page.keyboard.press("Control+b")  # folds the file browser away
        scroll_below(page, HEADING)
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target)
        browser.close()


def scroll_below(page: Page, heading: str) -> None:
    """Scroll a little past a heading; the notebook renders cells only when they come near."""
    panel = page.locator(".jp-Notebook .jp-WindowedPanel-outer").first
    for _ in range(80):
        found = page.locator("h2", has_text=heading)
        if found.count():
            found.first.evaluate("heading => heading.scrollIntoView()")
            page.wait_for_timeout(1500)
            panel.evaluate("(panel, pixels) => panel.scrollBy(0, pixels)", BELOW)
            page.wait_for_timeout(1500)
            return
        panel.evaluate("panel => panel.scrollBy(0, 700)")
        page.wait_for_timeout(250)
    raise RuntimeError(f"the notebook has no heading {heading!r}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
