from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch
from cases import checkered, every_level, made, pixels, variational
from scipy import stats
from torch import Tensor
from torch.autograd.functional import jacobian

from genera.core import ImageSpec, UniformDequantizer
from genera.flows import VariationalDequantizer
from genera.networks import GatedConvNet

SPEC = ImageSpec(1, 2, 2, 3)


def noise_of(dequantizer: VariationalDequantizer, uniform: Tensor, images: Tensor) -> Tensor:
    """The noise for uniform inputs, ``(B, C, H, W)``, as a differentiable formula."""
    h, _ = dequantizer.transform(torch.logit(uniform), 2 * images.double() / (SPEC.levels - 1) - 1)
    return torch.sigmoid(h)


def test_the_weight_agrees_with_the_jacobian() -> None:
    dequantizer, images = made(lambda: variational(SPEC), scale=0.4), pixels(SPEC)
    y, log_weight = dequantizer(images, generator=torch.Generator().manual_seed(0))
    uniform = torch.rand(images.shape, generator=torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(y * 3 - images, noise_of(dequantizer, uniform, images), rtol=0, atol=1e-6)
    for index in range(len(images)):
        image = images[index : index + 1]
        matrix = jacobian(lambda u, image=image: noise_of(dequantizer, u, image), uniform[index : index + 1])
        # A transform of uniform noise has the density 1 / |det|.
        expected = torch.linalg.slogdet(matrix.reshape(4, 4)).logabsdet - 4 * math.log(3)
        torch.testing.assert_close(log_weight[index], expected, rtol=0, atol=1e-5)


def test_the_initial_noise_is_uniform() -> None:
    couplings = partial(checkered, count=4, conditioner=partial(GatedConvNet, width=4))
    spec = ImageSpec(1, 2, 2, 17)
    images = every_level(spec).repeat(200, 1, 1, 1)
    y, log_weight = VariationalDequantizer(spec, transforms=[couplings])(images)
    _, expected = UniformDequantizer(spec)(images)
    torch.testing.assert_close(log_weight, expected, rtol=0, atol=1e-4)
    noise = (y * 17 - images).detach().flatten().numpy()
    assert stats.kstest(noise, "uniform").pvalue > 1e-3


def test_the_noise_depends_on_the_image() -> None:
    dequantizer = made(lambda: variational(ImageSpec(1, 2, 2, 256)), scale=0.4)
    black, white = (torch.full((1000, 1, 2, 2), level, dtype=torch.uint8) for level in (0, 255))
    noises = [
        (dequantizer(images, generator=torch.Generator().manual_seed(0))[0] * 256 - images).detach().flatten().numpy()
        for images in (black, white)
    ]
    assert not np.allclose(*noises, atol=0.05)


def test_the_weight_is_one_on_average() -> None:
    """``E[exp(log_weight)] · levels^D`` is the integral of one over the bin."""
    dequantizer = made(lambda: variational(SPEC), scale=0.2)
    images = pixels(SPEC, 3).repeat_interleave(20_000, dim=0)
    with torch.no_grad():
        _, log_weight = dequantizer(images, generator=torch.Generator().manual_seed(0))
    volume = (log_weight + 4 * math.log(3)).exp().view(3, -1)
    assert volume.std() > 0.1
    assert ((volume.mean(dim=1) - 1).abs() < 4 * volume.std(dim=1) / 20_000**0.5).all()
