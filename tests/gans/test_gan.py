from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from cases import GANS, complains, made, pixels
from torch import Tensor

from genera.core import Fakes, ImageSpec, Progress
from genera.gans import GAN, R1, AdversarialLoss, GradientPenalty, LeastSquares, NonSaturating, Penalty, Wasserstein
from genera.gans.penalties.base import Network
from genera.networks import ConvDiscriminator, ConvGenerator, MlpDiscriminator, MlpGenerator

SPEC = ImageSpec(1, 8, 8, 17, num_classes=3)
fully_connected = partial(
    GAN,
    generator=partial(MlpGenerator, widths=(8, 8)),
    discriminator=partial(MlpDiscriminator, widths=(8, 6)),
    loss=NonSaturating(),
    latent_size=5,
)
convolutional = partial(
    GAN,
    generator=partial(ConvGenerator, width=2),
    discriminator=partial(ConvDiscriminator, width=2),
    loss=NonSaturating(),
    latent_size=5,
    class_conditional=True,
)
LABELS = torch.tensor([0, 1, 2, 0])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", GANS)
def test_the_loss_of_a_player_has_gradients_for_that_player(name: str) -> None:
    gan, images = GANS[name]()
    labels = LABELS[: len(images)] if gan.class_conditional else None
    fakes = gan.generate(len(images), labels)
    gan.discriminator_loss(images, fakes, labels).total.mean().backward(retain_graph=True)
    assert all(parameter.grad is None for parameter in gan.generator.parameters())
    assert any(parameter.grad.any() for parameter in gan.discriminator.parameters())
    gan.zero_grad()
    gan.generator_loss(images, fakes, labels).total.mean().backward()
    assert any(parameter.grad.any() for parameter in gan.generator.parameters())


@pytest.mark.parametrize("name", GANS)
def test_losses_are_the_sum_of_their_terms(name: str) -> None:
    gan, images = GANS[name]()
    labels = LABELS[: len(images)] if gan.class_conditional else None
    fakes = gan.generate(len(images), labels)
    for loss in (gan.discriminator_loss(images, fakes, labels), gan.generator_loss(images, fakes, labels)):
        assert loss.total.shape == (len(images),)
        assert loss.total.isfinite().all()
        torch.testing.assert_close(loss.total, sum(loss.terms.values()).expand(len(images)))
        assert not any(value.requires_grad for value in loss.logs.values())


@pytest.mark.parametrize("name", GANS)
def test_fakes_of_one_pass(name: str) -> None:
    gan, _ = GANS[name]()
    torch.manual_seed(0)
    fakes = gan.generate(4)
    assert fakes.images.shape == (4, *gan.spec.shape)
    assert fakes.images.requires_grad
    assert (fakes.images.abs() <= 1).all()
    assert fakes.latents.shape == (4, gan.latent_size)
    assert (fakes.labels is None) == (not gan.class_conditional)


def test_the_losses_are_computed_from_the_logits() -> None:
    gan = made(lambda: fully_connected(SPEC)).eval()
    images = pixels(SPEC)
    fakes = gan.generate(4)
    real, _ = gan.discriminator(2 * images.double() / 16 - 1)
    fake, features = gan.discriminator(fakes.images)
    binary = torch.nn.functional.binary_cross_entropy_with_logits
    expected = binary(real, torch.ones(4).double(), reduction="none")
    expected = expected + binary(fake, torch.zeros(4).double(), reduction="none")
    torch.testing.assert_close(gan.discriminator_loss(images, fakes).total, expected)
    expected = binary(fake, torch.ones(4).double(), reduction="none")
    torch.testing.assert_close(gan.generator_loss(images, fakes).total, expected)
    torch.testing.assert_close(gan.score(images), real)

    gan.feature_matching = 10.0
    loss = gan.generator_loss(images, fakes)
    real_features = gan.discriminator(2 * images.double() / 16 - 1)[1]
    distance = (real_features.mean(dim=0) - features.mean(dim=0)).norm()
    torch.testing.assert_close(loss.terms["feature_matching"], 10 * distance)


