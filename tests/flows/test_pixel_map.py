from __future__ import annotations

import copy
import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from cases import FLOWS, complains, gated, made, pixels
from torch import nn

from genera.core import DiagonalGaussian, GaussianMixture, ImageSpec, StandardNormal
from genera.flows import (
    ActNorm,
    Affine,
    ConditionalSplitPrior,
    Coupling,
    Couplings,
    InvertibleConv1x1,
    LogisticMixture,
    Logit,
    NormalizingFlow,
    RationalQuadraticSpline,
    Split,
    SplitPrior,
    Squeeze,
    VariationalDequantizer,
    channel_halves,
    checkerboard,
    log_prob_map,
)

#: Pixel-wise networks: with them, a flow transforms every block that it squeezes into one pixel independently.
local = partial(nn.Conv2d, kernel_size=1)
checkered = partial(Couplings, count=2, mask=checkerboard, conditioner=local)
halved = partial(Couplings, count=2, mask=channel_halves, conditioner=local)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-8), (torch.float32, 1e-4)])
def test_the_pixels_sum_to_the_log_probability(
    name: str, dtype: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, images = FLOWS[name]()
    flow = flow.to(dtype)
    if not list(flow.parameters()):
        # A flow without parameters computes in the default dtype.
        tolerance = 1e-4
    # A chunk of three images, then one of the last.
    monkeypatch.setattr("genera.flows.normalizing_flow._CPU_CHUNK_VALUES", 3 * flow.spec.num_dims)
    result = log_prob_map(flow, images, generator=seeded())
    assert result.shape == (len(images), *flow.spec.shape[1:])
    total = flow.log_prob(images, generator=seeded())
    torch.testing.assert_close(result.sum(dim=(1, 2)), total, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", FLOWS)
def test_the_hooks_are_removed(name: str) -> None:
    flow, images = FLOWS[name]()
    log_prob_map(flow, images)
    assert not any(module._forward_hooks for module in flow.modules())
    with complains("images"):
        log_prob_map(flow, images[:, :, 1:])
    assert not any(module._forward_hooks for module in flow.modules())


@pytest.mark.parametrize("elementwise", [Affine, RationalQuadraticSpline, LogisticMixture])
@pytest.mark.parametrize("base", [StandardNormal, DiagonalGaussian])
def test_each_pixel_gets_its_own_derivative_of_a_coupling(elementwise: Callable, base: Callable) -> None:
    coupling = partial(Coupling, mask=checkerboard, conditioner=gated, elementwise=elementwise)
    spec = ImageSpec(2, 4, 4, 17)
    flow = made(lambda: NormalizingFlow(spec, transforms=[Logit, coupling], base=base), scale=0.3)
    images = pixels(spec)[:3]
    result = log_prob_map(flow, images, generator=seeded())
    y, log_weight = flow.dequantizer(images, generator=seeded())
    for image, pixel_map, bins in zip(y.double(), result, log_weight / 32, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda x: flow.transform(x[None])[0].flatten(), image)
        z, _ = flow.transform(image[None])
        mean, log_scale = (flow.base.mean, flow.base.log_scale) if base is DiagonalGaussian else (z.new_zeros(32),) * 2
        density = torch.distributions.Normal(mean, log_scale.exp()).log_prob(z.flatten())
        # A coupling is triangular: its determinant is the product of the diagonal.
        terms = density + jacobian.reshape(32, 32).diagonal().log() + bins
        torch.testing.assert_close(pixel_map, terms.view(2, 4, 4).sum(dim=0), rtol=0, atol=1e-7)


@pytest.mark.parametrize("prior", [None, SplitPrior, partial(ConditionalSplitPrior, conditioner=local)])
@pytest.mark.parametrize("dequantizer", ["uniform", "variational"])
@pytest.mark.parametrize("steps", [[], [ActNorm, InvertibleConv1x1]])
def test_a_tile_of_an_image_has_the_terms_of_the_tile_as_an_image(
    prior: Callable | None, dequantizer: str, steps: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = Split if prior is None else partial(Split, prior=prior)
    transforms = [Logit, checkered, Squeeze, *steps, halved, partial(inner, transforms=[Squeeze, *steps, halved])]
    settings = (
        {} if dequantizer == "uniform" else {"dequantizer": partial(VariationalDequantizer, transforms=[checkered])}
    )

    def make(size: int) -> NormalizingFlow:
        return made(lambda: NormalizingFlow(ImageSpec(3, size, size, 17), transforms=transforms, **settings), scale=0.3)

    small, large = make(4), make(8)
    weights = copy.deepcopy(small.state_dict())
    if prior is SplitPrior:
        # The only transform with a parameter for each position.
        weights |= {name: value.repeat(1, 2, 2) for name, value in weights.items() if ".prior." in name}
    large.load_state_dict(weights)
    images = pixels(large.spec)
    # (B, C, 2, 4, 2, 4) -> (B · 4, C, 4, 4)
    tiles = images.unflatten(3, (2, 4)).unflatten(2, (2, 4)).permute(0, 2, 4, 1, 3, 5).reshape(-1, 3, 4, 4)
    # The same noise for every pixel, so that an image and its tiles are dequantized alike.
    monkeypatch.setattr(torch, "rand", lambda shape, **_: torch.full(shape, 0.3))
    alone = log_prob_map(small, tiles).unflatten(0, (-1, 2, 2)).permute(0, 1, 3, 2, 4).reshape(-1, 8, 8)
    together = log_prob_map(large, images)
    torch.testing.assert_close(together, alone, rtol=1e-8, atol=1e-8)
    # The tiles of the random images differ, so terms divided among all pixels would make a difference.
    sums = together[2:].detach().unflatten(2, (2, 4)).unflatten(1, (2, 4)).sum(dim=(2, 4))
    assert sums.flatten(1).std(dim=1).min() > 1


def test_the_term_of_a_latent_value_is_divided_among_its_block() -> None:
    spec = ImageSpec(1, 4, 4, 256)
    flow = NormalizingFlow(spec, transforms=[Logit, Squeeze, partial(Split, transforms=[Squeeze])])
    images = pixels(spec)
    result = log_prob_map(flow, images, generator=seeded())
    y, _ = flow.dequantizer(images, generator=seeded())
    y = y.double().requires_grad_()
    x, _ = Logit((1, 4, 4))(y)
    (derivative,) = torch.autograd.grad(x.sum(), y)
    density = torch.distributions.Normal(0, 1).log_prob(x)[:, 0]
    expected = derivative.log()[:, 0] - math.log(256)
    # The first row of every 2×2 block is kept and squeezed again; the second is factored out.
    expected = expected + density[:, 0::2].sum(dim=(1, 2))[:, None, None] / 16
    factored_out = density[:, 1::2].unflatten(2, (2, 2)).sum(dim=3) / 4
    expected = expected + factored_out.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    torch.testing.assert_close(result.double(), expected.detach(), rtol=1e-4, atol=1e-4)


def test_the_term_of_a_base_that_is_no_product_is_divided_evenly() -> None:
    spec = ImageSpec(1, 4, 4, 17)
    flow = made(lambda: NormalizingFlow(spec, transforms=[Logit], base=GaussianMixture))
    images = pixels(spec)
    result = log_prob_map(flow, images, generator=seeded())
    y, _ = flow.dequantizer(images, generator=seeded())
    y = y.double().requires_grad_()
    (derivative,) = torch.autograd.grad(flow.transform(y)[0].sum(), y)
    rest = result - derivative.log()[:, 0]
    torch.testing.assert_close(rest, rest[:, :1, :1].expand_as(rest))


def test_the_map_depends_on_the_label() -> None:
    coupling = partial(Coupling, context_channels=10, mask=checkerboard, conditioner=gated)
    spec = ImageSpec(1, 4, 4, 17, num_classes=10)
    flow = made(lambda: NormalizingFlow(spec, transforms=[Logit, coupling], class_conditional=True))
    images, labels = pixels(spec), torch.tensor([0, 1, 2, 3])
    result = log_prob_map(flow, images, labels, generator=seeded())
    torch.testing.assert_close(result.sum(dim=(1, 2)), flow.log_prob(images, labels, generator=seeded()))
    assert not torch.equal(result, log_prob_map(flow, images, labels + 1, generator=seeded()))
