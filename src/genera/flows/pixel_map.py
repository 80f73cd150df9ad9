"""A map of the contributions of pixels to the log-probability of an image."""

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

#: Computes a term for every value, ``(B, C, h, w)``, from the first input of a module and its outputs.
TermFunction = Callable[[Tensor, tuple[Tensor, Tensor]], Tensor]


def log_prob_map(
    flow: NormalizingFlow, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
) -> Tensor:
    """One sample of the log-probability of images, divided among their pixels.

    The change of variables is a sum: every value that a coupling, a logit, a split prior or the dequantizer transforms
    has its own log-derivative, and every latent value its own log-density. Each term is added at the position of its
    value; the terms of coarser scales are divided evenly among the pixels of the block that was squeezed into them.
    Terms without a position are divided evenly among all pixels: ActNorm, 1×1 convolutions, the width of the bins, and
    a base that is not a product of densities.

    The sum is the log-probability; the parts show how this flow computes it. A transform may move information from one
    pixel to its neighbours, and parts can be positive, unlike the log-probability of an integer pixel.

    Args:
        flow: the model.
        images: uint8 ``(B, C, H, W)``.
        labels: int64 ``(B,)``, for a conditional flow.
        generator: for the dequantization; with the same seed as for ``flow.log_prob``, the sum equals its result.

    Returns:
        ``(B, H, W)`` nats, with gradients where they are enabled.

    Raises:
        ValueError: the images do not fit the flow.
    """
    collector = _TermCollector(flow)
    with collector.hooks():
        total = flow.log_prob(images, labels, generator=generator)
    local = torch.cat(collector.maps)
    rest = (total - sum_over_dims(local)) / (flow.spec.height * flow.spec.width)
    return local + rest[:, None, None]


class _TermCollector:
    """Collects the terms of the log-probability that have a position, by forward hooks on the modules of a flow.

    Args:
        flow: the model.
    """

    def __init__(self, flow: NormalizingFlow) -> None:
        self.flow = flow
        #: ``(b, H, W)`` for each forward pass; `log_prob` evaluates many images in chunks.
        self.maps: list[Tensor] = []
        self._terms: list[Tensor] = []

    def hooks(self) -> ExitStack:
        """Register the hooks; they are removed at the end of the ``with`` block."""
        hooks = ExitStack()
        for module in self.flow.modules():
            hooked = _module_and_terms(module)
            if hooked is not None:
                target, terms = hooked
                hooks.callback(target.register_forward_hook(partial(self._add_terms, terms)).remove)
        hooks.callback(self.flow.transform.register_forward_hook(self._finish_pass).remove)
        return hooks

    def _add_terms(
        self, terms: TermFunction, module: nn.Module, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, Tensor]
    ) -> None:
        self._add(terms(inputs[0], outputs))

    def _finish_pass(self, module: nn.Module, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, Tensor]) -> None:
        """The flow's transform is the last module of a pass: add the terms of its latent and store the map."""
        z, log_det = outputs
        terms = _base_terms(self.flow.base, z.flatten(1))
        if terms is not None:
            scales = terms.split(self.flow.latent_scales, dim=1)
            for values, shape in zip(scales, latent_shapes(self.flow.transform), strict=True):
                self._add(values.unflatten(1, shape))
        zeros = log_det.new_zeros(len(z), self.flow.spec.height, self.flow.spec.width)
        self.maps.append(torch.stack([zeros, *self._terms]).sum(dim=0))
        self._terms.clear()

    def _add(self, values: Tensor) -> None:
        """Sum ``(B, C, h, w)`` over channels and upsample to the image; ignore values of other shapes."""
        if values.ndim != 4:
            return
        rows, columns = self.flow.spec.height // values.shape[2], self.flow.spec.width // values.shape[3]
        blocks = values.sum(dim=1) / (rows * columns)
        self._terms.append(blocks.repeat_interleave(rows, dim=1).repeat_interleave(columns, dim=2))


def _module_and_terms(module: nn.Module) -> tuple[nn.Module, TermFunction] | None:
    """The module to hook for a transform with one term per value, and how to compute the terms; None for others."""
    match module:
        case Coupling():
            return module.elementwise, lambda x, outputs: outputs[1].masked_fill(module.mask, 0)
        case ChannelCoupling() | ConditionalSplitPrior():
            return module.elementwise, lambda x, outputs: outputs[1]
        case SplitPrior():
            return module, lambda x, outputs: -module.log_std.expand_as(x)
        case Logit():
            # Each value as a batch element: its log-determinant is its log-derivative. `forward` triggers no hooks.
            return module, lambda x, outputs: module.forward(x.reshape(-1, 1))[1].view_as(x)
        case VariationalDequantizer():
            # From logistic noise to uniform; the transforms in between have their own hooks.
            return module.transform, lambda x, outputs: log_sigmoid_derivative(outputs[0]) - log_sigmoid_derivative(x)
        case _:
            return None


def _base_terms(base: Distribution, z: Tensor) -> Tensor | None:
    """``(B, D)`` log-densities of the latent values; None if the base is not a product of densities."""
    match base:
        case StandardNormal():
            return -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
        case DiagonalGaussian():
            standardized = (z - base.mean) * torch.exp(-base.log_scale)
            return -0.5 * standardized**2 - base.log_scale - 0.5 * math.log(2 * math.pi)
        case _:
            return None
