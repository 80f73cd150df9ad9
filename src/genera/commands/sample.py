"""``genera sample``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from genera.commands.typed_command import call
from genera.core import check_seed, check_temperature
from genera.data.image_grid import ImageGrid, check_image_count, check_is_png, save_picture
from genera.evaluation import sample_batches
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
        count: how many images, at most 10,000.
        out: the picture, a PNG.
        labels: classes to draw, one per image or repeated in turn, such as [0,1,2]; for conditional models.
        temperature: below 1 draws nearer to what the model finds most likely; between 0 and 100.
        seed: of the noise, at least 0; the same seed draws the same images.
        allow: packages the model's config may name besides ours; only those you trust.
    """
    check_image_count(count)
    check_temperature(temperature)
    check_seed(seed)
    check_is_png(out)
    trained = find_model(model)
    loaded = trained.load(allow=allow or ())
    wanted = None
    if labels is not None:
        if not labels or not all(0 <= label < loaded.spec.num_classes for label in labels):
            raise ValueError(f"labels must be among the {loaded.spec.num_classes} classes from 0 on, got {labels}")
        wanted = torch.tensor(labels).repeat(-(-count // len(labels)))[:count]
    batches = sample_batches(loaded, count, labels=wanted, temperature=temperature, seed=seed)
    grid = ImageGrid(count, loaded.spec.shape, levels=loaded.spec.levels)
    for batch in batches:
        grid.add(batch)
    save_picture(grid.picture(), out)
    print(out)


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(sample, arguments)
