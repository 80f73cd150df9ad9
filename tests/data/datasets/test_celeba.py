from __future__ import annotations

import zipfile

import pytest
from PIL import Image

from genera.data import find_dataset
from genera.data.catalogue import availability

CODES = [0, 0, 0, 1, 2, 2]


@pytest.fixture
def celeba(data_folder):
    """Six faces, each filled with the grey of its number, with a white border that the crop removes."""
    folder = data_folder / "celeba"
    folder.mkdir()
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
        for number in range(len(CODES)):
            picture = Image.new("RGB", (178, 218), "white")
            picture.paste((number * 10,) * 3, (15, 35, 163, 183))
            picture.save(data_folder / "x.png")
            archive.write(data_folder / "x.png", f"img_align_celeba/{number:06}.png")
    lines = [f"{number:06}.png {code}\n" for number, code in enumerate(CODES)]
    (folder / "list_eval_partition.txt").write_text("".join(lines))
    return folder


def faces(split: str, size: int = 16) -> list[int]:
    images = find_dataset("celeba")(size=size).split(split)
    assert images.labels is None
    assert images.pixels.shape[1:] == (3, size, size)
    assert (images.pixels.amin((1, 2, 3)) == images.pixels.amax((1, 2, 3))).all()
    return images.pixels[:, 0, 0, 0].tolist()


def test_official_splits_cropped_and_resized(celeba):
    assert [faces(split) for split in ("train", "validation", "test")] == [[0, 10, 20], [30], [40, 50]]
    assert availability("celeba") == f"found in {celeba}"


def test_an_unpacked_folder_is_accepted(celeba):
    with zipfile.ZipFile(celeba / "img_align_celeba.zip") as archive:
        archive.extractall(celeba)
    (celeba / "img_align_celeba.zip").unlink()
    assert faces("test") == [40, 50]


@pytest.mark.parametrize("name", ["img_align_celeba.zip", "list_eval_partition.txt"])
def test_a_missing_file_is_named(celeba, complains, name):
    (celeba / name).unlink()
    with complains(f"celeba needs {name}", "request it at https://", "$GENERA_DATA/celeba/"):
        find_dataset("celeba")().split("train")


def test_missing_pictures_are_counted(celeba, complains):
    with (celeba / "list_eval_partition.txt").open("a") as file:
        file.write("000099.png 1\n")
    with complains("must contain 2 pictures of the validation split, got 1"):
        find_dataset("celeba")().split("validation")


def test_an_invalid_partition_is_refused(celeba, complains):
    (celeba / "list_eval_partition.txt").write_text("000000.png 0\n000001.png 7\n")
    with complains("line 2 of", "a name and 0, 1 or 2", "'000001.png 7'"):
        find_dataset("celeba")().split("train")
