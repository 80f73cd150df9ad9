"""Looking at what a model draws while it trains."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl
import torch
from tqdm import tqdm

from genera.core import Concluding, Generative, ImageModel, Probe
from genera.data.images import ImageSplit
from genera.training.callbacks.clock import task_of
from genera.training.callbacks.watching import Validation, log

#: Images drawn for the probes.
_COUNT = 500
#: Samples that differ from each other by less than this share of what images do are few images, again and again.
_COLLAPSED = 1 / 3
#: Steps before which that says nothing: what a generator has not learnt yet differs as little, with the recipes of this
#: package for up to eight steps.
_FIRST_STEPS = 100


class SampleProbes(pl.Callback):
    """Puts probes to samples of the same latents whenever a validation is due, and logs what they say.

    What they say of images stands beside it, in every row: it is what the samples' should come to.

    Args:
        probes: each makes named numbers of uint8 images.
        images: the validation split, of which as many are looked at as are drawn.
        levels: number of pixel values.
        validation: samples are drawn when it is due, after it.
        seed: of the latents.
    """

    def __init__(
        self, probes: Sequence[Probe], *, images: ImageSplit, levels: int, validation: Validation, seed: int
    ) -> None:
        self.probes = probes
        self.images = images
        self.validation = validation
        self.levels = levels
        self.seed = seed
        self._of_images: dict[str, float] = {}
        self._has_warned = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.is_global_zero:
            self._of_images = self._found(self.images.pixels[:_COUNT])

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        task = task_of(pl_module)
        due = task.steps % self.validation.every == 0 or trainer.should_stop
        if not (self.probes and due and trainer.is_global_zero):
            return
        model = task.evaluated
        assert isinstance(model, Generative)
        model.eval()
        samples = model.sample(_COUNT, generator=torch.Generator(task.device).manual_seed(self.seed)).cpu()
        task.model.train()
        found = self._found(samples)
        of_samples = {f"samples/{name}": value for name, value in found.items()}
        of_images = {f"images/{name}": value for name, value in self._of_images.items()}
        log(trainer, of_samples | of_images, step=task.steps)
        if task.steps >= _FIRST_STEPS:
            self._warn_of_collapse(found)

    def _found(self, pixels: torch.Tensor) -> dict[str, float]:
        return _found(self.probes, pixels, levels=self.levels)

    def _warn_of_collapse(self, found: dict[str, float]) -> None:
        diversity, of_images = found.get("diversity"), self._of_images.get("diversity")
        if self._has_warned or diversity is None or of_images is None or not diversity < _COLLAPSED * of_images:
            return
        self._has_warned = True
        tqdm.write(
            f"the diversity of samples is {diversity:.2f}, that of images {of_images:.2f}: the model draws few images, "
            "again and again; a lower learning rate, minibatch_std or feature_matching may help",
            file=sys.stderr,
        )

    def state_dict(self) -> dict[str, Any]:
        return {"has_warned": self._has_warned}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._has_warned = state_dict["has_warned"]


def check_can_be_probed(model: ImageModel, probes: Sequence[Probe], *, images: ImageSplit, levels: int) -> None:
    """Refuse a model that draws nothing while it is trained, and probes that cannot look at such images.

    Raises:
        ValueError: it draws nothing, or not before its training is over; or a probe refuses the images.
    """
    if not isinstance(model, Generative) or isinstance(model, Concluding):
        raise ValueError(
            f"probes look at what a model draws as it is trained, and {type(model).__name__} draws nothing "
            f"{'before the end' if isinstance(model, Generative) else 'at all'}: leave probes out"
        )
    for probe in probes:
        classes = getattr(probe, "num_classes", None)
        if classes is not None and classes != model.spec.num_classes:
            raise ValueError(
                f"{type(probe).__name__} counts {classes} classes and these images have {model.spec.num_classes}: "
                "give it a classifier of the same data, or leave it out"
            )
    try:
        _found(probes, images.pixels[:8], levels=levels)
    except ValueError as error:
        raise ValueError(f"a probe cannot look at these images ({error}): choose other probes, or none") from error


def _found(probes: Sequence[Probe], pixels: torch.Tensor, *, levels: int) -> dict[str, float]:
    """What the probes say of uint8 ``(N, C, H, W)``."""
    # Probes need not know how many levels there are: they see 256.
    stretched = (pixels.float() * (255 / (levels - 1))).round().to(torch.uint8)
    return {name: value for probe in probes for name, value in probe(stretched).items()}
