"""Probes: functions of samples that are logged during a training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl
import torch
from tqdm.auto import tqdm

from genera.core import Generative, ImageModel, Probe, rescale_levels
from genera.data import ImageSplit
from genera.training.callbacks.training_metrics import log

#: Number of samples, and of validation images.
_COUNT = 500
#: Samples are few different images if their diversity is below this fraction of that of the images.
_COLLAPSED = 1 / 3
#: No warning before this step, because an untrained generator has a low diversity too: with the shipped recipes for up
#: to eight steps.
_MIN_STEP = 100


class SampleProbes:
    """Applies probes to samples from the same latents after every validation and logs the results.

    The results for validation images are logged in every row as reference values.

    Args:
        probes: functions of uint8 images that return numbers by name.
        images: the validation split.
        levels: number of pixel values.
        seed: of the latents.
    """

    def __init__(self, probes: Sequence[Probe], *, images: ImageSplit, levels: int, seed: int) -> None:
        self.probes = probes
        self.images = images
        self.levels = levels
        self.seed = seed
        self._references: dict[str, float] = {}
        self._has_warned = False

    def check(self, model: ImageModel) -> None:
        """Check that the model can sample during its training, and that the probes accept the images.

        Raises:
            ValueError: the model cannot sample, or not before its training ends; or a probe rejects the images.
        """
        if self.probes and (not isinstance(model, Generative) or model.needs_finalize):
            when = "before its training ends" if isinstance(model, Generative) else "at all"
            raise ValueError(
                f"probes need samples during the training, and {type(model).__name__} has none {when}: leave probes out"
            )
        for probe in self.probes:
            classes = getattr(probe, "num_classes", None)
            if classes is not None and classes != model.spec.num_classes:
                raise ValueError(
                    f"{type(probe).__name__} counts {classes} classes and these images have {model.spec.num_classes}: "
                    "give it a classifier of the same data, or leave it out"
                )
        try:
            self._apply(self.images.pixels[:8])
        except ValueError as error:
            raise ValueError(f"a probe does not accept these images ({error}): choose other probes, or none") from error

    def measure_images(self) -> None:
        """Apply the probes to validation images."""
        self._references = self._apply(self.images.pixels[:_COUNT])

    def measure_samples(self, trainer: pl.Trainer, model: ImageModel, *, device: torch.device, step: int) -> None:
        """Apply the probes to samples and log all results, in the first process."""
        if not self.probes or not trainer.is_global_zero:
            return
        assert isinstance(model, Generative)
        samples = model.sample(_COUNT, generator=torch.Generator(device).manual_seed(self.seed)).cpu()
        results = self._apply(samples)
        row = {f"samples/{name}": value for name, value in results.items()}
        row |= {f"images/{name}": value for name, value in self._references.items()}
        log(trainer, row, step=step)
        if step >= _MIN_STEP:
            self._warn_if_collapsed(results)

    def _apply(self, pixels: torch.Tensor) -> dict[str, float]:
        """The results of all probes for uint8 ``(N, C, H, W)``."""
        # Probes expect 256 levels.
        rescaled = rescale_levels(pixels, self.levels)
        return {name: value for probe in self.probes for name, value in probe(rescaled).items()}

    def _warn_if_collapsed(self, results: dict[str, float]) -> None:
        diversity, reference = results.get("diversity"), self._references.get("diversity")
        if self._has_warned or diversity is None or reference is None or not diversity < _COLLAPSED * reference:
            return
        self._has_warned = True
        tqdm.write(
            f"the diversity of samples is {diversity:.2f}, that of images {reference:.2f}: the samples are copies of a "
            "few images; a lower learning rate, minibatch_std or feature_matching may help",
            file=sys.stderr,
        )

    def state_dict(self) -> dict[str, Any]:
        return {"has_warned": self._has_warned}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._has_warned = state["has_warned"]
