"""What the discriminator pays for steepness."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from genera.core import at_least_float32

#: Images ``(B, C, H, W)`` in [-1, 1] to logits ``(B,)``, each of which depends on its own image.
Discriminator = Callable[[Tensor], Tensor]


class Penalty(nn.Module, ABC):
    """A function of the gradients of the logits by the images, to be added to the discriminator's loss.

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
        """Of as many images as fakes, ``(B, C, H, W)`` in [-1, 1]: ``(B,)``, weighted, in float32 at least.

        No gradient reaches the images. ``generator`` gives the noise of a penalty that has some.
        """


def gradients_at(discriminator: Discriminator, x: Tensor) -> Tensor:
    """The gradient of every logit by its own image ``(B, C, H, W)``: ``(B, C * H * W)``, itself differentiable.

    In float32 at least, within autocast as well: gradients, and their gradients, leave the range of half precision.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = at_least_float32(x.detach()).requires_grad_()
        (gradients,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    return gradients.flatten(start_dim=1)


def check_independent(discriminator: nn.Module, shape: tuple[int, int, int], *, num_classes: int) -> None:
    """Refuse a critic whose logits depend on other images of the batch: the gradient of one is then not its own.

    Args:
        critic: network ``(x, labels) -> (logits, features)``.
        shape: ``(C, H, W)`` of its images.
        num_classes: of its labels; 0 for none.

    Raises:
        ValueError: a logit has a gradient by another image than its own.

    Source:
        Gulrajani et al. (2017), section 4.
    """
    # What changes as it is used, such as running statistics, changes in a copy.
    discriminator = copy.deepcopy(discriminator).train()
    weight = next(discriminator.parameters())
    if weight.is_meta:
        # Made to find out its size, with no numbers that could depend on others.
        return
    noise = torch.randn(4, *shape, generator=torch.Generator().manual_seed(0))
    x = noise.to(weight).requires_grad_()
    labels = torch.eye(num_classes).to(weight)[[0] * len(x)] if num_classes else None
    (gradient,) = torch.autograd.grad(discriminator(x, labels)[0][0], x)
    if gradient[1:].any():
        raise ValueError(
            "a penalty needs a critic that judges every image by itself, and this one's logit of an image changes with "
            "the others of its batch: set its batch_norm and minibatch_std to false; spectral_norm may take their place"
        )
