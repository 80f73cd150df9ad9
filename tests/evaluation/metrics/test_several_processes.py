"""Metrics do not depend on how images are divided into batches and processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation import metrics

LEVELS, NUM_CLASSES, NUM_IMAGES, NUM_FEATURES = 17, 3, 40, 6
#: A function that creates each metric.
MAKE: dict[str, Callable[[], Metric]] = {
    "BitsPerDim": lambda: metrics.BitsPerDim(64),
    "ClassAgreement": metrics.ClassAgreement,
    "ClassKl": lambda: metrics.ClassKl(NUM_CLASSES),
    "Dissimilarity": lambda: metrics.Dissimilarity(LEVELS),
    "FrechetDistance": lambda: metrics.FrechetDistance(NUM_FEATURES),
    "KernelDistance": lambda: metrics.KernelDistance(NUM_FEATURES),
    "ModeCoverage": lambda: metrics.ModeCoverage(NUM_CLASSES),
    "Neighbourhoods": lambda: metrics.Neighbourhoods(NUM_FEATURES),
    "PairwiseDistance": lambda: metrics.PairwiseDistance(NUM_FEATURES),
    "PeakSignalToNoise": lambda: metrics.PeakSignalToNoise(LEVELS),
    "Recognition": metrics.Recognition,
    "Sharpness": lambda: metrics.Sharpness(LEVELS),
    "SquaredError": lambda: metrics.SquaredError(LEVELS),
    "StructuralSimilarity": lambda: metrics.StructuralSimilarity(LEVELS),
}
SET_METRICS = ("FrechetDistance", "KernelDistance", "Neighbourhoods")
PAIR_METRICS = ("PeakSignalToNoise", "SquaredError", "StructuralSimilarity")


def inputs(name: str) -> Iterator[tuple[tuple[Tensor, ...], dict[str, bool]]]:
    """Arguments of ``update`` for all images at once."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(LEVELS, (2, NUM_IMAGES, 1, 8, 8), generator=generator, dtype=torch.uint8)
    features = torch.randn(2, NUM_IMAGES, NUM_FEATURES, generator=generator)
    classes = torch.randint(NUM_CLASSES, (2, NUM_IMAGES), generator=generator)
    if name in SET_METRICS:
        yield (features[0],), {"real": False}
        yield (features[1] + 0.5,), {"real": True}
    elif name in PAIR_METRICS:
        yield (images[0], images[1]), {}
    elif name in ("Dissimilarity", "Sharpness"):
        yield (images[0],), {}
    elif name in ("PairwiseDistance", "Recognition"):
        yield (features[0],), {}
    elif name == "BitsPerDim":
        yield (features[0, :, 0],), {}
    else:
        yield (classes[0],) if name != "ClassAgreement" else (classes[0], classes[1]), {}


def computed(name: str, *, rank: int = 0, num_processes: int = 1, batch_size: int = NUM_IMAGES) -> Tensor:
    """The value of a metric, updated with the images of one process and synchronized with the others."""
    metric = MAKE[name]()
    for values, options in inputs(name):
        parts = [value.tensor_split(num_processes)[rank] for value in values]
        for batch in zip(*(part.split(batch_size) for part in parts), strict=True):
            metric.update(*batch, **options)
    value = metric.compute()
    return torch.stack([torch.as_tensor(part).double() for part in (value if isinstance(value, tuple) else (value,))])


def one_of_two(rank: int, folder: Path) -> None:
    """Run in a separate process."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    torch.save({name: computed(name, rank=rank, num_processes=2, batch_size=7) for name in MAKE}, folder / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def values_of_two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Tensor]]:
    folder = tmp_path_factory.mktemp("processes")
    mp.spawn(one_of_two, (folder,), nprocs=2)
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


def test_every_metric_is_covered() -> None:
    assert {name for name in metrics.__all__ if name != "Neighbourhood"} == set(MAKE)


@pytest.mark.parametrize("name", MAKE)
def test_batches_and_processes_make_no_difference(name: str, values_of_two: list[dict[str, Tensor]]) -> None:
    whole = computed(name)
    torch.testing.assert_close(computed(name, batch_size=3), whole, rtol=1e-6, atol=1e-6)
    for values in values_of_two:
        torch.testing.assert_close(values[name], whole, rtol=1e-6, atol=1e-6)
