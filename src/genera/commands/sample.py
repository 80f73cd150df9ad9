"""``genera sample``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from genera.commands.typed_command import call
from genera.core import check_seed, check_temperature
from genera.core.devices import choose_device
from genera.data.image_grid import check_image_count, check_is_png
from genera.evaluation import SampledImages, sample_images
from genera.zoo import find_model


def sample(
    model: str | Path,
    *,
    count: int = 64,
    out: Path | str | None = None,
    labels: list[int] | None = None,
    temperature: float = 1.0,
    seed: int = 0,
    device: str = "auto",
    allow: list[str] | None = None,
) -> SampledImages:
    """Sample images from a trained model, into one picture.

    Args:
        model: a run directory, or a name that `genera models` lists.
        count: number of images, at most 10,000.
        out: the PNG file to write.
        labels: class of each image, such as [0,1,2]; repeated if there are fewer labels than images; for conditional
            models.
        temperature: values below 1 sample more probable images; between 0 and 100.
        seed: random seed, at least 0; the same seed gives the same images.
        device: auto, cpu, cuda or mps; auto takes a GPU if there is one.
        allow: packages the model's config may name besides genera; only trusted ones.

    Returns:
        The images; a notebook shows them as a picture.

    Raises:
        ValueError: there is no such model, it cannot sample, or an argument is out of range.

    Example:
        >>> import genera
        >>> genera.sample("realnvp-digits", count=5).pixels.shape
        torch.Size([5, 1, 8, 8])
    """
    check_image_count(count)
    check_temperature(temperature)
    check_seed(seed)
    path = None if out is None else Path(out)
    if path is not None:
        check_is_png(path)
    loaded = find_model(str(model)).load(device=choose_device(device), allow=allow or ())
    all_labels = None
    if labels is not None:
        if not (num_classes := loaded.spec.num_classes):
            raise ValueError("the model was trained on images without classes: omit the labels")
        if not labels or not all(0 <= label < num_classes for label in labels):
            raise ValueError(f"labels must be between 0 and {num_classes - 1}, at least one, got {labels}")
        all_labels = torch.tensor(labels).repeat(-(-count // len(labels)))[:count]
    pixels = sample_images(loaded, count, labels=all_labels, temperature=temperature, seed=seed)
    samples = SampledImages(pixels, all_labels, levels=loaded.spec.levels, path=path)
    if path is not None:
        samples.save(path)
    return samples


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    print(call(sample, arguments, defaults={"out": Path("samples.png")}).path)
