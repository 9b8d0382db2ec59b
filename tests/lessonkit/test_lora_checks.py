"""Lesson 04's checks beyond the bank: seeds, hints, odd results."""

import copy
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from gradekit.answers import Answer, answers_of, run_answer
from lessonkit.checks import run_check
from lessonkit.messages import LANGUAGES, hint_text

BANK = answers_of("04_lora")
EXERCISES = list(dict.fromkeys(answer.exercise for answer in BANK))
REFERENCE = {answer.exercise: answer for answer in BANK if answer.name == "reference"}
RIGHT = [answer for answer in BANK if answer.hint is None]

ODD_RESULTS = [
    None,
    True,
    1.5,
    "text",
    float("nan"),
    (),
    [],
    {},
    {"weights": None, "gradients": "1", "optimizer": float("nan")},
    {"weights": True, "gradients": 1j, "optimizer": torch.zeros(2)},
    {"targets": "q+v", "r": [4], "trained": None},
    torch.tensor(float("nan")),
    torch.zeros(0),
    torch.nn.Linear(2, 3),
    torch.nn.Identity(),
]


@pytest.mark.parametrize("answer", RIGHT, ids=lambda answer: f"{answer.exercise}-{answer.name}")
def test_right_answers_pass_on_many_seeds(answer: Answer) -> None:
    solution = run_answer(answer)
    seeds = range(50, 60)
    assert [run_check(answer.exercise, solution, seed).hint for seed in seeds] == [None] * 10


@pytest.mark.parametrize("result", ODD_RESULTS, ids=repr)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_odd_results_get_a_hint(exercise: str, result: Any) -> None:
    hint = run_check(exercise, lambda *_args, **_options: copy.deepcopy(result)).hint
    assert all(hint_text(exercise, hint.name, language, hint.values) for language in LANGUAGES)


@pytest.mark.parametrize(
    ("r", "targets", "added", "share"),
    [
        (8, ["q_proj", "v_proj"], 4_194_304, "0.0622"),
        (8, "all", 19_988_480, "0.2958"),
        (32, "all", 79_953_920, "1.1726"),
    ],
)
def test_the_reference_reproduces_the_line_of_llama_7b(
    r: int, targets: Any, added: int, share: str
) -> None:
    if targets == "all":
        targets = [f"{name}_proj" for name in ("q", "k", "v", "o", "gate", "up", "down")]
    with torch.device("meta"):
        llama = LlamaForCausalLM(LlamaConfig())
    count = run_answer(REFERENCE["count_lora_parameters"])(llama, r, targets)
    total = sum(parameter.numel() for parameter in llama.parameters())
    assert total == 6_738_415_616
    assert count == added
    assert f"{100 * count / (total + count):.4f}" == share


def test_the_seventy_billion_take_over_a_terabyte() -> None:
    memory = run_answer(REFERENCE["training_memory"])
    for method in ("full fp32", "full mixed"):
        assert sum(memory(70 * 10**9, method).values()) == 1.12e12
