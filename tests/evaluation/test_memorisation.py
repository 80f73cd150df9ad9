"""Whether draws are nearer to what was trained on."""

from __future__ import annotations

import pytest
import torch
from cases import complains
from sklearn.neighbors import NearestNeighbors

from genera.data import find_dataset
from genera.evaluation.memorisation import nearest, share_nearer

DIGITS = find_dataset("digits")()
TRAIN, TEST = (DIGITS.split(split).pixels for split in ("train", "test"))
COUNT = len(TEST)


def test_the_nearest_are_those_of_scikit_learn() -> None:
    found, which = nearest(TEST, TRAIN)
    neighbours = NearestNeighbors(n_neighbors=1).fit(TRAIN.flatten(1).numpy())
    expected, index = neighbours.kneighbors(TEST.flatten(1).numpy())
    assert found.tolist() == pytest.approx(expected[:, 0].tolist(), rel=1e-4)
    assert (which.numpy() == index[:, 0]).mean() > 0.98  # some are equally near


def test_copies_are_found_and_others_are_not() -> None:
    train = TRAIN[:COUNT]
    assert share_nearer(train, train, TEST) == 1
    assert share_nearer(TEST, train, TEST) == 0
    # Of half copies, and half images that are neither.
    half = torch.cat([train[: COUNT // 2], TRAIN[COUNT : COUNT + COUNT // 2]])
    assert share_nearer(half, train, TEST) == pytest.approx(0.75, abs=0.06)
    assert share_nearer(TRAIN[COUNT : 4 * COUNT], train, TEST) == pytest.approx(0.5, abs=0.06)


def test_what_is_equally_near_counts_half() -> None:
    assert share_nearer(TEST, TRAIN[:COUNT], TRAIN[:COUNT].flip(0)) == 0.5


def test_sets_of_different_sizes() -> None:
    with complains("must be equally many", "got 3 and 2"):
        share_nearer(TEST, TRAIN[:3], TEST[:2])
