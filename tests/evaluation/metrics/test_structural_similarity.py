"""SSIM and the diversity of images, written out by hand."""

from __future__ import annotations

import pytest
import torch
from cases import complains

from genera.evaluation.metrics import dissimilarity, structural_similarity


def pairs_of(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The pairs that ``dissimilarity`` compares."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order], images[order.roll(1)]


def noise(count: int, *shape: int) -> torch.Tensor:
    return torch.randint(17, (count, *shape), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_similarity_computed_by_hand() -> None:
    """SSIM written out, with means over a window of seven around every pixel, edges reflected."""

    def windows(image: torch.Tensor) -> torch.Tensor:
        padded = torch.nn.functional.pad(image.double() / 16, (3, 3, 3, 3), mode="reflect")
        return padded.unfold(1, 7, 1).unfold(2, 7, 1).flatten(-2)

    images, others = pairs_of(noise(4, 1, 9, 8))
    similarities = structural_similarity(images, others, levels=17)
    assert similarities.shape == (4,)
    for value, first, second in zip(similarities, images, others, strict=True):
        x, y = windows(first), windows(second)
        mean_x, mean_y = x.mean(-1), y.mean(-1)
        covariance = (x * y).mean(-1) - mean_x * mean_y
        luminance = (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
        structure = (2 * covariance + 0.03**2) / (x.var(-1, correction=0) + y.var(-1, correction=0) + 0.03**2)
        assert float(value) == pytest.approx(float((luminance * structure).mean()), abs=1e-5)


def test_dissimilarity_is_one_minus_the_similarity_of_pairs() -> None:
    """Also of more pairs than are compared at a time."""
    images = noise(1203, 1, 8, 9)
    similarity = structural_similarity(*pairs_of(images), levels=17).mean()
    torch.testing.assert_close(dissimilarity(images, levels=17), 1 - similarity, rtol=1e-6, atol=0)


def test_copies_are_alike() -> None:
    images = noise(5, 3, 8, 8)
    torch.testing.assert_close(structural_similarity(images, images, levels=17), torch.ones(5).double())
    assert abs(float(dissimilarity(images[:1].expand(4, -1, -1, -1), levels=17))) < 1e-5
    with complains("at least 2 images", "got 1"):
        dissimilarity(images[:1], levels=17)


def test_dissimilarity_does_not_depend_on_images_being_sorted_by_class() -> None:
    bright = torch.arange(2, dtype=torch.uint8).repeat_interleave(600)[:, None, None, None].expand(-1, 1, 8, 8) * 255
    # Half of all pairs are of different classes, and those have SSIM 0.
    assert float(dissimilarity(bright, levels=256)) == pytest.approx(0.5, abs=0.05)


def test_images_smaller_than_the_window() -> None:
    images = noise(2, 1, 6, 8)
    for compute in (lambda: dissimilarity(images, levels=17), lambda: structural_similarity(images, images, levels=17)):
        with complains("SSIM needs images of at least 7 pixels", "(6, 8)"):
            compute()
