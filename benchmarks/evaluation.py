"""The speed of set measures, compared with commonly used packages.

Run with ``python benchmarks/evaluation.py``. Features are random vectors, the same for both sides, which take turns,
and the median turn counts. ``prdc`` stores all distances at once: several times 0.8 GB for 10,000 images on each side.
With ``--model NAME`` all measures of a model of the zoo are timed instead, without cached results; this takes minutes,
and needs its data.
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
from genera.evaluation import EvaluationProtocol, classifier_of, default_measures, evaluate
from genera.evaluation.extractors import ClassifierFeatures
from genera.evaluation.image_set import ImageSet
from genera.evaluation.metrics import frechet_distance, neighbourhoods
from genera.zoo import find_model


def their_distance(samples: Tensor, real: Tensor) -> Tensor:
    moments = [moment for x in (real.double(), samples.double()) for moment in (x.mean(dim=0), x.T.cov())]
    # As in torchmetrics' own metric, which accumulates the sums of the features.
    return _compute_fid(*moments)


def their_neighbourhoods(samples: Tensor, real: Tensor) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        compute_prdc(real.numpy(), samples.numpy(), nearest_k=5)


def seconds_of(function: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def peak_memory() -> str:
    """The peak memory of this process so far, including libraries."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # In bytes on macOS, in units of 1,024 bytes on Linux.
    return f"{peak * (1 if sys.platform == 'darwin' else 1024) / 1e6:,.0f} MB"


def time_evaluation(name: str) -> None:
    """Print the time of all measures of a model of the zoo together, without cached results."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / name
        shutil.copytree(find_model(name).run.path, copy, ignore=shutil.ignore_patterns("evaluation.json"))
        trained = find_model(str(copy))
        data = trained.open_data()
        protocol = EvaluationProtocol(data, classifier=classifier_of(data.name))
        minutes = seconds_of(partial(evaluate, trained, protocol, default_measures(protocol))) / 60
    print(f"all measures of {name}, {threads()}: {minutes:.1f} min, peak memory {peak_memory()}")


def main() -> None:
    """Print seconds of both sides, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each side that count (default: 3)")
    parser.add_argument("--images", type=positive, default=10_000, help="images on either side (default: 10000)")
    parser.add_argument("--features", type=positive, default=512, help="length of a feature vector (default: 512)")
    parser.add_argument("--model", help="time all measures of this model of the zoo instead")
    arguments = parser.parse_args()
    if arguments.model is not None:
        time_evaluation(arguments.model)
        return

    classifier = classifier_of("mnist")
    assert classifier is not None
    pixels = random_images(2 * arguments.images)
    extractor = ClassifierFeatures(classifier)
    extractors, spec = {extractor.name: extractor}, classifier.spec

    def extract_features() -> Tensor:
        return ImageSet(ImageSplit(pixels), spec, extractors, torch.device("cpu")).features(extractor.name)

    seconds = medians({"ours": partial(seconds_of, extract_features)}, rounds=arguments.rounds)["ours"]
    print(f"LeNet features of {len(pixels):,} images, {threads()}: {seconds:.1f} s")

    generator = torch.Generator().manual_seed(0)
    samples, real = (torch.randn(arguments.images, arguments.features, generator=generator) for _ in range(2))
    for ours in (frechet_distance, neighbourhoods):
        ours(samples, real)
    print(f"features, distance and neighbourhoods, ours only: peak memory {peak_memory()}")
    for title, ours, theirs, package in (
        ("Fréchet distance", frechet_distance, their_distance, "torchmetrics"),
        ("precision, recall, density, coverage", neighbourhoods, their_neighbourhoods, "prdc"),
    ):
        sides = {
            "ours": partial(seconds_of, partial(ours, samples, real)),
            package: partial(seconds_of, partial(theirs, samples, real)),
        }
        median = medians(sides, rounds=arguments.rounds)
        print(
            f"{title}, {arguments.images:,} × {arguments.images:,} × {arguments.features}, {threads()}: "
            f"{median['ours']:.2f} s, {package} {median[package]:.2f} s, {median[package] / median['ours']:.1f} times"
        )


if __name__ == "__main__":
    main()
