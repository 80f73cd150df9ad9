"""Record the outputs of the shipped models and of three trainings, to compare them before and after a code change.

``python tools/record_outputs.py FILE`` writes a record; ``--against OLDER`` compares it bit by bit with an earlier one.
Numbers differ between processors and versions of torch, so make both records on one machine: check out the older commit
elsewhere and set ``PYTHONPATH`` to its ``src``. Needs MNIST and Fashion-MNIST in ``$GENERA_DATA``, which it reads
itself. Of Genera it uses only ``genera.load``, the methods of models and the command ``train``.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor
from tqdm import tqdm

import genera

COUNT = 8
#: Recipe and data set of every training: a flow, a VAE with sampled noise, a GAN with averaged weights.
TRAININGS = {"realnvp_digits": "digits", "vae": "mnist", "cgan_fm": "mnist"}
STEPS = 20
#: Columns of older records, and their current names.
RENAMED = {
    "discriminator/told_apart": "discriminator/accuracy",
    "discriminator/share_paid": "discriminator/relative_loss",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    folder = Path(genera.__file__).parent / "zoo" / "weights"
    names = sorted(path.parent.name for path in folder.glob("*/config.yaml"))
    record = {name: outputs(name) for name in tqdm(names, desc="models")}
    record |= {f"train {name}": losses(name, data) for name, data in tqdm(TRAININGS.items(), desc="trainings")}
    options.file.write_text(json.dumps(record, indent=1) + "\n")
    if options.against is None:
        return 0
    text = options.against.read_text()
    for before, after in RENAMED.items():
        text = text.replace(before, after)
    older = json.loads(text)
    differing = [
        f"{name}: {key}"
        for name in sorted(record.keys() | older.keys())
        for key in sorted(record.get(name, {}).keys() | older.get(name, {}).keys())
        if record.get(name, {}).get(key) != older.get(name, {}).get(key)
    ]
    print("\n".join(differing) or f"{sum(map(len, record.values()))} records are equal to the bit")
    return int(bool(differing))


def outputs(name: str) -> dict[str, Any]:
    """Log-probabilities, scores, losses, samples and reconstructions of a shipped model; pixels as digests."""
    model = genera.load(name)
    images, labels = first_images(name)
    results: dict[str, Any] = {}
    with torch.no_grad():
        if getattr(model, "has_density", False):
            results["log_prob"] = model.log_prob(images, labels, generator=noise()).tolist()
            results["log_prob@2"] = model.log_prob(images, labels, num_importance_samples=2, generator=noise()).tolist()
        if hasattr(model, "score"):
            results["score"] = model.score(images, labels).tolist()
        if hasattr(model, "loss"):
            results["loss"] = model.loss(images, labels, generator=noise()).total.tolist()
        if hasattr(model, "sample"):
            sampled = model.sample(COUNT, labels=labels if model.class_conditional else None, generator=noise())
            results["samples"] = digest(sampled)
        if hasattr(model, "reconstruct"):
            results["reconstructions"] = digest(model.reconstruct(images, labels))
    return results


def losses(recipe: str, data: str) -> dict[str, Any]:
    """Every logged loss of the first steps of a training, as text; on one thread, so that results are reproducible."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "genera.cli", "train", recipe, "--data", data, "--out", f"{folder}/run"]
        options = {"max_steps": STEPS, "log_every": 1, "validate_every": 0.04, "validation_images": 100}
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        subprocess.run([*command, *arguments], check=True, env=environment, capture_output=True)
        with (Path(folder) / "run" / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        weights = (Path(folder) / "run" / "model.safetensors").read_bytes()
    named = {f"step {row['step']} {name}": value for row in rows for name, value in row.items()}
    kept = {name: value for name, value in named.items() if value and "seconds" not in name}
    return {**kept, "weights": hashlib.sha256(weights).hexdigest()}


def first_images(name: str) -> tuple[Tensor, Tensor]:
    """The first images of the data that a model was trained on, and their labels."""
    if name.endswith("digits"):
        digits = load_digits()
        pixels, labels = digits.images[:COUNT, None].astype(np.uint8), digits.target[:COUNT]
    else:
        data = "fashion-mnist" if name.endswith("fashion-mnist") else "mnist"
        root = Path(os.environ["GENERA_DATA"]) / data
        pixels = np.frombuffer(idx(root, "t10k-images-idx3-ubyte"), np.uint8, COUNT * 784, 16).reshape(COUNT, 1, 28, 28)
        labels = np.frombuffer(idx(root, "t10k-labels-idx1-ubyte"), np.uint8, COUNT, 8)
    return torch.from_numpy(pixels.copy()), torch.from_numpy(labels.astype(np.int64))


def idx(root: Path, stem: str) -> bytes:
    return gzip.decompress((root / f"{stem}.gz").read_bytes())


def noise() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def digest(pixels: Tensor) -> str:
    return hashlib.sha256(pixels.contiguous().numpy().tobytes()).hexdigest()


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main())
