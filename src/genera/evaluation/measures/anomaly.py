"""Anomaly scores of images, and how well they detect out-of-distribution images."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import scipy.stats
import torch
from PIL import Image
from torch import Tensor

from genera.core import TwoPlayer, bits_per_dim, rescale_levels
from genera.data import ImageSplit, SequentialBatches, find_dataset
from genera.evaluation.image_set import random_subset
from genera.evaluation.measure import Measure, MeasureInfo, Measurement, Requirement, has_likelihood, reconstructs
from genera.evaluation.metrics import squared_error
from genera.evaluation.subject import Subject

_BATCH = 250
#: The out-of-distribution data set for each data set.
OUT_OF_DISTRIBUTION = {"mnist": "fashion-mnist", "fashion-mnist": "mnist", "kmnist": "mnist"}


#: Maps a subject, images and validation images to scores ``(N,)``; higher is more anomalous.
AnomalyScore = Callable[[Subject, ImageSplit, ImageSplit], Tensor]


def bits_score(subject: Subject, images: ImageSplit, validation: ImageSplit) -> Tensor:
    """Bits per dimension with one importance sample. Simple images have low values, whatever the training images."""
    return bits_per_dim(subject.log_probs(images), subject.model.spec.num_dims)


def typicality(subject: Subject, images: ImageSplit, validation: ImageSplit) -> Tensor:
    """Absolute difference of the bits per dimension from their mean over validation images.

    Source:
        Nalisnick et al. (2019), "Detecting out-of-distribution inputs to deep generative models using typicality", for
        single images.
    """
    mean = bits_score(subject, validation, validation).mean()
    return (bits_score(subject, images, validation) - mean).abs()


def bits_minus_png(subject: Subject, images: ImageSplit, validation: ImageSplit) -> Tensor:
    """Bits per dimension minus those of the image as a PNG file, which measure its complexity.

    Source:
        Serrà et al. (2020), "Input complexity and out-of-distribution detection with likelihood-based models".
    """
    return bits_score(subject, images, validation) - png_bits(images, levels=subject.model.spec.levels)


def reconstruction_error(subject: Subject, images: ImageSplit, validation: ImageSplit) -> Tensor:
    """Mean squared error on [0, 1]; conditional models get the labels."""
    return squared_error(images.pixels, subject.reconstructions(images), levels=subject.model.spec.levels)


@torch.inference_mode()
def negated_logit(subject: Subject, images: ImageSplit, validation: ImageSplit) -> Tensor:
    """Minus the discriminator's logit; if it is conditional, minus the highest logit over all labels."""
    model = subject.model
    assert isinstance(model, TwoPlayer)
    scores = []
    for pixels, _ in SequentialBatches(images, batch_size=_BATCH, device=model.device):
        every_label: list[Tensor | None] = [None]
        if model.class_conditional:
            every_label = [
                pixels.new_full((len(pixels),), label, dtype=torch.int64) for label in range(model.spec.num_classes)
            ]
        scores.append(-torch.stack([model.score(pixels, labels) for labels in every_label]).amax(dim=0))
    return torch.cat(scores).cpu()


def png_bits(images: ImageSplit, *, levels: int) -> Tensor:
    """Size of each image as a PNG file in bits per dimension, ``(N,)``."""
    sizes = []
    for pixels in rescale_levels(images.pixels, levels):
        file = io.BytesIO()
        Image.fromarray(pixels.movedim(0, -1).squeeze(-1).numpy()).save(file, "PNG", optimize=True)
        sizes.append(8 * file.tell() / pixels.numel())
    return torch.tensor(sizes, dtype=torch.float64)


def auroc(in_distribution: Tensor, out_of_distribution: Tensor) -> tuple[float, float, float]:
    """Area under the ROC curve: the probability that an out-of-distribution image scores higher; ties count half.

    Args:
        in_distribution: ``(N,)`` scores, at least two.
        out_of_distribution: ``(M,)`` scores, at least two.

    Returns:
        The area, and the lower and upper end of its 95 % interval.

    Source:
        DeLong, DeLong & Clarke-Pearson (1988) for its variance.
    """
    ranks = torch.from_numpy(scipy.stats.rankdata(torch.cat([in_distribution, out_of_distribution]).numpy()))
    within = [torch.from_numpy(scipy.stats.rankdata(side.numpy())) for side in (in_distribution, out_of_distribution)]
    # For each image the share of the other set with a lower score; the mean over either set gives the area.
    below_in = (ranks[: len(in_distribution)] - within[0]) / len(out_of_distribution)
    below_out = (ranks[len(in_distribution) :] - within[1]) / len(in_distribution)
    area = float(below_out.mean())
    error = math.sqrt(float(below_in.var() / len(in_distribution) + below_out.var() / len(out_of_distribution)))
    margin = float(scipy.stats.norm.ppf(0.975)) * error
    return area, max(area - margin, 0.0), min(area + margin, 1.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Auroc(Measure):
    """AUROC of an anomaly score for images of the model's data against another data set.

    Args:
        score: the anomaly score.
        requirement: what the score needs.
    """

    score: AnomalyScore
    requirement: Requirement

    def unavailable(self, subject: Subject) -> str | None:
        if (reason := self.requirement(subject)) is not None:
            return reason
        data, split = subject.data, subject.protocol.split
        if not subject.is_own_data:
            return f"the model was not trained on these images of {data.name}"
        if data.name not in OUT_OF_DISTRIBUTION:
            return f"no out-of-distribution data set is known for {data.name}"
        if not {split, "validation"} <= {*data.split_names}:
            return f"needs {split} and validation images"
        try:
            find_dataset(OUT_OF_DISTRIBUTION[data.name])().split(split)
        except (ValueError, OSError) as error:
            return f"the out-of-distribution data set {OUT_OF_DISTRIBUTION[data.name]} is missing: {error}"
        return None

    def settings(self, subject: Subject) -> dict[str, Any]:
        return {
            "max_images": subject.protocol.count,
            "subset": "random",
            "out_of_distribution": OUT_OF_DISTRIBUTION[subject.data.name],
            "interval": "95 % by DeLong's variance",
        }

    def other_splits(self, subject: Subject) -> list[str]:
        return ["validation"]

    def measure(self, subject: Subject) -> Measurement:
        data, split = subject.data, subject.protocol.split
        other = find_dataset(OUT_OF_DISTRIBUTION[data.name])()
        own, validation, out_of_distribution = (
            random_subset(images, subject.protocol.count)
            for images in (subject.images, data.split("validation"), other.split(split))
        )
        area, low, high = auroc(
            *(self.score(subject, images, validation).double() for images in (own, out_of_distribution))
        )
        return Measurement(area, low, high, len(own) + len(out_of_distribution), self.settings(subject))


def _discriminates(subject: Subject) -> str | None:
    is_two_player = isinstance(subject.model, TwoPlayer)
    return None if is_two_player else f"{type(subject.model).__name__} has no discriminator"


AUROC = tuple(
    _Auroc(
        name=f"auroc[{name}]",
        info=MeasureInfo(
            title="AUROC",
            better="higher",
            group="anomaly",
            definition="probability that out-of-distribution images score higher; 0.5 is chance",
        ),
        score=score,
        requirement=requirement,
    )
    for name, score, requirement in (
        ("bits", bits_score, has_likelihood),
        ("typicality", typicality, has_likelihood),
        ("png", bits_minus_png, has_likelihood),
        ("reconstruction", reconstruction_error, reconstructs),
        ("discriminator", negated_logit, _discriminates),
    )
)
