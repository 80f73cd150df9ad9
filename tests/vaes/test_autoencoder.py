from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from cases import complains, finalized_autoencoder, made, normal, pixels
from sklearn.mixture import GaussianMixture

from genera.core import ImageSpec
from genera.networks import ConvDecoder, ConvEncoder
from genera.vaes import Autoencoder
from genera.vaes.code_mixture import CodeMixture

SPEC = ImageSpec(1, 4, 4, 17)
small = partial(Autoencoder, SPEC, encoder=partial(ConvEncoder, width=2), decoder=partial(ConvDecoder, width=2))


def test_the_loss_is_the_squared_error_of_the_decoded_image() -> None:
    model, images = finalized_autoencoder()
    loss = model.loss(images)
    reconstruction = torch.sigmoid(model.decoder(model.encode(images)))
    error = (images.double() / 16 - reconstruction).square()
    torch.testing.assert_close(loss.total, 0.5 * error.sum(dim=(1, 2, 3)))
    torch.testing.assert_close(loss.logs["mse"], error.mean(dim=(1, 2, 3)))


def test_it_cannot_sample_before_it_is_finalized() -> None:
    model = made(lambda: small(latent_size=2))
    with complains("fitted when training ends"):
        model.sample(2)
    model.finalize(pixels(SPEC, 60), generator=torch.Generator().manual_seed(0))
    assert model.sample(2).shape == (2, *SPEC.shape)
    with complains("cannot sample by label"):
        model.sample(2, labels=torch.tensor([0, 1]))


def test_sampled_codes_have_the_moments_of_encoded_codes() -> None:
    model = made(lambda: small(latent_size=2, num_components=1), scale=0.5)
    images = pixels(SPEC, 400)
    model.finalize(images, generator=torch.Generator().manual_seed(0))
    codes = model.encode(images).detach()
    samples = model.codes.sample(4000, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(samples.mean(dim=0), codes.mean(dim=0), rtol=0, atol=0.1 * float(codes.std()))
    torch.testing.assert_close(samples.T.cov(), codes.T.cov(), rtol=0.2, atol=0.05 * float(codes.var()))


def test_a_mixture_of_codes_agrees_with_scikit_learn() -> None:
    codes = torch.cat([normal(300, 2), 8 + 0.5 * normal(100, 2, seed=2)])
    mixture = CodeMixture(2, num_components=2).double()
    mixture.fit(codes, seed=0)
    other = GaussianMixture(2, random_state=0).fit(codes.numpy())
    order, others = mixture.weights.argsort(), other.weights_.argsort()
    np.testing.assert_allclose(mixture.weights[order], other.weights_[others], atol=0.01)
    np.testing.assert_allclose(mixture.means[order], other.means_[others], atol=0.05)
    covariances = mixture.factors @ mixture.factors.mT
    np.testing.assert_allclose(covariances[order], other.covariances_[others], atol=0.05)
    samples = mixture.sample(4000, generator=torch.Generator().manual_seed(0))
    assert abs(float((samples[:, 0] > 4).double().mean()) - 0.25) < 0.03
    means = mixture.sample(100, temperature=0.0, generator=torch.Generator().manual_seed(0))
    assert len(means.unique(dim=0)) == 2


def test_fewer_codes_than_components() -> None:
    mixture = CodeMixture(2, num_components=5)
    mixture.fit(normal(3, 2).float(), seed=0)
    assert (mixture.weights > 0).sum() == 3
    assert mixture.sample(50, generator=torch.Generator().manual_seed(0)).isfinite().all()


def test_the_mixture_is_saved_with_the_weights() -> None:
    model, _ = finalized_autoencoder()
    fresh = made(
        lambda: Autoencoder(
            model.spec,
            encoder=partial(ConvEncoder, width=2),
            decoder=partial(ConvDecoder, width=2),
            latent_size=3,
            num_components=2,
        )
    )
    fresh.load_state_dict(model.state_dict())
    first, second = (m.sample(8, generator=torch.Generator().manual_seed(0)) for m in (model, fresh))
    assert torch.equal(first, second)


@pytest.mark.parametrize("value", [0, -1])
def test_sizes_out_of_range_are_refused(value: int) -> None:
    with complains("latent_size must be at least 1", str(value)):
        small(latent_size=value)
    with complains("num_components must be at least 1", str(value)):
        small(num_components=value)
