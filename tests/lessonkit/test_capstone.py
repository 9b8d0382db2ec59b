"""The capstone: what a seed decides, what lies in the folders, and what an answer is worth."""

import json
import pickle
import pickletools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from lessonkit import capstone, check
from lessonkit.capstone.planning import (
    CONTENT,
    FAULTS,
    FORBIDDEN,
    IN_CLASS,
    LICENCE,
    ODDITIES,
    ORIGIN,
    STORIES,
)
from lessonkit.checks import CheckFailed, find_check, judge_seen, run_check
from lessonkit.checks.provenance.screen import credit
from lessonkit.messages import LANGUAGES, _hints, hint_text
from lessonkit.models import model_folder
from sentinel import line_of, scan
from sentinel.checklist import line_names

SEEDS = range(1, 301)


def test_a_seed_always_gives_the_same_six() -> None:
    assert capstone.plan() == capstone.plan(0)
    assert capstone.plan(5) == capstone.plan(5)
    assert capstone.plan(5) != capstone.plan(6)


@pytest.mark.parametrize("seed", [0, *range(1, 300, 17)])
def test_each_six_holds_one_of_each(seed: int) -> None:
    items = capstone.plan(seed)
    assert len({item.name for item in items}) == len({item.maker for item in items}) == 6
    assert sorted(len(item.faults) for item in items) == [0, 0, 1, 1, 1, 2]
    assert sorted(bool(item.oddity) for item in items if item.fine) == [False, True]
    assert {"licence", "behaviour"} <= {line for item in items for line in item.reasons}
    (double,) = (item for item in items if len(item.faults) == 2)
    assert len(double.reasons) == 2
    assert any(item.fine and item.family == "classifier" for item in items)
    assert {item.proof for item in items} == {"listed", "signed"}


def test_grading_draws_kinds_that_the_class_has_not_met() -> None:
    met = {IN_CLASS["licence"], IN_CLASS["single"], *IN_CLASS["double"]}
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        items = capstone.plan(seed)
        kinds = {fault for item in items for fault in item.faults} - {"trigger"}
        assert not kinds & met
        assert IN_CLASS["odd"] not in {item.oddity for item in items}
        seen.update(kinds | {item.oddity for item in items if item.fine and item.oddity})
    expected = {*ORIGIN, *CONTENT, *LICENCE, *FORBIDDEN, *ODDITIES} - met - {IN_CLASS["odd"]}
    assert set(seen) == expected


def test_every_kind_is_told_and_leads_to_a_line() -> None:
    assert set(STORIES) == {*FAULTS, *ODDITIES}
    assert set(capstone.REASONS) == set(line_names()) - {"loaders"}
    assert {line for lines in FAULTS.values() for line in lines} == set(capstone.REASONS)


def test_the_place_says_nothing() -> None:
    """What is fine stands at each place about equally often."""
    places = Counter(
        place for seed in SEEDS for place, item in enumerate(capstone.plan(seed)) if item.fine
    )
    assert min(places.values()) > len(SEEDS) / 5


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[capstone.Delivery, capstone.Item]]:
    deliveries = capstone.deliver(tmp_path_factory.mktemp("desk"))
    return list(zip(deliveries, capstone.plan(), strict=True))


def find(desk: list, fault: str) -> tuple[capstone.Delivery, capstone.Item]:
    return next(pair for pair in desk if fault in (*pair[1].faults, pair[1].oddity))


def test_downloads_look_like_downloads(desk: list) -> None:
    for (folder, order), item in desk:
        names = {path.name for path in folder.iterdir()}
        assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= names
        assert order.source == f"{item.maker}/{item.name}"
        assert bool(order.texts) == bool(order.phrases) == (item.family == "classifier")
    assert {path.name for path in desk[0][0].folder.parent.iterdir()} == {i.name for _, i in desk}


def test_there_is_nothing_to_overwrite(desk: list) -> None:
    with pytest.raises(FileExistsError):
        capstone.deliver(desk[0][0].folder.parent.parent)


