"""How fast the recipe ``realnvp_tutorial`` trains, beside the same model written out in plain PyTorch.

Run with ``python benchmarks/flows.py``. The sides take turns, step by step, so that a busy machine slows all of them,
and the median step counts. Each does what a training does for a batch, forward, backward, clip, step, and leaves out
what both would have around it: batches, checks for finite numbers, logging.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch
import yaml
from naive.realnvp import RealNVP
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from tqdm import tqdm

from genera.core import ImageSpec, Trainable
from genera.training.environment import has_bfloat16
from genera.training.recipes import build_model, find_recipe

RECIPE = "realnvp_tutorial"
LEARNING_RATE = 1e-3
CLIP_NORM = 1.0
#: The share of pixels of MNIST that are not black.
INK = 0.19

Step = Callable[[Tensor], None]


def ours() -> Trainable:
    """The library's model with fresh weights."""
    config = yaml.safe_load(find_recipe(RECIPE).read_text())
    return build_model(config, ImageSpec(channels=1, height=28, width=28))


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Copy the parameters in order, whatever their names and however they are laid out."""
    for theirs, own in zip(source.parameters(), target.parameters(), strict=True):
        own.data.copy_(theirs.data.view_as(own))


def our_step(model: Trainable, *, bfloat16: bool = False) -> Step:
    """A step of the library's training: weights in channels-last memory, a fused optimiser."""
    model.to(memory_format=torch.channels_last)
    optimizer = Adam(model.parameters(), lr=LEARNING_RATE, fused=True)

    def step(images: Tensor) -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            loss = model.loss(images).total.mean()
        descend(model, optimizer, loss)

    return step


def naive_step(model: RealNVP) -> Step:
    """A step of the model written out: weights as they come, an optimiser that goes through them one by one."""
    optimizer = Adam(model.parameters(), lr=LEARNING_RATE, foreach=False, fused=False)

    def step(images: Tensor) -> None:
        descend(model, optimizer, model(images).mean())

    return step


def descend(model: nn.Module, optimizer: Optimizer, loss: Tensor) -> None:
    """Backward, clip, step."""
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
    optimizer.step()


def random_images(count: int) -> Tensor:
    """uint8 ``(count, 1, 28, 28)``, as black as MNIST."""
    generator = torch.Generator().manual_seed(0)
    shape = (count, 1, 28, 28)
    grey = torch.randint(1, 256, shape, dtype=torch.uint8, generator=generator)
    return grey * (torch.rand(shape, generator=generator) < INK)


def seconds(step: Step, images: Tensor) -> float:
    """Wall time of one step."""
    start = time.perf_counter()
    step(images)
    return time.perf_counter() - start


def medians(sides: dict[str, Step], images: Tensor, *, steps: int) -> dict[str, float]:
    """The median step of each side, in seconds; a first round warms up and does not count."""
    rounds = [
        {name: seconds(step, images) for name, step in sides.items()}
        for _ in tqdm(range(steps + 1), desc="training", unit="round")
    ][1:]
    return {name: statistics.median(turn[name] for turn in rounds) for name in sides}


def main() -> None:
    """Print images per second of each side, and how many times the naive one that is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=positive, default=10, help="steps of each side that count (default: 10)")
    parser.add_argument("--batch", type=positive, default=128, help="images per step (default: 128)")
    arguments = parser.parse_args()

    torch.manual_seed(0)
    model, naive = ours(), RealNVP()
    count, count_naive = (sum(p.numel() for p in side.parameters()) for side in (model, naive))
    assert count == count_naive, f"the library's model has {count:,} parameters, the naive one {count_naive:,}"
    copy_weights(model, naive)

    sides = {"library, float32": our_step(copy.deepcopy(model))}
    if has_bfloat16():
        sides["library, bfloat16"] = our_step(copy.deepcopy(model), bfloat16=True)
    sides["naive, float32"] = naive_step(naive)
    median = medians(sides, random_images(arguments.batch), steps=arguments.steps)

    print(f"Training {RECIPE} ({count:,} parameters) in batches of {arguments.batch}, {threads()}")
    print(f"{'median of ' + str(arguments.steps):<20}  images/s  times the naive")
    for name, time_per_step in median.items():
        print(f"{name:<20}  {arguments.batch / time_per_step:8.1f}  {median['naive, float32'] / time_per_step:15.2f}")
    if not has_bfloat16():
        print("library, bfloat16     left out: this processor has no bfloat16 instructions")


def positive(text: str) -> int:
    """A number of at least one."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def threads() -> str:
    """How many threads torch runs on."""
    count = torch.get_num_threads()
    return f"{count} thread" + "s" * (count > 1)


if __name__ == "__main__":
    main()
