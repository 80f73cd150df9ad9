"""The software and hardware that a run was trained with."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from genera.core import check_positive

_PACKAGES = ("genera", "torch", "lightning", "numpy", "safetensors")


def describe_environment() -> dict[str, Any]:
    """Versions, commit and hardware, as plain data."""
    return {
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "commit": _commit(),
        "hardware": {
            "platform": f"{platform.system()} {platform.machine()}",
            "processor": _processor(),
            "threads": torch.get_num_threads(),
            "cores": os.cpu_count(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }


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


def is_on_processor(accelerator: str) -> bool:
    """Whether a training with this accelerator runs on the CPU."""
    if accelerator != "auto":
        return accelerator == "cpu"
    return not (torch.cuda.is_available() or torch.backends.mps.is_available())


def check_devices(devices: int, accelerator: str) -> None:
    """Check that there are no more processes than CPU cores, because each process needs its own memory.

    Raises:
        ValueError: ``devices`` is not positive or larger than the number of cores.
    """
    check_positive(devices=devices)
    # Two are always allowed, to test training with several processes. Lightning checks the number of accelerators.
    limit = max(2, os.cpu_count() or 1)
    if is_on_processor(accelerator) and devices > limit:
        raise ValueError(f"devices must be at most {limit} on this CPU, got {devices}")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Commit of the checkout this package runs from; None if it is installed."""
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return None
    describe = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+changes"]
    try:
        return subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _processor() -> str:
    """Name of the CPU. Linux has it in /proc/cpuinfo; the platform module does not read that."""
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*:(.*)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.is_file() else []
    return names[0].strip() if names else platform.processor() or platform.machine()
