from __future__ import annotations

import pytest
import torch
from cases import complains, conditional_prior, made, normal
from torch.distributions import Normal

from genera.core import StandardNormal
from genera.flows import Split, SplitPrior


def test_a_split_prior_is_a_gaussian_of_every_value() -> None:
    prior, x = made(lambda: SplitPrior((2, 2, 2))), normal(3, 2, 2, 2)
    y, log_det = prior(x)
    log_prob = StandardNormal((8,)).log_prob(y.flatten(1)) + log_det
    expected = Normal(prior.mean, prior.log_std.exp()).log_prob(x).sum(dim=(1, 2, 3))
    torch.testing.assert_close(log_prob, expected)


def test_a_conditional_prior_is_a_gaussian_given_the_kept_half() -> None:
    prior = made(lambda: conditional_prior((2, 2, 2)))
    x, kept = normal(3, 2, 2, 2), normal(3, 2, 2, 2, seed=2)
    y, log_det = prior(x, kept)
    log_prob = StandardNormal((8,)).log_prob(y.flatten(1)) + log_det
    # y = (x + t) · exp(s) is standard normal if x has mean -t and standard deviation exp(-s).
    s, t = prior.conditioner(kept).chunk(2, dim=1)
    bound = prior.elementwise.log_bound.exp()[:, None, None]
    s = bound * torch.tanh(s / bound)
    torch.testing.assert_close(log_prob, Normal(-t, (-s).exp()).log_prob(x).sum(dim=(1, 2, 3)))
    assert not torch.allclose(prior(x, kept + 1)[0], y)


@pytest.mark.parametrize("prior", [SplitPrior, conditional_prior], ids=["unconditional", "conditional"])
def test_a_prior_transforms_the_factored_out_half_only(prior) -> None:
    x = normal(3, 4, 2, 2)
    split, plain = made(lambda: Split((4, 2, 2), transforms=[], prior=prior)), Split((4, 2, 2), transforms=[])
    (z, _), (expected, _) = split(x), plain(x)
    assert torch.equal(z[:, :8], expected[:, :8])
    assert (z[:, 8:] != expected[:, 8:]).all()


def test_a_conditional_prior_needs_the_kept_half() -> None:
    with complains("kept half"):
        conditional_prior((2, 2, 2))(torch.zeros(1, 2, 2, 2))
