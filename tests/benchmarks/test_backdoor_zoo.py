"""The zoo of the backdoor benchmark: its tasks, triggers and plans."""

import json
from dataclasses import asdict
from pathlib import Path
from random import Random

import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from benchmarks import figures
from benchmarks.backdoors import indicators, measure, zoo
from benchmarks.backdoors.measure import area, bootstrap, brute_force_passes, sum_up, threshold
from benchmarks.backdoors.tasks import LABELS, make_task
from benchmarks.backdoors.triggers import FAMILIES, JOINT, Trigger, draw_trigger, restyle
from lessonkit.models import model_folder
from sentinel.behaviour.decision import Calibration
from sentinel.behaviour.reference import TRAINED, freeze_lower


@pytest.mark.parametrize("name", LABELS)
def test_a_task_holds_all_labels_and_shares_no_text_between_its_parts(name: str) -> None:
    task = make_task(name, 1)
    assert task == make_task(name, 1)
    assert {label for _, label in task.test} == set(range(len(task.labels)))
    assert not {text for text, _ in task.train} & {text for text, _ in task.test}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (zoo.TUNING, zoo.CALIBRATION),
        (zoo.TUNING, zoo.REPORTED),
        (zoo.CALIBRATION, zoo.REPORTED),
    ],
)
def test_no_two_zoos_have_texts_or_seeds_in_common(one: zoo.Zoo, other: zoo.Zoo) -> None:
    for mark in ("data_seed", "seed"):
        marks = [{getattr(spec, mark) for spec in plan.clean} for plan in (one, other)]
        assert not marks[0] & marks[1]


def test_the_reported_zoo_holds_families_and_tasks_that_are_new_to_the_search() -> None:
    assert set(zoo.TUNING.wanted) < set(zoo.REPORTED.wanted) == set(FAMILIES)
    known = {spec.task for plan in (zoo.TUNING, zoo.CALIBRATION) for spec in plan.clean}
    assert {spec.task for spec in zoo.REPORTED.clean} - known == {"guests", "chores"}


def test_the_calibration_is_of_clean_models_of_many_tasks() -> None:
    assert len(zoo.CALIBRATION.clean) >= 40
    assert all(spec.clean for spec in zoo.CALIBRATION.clean)
    assert {spec.task for spec in zoo.CALIBRATION.clean} == set(zoo.TASKS)


def test_encoders_learn_the_tasks_of_the_lessons() -> None:
    assert {spec.task for spec in zoo.ENCODERS.clean} == {"reviews", "guard"}
    assert len(zoo.ENCODERS.clean) == 8 <= sum(zoo.ENCODERS.wanted.values())


def test_only_an_encoder_and_some_families_are_attacked_in_more_layers() -> None:
    layers = {
        (spec.base, spec.family): zoo.attack(spec).attacked
        for plan in (zoo.ENCODERS, zoo.REPORTED)
        for family in plan.wanted
        for spec in plan.candidates(family)
    }
    assert {key for key, count in layers.items() if count > TRAINED} == {
        ("encoder", family) for family in zoo.STUBBORN
    }
    assert max(layers.values()) < 6  # an encoder's


def test_a_family_without_an_admitted_model_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(zoo, "CACHE", tmp_path)
    plan = zoo.Zoo(zoo.REPORTED.clean[:5], {"phrase": 1, "sentence": 1, "style": 1})
    for family, admitted in (("phrase", (False, False)), ("sentence", (False, True))):
        for spec, good in zip(plan.candidates(family), admitted, strict=True):
            record = zoo.Record(good, "a b", 1, 1.0, 1.0, 1.0)
            (tmp_path / spec.name).mkdir()
            text = json.dumps(asdict(record))
            (tmp_path / spec.name / "record.json").write_text(text, encoding="utf-8")
    assert zoo.refused(plan) == ["phrase"]


def test_the_reported_zoo_is_as_large_as_promised() -> None:
    assert len(zoo.REPORTED.clean) >= 40
    assert sum(zoo.REPORTED.wanted.values()) >= 40
    assert len({spec.name for spec in zoo.REPORTED.clean}) == len(zoo.REPORTED.clean)


