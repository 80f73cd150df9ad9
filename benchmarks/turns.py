"""A worker process that runs workloads on request, for benchmarks of settings that are read when torch is loaded.

It reads lines ``WORKLOAD SECONDS`` and answers each with the repetitions per second and the number of cores that other
programs used, as measured during training. Workloads, on random images: log-probabilities of a shipped model, one image
at a time, and training steps of a recipe of every family.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

# Imported before genera, which would set the waiting policy: here the environment sets it.
import torch
from common import random_images
from torch import nn

import genera
from genera.config.shipped_recipes import find_recipe
from genera.core import Density, ImageSpec, Trainable, TwoPlayer
from genera.runs.yaml_files import read_yaml
from genera.training.callbacks.contention_monitor import OtherPrograms
from genera.training.recipe import Recipe

SPEC = ImageSpec(channels=1, height=28, width=28, num_classes=10)
Workload = Callable[[], object]


def log_probabilities(model: str) -> Workload:
    """The log-probability of one image under a shipped model."""
    flow, image = genera.load(model), random_images(1)
    assert isinstance(flow, Density)

    def workload() -> None:
        with torch.no_grad():
            flow.log_prob(image)

    return workload


def training_step(recipe: str, *, batch: int) -> Workload:
    """A training step with the model and the optimisers of a recipe."""
    arguments = Recipe(read_yaml(find_recipe(recipe))).arguments()
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

        def adversarial_step() -> None:
            fakes = model.generate(batch, labels)
            loss = model.discriminator_loss(images, fakes, labels).total.mean()
            descend(model.discriminator, of_discriminator, loss)
            descend(model.generator, of_generator, model.generator_loss(images, fakes, labels).total.mean())

        return adversarial_step
    assert isinstance(model, Trainable)
    optimizer = task.configure_optimizers()
    return lambda: descend(model, optimizer, model.loss(images, labels).total.mean())


WORKLOADS: dict[str, Callable[[], Workload]] = {
    "log-probabilities, flow-fast-mnist": lambda: log_probabilities("flow-fast-mnist"),
    "training, flow_fast": lambda: training_step("flow_fast", batch=16),
    "training, vae": lambda: training_step("vae", batch=128),
    "training, gan": lambda: training_step("gan", batch=128),
}


def turn(workload: Workload, seconds: float) -> tuple[float, float]:
    """Repetitions per second, at least one repetition, and the number of cores that other programs use."""
    others, start, count = OtherPrograms(), time.perf_counter(), 0
    while count == 0 or time.perf_counter() - start < seconds:
        workload()
        count += 1
    return round(count / (time.perf_counter() - start), 3), round(others.cores_used(), 2)


def main() -> None:
    """Answer every line of the standard input."""
    workloads: dict[str, Workload] = {}
    for line in sys.stdin:
        name, _, seconds = line.rpartition(" ")
        if name not in workloads:
            workloads[name] = WORKLOADS[name]()
        print(*turn(workloads[name], float(seconds)), flush=True)


if __name__ == "__main__":
    main()
