"""``genera score``."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from genera.commands.calling import call
from genera.core import Density, bits_per_dim
from genera.core.files import write_whole
from genera.data import ImageData, InOrder
from genera.evaluation import check_fits
from genera.zoo import find_model


def score(
    model: str,
    *,
    data: ImageData | None = None,
    split: str = "test",
    count: int | None = None,
    importance_samples: int = 1,
    seed: int = 0,
    out: Path | None = None,
    allow: list[str] | None = None,
) -> None:
    """Write the likelihood of every image as CSV: the higher its bits per dimension, the odder the image.

    Args:
        model: a run directory, or a name that `genera models` lists.
        data: data set to use; the one the model was trained on where omitted.
        split: train, validation or test.
        count: only the first so many images.
        importance_samples: draws per image; more make the bound tighter and take longer.
        seed: of the draws.
        out: the CSV file; the terminal where omitted.
        allow: packages the model's config may name besides ours; only those you trust.
    """
    trained = find_model(model)
    loaded = trained.load(allow=allow or ())
    if not isinstance(loaded, Density):
        raise ValueError(f"{type(loaded).__name__} has no likelihood to score images with")
    data = data or trained.open_data()
    check_fits(loaded.spec, data)
    images = data.split(split)
    if count is not None:
        images = images.subset(torch.arange(min(count, len(images))))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["image", "label", "log_prob", "bits_per_dim"])
    index = 0
    total = 0.0
    for batch, (pixels, labels) in enumerate(tqdm(InOrder(images, batch_size=100), desc="scoring")):
        generator = torch.Generator().manual_seed(seed + batch)
        with torch.inference_mode():
            log_prob = loaded.log_prob(pixels, labels, num_importance_samples=importance_samples, generator=generator)
        bits = bits_per_dim(log_prob, loaded.spec.num_dims)
        for position in range(len(pixels)):
            label = "" if labels is None else int(labels[position])
            table.writerow([index, label, f"{float(log_prob[position]):.4f}", f"{float(bits[position]):.6f}"])
            index += 1
        total += float(bits.double().sum())
    print(f"mean of {index} {split} images of {data.name}: {total / index:.4f} bits/dim", file=sys.stderr)
    if out is None:
        sys.stdout.write(text.getvalue())
    else:
        write_whole(out, text.getvalue())
        print(out)


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(score, arguments)
