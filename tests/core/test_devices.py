"""The choice of devices, and what a processor can do."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from running import TINY

from genera.core.devices import check_num_devices, choose_device, has_bfloat16

CPUINFO = Path("/proc/cpuinfo")


@pytest.mark.parametrize("machine", ["x86_64", "AMD64"])
@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_f": True, "avx512_bf16": True, "amx_bf16": False}, True),
        ({"avx512_f": True, "avx512_bf16": False, "amx_bf16": True}, True),
        ({"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, False),
        ({"avx2": True}, False),
    ],
)
def test_bfloat16_of_an_x86_processor(
    monkeypatch: pytest.MonkeyPatch, machine: str, capabilities: dict[str, bool], expected: bool
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert has_bfloat16() is expected


@pytest.mark.parametrize(("avx512", "amx"), [(True, False), (False, True), (False, False)])
def test_bfloat16_with_a_torch_that_lists_no_capabilities(
    monkeypatch: pytest.MonkeyPatch, avx512: bool, amx: bool
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert has_bfloat16() is (avx512 or amx)


def test_bfloat16_is_assumed_on_processors_other_than_x86(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert has_bfloat16()


@pytest.mark.skipif(
    platform.machine() != "x86_64" or not CPUINFO.is_file(),
    reason="only Linux on x86 lists processor features",
)
def test_bfloat16_agrees_with_the_operating_system() -> None:
    flags = CPUINFO.read_text().split()
    assert has_bfloat16() is ("avx512_bf16" in flags or "amx_bf16" in flags)


@pytest.mark.parametrize("devices", [0, -1, 100_000, 10**12])
def test_too_many_processes_are_rejected(devices: int, failing: Callable[..., str], tmp_path: Path) -> None:
    message = failing("train", TINY, "--num_devices", str(devices), "--device", "cpu", "--out", str(tmp_path / "run"))
    assert "num_devices must be at " in message
    assert not (tmp_path / "run").exists()


def test_two_processes_are_always_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    check_num_devices(2, "cpu")
    with pytest.raises(ValueError, match="at most 2"):
        check_num_devices(3, "cpu")


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, False, "cuda"), (True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_prefers_an_accelerator(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, expected: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device("auto") == choose_device() == torch.device(expected)


def test_a_device_is_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    for name in ("cpu", "cuda", "mps"):
        assert choose_device(name) == torch.device(name)


@pytest.mark.parametrize("name", ["cuda", "tpu", "cuda:0", ""])
def test_a_missing_device_is_named_beside_those_available(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(ValueError) as error:
        choose_device(name)
    assert str(error.value) == f"device must be one of auto, mps, cpu on this machine, got {name!r}"
