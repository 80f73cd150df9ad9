from __future__ import annotations

from functools import partial

import torch
from cases import FLOWS, checkered, made, pixels

from genera.core import ImageSpec
from genera.data import ImageSplit
from genera.evaluation.likelihood import log_probs
from genera.flows import Logit, NormalizingFlow


def test_it_is_the_models_own_batch_by_batch() -> None:
    flow, images = FLOWS["flow, variational"]()
    found = log_probs(flow, ImageSplit(images), num_importance_samples=2, seed=5, batch_size=3)
    expected = [
        flow.log_prob(batch, num_importance_samples=2, generator=torch.Generator().manual_seed(5 + index))
        for index, batch in enumerate(images.split(3))
    ]
    torch.testing.assert_close(found, torch.cat(expected).detach())


def test_a_conditional_model_is_not_told_the_labels() -> None:
    """The probabilities given each class, averaged: more than being told would leave to pay for."""
    spec = ImageSpec(1, 2, 2, 17, num_classes=3)
    transforms = [Logit, partial(checkered, count=2, context_channels=3)]
    flow = made(lambda: NormalizingFlow(spec, transforms=transforms, class_conditional=True), scale=0.3)
    images = pixels(spec)
    found = log_probs(flow, ImageSplit(images, torch.tensor([0, 1, 2, 0])), seed=1)
    generator = torch.Generator().manual_seed(1)
    given = torch.stack([flow.log_prob(images, torch.full((4,), c), generator=generator) for c in range(3)]).detach()
    torch.testing.assert_close(found, given.exp().mean(dim=0).log())
    torch.testing.assert_close(found, log_probs(flow, ImageSplit(images), seed=1))
    assert (found < given.max(dim=0).values).all()
