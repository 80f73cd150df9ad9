from __future__ import annotations

import copy

import torch
from cases import bound_vamp_prior, complains, made, normal
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from genera.core import ImageSpec, StandardNormal
from genera.flows import Chain
from genera.vaes import FlowPrior, VampPrior


def test_a_flow_prior_without_transforms_is_its_base() -> None:
    prior = FlowPrior((3,), transform=lambda shape: Chain(shape, [])).double()
    z = normal(5, 3)
    torch.testing.assert_close(prior.log_prob(z), StandardNormal((3,)).log_prob(z))


def test_a_vamp_prior_is_the_mixture_of_the_posteriors_of_its_pseudo_inputs() -> None:
    prior = made(lambda: bound_vamp_prior(2, num_components=4), scale=0.3)
    posterior = prior.encoder(prior.pseudo_inputs.clamp(0, 1))
    components = Independent(Normal(posterior.mean, posterior.log_scale.exp()), 1)
    weights = Categorical(logits=torch.zeros(4).double())
    z = normal(6, 2)
    torch.testing.assert_close(prior.log_prob(z), MixtureSameFamily(weights, components).log_prob(z))


def test_pseudo_inputs_are_initialized_from_images_and_differ() -> None:
    prior = bound_vamp_prior(2, num_components=5)
    images = torch.rand(3, *ImageSpec(1, 4, 4).shape).round()
    torch.manual_seed(0)
    prior.initialize(images)
    pseudo_inputs = prior.pseudo_inputs.detach()
    torch.testing.assert_close(pseudo_inputs, images[torch.tensor([0, 1, 2, 0, 1])], rtol=0, atol=0.3)
    assert len(pseudo_inputs.unique(dim=0)) == 5
    assert ((pseudo_inputs > 0) & (pseudo_inputs < 1)).all()


def test_pseudo_inputs_are_clamped_and_the_encoder_is_copied_with_the_prior() -> None:
    prior = bound_vamp_prior(2, num_components=3)
    with torch.no_grad():
        prior.pseudo_inputs.copy_(3 * torch.randn(prior.pseudo_inputs.shape))
    clamped = copy.deepcopy(prior)
    with torch.no_grad():
        clamped.pseudo_inputs.clamp_(0, 1)
    z = normal(4, 2).float()
    assert torch.equal(clamped.log_prob(z), prior.log_prob(z))
    assert clamped.encoder is not prior.encoder


def test_a_vamp_prior_needs_components() -> None:
    with complains("num_components must be at least 1", "0"):
        VampPrior((3,), num_components=0)
