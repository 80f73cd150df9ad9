"""Where in an image a flow's log-probability comes from."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import torch
from torch import Tensor, nn

from genera.core import DiagonalGaussian, Distribution, StandardNormal, sum_over_dims
from genera.flows.coupling import ChannelCoupling, Coupling
from genera.flows.logit import Logit
from genera.flows.multiscale import latent_shapes
from genera.flows.normalizing_flow import NormalizingFlow
from genera.flows.split_prior import ConditionalSplitPrior, SplitPrior
from genera.flows.variational_dequantizer import VariationalDequantizer, log_sigmoid_derivative

#: Reads a term for every value ``(B, C, h, w)`` off a module's first input and what it gave for it.
Reading = Callable[[Tensor, tuple[Tensor, Tensor]], Tensor]


def log_prob_map(
    flow: NormalizingFlow,
    images: Tensor,
    labels: Tensor | None = None,
    *,
    generator: torch.Generator | None = None,
) -> Tensor:
    """One draw of the log-probability of images, split among their pixels.

    The change of variables is a sum: every number that a coupling, a logit, a split's prior or the dequantizer
    stretches has a log-derivative of its own, and every latent value a log-density. Each is put where the number lies;
    a number of a coarser scale lies on the block of pixels that was squeezed into it, and is shared evenly among them.
    What belongs to no place is shared evenly by all pixels: ActNorm, 1×1 convolutions, the width of the bins, and a
    base that is not one density per value.

    The sum is the log-probability; the parts are how this flow arrived at it. A transform may move what one pixel tells
    to its neighbour, and a part may be positive, which the log-probability of an integer pixel never is.

    Args:
        flow: the model.
        images: uint8 ``(B, C, H, W)``.
        labels: int64 ``(B,)``, for a conditional flow.
        generator: of the dequantization; with the same seed as ``flow.log_prob``, the sum is what that gives.

    Returns:
        ``(B, H, W)`` nats, with gradients where they are enabled.

    Raises:
        ValueError: the images do not fit the flow.
    """
    places = _Places(flow)
    with places.listening():
        total = flow.log_prob(images, labels, generator=generator)
    placed = torch.cat(places.passes)
    share = (total - sum_over_dims(placed)) / (flow.spec.height * flow.spec.width)
    return placed + share[:, None, None]


class _Places:
    """Listens to a flow, and puts what has a place on the pixels.

    Args:
        flow: the model.
    """

    def __init__(self, flow: NormalizingFlow) -> None:
        self.flow = flow
        #: ``(b, H, W)`` for each pass; `log_prob` takes many images through the flow in several.
        self.passes: list[Tensor] = []
        self._terms: list[Tensor] = []

    def listening(self) -> ExitStack:
        """Listen within a ``with`` block."""
        hooks = ExitStack()
        for module in self.flow.modules():
            found = _reading(module)
            if found is not None:
                listened, read = found
                hooks.callback(listened.register_forward_hook(partial(self._heard, read)).remove)
        hooks.callback(self.flow.transform.register_forward_hook(self._finish).remove)
        return hooks

    def _heard(
        self, read: Reading, module: nn.Module, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, Tensor]
    ) -> None:
        self._put(read(inputs[0], outputs))

    def _finish(self, module: nn.Module, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, Tensor]) -> None:
        """The transforms come after the dequantizer: with their latent, a pass is over."""
        z, log_det = outputs
        terms = _base_terms(self.flow.base, z.flatten(1))
        if terms is not None:
            scales = terms.split(self.flow.latent_scales, dim=1)
            for values, shape in zip(scales, latent_shapes(self.flow.transform), strict=True):
                self._put(values.unflatten(1, shape))
        nowhere = log_det.new_zeros(len(z), self.flow.spec.height, self.flow.spec.width)
        self.passes.append(torch.stack([nowhere, *self._terms]).sum(dim=0))
        self._terms.clear()

    def _put(self, values: Tensor) -> None:
        """Sum ``(B, C, h, w)`` over the channels and spread it over the image; what has no such shape has no place."""
        if values.ndim != 4:
            return
        rows, columns = self.flow.spec.height // values.shape[2], self.flow.spec.width // values.shape[3]
        blocks = values.sum(dim=1) / (rows * columns)
        self._terms.append(blocks.repeat_interleave(rows, dim=1).repeat_interleave(columns, dim=2))


def _reading(module: nn.Module) -> tuple[nn.Module, Reading] | None:
    """Which module to listen to for a transform with a term for every value, and how to read them; None for others."""
    match module:
        case Coupling():
            return module.elementwise, partial(_read_coupling, module.mask)
        case ChannelCoupling() | ConditionalSplitPrior():
            return module.elementwise, lambda x, given: given[1]
        case SplitPrior():
            return module, partial(_read_prior, module.log_std)
        case Logit():
            return module, partial(_read_logit, module)
        case VariationalDequantizer():
            # From logistic noise to uniform; the transforms in between are listened to by themselves.
            return module.transform, lambda x, given: log_sigmoid_derivative(given[0]) - log_sigmoid_derivative(x)
        case _:
            return None


def _read_coupling(mask: Tensor, x: Tensor, given: tuple[Tensor, Tensor]) -> Tensor:
    return given[1].masked_fill(mask, 0)


def _read_prior(log_std: Tensor, x: Tensor, given: tuple[Tensor, Tensor]) -> Tensor:
    return -log_std.expand_as(x)


def _read_logit(logit: Logit, x: Tensor, given: tuple[Tensor, Tensor]) -> Tensor:
    # Of a number that is an image of its own, the log-determinant is the log-derivative. No hook hears `forward`.
    return logit.forward(x.reshape(-1, 1))[1].view_as(x)


def _base_terms(base: Distribution, z: Tensor) -> Tensor | None:
    """``(B, D)`` log-densities of the latent values; None where the base is not a product of them."""
    match base:
        case StandardNormal():
            return -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
        case DiagonalGaussian():
            standardized = (z - base.mean) * torch.exp(-base.log_scale)
            return -0.5 * standardized**2 - base.log_scale - 0.5 * math.log(2 * math.pi)
        case _:
            return None