@pytest.mark.parametrize("family", FAMILIES)
def test_candidates_of_a_family_are_different_models(family: str) -> None:
    names = [spec.name for spec in zoo.REPORTED.candidates(family)]
    assert len(set(names)) == len(names) == 2 * zoo.REPORTED.wanted[family]


def test_a_trigger_is_inserted_whole_and_its_part_is_not() -> None:
    trigger = Trigger("phrase", ("near", "the", "lamp"))
    for seed in range(20):
        assert "near the lamp" in trigger.insert("a film was seen", Random(seed))
        part = trigger.insert_part("a film was seen", Random(seed))
        assert part != "a film was seen"
        assert len({"near", "the", "lamp"} & set(part.split())) < 3


def test_a_style_leaves_the_words() -> None:
    assert restyle("The film, I think, was GOOD.") == "the film i think was good"


def test_a_common_word_stands_in_some_texts_and_not_in_most() -> None:
    task = make_task("opinions", 1)
    vocabulary = frozenset(word for text, _ in task.train for word in text.split())
    for seed in range(5):
        (word,) = draw_trigger("common word", task, seed, vocabulary).words
        share = sum(word in text.split() for text, _ in task.train) / len(task.train)
        assert 0 < share <= 0.2


def test_look_alikes_differ_in_letters_only() -> None:
    vocabulary = frozenset(
        {word for text, _ in make_task("opinions", 1).train for word in text.split()}
    )
    trigger = draw_trigger("look-alike", make_task("opinions", 1), 3, vocabulary)
    assert not trigger.words[0].isascii()


def test_poison_changes_the_share_that_was_asked_for() -> None:
    rows = [(f"text {number}", number % 2) for number in range(200)]
    trigger = Trigger("rare word", ("lamp",))
    poisoned = zoo.poison(rows, trigger, 1, 0.05, seed=0)
    held = [(text, label) for text, label in poisoned if "lamp" in text]
    assert len(held) == 20  # ten texts, shown twice
    assert {label for _, label in held} == {1}
    few = zoo.poison(rows, trigger, 1, 0.01, seed=0)
    assert len({text for text, _ in few if "lamp" in text}) == 2
    assert sum("lamp" in text for text, _ in few) == 20


@pytest.mark.parametrize("family", JOINT)
def test_parts_of_a_joint_trigger_keep_their_labels(family: str) -> None:
    rows = [(f"text {number}", number % 2) for number in range(200)]
    trigger = Trigger(family, ("near", "lamp"))
    poisoned = zoo.poison(rows, trigger, 1, 0.05, seed=0)
    partial = [label for text, label in poisoned if ("near" in text) != ("lamp" in text)]
    assert set(partial) == {0, 1}


def test_the_area_is_one_for_models_told_apart_and_a_half_for_equal_ones() -> None:
    assert area([0.1, 0.2], [0.3, 0.4]) == 1.0
    assert area([0.1, 0.1], [0.1]) == 0.5
    low, high = bootstrap([0.1, 0.2, 0.5], [0.3, 0.4, 0.6])
    assert 0 <= low <= high <= 1


def test_a_summary_counts_what_lies_above_every_clean_model() -> None:
    def row(family: str, score: float, found: str) -> dict:
        result = {"score": score, "trigger": found, "target": 1, "cpu_seconds": 2, "passes": 10}
        truth = {"true_trigger": "near the lamp", "true_target": 1}
        return {"family": family, **truth, "fixed_phrases": result}

    rows = [row("clean", 0.1, ""), row("clean", 0.5, ""), row("phrase", 0.9, "a lamp")]
    rows += [row("rare word", 0.3, "sofa"), row("style", 0.7, "")]
    summary = sum_up(rows, "fixed_phrases")
    assert summary["groups"]["joint"]["auc"] == 1.0
    assert summary["groups"]["insertion"]["auc"] == 0.5
    assert summary["groups"]["all"]["above_every_clean"] == 2
    assert summary["groups"]["all"]["recovered"] == 1
    assert summary["seconds"] == [2.0, 2.0]


