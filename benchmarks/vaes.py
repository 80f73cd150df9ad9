"""The training speed of the recipe ``vae``, compared with pythae with the same networks and the same loss.

Run with ``python benchmarks/vaes.py``. A turn is an epoch, including batches, checks and logging. Ours is
:func:`genera.training.train.train`, without the validation and the checkpoint at its end; theirs is the epoch of
pythae's ``BaseTrainer``, which has neither. The sides take turns, so that a busy machine slows all of them, and the
median turn counts. Only β differs, which does not affect the speed: pythae's is 1, the recipe's still rises in this
epoch.
"""

from __future__ import annotations

import argparse
import copy
import time
from functools import partial
from tempfile import TemporaryDirectory

import torch
from common import medians, positive, print_table, random_images, threads
from epochs import our_epoch, quiet
from pythae import models as pythae
from pythae.data.datasets import BaseDataset
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import Tensor, nn

from genera.config.model import build_model
from genera.config.shipped_recipes import find_recipe
from genera.core import ImageSpec
from genera.core.devices import has_bfloat16
from genera.data import ImageSplit
from genera.runs.yaml_files import read_yaml
from genera.vaes import VAE

RECIPE = read_yaml(find_recipe("vae"))
SPEC = ImageSpec(channels=1, height=28, width=28)


class Encoder(BaseEncoder):
    """Our encoder, with the logarithm of the variance instead of that of the scale."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> ModelOutput:
        posterior = self.network(x)
        return ModelOutput(embedding=posterior.mean, log_covariance=2 * posterior.log_scale)


class Decoder(BaseDecoder):
    """Our decoder, with the sigmoid outside of the loss."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=torch.sigmoid(self.network(z)))


def theirs(model: VAE) -> pythae.VAE:
    """pythae's model with the networks of ours."""
    config = pythae.VAEConfig(input_dim=SPEC.shape, latent_dim=model.latent_size, reconstruction_loss="bce")
    return pythae.VAE(config, encoder=Encoder(model.encoder), decoder=Decoder(model.decoder))


def their_epoch(model: pythae.VAE, pixels: Tensor, *, batch: int) -> float:
    """Seconds for pythae to train a copy of a model on ``(N, 1, 28, 28)`` pixels, with the recipe's optimiser."""
    data = BaseDataset(pixels / 255, labels=torch.zeros(len(pixels)))
    with quiet(), TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=1,
            per_device_train_batch_size=batch,
            learning_rate=5e-4,
            optimizer_cls="Adam",
            optimizer_params={"weight_decay": 1e-5},
            no_cuda=True,
        )
        trainer = BaseTrainer(copy.deepcopy(model), data, training_config=config)
        trainer.prepare_training()
        start = time.perf_counter()
        trainer.train_step(1)
        return time.perf_counter() - start


def main() -> None:
    """Print images per second of each side, and their ratio to pythae's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each side that count (default: 3)")
    parser.add_argument("--steps", type=positive, default=100, help="steps per turn (default: 100)")
    parser.add_argument("--batch", type=positive, default=128, help="images per step (default: 128)")
    arguments = parser.parse_args()

    torch.manual_seed(0)
    model = build_model(RECIPE, SPEC)
    counterpart = theirs(model)
    count, their_count = (sum(p.numel() for p in side.parameters()) for side in (model, counterpart))
    assert count == their_count, f"the library's model has {count:,} parameters, pythae's {their_count:,}"

    pixels = random_images(arguments.steps * arguments.batch)
    epoch = partial(our_epoch, RECIPE, model, ImageSplit(pixels), spec=SPEC, batch=arguments.batch)
    sides = {"library, float32": partial(epoch, precision="32-true")}
    if has_bfloat16():
        sides["library, bfloat16"] = partial(epoch, precision="bf16-mixed")
    sides["pythae, float32"] = partial(their_epoch, counterpart, pixels, batch=arguments.batch)
    median = medians(sides, rounds=arguments.rounds)

    print(f"Training vae ({count:,} parameters), {arguments.steps} batches of {arguments.batch} a turn, {threads()}")
    print_table(median, baseline="pythae, float32", images=len(pixels), rounds=arguments.rounds)


if __name__ == "__main__":
    main()
