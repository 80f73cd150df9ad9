"""Plain networks. Models take them as factories, so any network can be used in a model."""

from genera.networks.conv_autoencoder import ConvDecoder, ConvEncoder
from genera.networks.conv_net import ConvNet
from genera.networks.discriminators import ConvDiscriminator, MlpDiscriminator, PatchDiscriminator
from genera.networks.gated_conv import GatedConvNet
from genera.networks.generators import ConvGenerator, MlpGenerator
from genera.networks.lenet import LeNet
from genera.networks.mlp import Mlp
from genera.networks.residual_autoencoder import ResidualDecoder, ResidualEncoder
from genera.networks.residual_conv import ResidualConvNet

__all__ = [
    "ConvDecoder",
    "ConvDiscriminator",
    "ConvEncoder",
    "ConvGenerator",
    "ConvNet",
    "GatedConvNet",
    "LeNet",
    "Mlp",
    "MlpDiscriminator",
    "MlpGenerator",
    "PatchDiscriminator",
    "ResidualConvNet",
    "ResidualDecoder",
    "ResidualEncoder",
]
