"""The contract of every model: integer pixels in, integer pixels out.

Images are always uint8 ``(B, C, H, W)`` with values below ``spec.levels``; log-probabilities are in nats and have shape
``(B,)``.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from itertools import chain
from typing import Self

import torch
from torch import Tensor, nn

from genera.core.image_spec import ImageSpec
from genera.core.labels import one_hot
from genera.core.schedules import Progress


class ImageModel(nn.Module, ABC):
    """A model of images. What it can do is said by its :mod:`~genera.core.capabilities`, of which it may have several.

    Its weights must be float32 or float64. bfloat16 has too few numbers between 0 and 1 for the 256 levels of a pixel,
    and sums of log-determinants lose their digits in both half precisions: a flow returns NaN or black
    reconstructions. :func:`torch.autocast` runs the networks in half precision and leaves the rest unchanged.

    Args:
        spec: the images.
        class_conditional: condition the model on the labels, which its methods then require.

    Raises:
        ValueError: ``class_conditional`` without labels.
    """

    #: Whether it cannot sample before :meth:`finalize`.
    needs_finalize: bool = False

    def __init__(self, spec: ImageSpec, *, class_conditional: bool = False) -> None:
        super().__init__()
        if class_conditional and not spec.num_classes:
            raise ValueError("class_conditional needs images with labels, got a data set without classes")
        self.spec = spec
        self.class_conditional = class_conditional

    @property
    def device(self) -> torch.device:
        """The device of the weights, where images and noise must be."""
        return next((tensor.device for tensor in chain(self.parameters(), self.buffers())), torch.device("cpu"))

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights, to which pixels and labels are converted."""
        return next((parameter.dtype for parameter in self.parameters()), torch.get_default_dtype())

    def context(self, labels: Tensor | None, count: int) -> Tensor | None:
        """One-hot labels ``(count, num_classes)`` for a conditional model, otherwise None.

        Raises:
            ValueError: the model is conditional, and :func:`check_labels` rejects the labels of ``count`` images.
        """
        if not self.class_conditional:
            return None
        return one_hot(labels, self.spec.num_classes, count=count, dtype=self.dtype)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Apply ``fn`` to every tensor of the model, as ``to``, ``half``, ``bfloat16`` and ``type`` do.

        Raises:
            ValueError: the result would be less precise than float32; the model is left unchanged.
        """
        tensors = (*self.parameters(), *self.buffers())
        dtypes = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
        # Apply fn to an empty tensor to find the dtype it converts to.
        for target in (fn(torch.empty(0, dtype=dtype)).dtype for dtype in dtypes):
            if target not in (torch.float32, torch.float64):
                raise ValueError(
                    f"{type(self).__name__} computes in float32 and cannot be moved to {target}: keep its weights in "
                    "float32 and use torch.autocast, or --precision bf16-mixed in training, for speed"
                )
        return super()._apply(fn, recurse)

    def initialize(self, images: Tensor) -> None:
        """Initialize from data once before training, on the same batch in every process.

        Noise comes from torch's global generator, as for initial weights; see :func:`~genera.core.noise_from`.
        """

    def advance(self, progress: Progress) -> None:
        """Update scheduled values before a step. They are 0-dim buffers, so every copy of the model has the same."""

    def finalize(self, images: Tensor, *, generator: torch.Generator) -> None:
        """After training, fit from uint8 training images ``(N, C, H, W)`` what gradients cannot learn.

        It is called once, with the weights that are kept.
        """
