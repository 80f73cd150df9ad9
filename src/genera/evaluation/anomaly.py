"""How odd an image is to a model, and whether images of other data are odder."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from typing import Any

import scipy.stats
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from genera.core import Autoencoding, ImageModel, TwoPlayer, bits_per_dim, has_density
from genera.data import ImageDataset, ImageSplit, SequentialBatches, find_dataset
from genera.evaluation.likelihood import log_probs
from genera.evaluation.measures import Measure, Measurement
from genera.evaluation.metrics import SquaredError

#: Images of the model's own data, and as many of others; and validation images that typicality takes its mean of.
_COUNT = 1000
_BATCH = 250
#: What other images are put beside those of a data set.
OUT_OF_DISTRIBUTION = {"mnist": "fashion-mnist", "fashion-mnist": "mnist", "kmnist": "mnist"}


class Bits:
    """Bits per dimension of images, of one importance sample; those of one model at a time are kept."""

    def __init__(self) -> None:
        self._model: object = None
        self._found: dict[str, Tensor] = {}

    def __call__(self, model: ImageModel, images: ImageSplit) -> Tensor:
        """``(N,)``."""
        assert has_density(model)
        if model is not self._model:
            self._model, self._found = model, {}
        if images.digest not in self._found:
            self._found[images.digest] = bits_per_dim(log_probs(model, images), model.spec.num_dims)
        return self._found[images.digest]


#: Of a model, images ``(N, C, H, W)``, validation images and what finds bits: ``(N,)``, higher is odder.
Score = Callable[[ImageModel, ImageSplit, ImageSplit, Bits], Tensor]


def likelihood(model: ImageModel, images: ImageSplit, in_distribution: ImageSplit, bits: Bits) -> Tensor:
    """Bits per dimension. Simple images have few of them, whatever the model was shown."""
    return bits(model, images)


def typicality(model: ImageModel, images: ImageSplit, in_distribution: ImageSplit, bits: Bits) -> Tensor:
    """How far the bits per dimension are from the mean of validation images, on either side.

    Source:
        Nalisnick et al. (2019), "Detecting out-of-distribution inputs to deep generative models using typicality", for
        single images.
    """
    return (bits(model, images) - bits(model, in_distribution).mean()).abs()


def bits_beyond_png(model: ImageModel, images: ImageSplit, in_distribution: ImageSplit, bits: Bits) -> Tensor:
    """Bits per dimension less those of a PNG file of the image, which stand for how complex it is.

    Source:
        Serrà et al. (2020), "Input complexity and out-of-distribution detection with likelihood-based models".
    """
    return bits(model, images) - png_bits(images, levels=model.spec.levels)


def reconstruction_error(model: ImageModel, images: ImageSplit, in_distribution: ImageSplit, bits: Bits) -> Tensor:
    """Mean squared error on [0, 1]; conditional models are told the labels."""
    assert isinstance(model, Autoencoding)
    metric = SquaredError(model.spec.levels)
    with torch.inference_mode():
        for pixels, labels in tqdm(SequentialBatches(images, batch_size=_BATCH), desc="reconstructions", leave=False):
            metric.update(pixels, model.reconstruct(pixels, labels))
    return metric.values()


def negated_score(model: ImageModel, images: ImageSplit, in_distribution: ImageSplit, bits: Bits) -> Tensor:
    """Minus the discriminator's logit; of a conditional one, with the label that suits it best."""
    assert isinstance(model, TwoPlayer)
    found = []
    with torch.inference_mode():
        for pixels, _ in SequentialBatches(images, batch_size=_BATCH):
            every_label: list[Tensor | None] = [None]
            if model.class_conditional:
                every_label = [torch.full((len(pixels),), label) for label in range(model.spec.num_classes)]
            found.append(-torch.stack([model.score(pixels, labels) for labels in every_label]).amax(dim=0))
    return torch.cat(found)


