"""MNIST: handwritten digits."""

from __future__ import annotations

from genera.data.dataset_info import dataset
from genera.data.downloads import Digest
from genera.data.images import ImageDataset
from genera.data.mnist_like import idx_files, mnist_like

FILES = idx_files(
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    digests=(
        Digest("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        Digest("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        Digest("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        Digest("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ),
    download_bytes=(9_912_422, 28_881, 1_648_877, 4_542),
)


@dataset(
    summary="handwritten digits",
    size="70,000 · 28×28 grey · 10 classes",
    licence="CC BY-SA 3.0",
    homepage="http://yann.lecun.com/exdb/mnist/",
    files=FILES,
)
def mnist() -> ImageDataset:
    """MNIST: 50,000 / 10,000 / 10,000 handwritten digits, 28×28 grey.

    Source:
        LeCun, Bottou, Bengio & Haffner (1998), "Gradient-based learning applied to document recognition".
    """
    return mnist_like("mnist", FILES, class_names=tuple("0123456789"))
