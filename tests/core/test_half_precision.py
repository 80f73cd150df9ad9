"""Models refuse half-precision weights and give correct results under autocast."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from cases import IMAGE_MODELS, complains, labels_of
from torch import Tensor, nn

from genera.core import Autoencoding, Generative, ImageModel, Trainable, TwoPlayer, has_density
from genera.zoo import shipped_models

HALVES = [torch.bfloat16, torch.float16]

#: Conversions of a model, and the dtype each would give.
MOVES: list[tuple[Callable[[nn.Module], object], torch.dtype]] = [
    (lambda model: model.to(torch.bfloat16), torch.bfloat16),
    (lambda model: model.to("cpu", torch.float16), torch.float16),
    (lambda model: model.half(), torch.float16),
    (lambda model: model.bfloat16(), torch.bfloat16),
    (lambda model: model.type(torch.bfloat16), torch.bfloat16),
    (lambda model: model.type(torch.int64), torch.int64),
    (lambda model: model.to(torch.float8_e4m3fn), torch.float8_e4m3fn),
    (lambda model: nn.Sequential(model).half(), torch.float16),
]


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_a_model_refuses_half_precision_weights(name: str) -> None:
    model = IMAGE_MODELS[name]()[0].float()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    kind = type(model).__name__
    for move, dtype in MOVES:
        with complains(kind, f"cannot be moved to {dtype}", "use torch.autocast", "--precision bf16-mixed"):
            move(model)
    # The model is unchanged.
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_other_conversions_are_allowed(name: str) -> None:
    # A copy, as cases share parts with each other.
    model = copy.deepcopy(IMAGE_MODELS[name]()[0])
    expected = {name: value.dtype for name, value in model.float().state_dict().items()}
    for move in (lambda: model.double(), lambda: model.float(), lambda: model.to(memory_format=torch.channels_last)):
        assert move() is model
    assert {name: value.dtype for name, value in model.state_dict().items()} == expected
    assert {value.device.type for value in model.to("meta").state_dict().values()} <= {"meta"}
    assert {value.device.type for value in model.to_empty(device="cpu").state_dict().values()} <= {"cpu"}
    model.share_memory()


def test_a_model_built_in_half_precision_cannot_be_loaded() -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with complains("cannot be moved to torch.bfloat16"):
            shipped_models()[0].load()
    finally:
        torch.set_default_dtype(before)


def outputs_of(model: ImageModel, images: Tensor) -> dict[str, Tensor]:
    """The outputs of a model, by method."""
    labels, outputs = labels_of(model, images), {}
    with torch.no_grad():
        if has_density(model):
            outputs["log_prob"] = model.log_prob(images, labels, generator=torch.Generator().manual_seed(0))
        if isinstance(model, Generative):
            outputs["sample"] = model.sample(16, generator=torch.Generator().manual_seed(0))
        if isinstance(model, Autoencoding):
            outputs["reconstruct"] = model.reconstruct(images, labels)
        if isinstance(model, Trainable):
            torch.manual_seed(0)
            outputs["loss"] = model.loss(images, labels).total
        if isinstance(model, TwoPlayer):
            torch.manual_seed(0)
            outputs["generate"] = model.generate(16).images
            outputs["score"] = model.score(images, labels)
    return outputs


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_outputs_under_autocast_are_close_to_float32(name: str, dtype: torch.dtype) -> None:
    model, images = IMAGE_MODELS[name]()
    model = model.float().eval()
    expected = outputs_of(model, images)
    with torch.autocast("cpu", dtype=dtype):
        outputs = outputs_of(model, images)
    for name, value in expected.items():
        got = outputs[name].float()
        assert got.isfinite().all(), name
        scale = value.float().abs().mean() + 0.1
        assert (got - value).abs().mean() < (0 if name == "log_prob" else 0.05) * scale + 1e-6, name
        if value.dtype == torch.uint8:
            assert (outputs[name].dtype, outputs[name].shape) == (torch.uint8, value.shape)
            assert int(outputs[name].max()) < model.spec.levels
