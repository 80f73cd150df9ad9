"""All figures of one model: which ones apply, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from cases import FLOWS, GANS, IMAGE_MODELS, VAES
from in_memory import in_memory
from torch import Tensor

from genera.core import StandardNormal
from genera.data import ImageSplit
from genera.flows import VariationalDequantizer
from genera.reporting.drawing import Drawing, LoadedModel
from genera.reporting.figures import FIGURES
from genera.reporting.style import style, to_png

ONE_LOSS = {1: {"seconds": 1.0, "epoch": 0.5, "train/loss": 3.0, "validation/loss": 2.0, "validation/kl": 1.0}}
TWO_PLAYERS = {1: {"epoch": 1.0, "train/discriminator/adversarial": 1.0, "samples/diversity": 0.5}}


def drawings_of(loaded: LoadedModel) -> dict[str, Drawing]:
    return {drawing.name: drawing for figure in FIGURES if (drawing := figure(loaded)) is not None}


def expected(name: str, model: Any) -> set[str]:
    """Names of the figures that apply to a case, without metrics."""
    figures = set()
    if name != "Classifier":
        figures |= {"samples", "nearest_images"}
        figures |= {"samples_by_class"} if model.class_conditional else set()
    if name in FLOWS:
        figures |= {"interpolations", "pixel_bits"}
        figures |= {"scales"} if len(model.latent_scales) > 1 else set()
        figures |= {"dequantization"} if isinstance(model.dequantizer, VariationalDequantizer) else set()
    if name in VAES:
        figures |= {"interpolations", "reconstructions"}
        figures |= {"latent", "traversals"} if type(model.prior) is StandardNormal else set()
    if name == "Autoencoder":
        figures |= {"interpolations", "reconstructions"}
    return figures


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_every_figure_is_drawn_of_the_models_that_it_applies_to(name: str) -> None:
    model, images = IMAGE_MODELS[name]()
    drawings = drawings_of(in_memory(model, images))
    assert set(drawings) == expected(name, model)
    for drawing in drawings.values():
        figure = drawing.draw()
        figure.canvas.draw()
        assert drawing.section
        assert drawing.title
        assert not figure.get_suptitle()
        shown = [image for axes in figure.axes for image in axes.get_images()]
        assert {image.get_interpolation() for image in shown} <= {"nearest"}


def test_every_figure_has_a_case() -> None:
    drawn = {drawing for make in IMAGE_MODELS.values() for drawing in drawings_of(in_memory(*make()))}
    model, images = IMAGE_MODELS["Autoencoder"]()
    for table in (ONE_LOSS, TWO_PLAYERS):
        drawn |= set(drawings_of(in_memory(model, images, table=table)))
    assert len(drawn) == len(FIGURES)


def test_figures_of_a_training_follow_from_its_columns() -> None:
    model, images = next(iter(GANS.values()))()
    without = set(drawings_of(in_memory(model, images)))
    for table, names in ((ONE_LOSS, {"training", "loss_terms"}), (TWO_PLAYERS, {"players", "diversity"})):
        drawings = drawings_of(in_memory(model, images, table=table))
        assert set(drawings) - without == names
        assert {drawings[name].section for name in names} == {"Training"}
        for name in names:
            drawings[name].draw().canvas.draw()
    only_loss = {1: {"seconds": 1.0, "train/loss": 3.0}}
    assert set(drawings_of(in_memory(model, images, table=only_loss))) - without == {"training"}


@pytest.mark.parametrize("name", ["flow, variational", "VAE, conditional, IWAE", "GAN"])
def test_figures_of_one_seed_are_the_same(name: str) -> None:
    model, images = IMAGE_MODELS[name]()
    with style():
        one, same, other = (
            {name: to_png(drawing.draw()) for name, drawing in drawings_of(in_memory(model, images, seed=seed)).items()}
            for seed in (0, 0, 1)
        )
    assert one == same
    # Reconstructions and the posterior have no noise.
    noiseless = {"reconstructions", "latent", "traversals"}
    assert {name for name in one if one[name] == other[name]} <= noiseless


class OnDevice(Tensor):
    """A tensor whose type shows that it was made of one that is on the device of the model."""


#: Methods of models that figures give tensors to.
METHODS = ("encode", "decode", "posterior", "log_prob", "resample", "reconstruct")


@pytest.mark.parametrize("name", [*FLOWS, *VAES, "Autoencoder"])
def test_models_get_tensors_of_their_own_device(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, images = IMAGE_MODELS[name]()
    loaded, calls = in_memory(model, images), set()
    split = loaded.validation
    labels = None if split.labels is None else split.labels.as_subclass(OnDevice)
    vars(loaded)["validation"] = ImageSplit(split.pixels.as_subclass(OnDevice), labels)

    def watched(method: str) -> Callable[..., Any]:
        original = getattr(model, method)

        def call(*arguments: Any, **options: Any) -> Any:
            for argument in (*arguments, *options.values()):
                assert isinstance(argument, OnDevice) or not isinstance(argument, Tensor), method
                assert not isinstance(argument, torch.Generator) or argument.device == model.device
            calls.add(method)
            return original(*arguments, **options)

        return call

    for method in METHODS:
        if hasattr(model, method):
            monkeypatch.setattr(model, method, watched(method))
    for name, drawing in drawings_of(loaded).items():
        # Samples are made of no image.
        if "samples" not in name and name != "nearest_images":
            drawing.draw()
    assert {"encode", "decode"} <= calls


def test_validation_images_are_random_and_on_the_device_of_the_model() -> None:
    model, _ = IMAGE_MODELS["VAE, conditional, IWAE"]()
    images = torch.arange(17, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, *model.spec.shape)
    by_seed = []
    for seed in (0, 0, 1):
        loaded = in_memory(model, images, seed=seed)
        del vars(loaded)["validation"]
        assert loaded.validation.pixels.device == model.device
        levels = loaded.validation.pixels[:, 0, 0, 0]
        assert loaded.validation.labels is not None
        assert torch.equal(loaded.validation.labels, levels.long() % 3)
        assert sorted(levels.tolist()) == list(range(17))
        by_seed.append(levels.tolist())
    assert by_seed[0] == by_seed[1] != by_seed[2]
