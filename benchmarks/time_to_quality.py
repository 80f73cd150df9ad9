"""Quality over training time: ``flow_fast``, ``realnvp`` and the Glow of ``normflows``.

Run with ``python benchmarks/time_to_quality.py --minutes 20 --out FOLDER``. The sides take turns of a few seconds on
the same cores, so that a busy machine slows all of them, and each is trained for the minutes given, not
counting validation. Prints the final bits/dim of each side and when it passed the threshold, and writes this table to
``time_to_quality.md``, the curves to ``.json``, ``.png`` and ``.svg``. All learning rates, also that of ``realnvp``,
fall along half a cosine to zero within the time; ours train in bfloat16 if the processor supports it, Glow in float32
as documented. Bits/dim are of the first validation images, with one sample of the noise each.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from abc import ABC, abstractmethod
from itertools import pairwise
from pathlib import Path

import normflows as nf
import torch
import yaml
from common import positive, positive_number, threads
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter
from torch import Tensor, nn
from torch.optim import Adamax, Optimizer
from tqdm import tqdm

from genera.config.shipped_recipes import find_recipe
from genera.core import Cosine, Density, ImageSpec, Progress, Trainable, bits_per_dim
from genera.core.devices import has_bfloat16
from genera.data import ImageSplit, ShuffledBatches, find_dataset
from genera.reporting.style import save_figure, style
from genera.training.recipe import Recipe

#: Seconds of a turn.
TURN = 5.0
#: Points of each curve.
POINTS = 20


class Side(ABC):
    """A model, its optimiser, and its training time so far.

    Args:
        model: the model to train.
        optimizer: optimiser of its parameters.
        batches: batches of training images.
        clip_norm: the gradient is clipped to this norm.
    """

    def __init__(self, model: nn.Module, optimizer: Optimizer, batches: ShuffledBatches, *, clip_norm: float) -> None:
        self.model = model
        self.optimizer = optimizer
        self.batches = iter(batches)
        self.clip_norm = clip_norm
        self.schedule = Cosine(warmup=0.02)
        self.learning_rates = [group["lr"] for group in optimizer.param_groups]
        self.seconds = 0.0
        self.steps = 0
        self.curve: list[tuple[float, float]] = []

    @property
    def num_parameters(self) -> int:
        """Number of parameters of the model."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @abstractmethod
    def nll(self, images: Tensor) -> Tensor:
        """Nats of every integer image, ``(B,)``."""

    def turn(self, budget: float) -> None:
        """Train for one turn, or the rest of the budget."""
        self.model.train()
        end = min(self.seconds + TURN, budget)
        while self.seconds < end:
            start = time.perf_counter()
            self.step(self.seconds / budget)
            self.seconds += time.perf_counter() - start
            self.steps += 1

    def step(self, fraction: float) -> None:
        """Forward, backward, clip, step."""
        factor = self.schedule(Progress(self.steps, 0.0, fraction))
        for group, learning_rate in zip(self.optimizer.param_groups, self.learning_rates, strict=True):
            group["lr"] = learning_rate * factor
        images, _ = next(self.batches)
        self.optimizer.zero_grad()
        self.nll(images).mean().backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()

    @torch.no_grad()
    def validate(self, images: Tensor) -> None:
        """Add a point to the curve."""
        self.model.eval()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            nll = torch.cat([self.nll(chunk) for chunk in images.split(100)])
        self.curve.append((self.seconds, float(bits_per_dim(-nll, images[0].numel()).mean())))


class Ours(Side):
    """A recipe of the library, with its own optimiser and batches, in bfloat16 if the processor supports it."""

    def __init__(self, recipe: str, spec: ImageSpec, images: ImageSplit, first: Tensor) -> None:
        config = yaml.safe_load(find_recipe(recipe).read_text())
        arguments = Recipe(config).arguments()
        model = arguments["model"](spec).to(memory_format=torch.channels_last)
        assert isinstance(model, Trainable)
        assert isinstance(model, Density)
        model.initialize(first)
        task = arguments["task"](model)
        batches = ShuffledBatches(images, batch_size=arguments["batch_size"])
        super().__init__(model, task.configure_optimizers(), batches, clip_norm=task.clip_norm or math.inf)

    def nll(self, images: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bfloat16()):
            return self.model.loss(images).total


