"""``genera sample``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from genera.commands.calling import call
from genera.core import check_positive
from genera.data.pictures import check_is_png, image_grid, save_picture
from genera.evaluation import draw
from genera.zoo import find_model


def sample(
    model: str,
    *,
    count: int = 64,
    out: Path = Path("samples.png"),
    labels: list[int] | None = None,
    temperature: float = 1.0,
    seed: int = 0,
    allow: list[str] | None = None,
) -> None:
    """Draw images from a trained model into one picture.

    Args:
        model: a run directory, or a name that `genera models` lists.
        count: how many images.
        out: the picture, a PNG.
        labels: classes to draw, one per image or repeated in turn, such as [0,1,2]; for conditional models.
        temperature: below 1 draws nearer to what the model finds most likely.
        seed: of the noise; the same seed draws the same images.
        allow: packages the model's config may name besides ours; only those you trust.
    """
    check_positive(count=count)
    check_is_png(out)
    trained = find_model(model)
    loaded = trained.load(allow=allow or ())
    wanted = None
    if labels:
        if not all(0 <= label < loaded.spec.num_classes for label in labels):
            raise ValueError(f"labels must be among the {loaded.spec.num_classes} classes from 0 on, got {labels}")
        wanted = torch.tensor(labels).repeat(-(-count // len(labels)))[:count]
    images = draw(loaded, count, labels=wanted, temperature=temperature, seed=seed)
    save_picture(image_grid(images, levels=loaded.spec.levels), out)
    print(out)


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(sample, arguments)