def test_samples_and_scores_depend_on_the_label() -> None:
    gan = made(lambda: convolutional(SPEC), scale=0.5).eval()
    first, again = (gan.sample(4, labels=LABELS, generator=seeded()) for _ in range(2))
    other = gan.sample(4, labels=(LABELS + 1) % 3, generator=seeded())
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(gan.score(pixels(SPEC), LABELS), gan.score(pixels(SPEC), (LABELS + 1) % 3))


def test_a_reloaded_model_gives_equal_samples_for_equal_seeds() -> None:
    gan, fresh = (made(lambda: convolutional(SPEC), scale=scale) for scale in (0.5, 0.1))
    gan.train()
    gan.generate(16)  # updates the statistics of batch normalization
    fresh.load_state_dict(gan.state_dict())
    first, second = (model.eval().sample(8, generator=seeded()) for model in (gan, fresh))
    assert torch.equal(first, second)


def test_the_temperature_scales_the_noise() -> None:
    gan = made(lambda: fully_connected(SPEC), scale=0.5).eval()
    assert len(gan.sample(20, temperature=0.0, generator=seeded()).unique(dim=0)) == 1
    assert len(gan.sample(20, generator=seeded()).unique(dim=0)) > 1


def test_a_penalty_is_a_term_of_the_discriminator_loss() -> None:
    gan = made(lambda: fully_connected(SPEC, loss=Wasserstein(), penalties=[GradientPenalty(10.0)]))
    images = pixels(SPEC)
    loss = gan.discriminator_loss(images, gan.generate(4))
    assert set(loss.terms) == {"adversarial", "penalty"}
    assert (loss.terms["penalty"] >= 0).all()


def gradients_over_two_steps(every: int) -> dict[str, Tensor]:
    """The sum of the gradients of the discriminator over steps 6 and 7 of a training that changes no weight."""
    gan = made(lambda: fully_connected(SPEC, penalties=[R1(every=every)]))
    for step in (6, 7):
        gan.advance(Progress(step=step, epoch=0.0, fraction=0.0))
        loss = gan.discriminator_loss(pixels(SPEC), gan.generate(4, generator=seeded(step)))
        assert loss.total.shape == loss.terms["penalty"].shape == (4,)
        assert loss.terms["penalty"].any() == (step % every == 0)
        loss.total.mean().backward()
    return {name: parameter.grad for name, parameter in gan.discriminator.named_parameters()}


def test_a_lazy_penalty_has_the_gradient_of_an_eager_one_over_its_steps() -> None:
    eager, lazy, lazier = (gradients_over_two_steps(every) for every in (1, 2, 3))
    for name, gradient in eager.items():
        torch.testing.assert_close(lazy[name], gradient)
    # Of two steps one has the penalty of three.
    alone = made(lambda: R1(every=1))
    gan = made(lambda: fully_connected(SPEC))
    real = 2 * pixels(SPEC).double() / 16 - 1
    fakes = gan.generate(4)
    alone(lambda points: gan.discriminator(points)[0], real, fakes).mean().backward()
    for name, parameter in gan.discriminator.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(lazier[name] - eager[name], parameter.grad)


class Brightness(Penalty):
    """Of the generator: the mean square of the images of other latents with the same labels."""

    player = "generator"

    def forward(
        self, network: Network, real: Tensor, fakes: Fakes, *, generator: torch.Generator | None = None
    ) -> Tensor:
        assert real.abs().max() <= 1
        assert fakes.images.requires_grad
        z = torch.randn(fakes.latents.shape, generator=generator, dtype=fakes.latents.dtype)
        return self.weight * network(z).square().mean()


