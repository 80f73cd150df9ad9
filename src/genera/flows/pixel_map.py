"""A map of the contributions of pixels to the log-probability of an image."""

from __future__ import annotations

from contextlib import ExitStack

import torch
from torch import Tensor, nn

from genera.core import sum_over_dims
from genera.flows.log_det import LogDet
from genera.flows.normalizing_flow import NormalizingFlow


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
            if isinstance(module, LogDet):
                hooks.callback(module.register_forward_hook(self._add_terms).remove)
        hooks.callback(self.flow.transform.register_forward_hook(self._finish_pass).remove)
        return hooks

    def _add_terms(self, module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        self._add(inputs[0])

    def _finish_pass(self, module: nn.Module, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, Tensor]) -> None:
        """The flow's transform is the last module of a pass: add the terms of its latent and store the map."""
        z, log_det = outputs
        terms = self.flow.base.log_prob_per_dim(z.flatten(1))
        if terms is not None:
            scales = terms.split(self.flow.latent_scales, dim=1)
            for values, shape in zip(scales, self.flow.transform.latent_shapes, strict=True):
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
