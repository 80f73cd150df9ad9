"""Class-conditional flows."""

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


def test_log_probabilities_and_samples_depend_on_the_label(flow: NormalizingFlow) -> None:
    images = pixels(SPEC)
    one, other = (
        flow.log_prob(images, labels, generator=torch.Generator().manual_seed(0)) for labels in (LABELS, 2 - LABELS)
    )
    assert (one != other).tolist() == [True, False, True, False]
    assert torch.equal(one[[1, 3]], other[[1, 3]])
    samples, other = (flow.sample(4, labels=labels, temperature=0) for labels in (LABELS, 2 - LABELS))
    assert not torch.equal(samples[0], other[0])
    assert torch.equal(samples[1], samples[3])


def test_reconstructions_with_labels_are_exact(flow: NormalizingFlow) -> None:
    images = pixels(SPEC)
    assert torch.equal(flow.reconstruct(images, LABELS), images)
    assert torch.equal(flow.resample(images, LABELS, keep=2), images)


def test_importance_samples_use_the_labels_of_their_images(flow: NormalizingFlow) -> None:
    images = pixels(SPEC)
    together = flow.log_prob(images, LABELS, num_importance_samples=3, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    separate = torch.stack([flow.log_prob(images, LABELS, generator=generator) for _ in range(3)])
    torch.testing.assert_close(together, separate.logsumexp(dim=0) - math.log(3))


def test_labels_are_optional_for_sampling_and_required_for_log_prob(flow: NormalizingFlow) -> None:
    assert flow.sample(5).shape == (5, 1, 4, 4)
    with complains("needs those of the images"):
        flow.log_prob(pixels(SPEC))
    with complains("data set without classes"):
        NormalizingFlow(ImageSpec(1, 4, 4), transforms=[Logit], class_conditional=True)


def test_labels_out_of_range_are_refused(flow: NormalizingFlow) -> None:
    with complains("trained on 3 classes", "from 0 to 3"):
        flow.log_prob(pixels(SPEC), torch.tensor([0, 1, 2, 3]))


def test_couplings_that_expect_another_context_are_refused() -> None:
    couplings = partial(checkered, count=1, context_channels=4)
    with complains("context_channels 4", "the context has 3 channels"):
        NormalizingFlow(SPEC, transforms=[couplings], class_conditional=True)
    with complains("context_channels 4", "set class_conditional"):
        NormalizingFlow(SPEC, transforms=[couplings])
    with complains("couplings with context_channels 3", "none"):
        NormalizingFlow(SPEC, transforms=[partial(checkered, count=1)], class_conditional=True)


def test_every_parameter_gets_a_finite_gradient(flow: NormalizingFlow) -> None:
    flow.initialize(pixels(SPEC))
    flow.loss(pixels(SPEC), LABELS).total.sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in flow.parameters())
