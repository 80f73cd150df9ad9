"""Kuzushiji-MNIST: handwritten classical Japanese characters."""

from __future__ import annotations

from genera.data.dataset_info import dataset
from genera.data.downloads import Digest
from genera.data.images import ImageDataset
from genera.data.mnist_like import idx_files, mnist_like

FILES = idx_files(
    ("https://codh.rois.ac.jp/kmnist/dataset/kmnist/", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"),
    digests=(
        # Of the training files only the digests of the archives are published.
        Digest("51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4", covers="archive"),
        Digest("e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17", covers="archive"),
        Digest("76fbd229ce87db80dd281af5e6670de4ad0e42fb30a7bd643972994c47c1f42e"),
        Digest("a11dc742be8e781a40a92f53d6a4957e7b7d36df2faa097659131ebfd8fd60c6"),
    ),
    download_bytes=(18_165_135, 29_497, 3_041_136, 5_120),
)
CLASS_NAMES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


@dataset(
    summary="handwritten classical Japanese characters",
    size="70,000 · 28×28 grey · 10 classes",
    licence="CC BY-SA 4.0",
    homepage="http://codh.rois.ac.jp/kmnist/",
    files=FILES,
)
def kmnist() -> ImageDataset:
    """Kuzushiji-MNIST: 50,000 / 10,000 / 10,000 handwritten characters, 28×28 grey.

    Source:
        Clanuwat et al. (2018), "Deep learning for classical Japanese literature".
    """
    return mnist_like("kmnist", FILES, class_names=CLASS_NAMES)
