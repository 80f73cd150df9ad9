from __future__ import annotations

import pytest
import torch

from genera.core.image_spec import ImageSpec
from genera.data import ImageDataset, ImageSplit


def toy_split(count: int = 6, *, highest: int = 3, labelled: bool = True) -> ImageSplit:
    pixels = (torch.arange(count * 4).view(count, 1, 2, 2) % (highest + 1)).to(torch.uint8)
    return ImageSplit(pixels, torch.arange(count) % 2 if labelled else None)


def data(images: ImageSplit, *, spec: ImageSpec | None = None) -> ImageDataset:
    spec = spec or ImageSpec(1, 2, 2, levels=4, num_classes=2)
    names = tuple("ab"[: spec.num_classes])
    return ImageDataset("toy", spec, class_names=names, splits={"test": lambda: images, "train": lambda: images})


def test_different_numbers_of_labels_and_images_are_refused(complains):
    with complains("one label per image", "6 images and 5 labels"):
        ImageSplit(toy_split().pixels, torch.zeros(5, dtype=torch.int64))


@pytest.mark.parametrize("pixels", [torch.zeros(2, 1, 2, 2), torch.zeros(2, 2, 2, dtype=torch.uint8)])
def test_pixels_of_another_dtype_or_shape_are_refused(pixels, complains):
    with complains("torch.uint8 (N, C, H, W)", str(tuple(pixels.shape))):
        ImageSplit(pixels)


@pytest.mark.parametrize("labels", [torch.zeros(6), torch.zeros(6, 1, dtype=torch.int64)])
def test_labels_of_another_dtype_or_shape_are_refused(labels, complains):
    with complains("labels must be torch.int64 (N,)"):
        ImageSplit(toy_split().pixels, labels)


@pytest.mark.parametrize("labelled", [True, False])
def test_the_first_images_or_all(labelled: bool) -> None:
    images = toy_split(6, labelled=labelled)
    for count, expected in ((0, 0), (4, 4), (6, 6), (9, 6)):
        few = images.first(count)
        assert torch.equal(few.pixels, images.pixels[:expected])
        assert (few.labels is None) == (not labelled)
        assert not labelled or torch.equal(few.labels, images.labels[:expected])


def test_pixels_become_contiguous():
    pixels = torch.zeros(2, 4, 4, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
    assert ImageSplit(pixels).pixels.is_contiguous()


def test_subset_takes_images_and_labels_in_order():
    chosen = toy_split().subset(torch.tensor([4, 1]))
    assert torch.equal(chosen.pixels, toy_split().pixels[[4, 1]])
    assert chosen.labels.tolist() == [0, 1]
    assert toy_split(labelled=False).subset(torch.tensor([0])).labels is None


def test_digest_depends_on_pixels_labels_and_shape():
    images = toy_split()
    assert images.digest == toy_split().digest
    others = [
        toy_split(labelled=False),
        ImageSplit(images.pixels, 1 - images.labels),
        ImageSplit(images.pixels.flip(3), images.labels),
        ImageSplit(images.pixels.view(6, 4, 1, 1), images.labels),
    ]
    assert len({images.digest, *(other.digest for other in others)}) == 5


def test_splits_are_loaded_on_first_use_and_once():
    loads = []

    def load() -> ImageSplit:
        loads.append(1)
        return toy_split()

    spec = ImageSpec(1, 2, 2, levels=4, num_classes=2)
    toy = ImageDataset("toy", spec, class_names=("a", "b"), splits={"validation": load})
    assert not loads
    assert toy.split("validation") is toy.split("validation")
    assert len(loads) == 1


def test_split_names_are_in_canonical_order():
    assert data(toy_split()).split_names == ("train", "test")


def test_a_missing_split_is_refused(complains):
    with complains("toy has no 'validation' split", "train, test"):
        data(toy_split()).split("validation")


def test_a_split_with_an_unknown_name_is_refused(complains):
    with complains("must be named train, validation, test", "dev"):
        ImageDataset("toy", ImageSpec(1, 2, 2), class_names=(), splits={"dev": toy_split})


def test_a_wrong_number_of_class_names_is_refused(complains):
    with complains("2 names", "got 1"):
        ImageDataset("toy", ImageSpec(1, 2, 2, num_classes=2), class_names=("a",), splits={})


@pytest.mark.parametrize(
    ("spec", "images", "part"),
    [
        (ImageSpec(1, 2, 2, levels=3, num_classes=2), toy_split(), "pixel values below 3 (levels), got 3"),
        (ImageSpec(1, 4, 4, levels=4, num_classes=2), toy_split(), "must contain images (1, 4, 4), got (1, 2, 2)"),
        (ImageSpec(1, 2, 2, levels=4, num_classes=1), toy_split(), "labels 0 … 0 (num_classes), got 0 … 1"),
        (ImageSpec(1, 2, 2, levels=4, num_classes=2), toy_split(labelled=False), "labels of 2 classes, got none"),
        (ImageSpec(1, 2, 2, levels=4, num_classes=2), toy_split(0), "is empty"),
    ],
)
def test_images_that_do_not_match_the_spec_are_refused(spec, images, part, complains):
    with complains("the train split of toy", part):
        data(images, spec=spec).split("train")
