"""What crosses the sandbox's wall comes out as it went in, or is refused."""

import json
import socket
from typing import Any

import pytest
import safetensors.torch
import torch

from gradekit.answers import Answer, answers_of, run_answer
from gradekit.course import lesson_names
from gradekit.sandbox.inside.wire import (
    GUARD,
    LARGEST_FRAME,
    WireError,
    decode,
    encode,
    pack,
    receive_frame,
    send_frame,
    unpack,
)
from lessonkit.checks import find_check, judge_seen, observe_answer

BANK = [answer for lesson in lesson_names() for answer in answers_of(lesson)]


def through(value: Any) -> Any:
    """Send a value through everything that an observation passes."""
    coded, tensors = encode(value)
    header, received = unpack(pack({"seen": coded}, tensors, safetensors.torch.save))
    return decode(header["seen"], received)


@pytest.mark.parametrize("answer", BANK, ids=lambda a: f"{a.exercise}/{a.name}")
def test_each_answer_of_the_bank_is_judged_the_same_behind_the_wire(answer: Answer) -> None:
    check = find_check(answer.exercise)
    for case in check.cases(seed=7):
        seen = observe_answer(check, run_answer(answer), case)
        received = judge_seen(check, through(seen), case)
        direct = judge_seen(check, seen, case)
        assert (received and received.name) == (direct and direct.name)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(2**70),
        0.1,
        float("inf"),
        "\ud800 \0 é",
        [1, (2, [3])],
        {"a": {1: None, (1, "b"): [], None: 2.5}},
        {},
    ],
    ids=repr,
)
def test_plain_values_come_out_as_they_went_in(value: Any) -> None:
    found = through(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6).reshape(2, 3).T,
        torch.tensor(2.5, requires_grad=True),
        torch.zeros(0, 4, dtype=torch.float16),
        torch.ones(3, dtype=torch.bool),
        torch.eye(3).to_sparse(),
    ],
    ids=["view", "gradient", "empty", "bool", "sparse"],
)
def test_tensors_come_out_as_they_went_in(tensor: torch.Tensor) -> None:
    found = through([tensor])[0]
    assert found.dtype == tensor.dtype
    assert found.requires_grad == tensor.requires_grad
    assert torch.equal(found.detach(), tensor.detach().to_dense())


def test_a_subclass_that_lies_goes_in_as_its_plain_values() -> None:
    class Agreeing(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None):
            return True

    found = through(torch.zeros(2).as_subclass(Agreeing))
    assert type(found) is torch.Tensor
    assert found.tolist() == [0, 0]


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, b"bytes", 1j, [print]], ids=lambda value: type(value).__name__
)
def test_what_is_not_plain_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="an observation holds a"):
        encode(value)


@pytest.mark.parametrize(
    "coded",
    [
        {},
        [],
        {"tensor": "9"},
        {"tensor": []},
        {"dict": 3},
        {"dict": [[1]]},
        {"dict": [[{"list": []}, 1]]},
        {"set": []},
        {"list": None},
        {"list": [{"list": [{}]}]},
    ],
    ids=repr,
)
def test_odd_data_is_a_wire_error(coded: Any) -> None:
    with pytest.raises(WireError):
        decode(coded, {})


def test_deep_data_is_a_wire_error() -> None:
    coded: Any = 1
    for _ in range(100_000):
        coded = {"list": [coded]}
    with pytest.raises(WireError):
        decode(coded, {})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0",
        b"\0\0\0\2{",
        b"\0\0\0\2{}garbage",
        b"\xff\xff\xff\xff{}",
        b"\0\0\0\3[[[",
        b"\0\0\0\2\xff\xfe",
        (b"\0\1\0\0" + b"[" * 65_536),
    ],
    ids=repr,
)
def test_odd_bodies_are_wire_errors(body: bytes) -> None:
    with pytest.raises(WireError):
        unpack(body)


def test_frames_arrive_whole_or_not_at_all() -> None:
    here, there = socket.socketpair()
    send_frame(here, GUARD, b"hello")
    here.sendall((LARGEST_FRAME + 1).to_bytes(4, "big"))
    assert receive_frame(there) == (GUARD, b"hello")
    with pytest.raises(WireError, match="a frame of"):
        receive_frame(there)
    here.sendall(b"\0\0\0\5Gab")
    here.close()
    with pytest.raises(WireError, match="ends inside a frame"):
        receive_frame(there)
    assert receive_frame(there) is None


def test_the_encoder_does_not_use_what_a_notebook_can_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json._default_encoder, "encode", lambda value: "forged", raising=False)
    assert through({"a": 1}) == {"a": 1}
