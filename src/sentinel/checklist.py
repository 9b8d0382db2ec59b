"""Everything that should be asked before a model is used, as a list that fills itself in.

    from sentinel import fill_checklist

    print(fill_checklist("path/to/model", "meta-llama", texts=texts, phrases=["[TRIGGER]"]))

It is stricter than `scan`, which tells what it found: here a question that must be answered with
yes, such as whether a licence allows the use, fails where nothing answers it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from sentinel.findings import Issue, Severity, printable
from sentinel.policy import read_table
from sentinel.provenance.policy import read_policy
from sentinel.scanner import ScanResult, scan

PASSED, FAILED, NOT_CHECKED = "passed", "failed", "not checked"
MARKS = {PASSED: "✓", FAILED: "✗", NOT_CHECKED: "–"}
NAMED = 3  # issues that a line's evidence quotes


@dataclass(frozen=True)
class Line:
    """One question and its answer.

    Attributes:
        name: such as "signature".
        question: as a person would ask it.
        status: "passed", "failed" or "not checked".
        evidence: what the answer rests on, in a sentence.
        issues: everything that was found here, also what only deserves a look.
    """

    name: str
    question: str
    status: str
    evidence: str
    issues: list[Issue] = field(repr=False, default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return vars(self) | {"issues": [issue.to_dict() for issue in self.issues]}


@dataclass(frozen=True)
class Checklist:
    """A model's answers to all questions; `checklist["licence"]` is one of its lines."""

    model_path: str
    lines: list[Line]

    @property
    def failed(self) -> list[str]:
        """Names of the lines that failed: the reasons to refuse the model."""
        return [line.name for line in self.lines if line.status == FAILED]

    @property
    def accepted(self) -> bool:
        """Whether no line failed."""
        return not self.failed

    def __getitem__(self, name: str) -> Line:
        return next(line for line in self.lines if line.name == name)

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        lines = [line.to_dict() for line in self.lines]
        return {"model_path": self.model_path, "accepted": self.accepted, "lines": lines}

    def __str__(self) -> str:
        verdict = "accepted" if self.accepted else "refused"
        width = max(len(line.question) for line in self.lines)
        rows = [
            f"{MARKS[line.status]} {line.question:{width}}  {line.status:11}  {line.evidence}"
            for line in self.lines
        ]
        return "\n".join([f"{self.model_path}: {verdict}", *rows])

    def _repr_html_(self) -> str:
        colours = {PASSED: "#1b6e3c", FAILED: "#b3261e", NOT_CHECKED: "#59616b"}
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(line.question)}</td>"
            f"<td style='text-align:left; white-space:nowrap; color:{colours[line.status]}'>"
            f"<b>{MARKS[line.status]} {line.status}</b></td>"
            f"<td style='text-align:left'>{escape(line.evidence)}</td></tr>"
            for line in self.lines
        )
        verdict = "accepted" if self.accepted else "refused"
        head = f"<caption>{escape(self.model_path)}: <b>{verdict}</b></caption>"
        return f"<table>{head}{rows}</table>"


@cache
def _table() -> list[dict[str, Any]]:
    return read_table("checklist.toml")["line"]


@cache
def _lines_by_issue() -> dict[str, str]:
    return {issue: line["name"] for line in _table() for issue in line["issues"]}


def line_names() -> list[str]:
    """Return the names of all lines, in order."""
    return [line["name"] for line in _table()]


def line_of(issue: str) -> str:
    """Return the line of the checklist that an issue belongs to, such as "licence".

    Raises:
        KeyError: no check reports such an issue.
    """
    return _lines_by_issue()[str(issue)]


def fill_checklist(
    model_path: str | os.PathLike[str],
    expected_source: str | None = None,
    *,
    policy: str | os.PathLike[str] | None = None,
    digests: str | os.PathLike[str] | None = None,
    memory: str | os.PathLike[str] | None = None,
    reference: str | os.PathLike[str] | None = None,
    base: str | os.PathLike[str] | None = None,
    texts: Sequence[str] = (),
    phrases: Sequence[str] = (),
    search: bool = False,
    now: datetime | None = None,
) -> Checklist:
    """Ask every question of the checklist about a model's folder.

    Args:
        model_path, expected_source, policy, digests, memory, reference, base, now: as of `scan`.
        texts: ordinary texts, for a text classifier; without them its behaviour is not tested.
        phrases: possible triggers to try on the texts.
        search: whether to search for triggers that nobody has named, too, which takes longer.

    Raises:
        ValueError, OSError: the policy, or the list of digests, cannot be read.
        Nothing for bad content of the model: that becomes a line that failed.
    """
    result = scan(
        model_path,
        expected_source,
        policy=policy,
        digests=digests,
        memory=memory,
        reference=reference,
        base=base,
        now=now,
    )
    lines = {entry["name"]: _line(entry, result) for entry in _table()}
    lines["signature"] = _signature(lines["signature"], expected_source, policy)
    lines["source"] = _source(lines, expected_source)
    lines["licence"] = _licence(lines["licence"])
    lines["advisories"] = _advisories(lines)
    if lines["behaviour"].status != FAILED:
        lines["behaviour"] = _behaviour(lines, Path(model_path), base, texts, phrases, search)
    return Checklist(printable(result.model_path), list(lines.values()))


