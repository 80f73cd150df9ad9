"""Which set measure detects which failure: ``python studies/audit.py`` takes minutes on two cores.

Images of the validation split represent the samples of a perfect model, and are compared with the test images. Failures
are planted in them with increasing strength. A measure detects a failure if its value is more than four standard
deviations from its mean over intact sets. Needs MNIST in ``$GENERA_DATA``; writes into ``studies/audit``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import scipy.ndimage
import torch
from matplotlib.figure import Figure
from torch import Tensor
from tqdm import tqdm

from genera.core.files import write_atomically
from genera.data import ImageSplit, find_dataset
from genera.evaluation.memorisation import share_nearer_to_train
from genera.evaluation.samples import ImageFeatures, Samples, classifier_of
from genera.evaluation.set_metrics import (
    class_kl,
    dissimilarity,
    feature_distance,
    frechet_distance,
    kernel_distance,
    modes,
    neighbourhood,
    relative_sharpness,
)
from genera.reporting.style import save_figure, style

FOLDER = Path(__file__).parent / "audit"
COUNT, NUM_INTACT, DETECTION_THRESHOLD = 5_000, 8, 4.0
MNIST = find_dataset("mnist")
SPACES = {"lenet": lambda images: images.features, "random": lambda images: images.random_features}

#: From images with labels, training images, a strength and a generator to images with a failure.
Failure = Callable[[ImageSplit, ImageSplit, float, torch.Generator], Tensor]


def dropped(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """Replace a share of the fours by other images."""
    return _replaced(images, images.labels == 4, images.pixels[images.labels != 4], share, generator)


def doubled(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """Increase the number of ones by a share of it, replacing other images."""
    ones = images.labels == 1
    others = int(share * int(ones.sum())) / int((~ones).sum())
    return _replaced(images, ~ones, images.pixels[ones], others, generator)


def blurred(images: ImageSplit, train: ImageSplit, width: float, generator: torch.Generator) -> Tensor:
    """Blur with a Gaussian of this standard deviation, in pixels."""
    return torch.from_numpy(scipy.ndimage.gaussian_filter(images.pixels.numpy(), (0, 0, width, width)))


def noisy(images: ImageSplit, train: ImageSplit, levels: float, generator: torch.Generator) -> Tensor:
    """Add Gaussian noise of this standard deviation to every pixel."""
    noise = levels * torch.randn(images.pixels.shape, generator=generator)
    return (images.pixels + noise).round().clamp(0, 255).to(torch.uint8)


def copied(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """Replace a share of the images by training images."""
    return _replaced(images, torch.ones(len(images), dtype=torch.bool), train.pixels, share, generator)


def nearly_copied(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """Replace a share of the images by training images, shifted a pixel to the right."""
    return _replaced(images, torch.ones(len(images), dtype=torch.bool), train.pixels.roll(1, dims=3), share, generator)


def repeated(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """Replace a share of the images by repetitions of the others."""
    distinct = max(1, round((1 - share) * len(images)))
    return images.pixels[torch.arange(len(images)) % distinct]


def faded(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """Reduce the contrast by a share."""
    return (images.pixels * (1 - share)).round().to(torch.uint8)


FAILURES: dict[str, tuple[Failure, tuple[float, ...]]] = {
    "a class dropped, share": (dropped, (0.25, 0.5, 0.75, 1.0)),
    "a class more often, by": (doubled, (0.1, 0.25, 0.5, 1.0)),
    "blur, pixels": (blurred, (0.3, 0.4, 0.6, 1.0)),
    "noise, levels": (noisy, (2.0, 8.0, 16.0, 32.0)),
    "copies of training images, share": (copied, (0.02, 0.1, 0.25, 0.5)),
    "near-copies, share": (nearly_copied, (0.02, 0.1, 0.25, 0.5)),
    "repeats, share": (repeated, (0.5, 0.9, 0.98, 0.998)),
    "less contrast, share": (faded, (0.05, 0.1, 0.2, 0.4)),
}


def _replaced(images: ImageSplit, which: Tensor, by: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Replace a random share of the images ``which`` by random ones of ``by``."""
    indices = which.nonzero()[:, 0]
    indices = indices[torch.randperm(len(indices), generator=generator)][: round(share * len(indices))]
    pixels = images.pixels.clone()
    pixels[indices] = by[torch.randint(len(by), (len(indices),), generator=generator)]
    return pixels


