"""Which measure of sets notices which failure: ``python studies/audit.py``, minutes on two cores.

The draws of a perfect model are images of the validation split, put beside the test images. Failures are planted in
them at growing strengths. A measure notices one where its figure lies further from its mean over intact sets than four
of their standard deviations. Needs MNIST in ``$GENERA_DATA``; writes ``studies/audit``.
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
from genera.evaluation.memorisation import share_nearer
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
COUNT, NUM_INTACT, FAR = 5_000, 8, 4.0
MNIST = find_dataset("mnist")
SPACES = {"lenet": lambda seen: seen.features, "random": lambda seen: seen.random_features}

#: Of images and their labels, training images, a strength and a generator: images of which some are not right.
Failure = Callable[[ImageSplit, ImageSplit, float, torch.Generator], Tensor]


def dropped(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """A share of the fours become other images."""
    return _replaced(images, images.labels == 4, images.pixels[images.labels != 4], share, generator)


def doubled(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """There are more ones, by a share of how many there were, in the place of others."""
    ones = images.labels == 1
    others = int(share * int(ones.sum())) / int((~ones).sum())
    return _replaced(images, ~ones, images.pixels[ones], others, generator)


def blurred(images: ImageSplit, train: ImageSplit, width: float, generator: torch.Generator) -> Tensor:
    """Under a Gaussian of this standard deviation, in pixels."""
    return torch.from_numpy(scipy.ndimage.gaussian_filter(images.pixels.numpy(), (0, 0, width, width)))


def noisy(images: ImageSplit, train: ImageSplit, levels: float, generator: torch.Generator) -> Tensor:
    """Gaussian noise of this standard deviation on every pixel."""
    noise = levels * torch.randn(images.pixels.shape, generator=generator)
    return (images.pixels + noise).round().clamp(0, 255).to(torch.uint8)


def copied(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """A share of them are training images."""
    return _replaced(images, torch.ones(len(images), dtype=torch.bool), train.pixels, share, generator)


def nearly_copied(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """A share of them are training images, a pixel to the right."""
    return _replaced(images, torch.ones(len(images), dtype=torch.bool), train.pixels.roll(1, dims=3), share, generator)


def repeated(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """A share of them repeat the others, so that few are left where it is near 1."""
    distinct = max(1, round((1 - share) * len(images)))
    return images.pixels[torch.arange(len(images)) % distinct]


def faded(images: ImageSplit, train: ImageSplit, share: float, generator: torch.Generator) -> Tensor:
    """A share of the contrast is gone."""
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
    """A share of some of the images, drawn at random, become others drawn at random."""
    places = which.nonzero()[:, 0]
    places = places[torch.randperm(len(places), generator=generator)][: round(share * len(places))]
    pixels = images.pixels.clone()
    pixels[places] = by[torch.randint(len(by), (len(places),), generator=generator)]
    return pixels


def figures(drawn: ImageFeatures, real: ImageFeatures, train: Tensor) -> dict[str, float]:
    """What every measure of sets makes of draws."""
    found = {
        "modes": modes(drawn, real),
        "class_kl": class_kl(drawn, real),
        "diversity": dissimilarity(drawn, real),
        "sharpness": relative_sharpness(drawn, real),
        "memorisation": share_nearer(drawn.images.pixels, train, real.images.pixels),
    }
    for name, space in SPACES.items():
        found[f"fd[{name}]"] = frechet_distance(drawn, real, space=space)
        found[f"kid[{name}]"] = kernel_distance(drawn, real, space=space)
        found |= {f"{part}[{name}]": value for part, value in neighbourhood(drawn, real, space=space)._asdict().items()}
        found[f"diversity[{name}]"] = feature_distance(drawn, real, space=space)
    return {name: float(value) for name, value in found.items()}


def sets(validation: ImageSplit, train: ImageSplit) -> Iterator[tuple[str, float, Tensor]]:
    """Intact sets and planted ones: the name of the failure, its strength, the images."""
    for seed in range(NUM_INTACT):
        yield "intact", float(seed), subset(validation, seed).pixels
    base = subset(validation, NUM_INTACT)
    for name, (plant, strengths) in FAILURES.items():
        for strength in strengths:
            yield name, strength, plant(base, train, strength, torch.Generator().manual_seed(0))


def subset(images: ImageSplit, seed: int) -> ImageSplit:
    """So many of them, at random."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    return images.subset(order[:COUNT])


