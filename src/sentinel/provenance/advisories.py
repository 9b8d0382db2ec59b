"""Known vulnerabilities of the libraries that load models, against what is installed."""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from sentinel.findings import Findings
from sentinel.policy import FOLDER

DEFAULT_ADVISORIES = FOLDER / "advisories.toml"


@dataclass(frozen=True)
class Advisory:
    """One vulnerability.

    Attributes:
        id: CVE identifier.
        package: name on the Python package index.
        affected: versions that have it.
        summary: what an attacker's model can do.
        source: page that says so.
    """

    id: str
    package: str
    affected: SpecifierSet
    summary: str
    source: str


@dataclass(frozen=True)
class AdvisoryList:
    """Advisories, and the day on which the list was last compared with its sources."""

    reviewed: str
    advisories: tuple[Advisory, ...]


def read_advisories(path: Path | None = None) -> AdvisoryList:
    """Read a list of advisories; without a path, the one that comes with the package.

    Raises:
        ValueError: the file is not such a list.
        OSError: it cannot be read.
    """
    path = path or DEFAULT_ADVISORIES
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        advisories = tuple(
            Advisory(**entry | {"affected": SpecifierSet(entry["affected"])})
            for entry in content["advisory"]
        )
        return AdvisoryList(str(content["reviewed"]), advisories)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a list of advisories: {error}") from error


def check_advisories(
    listed: AdvisoryList | None = None, installed: Mapping[str, str] | None = None
) -> Findings:
    """Report every advisory that concerns an installed version.

    Args:
        listed: the advisories; default is the package's own list.
        installed: package -> version; default is the running environment.
    """
    listed = listed or read_advisories()
    findings = Findings()
    clean = set()
    for advisory in listed.advisories:
        version = _installed(advisory.package, installed)
        if version is None:
            continue
        try:
            affected = advisory.affected.contains(Version(version), prereleases=True)
        except InvalidVersion:
            findings.warn("Unknown version", advisory.package, "a version number", version)
            continue
        if affected:
            expected = f"not {advisory.affected} ({advisory.id}: {advisory.summary})"
            found = f"{advisory.package} {version}"
            findings.error("Vulnerable loader", expected=expected, found=found)
        else:
            clean.add(f"{advisory.package} {version}")
    if clean:
        claim = f"no known advisory as of {listed.reviewed}"
        findings.confirm(claim, found=", ".join(sorted(clean)))
    return findings


def _installed(package: str, installed: Mapping[str, str] | None) -> str | None:
    if installed is not None:
        return installed.get(package)
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
