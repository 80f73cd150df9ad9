"""Element-wise transforms: a new coupling is one of these and its line here."""

from genera.flows.elementwise.affine import Affine
from genera.flows.elementwise.base import Elementwise

__all__ = ["Affine", "Elementwise"]
