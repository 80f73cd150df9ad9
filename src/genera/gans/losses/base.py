"""What the players want of the discriminator's logits."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from genera.core import at_least_float32


class AdversarialLoss(nn.Module, ABC):
    """A loss for each of two players. A logit is higher the more real the discriminator holds an image to be."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Of the logits of real images and of as many fakes, ``(B,)`` each: ``(B,)``, in float32 at least.

        Every number is the part of a real image and that of the fake beside it, added up.
        """

    @abstractmethod
    def generator(self, fake: Tensor) -> Tensor:
        """Of the logits of fakes, ``(B,)``: ``(B,)``, in float32 at least."""

    def prediction(self, logits: Tensor) -> Tensor:
        """What papers call D(x), ``(B,)``, in float32 at least: the logits, unless the loss reads log-odds in them."""
        return at_least_float32(logits)
