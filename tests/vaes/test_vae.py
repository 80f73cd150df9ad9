from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from cases import VAES, complains, made, pixels, uniform
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from genera.core import ImageSpec, Progress, has_density, log_mean_exp
from genera.networks import ConvDecoder, ConvEncoder
from genera.vaes import (
    VAE,
    BernoulliPixels,
    CrossEntropyPixels,
    Elbo,
    FreeBits,
    GaussianPixels,
    Iwae,
    PixelLikelihood,
    VampPrior,
)

SPEC = ImageSpec(1, 4, 4, 17, num_classes=3)
small = partial(
    VAE,
    encoder=partial(ConvEncoder, width=2),
    decoder=partial(ConvDecoder, width=2),
    likelihood=GaussianPixels,
    latent_size=3,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class LinearGaussian(PixelLikelihood):
    """A stand-in for a pixel likelihood: scaled levels as real numbers with Gaussian noise of known variance."""

    scale = 0.5

    @property
    def out_channels(self) -> int:
        return self.spec.channels

    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        x = images.to(params.dtype) / (self.spec.levels - 1)
        standardized = (x - params) / self.scale
        return (-0.5 * standardized**2 - math.log(self.scale) - 0.5 * math.log(2 * math.pi)).flatten(1).sum(dim=1)

    def mean(self, params: Tensor) -> Tensor:
        return params.clamp(0, 1)

    def sample(self, params: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        return self.spec.to_pixels(self.mean(params))


class FlatLinear(nn.Module):
    """A linear map between flat vectors and shapes."""

    def __init__(self, in_shape: tuple[int, ...], out_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.linear = nn.Linear(math.prod(in_shape), math.prod(out_shape))
        self.out_shape = out_shape

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.flatten(1)).unflatten(1, self.out_shape)


def linear_vae() -> VAE:
    """A linear encoder and decoder: ``x = W z + b + noise`` has a known Gaussian ``log p(x)``.

    The encoder has the mean of the true posterior, which is linear too, and a slightly larger scale.
    """
    vae = made(
        lambda: VAE(
            ImageSpec(1, 2, 3, 256),
            encoder=lambda shape, num_outputs: FlatLinear(shape, (num_outputs,)),
            decoder=lambda num_inputs, shape: FlatLinear((num_inputs,), shape),
            likelihood=LinearGaussian,
            latent_size=2,
            objective=Elbo(),
        ),
        scale=0.2,
    )
    decoder, encoder = vae.decoder.linear, vae.encoder.network.linear
    precision = torch.eye(2, dtype=torch.float64) + decoder.weight.T @ decoder.weight / LinearGaussian.scale**2
    to_mean = torch.linalg.solve(precision, decoder.weight.T) / LinearGaussian.scale**2
    with torch.no_grad():
        encoder.weight.copy_(torch.cat([to_mean, torch.zeros_like(to_mean)]))
        encoder.bias.copy_(
            torch.cat([-to_mean @ decoder.bias, 0.5 * torch.linalg.inv(precision).diagonal().log() + 0.2])
        )
    return vae


def exact_log_prob(vae: VAE, images: Tensor) -> Tensor:
    linear = vae.decoder.linear
    covariance = linear.weight @ linear.weight.T + LinearGaussian.scale**2 * torch.eye(6, dtype=torch.float64)
    return MultivariateNormal(linear.bias, covariance).log_prob(images.flatten(1).double() / 255)


@torch.no_grad()
def test_the_bound_converges_to_a_known_log_probability() -> None:
    vae = linear_vae()
    images = pixels(vae.spec, 8)
    exact = exact_log_prob(vae, images)
    bound = vae.log_prob(images, num_importance_samples=5000, generator=seeded())
    torch.testing.assert_close(bound, exact, rtol=0, atol=0.01)


@torch.no_grad()
def test_log_prob_is_a_lower_bound_in_expectation_and_its_exponential_is_unbiased() -> None:
    vae = linear_vae()
    image = pixels(vae.spec, 5)[-1:]
    exact = exact_log_prob(vae, image)
    gaps = []
    for num_importance_samples in (1, 10):
        log_prob = vae.log_prob(
            image.repeat(4000, 1, 1, 1), num_importance_samples=num_importance_samples, generator=seeded()
        )
        assert log_prob.mean() - 3 * log_prob.std() / 4000**0.5 < exact
        weight = (log_prob - exact).exp()
        assert abs(weight.mean() - 1) < 4 * weight.std() / 4000**0.5
        gaps.append(float(exact - log_prob.mean()))
    assert gaps[0] > 3 * gaps[1]


@torch.no_grad()
def test_the_decode_batches_do_not_change_the_result() -> None:
    """More images than a batch, and many samples of few images, compared with separate calls."""
    vae = linear_vae()
    images = pixels(vae.spec, 300)
    generator = seeded()
    parts = [vae.log_prob(part, generator=generator) for part in images.split(256)]
    torch.testing.assert_close(vae.log_prob(images, generator=seeded()), torch.cat(parts))
    generator = seeded()
    separate = [vae.log_prob(images[:200], generator=generator) for _ in range(40)]
    together = vae.log_prob(images[:200], num_importance_samples=40, generator=seeded())
    torch.testing.assert_close(together, log_mean_exp(torch.stack(separate)))


@pytest.mark.parametrize("name", VAES)
def test_the_validation_loss_is_the_negative_elbo_for_every_objective(name: str) -> None:
    vae, images = VAES[name]()
    labels = torch.arange(len(images)) % 3 if vae.class_conditional else None
    vae.advance(Progress(0, 0.0, 0.0))
    loss = vae.validation_loss(images, labels, generator=seeded())
    torch.testing.assert_close(loss.total, loss.terms["reconstruction"] + loss.terms["kl"])
    if has_density(vae):
        many = torch.stack([vae.log_prob(images, labels, generator=seeded(seed)) for seed in range(300)])
        again = torch.stack(
            [vae.validation_loss(images, labels, generator=seeded(seed)).total for seed in range(300, 600)]
        )
        error = (many.var(dim=0) + again.var(dim=0)).sqrt() / 300**0.5
        assert ((many.mean(dim=0) + again.mean(dim=0)).abs() < 4 * error + 1e-6).all()


def test_beta_does_not_change_the_validation_loss() -> None:
    images = pixels(SPEC)
    losses = []
    for beta in (0.0, 1.0, 50.0):
        vae = made(lambda beta=beta: small(SPEC, objective=Elbo(beta)))
        losses.append(vae.validation_loss(images, generator=seeded()).total)
    assert torch.equal(losses[0], losses[1])
    assert torch.equal(losses[1], losses[2])


def test_the_logs_of_the_loss() -> None:
    vae = made(lambda: small(SPEC, objective=Elbo(2.0)))
    loss = vae.loss(pixels(SPEC))
    assert set(loss.logs) == {"reconstruction", "kl", "kl_per_dim", "active_units", "nll", "beta"}
    assert loss.logs["kl_per_dim"].shape == (3,)
    torch.testing.assert_close(loss.logs["kl_per_dim"].sum(), loss.logs["kl"].mean())
    torch.testing.assert_close(loss.terms["weighted_kl"], 2 * loss.logs["kl"])


def test_a_vae_with_cross_entropy_has_no_density() -> None:
    vae = made(lambda: small(SPEC, objective=Elbo(), likelihood=CrossEntropyPixels))
    assert not has_density(vae)
    logs = vae.loss(pixels(SPEC)).logs
    assert "nll" not in logs
    torch.testing.assert_close(logs["bound"], logs["reconstruction"] + logs["kl"])
    with complains("CrossEntropyPixels is not a probability"):
        vae.log_prob(pixels(SPEC))


def test_encoder_and_decoder_depend_on_the_label() -> None:
    vae = made(lambda: small(SPEC, objective=Elbo(), class_conditional=True), scale=0.5)
    images, first, second = pixels(SPEC), torch.zeros(4, dtype=torch.int64), torch.ones(4, dtype=torch.int64)
    assert not torch.equal(vae.encode(images, first), vae.encode(images, second))
    z = vae.encode(images, first)
    assert not torch.equal(vae.decode(z, first), vae.decode(z, second))
    assert vae.sample(3, labels=torch.tensor([0, 1, 2])).shape == (3, *SPEC.shape)
    for call in (vae.loss, vae.log_prob, vae.encode, vae.reconstruct):
        with complains("needs those of the images"):
            call(images)
    with complains("trained on 3 classes", "from 3 to 3"):
        vae.encode(images, 3 * second)


@torch.no_grad()
@pytest.mark.parametrize(("num_images", "num_importance_samples"), [(4, 3), (4, 300), (300, 1)])
def test_a_label_affects_its_own_image_only(num_images: int, num_importance_samples: int) -> None:
    """For every division of images and samples into decode batches, with the same noise."""
    vae = made(lambda: small(SPEC, objective=Elbo(), class_conditional=True), scale=0.5)
    labels = torch.arange(num_images) % 3
    others = labels.clone()
    others[-2] = (others[-2] + 1) % 3
    images = pixels(SPEC, num_images)
    log_prob, changed = (
        vae.log_prob(images, given, num_importance_samples=num_importance_samples, generator=seeded())
        for given in (labels, others)
    )
    assert (log_prob != changed).nonzero().flatten().tolist() == [num_images - 2]


@torch.no_grad()
def test_an_importance_weighted_objective_logs_the_negative_elbo() -> None:
    vae = made(lambda: small(SPEC, objective=Iwae(50)), scale=0.5)
    torch.manual_seed(0)
    loss = vae.loss(pixels(SPEC))
    assert (loss.logs["nll"] > loss.total).all()
    torch.testing.assert_close(loss.logs["nll"], loss.logs["reconstruction"] + loss.logs["kl"])


def test_the_temperature_scales_the_latent() -> None:
    vae = made(lambda: small(SPEC, objective=Elbo()), scale=0.5)
    assert len(vae.sample(20, temperature=0.0, generator=seeded()).unique(dim=0)) == 1
    assert len(vae.sample(20, generator=seeded()).unique(dim=0)) > 1


def test_a_vamp_prior_is_initialized_from_the_first_batch() -> None:
    vae = small(SPEC, objective=Elbo(), prior=partial(VampPrior, num_components=2))
    vae.initialize(pixels(SPEC))
    torch.testing.assert_close(vae.prior.pseudo_inputs.detach(), pixels(SPEC)[:2].float() / 16, rtol=0, atol=0.3)


@torch.no_grad()
def test_the_reconstruction_of_constant_images_is_proportional_to_the_area() -> None:
    """It is a sum over pixels, not a mean."""
    losses = []
    for width in (4, 8):
        spec = ImageSpec(1, 4, width, 17)
        vae = small(spec, objective=Elbo(), decoder=lambda num_inputs, shape: ZeroDecoder(shape))
        losses.append(vae.loss(torch.full((2, *spec.shape), 5, dtype=torch.uint8)).terms["reconstruction"])
    torch.testing.assert_close(losses[1], 2 * losses[0])


class ZeroDecoder(nn.Module):
    """A decoder whose output is zero."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, z: Tensor) -> Tensor:
        return z.new_zeros(len(z), *self.shape)


def test_a_large_beta_collapses_the_posterior_and_the_logs_show_it() -> None:
    """The same short training with β = 0.1 and β = 50, on constant images of random levels."""
    spec = ImageSpec(1, 4, 4, 17)
    images = (uniform(64, 1, 1, 1) * 17).to(torch.uint8).expand(-1, *spec.shape)
    active, information = [], []
    for beta in (0.1, 50.0):
        torch.manual_seed(0)
        vae = small(spec, objective=Elbo(beta))
        optimizer = torch.optim.Adam(vae.parameters(), lr=0.02)
        for _ in range(200):
            optimizer.zero_grad()
            vae.loss(images).total.mean().backward()
            optimizer.step()
        logs = vae.validation_loss(images, generator=seeded()).logs
        active.append(int(logs["active_units"]))
        information.append(float(logs["mutual_information"]))
    assert active[0] >= 1
    assert active[1] == 0
    assert information[0] > 1
    assert information[1] < 0.1


@pytest.mark.parametrize("latent_size", [0, -1])
def test_a_vae_refuses_invalid_arguments(latent_size: int) -> None:
    with complains("latent_size must be at least 1", str(latent_size)):
        small(SPEC, objective=Elbo(), latent_size=latent_size)
    with complains("class_conditional needs images with labels"):
        small(ImageSpec(1, 4, 4), objective=Elbo(), class_conditional=True)
    with complains("VampPrior", "class_conditional"):
        small(SPEC, objective=Elbo(), class_conditional=True, prior=VampPrior)
    with complains("2 levels", "17"):
        small(SPEC, objective=Elbo(), likelihood=BernoulliPixels)
    with complains("FreeBits needs a prior", "such as StandardNormal, got VampPrior"):
        small(SPEC, objective=FreeBits(), prior=VampPrior)
    for labels in (torch.zeros(4), torch.zeros(4, 1, dtype=torch.int64)):
        with complains("labels must be torch.int64 (B,)"):
            small(SPEC, objective=Elbo(), class_conditional=True).encode(pixels(SPEC), labels)
    with complains("not trained with labels"):
        small(SPEC, objective=Iwae(2)).sample(2, labels=torch.tensor([0, 1]))
