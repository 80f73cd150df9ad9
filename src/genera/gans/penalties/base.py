"""The interface of penalties, and helpers for those of gradients."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from genera.core import Fakes, at_least_float32, check_positive

#: A player without its labels. The discriminator: images ``(B, C, H, W)`` in [-1, 1] to logits ``(B,)``, each of which
#: depends only on its own image. The generator: latents ``(B, D)`` to such images.
Network = Callable[[Tensor], Tensor]


class Penalty(nn.Module, ABC):
    """A regularizer of one player, added to its loss.

    Penalties of gradients take a second backward pass. With ``every`` they are computed in every k-th step only and
    multiplied by k, which gives the same gradient in the mean over steps (lazy regularization).

    Args:
        weight: factor on the penalty.
        every: k, in steps of training.

    Raises:
        ValueError: ``weight`` is negative or infinite, or ``every`` is not positive.

    Source:
        Karras et al. (2020), "Analyzing and improving the image quality of StyleGAN", section 3.1, for ``every``.
    """

    #: The player whose loss it is added to.
    player: Literal["discriminator", "generator"] = "discriminator"

    def __init__(self, weight: float = 10.0, *, every: int = 1) -> None:
        super().__init__()
        check_positive(every=every)
        if not 0 <= weight < math.inf:
            raise ValueError(f"the weight of a penalty must be finite and not negative, got {weight}")
        self.weight = weight
        self.every = every

    @abstractmethod
    def forward(
        self, network: Network, real: Tensor, fakes: Fakes, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """The penalty with its weight, but not multiplied by ``every``.

        Args:
            network: the player.
            real: images, ``(B, C, H, W)`` in [-1, 1]; no gradient reaches them.
            fakes: as many fakes, whose images have no graph in a step of the discriminator.
            generator: for penalties that use noise.

        Returns:
            ``(B,)`` or, if it is defined on a batch, ``()``; at least float32.
        """


def gradients_at(discriminator: Network, x: Tensor) -> Tensor:
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