def test_a_penalty_of_the_generator_is_a_term_of_its_loss_alone() -> None:
    gan = made(lambda: convolutional(SPEC, penalties=[Brightness(2.0), Brightness(1.0, every=2)])).eval()
    images, fakes = pixels(SPEC), gan.generate(4, LABELS, generator=seeded())
    assert "penalty" not in gan.discriminator_loss(images, fakes, LABELS).terms
    noise = seeded(1)
    first, second = (torch.randn(4, 5, generator=noise, dtype=torch.float64) for _ in range(2))
    first, second = (gan.generator(z, gan.context(LABELS, 4)).tanh().square().mean() for z in (first, second))
    for step, expected in ((4, 2 * first + 2 * second), (5, 2 * first)):
        gan.advance(Progress(step=step, epoch=0.0, fraction=0.0))
        loss = gan.generator_loss(images, fakes, LABELS, generator=seeded(1))
        torch.testing.assert_close(loss.terms["penalty"], expected.expand(4))
        torch.testing.assert_close(loss.total, loss.terms["adversarial"] + expected)


class NoisyGenerator(MlpGenerator):
    """Has noise of its own in a layer."""

    def forward(self, z: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Tensor:
        return super().forward(z + torch.randn(z.shape, generator=generator, dtype=z.dtype), labels)


def test_the_noise_of_a_generators_layers_comes_from_the_random_generator() -> None:
    gan = made(lambda: fully_connected(SPEC, generator=NoisyGenerator), scale=0.5).eval()
    before = torch.get_rng_state()
    first, again, other = (gan.generate(4, generator=seeded(seed)).images for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    # A temperature scales the latent, not the noise of the layers.
    frozen = gan.sample(20, temperature=0.0, generator=seeded(1))
    assert torch.equal(frozen, gan.sample(20, temperature=0.0, generator=seeded(1)))
    assert len(frozen.unique(dim=0)) > 1
    assert torch.equal(torch.get_rng_state(), before)


def test_samples_are_the_pixels_of_fakes() -> None:
    gan = made(lambda: convolutional(SPEC), scale=0.5).eval()
    fakes = gan.generate(8, generator=seeded())
    samples = gan.sample(8, generator=seeded())
    assert torch.equal(samples, gan.spec.to_pixels((fakes.images + 1) / 2))


def test_a_gan_refuses_invalid_arguments() -> None:
    with complains("latent_size must be at least 1", "0"):
        fully_connected(SPEC, latent_size=0)
    for weight in (-1.0, math.nan, math.inf):
        with complains("feature_matching", "finite and not negative", str(weight)):
            fully_connected(SPEC, feature_matching=weight)
    with complains("class_conditional needs images with labels"):
        convolutional(ImageSpec(1, 8, 8))
    with complains("does not depend on the rest of the batch", "batch_norm"):
        convolutional(SPEC, penalties=[GradientPenalty()])
    with complains("multiples of 4", "9×8"):
        convolutional(ImageSpec(1, 9, 8, num_classes=3))
    with complains("not trained with labels"):
        fully_connected(SPEC).sample(2, labels=torch.tensor([0, 1]))
    for sample in (convolutional(SPEC).sample, convolutional(SPEC).generate):
        with complains("one label for each image", "got 4 for 3"):
            sample(3, labels=LABELS)
    conditional = convolutional(SPEC, loss=LeastSquares())
    fakes = conditional.generate(4)
    with complains("needs those of the images"):
        conditional.discriminator_loss(pixels(SPEC), fakes)
    with complains("trained on 3 classes", "to 3"):
        conditional.sample(1, labels=torch.tensor([3]))


def test_an_unconditional_model_ignores_labels_of_the_data() -> None:
    assert fully_connected(SPEC).generate(4, LABELS).labels is None


@pytest.mark.parametrize("loss", [NonSaturating(), LeastSquares(), Wasserstein()])
def test_predictions_and_accuracy_are_logged(loss: AdversarialLoss) -> None:
    gan, images = made(lambda: fully_connected(SPEC, loss=loss)), pixels(SPEC)
    fakes = gan.generate(len(images))
    real, fake = gan.score(images).detach(), gan.discriminator(fakes.images)[0].detach()
    logs = gan.discriminator_loss(images, fakes).logs
    is_log_odds = isinstance(loss, NonSaturating)
    torch.testing.assert_close(logs["real"], real.sigmoid() if is_log_odds else real)
    torch.testing.assert_close(logs["fake"], fake.sigmoid() if is_log_odds else fake)
    assert torch.equal(logs["accuracy"] == 1, real > fake)
