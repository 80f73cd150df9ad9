"""Plain networks. A family takes them as factories, so any network becomes a model."""

from genera.networks.gated_conv import GatedConvNet

__all__ = ["GatedConvNet"]
