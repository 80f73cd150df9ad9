"""Variational dequantization: a flow learns the distribution of the noise within each pixel's bin."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from genera.core import Dequantizer, ImageSpec
from genera.flows.chain import Chain, ContextTransformFactory, with_context_channels
from genera.flows.log_det import LogDet


class VariationalDequantizer(Dequantizer):
    """``y = (x + u) / levels`` with ``u = sigmoid(f(ε; x))``, ε logistic noise and f a flow conditional on the image.

    ``log_weight`` is ``-log q(u | x) - D log(levels)``, up to a small margin at the edges of the bins. If f is the
    identity initially, the noise is uniform, as the sigmoid of a logistic variable is uniform.

    Args:
        spec: the images.
        transforms: factories ``(shape, context_channels) -> Transform`` of the flow f; its context is the image scaled
            to [-1, 1], ``(B, C, H, W)``.

    Source:
        Ho et al. (2019), section 3.1.
    """

    def __init__(self, spec: ImageSpec, *, transforms: Sequence[ContextTransformFactory]) -> None:
        super().__init__(spec)
        self.log_det = LogDet()
        self.transform = Chain(spec.shape, [with_context_channels(make, spec.channels) for make in transforms])

    def forward(self, images: Tensor, *, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        dtype = next((parameter.dtype for parameter in self.parameters()), torch.get_default_dtype())
        uniform = torch.rand(images.shape, generator=generator, device=images.device)
        # A uniform sample of exactly 0 would give an infinite ε.
        eps = torch.finfo(uniform.dtype).eps
        noise = torch.logit(uniform, eps=eps / 2).to(dtype)
        context = self.spec.to_symmetric_range(images, dtype)
        h, log_det = self.transform(noise, context)
        # From logistic noise to uniform.
        log_det = log_det + self.log_det(_log_sigmoid_derivative(h) - _log_sigmoid_derivative(noise))
        y, log_det_place = self.place(images, torch.sigmoid(h))
        return y, log_det + log_det_place


def _log_sigmoid_derivative(x: Tensor) -> Tensor:
    """``log dσ(x)/dx`` of every value; also the log-density of a logistic variable."""
    return -F.softplus(x) - F.softplus(-x)
