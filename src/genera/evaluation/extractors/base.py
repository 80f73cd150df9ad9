"""The interface of extractors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor

from genera.core import ImageModel


class Extractor(ABC):
    """Maps images to features, in which sets of images are compared."""

    #: In the names of measures, such as ``fd[lenet]``.
    name: ClassVar[str]
    #: Images per call.
    batch_size: ClassVar[int] = 500

    @property
    @abstractmethod
    def digest(self) -> str:
        """SHA-256 of the weights, in hex; only features of the same weights can be compared."""

    @abstractmethod
    def __call__(self, images: Tensor) -> Tensor:
        """uint8 ``(B, C, H, W)`` to ``(B, F)``."""

    def mismatch(self, model: ImageModel) -> str | None:
        """Return why images of a model have no features; None if they have.

        Raises:
            ValueError: the weights cannot be loaded.
        """
        return None
