"""A fixed reordering of the channels."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import Transform, check_seed


class Permutation(Transform):
    """Reverses or shuffles the channels, so that the next coupling can transform what one left unchanged.

    Args:
        shape: of one input, without the batch; its first dimension is reordered.
        seed: of the shuffle; if None, the order is reversed.

    Source:
        Dinh, Krueger & Bengio (2015) reverse; Kingma & Dhariwal (2018) compare both with a 1×1 convolution.
    """

    index: Tensor

    def __init__(self, shape: tuple[int, ...], *, seed: int | None = None) -> None:
        super().__init__(shape)
        channels = self.shape[0]
        if seed is None:
            index = torch.arange(channels).flip(0)
        else:
            check_seed(seed)
            index = torch.randperm(channels, generator=torch.Generator().manual_seed(seed))
        self.register_buffer("index", index)

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return x.index_select(1, self.index), x.new_zeros(len(x))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return y.index_select(1, self.index.argsort()), y.new_zeros(len(y))
