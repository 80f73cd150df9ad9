"""CelebA: faces of celebrities, from files that users provide."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from genera.core.image_spec import ImageSpec
from genera.data.dataset_info import dataset
from genera.data.downloads import data_folders, describe_data_folders, find_file
from genera.data.images import ImageDataset, ImageSplit
from genera.data.picture_decoding import list_pictures, read_pictures

PARTITION = "list_eval_partition.txt"
PICTURES = "img_align_celeba"
CROP = 148
_SPLITS = {"0": "train", "1": "validation", "2": "test"}


@dataset(
    summary="faces of celebrities; on request from its authors",
    size="202,599 · any size, 64×64 by default, colour",
    licence="non-commercial research only",
    homepage="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
    by_hand=(f"{PICTURES}.zip", PARTITION),
)
def celeba(size: int = 64) -> ImageDataset:
    """CelebA: the aligned faces in their official splits, the centre 148×148 pixels resized.

    Its licence requires users to request it, so it is not downloaded: put ``img_align_celeba.zip`` (or the unpacked
    folder) and ``list_eval_partition.txt`` into ``$GENERA_DATA/celeba/``.

    Args:
        size: height and width to resize to, in pixels.

    Source:
        Liu, Luo, Wang & Tang (2015), "Deep learning face attributes in the wild". The crop is that of Larsen et al.
        (2016), which most later papers use.
    """
    splits = {split: partial(_load, split, size) for split in _SPLITS.values()}
    return ImageDataset("celeba", ImageSpec(3, size, size, levels=256), class_names=(), splits=splits)


def _load(split: str, size: int) -> ImageSplit:
    partition = find_file("celeba", PARTITION)
    unpacked = (folder / PICTURES for folder in data_folders("celeba"))
    pictures = next((folder for folder in unpacked if folder.is_dir()), find_file("celeba", f"{PICTURES}.zip"))
    if partition is None or pictures is None:
        missing = f"{PICTURES}.zip" if pictures is None else PARTITION
        raise ValueError(
            f"celeba needs {missing}; request it at https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html "
            f"and put it into {describe_data_folders('celeba')}"
        )
    names = _names_in_split(partition, split)
    sources = [source for source in list_pictures(pictures) if source.parts[-1] in names]
    if len(sources) != len(names):
        raise ValueError(f"{pictures} must contain {len(names)} pictures of the {split} split, got {len(sources)}")
    pixels, _ = read_pictures(sources, size=size, crop=CROP, channels=3)
    return ImageSplit(pixels)


def _names_in_split(partition: Path, split: str) -> set[str]:
    """The file names of a split, from lines such as ``000001.jpg 0``."""
    names: set[str] = set()
    for number, line in enumerate(partition.read_text().splitlines(), start=1):
        match line.split():
            case [name, code] if code in _SPLITS:
                if _SPLITS[code] == split:
                    names.add(name)
            case []:
                pass
            case _:
                raise ValueError(f"line {number} of {partition} must be a name and 0, 1 or 2, got {line[:60]!r}")
    return names
