"""The value of a metric over batches, in one process or several, is that of all images at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from cases import complains, normal
from torch import Tensor

from genera.core import bits_per_dim
from genera.evaluation import metrics
from genera.evaluation.metrics import MeanOverImages, SetMetric

LEVELS, NUM_CLASSES, NUM_IMAGES, NUM_FEATURES = 17, 3, 40, 6


def images(seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(LEVELS, (NUM_IMAGES, 1, 8, 8), generator=generator, dtype=torch.uint8)


def features(seed: int = 0) -> Tensor:
    return normal(NUM_IMAGES, NUM_FEATURES, seed=seed).float()


CLASSES = torch.arange(NUM_IMAGES) ** 2 % NUM_CLASSES
#: A function of values per image, and its arguments for all images.
OF_IMAGES: dict[str, tuple[Callable[..., Tensor], tuple[Tensor, ...]]] = {
    "bits_per_dim": (partial(bits_per_dim, num_dims=64), (normal(NUM_IMAGES),)),
    "peak_signal_to_noise": (partial(metrics.peak_signal_to_noise, levels=LEVELS), (images(), images(1))),
    "recognition": (metrics.recognition, (features(),)),
    "sharpness": (partial(metrics.sharpness, levels=LEVELS), (images(),)),
    "squared_error": (partial(metrics.squared_error, levels=LEVELS), (images(), images(1))),
    "structural_similarity": (partial(metrics.structural_similarity, levels=LEVELS), (images(), images(1))),
}
#: A function of sets, and the generated and perhaps the real one.
OF_SETS: dict[str, tuple[Callable[..., Any], tuple[Tensor, ...]]] = {
    "class_kl": (partial(metrics.class_kl, num_classes=NUM_CLASSES), (CLASSES,)),
    "dissimilarity": (partial(metrics.dissimilarity, levels=LEVELS), (images(),)),
    "frechet_distance": (metrics.frechet_distance, (features(), features(1)[:30] + 0.5)),
    "kernel_distance": (metrics.kernel_distance, (features(), features(1)[:30] + 0.5)),
    "mode_coverage": (partial(metrics.mode_coverage, num_classes=NUM_CLASSES, share=0.4), (CLASSES,)),
    "neighbourhoods": (metrics.neighbourhoods, (features(), features(1)[:30] + 0.5)),
    "pairwise_distance": (metrics.pairwise_distance, (features(),)),
}
NAMES = [*OF_IMAGES, *OF_SETS]


def at_once(name: str) -> Tensor:
    """The value of a function of all images."""
    if name in OF_IMAGES:
        function, arguments = OF_IMAGES[name]
        return function(*arguments).mean().double()
    function, sets = OF_SETS[name]
    return as_tensor(function(*sets))


def over_batches(name: str, *, rank: int = 0, num_processes: int = 1, batch_size: int = NUM_IMAGES) -> Tensor:
    """The value of the metric, updated with the images of one process and synchronized with the others."""
    metric: MeanOverImages | SetMetric
    if name in OF_IMAGES:
        function, arguments = OF_IMAGES[name]
        metric = MeanOverImages(function)
        parts = (argument.tensor_split(num_processes)[rank].split(batch_size) for argument in arguments)
        for batch in zip(*parts, strict=True):
            metric.update(*batch)
    else:
        function, sets = OF_SETS[name]
        metric = SetMetric(function, with_real=len(sets) == 2)
        for values, real in zip(sets, (False, True), strict=False):
            for part in values.tensor_split(num_processes)[rank].split(batch_size):
                metric.update(part, real=real)
    return as_tensor(metric.compute())


def as_tensor(value: Any) -> Tensor:
    return (torch.stack([*value]) if isinstance(value, tuple) else value).double()


def one_of_two(rank: int, folder: Path) -> None:
    """Run in a separate process."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    values = {name: over_batches(name, rank=rank, num_processes=2, batch_size=7) for name in NAMES}
    torch.save(values, folder / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def values_of_two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Tensor]]:
    folder = tmp_path_factory.mktemp("processes")
    mp.spawn(one_of_two, (folder,), nprocs=2)
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


def test_every_function_is_covered() -> None:
    functions = {name for name in metrics.__all__ if name[0].islower()}
    assert functions | {"bits_per_dim"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_batches_and_processes_make_no_difference(name: str, values_of_two: list[dict[str, Tensor]]) -> None:
    expected = at_once(name)
    for value in (over_batches(name, batch_size=3), *(values[name] for values in values_of_two)):
        torch.testing.assert_close(value, expected, rtol=1e-6, atol=1e-6)


def updated(metric: SetMetric, seed: int, order: list[int]) -> SetMetric:
    """Update a metric with 24 images in batches, in the given order."""
    values = normal(24, 3, seed=seed)
    for start, end in pairwise([0, 10, 12, 24]):
        metric.update(values[order[start:end]], real=True)
        metric.update(2 * values[order[start:end]])
    return metric


@pytest.mark.parametrize("name", ["frechet_distance", "kernel_distance", "neighbourhoods"])
def test_the_order_of_images_does_not_matter_and_metrics_merge(name: str) -> None:
    forward, backward = list(range(24)), list(reversed(range(24)))
    one, other, together = (SetMetric(getattr(metrics, name), with_real=True) for _ in range(3))
    updated(one, 1, forward)
    updated(other, 2, forward).merge_state(one)
    updated(updated(together, 2, backward), 1, backward)
    torch.testing.assert_close(as_tensor(other.compute()), as_tensor(together.compute()), rtol=1e-12, atol=0)


def test_the_mean_over_images_by_hand() -> None:
    metric = MeanOverImages(partial(bits_per_dim, num_dims=4))
    # Each of four pixels one of 256 equally likely values: eight bits; or one of two: one bit.
    metric.update(torch.tensor([-4 * math.log(256), -4 * math.log(2)]))
    metric.update(torch.tensor([-4 * math.log(2)]))
    torch.testing.assert_close(metric.values(), torch.tensor([8.0, 1.0, 1.0]))
    assert float(metric.compute()) == pytest.approx(10 / 3)
    assert float(metric(torch.zeros(5))) == 0
    assert float(metric.compute()) == pytest.approx(10 / 8)
    metric.update(torch.tensor([-1.0, math.nan]))
    assert math.isnan(float(metric.compute()))
    metric.reset()
    metric.update(torch.zeros(2))
    assert float(metric.compute()) == 0


def test_a_function_of_a_set_has_no_mean_over_images() -> None:
    metric = MeanOverImages(metrics.pairwise_distance)
    with complains("must return one value per image, (B,), got ()"):
        metric.update(normal(4, 3))


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_metrics_need_images() -> None:
    mean, distance = MeanOverImages(metrics.recognition), SetMetric(metrics.frechet_distance, with_real=True)
    for update in (lambda: None, lambda: mean.update(torch.zeros(0, 3))):
        update()
        with complains("at least 1 image", "got no images"):
            mean.compute()
    with complains("at least 1 image", "got no generated images"):
        distance.compute()
    distance.update(normal(4, 3))
    with complains("at least 1 image", "got no real images"):
        distance.compute()
