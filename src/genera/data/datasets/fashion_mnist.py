"""Fashion-MNIST: photographs of clothes."""

from __future__ import annotations

from genera.data.dataset_info import dataset
from genera.data.downloads import Digest
from genera.data.images import ImageDataset
from genera.data.mnist_like import idx_files, mnist_like

FILES = idx_files(
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    digests=(
        Digest("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        Digest("bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        Digest("5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        Digest("0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ),
    download_bytes=(26_421_880, 29_515, 4_422_102, 5_148),
)
CLASS_NAMES = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


@dataset(
    summary="photographs of clothes and shoes",
    size="70,000 · 28×28 grey · 10 classes",
    licence="MIT",
    homepage="https://github.com/zalandoresearch/fashion-mnist",
    files=FILES,
)
def fashion_mnist() -> ImageDataset:
    """Fashion-MNIST: 50,000 / 10,000 / 10,000 photographs of clothes, 28×28 grey.

    Source:
        Xiao, Rasul & Vollgraf (2017), "Fashion-MNIST: a novel image dataset for benchmarking machine learning
        algorithms".
    """
    return mnist_like("fashion-mnist", FILES, class_names=CLASS_NAMES)
