"""A flow that is told the class."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from cases import checkered, complains, halved, made, pixels

from genera.core import ImageSpec
from genera.flows import Logit, NormalizingFlow, Split, Squeeze

SPEC = ImageSpec(1, 4, 4, 17, num_classes=3)
LABELS = torch.tensor([0, 1, 2, 1])


@pytest.fixture
def flow() -> NormalizingFlow:
    transforms = [
        Logit,
        partial(checkered, count=2, context_channels=3),
        Squeeze,
        partial(Split, transforms=[partial(halved, count=2, context_channels=3)]),
    ]
    return made(lambda: NormalizingFlow(SPEC, transforms=transforms, class_conditional=True), scale=0.3)


def test_the_label_decides(flow: NormalizingFlow) -> None:
    images = pixels(SPEC)
    one, other = (
        flow.log_prob(images, labels, generator=torch.Generator().manual_seed(0)) for labels in (LABELS, 2 - LABELS)
    )
    assert (one != other).tolist() == [True, False, True, False]
    assert torch.equal(one[[1, 3]], other[[1, 3]])
    drawn, again = (flow.sample(4, labels=labels, temperature=0) for labels in (LABELS, 2 - LABELS))
    assert not torch.equal(drawn[0], again[0])
    assert torch.equal(drawn[1], drawn[3])


def test_images_come_back_with_their_labels(flow: NormalizingFlow) -> None:
    images = pixels(SPEC)
    assert torch.equal(flow.reconstruct(images, LABELS), images)
    assert torch.equal(flow.resample(images, LABELS, keep=2), images)


def test_importance_samples_keep_to_their_labels(flow: NormalizingFlow) -> None:
    images = pixels(SPEC)
    together = flow.log_prob(images, LABELS, num_importance_samples=3, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    apart = torch.stack([flow.log_prob(images, LABELS, generator=generator) for _ in range(3)])
    torch.testing.assert_close(together, apart.logsumexp(dim=0) - math.log(3))


def test_without_labels_it_draws_its_own_and_measures_nothing(flow: NormalizingFlow) -> None:
    assert flow.sample(5).shape == (5, 1, 4, 4)
    with complains("needs those of the images"):
        flow.log_prob(pixels(SPEC))
    with complains("data set without classes"):
        NormalizingFlow(ImageSpec(1, 4, 4), transforms=[Logit], class_conditional=True)


def test_labels_that_are_no_classes(flow: NormalizingFlow) -> None:
    with complains("trained on 3 classes", "from 0 to 3"):
        flow.log_prob(pixels(SPEC), torch.tensor([0, 1, 2, 3]))


def test_couplings_that_expect_other_labels() -> None:
    couplings = partial(checkered, count=1, context_channels=4)
    with complains("context_channels 4", "the context has 3 channels"):
        NormalizingFlow(SPEC, transforms=[couplings], class_conditional=True)
    with complains("context_channels 4", "set class_conditional"):
        NormalizingFlow(SPEC, transforms=[couplings])
    with complains("couplings with context_channels 3", "none"):
        NormalizingFlow(SPEC, transforms=[partial(checkered, count=1)], class_conditional=True)


def test_the_loss_learns_from_labels(flow: NormalizingFlow) -> None:
    flow.initialize(pixels(SPEC))
    flow.loss(pixels(SPEC), LABELS).total.sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in flow.parameters())
