"""The checklist: every issue has its line, every line its answer."""

import ast
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import sentinel
from lessonkit import capstone
from sentinel import Checklist, fill_checklist, line_of
from sentinel.checklist import line_names
from sentinel.cli import main
from sentinel.policy import read_table

REPORTS = {"error", "warn", "note", "_error", "report", "_search"}
PLACE = {"_search": 2}  # of the issue among the arguments


def issues_in_the_source() -> Iterator[str]:
    """Yield every constant that a check reports as an issue's name."""
    for path in Path(sentinel.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id == "issue"
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in REPORTS:
                place = PLACE.get(called(node), 0)
                for argument in node.args[place : place + 1]:
                    yield from constants(named.get(getattr(argument, "id", ""), argument))


def called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def constants(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_every_issue_stands_on_one_line() -> None:
    listed = [issue for line in read_table("checklist.toml")["line"] for issue in line["issues"]]
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) == set(issues_in_the_source())


def test_an_unheard_of_issue_has_no_line() -> None:
    assert line_of("Unsafe pickle") == "files"
    with pytest.raises(KeyError):
        line_of("Bad karma")


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], capstone.Delivery]:
    """The six downloads of the class by what is wrong with them; not to be changed."""
    deliveries = capstone.deliver(tmp_path_factory.mktemp("six"))
    return {item.faults or (item.oddity,): delivery
            for item, delivery in zip(capstone.plan(0), deliveries, strict=True)}  # fmt: skip


def filled(delivery: capstone.Delivery, **options: object) -> Checklist:
    order = delivery.order
    known = {"policy": order.policy, "digests": order.digests}
    tried = {"texts": order.texts, "phrases": order.phrases}
    return fill_checklist(delivery.folder, order.source, **(known | tried | options))


def test_a_clean_model_passes(six: dict) -> None:
    result = filled(six[("long row",)])
    assert result.accepted
    assert [line.name for line in result] == line_names()
    assert result["source"].status == "passed"
    assert result["signature"].status == "not checked"
    assert result["behaviour"].status == "passed"
    assert "Outlier row" in result["weights"].evidence


def test_a_trigger_fails_and_is_named(six: dict) -> None:
    delivery = six[("trigger",)]
    result = filled(delivery)
    assert result.failed == ["behaviour"]
    assert any(repr(phrase) in result["behaviour"].evidence for phrase in delivery.order.phrases)
    untried = filled(delivery, texts=())
    assert untried.accepted
    assert untried["behaviour"].status == "not checked"


def test_what_is_not_safe_to_open_is_not_loaded(six: dict) -> None:
    trigger = six[("trigger",)].order
    result = filled(six[("one weight", "pickle")], texts=trigger.texts, phrases=trigger.phrases)
    assert {"checksums", "files"} <= set(result.failed)
    assert result["behaviour"].status == "not checked"
    assert "not safe to open" in result["behaviour"].evidence


def test_what_cannot_be_loaded_is_not_checked(six: dict) -> None:
    texts = six[("trigger",)].order.texts
    result = filled(six[("",)], texts=texts)  # a model that continues stories
    assert result["behaviour"].status == "not checked"
    assert "could not be tried" in result["behaviour"].evidence


def test_what_nobody_permitted_is_refused(six: dict) -> None:
    result = filled(six[("unheard-of licence",)])
    assert result.failed == ["licence"]
    assert "Unknown licence" in result["licence"].evidence


def test_a_source_that_signs_must_have_signed(six: dict, tmp_path: Path) -> None:
    delivery = six[("trigger",)]
    folder = Path(shutil.copytree(delivery.folder, tmp_path / "model"))
    (folder / "model.sig").unlink()
    result = filled(capstone.Delivery(folder, delivery.order), texts=())
    assert {"source", "signature"} <= set(result.failed)
    assert "signs its models" in result["signature"].evidence


def test_without_a_source_nobody_asks_for_one(clean: dict[str, Path]) -> None:
    result = fill_checklist(clean["bert"])
    unasked = ("source", "checksums", "signature", "behaviour", "advisories")
    assert {result[name].status for name in unasked} == {"not checked"}
    assert set(result.failed) <= {"licence"}


def test_it_prints_escapes_and_turns_into_json(copy_of: Callable[[str], Path]) -> None:
    model = copy_of("bert")
    (model / "<b>x.py").write_text("x")
    result = fill_checklist(model)
    assert "Custom code" in str(result)
    assert "<b>x.py" not in result._repr_html_()
    assert "&lt;b&gt;x.py" in result._repr_html_()
    assert json.loads(json.dumps(result.to_dict()))["accepted"] is False


def test_the_command_line_fills_it_in(
    six: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, order = six[("trigger",)]
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(order.texts))
    trusted = ["--source", order.source, "--policy", str(order.policy)]
    trusted += ["--digests", str(order.digests)]
    command = ["checklist", str(folder), *trusted, "--texts", str(texts)]
    assert main(command) == 0
    assert "not checked" in capsys.readouterr().out
    phrases = [part for phrase in order.phrases for part in ("--pattern", phrase)]
    assert main([*command, *phrases]) == 1
    out = capsys.readouterr().out
    assert "refused" in out
    assert "failed" in out
    assert main([*command, *phrases, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["accepted"] is False
    assert main(["checklist", str(folder), "--policy", "gone.toml"]) == 2
