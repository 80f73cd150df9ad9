"""Shared parts of the training benchmarks: images, turns, and the table."""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable

import torch
from torch import Tensor
from tqdm import tqdm

from genera.core.devices import has_bfloat16

#: The share of pixels of MNIST that are not black.
INK = 0.19


def random_images(count: int) -> Tensor:
    """uint8 ``(count, 1, 28, 28)``, with the same share of black pixels as MNIST."""
    generator = torch.Generator().manual_seed(0)
    shape = (count, 1, 28, 28)
    grey = torch.randint(1, 256, shape, dtype=torch.uint8, generator=generator)
    return grey * (torch.rand(shape, generator=generator) < INK)


def medians(sides: dict[str, Callable[[], float]], *, rounds: int) -> dict[str, float]:
    """The median turn of each side, in seconds; the first round is a warm-up and does not count.

    Args:
        sides: functions that take a turn and return its seconds, by name.
        rounds: turns of each side after the warm-up.
    """
    turns = [
        {name: take_turn() for name, take_turn in sides.items()}
        for _ in tqdm(range(rounds + 1), desc="training", unit="round")
    ][1:]
    return {name: statistics.median(turn[name] for turn in turns) for name in sides}


def print_table(median: dict[str, float], *, baseline: str, images: int, rounds: int) -> None:
    """Print images per second of each side, and their ratio to those of a baseline.

    Args:
        median: seconds of a turn, by side.
        baseline: the side to compare with.
        images: number per turn.
        rounds: number of turns in each median.
    """
    ratio = f"relative to {baseline.partition(',')[0]}"
    print(f"{'median of ' + str(rounds):<20}  images/s  {ratio}")
    for name, seconds in median.items():
        print(f"{name:<20}  {images / seconds:8.1f}  {median[baseline] / seconds:{len(ratio)}.2f}")
    if not has_bfloat16():
        print("library, bfloat16     omitted: this processor has no bfloat16 instructions")


def positive(text: str) -> int:
    """Parse an integer of at least one."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def positive_number(text: str) -> float:
    """Parse a number above zero."""
    if not 0 < (number := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"must be positive, got {text}")
    return number


def threads() -> str:
    """The number of torch's threads, in words."""
    count = torch.get_num_threads()
    return f"{count} thread" + "s" * (count > 1)
