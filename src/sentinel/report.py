"""A scan as a page that can be kept and sent: the verdict, the issues, the evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader

from sentinel.findings import Severity
from sentinel.scanner import ScanResult

if TYPE_CHECKING:
    from sentinel.behaviour import BackdoorResult

TEMPLATES = Path(__file__).resolve().parent / "templates"
MEANINGS = {
    "verified": "A trusted signature or list of digests vouches for every file, "
    "and nothing speaks against the model.",
    "accepted": "Nothing speaks against the model, "
    "but nothing trusted vouches for where it comes from.",
    "refused": "Do not load this model before every issue below is explained.",
}
TITLES = {
    "provenance": "Where it comes from",
    "containers": "What its files hold",
    "agreement": "Whether its files agree",
    "weights": "What its numbers look like",
    "advisories": "What would load it",
}


def render(result: ScanResult, now: datetime | None = None) -> str:
    """Return a scan's result as one HTML page without scripts or outside references.

    Args:
        result: the scan.
        now: time on the page; default is the present.
    """
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    return environment.get_template("report.html").render(
        result=result,
        meaning=MEANINGS[result.verdict],
        titles=TITLES,
        counts={s: sum(i.severity is s for i in result.issues) for s in reversed(Severity)},
        time=f"{now or datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        packages=_versions("torch", "transformers", "safetensors"),
    )


def render_backdoor(result: BackdoorResult, model: str, now: datetime | None = None) -> str:
    """Return a trigger search's result as one HTML page without scripts or outside references.

    Args:
        result: of `BackdoorScanner.scan`.
        model: what was scanned.
        now: time on the page; default is the present.
    """
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    bars = [(f"{token} → {label}", rate, "found") for token, label, rate in result.singles]
    if result.best is not None:
        best = result.best
        bars.insert(0, (f"{best.trigger} → {best.target}", best.success_rate, "best"))
        most = max(result.natural, default=0.0)
        bars.append((f"the strongest of {len(result.natural)} ordinary phrases", most, "natural"))
    return environment.get_template("backdoor.html").render(
        result=result,
        model=model,
        bars=bars,
        time=f"{now or datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        packages=_versions("torch", "transformers", "safetensors"),
    )


def _versions(*packages: str) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