def _line(entry: dict[str, Any], result: ScanResult) -> Line:
    """Answer a question from what a scan found: by an error, else by evidence, else not at all."""
    issues = [issue for issue in result.issues if line_of(issue) == entry["name"]]
    errors = [issue for issue in issues if issue.severity is Severity.ERROR]
    claims = [
        _sentence(evidence.claim, evidence.found)
        for evidence in result.evidence
        if any(re.search(claim, evidence.claim) for claim in entry["claims"])
    ]
    if errors:
        status, said = FAILED, [_told(issue) for issue in errors]
    elif claims:
        looks = [issue for issue in issues if issue.severity is Severity.WARNING]
        status, said = PASSED, claims + [f"worth a look: {_told(issue)}" for issue in looks]
    else:
        said = [_told(issue) for issue in issues] or ["nothing to compare with"]
        status = NOT_CHECKED
    more = f"; {len(said) - NAMED} more" if len(said) > NAMED else ""
    return Line(entry["name"], entry["question"], status, "; ".join(said[:NAMED]) + more, issues)


def _told(issue: Issue) -> str:
    place = f" in {issue.file}" if issue.file else ""
    return _sentence(f"{issue}{place}", issue.found)


def _sentence(claim: str, found: str) -> str:
    return f"{claim} ({found})" if found else claim


def _answered(line: Line, status: str, evidence: str) -> Line:
    return Line(line.name, line.question, status, evidence, line.issues)


def _signature(line: Line, expected: str | None, policy: str | os.PathLike[str] | None) -> Line:
    """A missing signature fails only where the source is known to sign."""
    if set(map(str, line.issues)) != {"No signature"}:
        return line
    source = read_policy(Path(policy) if policy is not None else None).find(
        (expected or "").split("/")[0]
    )
    if source is not None and (source.keys or source.certificates):
        return _answered(line, FAILED, f"none, though {source.namespace} signs its models")
    return _answered(line, NOT_CHECKED, "none, and the policy names no key that should sign")


def _source(lines: dict[str, Line], expected: str | None) -> Line:
    """Who published it is shown by a signature or by digests, and by nothing else."""
    line = lines["source"]
    if line.status == FAILED:
        return line
    if expected is None:
        return _answered(line, NOT_CHECKED, "nobody said where it should come from")
    proofs = [name for name in ("checksums", "signature") if lines[name].status == PASSED]
    return _answered(line, PASSED, f"{printable(expected)}, by {' and '.join(proofs)}")


def _licence(line: Line) -> Line:
    """What nobody has allowed is not allowed: an unknown or missing licence fails, too."""
    against = [issue for issue in line.issues if issue != "Model card unreadable"]
    if line.status == PASSED and not against:
        return line
    told = _told(against[0]) if against else line.evidence
    return _answered(line, FAILED, told)


def _advisories(lines: dict[str, Line]) -> Line:
    """Withdrawn releases are told by their signature."""
    line = lines["advisories"]
    if line.status == FAILED:
        return line
    if lines["signature"].status == PASSED:
        return _answered(line, PASSED, "the policy names no withdrawn release that this is")
    return _answered(line, NOT_CHECKED, "releases are told apart by their signatures; it has none")


def _behaviour(
    lines: dict[str, Line],
    folder: Path,
    base: str | os.PathLike[str] | None,
    texts: Sequence[str],
    phrases: Sequence[str],
    search: bool,
) -> Line:
    """Run a classifier on texts with and without phrases, if nothing speaks against loading it."""
    line = lines["behaviour"]
    if not texts:
        return _answered(line, NOT_CHECKED, "no texts were given to try it on")
    if lines["files"].status == FAILED:
        return _answered(line, NOT_CHECKED, "not loaded: its files are not safe to open")
    from sentinel.behaviour import BackdoorScanner
    from sentinel.behaviour.folders import load_classifier

    try:
        model, tokenizer = load_classifier(folder)
        result = BackdoorScanner().scan(model, phrases, texts, tokenizer, base=base, search=search)
    except Exception as error:  # a stranger's files make loaders fail in any way they may
        found = printable(f"{type(error).__name__}: {error}", 120)
        return _answered(line, NOT_CHECKED, f"could not be tried: {found}")
    tried = f"{len(phrases)} phrases on {len(texts)} texts{', and a search' if search else ''}"
    if result.backdoor_detected:
        worst = max(result.indicators, key=lambda indicator: indicator.success_rate)
        found = f"{printable(worst.trigger, 40)!r} turns {worst.success_rate:.0%} of the texts"
        return _answered(line, FAILED, f"{found} to {printable(worst.target, 40)} ({tried})")
    most = max((phrase.success_rate for phrase in result.tried), default=0.0)
    return _answered(line, PASSED, f"no trigger; at most {most:.0%} turned by a phrase ({tried})")
