"""``genera score``."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import torch
from torch import Tensor

from genera.core import bits_per_dim, check_importance_samples, check_positive, check_seed, has_density
from genera.core.devices import choose_device
from genera.core.files import write_atomically
from genera.data import ImageDataset
from genera.evaluation import check_fits, log_probs
from genera.zoo import find_model


def score(
    model: str,
    *,
    data: ImageDataset | None = None,
    split: str = "test",
    count: int | None = None,
    importance_samples: int = 1,
    seed: int = 0,
    out: Path | None = None,
    device: str = "auto",
    allow: list[str] | None = None,
) -> None:
    """Write the likelihood of each image as CSV; higher bits per dimension mean a less probable image.

    Args:
        model: a run directory, or a name that `genera models` lists.
        data: data set; default: the one the model was trained on.
        split: train, validation or test.
        count: score only the first COUNT images.
        importance_samples: per image; more give a tighter bound and take longer.
        seed: of the importance samples.
        out: the CSV file to write; default: standard output.
        device: auto, cpu, cuda or mps; auto takes a GPU if there is one.
        allow: packages the model's config may name besides genera; only trusted ones.
    """
    if count is not None:
        check_positive(count=count)
    check_importance_samples(importance_samples=importance_samples)
    check_seed(seed)
    trained = find_model(model)
    loaded = trained.load(device=choose_device(device), allow=allow or ())
    if not has_density(loaded):
        raise ValueError(f"{type(loaded).__name__} has no likelihood to score images with")
    data = trained.data_or_own(data, split)
    check_fits(loaded.spec, data)
    images = data.split(split)
    if count is not None:
        images = images.first(count)
    log_prob = log_probs(loaded, images, num_importance_samples=importance_samples, seed=seed)
    bits = bits_per_dim(log_prob, loaded.spec.num_dims)
    mean = float(bits.double().mean())
    if not bool(torch.isfinite(bits).all()):
        raise ValueError(f"{int((~torch.isfinite(bits)).sum())} of {len(bits)} likelihoods of {model} are not finite")
    print(f"mean of {len(images)} {split} images of {data.name}: {mean:.4f} bits/dim", file=sys.stderr)
    text = _table(log_prob, bits, images.labels)
    if out is None:
        sys.stdout.write(text)
    else:
        write_atomically(out, text)
        print(out)


def _table(log_prob: Tensor, bits: Tensor, labels: Tensor | None) -> str:
    """CSV with a row per image."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["image", "label", "log_prob", "bits_per_dim"])
    label_column = [""] * len(bits) if labels is None else labels.tolist()
    for index, (label, nats, per_dim) in enumerate(zip(label_column, log_prob.tolist(), bits.tolist(), strict=True)):
        table.writerow([index, label, f"{nats:.4f}", f"{per_dim:.6f}"])
    return text.getvalue()
