"""The class report in a browser: it fits a phone, and asks for nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gradekit.report import summarise
from gradekit.report_page import render
from tests.gradekit.synthetic_class import synthetic_class

pytestmark = pytest.mark.browser

LESSON = "02_feature_extraction"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    results = synthetic_class(LESSON, 80, seed=1, copies=2)
    path.write_text(render(summarise(LESSON, results)), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_loads_nothing(page: Page, path: Path, width: int, scheme: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert asked == [path.as_uri()]
    expect(page.get_by_role("heading", name="Exercises")).to_be_visible()
    paper, ink = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert (brightness(paper) > brightness(ink)) == (scheme == "light")
    passage = page.locator("pre mark").first
    expect(passage).to_be_visible()


def brightness(colour: str) -> int:
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
