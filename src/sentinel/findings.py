"""What every check returns: issues that count against a model, and evidence that speaks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum


class Severity(IntEnum):
    """How much an issue counts: a note, something to look at, a reason to refuse the model."""

    NOTE = 1
    WARNING = 2
    ERROR = 3


class Issue(str):
    """A short name, for example ``"Signature mismatch"``, that carries what it rests on.

    It prints and compares as its name, so ``"Signature mismatch" in result.issues`` reads as
    it should.

    Attributes:
        severity: how much it counts.
        file: path inside the model's folder, with ``/``; empty when it concerns the whole folder.
        expected: what a sound model would have there.
        found: what was found instead, shortened and printable.
    """

    severity: Severity
    file: str
    expected: str
    found: str

    def __new__(
        cls,
        name: str,
        *,
        file: str = "",
        expected: str = "",
        found: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Issue:
        issue = super().__new__(cls, name)
        issue.severity = severity
        issue.file = printable(file)
        issue.expected = printable(expected)
        issue.found = printable(found)
        return issue

    def to_dict(self) -> dict[str, str]:
        return {
            "name": str(self),
            "severity": self.severity.name.lower(),
            "file": self.file,
            "expected": self.expected,
            "found": self.found,
        }


@dataclass(frozen=True)
class Evidence:
    """Something that was looked at and found in order, for example a digest that matches."""

    claim: str
    file: str = ""
    found: str = ""

    def to_dict(self) -> dict[str, str]:
        return {"claim": self.claim, "file": self.file, "found": self.found}


@dataclass
class Findings:
    """Issues and evidence that a check collects."""

    issues: list[Issue] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)

    def error(self, name: str, file: str = "", expected: str = "", found: str = "") -> None:
        self.issues.append(Issue(name, file=file, expected=expected, found=found))

    def warn(self, name: str, file: str = "", expected: str = "", found: str = "") -> None:
        self.issues.append(
            Issue(name, file=file, expected=expected, found=found, severity=Severity.WARNING)
        )

    def note(self, name: str, file: str = "", expected: str = "", found: str = "") -> None:
        self.issues.append(
            Issue(name, file=file, expected=expected, found=found, severity=Severity.NOTE)
        )

    def confirm(self, claim: str, file: str = "", found: str = "") -> None:
        self.evidence.append(Evidence(claim, printable(file), printable(found)))

    def extend(self, other: Findings) -> None:
        self.issues.extend(other.issues)
        self.evidence.extend(other.evidence)

    @property
    def errors(self) -> list[Issue]:
        return [issue for issue in self.issues if issue.severity is Severity.ERROR]

    def to_dict(self) -> dict[str, list[dict[str, str]]]:
        """Return plain data for JSON."""
        return {
            "issues": [issue.to_dict() for issue in self.issues],
            "evidence": [entry.to_dict() for entry in self.evidence],
        }

    def __iter__(self) -> Iterator[Issue]:
        return iter(self.issues)


def printable(text: object, limit: int = 200) -> str:
    """Return text without control or invisible characters, at most ``limit`` characters long.

    File names, metadata and tokens come from the model's author, who must not be able to write
    escape sequences to a terminal or fill a report.
    """
    shown = "".join(c if c.isprintable() else _escaped(c) for c in str(text)[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
