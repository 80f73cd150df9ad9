"""Which device a computation runs on, and what it can do."""

from __future__ import annotations

import os
import platform

import torch

from genera.core.checks import check_positive


def has_bfloat16() -> bool:
    """Whether the CPU has bfloat16 instructions; True for CPUs other than x86, about which torch reports too little.

    Without them they are emulated, and training in bfloat16 is about ten times slower than in float32.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    if hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    # Older releases of torch.
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def choose_device(name: str = "auto") -> torch.device:
    """The device for a computation.

    Args:
        name: ``cpu``, ``cuda`` or ``mps``; ``auto`` takes an accelerator if there is one, else the CPU.

    Raises:
        ValueError: this computer has no such device.
    """
    # In the order of preference.
    devices = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    available = [device for device, is_there in devices.items() if is_there]
    if name != "auto" and name not in available:
        raise ValueError(f"device must be one of {', '.join(['auto', *available])} on this machine, got {name!r}")
    return torch.device(available[0] if name == "auto" else name)


def check_num_devices(num_devices: int, device: str) -> None:
    """Check that there are no more processes than CPU cores, because each process needs its own memory.

    Raises:
        ValueError: ``num_devices`` is not positive or larger than the number of cores, or there is no such device.
    """
    check_positive(num_devices=num_devices)
    # Two are always allowed, to test training with several processes. Lightning checks the number of accelerators.
    limit = max(2, os.cpu_count() or 1)
    if choose_device(device).type == "cpu" and num_devices > limit:
        raise ValueError(f"num_devices must be at most {limit} on this CPU, got {num_devices}")
