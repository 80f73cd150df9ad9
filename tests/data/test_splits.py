from __future__ import annotations

from itertools import chain

import pytest
import torch

from genera.data import ImageSplit
from genera.data.splits import divide_by_class, own_splits, permutation, three_splits


def labelled(labels: torch.Tensor) -> ImageSplit:
    """Images that can be told apart: image i has the pixels of i in base 256."""
    index = torch.arange(len(labels))
    return ImageSplit(torch.stack([index // 256, index % 256], 1).view(-1, 1, 1, 2).to(torch.uint8), labels)


def identities(images: ImageSplit) -> list[int]:
    pixels = images.pixels.view(-1, 2).long()
    return (pixels[:, 0] * 256 + pixels[:, 1]).tolist()


def test_the_permutation_is_the_one_it_has_always_been():
    assert permutation(10).tolist() == [7, 3, 9, 8, 4, 5, 0, 2, 6, 1]


def test_three_splits_take_a_tenth_of_every_class_and_share_nothing():
    labels = torch.cat([torch.zeros(200), torch.ones(50)]).long()
    parts = {name: load() for name, load in three_splits(labelled(labels)).items()}
    assert [parts[name].labels.bincount().tolist() for name in ("train", "validation", "test")] == [
        [160, 40],
        [20, 5],
        [20, 5],
    ]
    assert sorted(chain(*map(identities, parts.values()))) == list(range(250))


def test_splits_are_shuffled_and_the_same_every_time():
    labels = torch.arange(100) // 50
    train, _ = divide_by_class(labels, (0.1,))
    again, _ = divide_by_class(labels, (0.1,))
    assert torch.equal(train, again)
    assert 10 < labels[train[:40]].sum() < 30


@pytest.mark.parametrize(("count", "expected"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (4, [2, 1, 1])])
def test_small_classes_give_one_image_to_each_split_or_none(count, expected):
    parts = divide_by_class(torch.zeros(count, dtype=torch.int64), (0.1, 0.1))
    assert [len(part) for part in parts] == expected


def test_a_split_that_would_be_empty_is_left_out():
    assert set(three_splits(labelled(torch.tensor([0, 1])))) == {"train"}


def test_images_without_labels_are_split_as_one_class():
    images = ImageSplit(torch.zeros(40, 1, 1, 1, dtype=torch.uint8))
    assert [len(load()) for load in three_splits(images).values()] == [32, 4, 4]


def test_own_splits_hold_out_validation_only_where_it_is_missing():
    images = labelled(torch.arange(40) % 2)
    without = own_splits({"train": images, "test": images})
    assert {name: len(load()) for name, load in without.items()} == {"train": 36, "validation": 4, "test": 40}
    whole = own_splits({"train": images, "validation": images})
    assert {name: len(load()) for name, load in whole.items()} == {"train": 40, "validation": 40}
    assert sorted(identities(whole["train"]())) == list(range(40))
