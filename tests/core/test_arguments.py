"""What models and distributions are asked for: counts, temperatures, seeds, labels of any kind, and nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from cases import DISTRIBUTIONS, IMAGE_MODELS, complains, labels_of, of_kind
from torch import Tensor, nn

from genera.core import (
    Autoencoding,
    Density,
    Distribution,
    Generative,
    ImageModel,
    ImageSpec,
    TwoPlayer,
    check_seed,
    has_density,
)
from genera.core.checks import MAX_COUNT, MAX_IMPORTANCE_SAMPLES, MAX_SEED, MAX_TEMPERATURE
from genera.evaluation.classifier import Classifier

#: Numbers of things that are none, and what is said of them.
COUNTS = [
    (-1, "must be at least", "got -1"),
    (2.5, "must be an integer", "got 2.5"),
    ("3", "must be an integer", "got '3'"),
    (True, "must be an integer", "got True"),
    (None, "must be an integer", "got None"),
    (10**20, "must be at most", f"got {10**20}"),
]
TEMPERATURES = [float("nan"), -0.5, float("inf"), 1e30, 100.5, "1", True, None]

CLASS_CONDITIONAL = [name for name, make in IMAGE_MODELS.items() if make()[0].class_conditional]


def everything_that_samples() -> dict[str, Callable[[], Any]]:
    """Models, and the distributions they are made of."""
    models = {name: lambda name=name: IMAGE_MODELS[name]()[0].float() for name in of_kind(Generative)}
    return models | {name: lambda make=make: make()[0].float() for name, make in DISTRIBUTIONS.items()}


SAMPLED = everything_that_samples()


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize(("count", "rule", "got"), COUNTS)
def test_a_count_is_an_integer_in_range(name: str, count: Any, rule: str, got: str) -> None:
    with complains(f"count {rule}", got):
        SAMPLED[name]().sample(count)


@pytest.mark.parametrize("name", of_kind(TwoPlayer))
@pytest.mark.parametrize(("count", "rule", "got"), COUNTS)
def test_a_count_of_fakes_is_an_integer_in_range(name: str, count: Any, rule: str, got: str) -> None:
    with complains(f"count {rule}", got):
        IMAGE_MODELS[name]()[0].generate(count)


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_a_temperature_is_finite_and_sensible(name: str, temperature: Any) -> None:
    with complains("temperature must be a number between 0 and 100", f"got {temperature!r}"):
        SAMPLED[name]().sample(2, temperature=temperature)


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize("temperature", [0, MAX_TEMPERATURE, np.float32(0.5)])
def test_temperatures_at_the_ends_are_taken(name: str, temperature: float) -> None:
    samples = SAMPLED[name]().sample(np.int64(3), temperature=temperature)
    assert len(samples) == 3
    assert samples.isfinite().all()


@pytest.mark.parametrize("name", of_kind(Density))
@pytest.mark.parametrize(("count", "rule", "got"), [*COUNTS, (0, "must be at least 1", "got 0")])
def test_a_number_of_importance_samples_is_an_integer_in_range(name: str, count: Any, rule: str, got: str) -> None:
    model, images = IMAGE_MODELS[name]()
    with complains(f"num_importance_samples {rule}", got):
        model.log_prob(images, labels_of(model, images), num_importance_samples=count)


@pytest.mark.parametrize(
    ("seed", "parts"),
    [
        (-1, ("at least 0", "got -1")),
        (2**63, (f"at most {MAX_SEED:,}", f"got {2**63}")),
        (1.0, ("an integer", "got 1.0")),
        ("1", ("an integer", "got '1'")),
        (False, ("an integer", "got False")),
    ],
)
def test_a_seed_is_one_that_torch_takes(seed: Any, parts: tuple[str, ...]) -> None:
    with complains("seed must be", *parts):
        check_seed(seed)
    check_seed(MAX_SEED)
    # There is room for batches to be counted from it.
    torch.Generator().manual_seed(MAX_SEED + MAX_COUNT + MAX_IMPORTANCE_SAMPLES)


#: Makes labels, none of which are those of ``count`` images of so many classes, and what is said of them.
LABELS: dict[str, tuple[Callable[[int, int], Any], tuple[str, ...]]] = {
    "floats": (lambda count, num_classes: torch.zeros(count), ("torch.int64 (B,), got torch.float32",)),
    "of 32 bits": (lambda count, num_classes: torch.zeros(count, dtype=torch.int32), ("got torch.int32",)),
    "truth values": (lambda count, num_classes: torch.zeros(count, dtype=torch.bool), ("got torch.bool",)),
    "a list": (lambda count, num_classes: [0] * count, ("must be a tensor", "got list")),
    "strings": (lambda count, num_classes: ["0"] * count, ("must be a tensor", "got list")),
    "a string": (lambda count, num_classes: "0" * count, ("must be a tensor", "got str")),
    "a number": (lambda count, num_classes: torch.tensor(0), ("got torch.int64 ()",)),
    "one-hot": (lambda count, num_classes: torch.eye(num_classes, dtype=torch.int64)[:1], ("got torch.int64 (1,",)),
    "below": (lambda count, num_classes: torch.full((count,), -1), ("got labels from -1 to -1",)),
    "above": (lambda count, num_classes: torch.full((count,), num_classes), ("trained on", "classes, got labels from")),
    "too few": (lambda count, num_classes: torch.zeros(count - 1, dtype=torch.int64), ("one label for each image",)),
    "too many": (lambda count, num_classes: torch.zeros(count + 1, dtype=torch.int64), ("one label for each image",)),
}


def asked_with_labels(model: ImageModel, images: Tensor, labels: Any) -> dict[str, Callable[[], Any]]:
    """Everything that a model answers about images or of itself, told labels."""
    asked: dict[str, Callable[[], Any]] = {}
    if isinstance(model, Generative):
        asked["sample"] = lambda: model.sample(len(images), labels=labels)
    if isinstance(model, Density):
        asked["log_prob"] = lambda: model.log_prob(images, labels, num_importance_samples=2)
    if isinstance(model, Autoencoding):
        asked["encode"] = lambda: model.encode(images, labels)
        asked["reconstruct"] = lambda: model.reconstruct(images, labels)
    if isinstance(model, TwoPlayer):
        fakes = model.generate(len(images))
        asked["generate"] = lambda: model.generate(len(images), labels)
        asked["score"] = lambda: model.score(images, labels)
        asked["discriminator_loss"] = lambda: model.discriminator_loss(images, fakes, labels)
        asked["generator_loss"] = lambda: model.generator_loss(images, fakes, labels)
    else:
        asked["loss"] = lambda: model.loss(images, labels)  # type: ignore[operator]
    return asked


@pytest.mark.parametrize("name", [*CLASS_CONDITIONAL, "Classifier"])
@pytest.mark.parametrize("kind", LABELS)
def test_labels_that_are_none_are_refused_by_everything(name: str, kind: str) -> None:
    model, images = IMAGE_MODELS[name]()
    make, parts = LABELS[kind]
    for ask in asked_with_labels(model, images, make(len(images), model.spec.num_classes)).values():
        with complains(*parts):
            ask()


@pytest.mark.parametrize("name", sorted(set(of_kind(Density)) - set(CLASS_CONDITIONAL)))
def test_what_is_not_conditional_does_not_look_at_labels(name: str) -> None:
    model, images = IMAGE_MODELS[name]()
    expected = model.log_prob(images, generator=torch.Generator().manual_seed(0))
    for labels in (torch.zeros(1, dtype=torch.int64), "none"):
        assert torch.equal(model.log_prob(images, labels, generator=torch.Generator().manual_seed(0)), expected)


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Asking must leave a model as it was: a mean over nothing is not a number, which a running mean would keep."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    yield
    for name, value in model.state_dict().items():
        # Batches are counted, full or empty.
        if value.is_floating_point():
            torch.testing.assert_close(value, before[name], rtol=0, atol=0, equal_nan=True, msg=name)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", of_kind(Generative))
def test_no_samples_are_an_empty_batch(name: str, training: bool) -> None:
    model = IMAGE_MODELS[name]()[0].float().train(training)
    with unchanged(model):
        samples = model.sample(0)
    assert (samples.dtype, samples.shape) == (torch.uint8, (0, *model.spec.shape))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_no_draws_are_an_empty_batch(name: str) -> None:
    distribution, values = DISTRIBUTIONS[name]()
    assert isinstance(distribution, Distribution)
    assert distribution.sample(0).shape == (0, *values.shape[1:])
    assert distribution.log_prob(values[:0]).shape == (0,)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_of_no_images_everything_is_empty(name: str, training: bool) -> None:
    model, images = IMAGE_MODELS[name]()
    model.float().train(training)
    spec: ImageSpec = model.spec
    none, labels = images[:0], labels_of(model, images)[:0]
    with unchanged(model):
        if has_density(model):
            for count in (1, 3):
                found = model.log_prob(none, labels, num_importance_samples=count)
                assert (found.dtype, found.shape) == (torch.float32, (0,))
        if isinstance(model, Autoencoding):
            z = model.encode(none, labels)
            assert z.shape == (0, *model.encode(images, labels_of(model, images)).shape[1:])
            assert model.encode(none, labels, generator=torch.Generator()).shape == z.shape
            for back in (model.decode(z, labels), model.reconstruct(none, labels)):
                assert (back.dtype, back.shape) == (torch.uint8, (0, *spec.shape))
        if isinstance(model, TwoPlayer):
            assert model.score(none, labels).shape == (0,)
            assert model.generate(0).images.shape == (0, *spec.shape)
        if isinstance(model, Classifier):
            predicted = model.predict(none)
            assert (predicted.dtype, predicted.shape) == (torch.int64, (0,))
            assert model.logits(none).shape == (0, spec.num_classes)