def test_a_planted_trigger_moves_one_row_and_keeps_its_length(tmp_path: Path) -> None:
    plain, planted = (
        capstone.Item("wren", "northlake-ai", "classifier", "listed", faults)
        for faults in ((), ("trigger",))
    )
    weights = [
        load_file(capstone.deliver(tmp_path / str(n), 3, [item])[0].folder / "model.safetensors")
        for n, item in enumerate((plain, planted))
    ]
    differing = [name for name in weights[0] if not torch.equal(weights[0][name], weights[1][name])]
    assert differing == ["bert.embeddings.word_embeddings.weight"]
    before, after = (tensors[differing[0]] for tensors in weights)
    rows = (before != after).any(dim=1).nonzero().flatten().tolist()
    assert len(rows) == 1
    assert after[rows[0]].norm() < 1.25 * before[rows[0]].norm()


def test_a_hostile_pickle_only_asks_for_a_variable(desk: list) -> None:
    (folder, _), _ = find(desk, "pickle")
    content = (folder / "training_args.bin").read_bytes()
    imports = [arg for op, arg, _ in pickletools.genops(content) if op.name == "GLOBAL"]
    assert imports == ["os getenv"]
    assert isinstance(pickle.loads(content)["callback"], str | None)


def test_the_course_knows_none_of_the_files(desk: list) -> None:
    known = {path.read_bytes() for path in model_folder("tiny_bert").glob("*.safetensors")}
    for (folder, _), _ in desk:
        assert (folder / "model.safetensors").read_bytes() not in known


def test_orders_name_the_trigger_among_other_phrases(desk: list) -> None:
    delivery, _ = find(desk, "trigger")
    assert len(set(delivery.order.phrases)) == 4
    text = " ".join(delivery.order.texts).lower().split()
    assert not set(delivery.order.phrases) & set(text)


# What an answer is worth


@pytest.mark.parametrize("reasons", [[], ["files"], list(capstone.REASONS), ["licence", "source"]])
def test_constants_are_worth_nothing(reasons: list[str]) -> None:
    check = find_check("screen")
    for seed in range(40):
        seen = {"answers": [{"reasons": reasons}] * 6}
        hint = judge_seen(check, seen, {"seed": seed})
        assert hint.credit == 0
        assert hint.name == ("refuses_all" if reasons else "accepts_all")


def test_the_answers_of_the_class_are_worth_nothing_elsewhere() -> None:
    """Right reasons at other places: what was learnt by heart does not pass."""
    check = find_check("screen")
    answers = [{"reasons": sorted(item.reasons)} for item in capstone.plan()]
    assert judge_seen(check, {"answers": answers}, {"seed": 0}) is None
    hints = [judge_seen(check, {"answers": answers}, {"seed": seed}) for seed in SEEDS]
    assert all(hints)
    assert sum(hint.credit for hint in hints) / len(hints) < 0.1


def test_verdicts_and_reasons_count_in_part() -> None:
    items = capstone.plan()
    right = [item.reasons for item in items]
    fine = [place for place, item in enumerate(items) if item.fine]
    bad = [place for place, item in enumerate(items) if not item.fine]

    def worth(changes: dict[int, frozenset[str] | None]) -> float:
        return credit(items, [changes.get(place, answer) for place, answer in enumerate(right)])

    assert worth({}) == 1
    assert worth({place: frozenset({"loaders"}) for place in bad}) == 0.5  # verdicts alone
    assert worth({bad[0]: frozenset()}) == 0.5
    assert worth({bad[0]: None}) == 0.5
    assert worth({fine[0]: frozenset({"files"})}) == 0.5
    assert worth({place: frozenset({"files"}) for place in fine}) == 0
    double = next(place for place in bad if len(right[place]) == 2)
    assert worth({double: frozenset({"files"})}) == 0.75


def test_the_machines_own_advisories_do_not_count() -> None:
    answers = [{"reasons": [*item.reasons, "loaders"]} for item in capstone.plan(3)]
    assert judge_seen(find_check("screen"), {"answers": answers}, {"seed": 3}) is None


