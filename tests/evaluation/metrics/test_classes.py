"""Metrics of predicted classes, by hand and against scipy."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import scipy.stats
import torch
from cases import complains
from torch import Tensor

from genera.evaluation.metrics import class_kl, mode_coverage, recognition

CLASSES = torch.arange(3).repeat_interleave(torch.tensor([91, 7, 2]))


@pytest.mark.parametrize(("share", "expected"), [(0.02, 3), (0.021, 2), (0.07, 2), (0.0701, 1), (0.92, 0)])
def test_modes_of_known_shares(share: float, expected: int) -> None:
    assert int(mode_coverage(CLASSES, 4, share=share)) == expected


def test_class_kl_equals_scipys() -> None:
    expected = scipy.stats.entropy([91, 7, 2, 0], [1, 1, 1, 1])
    assert float(class_kl(CLASSES, 4)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("num_classes", [1, 3, 10])
def test_the_extreme_values_of_class_kl(num_classes: int) -> None:
    assert 0 <= float(class_kl(torch.arange(num_classes).repeat(7), num_classes)) < 1e-15
    single = torch.full((5,), num_classes - 1)
    assert float(class_kl(single, num_classes)) == pytest.approx(math.log(num_classes))


def test_recognition_computed_by_hand() -> None:
    # The probabilities are 0.5 for one class, a third for each, and 1 for the last class.
    logits = torch.tensor([[math.log(2), 0, 0], [1, 1, 1], [-9.0, -9.0, 9.0]])
    assert recognition(logits).tolist() == [1, 0, 1]
    with complains("logits must have shape (N, K)", "(2,)"):
        recognition(torch.zeros(2))


@pytest.mark.parametrize("metric", [mode_coverage, class_kl])
def test_invalid_classes(metric: Callable[[Tensor, int], Tensor]) -> None:
    for classes in ([0, 3], [-1, 2]):
        with complains("between 0 and 2", f"got classes from {classes[0]} to {classes[1]}"):
            metric(torch.tensor(classes), 3)
    for invalid in (torch.zeros(2), torch.zeros(0, dtype=torch.int64), torch.zeros(2, 1, dtype=torch.int64)):
        with complains("classes must be torch.int64 (N,) of at least 1 image", f"{invalid.dtype} {(*invalid.shape,)}"):
            metric(invalid, 3)


@pytest.mark.parametrize("share", [0, 1.1, -1])
def test_a_share_out_of_range(share: float) -> None:
    with complains("share must be in (0, 1]", str(share)):
        mode_coverage(CLASSES, 3, share=share)
