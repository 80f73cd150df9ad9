from __future__ import annotations

import zipfile
from pathlib import Path

from PIL import Image

from genera.data import ImageDataset, find_dataset

folder = find_dataset("folder")


def fill(path: Path, count: int, *, start: int = 0) -> None:
    """Save grey pictures; the grey value is the number of the picture."""
    path.mkdir(parents=True, exist_ok=True)
    for number in range(start, start + count):
        Image.new("L", (4, 6), number).save(path / f"{number:03}.png")


def values(data: ImageDataset, split: str) -> list[int]:
    return data.split(split).pixels[:, 0, 0, 0].tolist()


def test_subfolders_are_classes_and_a_tenth_of_each_is_held_out(tmp_path):
    fill(tmp_path / "dogs", 20, start=100)
    fill(tmp_path / "cats", 30)
    data = folder(tmp_path)
    assert data.class_names == ("cats", "dogs")
    assert (data.spec.shape, data.spec.num_classes) == ((1, 6, 4), 2)
    counts = [data.split(name).labels.bincount().tolist() for name in ("train", "validation", "test")]
    assert counts == [[24, 16], [3, 2], [3, 2]]
    all_values = [value for name in data.split_names for value in values(data, name)]
    assert sorted(all_values) == [*range(30), *range(100, 120)]
    for name in data.split_names:
        assert data.split(name).labels.tolist() == [int(value >= 100) for value in values(data, name)]
    assert values(folder(tmp_path), "train") == values(data, "train")


def test_pictures_outside_of_subfolders_have_no_labels(tmp_path):
    fill(tmp_path, 10)
    data = folder(tmp_path, size=8, channels=3)
    assert (data.spec.shape, data.spec.num_classes, data.class_names) == ((3, 8, 8), 0, ())
    assert data.split("train").labels is None
    assert [len(data.split(name)) for name in data.split_names] == [8, 1, 1]


def test_train_and_test_folders_are_splits(tmp_path):
    fill(tmp_path / "train" / "a", 20)
    fill(tmp_path / "train" / "b", 10, start=50)
    fill(tmp_path / "test" / "b", 3, start=200)
    data = folder(tmp_path)
    assert data.class_names == ("a", "b")
    assert sorted(values(data, "test")) == [200, 201, 202]
    assert data.split("test").labels.tolist() == [1, 1, 1]
    assert data.split("train").labels.bincount().tolist() == [18, 9]
    assert data.split("validation").labels.bincount().tolist() == [2, 1]


def test_a_validation_folder_is_a_split(tmp_path):
    for name, start in (("train", 0), ("val", 50), ("test", 100)):
        fill(tmp_path / name, 5, start=start)
    data = folder(tmp_path)
    assert data.spec.num_classes == 0
    assert sorted(values(data, "train")) == list(range(5))
    assert sorted(values(data, "validation")) == list(range(50, 55))


def test_a_folder_that_contains_everything_is_not_a_class(tmp_path):
    fill(tmp_path / "pets" / "cats", 10)
    fill(tmp_path / "pets" / "dogs", 10)
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted((tmp_path / "pets").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path))
    for path in (tmp_path / "pets", tmp_path / "pets.zip", tmp_path):
        assert folder(path).class_names == ("cats", "dogs")
    assert folder(tmp_path / "pets" / "cats").class_names == ()
    assert folder(tmp_path / "pets.zip").split("train").digest == folder(tmp_path / "pets").split("train").digest


def test_the_labels_of_skipped_pictures_are_skipped(tmp_path):
    fill(tmp_path / "cats", 10)
    fill(tmp_path / "dogs", 10, start=100)
    (tmp_path / "cats" / "005.png").write_bytes(b"")
    data = folder(tmp_path, skip_bad=True)
    for name in data.split_names:
        assert data.split(name).labels.tolist() == [int(value >= 100) for value in values(data, name)]
    assert sum(len(data.split(name)) for name in data.split_names) == 19


def test_pictures_inside_and_outside_of_subfolders_are_refused(tmp_path, complains):
    fill(tmp_path, 1)
    fill(tmp_path / "cats", 2)
    with complains("all be in subfolders", "000.png is in none"):
        folder(tmp_path)


def test_pictures_outside_of_the_split_folders_are_refused(tmp_path, complains):
    for name in ("train", "test", "more"):
        fill(tmp_path / name, 2)
    with complains("with folders train and test there must be no other pictures", str(Path("more") / "000.png")):
        folder(tmp_path)


def test_an_empty_folder_is_refused(tmp_path, complains):
    with complains("there are no pictures in"):
        folder(tmp_path)
