"""What the discriminator pays for steepness."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from genera.core import at_least_float32

#: Images ``(B, C, H, W)`` in [-1, 1] to logits ``(B,)``, each of which depends on its own image.
Critic = Callable[[Tensor], Tensor]


class Penalty(nn.Module, ABC):
    """A function of the gradients of the logits by the images, to be added to the discriminator's loss.

    Args:
        weight: factor on the penalty.

    Raises:
        ValueError: ``weight`` is negative.
    """

    def __init__(self, weight: float = 10.0) -> None:
        super().__init__()
        if not weight >= 0:
            raise ValueError(f"the weight of a penalty must not be negative, got {weight}")
        self.weight = weight

    @abstractmethod
    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        """Of as many images as fakes, ``(B, C, H, W)`` in [-1, 1]: ``(B,)``, weighted, in float32 at least.

        No gradient reaches the images.
        """


def gradients_at(critic: Critic, x: Tensor) -> Tensor:
    """The gradient of every logit by its own image ``(B, C, H, W)``: ``(B, C * H * W)``, itself differentiable.

    In float32 at least, within autocast as well: gradients, and their gradients, leave the range of half precision.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = at_least_float32(x.detach()).requires_grad_()
        (gradients,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradients.flatten(start_dim=1)


def check_no_batch_norm(critic: nn.Module) -> None:
    """Refuse a critic whose logits depend on other images of the batch: the gradient of one is then not its own.

    Raises:
        ValueError: there is batch normalization in ``critic``.

    Source:
        Gulrajani et al. (2017), section 4.
    """
    for module in critic.modules():
        if isinstance(module, _BatchNorm):
            raise ValueError(
                f"a penalty needs a critic that judges every image by itself, got one with {type(module).__name__}: "
                "set its batch_norm to false; spectral_norm may take its place"
            )
