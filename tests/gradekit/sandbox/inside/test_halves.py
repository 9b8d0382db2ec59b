"""What decides about answers is not in the processes that run them; what observes still is."""

import types

import pytest

from gradekit.sandbox.inside.halves import drop_judging

SOURCE = """
from functools import cache

class Check:
    def cases(self, seed):
        return [make_case(seed)]
    def observe(self, answer, case):
        return {"value": self.tidy(answer(case["x"])), "kind": KINDS["number"](1)}
    def tidy(self, value):
        return inner(value)
    def judge(self, seen, case):
        return None if seen["value"] == reference(case) == self.expected(case) else "wrong"
    def expected(self, case):
        return Model().run(case)

class Special(Check):
    def explain_error(self, error):
        return "raised"

class Model:
    def run(self, case):
        return case["x"] * 2

@cache
def reference(case): return helper(case)
def helper(case): return 2 * case["x"]
def inner(value): return (lambda: float(rounded(value)))()
def rounded(value): return round(value, 3)
def make_case(seed): return {"x": seed}
def number(value): return type(value).__name__
KINDS = {"number": number}
"""


@pytest.fixture
def module() -> types.ModuleType:
    made = types.ModuleType("checks_of_a_lesson")
    exec(SOURCE, vars(made))
    return made


def test_only_what_judges_is_deleted(module: types.ModuleType) -> None:
    dropped = set(drop_judging([module.Special()], [module]))
    name = module.__name__
    assert dropped == {
        "Check.judge",
        "Check.expected",
        "Special.explain_error",
        *(f"{name}.{part}" for part in ("reference", "helper", "Model")),
    }
    seen = module.Special().observe(lambda x: x / 3, module.Special().cases(1)[0])
    assert seen == {"value": 0.333, "kind": "int"}


def test_other_modules_keep_what_they_have(module: types.ModuleType) -> None:
    module.borrowed = pytest.approx
    drop_judging([module.Check()], [module])
    assert module.borrowed is pytest.approx
