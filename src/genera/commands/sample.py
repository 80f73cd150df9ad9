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
    """Sample images from a trained model into one picture.

    Args:
        model: a run directory, or a name that `genera models` lists.
        count: number of images, at most 10,000.
        out: the PNG file to write.
        labels: class of each image, such as [0,1,2]; repeated if there are fewer labels than images; for conditional
            models.
        temperature: values below 1 sample more probable images; between 0 and 100.
        seed: random seed, at least 0; the same seed gives the same images.
        allow: packages the model's config may name besides genera; only trusted ones.
    """
    check_image_count(count)
    check_temperature(temperature)
    check_seed(seed)
    check_is_png(out)
    trained = find_model(model)
    loaded = trained.load(allow=allow or ())
    all_labels = None
    if labels is not None:
        if not labels or not all(0 <= label < loaded.spec.num_classes for label in labels):
            raise ValueError(f"labels must be between 0 and {loaded.spec.num_classes - 1}, at least one, got {labels}")
        all_labels = torch.tensor(labels).repeat(-(-count // len(labels)))[:count]
    batches = sample_batches(loaded, count, labels=all_labels, temperature=temperature, seed=seed)
    grid = ImageGrid(count, loaded.spec.shape, levels=loaded.spec.levels)
    for batch in batches:
        grid.add(batch)
    save_picture(grid.picture(), out)
    print(out)


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(sample, arguments)
