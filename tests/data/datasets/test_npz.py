from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genera.data import find_dataset

npz = find_dataset("npz")
RANDOM = np.random.RandomState(0)


def save(path: Path, **arrays: object) -> Path:
    np.savez(path / "toy.npz", **arrays)
    return path / "toy.npz"


def pixels(*shape: int) -> np.ndarray:
    return RANDOM.randint(0, 256, shape).astype(np.uint8)


def test_the_real_first_images_of_cifar10(real_data):
    data = npz(real_data / "cifar10-first4000" / "train.npz")
    assert (data.spec.shape, data.spec.num_classes) == ((3, 32, 32), 10)
    assert sum(len(data.split(name)) for name in data.split_names) == 4000
    assert abs(len(data.split("test")) - 400) <= 5
    counts = data.split("train").labels.bincount() / data.split("test").labels.bincount()
    assert counts.min() > 7
    # Images are smooth only if the axes are in the right order.
    images = data.split("train").pixels[:200].float()
    assert (images[..., 1:] - images[..., :-1]).abs().mean() < 15


@pytest.mark.parametrize(
    ("shape", "spec"),
    [((20, 5, 4), (1, 5, 4)), ((20, 5, 4, 3), (3, 5, 4)), ((20, 3, 5, 4), (3, 5, 4)), ((20, 5, 4, 1), (1, 5, 4))],
)
def test_channels_may_be_first_or_last(tmp_path, shape, spec):
    images = pixels(*shape)
    images[:] = images[:1]
    data = npz(save(tmp_path, images=images))
    assert data.spec.shape == spec
    assert data.split("train").labels is None
    first = images[0].transpose(2, 0, 1) if shape[-1] in (1, 3) else images[0].reshape(spec)
    assert data.split("train").pixels[0].tolist() == first.tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels(tmp_path, dtype):
    labels = np.arange(40) % 4
    images = np.repeat(labels.astype(np.uint8), 4).reshape(40, 2, 2)
    data = npz(save(tmp_path, images=images, labels=labels.astype(dtype).reshape(40, 1)), levels=4)
    assert (data.spec.levels, data.class_names) == (4, ("0", "1", "2", "3"))
    for name in data.split_names:
        split = data.split(name)
        assert split.labels.tolist() == split.pixels[:, 0, 0, 0].tolist()


def test_predefined_splits(tmp_path):
    arrays = {"train_images": pixels(20, 4, 4), "val_images": pixels(5, 4, 4), "test_images": pixels(7, 4, 4)}
    data = npz(save(tmp_path, **arrays))
    assert [len(data.split(name)) for name in data.split_names] == [20, 5, 7]
    del arrays["val_images"]
    data = npz(save(tmp_path, **arrays))
    assert [len(data.split(name)) for name in data.split_names] == [18, 2, 7]


def test_pixel_values_above_the_levels_are_refused(tmp_path, complains):
    data = npz(save(tmp_path, images=np.full((10, 2, 2), 16, np.uint8)), levels=16)
    with complains("pixel values below 16 (levels), got 16"):
        data.split("train")


@pytest.mark.parametrize(
    ("arrays", "parts"),
    [
        ({"pictures": pixels(4, 2, 2)}, ("must contain an array images", "got pictures")),
        ({"images": np.zeros((4, 2, 2))}, ("must be uint8, got float64",)),
        ({"images": pixels(4, 2)}, ("(N, H, W, C)", "got (4, 2)")),
        ({"images": pixels(4, 2, 2, 2)}, ("1 or 3 channels", "got (4, 2, 2, 2)")),
        ({"images": pixels(0, 2, 2)}, ("at least one image", "got (0, 1, 2, 2)")),
        ({"images": pixels(4, 2, 2), "labels": np.zeros(3, int)}, ("4 images and 3 labels",)),
        ({"images": pixels(4, 2, 2), "labels": np.zeros(4)}, ("labels of", "integers (N,), got float64 (4,)")),
        ({"images": pixels(4, 2, 2), "labels": np.array(3)}, ("integers (N,)", "got int64 ()")),
        ({"images": pixels(4, 2, 2), "labels": np.array([0, 1, -1, 0])}, ("must not be negative, got -1",)),
        ({"train_images": pixels(4, 2, 2), "test_images": pixels(4, 3, 3)}, ("of one shape", "(1, 3, 3)")),
        (
            {"train_images": pixels(4, 2, 2), "test_images": pixels(4, 2, 2), "train_labels": np.zeros(4, int)},
            ("labels for all splits or for none, got 1 of 2",),
        ),
        ({"images": np.array([object()])}, ("cannot read", "allow_pickle=False")),
    ],
)
def test_invalid_arrays_are_refused(tmp_path, complains, arrays, parts):
    with complains("toy.npz", *parts):
        npz(save(tmp_path, **arrays))


def test_missing_and_truncated_archives_are_refused(tmp_path, complains):
    with complains("missing.npz: there is no such file"):
        npz(tmp_path / "missing.npz")
    path = save(tmp_path, images=pixels(4, 2, 2))
    path.write_bytes(path.read_bytes()[:-40])
    with complains("toy.npz: it is not one, or truncated"):
        npz(path)
    path.write_bytes(b"")
    with complains("toy.npz"):
        npz(path)


def test_a_damaged_archive_is_refused(tmp_path, complains):
    path = tmp_path / "toy.npz"
    np.savez_compressed(path, images=pixels(200, 8, 8))
    content = bytearray(path.read_bytes())
    content[500:600] = b"\xff" * 100
    path.write_bytes(content)
    with complains(f"cannot read {path}"):
        npz(path)


@pytest.mark.parametrize("label", [2**20, 2**40, 2**64 - 1])
def test_labels_above_the_largest_number_of_classes_are_refused(tmp_path, label):
    labels = np.full(40, label, dtype=np.uint64)
    with pytest.raises(ValueError, match=r"labels of .* must be below 100,000, got 1"):
        npz(save(tmp_path, images=pixels(40, 4, 4), labels=labels))
