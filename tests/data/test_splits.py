from __future__ import annotations

from itertools import chain

import pytest
import torch

from genera.data import ImageSplit
from genera.data.splits import divide_by_class, hold_out, loaders_of, permutation, predefined_splits, three_splits


def labelled(labels: torch.Tensor) -> ImageSplit:
    """Distinct images: the two pixels of image i are i in base 256."""
    index = torch.arange(len(labels))
    return ImageSplit(torch.stack([index // 256, index % 256], 1).view(-1, 1, 1, 2).to(torch.uint8), labels)


def identities(images: ImageSplit) -> list[int]:
    pixels = images.pixels.view(-1, 2).long()
    return (pixels[:, 0] * 256 + pixels[:, 1]).tolist()


def test_the_permutation_does_not_change():
    assert permutation(10).tolist() == [7, 3, 9, 8, 4, 5, 0, 2, 6, 1]


def test_three_splits_are_disjoint_and_hold_out_a_tenth_of_every_class():
    labels = torch.cat([torch.zeros(200), torch.ones(50)]).long()
    parts = {name: load() for name, load in three_splits(labelled(labels)).items()}
    assert [parts[name].labels.bincount().tolist() for name in ("train", "validation", "test")] == [
        [160, 40],
        [20, 5],
        [20, 5],
    ]
    assert sorted(chain(*map(identities, parts.values()))) == list(range(250))


def test_splits_are_shuffled_and_deterministic():
    labels = torch.arange(100) // 50
    train, _ = divide_by_class(labels, (0.1,))
    again, _ = divide_by_class(labels, (0.1,))
    assert torch.equal(train, again)
    assert 10 < labels[train[:40]].sum() < 30


@pytest.mark.parametrize(("count", "expected"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (4, [2, 1, 1])])
def test_small_classes_have_one_image_in_each_split_or_none(count, expected):
    parts = divide_by_class(torch.zeros(count, dtype=torch.int64), (0.1, 0.1))
    assert [len(part) for part in parts] == expected


def test_empty_splits_are_omitted():
    assert set(three_splits(labelled(torch.tensor([0, 1])))) == {"train"}


def test_images_without_labels_are_split_as_one_class():
    images = ImageSplit(torch.zeros(40, 1, 1, 1, dtype=torch.uint8))
    assert [len(load()) for load in three_splits(images).values()] == [32, 4, 4]


def test_predefined_splits_hold_out_validation_only_if_it_is_missing():
    images = labelled(torch.arange(40) % 2)
    splits = predefined_splits({"train": images, "test": images})
    assert {name: len(load()) for name, load in splits.items()} == {"train": 36, "validation": 4, "test": 40}
    splits = predefined_splits({"train": images, "validation": images})
    assert {name: len(load()) for name, load in splits.items()} == {"train": 40, "validation": 40}
    assert sorted(identities(splits["train"]())) == list(range(40))


def test_splits_that_are_read_together_are_read_once():
    calls = []

    def load():
        calls.append(len(calls))
        return hold_out(labelled(torch.zeros(10).long()), 3)

    splits = loaders_of(("train", "validation"), load)
    assert not calls
    assert [identities(splits[name]()) for name in splits] == [[7, 3, 9, 8, 4, 5, 0], [2, 6, 1]]
    assert calls == [0]
