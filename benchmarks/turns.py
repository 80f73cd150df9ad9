"""A process that works when it is told to, for benchmarks of what is read once, when torch is loaded.

It reads lines ``WORK SECONDS`` and answers each with how often a second it did the work, and how many cores other
programs used meanwhile, as a training measures it. All works, on random images: log-probabilities of a model that
ships, one image at a time, and training steps of a recipe of every family.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

# Before the library, which sets the waiting policy of a torch that is not loaded yet: here the environment decides.
import torch
from common import random_images
from torch import nn

import genera
from genera.config.shipped_recipes import find_recipe
from genera.core import Density, ImageSpec, Trainable, TwoPlayer
from genera.runs.yaml_files import read_yaml
from genera.training.callbacks.contention_monitor import OtherPrograms
from genera.training.recipe import training_recipe

SPEC = ImageSpec(channels=1, height=28, width=28, num_classes=10)
Work = Callable[[], object]


def log_probabilities(model: str) -> Work:
    """A pass of one image through a model that ships."""
    flow, image = genera.load(model), random_images(1)
    assert isinstance(flow, Density)

    def work() -> None:
        with torch.no_grad():
            flow.log_prob(image)

    return work


def training_step(recipe: str, *, batch: int) -> Work:
    """A step with the model and the optimisers of a recipe, as its task takes it."""
    arguments = training_recipe(read_yaml(find_recipe(recipe))).arguments()
    model = arguments["model"](SPEC).to(memory_format=torch.channels_last)
    images, labels = random_images(batch), torch.arange(batch) % 10
    model.initialize(images)
    task = arguments["task"](model)

    def descend(module: nn.Module, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), task.clip_norm or math.inf)
        optimizer.step()

    if isinstance(model, TwoPlayer):
        of_generator, of_discriminator = task.configure_optimizers()

        def play() -> None:
            fakes = model.generate(batch, labels)
            loss = model.discriminator_loss(images, fakes, labels).total.mean()
            descend(model.discriminator, of_discriminator, loss)
            descend(model.generator, of_generator, model.generator_loss(images, fakes, labels).total.mean())

        return play
    assert isinstance(model, Trainable)
    optimizer = task.configure_optimizers()
    return lambda: descend(model, optimizer, model.loss(images, labels).total.mean())


WORKS: dict[str, Callable[[], Work]] = {
    "log-probabilities, flow-fast-mnist": lambda: log_probabilities("flow-fast-mnist"),
    "training, flow_fast": lambda: training_step("flow_fast", batch=16),
    "training, vae": lambda: training_step("vae", batch=128),
    "training, gan": lambda: training_step("gan", batch=128),
}


def turn(work: Work, seconds: float) -> tuple[float, float]:
    """How often a second the work is done, once at least, and how many cores other programs use."""
    others, start, times = OtherPrograms(), time.perf_counter(), 0
    while times == 0 or time.perf_counter() - start < seconds:
        work()
        times += 1
    return round(times / (time.perf_counter() - start), 3), round(others.cores_used(), 2)


def main() -> None:
    """Answer until there are no more lines."""
    made: dict[str, Work] = {}
    for line in sys.stdin:
        name, _, seconds = line.rpartition(" ")
        if name not in made:
            made[name] = WORKS[name]()
        print(*turn(made[name], float(seconds)), flush=True)


if __name__ == "__main__":
    main()
