"""The repository's address and version, and the cells that depend on them."""

import re
import tomllib
from urllib.parse import urlparse

from gradekit.course import CourseError
from lessonkit.models import model_entry
from lessonkit.paths import ROOT

PYPROJECT = ROOT / "pyproject.toml"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
# What a lesson needs that Colab lacks: lesson -> modules and their packages.
MORE = {
    "05": (
        ("model_signing", "model-signing"),
        ("OpenSSL", "pyOpenSSL"),
        ("confusable_homoglyphs", "confusable-homoglyphs"),
    )
}
SETUP_CELL = """\
# Set-up. On your own machine this only imports; on Colab it fetches the course and what is missing.
import importlib.util, pathlib, sys

if importlib.util.find_spec("lessonkit") is None:
    above = [p for p in pathlib.Path.cwd().parents if (p / "src/lessonkit").is_dir()]
    course_folder = above[0] if above else pathlib.Path("course")
    if not course_folder.exists():
        !git clone --quiet --depth 1 --branch {tag} {address} course
    sys.path.insert(0, str(course_folder.resolve() / "src"))
    if importlib.util.find_spec("{module}") is None:
        !pip install --quiet --no-deps {package}=={version}
{more}
from lessonkit import begin

course = begin("{lesson}", language="{language}")"""


def address() -> str:
    """Return the repository's address from `pyproject.toml`."""
    return _project()["urls"]["Repository"]


def release_tag() -> str:
    """Return the git tag that notebooks of this version fetch."""
    return f"v{_project()['version']}"


def set_address(url: str) -> None:
    """Write another address into `pyproject.toml`, the only place that has it.

    Raises:
        CourseError: it is not an address that git can clone.
    """
    parts = urlparse(url)
    if parts.scheme not in ("https", "http", "file") or not (parts.netloc or parts.path):
        raise CourseError(f"{url!r} is not an address; give one like https://github.com/OWNER/NAME")
    if not re.fullmatch(r"[\w.:/~@%+-]+", url):
        raise CourseError(f"{url!r} has characters that do not belong in an address")
    text = PYPROJECT.read_text(encoding="utf-8")
    new, count = re.subn(
        r'(?m)^Repository = ".*"$', lambda _: f'Repository = "{url.rstrip("/")}"', text
    )
    if count != 1:
        raise CourseError(f"{PYPROJECT.name} should have exactly one line `Repository = ...`")
    PYPROJECT.write_text(new, encoding="utf-8")


def setup_source(lesson_number: str, language: str) -> str:
    """Return the first code cell of a notebook."""
    encoder = model_entry("encoder")
    assert encoder.folder is not None
    return SETUP_CELL.format(
        tag=release_tag(),
        address=address(),
        module=encoder.folder.split("/")[0],
        package=encoder.package,
        version=encoder.version,
        lesson=lesson_number,
        language=language,
        more=_more_packages(lesson_number),
    )


def _more_packages(lesson_number: str) -> str:
    """Return the lines that install what a lesson needs beyond what Colab has."""
    needed = [(module, _pinned(name)) for module, name in MORE.get(lesson_number, ())]
    return "".join(
        f'    if importlib.util.find_spec("{module}") is None:\n'
        f"        !pip install --quiet {requirement}\n"
        for module, requirement in needed
    )


def _pinned(package: str) -> str:
    """Return a package with the version that `constraints.txt` names."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.lower().startswith(f"{package.lower()}=="))


def colab_badge(lesson: str, language: str) -> str:
    """Return the badge that opens a notebook on Colab; empty where Colab cannot reach it.

    Colab opens notebooks from GitHub only.
    """
    match = re.fullmatch(r"https://github\.com/([^/]+/[^/]+)", address())
    if match is None:
        return ""
    path = f"{match[1]}/blob/{release_tag()}/notebooks/{language}/{lesson}.ipynb"
    return f"[![Open in Colab]({BADGE})](https://colab.research.google.com/github/{path})"


def _project() -> dict:
    return tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
