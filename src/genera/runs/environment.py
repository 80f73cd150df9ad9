"""Where and with what a run was made."""

from __future__ import annotations

import os
import platform
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
    """Whether this processor has instructions for bfloat16.

    Where it has none they are emulated, and training in bfloat16 takes some ten times as long as in float32. It is the
    processor that is asked, whatever accelerators stand beside it.

    Returns:
        True if it has, and on processors other than x86, of which torch says too little; False if it has not.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    if hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    # Older releases of torch say it nowhere else.
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def is_on_processor(accelerator: str) -> bool:
    """Whether a training with this accelerator runs on the processor itself."""
    if accelerator != "auto":
        return accelerator == "cpu"
    return not (torch.cuda.is_available() or torch.backends.mps.is_available())


def check_devices(devices: int, accelerator: str) -> None:
    """Refuse more processes than there are processors for them: each is a program of its own, with its own memory.

    Raises:
        ValueError: there are not so many, or none are asked for.
    """
    check_positive(devices=devices)
    # Two processes on a single core are slow, and a way to try what two would do. Of accelerators Lightning knows how
    # many there are.
    limit = max(2, os.cpu_count() or 1)
    if is_on_processor(accelerator) and devices > limit:
        raise ValueError(f"devices must be at most {limit}, processes on this processor, got {devices}")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Commit of the checkout this package runs from; None where it is installed."""
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return None
    git = ["git", "-C", str(root)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changes = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+changes" if changes.stdout.strip() else "")


def _processor() -> str:
    """The processor's name; the platform module has none on Linux."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
