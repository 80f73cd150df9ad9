"""Anomaly scores of images, and how well they detect out-of-distribution images."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from typing import Any

import scipy.stats
import torch
from PIL import Image
from torch import Tensor

from genera.core import Autoencoding, ImageModel, TwoPlayer, bits_per_dim, has_density, rescale_levels
from genera.data import ImageDataset, ImageSplit, SequentialBatches, find_dataset
from genera.evaluation.likelihood import log_probs
from genera.evaluation.measures import Measure, Measurement, ModelCache
from genera.evaluation.metrics import SquaredError
from genera.evaluation.reconstructions import reconstruct_images

#: Number of in-distribution, of out-of-distribution, and of validation images.
_COUNT = 1000
_BATCH = 250
#: The out-of-distribution data set for each data set.
OUT_OF_DISTRIBUTION = {"mnist": "fashion-mnist", "fashion-mnist": "mnist", "kmnist": "mnist"}


def single_sample_bits(model: ImageModel, images: ImageSplit) -> Tensor:
    """Bits per dimension of each image with one importance sample, ``(N,)``."""
    assert has_density(model)
    return bits_per_dim(log_probs(model, images), model.spec.num_dims)


#: ``(model, images, validation images, bits) -> (N,)``; higher is more anomalous.
AnomalyScore = Callable[[ImageModel, ImageSplit, ImageSplit, ModelCache], Tensor]


def bits_score(model: ImageModel, images: ImageSplit, validation: ImageSplit, bits: ModelCache) -> Tensor:
    """Bits per dimension. Simple images have low values, whatever the model was trained on."""
    return bits(model, images)


def typicality(model: ImageModel, images: ImageSplit, validation: ImageSplit, bits: ModelCache) -> Tensor:
    """Absolute difference of the bits per dimension from their mean over validation images.

    Source:
        Nalisnick et al. (2019), "Detecting out-of-distribution inputs to deep generative models using typicality", for
        single images.
    """
    return (bits(model, images) - bits(model, validation).mean()).abs()


def bits_minus_png(model: ImageModel, images: ImageSplit, validation: ImageSplit, bits: ModelCache) -> Tensor:
    """Bits per dimension minus those of the image as a PNG file, which measure its complexity.

    Source:
        Serrà et al. (2020), "Input complexity and out-of-distribution detection with likelihood-based models".
    """
    return bits(model, images) - png_bits(images, levels=model.spec.levels)


def reconstruction_error(model: ImageModel, images: ImageSplit, validation: ImageSplit, bits: ModelCache) -> Tensor:
    """Mean squared error on [0, 1]; conditional models get the labels."""
    metric = SquaredError(model.spec.levels)
    metric.update(images.pixels, reconstruct_images(model, images))
    return metric.values()


def negated_logit(model: ImageModel, images: ImageSplit, validation: ImageSplit, bits: ModelCache) -> Tensor:
    """Minus the discriminator's logit; if it is conditional, minus the highest logit over all labels."""
    assert isinstance(model, TwoPlayer)
    scores = []
    with torch.inference_mode():
        for pixels, _ in SequentialBatches(images, batch_size=_BATCH):
            every_label: list[Tensor | None] = [None]
            if model.class_conditional:
                every_label = [torch.full((len(pixels),), label) for label in range(model.spec.num_classes)]
            scores.append(-torch.stack([model.score(pixels, labels) for labels in every_label]).amax(dim=0))
    return torch.cat(scores)


def png_bits(images: ImageSplit, *, levels: int) -> Tensor:
    """Size of each image as a PNG file in bits per dimension, ``(N,)``."""
    sizes = []
    for pixels in rescale_levels(images.pixels, levels):
        file = io.BytesIO()
        Image.fromarray(pixels.movedim(0, -1).squeeze(-1).numpy()).save(file, "PNG", optimize=True)
        sizes.append(8 * file.tell() / pixels.numel())
    return torch.tensor(sizes, dtype=torch.float64)


def available_scores(model: ImageModel) -> Mapping[str, AnomalyScore]:
    """The anomaly scores that a model can compute, by name."""
    scores: dict[str, AnomalyScore] = {}
    if has_density(model):
        scores |= {"bits": bits_score, "typicality": typicality, "png": bits_minus_png}
    if isinstance(model, Autoencoding) and not model.is_exact:
        scores["reconstruction"] = reconstruction_error
    if isinstance(model, TwoPlayer):
        scores["discriminator"] = negated_logit
    return scores


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


class AurocMeasure(Measure):
    """AUROC of an anomaly score for images of the model's data against another data set; 0.5 is chance.

    Args:
        score: one of the names of :func:`available_scores`.
        bits: of :func:`single_sample_bits`.
    """

    def __init__(self, score: str, *, bits: ModelCache) -> None:
        self.name = f"auroc[{score}]"
        self.score = score
        self.bits = bits

    @property
    def settings(self) -> dict[str, Any]:
        return {"max_images": _COUNT, "interval": "95 % by DeLong's variance"}

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if self.score not in available_scores(model):
            return f"{type(model).__name__} does not have this anomaly score"
        if data.name not in OUT_OF_DISTRIBUTION:
            return f"no out-of-distribution data set is known for {data.name}"
        if not {split, "validation"} <= {*data.split_names}:
            return f"needs {split} and validation images"
        try:
            find_dataset(OUT_OF_DISTRIBUTION[data.name])().split(split)
        except (ValueError, OSError) as error:
            return f"the out-of-distribution data set {OUT_OF_DISTRIBUTION[data.name]} is missing: {error}"
        return None

    def other_splits(self, data: ImageDataset, *, split: str) -> list[str]:
        return ["validation"]

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        other_name = OUT_OF_DISTRIBUTION[data.name]
        own, validation = (_first_images(data.split(name)) for name in (split, "validation"))
        out_of_distribution = _first_images(find_dataset(other_name)().split(split))
        score = available_scores(model)[self.score]
        area, low, high = auroc(
            *(score(model, images, validation, self.bits).double() for images in (own, out_of_distribution))
        )
        settings = self.settings | {"out_of_distribution": other_name}
        return Measurement(area, low, high, len(own) + len(out_of_distribution), settings)


def _first_images(images: ImageSplit) -> ImageSplit:
    return images.subset(torch.arange(min(_COUNT, len(images))))
