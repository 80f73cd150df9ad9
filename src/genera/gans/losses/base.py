"""The interface of adversarial losses."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from genera.core import at_least_float32


class AdversarialLoss(nn.Module, ABC):
    """One loss for each of two players. Higher logits mean that the discriminator considers an image more real."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """The loss for the logits of real images and of as many fakes, ``(B,)`` each: ``(B,)``, at least float32.

        Each element is the sum of the terms of one real image and the fake of the same index.
        """

    @abstractmethod
    def generator(self, fake: Tensor) -> Tensor:
        """The loss for the logits of fakes, ``(B,)``: ``(B,)``, at least float32."""

    def prediction(self, logits: Tensor) -> Tensor:
        """``D(x)``, ``(B,)``, at least float32: the logits, or probabilities if the loss treats logits as log-odds."""
        return at_least_float32(logits)
