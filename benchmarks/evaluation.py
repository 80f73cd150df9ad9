"""How fast sets of images are measured, beside the packages that people take for it.

Run with ``python benchmarks/evaluation.py``. Features are random vectors, the same for both sides, which take turns,
and the median turn counts. ``prdc`` holds all distances at once: of 10,000 images of either kind several times 0.8 GB.
With ``--model NAME`` a model of the zoo is measured in full instead, from nothing, which takes minutes and its data.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from common import medians, positive, random_images, threads
from prdc import compute_prdc
from torch import Tensor
from torchmetrics.image.fid import _compute_fid

from genera.data import ImageSplit
from genera.evaluation import classifier_of, default_measures, evaluate
from genera.evaluation.metrics import FrechetDistance, Neighbourhoods
from genera.evaluation.samples import ImageFeatures, Samples
from genera.zoo import find_model


def our_distance(drawn: Tensor, real: Tensor) -> Tensor:
    metric = FrechetDistance(drawn.shape[1])
    metric.update(drawn, real=False)
    metric.update(real, real=True)
    return metric.compute()


def their_distance(drawn: Tensor, real: Tensor) -> Tensor:
    moments = [moment for x in (real.double(), drawn.double()) for moment in (x.mean(dim=0), x.T.cov())]
    # What its metric does with the sums that it has of features.
    return _compute_fid(*moments)


def our_neighbourhoods(drawn: Tensor, real: Tensor) -> None:
    metric = Neighbourhoods(drawn.shape[1])
    metric.update(drawn, real=False)
    metric.update(real, real=True)
    metric.compute()


def their_neighbourhoods(drawn: Tensor, real: Tensor) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        compute_prdc(real.numpy(), drawn.numpy(), nearest_k=5)


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_memory() -> str:
    """The most memory that this process has held so far, libraries and all."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # In bytes on macOS, in units of 1,024 of them on Linux.
    return f"{peak * (1 if sys.platform == 'darwin' else 1024) / 1e6:,.0f} MB"


def whole_evaluation(name: str) -> None:
    """Print how long all measures of a model of the zoo take together, where none was taken before."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / name
        shutil.copytree(find_model(name).run.path, copy, ignore=shutil.ignore_patterns("evaluation.json"))
        trained = find_model(str(copy))
        data = trained.open_data()
        measures = list(default_measures(classifier_of(data.name)).values())
        minutes = timed(partial(evaluate, trained, data, measures)) / 60
    print(f"{name} in full, {threads()}: {minutes:.1f} min, at most {peak_memory()} of memory")


def main() -> None:
    """Print seconds of either side and how many times as fast ours is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each side that count (default: 3)")
    parser.add_argument("--images", type=positive, default=10_000, help="images on either side (default: 10000)")
    parser.add_argument("--features", type=positive, default=512, help="length of a feature vector (default: 512)")
    parser.add_argument("--model", help="measure this model of the zoo in full instead")
    arguments = parser.parse_args()
    if arguments.model is not None:
        whole_evaluation(arguments.model)
        return

    trained = classifier_of("mnist")
    assert trained is not None
    pixels = random_images(2 * arguments.images)
    samples, spec = Samples(trained), find_model("lenet-mnist").spec

    def look() -> Tensor:
        return ImageFeatures(ImageSplit(pixels), spec=spec, classifier=samples.classifier).features

    seconds = medians({"ours": partial(timed, look)}, rounds=arguments.rounds)["ours"]
    print(f"LeNet features of {len(pixels):,} images, {threads()}: {seconds:.1f} s")

    generator = torch.Generator().manual_seed(0)
    drawn, real = (torch.randn(arguments.images, arguments.features, generator=generator) for _ in range(2))
    for ours in (our_distance, our_neighbourhoods):
        ours(drawn, real)
    print(f"features, distance and neighbourhoods by ours alone: at most {peak_memory()} of memory")
    for title, ours, theirs, package in (
        ("Fréchet distance", our_distance, their_distance, "torchmetrics"),
        ("precision, recall, density, coverage", our_neighbourhoods, their_neighbourhoods, "prdc"),
    ):
        sides = {
            "ours": partial(timed, partial(ours, drawn, real)),
            package: partial(timed, partial(theirs, drawn, real)),
        }
        median = medians(sides, rounds=arguments.rounds)
        print(
            f"{title}, {arguments.images:,} × {arguments.images:,} × {arguments.features}, {threads()}: "
            f"{median['ours']:.2f} s, {package} {median[package]:.2f} s, {median[package] / median['ours']:.1f} times"
        )


if __name__ == "__main__":
    main()