def set_measures(samples: ImageFeatures, real: ImageFeatures, train: Tensor) -> dict[str, float]:
    """The values of all set measures for samples."""
    values = {
        "modes": modes(samples, real),
        "class_kl": class_kl(samples, real),
        "diversity": dissimilarity(samples, real),
        "sharpness": relative_sharpness(samples, real),
        "memorisation": share_nearer_to_train(samples.images.pixels, train, real.images.pixels),
    }
    for name, space in SPACES.items():
        values[f"fd[{name}]"] = frechet_distance(samples, real, space=space)
        values[f"kid[{name}]"] = kernel_distance(samples, real, space=space)
        parts = neighbourhood(samples, real, space=space)._asdict()
        values |= {f"{part}[{name}]": value for part, value in parts.items()}
        values[f"diversity[{name}]"] = feature_distance(samples, real, space=space)
    return {name: float(value) for name, value in values.items()}


def sets(validation: ImageSplit, train: ImageSplit) -> Iterator[tuple[str, float, Tensor]]:
    """Yield intact sets and sets with a failure: the name of the failure, its strength, the images."""
    for seed in range(NUM_INTACT):
        yield "intact", float(seed), subset(validation, seed).pixels
    base = subset(validation, NUM_INTACT)
    for name, (plant, strengths) in FAILURES.items():
        for strength in strengths:
            yield name, strength, plant(base, train, strength, torch.Generator().manual_seed(0))


def subset(images: ImageSplit, seed: int) -> ImageSplit:
    """A random subset of ``COUNT`` images."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    return images.subset(order[:COUNT])


def measure_sets() -> list[dict]:
    """The values of all measures for all sets."""
    data = MNIST()
    features = partial(ImageFeatures, spec=data.spec, samples=Samples(classifier_of(data.name)))
    real = features(data.split("test").first(COUNT))
    train = subset(data.split("train"), 0)
    every_set = list(sets(data.split("validation"), train))
    return [
        {
            "failure": name,
            "strength": strength,
            "values": set_measures(features(ImageSplit(pixels)), real, train.pixels),
        }
        for name, strength, pixels in tqdm(every_set, desc="sets")
    ]


def deviations(results: list[dict]) -> tuple[list[str], dict[tuple[str, float], np.ndarray]]:
    """Names of the measures, and their deviations from intact sets in standard deviations, for every failing set."""
    names = list(results[0]["values"])
    values = {(one["failure"], one["strength"]): np.array([one["values"][name] for name in names]) for one in results}
    intact = np.array([value for (failure, _), value in values.items() if failure == "intact"])
    # Any change of a value that is constant over intact sets, such as the number of classes, is detected.
    spread = np.maximum(intact.std(axis=0, ddof=1), 1e-6 * np.abs(intact.mean(axis=0)) + 1e-12)
    planted = {key: (value - intact.mean(axis=0)) / spread for key, value in values.items() if key[0] != "intact"}
    return names, planted


def table(results: list[dict]) -> str:
    """The lowest strength from which on each measure detects each failure."""
    names, planted = deviations(results)
    lines = [f"| measure | {' | '.join(FAILURES)} |", f"|{'---|' * (len(FAILURES) + 1)}"]
    for index, name in enumerate(names):
        cells = []
        for failure, (_, strengths) in FAILURES.items():
            detected = [abs(planted[failure, strength][index]) > DETECTION_THRESHOLD for strength in strengths]
            # Detection at a low strength by chance, but not at higher ones, does not count.
            first = next((start for start in range(len(detected)) if all(detected[start:])), None)
            cells.append("–" if first is None else f"{strengths[first]:g}")
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def deviation_figure(results: list[dict]) -> Figure:
    """The deviation of every measure at every strength of every failure."""
    names, planted = deviations(results)
    distances = np.abs(np.array(list(planted.values())))
    figure = Figure(figsize=(11, 9))
    axes = figure.add_subplot()
    image = axes.imshow(np.log10(np.clip(distances, 1, 1000)), cmap="cividis", aspect="auto", vmin=0, vmax=3)
    rows = [f"{failure} {strength:g}" for failure, strength in planted]
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    axes.set_xticks(range(len(names)), names, fontsize=8, rotation=60, ha="right")
    axes.grid(False)
    for row, column in np.argwhere(distances > DETECTION_THRESHOLD):
        axes.plot(column, row, ".", color="white", markersize=3)
    bar = figure.colorbar(image, ax=axes, ticks=[0, 1, 2, 3], shrink=0.5)
    bar.ax.set_yticklabels(["1", "10", "100", "1000"])
    bar.set_label("standard deviations of intact sets")
    return figure


def main() -> None:
    """Measure, and write the values, the table and the figure."""
    results = measure_sets()
    write_atomically(FOLDER / "values.json", json.dumps(results, indent=1) + "\n")
    write_atomically(FOLDER / "table.md", table(results))
    with style():
        for path in save_figure(deviation_figure(results), FOLDER / "detected"):
            print(path)


if __name__ == "__main__":
    main()
