from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from cases import LOSSES, normal
from scipy.integrate import quad
from scipy.stats import norm
from torch import Tensor

from genera.gans import (
    Hinge,
    NonSaturating,
    Saturating,
    feature_matching,
)

REAL = torch.tensor([-2.5, -0.3, 0.0, 0.4, 3.0], dtype=torch.float64)
FAKE = torch.tensor([0.7, -3.5, 1.5, 0.0, -0.2], dtype=torch.float64)


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


#: Functions of a logit that return a loss and its derivative: the discriminator's for a real image, the discriminator's
#: for a fake, and the generator's for a fake.
BY_HAND: dict[str, list[Callable[[float], tuple[float, float]]]] = {
    "Hinge": [
        lambda logit: (1 - logit, -1) if logit < 1 else (0, 0),
        lambda logit: (1 + logit, 1) if logit > -1 else (0, 0),
        lambda logit: (-logit, -1),
    ],
    "LeastSquares": [
        lambda logit: (0.5 * (logit - 1) ** 2, logit - 1),
        lambda logit: (0.5 * logit**2, logit),
        lambda logit: (0.5 * (logit - 1) ** 2, logit - 1),
    ],
    "NonSaturating": [
        lambda logit: (-math.log(sigmoid(logit)), sigmoid(logit) - 1),
        lambda logit: (-math.log(1 - sigmoid(logit)), sigmoid(logit)),
        lambda logit: (-math.log(sigmoid(logit)), sigmoid(logit) - 1),
    ],
    "Saturating": [
        lambda logit: (-math.log(sigmoid(logit)), sigmoid(logit) - 1),
        lambda logit: (-math.log(1 - sigmoid(logit)), sigmoid(logit)),
        lambda logit: (math.log(1 - sigmoid(logit)), -sigmoid(logit)),
    ],
    "Wasserstein": [lambda logit: (-logit, -1), lambda logit: (logit, 1), lambda logit: (-logit, -1)],
}


def with_gradients(loss: Callable[..., Tensor], *logits: Tensor) -> list[Tensor]:
    """The loss of every row, and its derivatives with respect to the logits."""
    leaves = [part.clone().requires_grad_() for part in logits]
    values = loss(*leaves)
    return [values.detach(), *torch.autograd.grad(values.sum(), leaves)]


@pytest.mark.parametrize("name", LOSSES)
def test_values_and_gradients_by_hand(name: str) -> None:
    def by_hand(part: Callable[[float], tuple[float, float]], logits: Tensor) -> list[Tensor]:
        return list(torch.tensor([part(logit) for logit in logits.tolist()], dtype=torch.float64).unbind(dim=1))

    loss, (real_loss, fake_loss, generator_loss) = LOSSES[name](), BY_HAND[name]
    (real, real_gradient), (fake, fake_gradient) = by_hand(real_loss, REAL), by_hand(fake_loss, FAKE)
    expected = [real + fake, real_gradient, fake_gradient]
    torch.testing.assert_close(with_gradients(loss.discriminator, REAL, FAKE), expected)
    torch.testing.assert_close(with_gradients(loss.generator, FAKE), by_hand(generator_loss, FAKE))


@pytest.mark.parametrize("name", ["Hinge", "LeastSquares", "NonSaturating", "Saturating"])
def test_losses_agree_with_torch(name: str) -> None:
    ones, zeros = torch.ones_like(REAL), torch.zeros_like(REAL)

    def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, targets, reduction="none")

    def half_squares(logits: Tensor, targets: Tensor) -> Tensor:
        return F.mse_loss(logits, targets, reduction="none") / 2

    def margin(logits: Tensor) -> Tensor:
        return F.hinge_embedding_loss(logits, -ones, margin=1.0, reduction="none")

    both = cross_entropy(REAL, ones) + cross_entropy(FAKE, zeros)
    discriminator, generator = {
        "Hinge": (margin(REAL) + margin(-FAKE), -FAKE),
        "LeastSquares": (half_squares(REAL, ones) + half_squares(FAKE, zeros), half_squares(FAKE, ones)),
        "NonSaturating": (both, cross_entropy(FAKE, ones)),
        "Saturating": (both, -cross_entropy(FAKE, zeros)),
    }[name]
    torch.testing.assert_close(LOSSES[name]().discriminator(REAL, FAKE), discriminator)
    torch.testing.assert_close(LOSSES[name]().generator(FAKE), generator)


