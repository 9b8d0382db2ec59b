"""Peak memory: of the block alone, with everything that lives in it and nothing twice."""

import pytest
import torch
from torch import nn

from lessonkit.measuring import PeakMemory

MB = 250_000  # float32 numbers in 1,000,000 bytes


def test_what_was_freed_no_longer_counts() -> None:
    with PeakMemory() as peak:
        first = torch.zeros(MB)
        second = first + 1
        del first
        third = second + 1
        del second, third
    assert peak.bytes == 2_000_000


def test_what_the_process_did_before_does_not_count() -> None:
    before = torch.zeros(50 * MB)
    del before
    kept = torch.zeros(20 * MB)
    with PeakMemory() as peak:
        torch.zeros(MB)
    assert peak.bytes == 1_000_000
    del kept


def test_views_and_inputs_count_once() -> None:
    weight = torch.zeros(MB)
    with PeakMemory() as peak:
        weight.view(2, -1).t().contiguous()  # a copy, of a view, of one storage
        weight.mul_(2)
    assert peak.bytes == 2_000_000


def test_lists_of_tensors_count() -> None:
    with PeakMemory() as peak:
        torch._foreach_add([torch.zeros(MB), torch.zeros(MB)], 1.0)
    assert peak.bytes == 4_000_000


def test_training_holds_weights_gradients_and_moments() -> None:
    with PeakMemory() as peak:
        model = nn.Linear(1000, 1000, bias=False)
        optimizer = torch.optim.AdamW(model.parameters())
        for _ in range(2):
            model(torch.zeros(1, 1000)).sum().backward()
            optimizer.step()
    assert 16_000_000 <= peak.bytes < 24_100_000  # four numbers a weight, and temporaries


def test_a_frozen_model_in_inference_mode_holds_its_weights_alone() -> None:
    with PeakMemory() as peak, torch.inference_mode():
        model = nn.Linear(1000, 1000, bias=False)
        model(torch.zeros(1, 1000))
    assert 4_000_000 <= peak.bytes < 4_100_000


def test_it_can_be_used_again_and_ends_after_an_error() -> None:
    peak = PeakMemory()
    with pytest.raises(RuntimeError, match="shape"), peak:
        torch.zeros(3 * MB).view(7)
    assert peak.bytes == 3_000_000
    with peak:
        torch.zeros(MB)
    torch.zeros(5 * MB)
    assert peak.bytes == 1_000_000


def test_on_cuda_the_allocator_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: calls.append("wait"))
    monkeypatch.setattr(
        torch.cuda, "reset_peak_memory_stats", lambda device: calls.append("forget")
    )
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 300)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 1000)
    with PeakMemory("cuda") as peak:
        pass
    assert peak.bytes == 700
    assert calls == ["wait", "forget", "wait"]
