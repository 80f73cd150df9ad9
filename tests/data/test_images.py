from __future__ import annotations

import pytest
import torch

from genera.core.image_spec import ImageSpec
from genera.data import ImageDataset, ImageSplit


def some(count: int = 6, *, highest: int = 3, labelled: bool = True) -> ImageSplit:
    pixels = (torch.arange(count * 4).view(count, 1, 2, 2) % (highest + 1)).to(torch.uint8)
    return ImageSplit(pixels, torch.arange(count) % 2 if labelled else None)


def data(images: ImageSplit, *, spec: ImageSpec | None = None) -> ImageDataset:
    spec = spec or ImageSpec(1, 2, 2, levels=4, num_classes=2)
    names = tuple("ab"[: spec.num_classes])
    return ImageDataset("toy", spec, class_names=names, splits={"test": lambda: images, "train": lambda: images})


def test_different_counts_of_labels_and_images(complains):
    with complains("one label per image", "6 images and 5 labels"):
        ImageSplit(some().pixels, torch.zeros(5, dtype=torch.int64))


@pytest.mark.parametrize("pixels", [torch.zeros(2, 1, 2, 2), torch.zeros(2, 2, 2, dtype=torch.uint8)])
def test_pixels_of_another_kind(pixels, complains):
    with complains("torch.uint8 (N, C, H, W)", str(tuple(pixels.shape))):
        ImageSplit(pixels)


@pytest.mark.parametrize("labels", [torch.zeros(6), torch.zeros(6, 1, dtype=torch.int64)])
def test_labels_of_another_kind(labels, complains):
    with complains("labels must be torch.int64 (N,)"):
        ImageSplit(some().pixels, labels)


def test_pixels_become_contiguous():
    pixels = torch.zeros(2, 4, 4, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
    assert ImageSplit(pixels).pixels.is_contiguous()


def test_subset_takes_images_and_labels_in_order():
    chosen = some().subset(torch.tensor([4, 1]))
    assert torch.equal(chosen.pixels, some().pixels[[4, 1]])
    assert chosen.labels.tolist() == [0, 1]
    assert some(labelled=False).subset(torch.tensor([0])).labels is None


def test_digest_follows_pixels_labels_and_shape():
    images = some()
    assert images.digest == some().digest
    others = [
        some(labelled=False),
        ImageSplit(images.pixels, 1 - images.labels),
        ImageSplit(images.pixels.flip(3), images.labels),
        ImageSplit(images.pixels.view(6, 4, 1, 1), images.labels),
    ]
    assert len({images.digest, *(other.digest for other in others)}) == 5


def test_splits_are_loaded_when_asked_for_and_once():
    loads = []

    def load() -> ImageSplit:
        loads.append(1)
        return some()

    spec = ImageSpec(1, 2, 2, levels=4, num_classes=2)
    toy = ImageDataset("toy", spec, class_names=("a", "b"), splits={"validation": load})
    assert not loads
    assert toy.split("validation") is toy.split("validation")
    assert len(loads) == 1


def test_split_names_are_those_it_has_in_the_usual_order():
    assert data(some()).split_names == ("train", "test")


def test_a_split_it_does_not_have(complains):
    with complains("toy has no 'validation' split", "train, test"):
        data(some()).split("validation")


def test_a_split_of_unknown_name(complains):
    with complains("must be named train, validation, test", "dev"):
        ImageDataset("toy", ImageSpec(1, 2, 2), class_names=(), splits={"dev": some})


def test_class_names_that_do_not_fit(complains):
    with complains("2 names", "got 1"):
        ImageDataset("toy", ImageSpec(1, 2, 2, num_classes=2), class_names=("a",), splits={})


@pytest.mark.parametrize(
    ("spec", "images", "part"),
    [
        (ImageSpec(1, 2, 2, levels=3, num_classes=2), some(), "pixel values below 3 (levels), got 3"),
        (ImageSpec(1, 4, 4, levels=4, num_classes=2), some(), "must hold images (1, 4, 4), got (1, 2, 2)"),
        (ImageSpec(1, 2, 2, levels=4, num_classes=1), some(), "labels 0 … 0 (num_classes), got 0 … 1"),
        (ImageSpec(1, 2, 2, levels=4, num_classes=2), some(labelled=False), "labels of 2 classes, got none"),
        (ImageSpec(1, 2, 2, levels=4, num_classes=2), some(0), "is empty"),
    ],
)
def test_images_that_do_not_fit_the_spec(spec, images, part, complains):
    with complains("the train split of toy", part):
        data(images, spec=spec).split("train")
