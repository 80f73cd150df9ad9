from __future__ import annotations

from functools import partial

import torch
from cases import FLOWS, checkered, made, pixels

from genera.core import ImageSpec
from genera.data import ImageSplit
from genera.evaluation.likelihood import log_probs
from genera.flows import Logit, NormalizingFlow


def test_it_equals_the_log_prob_of_the_model_batch_by_batch() -> None:
    flow, images = FLOWS["flow, variational"]()
    log_prob = log_probs(flow, ImageSplit(images), num_importance_samples=2, seed=5, batch_size=3)
    expected = [
        flow.log_prob(batch, num_importance_samples=2, generator=torch.Generator().manual_seed(5 + index))
        for index, batch in enumerate(images.split(3))
    ]
    torch.testing.assert_close(log_prob, torch.cat(expected).detach())


def test_a_conditional_model_does_not_get_the_labels() -> None:
    """The result is the mean probability over classes, below the probability given the best class."""
    spec = ImageSpec(1, 2, 2, 17, num_classes=3)
    transforms = [Logit, partial(checkered, count=2, context_channels=3)]
    flow = made(lambda: NormalizingFlow(spec, transforms=transforms, class_conditional=True), scale=0.3)
    images = pixels(spec)
    log_prob = log_probs(flow, ImageSplit(images, torch.tensor([0, 1, 2, 0])), seed=1)
    generator = torch.Generator().manual_seed(1)
    by_class = torch.stack([flow.log_prob(images, torch.full((4,), c), generator=generator) for c in range(3)]).detach()
    torch.testing.assert_close(log_prob, by_class.exp().mean(dim=0).log())
    torch.testing.assert_close(log_prob, log_probs(flow, ImageSplit(images), seed=1))
    assert (log_prob < by_class.max(dim=0).values).all()
