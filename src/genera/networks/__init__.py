"""Plain networks. A family takes them as factories, so any network becomes a model."""

from genera.networks.gated_conv import GatedConvNet
from genera.networks.residual_conv import ResidualConvNet

__all__ = ["GatedConvNet", "ResidualConvNet"]
