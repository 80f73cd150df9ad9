"""Probes: named numbers of samples along a training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl
import torch
from tqdm import tqdm

from genera.core import Generative, ImageModel, Probe
from genera.data import ImageSplit
from genera.training.callbacks.training_metrics import log

#: Samples for the probes, and validation images.
_COUNT = 500
#: Below this share of the images' diversity the samples are copies of a few.
_COLLAPSED = 1 / 3
#: Steps before which that means nothing: samples of an untrained generator differ as little, with the recipes of this
#: package for up to eight steps.
_FIRST_STEPS = 100


class SampleProbes:
    """Applies probes to samples of the same latents after every validation and logs the results.

    The same numbers of validation images are logged in every row: the values that samples should come to.

    Args:
        probes: each returns named numbers of uint8 images.
        images: the validation split.
        levels: number of pixel values.
        seed: of the latents.
    """

    def __init__(self, probes: Sequence[Probe], *, images: ImageSplit, levels: int, seed: int) -> None:
        self.probes = probes
        self.images = images
        self.levels = levels
        self.seed = seed
        self._of_images: dict[str, float] = {}
        self._has_warned = False

    def measure_images(self) -> None:
        """Apply the probes to validation images."""
        self._of_images = self._apply(self.images.pixels[:_COUNT])

    def measure_samples(self, trainer: pl.Trainer, model: ImageModel, *, device: torch.device, step: int) -> None:
        """Apply the probes to samples and log both; in the first process."""
        if not self.probes or not trainer.is_global_zero:
            return
        assert isinstance(model, Generative)
        samples = model.sample(_COUNT, generator=torch.Generator(device).manual_seed(self.seed)).cpu()
        of_samples = self._apply(samples)
        row = {f"samples/{name}": value for name, value in of_samples.items()}
        row |= {f"images/{name}": value for name, value in self._of_images.items()}
        log(trainer, row, step=step)
        if step >= _FIRST_STEPS:
            self._warn_of_collapse(of_samples)

    def _apply(self, pixels: torch.Tensor) -> dict[str, float]:
        return _apply(self.probes, pixels, levels=self.levels)

    def _warn_of_collapse(self, of_samples: dict[str, float]) -> None:
        diversity, of_images = of_samples.get("diversity"), self._of_images.get("diversity")
        if self._has_warned or diversity is None or of_images is None or not diversity < _COLLAPSED * of_images:
            return
        self._has_warned = True
        tqdm.write(
            f"the diversity of samples is {diversity:.2f}, that of images {of_images:.2f}: the samples are copies of a "
            "few images; a lower learning rate, minibatch_std or feature_matching may help",
            file=sys.stderr,
        )

    def state_dict(self) -> dict[str, Any]:
        return {"has_warned": self._has_warned}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._has_warned = state["has_warned"]


def check_can_be_probed(model: ImageModel, probes: Sequence[Probe], *, images: ImageSplit, levels: int) -> None:
    """Refuse a model that cannot sample while it is trained, and probes that do not take such images.

    Raises:
        ValueError: the model cannot sample, or not before its training ends; or a probe refuses the images.
    """
    if not isinstance(model, Generative) or model.needs_finalize:
        when = "before its training ends" if isinstance(model, Generative) else "at all"
        raise ValueError(f"probes need samples along the training, and {type(model).__name__} has none {when}: "
                         "leave probes out")  # fmt: skip
    for probe in probes:
        classes = getattr(probe, "num_classes", None)
        if classes is not None and classes != model.spec.num_classes:
            raise ValueError(
                f"{type(probe).__name__} counts {classes} classes and these images have {model.spec.num_classes}: "
                "give it a classifier of the same data, or leave it out"
            )
    try:
        _apply(probes, images.pixels[:8], levels=levels)
    except ValueError as error:
        raise ValueError(f"a probe does not take these images ({error}): choose other probes, or none") from error


def _apply(probes: Sequence[Probe], pixels: torch.Tensor, *, levels: int) -> dict[str, float]:
    """The numbers that all probes return for uint8 ``(N, C, H, W)``."""
    # Probes need not know how many levels there are: they see 256.
    stretched = (pixels.float() * (255 / (levels - 1))).round().to(torch.uint8)
    return {name: value for probe in probes for name, value in probe(stretched).items()}