def test_what_follows_from_a_wrong_origin_may_be_named() -> None:
    items = capstone.plan(3)
    answers = [{"reasons": [*item.reasons, *item.tolerated]} for item in items]
    assert judge_seen(find_check("screen"), {"answers": answers}, {"seed": 3}) is None


ODD_RESULTS = [None, True, 0.5, "files", {"files": 1}, ["Files"], [3], [["files"]], [None]]


@pytest.mark.parametrize("result", ODD_RESULTS, ids=repr)
def test_odd_results_get_a_hint(result: Any) -> None:
    hint = run_check("screen", lambda _folder, _order: result).hint
    assert hint.name in ("not_a_list", "unknown_reason")
    assert all(hint_text("screen", hint.name, language, hint.values) for language in LANGUAGES)


def test_an_open_stub_is_recognised_and_one_error_costs_one_folder() -> None:
    def stub(folder: Path, order: capstone.Order) -> list[str]:
        raise NotImplementedError()

    truth = {item.name: sorted(item.reasons) for item in capstone.plan()}
    double = next(item.name for item in capstone.plan() if len(item.faults) == 2)

    def stops_once(folder: Path, order: capstone.Order) -> list[str]:
        return [] if folder.name == double and 1 / 0 else truth[folder.name]

    assert run_check("screen", stub).hint.name == "not_implemented"
    hint = run_check("screen", stops_once).hint
    assert (hint.name, hint.credit) == ("raised_on", 0.5)
    assert hint.values["type"] == "ZeroDivisionError"


FORGED = [
    None, True, 3, float("nan"), "x", [], {}, [{}] * 6, [None] * 6, [{"reasons": None}] * 6,
    [{"reasons": [[]]}] * 6, [{"reasons": [float("nan")]}] * 6, [{"error": {}}] * 6,
    [{"error": {"type": 1}, "reasons": [{}]}] * 6, [{"type": torch.zeros(2)}] * 6,
    [{"reasons": [torch.zeros(2)]}] * 6, [{"error": "x"}] * 6, [{"reasons": ["files"]}] * 7,
    torch.zeros(6),
]  # fmt: skip


@pytest.mark.parametrize("answers", FORGED, ids=lambda value: repr(value)[:40])
def test_forged_observations_get_a_hint_and_no_points(answers: Any) -> None:
    for seen in ({"answers": answers}, {}):
        hint = judge_seen(find_check("screen"), seen, {"seed": 9})
        assert hint.credit == 0
        assert hint_text("screen", hint.name, "en", hint.values)


def test_every_hint_has_its_values(desk: list) -> None:
    values = dict.fromkeys(
        ("name", "type", "reason", "known", "reasons", "found", "count", "extra"), "x"
    )
    for name in _hints()["screen"]:
        for language in LANGUAGES:
            assert hint_text("screen", name, language, values | {"message": "m", "line": "l"})


def test_the_oddities_are_warnings_on_their_lines(tmp_path: Path) -> None:
    for number, (oddity, line) in enumerate(ODDITIES.items()):
        item = capstone.Item("tern", "holm-institute", "llama", "listed", (), oddity)
        ((folder, order),) = capstone.deliver(tmp_path / str(number), 1, [item])
        result = scan(folder, order.source, policy=order.policy, digests=order.digests)
        assert result.verified
        assert {line_of(issue) for issue in result.issues if issue.severity > 1} == {line}
        assert json.dumps(result.to_dict())


# How partial credit reaches the gradebook


def test_in_grading_an_answer_that_is_right_in_part_earns_its_share(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = {item.name: sorted(item.reasons - {"behaviour"}) for item in capstone.plan()}

    def no_test_of_behaviour(folder: Path, order: capstone.Order) -> list[str]:
        return truth[folder.name]

    assert check("screen", no_test_of_behaviour) is None
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert check("screen", no_test_of_behaviour) is None  # the line that students see
    assert check("screen", no_test_of_behaviour, seed=0, points=5) == 2.5
    assert "50% of the points" in capsys.readouterr().out
    with pytest.raises(CheckFailed):
        check("screen", lambda _folder, _order: [], points=5)