class Glow(Side):
    """The Glow of the documentation of ``normflows``, at two scales instead of three and without classes.

    Sixteen steps at each scale, 256 channels in their networks, uniform noise, Adamax; as documented in float32.
    """

    STEPS, WIDTH, SCALES = 16, 256, 2

    def __init__(self, spec: ImageSpec, images: ImageSplit, first: Tensor) -> None:
        self.levels = spec.levels
        bases, flows, merges = [], [], []
        for scale in range(self.SCALES):
            channels = spec.channels * 2 ** (self.SCALES + 1 - scale)
            size = (spec.height // 2 ** (self.SCALES - scale), spec.width // 2 ** (self.SCALES - scale))
            steps = [nf.flows.GlowBlock(channels, self.WIDTH) for _ in range(self.STEPS)]
            flows.append([*steps, nf.flows.Squeeze()])
            if scale > 0:
                merges.append(nf.flows.Merge())
            # Half of the channels are factored out; at the coarsest scale, the first, all are latents.
            bases.append(nf.distributions.DiagGaussian((channels // 2 if scale > 0 else channels, *size)))
        model = nf.MultiscaleFlow(bases, flows, merges, class_cond=False)
        optimizer = Adamax(model.parameters(), lr=1e-3, weight_decay=1e-5)
        super().__init__(model, optimizer, ShuffledBatches(images, batch_size=128), clip_norm=math.inf)
        with torch.no_grad():
            self.nll(first)  # initializes ActNorm

    def nll(self, images: Tensor) -> Tensor:
        y = (images + torch.rand(images.shape)) / self.levels
        log_volume = images[0].numel() * torch.tensor(float(self.levels)).log()
        return log_volume - self.model.log_prob(y, None)


def main() -> None:
    """Train all sides, print the table, write the curves."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="MNIST comes from $GENERA_DATA or is downloaded."
    )
    parser.add_argument(
        "--minutes", type=positive_number, default=10.0, help="training time of each side (default: 10)"
    )
    parser.add_argument("--threshold", type=float, default=1.2, help="bits/dim to pass (default: 1.2)")
    parser.add_argument("--data", default="mnist", help="images to train on (default: mnist)")
    parser.add_argument("--images", type=positive, default=1000, help="validation images (default: 1000)")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the curves (default: here)")
    arguments = parser.parse_args()

    data = find_dataset(arguments.data)()
    train, held_out = data.split("train"), data.split("validation").pixels[: arguments.images]
    torch.manual_seed(0)
    sides: dict[str, Side] = {
        "flow_fast": Ours("flow_fast", data.spec, train, train.pixels[:256]),
        "realnvp": Ours("realnvp", data.spec, train, train.pixels[:256]),
        "Glow of normflows": Glow(data.spec, train, train.pixels[:256]),
    }
    budget = 60 * arguments.minutes
    with tqdm(total=round(len(sides) * budget), desc="training", unit="s") as bar:
        while any(side.seconds < budget for side in sides.values()):
            for side in sides.values():
                before = side.seconds
                side.turn(budget)
                bar.update(round(side.seconds) - round(before))
                if len(side.curve) < POINTS * side.seconds / budget:
                    side.validate(held_out)

    print(f"{arguments.minutes:g} minutes of {arguments.data} for each, {threads()}, {len(held_out)} validation images")
    rows = table(sides, arguments.threshold)
    print(rows, end="")
    write(rows, sides, arguments)


def table(sides: dict[str, Side], threshold: float) -> str:
    """Final bits/dim of each side, and when it passed the threshold."""
    rows = f"| flow | parameters | steps | bits/dim | minutes to {threshold:g} |\n|---|---|---|---|---|\n"
    for name, side in sides.items():
        passed = seconds_to(threshold, side.curve)
        when = "not reached" if passed is None else f"{passed / 60:.1f}"
        rows += f"| {name} | {side.num_parameters:,} | {side.steps:,} | {side.curve[-1][1]:.3f} | {when} |\n"
    return rows


def seconds_to(threshold: float, curve: list[tuple[float, float]]) -> float | None:
    """The time at which a curve first passes a threshold, by linear interpolation; None if it never does."""
    if curve[0][1] <= threshold:
        return curve[0][0]
    for (start, above), (end, below) in pairwise(curve):
        if below <= threshold:
            return start + (end - start) * (above - threshold) / (above - below)
    return None


def write(rows: str, sides: dict[str, Side], arguments: argparse.Namespace) -> None:
    """Write the table, and the curves as figures and values."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "time_to_quality.json"
    settings = {"data": arguments.data, "minutes": arguments.minutes, "threads": torch.get_num_threads()}
    curves = {name: [[round(x, 5) for x in point] for point in side.curve] for name, side in sides.items()}
    file.write_text(json.dumps({**settings, "curves": curves}, indent=1) + "\n")
    print(file)
    file.with_suffix(".md").write_text(rows)
    print(file.with_suffix(".md"))
    with style():
        for path in save_figure(figure(sides, arguments), file.with_suffix("")):
            print(path)


def figure(sides: dict[str, Side], arguments: argparse.Namespace) -> Figure:
    """Bits/dim over minutes of training."""
    curves = Figure(figsize=(6, 3.6))
    axes = curves.subplots()
    for name, side in sides.items():
        axes.plot([seconds / 60 for seconds, _ in side.curve], [bits for _, bits in side.curve], label=name)
    axes.axhline(arguments.threshold, color="grey", linewidth=0.8, linestyle=":")
    # Differences range from several bits to hundredths of a bit.
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(ScalarFormatter())
    axes.set(xlabel="minutes of training", ylabel="bits/dim, validation images")
    axes.set_ylim(top=max(side.curve[min(2, len(side.curve) - 1)][1] for side in sides.values()))
    axes.set_title(f"{arguments.data}, {threads()}")
    axes.legend()
    return curves


if __name__ == "__main__":
    main()
