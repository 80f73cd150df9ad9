"""The training and sampling speed of the recipes ``gan`` and ``cgan_fm``, compared with a plain loop.

Run with ``python benchmarks/gans.py``. A turn is an epoch. Ours is :func:`genera.training.train.train`, including
batches, checks and logging, but without probes, validation and the checkpoint at its end. The other side is a simple
loop with the same networks: float32, images as one tensor in memory, new fakes for the generator's step, Adam with its
default implementation. The sides take turns, so that a busy machine slows all of them, and the median turn counts.
"""

from __future__ import annotations

import argparse
import copy
import time
from functools import partial

import torch
import torch.nn.functional as F
from common import medians, positive, print_table, random_images, threads
from epochs import our_epoch
from torch import Tensor
from torch.optim import Adam

from genera.config.model import build_model
from genera.config.shipped_recipes import find_recipe
from genera.core import ImageSpec
from genera.core.devices import has_bfloat16
from genera.data import ImageSplit
from genera.gans import GAN
from genera.runs.yaml_files import read_yaml

SPEC = ImageSpec(channels=1, height=28, width=28, num_classes=10)
RECIPES = ("gan", "cgan_fm")
SAMPLES = 2048


def plain_epoch(model: GAN, images: ImageSplit, *, batch: int) -> float:
    """Seconds for a plain loop to train a copy of a model for an epoch."""
    generator, discriminator = copy.deepcopy(model.generator), copy.deepcopy(model.discriminator)
    optimizers = [Adam(player.parameters(), lr=2e-4, betas=(0.5, 0.999)) for player in (generator, discriminator)]
    x = images.pixels.float() / 127.5 - 1
    labels = F.one_hot(images.labels, 10).float() if model.class_conditional else None
    ones, zeros = torch.ones(batch), torch.zeros(batch)
    loss_of = F.binary_cross_entropy_with_logits

    def fakes(context: Tensor | None) -> Tensor:
        z = torch.randn(batch, model.latent_size)
        return torch.tanh(generator(z, context))

    start = time.perf_counter()
    for index in torch.randperm(len(x)).split(batch):
        real, context = x[index], None if labels is None else labels[index]
        optimizers[1].zero_grad()
        of_real = loss_of(discriminator(real, context)[0], ones)
        of_fake = loss_of(discriminator(fakes(context).detach(), context)[0], zeros)
        (of_real + of_fake).backward()
        optimizers[1].step()

        optimizers[0].zero_grad()
        logits, features = discriminator(fakes(context), context)
        loss = loss_of(logits, ones)
        if model.feature_matching:
            of_images = discriminator(real, context)[1].detach()
            loss = loss + model.feature_matching * (of_images.mean(dim=0) - features.mean(dim=0)).norm()
        loss.backward()
        optimizers[0].step()
    return time.perf_counter() - start


def sampling_seconds(model: GAN) -> float:
    """Seconds to sample."""
    start = time.perf_counter()
    for _ in range(SAMPLES // 256):
        model.sample(256)
    return time.perf_counter() - start


def main() -> None:
    """Print training images per second of each side, their ratio to the plain loop, and samples per second."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each side that count (default: 3)")
    parser.add_argument("--steps", type=positive, default=40, help="steps per turn (default: 40)")
    parser.add_argument("--batch", type=positive, default=128, help="images per step (default: 128)")
    arguments = parser.parse_args()

    pixels = random_images(arguments.steps * arguments.batch)
    images = ImageSplit(pixels, torch.arange(len(pixels)) % 10)
    for recipe in RECIPES:
        torch.manual_seed(0)
        settings = read_yaml(find_recipe(recipe))
        model = build_model(settings, SPEC)
        epoch = partial(our_epoch, settings, model, images, spec=SPEC, batch=arguments.batch)
        sides = {"library, float32": partial(epoch, precision="32-true")}
        if has_bfloat16():
            sides["library, bfloat16"] = partial(epoch, precision="bf16-mixed")
        sides["plain, float32"] = partial(plain_epoch, model, images, batch=arguments.batch)
        median = medians(sides, rounds=arguments.rounds)
        count = sum(p.numel() for p in model.parameters())
        turn = f"{arguments.steps} batches of {arguments.batch} a turn, {threads()}"
        print(f"Training {recipe} ({count:,} parameters), {turn}")
        print_table(median, baseline="plain, float32", images=len(images), rounds=arguments.rounds)
        # In the state of a model from `genera.load`.
        sampler = model.to(memory_format=torch.channels_last).eval()
        seconds = medians({"library, float32": partial(sampling_seconds, sampler)}, rounds=arguments.rounds)
        print(f"sampling               {SAMPLES / seconds['library, float32']:.1f} images/s\n")


if __name__ == "__main__":
    main()
