from __future__ import annotations

from typing import Any

import pytest
import torch
from cases import FLOWS, IMAGE_MODELS, complains, labels_of, of_kind
from torch import Tensor

from genera.core import Autoencoding, ImageSpec
from genera.evaluation import interpolate, sample_images, traverse


class Plane(Autoencoding):
    """Images of two pixels whose latents are their values minus 100."""

    def __init__(self) -> None:
        super().__init__(ImageSpec(1, 1, 2, 201))

    def encode(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        return images.flatten(1).double() - 100

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return (z + 100).round().to(torch.uint8).view(-1, 1, 1, 2)


def plane(*points: tuple[int, int]) -> Tensor:
    return torch.tensor(points, dtype=torch.uint8).view(-1, 1, 1, 2) + 100


@pytest.mark.parametrize("name", of_kind(Autoencoding))
@pytest.mark.parametrize("count", [2, 5])
def test_the_ends_are_the_reconstructions(name: str, count: int) -> None:
    model, images = IMAGE_MODELS[name]()
    first, second = images, images.roll(1, dims=0)
    labels = torch.zeros(len(images), dtype=torch.int64)
    path = interpolate(model, (first, second), count=count, labels=labels)
    assert (path.dtype, path.shape) == (torch.uint8, (len(images), count, *images.shape[1:]))
    assert torch.equal(path[:, 0], model.reconstruct(first, labels))
    assert torch.equal(path[:, -1], model.reconstruct(second, labels))


@pytest.mark.parametrize("seed", [None, 0])
@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_starts_and_ends_at_the_images_and_changes_in_between(name: str, seed: int | None) -> None:
    flow, images = FLOWS[name]()
    black, white = images[:1], images[1:2]
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    path = interpolate(flow, (black, white), count=7, generator=generator)[0]
    assert torch.equal(path[0], black[0])
    assert torch.equal(path[-1], white[0])
    assert len(path.unique(dim=0)) > 2


def test_with_a_generator_the_ends_are_sampled() -> None:
    flow, images = FLOWS["flow, variational"]()
    without = interpolate(flow, (images, images.roll(1, dims=0)), count=3)
    paths = [
        interpolate(flow, (images, images.roll(1, dims=0)), count=3, generator=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    ]
    assert torch.equal(paths[0], paths[1])
    assert not torch.equal(paths[0], paths[2])
    assert not torch.equal(paths[0], without)


def test_the_path_is_an_arc() -> None:
    path = interpolate(Plane(), (plane((100, 0)), plane((0, 100))), count=4)
    assert (path[0].int().flatten(1) - 100).tolist() == [[100, 0], [87, 50], [50, 87], [0, 100]]


def test_between_equal_images_nothing_changes() -> None:
    images = plane((60, 10), (0, 0))
    assert torch.equal(interpolate(Plane(), (images, images), count=3), images[:, None].expand(-1, 3, -1, -1, -1))


def test_between_parallel_latents_the_path_is_straight() -> None:
    path = interpolate(Plane(), (plane((20, 10)), plane((80, 40))), count=3)
    assert (path[0].int().flatten(1) - 100).tolist() == [[20, 10], [50, 25], [80, 40]]


def test_a_path_needs_two_ends_of_one_shape() -> None:
    with complains("count must be at least 2", "got 1"):
        interpolate(Plane(), (plane((1, 1)), plane((1, 1))), count=1)
    with complains("the same shape", "(1, 1, 1, 2)", "(2, 1, 1, 2)"):
        interpolate(Plane(), (plane((1, 1)), plane((1, 1), (2, 2))), count=3)


def test_samples_do_not_depend_on_a_batch_size_above_the_count() -> None:
    flow, _ = FLOWS["flow, grey"]()
    assert torch.equal(sample_images(flow, 5, seed=1, batch_size=5), sample_images(flow, 5, seed=1))
    assert sample_images(flow, 5, batch_size=2).shape == (5, 1, 8, 8)
    with complains("count must be at least 1", "got 0"):
        sample_images(flow, 0)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"count": 2.5}, ("count must be an integer, got 2.5",)),
        ({"count": 10**20}, ("100,000,000,000,000,000,000 samples would take", "ask for fewer")),
        ({"batch_size": 0}, ("batch_size must be at least 1, got 0",)),
        ({"temperature": float("nan")}, ("temperature must be a number between 0 and 100, got nan",)),
        ({"labels": torch.zeros(5, dtype=torch.int64)}, ("one label for each image", "got 5 for 4")),
        ({"labels": torch.zeros(3, dtype=torch.int64)}, ("one label for each image", "got 3 for 4")),
        ({"labels": torch.full((4,), 3)}, ("trained on 3 classes, got labels from 3 to 3",)),
        ({"labels": [0, 1, 2, 0]}, ("labels must be a tensor", "got list")),
    ],
)
def test_arguments_are_refused_before_sampling(options: dict[str, Any], parts: tuple[str, ...]) -> None:
    model, _ = IMAGE_MODELS["VAE, conditional, IWAE"]()
    model.sample = lambda *_, **__: pytest.fail("images were sampled")
    with complains(*parts):
        sample_images(model, **{"count": 4, "batch_size": 2} | options)


def test_batches_of_samples_follow_one_seed() -> None:
    model, _ = IMAGE_MODELS["VAE, conditional, IWAE"]()
    labels = torch.arange(5) % 3
    generator = torch.Generator().manual_seed(1)
    batches = [model.sample(len(batch), labels=batch, generator=generator) for batch in labels.split(2)]
    assert torch.equal(torch.cat(batches), sample_images(model, 5, labels=labels, seed=1, batch_size=2))
    with complains("Classifier cannot generate images"):
        sample_images(IMAGE_MODELS["Classifier"]()[0], 1)


@pytest.mark.parametrize("name", of_kind(Autoencoding))
def test_a_traversal_changes_one_dimension_at_a_time(name: str) -> None:
    model, images = IMAGE_MODELS[name]()
    labels = labels_of(model, images)
    traversals = traverse(model, images, [0, 2], values=torch.tensor([-3.0, 0.0, 3.0]), labels=labels)
    assert (traversals.dtype, traversals.shape) == (torch.uint8, (len(images), 2, 3, *images.shape[1:]))
    z = model.encode(images, labels)
    z[:, 2] = 3.0
    assert torch.equal(traversals[:, 1, 2], model.decode(z, labels))


def test_a_traversal_of_a_plane_changes_a_pixel() -> None:
    traversals = traverse(Plane(), plane((1, 2)), [1], values=torch.tensor([-5.0, 7.0]))
    assert torch.equal(traversals.flatten(0, 2), plane((1, -5), (1, 7)))
    for dims in ([2], []):
        with complains("dims must be between 0 and 1", str(dims)):
            traverse(Plane(), plane((1, 2)), dims, values=torch.zeros(1))