def png_bits(images: ImageSplit, *, levels: int) -> Tensor:
    """The size of every image as a PNG file, in bits per dimension: ``(N,)``."""
    sizes = []
    for pixels in images.pixels * (255 // (levels - 1)):
        file = io.BytesIO()
        Image.fromarray(pixels.movedim(0, -1).squeeze(-1).numpy()).save(file, "PNG", optimize=True)
        sizes.append(8 * file.tell() / pixels.numel())
    return torch.tensor(sizes, dtype=torch.float64)


def scores_of(model: ImageModel) -> Mapping[str, Score]:
    """The scores that a model has, by name."""
    found: dict[str, Score] = {}
    if has_density(model):
        found |= {"bits": likelihood, "typicality": typicality, "png": bits_beyond_png}
    if isinstance(model, Autoencoding) and not model.is_exact:
        found["reconstruction"] = reconstruction_error
    if isinstance(model, TwoPlayer):
        found["discriminator"] = negated_score
    return found


def auroc(in_distribution: Tensor, out_of_distribution: Tensor) -> tuple[float, float, float]:
    """The probability that an odd image scores higher than a usual one, ties counted half, with its 95 % interval.

    Args:
        usual: ``(N,)`` scores, at least two.
        odd: ``(M,)`` scores, at least two.

    Returns:
        The area under the curve of the receiver operating characteristic, and both ends.

    Source:
        DeLong, DeLong & Clarke-Pearson (1988) for its variance.
    """
    ranks = torch.from_numpy(scipy.stats.rankdata(torch.cat([in_distribution, out_of_distribution]).numpy()))
    within = [torch.from_numpy(scipy.stats.rankdata(side.numpy())) for side in (in_distribution, out_of_distribution)]
    # Of every image the share of the other side that is less odd: the area is the mean over either side.
    below_in = (ranks[: len(in_distribution)] - within[0]) / len(out_of_distribution)
    below_out = (ranks[len(in_distribution) :] - within[1]) / len(in_distribution)
    area = float(below_out.mean())
    error = math.sqrt(float(below_in.var() / len(in_distribution) + below_out.var() / len(out_of_distribution)))
    margin = float(scipy.stats.norm.ppf(0.975)) * error
    return area, max(area - margin, 0.0), min(area + margin, 1.0)


class AurocMeasure(Measure):
    """How well a score tells images of other data from those of the model's own, as :func:`auroc`; 0.5 is chance.

    Args:
        score: one of the names of :func:`scores_of`.
        bits: finds them, once for all measures that share it.
    """

    def __init__(self, score: str, *, bits: Bits) -> None:
        self.score = score
        self.bits = bits

    @property
    def name(self) -> str:
        return f"auroc[{self.score}]"

    @property
    def settings(self) -> dict[str, Any]:
        return {"max_images": _COUNT, "interval": "95 % by DeLong's variance"}

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if self.score not in scores_of(model):
            return f"{type(model).__name__} gives images no such score"
        if data.name not in OUT_OF_DISTRIBUTION:
            return f"no other data are known to put beside {data.name}"
        if not {split, "validation"} <= {*data.split_names}:
            return f"it takes {split} and validation images"
        try:
            find_dataset(OUT_OF_DISTRIBUTION[data.name])().split(split)
        except (ValueError, OSError) as error:
            return f"{OUT_OF_DISTRIBUTION[data.name]}, to put beside, is missing: {error}"
        return None

    def other_splits(self, data: ImageDataset, *, split: str) -> list[str]:
        return ["validation"]

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        other_name = OUT_OF_DISTRIBUTION[data.name]
        own, validation = (_first(data.split(name)) for name in (split, "validation"))
        out_of_distribution = _first(find_dataset(other_name)().split(split))
        score = scores_of(model)[self.score]
        area, low, high = auroc(
            *(score(model, images, validation, self.bits).double() for images in (own, out_of_distribution))
        )
        settings = self.settings | {"odd_data": other_name}
        return Measurement(area, low, high, len(own) + len(out_of_distribution), settings)


def _first(images: ImageSplit) -> ImageSplit:
    return images.subset(torch.arange(min(_COUNT, len(images))))