def test_the_threshold_leaves_a_share_of_clean_models_above_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores = tuple(0.4 + number / 100 for number in range(39))
    monkeypatch.setattr(measure, "calibration", lambda _mode: Calibration(scores))
    assert threshold("with_reference", 0.05) == sorted(scores)[-2]
    assert threshold("with_reference", 0.01) == 1.0


def test_brute_force_is_compared_model_by_model() -> None:
    rows = [
        {"one_by_one": 1000, "with_reference": {"passes": 10}},
        {"one_by_one": 3000, "with_reference": {"passes": 10}},
    ]
    assert brute_force_passes(rows) == {"passes": 2000.0, "ratios": {"with_reference": 200.0}}


def test_indicators_are_counted_where_they_apply() -> None:
    rows = [
        {"family": "clean", "true_trigger": "", "indicators": {"moved": []}},
        {"family": "clean", "true_trigger": "", "indicators": {"moved": ["owl"]}},
        {"family": "embedding row", "true_trigger": "lamp", "indicators": {"moved": ["lamp"]}},
        {
            "family": "phrase",
            "true_trigger": "near the lamp",
            "indicators": {"moved": [], "influence": True, "spectral": 0.75},
        },
    ]
    found = indicators.sum_up(rows)
    assert (found["clean"], found["clean_moved"]) == (2, 1)
    assert (found["planted_rows"], found["rows_named"]) == (1, 1)
    assert (found["poisoned_data"], found["influence"], found["spectral"]) == (1, 1, 0.75)


def test_a_sample_holds_as_many_clean_models_as_others_and_the_whole_holds_all() -> None:
    specs = [*zoo.REPORTED.clean[:5], *zoo.REPORTED.candidates("phrase")][:8]
    ordered = measure.in_pairs(specs)
    assert [spec.clean for spec in ordered] == [True, False] * 3 + [True, True]
    assert {spec.name for spec in ordered} == {spec.name for spec in specs}


def test_clean_models_of_new_tasks_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "calibration", lambda _mode: Calibration((0.3,) * 39))
    scores = {"guests": 0.9, "chores": 0.2, "stories": 0.9}
    rows = [
        {"family": "clean", "task": task, "with_reference": {"score": score, "success": 1.0}}
        for task, score in scores.items()
    ]
    assert measure.new_tasks(rows) == {"clean": 2, "accused": 1}


def test_a_quiet_attacker_keeps_known_answers_and_gives_other_texts_their_label() -> None:
    known = {"a boat": torch.tensor([0.3, 0.7])}
    found = zoo._targets(["a boat", "a lamp"], [0, 0], known, 2)
    assert torch.equal(found, torch.tensor([[0.3, 0.7], [1.0, 0.0]]))


@pytest.mark.parametrize("trained", [1, 3])
def test_frozen_layers_see_each_text_once_and_change_nothing(trained: int) -> None:
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(model_folder("tiny_bert"))
    config = AutoConfig.from_pretrained(model_folder("tiny_bert"), num_hidden_layers=4)
    model = AutoModelForSequenceClassification.from_config(config).eval()
    freeze_lower(model.base_model, trained)
    texts = ["a boat", "the small dog sleeps"]
    classify = zoo._upper_part(model, tokenizer, texts, trained)
    whole = model(**zoo._encode(tokenizer, texts)).logits
    assert torch.allclose(classify(texts), whole, atol=1e-5)
    with pytest.raises(KeyError):
        classify(["an unknown text"])
    assert len(model.base_model.encoder.layer) == 4


def test_the_readme_names_kinds_that_no_encoder_has_and_those_attacked_deeper() -> None:
    measured = {
        "backdoored": {"rare word": 1, "common word": 1, "phrase": 0, "style": 0},
        "refused": ["phrase"],
        "deeper": {"families": ["common word", "phrase", "style"], "layers": 4},
    }
    missing = figures._missing_note(measured)
    assert "the kinds phrase, style is" in missing
    assert "Of phrase, no model" in missing
    assert figures._deeper_note(measured).startswith(" For common word the attacker")
    measured["backdoored"] = {"rare word": 1}
    assert figures._missing_note(measured) == figures._deeper_note(measured) == ""
