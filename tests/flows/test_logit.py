from __future__ import annotations

import math

import pytest
import torch
from cases import complains, normal, uniform
from torch.distributions import AffineTransform, ComposeTransform, SigmoidTransform

from genera.flows import Logit


@pytest.mark.parametrize("alpha", [1e-5, 0.05, 0.9])
def test_logit_agrees_with_torch(alpha: float) -> None:
    other = ComposeTransform([AffineTransform(alpha / 2, 1 - alpha), SigmoidTransform().inv])
    logit, x = Logit((2, 3, 3), alpha=alpha), uniform(4, 2, 3, 3)
    x[0, 0, 0, 0], x[0, 0, 0, 1] = 0, 1
    y, log_det = logit(x)
    torch.testing.assert_close(y, other(x), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(log_det, other.log_abs_det_jacobian(x, y).sum(dim=(1, 2, 3)), rtol=1e-10, atol=1e-10)
    y = normal(4, 2, 3, 3)
    x, log_det = logit.inverse(y)
    torch.testing.assert_close(x, other.inv(y), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(log_det, -other.log_abs_det_jacobian(x, y).sum(dim=(1, 2, 3)), rtol=1e-10, atol=1e-10)


def test_the_ends_are_finite_and_symmetric() -> None:
    y, log_det = Logit((2,), alpha=1e-5)(torch.tensor([[0.0, 1.0]], dtype=torch.float64))
    end = math.log((1 - 5e-6) / 5e-6)
    torch.testing.assert_close(y, torch.tensor([[-end, end]], dtype=torch.float64))
    assert log_det.isfinite().all()
    assert Logit((2,))(torch.tensor([[0.0, 1.0]]))[0].isfinite().all()


def test_large_latents_do_not_overflow() -> None:
    x, log_det = Logit((2,)).inverse(torch.tensor([[-500.0, 500.0]]))
    torch.testing.assert_close(x, torch.tensor([[0.0, 1.0]]), rtol=0, atol=1e-4)
    torch.testing.assert_close(log_det, torch.tensor([-1000.0]))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 2.0, math.nan])
def test_alpha_out_of_range_is_refused(alpha: float) -> None:
    with complains("alpha must be in (0, 1)", str(alpha)):
        Logit((1, 2, 2), alpha=alpha)
