"""The command line: exit status 0 for yes, 1 for no, 2 for a question that cannot be answered."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from sentinel.findings import Evidence, Issue, Severity, printable

if TYPE_CHECKING:
    from sentinel.checklist import Checklist
    from sentinel.provenance import ProvenanceResult
    from sentinel.scanner import ScanResult

YES, NO, TROUBLE = 0, 1, 2
SLOW = 200 << 20  # bytes from which on a bar is shown
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError) as error:
        print(f"sentinel: {error}", file=sys.stderr)
        return TROUBLE


def parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    top = argparse.ArgumentParser(prog="sentinel", description="Is this model what it says it is?")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_checks(commands)
    _add_signing(commands)
    _add_backdoor(commands)
    command = commands.add_parser("digests", help="print a model's digests as a table for a list")
    command.add_argument("model", type=Path)
    command.add_argument("--name", default="model", help="the table's name")
    command.set_defaults(run=_digests)
    command = commands.add_parser("advisories", help="known vulnerabilities of what is installed")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_advisories)
    return top


def _add_checks(commands: Any) -> None:
    command = commands.add_parser("scan", help="run every check that needs no execution")
    _add_trust(command)
    command.add_argument("--reference", type=Path, help="checkpoint to compare the weights with")
    command.add_argument("--base", type=Path, help="base model, for an adapter")
    command.add_argument(
        "--html", type=Path, metavar="FILE", help="also write the report as a page"
    )
    command.set_defaults(run=_scan)
    command = commands.add_parser("verify", help="check where a model comes from")
    _add_trust(command)
    command.add_argument("--key", type=Path, help="trust this public key, and no policy")
    command.add_argument("--no-signature", action="store_true", help="ask for none, read none")
    command.set_defaults(run=_verify)

    command = commands.add_parser("checklist", help="ask everything, and print it as a list")
    _add_trust(command)
    command.add_argument("--base", type=Path, help="base model, for an adapter")
    command.add_argument("--texts", type=Path, help="ordinary texts, for a text classifier")
    command.add_argument("--pattern", action="append", default=[], help="phrase to try on them")
    command.add_argument("--search", action="store_true", help="search for other triggers, too")
    command.set_defaults(run=_checklist)


def _add_trust(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", type=Path, help="the model's folder")
    command.add_argument(
        "--source", metavar="ORGANIZATION[/MODEL]", help="where it should come from"
    )
    command.add_argument("--policy", type=Path, help="trusted sources (TOML)")
    command.add_argument("--digests", type=Path, help="digests known to be right (TOML)")
    command.add_argument("--memory", type=Path, help="where to remember the newest releases (JSON)")
    command.add_argument("--json", action="store_true", help="print everything as JSON")


def _add_signing(commands: Any) -> None:
    command = commands.add_parser("keygen", help="make a key pair for signing")
    command.add_argument(
        "key", type=Path, help="file for the private key; the public one gets .pub"
    )
    command.set_defaults(run=_keygen)
    command = commands.add_parser("sign", help="sign a model (OpenSSF model signing)")
    command.add_argument("model", type=Path)
    command.add_argument("--key", type=Path, required=True, help="private key (PEM)")
    command.add_argument("--certificate", type=Path, help="the key's certificate (PEM)")
    command.add_argument("--chain", type=Path, nargs="*", default=[], help="its issuers (PEM)")
    command.add_argument("--release", type=int, help="release number, so that older ones are told")
    command.add_argument("--name", help="the model's name for that number")
    command.add_argument("--signature", type=Path, help="default: model.sig in the folder")
    command.set_defaults(run=_sign)


def _add_backdoor(commands: Any) -> None:
    command = commands.add_parser(
        "backdoor", help="run a text classifier and search for a trigger; loads safetensors only"
    )
    command.add_argument("model", type=Path, help="the classifier's folder")
    command.add_argument("texts", type=Path, help="ordinary texts: one a line, or JSON lines")
    command.add_argument("--base", type=Path, help="trusted encoder that it was trained from")
    command.add_argument("--reference", type=Path, help="trusted classifier of the same task")
    command.add_argument("--pattern", action="append", default=[], help="phrase to try first")
    command.add_argument("--false-alarms", type=float, default=0.05, help="share that may be")
    command.add_argument("--json", action="store_true", help="print everything as JSON")
    command.add_argument(
        "--html", type=Path, metavar="FILE", help="also write the report as a page"
    )
    command.set_defaults(run=_backdoor)


def _backdoor(options: argparse.Namespace) -> int:
    from sentinel.behaviour import BackdoorScanner
    from sentinel.behaviour.folders import load_base, load_classifier, read_texts

    model, tokenizer = load_classifier(options.model)
    base = load_base(options.base) if options.base else None
    reference = load_classifier(options.reference)[0] if options.reference else None
    result = BackdoorScanner(options.false_alarms).scan(
        model,
        options.pattern,
        read_texts(options.texts),
        tokenizer,
        base=base,
        reference=reference,
    )
    if options.html is not None:
        from sentinel.report import render_backdoor

        page = render_backdoor(result, str(options.model))
        options.html.write_text(page, encoding="utf-8")
    if options.json:
        _print_json(result.to_dict())
    else:
        verdict = "backdoor" if result.backdoor_detected else "no trigger found"
        print(f"{printable(options.model)}: {verdict}\n{result.report}")
    return NO if result.backdoor_detected else YES


def _scan(options: argparse.Namespace) -> int:
    from sentinel.scanner import scan

    with _progress(options.model) as progress:
        result = scan(
            options.model,
            options.source,
            policy=options.policy,
            digests=options.digests,
            memory=options.memory,
            reference=options.reference,
            base=options.base,
            progress=progress,
        )
    if options.html is not None:
        from sentinel.report import render

        options.html.write_text(render(result), encoding="utf-8")
    _print_answer(options, result.verdict, result)
    return YES if result.accepted else NO


def _checklist(options: argparse.Namespace) -> int:
    from sentinel.behaviour.folders import read_texts
    from sentinel.checklist import fill_checklist

    result = fill_checklist(
        options.model,
        options.source,
        policy=options.policy,
        digests=options.digests,
        memory=options.memory,
        base=options.base,
        texts=read_texts(options.texts) if options.texts else (),
        phrases=options.pattern,
        search=options.search,
    )
    if options.json:
        _print_json(result.to_dict())
    else:
        _print_checklist(result)
    return YES if result.accepted else NO


def _verify(options: argparse.Namespace) -> int:
    from sentinel.provenance import ModelProvenanceChecker

    source = options.source
    checker = ModelProvenanceChecker(options.policy, options.digests, options.memory)
    if options.key is not None:
        source = source or "key"
        checker.trust_key(source.split("/")[0], options.key.read_bytes())
    with _progress(options.model) as progress:
        signature = not options.no_signature
        result = checker.verify(options.model, source, signature, progress)
    _print_answer(options, "verified" if result.verified else "not verified", result)
    return YES if result.verified else NO


def _print_answer(
    options: argparse.Namespace, verdict: str, result: ScanResult | ProvenanceResult
) -> None:
    """Print a result as the user asked for it: as JSON, or to be read."""
    if options.json:
        _print_json(result.to_dict())
    else:
        _print_result(str(options.model), verdict, result.issues, result.evidence)


def _keygen(options: argparse.Namespace) -> int:
    from sentinel.provenance import make_key

    private, public = make_key(options.key)
    print(f"private key: {private} (keep it secret)\npublic key:  {public} (give it to everybody)")
    return YES


def _sign(options: argparse.Namespace) -> int:
    from sentinel.provenance import sign_folder

    path = sign_folder(
        options.model,
        options.key,
        signature=options.signature,
        certificate=options.certificate,
        chain=options.chain,
        name=options.name,
        version=options.release,
    )
    print(f"signed: {path}")
    return YES


def _digests(options: argparse.Namespace) -> int:
    from sentinel.containers.files import walk
    from sentinel.provenance.digests import digest_folder, digest_table

    if not options.model.is_dir():
        raise NotADirectoryError(f"{options.model} is not a folder")
    digests, errors = digest_folder(options.model, walk(options.model))
    for name, error in errors.items():
        raise OSError(f"{name}: {error.strerror}")
    print(digest_table(options.name, digests), end="")
    return YES


def _advisories(options: argparse.Namespace) -> int:
    from sentinel.provenance import check_advisories

    findings = check_advisories()
    if options.json:
        _print_json([issue.to_dict() for issue in findings.issues])
    else:
        verdict = "vulnerable" if findings.errors else "no known advisory"
        _print_result("installed packages", verdict, findings.issues, findings.evidence)
    return NO if findings.errors else YES


def _print_json(content: Any) -> None:
    print(json.dumps(content, indent=1, ensure_ascii=False))


def _print_result(
    name: str, verdict: str, issues: Sequence[Issue], evidence: Sequence[Evidence]
) -> None:
    """Print a verdict, a table of issues and a list of evidence; all text is taken literally."""
    console = Console(highlight=False)
    style = "bold green" if verdict in ("verified", "accepted", "no known advisory") else "bold red"
    console.print(Text.assemble(Text(f"{name}: "), Text(verdict, style)))
    notes = [issue for issue in issues if issue.severity is Severity.NOTE]
    if len(notes) < len(issues):
        console.print(_table([issue for issue in issues if issue.severity > Severity.NOTE]))
    for entry in evidence:
        parts = [part for part in (entry.claim, entry.file, entry.found) if part]
        console.print(Text("  + " + ", ".join(parts)))
    for name in dict.fromkeys(map(str, notes)):
        alike = [note for note in notes if note == name]
        places = ", ".join(note.file or note.found for note in alike)
        console.print(Text(f"  · {name}: {places}", STYLES[Severity.NOTE]))


def _print_checklist(result: Checklist) -> None:
    """Print a verdict and a line for each question; all text is taken literally."""
    console = Console(highlight=False)
    verdict = ("accepted", "bold green") if result.accepted else ("refused", "bold red")
    console.print(Text.assemble(Text(f"{result.model_path}: "), verdict))
    table = Table(expand=False)
    for heading in ("question", "answer", "evidence"):
        table.add_column(heading, overflow="fold")
    for line in result:
        style = {"passed": "green", "failed": "bold red"}.get(line.status, "dim")
        table.add_row(Text(line.question), Text(line.status, style), Text(line.evidence))
    console.print(table)


def _table(issues: Sequence[Issue]) -> Table:
    table = Table(expand=False)
    for heading in ("issue", "file", "expected", "found"):
        table.add_column(heading, overflow="fold")
    for issue in sorted(issues, key=lambda issue: -issue.severity):
        cells = (issue.file, issue.expected, issue.found)
        table.add_row(Text(str(issue), STYLES[issue.severity]), *map(Text, cells))
    return table


@contextmanager
def _progress(folder: Path) -> Iterator[Any]:
    """Show a bar while large models are read; a call for each block keeps it moving."""
    sizes = (path.stat().st_size for path in folder.rglob("*") if path.is_file())
    total = sum(sizes) if folder.is_dir() else 0
    if total < SLOW or not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda _name, count: bar.advance(task, count)