def measured() -> list[dict]:
    """All figures of all sets."""
    data = MNIST()
    samples = Samples(classifier_of(data.name))
    seen = partial(ImageFeatures, spec=data.spec, classifier=samples.classifier)
    real = seen(data.split("test").subset(torch.arange(COUNT)))
    train = subset(data.split("train"), 0)
    every_set = list(sets(data.split("validation"), train))
    return [
        {"failure": name, "strength": strength, "figures": figures(seen(ImageSplit(pixels)), real, train.pixels)}
        for name, strength, pixels in tqdm(every_set, desc="sets")
    ]


def deviations(found: list[dict]) -> tuple[list[str], dict[tuple[str, float], np.ndarray]]:
    """Names of the measures, and of every planted set how many standard deviations each is away."""
    names = list(found[0]["figures"])
    values = {(one["failure"], one["strength"]): np.array([one["figures"][name] for name in names]) for one in found}
    intact = np.array([value for (failure, _), value in values.items() if failure == "intact"])
    # A figure that never differs, as the number of classes, is away as soon as it does.
    spread = np.maximum(intact.std(axis=0, ddof=1), 1e-6 * np.abs(intact.mean(axis=0)) + 1e-12)
    planted = {key: (value - intact.mean(axis=0)) / spread for key, value in values.items() if key[0] != "intact"}
    return names, planted


def table(found: list[dict]) -> str:
    """By measure and failure the least strength from which on it is noticed."""
    names, planted = deviations(found)
    lines = [f"| measure | {' | '.join(FAILURES)} |", f"|{'---|' * (len(FAILURES) + 1)}"]
    for index, name in enumerate(names):
        cells = []
        for failure, (_, strengths) in FAILURES.items():
            away = [abs(planted[failure, strength][index]) > FAR for strength in strengths]
            # Noticed by chance at a low strength and not at higher ones counts for nothing.
            first = next((place for place in range(len(away)) if all(away[place:])), None)
            cells.append("–" if first is None else f"{strengths[first]:g}")
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def figure(found: list[dict]) -> Figure:
    """How far every measure is away at every strength of every failure."""
    names, planted = deviations(found)
    away = np.abs(np.array(list(planted.values())))
    drawn = Figure(figsize=(11, 9))
    axes = drawn.add_subplot()
    image = axes.imshow(np.log10(np.clip(away, 1, 1000)), cmap="cividis", aspect="auto", vmin=0, vmax=3)
    rows = [f"{failure} {strength:g}" for failure, strength in planted]
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    axes.set_xticks(range(len(names)), names, fontsize=8, rotation=60, ha="right")
    axes.grid(False)
    for row, column in np.argwhere(away > FAR):
        axes.plot(column, row, ".", color="white", markersize=3)
    bar = drawn.colorbar(image, ax=axes, ticks=[0, 1, 2, 3], shrink=0.5)
    bar.ax.set_yticklabels(["1", "10", "100", "1000"])
    bar.set_label("standard deviations of intact sets")
    return drawn


def main() -> None:
    """Measure, and write the figures, the table and the picture."""
    found = measured()
    write_atomically(FOLDER / "figures.json", json.dumps(found, indent=1) + "\n")
    write_atomically(FOLDER / "table.md", table(found))
    with style():
        for path in save_figure(figure(found), FOLDER / "noticed"):
            print(path)


if __name__ == "__main__":
    main()