@pytest.mark.parametrize("name", LOSSES)
def test_extreme_logits_have_finite_values_and_gradients(name: str) -> None:
    logits = torch.tensor([0.0, 1.0, 100.0, 1e4, 1e15])
    logits = torch.cat([logits, -logits])
    for values in (
        *with_gradients(LOSSES[name]().discriminator, logits, logits.flip(0)),
        *with_gradients(LOSSES[name]().generator, logits),
    ):
        assert values.dtype == torch.float32
        assert values.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_half_precision_logits_are_computed_in_float32(name: str, dtype: torch.dtype) -> None:
    loss, real, fake = LOSSES[name](), REAL.to(dtype), FAKE.to(dtype)
    torch.testing.assert_close(loss.discriminator(real, fake), loss.discriminator(real.float(), fake.float()))
    torch.testing.assert_close(loss.generator(fake), loss.generator(fake.float()))


def test_for_a_confident_discriminator_only_the_non_saturating_loss_has_a_gradient() -> None:
    logit = torch.full((1,), -30.0)
    assert with_gradients(NonSaturating().generator, logit)[1].item() == pytest.approx(-1)
    assert with_gradients(Saturating().generator, logit)[1].item() == pytest.approx(0, abs=1e-12)


def test_if_real_and_fake_coincide_the_best_logit_is_zero_with_a_loss_of_log_four() -> None:
    logits = torch.linspace(-3, 3, 61, dtype=torch.float64)
    losses = NonSaturating().discriminator(logits, logits)
    assert losses.argmin().item() == 30
    assert losses[30].item() == pytest.approx(2 * math.log(2))


def test_the_best_discriminator_measures_the_jensen_shannon_divergence() -> None:
    """For two normal distributions: log 4 minus twice the divergence (Goodfellow et al. 2014, theorem 1)."""
    real, fake = norm(0, 1), norm(1.5, 0.7)

    def loss(x: float) -> float:
        logit = torch.tensor([real.logpdf(x) - fake.logpdf(x)])
        real_loss = NonSaturating().generator(logit).item()
        both_losses = NonSaturating().discriminator(logit, logit).item()
        return real.pdf(x) * real_loss + fake.pdf(x) * (both_losses - real_loss)

    def divergence(x: float) -> float:
        p, q = real.pdf(x), fake.pdf(x)
        return 0.5 * (p * math.log(2 * p / (p + q)) + q * math.log(2 * q / (p + q)))

    expected = 2 * math.log(2) - 2 * quad(divergence, -6, 6)[0]
    assert quad(loss, -6, 6)[0] == pytest.approx(expected, abs=1e-6)


def test_beyond_the_margin_the_hinge_loss_and_its_gradients_are_zero() -> None:
    for values in with_gradients(Hinge().discriminator, torch.tensor([1.5, 7]), torch.tensor([-1.5, -7])):
        assert (values == 0).all()


def test_feature_matching_by_hand() -> None:
    """The gradient of a norm is the direction of the difference; each of B fakes contributes 1/B to the mean."""
    real, fake = normal(5, 3, 2, 2), normal(4, 3, 2, 2, seed=2).requires_grad_()
    difference = fake.detach().numpy().mean(axis=0) - real.numpy().mean(axis=0)
    distance = feature_matching(real.requires_grad_(), fake)
    distance.backward()
    assert distance.shape == ()
    assert distance.item() == pytest.approx(math.sqrt((difference**2).sum()))
    direction = torch.from_numpy(difference / distance.item())
    torch.testing.assert_close(fake.grad, (direction / 4).expand(4, -1, -1, -1))
    assert real.grad is None


def test_equal_features_have_a_gradient_of_zero() -> None:
    real = normal(4, 6)
    fake = real.clone().requires_grad_()
    distance = feature_matching(real, fake)
    distance.backward()
    assert distance.item() == 0
    assert (fake.grad == 0).all()


def test_features_in_half_precision_are_averaged_in_float32() -> None:
    real, fake = normal(300, 6).bfloat16(), normal(300, 6, seed=2).bfloat16()
    torch.testing.assert_close(feature_matching(real, fake), feature_matching(real.float(), fake.float()))
