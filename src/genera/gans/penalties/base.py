"""The interface of gradient penalties, and helpers for them."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from genera.core import at_least_float32

#: Images ``(B, C, H, W)`` in [-1, 1] to logits ``(B,)``, each of which depends only on its own image.
Discriminator = Callable[[Tensor], Tensor]


class Penalty(nn.Module, ABC):
    """A function of the gradients of the logits with respect to the images, added to the discriminator's loss.

    Args:
        weight: factor on the penalty.

    Raises:
        ValueError: ``weight`` is negative or infinite.
    """

    def __init__(self, weight: float = 10.0) -> None:
        super().__init__()
        if not 0 <= weight < math.inf:
            raise ValueError(f"the weight of a penalty must be finite and not negative, got {weight}")
        self.weight = weight

    @abstractmethod
    def forward(
        self, discriminator: Discriminator, real: Tensor, fake: Tensor, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """The penalty for equally many images and fakes, ``(B, C, H, W)`` in [-1, 1]: ``(B,)``, at least float32.

        It includes the weight. No gradient reaches the images. ``generator`` is for penalties that use noise.
        """


def gradients_at(discriminator: Discriminator, x: Tensor) -> Tensor:
    """The gradient of every logit with respect to its image ``(B, C, H, W)``: ``(B, C * H * W)``, differentiable.

    At least float32, also under autocast: gradients and second derivatives exceed the range of half precision.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = at_least_float32(x.detach()).requires_grad_()
        (gradients,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    return gradients.flatten(start_dim=1)


def check_batch_independent(discriminator: nn.Module, shape: tuple[int, int, int], *, num_classes: int) -> None:
    """Check that the logit of an image does not depend on the other images of the batch, as gradient penalties require.

    Args:
        discriminator: network ``(x, labels) -> (logits, features)``.
        shape: ``(C, H, W)`` of its images.
        num_classes: of its labels; 0 for none.

    Raises:
        ValueError: a logit has a gradient with respect to another image.

    Source:
        Gulrajani et al. (2017), section 4.
    """
    # Use a copy: a forward pass updates buffers such as running statistics.
    discriminator = copy.deepcopy(discriminator).train()
    weight = next(discriminator.parameters())
    if weight.is_meta:
        # A model on the meta device has no values to compute with.
        return
    noise = torch.randn(4, *shape, generator=torch.Generator().manual_seed(0))
    x = noise.to(weight).requires_grad_()
    labels = torch.eye(num_classes).to(weight)[[0] * len(x)] if num_classes else None
    (gradient,) = torch.autograd.grad(discriminator(x, labels)[0][0], x)
    if gradient[1:].any():
        raise ValueError(
            "a penalty needs a discriminator whose logit of an image does not depend on the rest of the batch, but "
            "this one's does: set batch_norm and minibatch_std to false; spectral_norm can replace them"
        )
