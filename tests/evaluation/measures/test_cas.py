from __future__ import annotations

from functools import partial

import pytest
import torch
from cases import FLOWS, complains, made, small_vae
from torch import Tensor

from genera.core import ImageSpec
from genera.data import ImageSplit, find_dataset
from genera.evaluation import sample_images
from genera.evaluation.measures import cas
from genera.evaluation.measures.cas import classification_accuracy_score, sample_each_class
from genera.vaes import GaussianPixels

DIGITS = find_dataset("digits")()
TRAIN, TEST = DIGITS.split("train"), DIGITS.split("test")
score = partial(classification_accuracy_score, spec=DIGITS.spec)


def first(count: int) -> ImageSplit:
    return TRAIN.first(count)


def test_training_on_real_digits_gives_a_high_score() -> None:
    is_correct = score(TRAIN, TEST, max_epochs=5)
    assert is_correct.shape == (len(TEST),)
    assert is_correct.mean() > 0.9


def test_training_on_shuffled_labels_gives_a_low_score() -> None:
    labels = TRAIN.labels[torch.randperm(len(TRAIN), generator=torch.Generator().manual_seed(0))]
    assert score(ImageSplit(TRAIN.pixels, labels), TEST, max_epochs=2).mean() < 0.3


def test_the_score_depends_on_the_seed_and_not_on_the_global_generator() -> None:
    before = torch.get_rng_state()
    scores = [score(first(100), TEST, seed=seed, max_epochs=2) for seed in (1, 1, 2)]
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(scores[0], scores[1])
    assert not torch.equal(scores[0], scores[2])


def test_training_stops_when_the_held_out_loss_stops_falling(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the weights of the best epoch are evaluated."""
    losses = iter([3.0, 1.0, 2.0, 1.5, 1.0])
    weights: list[Tensor] = []
    numbers: list[int] = []

    def evaluate(model: cas.Classifier, images: ImageSplit) -> tuple[float, Tensor]:
        weights.append(next(model.parameters()).detach().clone())
        numbers.append(len(images))
        return next(losses, 0.0), torch.full((len(images),), 0.5)

    monkeypatch.setattr(cas, "_evaluate", evaluate)
    assert score(first(40), first(7), max_epochs=20).tolist() == [0.5] * 7
    assert numbers == [4, 4, 4, 4, 4, 7]
    assert torch.equal(weights[-1], weights[1])
    assert not torch.equal(weights[-1], weights[-2])


def test_it_refuses_invalid_input() -> None:
    with complains("must have shape (B, 1, 8, 8)"):
        score(TRAIN, ImageSplit(TEST.pixels[:, :, 1:], TEST.labels))
    with complains("choose data with labels"):
        score(ImageSplit(TRAIN.pixels), TEST)
    with complains("train must have at least 10 images", "got 9"):
        score(first(9), TEST)
    with complains("max_epochs must be at least 1", "got 0"):
        score(TRAIN, TEST, max_epochs=0)
    with complains("needs images with labels"):
        score(TRAIN, TEST, spec=ImageSpec(1, 8, 8, 17))


def test_equally_many_images_of_every_class() -> None:
    spec = ImageSpec(1, 4, 4, 17, num_classes=3)
    model = made(lambda: small_vae(spec, likelihood=GaussianPixels, class_conditional=True), scale=0.3)
    images = sample_each_class(model, 5, seed=2)
    assert images.labels.bincount().tolist() == [5, 5, 5]
    assert torch.equal(images.pixels, sample_images(model, 15, labels=images.labels, seed=2))
    with complains("NormalizingFlow was not trained with labels"):
        sample_each_class(FLOWS["flow, grey"]()[0], 5)
