"""Whether images are nearer to training images than to test images."""

from __future__ import annotations

import pytest
import torch
from cases import complains
from sklearn.neighbors import NearestNeighbors

from genera.data import find_dataset
from genera.evaluation.measures.memorisation import nearest_images, share_nearer_to_train

DIGITS = find_dataset("digits")()
TRAIN, TEST = (DIGITS.split(split).pixels for split in ("train", "test"))
COUNT = len(TEST)


def test_the_nearest_images_equal_those_of_scikit_learn() -> None:
    distances, indices = nearest_images(TEST, TRAIN)
    neighbours = NearestNeighbors(n_neighbors=1).fit(TRAIN.flatten(1).numpy())
    expected, index = neighbours.kneighbors(TEST.flatten(1).numpy())
    assert distances.tolist() == pytest.approx(expected[:, 0].tolist(), rel=1e-4)
    assert (indices.numpy() == index[:, 0]).mean() > 0.98  # some are equally near


def test_copies_are_detected_and_other_images_are_not() -> None:
    train = TRAIN[:COUNT]
    assert share_nearer_to_train(train, train, TEST) == 1
    assert share_nearer_to_train(TEST, train, TEST) == 0
    # Half copies, half images of neither set.
    half = torch.cat([train[: COUNT // 2], TRAIN[COUNT : COUNT + COUNT // 2]])
    assert share_nearer_to_train(half, train, TEST) == pytest.approx(0.75, abs=0.06)
    assert share_nearer_to_train(TRAIN[COUNT : 4 * COUNT], train, TEST) == pytest.approx(0.5, abs=0.06)


def test_ties_count_half() -> None:
    assert share_nearer_to_train(TEST, TRAIN[:COUNT], TRAIN[:COUNT].flip(0)) == 0.5


def test_sets_of_different_sizes() -> None:
    with complains("must have the same size", "got 3 and 2"):
        share_nearer_to_train(TEST, TRAIN[:3], TEST[:2])
