"""What an instructor sees in nbgrader's formgrader, and that no submission runs anything there."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbconvert.exporters import HTMLExporter
from playwright.sync_api import Page, expect

from gradekit import classroom, cli
from gradekit.course import course_root
from gradekit.notebooks import load_lesson, solved_notebook
from lessonkit.paths import ROOT
from tests.browser.conftest import Lab, free_port, wait_for
from tests.gradekit.hostile_notebook import ELSEWHERE, hostile_notebook
from tests.gradekit.small_course import record, use_course

pytestmark = pytest.mark.browser

LESSON = "02_feature_extraction"
BAIT = (
    "Array.from(document.querySelectorAll('a, button')).filter(e => /click me/.test(e.innerText))"
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course with an honest submission, one that failed a check, and a hostile one."""
    root = tmp_path_factory.mktemp("grading")
    patch = pytest.MonkeyPatch()
    use_course(root, patch)
    assert cli.main(["release", LESSON]) == 0
    notebook = solved_notebook(load_lesson(LESSON))
    record("ana", LESSON, notebook)
    record("boris", LESSON, notebook, {"check-pool": 0.0})
    record("mallory", LESSON, hostile_notebook(notebook))
    yield root
    patch.undo()


@pytest.fixture(scope="module")
def formgrader(graded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """`gradekit formgrader` on that course."""
    settings, port, token = tmp_path_factory.mktemp("jupyter"), free_port(), secrets.token_hex(16)
    options = {"port": port, "open_browser": False, "port_retries": 0}
    config = {"ServerApp": options, "IdentityProvider": {"token": token}}
    (settings / "jupyter_server_config.json").write_text(json.dumps(config))
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(settings)}
    command = [sys.executable, "-m", "gradekit.cli", "formgrader"]
    with (settings / "log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/api?token={token}")
        yield Lab(f"http://127.0.0.1:{port}", token, graded)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)


def enter(page: Page, formgrader: Lab) -> None:
    page.goto(formgrader.url("lab"))
    page.wait_for_load_state("domcontentloaded")


def open_submission(page: Page, formgrader: Lab, student: str) -> None:
    """Go the way a person goes, from the list of assignments to a student's submission."""
    enter(page, formgrader)
    page.goto(f"{formgrader.address}/formgrader/gradebook")
    page.locator("tbody").get_by_role("link", name=LESSON).click()
    page.wait_for_url(f"**/gradebook/{LESSON}")
    page.locator("tbody").get_by_role("link", name=LESSON).click()
    page.wait_for_url(f"**/gradebook/{LESSON}/{LESSON}")
    row = page.locator("tbody tr", has=page.locator("a.name-shown", has_text=student))
    row.locator("a.name-hidden").click()
    page.locator("#notebook-container .cell").first.wait_for()


def test_the_assignment_and_its_submissions_are_listed(page: Page, formgrader: Lab) -> None:
    enter(page, formgrader)
    page.goto(f"{formgrader.address}/formgrader/manage_assignments")
    row = page.locator("tbody tr", has_text=LESSON)
    expect(row.locator(".num-submissions")).to_have_text("3")
    page.goto(f"{formgrader.address}/formgrader/manage_submissions/{LESSON}")
    for student in ("ana", "boris", "mallory"):
        expect(page.locator("td.student-id", has_text=student)).to_be_visible()


def test_a_score_given_by_hand_reaches_the_gradebook(page: Page, formgrader: Lab) -> None:
    before = {grade.student: grade for grade in classroom.grades(LESSON)}
    open_submission(page, formgrader, "boris")
    field = page.locator("#check-pool")
    expect(field).to_have_attribute("placeholder", "0")
    with page.expect_response(lambda reply: reply.request.method == "PUT") as saved:
        field.fill("1.5")
        field.press("Tab")
    assert saved.value.ok
    after = {grade.student: grade for grade in classroom.grades(LESSON)}
    assert after["boris"].points == before["boris"].points + 1.5
    assert after["ana"] == before["ana"]
    assert cli.main(["grades", LESSON]) == 0
    table = (course_root() / f"grades_{LESSON}.csv").read_text()
    assert f"boris,{after['boris'].points}," in table


@dataclass
class Watch:
    """What a page does while it is looked at."""

    page: Page
    asked: list[str]
    boxes: list[str]

    def ran(self) -> list[str]:
        """Return the payloads that ran, in the page or a frame in it, and the boxes they opened."""
        found = [frame.evaluate("window.pwned") for frame in self.page.frames]
        return [name for name in found if name] + self.boxes


@pytest.fixture
def watch(page: Page) -> Watch:
    watch = Watch(page, [], [])
    page.on("request", lambda request: watch.asked.append(request.url))
    page.route(f"{ELSEWHERE}/**", lambda route: route.fulfill(status=204))  # stay on the page
    page.on("dialog", lambda box: (watch.boxes.append(box.message), box.dismiss()))
    return watch


def bite(page: Page) -> None:
    """Click everything that asks for it, move over everything, and wait a little."""
    page.wait_for_timeout(1500)
    page.evaluate(f"{BAIT}.forEach(element => element.click())")
    page.evaluate(
        "document.querySelectorAll('*').forEach(e => e.dispatchEvent(new Event('focus')))"
    )
    page.wait_for_timeout(1000)


def test_a_hostile_notebook_runs_nothing_in_formgrader(
    page: Page, formgrader: Lab, watch: Watch
) -> None:
    open_submission(page, formgrader, "mallory")
    bite(page)
    assert watch.ran() == []
    assert not [url for url in watch.asked if url.startswith(ELSEWHERE)]
    expect(page.locator("#check-pool")).to_be_visible()
    assert page.locator("#notebook-container iframe, #notebook-container svg").count() == 0


def test_a_hostile_notebook_runs_nothing_in_feedback(
    page: Page, graded: Path, watch: Watch
) -> None:
    assert cli.main(["feedback", LESSON]) == 0
    path = graded / "course" / "feedback" / "mallory" / LESSON / f"{LESSON}.html"
    page.goto(path.as_uri())
    bite(page)
    assert watch.ran() == []
    assert not [url for url in watch.asked if url.startswith(ELSEWHERE)]
    assert page.get_by_text("Score: 20.0 / 20.0").first.is_visible()
    boris = graded / "course" / "feedback" / "boris" / LESSON / f"{LESSON}.html"
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(boris.as_uri())
    lost = page.locator("table.parts tr.lost")
    assert lost.locator("a").all_inner_texts() == ["pool"]
    assert page.locator("table.parts tr").count() == 7
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert "HIDDEN TESTS" not in page.content()


def test_the_same_notebook_would_run_in_a_plain_page(
    page: Page, graded: Path, tmp_path: Path, watch: Watch
) -> None:
    """The tests above see something only if this one does."""
    notebook = hostile_notebook(solved_notebook(load_lesson(LESSON)), proper=True)
    (tmp_path / "plain.html").write_text(HTMLExporter().from_notebook_node(notebook)[0])
    page.goto((tmp_path / "plain.html").as_uri())
    bite(page)
    assert watch.ran()
    assert any(url.startswith(ELSEWHERE) for url in watch.asked)
