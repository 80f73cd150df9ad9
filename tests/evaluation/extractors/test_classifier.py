from __future__ import annotations

from functools import partial

import pytest
import torch
import yaml
from cases import complains, made, pixels
from torch import Tensor, nn

from genera.config.model import build_model
from genera.config.shipped_recipes import find_recipe
from genera.core import ImageSpec
from genera.evaluation.extractors import Classifier
from genera.networks import ConvEncoder, LeNet

SPEC = ImageSpec(1, 8, 8, 17, num_classes=3)
LABELS = torch.tensor([0, 2, 1, 1])


@pytest.fixture
def classifier() -> tuple[Classifier, Tensor]:
    return made(lambda: Classifier(SPEC, network=partial(LeNet, width=4))).eval(), pixels(SPEC)


def test_cross_entropy_by_hand(classifier: tuple[Classifier, Tensor]) -> None:
    model, images = classifier
    logits = model.network(images.double() / 8 - 1)
    torch.testing.assert_close(model.logits(images), logits)
    assert torch.equal(model.predict(images), logits.argmax(dim=1))
    loss = model.loss(images, LABELS)
    expected = torch.stack([row.exp().sum().log() - row[label] for row, label in zip(logits, LABELS, strict=True)])
    torch.testing.assert_close(loss.total, expected)
    assert torch.equal(loss.logs["accuracy"], (logits.argmax(dim=1) == LABELS).double())
    assert torch.equal(model.validation_loss(images, LABELS).total, loss.total)


def test_the_loss_of_a_zero_network_is_that_of_a_uniform_prediction(classifier: tuple[Classifier, Tensor]) -> None:
    model, images = classifier
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    torch.testing.assert_close(model.loss(images, LABELS).total, torch.full((4,), 3.0).double().log())


def test_the_last_layer_is_applied_to_the_features(classifier: tuple[Classifier, Tensor]) -> None:
    model, images = classifier
    features = model.features(images)
    assert features.shape == (4, 128)
    last = model.network.head[-1]
    torch.testing.assert_close(model.logits(images), features @ last.weight.T + last.bias)
    assert torch.equal(model.head(features), model.logits(images))


def test_it_refuses_invalid_input(classifier: tuple[Classifier, Tensor]) -> None:
    model, images = classifier
    with complains("needs images with labels", "without classes"):
        Classifier(ImageSpec(1, 8, 8), network=LeNet)
    with complains("submodules features and head", "got ConvEncoder"):
        Classifier(SPEC, network=ConvEncoder)
    with complains("needs those of the images", "choose data with labels"):
        model.loss(images)
    with complains("3 classes", "labels from 0 to 3"):
        model.loss(images, torch.tensor([0, 1, 2, 3]))
    for compute in (model.features, model.logits, model.predict):
        with complains("torch.uint8", "torch.float32"):
            compute(images.float())
        with complains("must have shape (B, 1, 8, 8)"):
            compute(images[:, :, 1:])


def test_the_recipe_builds_a_classifier() -> None:
    config = yaml.safe_load(find_recipe("lenet").read_text(encoding="utf-8"))
    model = build_model(config, ImageSpec(1, 28, 28, num_classes=10))
    assert isinstance(model, Classifier)
    assert sum(parameter.numel() for parameter in model.parameters()) == 459_242
