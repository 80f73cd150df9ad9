from __future__ import annotations

import copy

import pytest
import torch
from cases import IMAGE_MODELS, complains

from genera.core import ImageModel, ImageSpec


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_a_model_knows_its_images_and_its_device(name: str) -> None:
    model, images = IMAGE_MODELS[name]()
    assert model.spec.shape == images.shape[1:]
    assert model.device == torch.device("cpu")
    if list(model.parameters()):
        assert copy.deepcopy(model).to("meta").device == torch.device("meta")


def test_a_model_without_weights_has_the_device_of_its_buffers() -> None:
    model = ImageModel(ImageSpec(1, 2, 2))
    assert model.device == torch.device("cpu")
    model.register_buffer("count", torch.zeros((), device="meta"))
    assert model.device == torch.device("meta")


def test_a_conditional_model_needs_classes() -> None:
    with complains("class_conditional needs images with labels"):
        ImageModel(ImageSpec(1, 2, 2), class_conditional=True)
