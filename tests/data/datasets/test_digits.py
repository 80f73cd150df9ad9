from __future__ import annotations

from sklearn.datasets import load_digits

from genera.data import find_dataset


def test_digits_equal_those_of_scikit_learn():
    data = find_dataset("digits")()
    assert (data.spec.shape, data.spec.levels, data.spec.num_classes) == ((1, 8, 8), 17, 10)
    splits = [data.split(name) for name in ("train", "validation", "test")]
    assert [len(images) for images in splits] == [1439, 179, 179]
    ours = sorted(
        (int(label), pixels.flatten().tolist())
        for images in splits
        for label, pixels in zip(images.labels, images.pixels, strict=True)
    )
    table = load_digits()
    theirs = sorted((int(label), row.astype(int).tolist()) for label, row in zip(table.target, table.data, strict=True))
    assert ours == theirs


def test_the_splits_do_not_change():
    assert find_dataset("digits")().split("train").digest.startswith("fb461911")
