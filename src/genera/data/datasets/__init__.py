"""The data sets. Everything exported here is in the catalogue."""

from genera.data.datasets.celeba import celeba
from genera.data.datasets.cifar10 import cifar10
from genera.data.datasets.digits import digits
from genera.data.datasets.fashion_mnist import fashion_mnist
from genera.data.datasets.folder import folder
from genera.data.datasets.kmnist import kmnist
from genera.data.datasets.mnist import mnist
from genera.data.datasets.npz import npz
from genera.data.datasets.shapes import shapes

__all__ = ["celeba", "cifar10", "digits", "fashion_mnist", "folder", "kmnist", "mnist", "npz", "shapes"]
