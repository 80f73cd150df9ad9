"""The training speed of the recipe ``realnvp_tutorial``, compared with the same model in plain PyTorch.

Run with ``python benchmarks/flows.py``. The sides take turns, step by step, so that a busy machine slows all of them,
and the median step counts. Each side runs the forward and backward pass, clipping and the optimizer step for a batch.
Loading of batches, checks for finite numbers and logging are not included.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from functools import partial

import torch
import yaml
from common import medians, positive, print_table, random_images, threads
from naive.realnvp import RealNVP
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genera.config.model import build_model
from genera.config.shipped_recipes import find_recipe
from genera.core import ImageSpec, Trainable
from genera.core.devices import has_bfloat16

RECIPE = "realnvp_tutorial"
LEARNING_RATE = 1e-3
CLIP_NORM = 1.0

Step = Callable[[Tensor], None]


def ours() -> Trainable:
    """The library's model with fresh weights."""
    config = yaml.safe_load(find_recipe(RECIPE).read_text())
    return build_model(config, ImageSpec(channels=1, height=28, width=28))


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Copy the parameters in order, ignoring their names and memory layout."""
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
    """A step of the plain model: default memory layout, an optimiser that loops over the parameters."""
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


def seconds(step: Step, images: Tensor) -> float:
    """Wall time of one step."""
    start = time.perf_counter()
    step(images)
    return time.perf_counter() - start


def main() -> None:
    """Print images per second of each side, and their ratio to the naive side."""
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
    images = random_images(arguments.batch)
    median = medians({name: partial(seconds, step, images) for name, step in sides.items()}, rounds=arguments.steps)

    print(f"Training {RECIPE} ({count:,} parameters) in batches of {arguments.batch}, {threads()}")
    print_table(median, baseline="naive, float32", images=arguments.batch, rounds=arguments.steps)


if __name__ == "__main__":
    main()
