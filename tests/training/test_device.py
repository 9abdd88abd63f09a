"""The arithmetic and the number of threads that a training chooses."""

import os

import psutil
import pytest
import torch

from facedemo.training import device


def test_bf16_is_considered_only_if_the_processor_has_it() -> None:
    assert device.has_bf16({"avx512_bf16": True})
    assert not device.has_bf16({"avx512_f": True, "avx512_bf16": False})
    assert device.precision("32-true") == "32-true"
    assert device.precision("auto") in ("32-true", "bf16-mixed")


@pytest.mark.parametrize(
    ("gpu", "in_hardware", "apple", "expected"),
    [("yes", True, False, "bf16-mixed"), ("old", False, False, "32-true"), ("", False, True, "32-true")],
)
def test_gpus_compute_in_bf16_if_their_hardware_does(
    monkeypatch: pytest.MonkeyPatch, gpu: str, in_hardware: bool, apple: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(gpu))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: in_hardware)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: apple)
    assert device.precision("auto") == expected


def test_threads_are_a_share_of_the_cores_unless_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(6)), raising=False)
    assert [device.threads(0, processes) for processes in (1, 2, 12)] == [6, 3, 1]
    assert device.threads(5, 2) == 5
