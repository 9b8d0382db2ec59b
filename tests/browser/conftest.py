"""A JupyterLab server and a headless Chromium for it."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from gradekit.course import NOTEBOOKS
from lessonkit.paths import ROOT

expect.set_options(timeout=30_000)  # ms; other tests run beside these
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Lab:
    """A running server: its address with the token, and the folder that it shows."""

    address: str
    token: str
    folder: Path

    def url(self, path: str) -> str:
        return f"{self.address}/{path}?token={self.token}"


@pytest.fixture(scope="session")
def chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("no Chromium: CI must not skip the browser tests")
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """`make lab` on a copy of the notebooks, so that running them leaves the originals alone."""
    folder = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, folder)
    token, port = secrets.token_hex(16), free_port()
    options = f"--no-browser --port={port} --ServerApp.token={token} --allow-root"
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        *options.split(),
    ]
    environment = {
        **os.environ,
        "LESSON_PROFILE": "grading",
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
    }
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/api?token={token}")
        yield Lab(f"http://127.0.0.1:{port}", token, folder)
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, headless=True, args=list(CHROMIUM_OPTIONS)
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
