"""Arguments of models and distributions: counts, temperatures, seeds, labels, and empty batches."""

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
from genera.evaluation.extractors import Classifier

#: Invalid counts, and the parts of their messages.
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


def models_and_distributions() -> dict[str, Callable[[], Any]]:
    """Factories of everything that has ``sample``, in float32."""
    models = {name: lambda name=name: IMAGE_MODELS[name]()[0].float() for name in of_kind(Generative)}
    return models | {name: lambda make=make: make()[0].float() for name, make in DISTRIBUTIONS.items()}


SAMPLERS = models_and_distributions()


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize(("count", "rule", "got"), COUNTS)
def test_a_count_is_an_integer_in_range(name: str, count: Any, rule: str, got: str) -> None:
    with complains(f"count {rule}", got):
        SAMPLERS[name]().sample(count)


@pytest.mark.parametrize("name", of_kind(TwoPlayer))
@pytest.mark.parametrize(("count", "rule", "got"), COUNTS)
def test_a_count_of_fakes_is_an_integer_in_range(name: str, count: Any, rule: str, got: str) -> None:
    with complains(f"count {rule}", got):
        IMAGE_MODELS[name]()[0].generate(count)


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_a_temperature_is_a_number_in_range(name: str, temperature: Any) -> None:
    with complains("temperature must be a number between 0 and 100", f"got {temperature!r}"):
        SAMPLERS[name]().sample(2, temperature=temperature)


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("temperature", [0, MAX_TEMPERATURE, np.float32(0.5)])
def test_the_extreme_temperatures_are_accepted(name: str, temperature: float) -> None:
    samples = SAMPLERS[name]().sample(np.int64(3), temperature=temperature)
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
def test_a_seed_is_an_integer_in_range(seed: Any, parts: tuple[str, ...]) -> None:
    with complains("seed must be", *parts):
        check_seed(seed)
    check_seed(MAX_SEED)
    # Seeds derived from the largest one by counting up are valid too.
    torch.Generator().manual_seed(MAX_SEED + MAX_COUNT + MAX_IMPORTANCE_SAMPLES)


#: Factories ``(count, num_classes)`` of invalid labels, and the parts of their messages.
INVALID_LABELS: dict[str, tuple[Callable[[int, int], Any], tuple[str, ...]]] = {
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


def calls_with_labels(model: ImageModel, images: Tensor, labels: Any) -> dict[str, Callable[[], Any]]:
    """Every method of a model that takes labels, called with ``labels``."""
    calls: dict[str, Callable[[], Any]] = {}
    if isinstance(model, Generative):
        calls["sample"] = lambda: model.sample(len(images), labels=labels)
    if isinstance(model, Density):
        calls["log_prob"] = lambda: model.log_prob(images, labels, num_importance_samples=2)
    if isinstance(model, Autoencoding):
        calls["encode"] = lambda: model.encode(images, labels)
        calls["reconstruct"] = lambda: model.reconstruct(images, labels)
    if isinstance(model, TwoPlayer):
        fakes = model.generate(len(images))
        calls["generate"] = lambda: model.generate(len(images), labels)
        calls["score"] = lambda: model.score(images, labels)
        calls["discriminator_loss"] = lambda: model.discriminator_loss(images, fakes, labels)
        calls["generator_loss"] = lambda: model.generator_loss(images, fakes, labels)
    else:
        calls["loss"] = lambda: model.loss(images, labels)  # type: ignore[operator]
    return calls


@pytest.mark.parametrize("name", [*CLASS_CONDITIONAL, "Classifier"])
@pytest.mark.parametrize("kind", INVALID_LABELS)
def test_every_method_refuses_invalid_labels(name: str, kind: str) -> None:
    model, images = IMAGE_MODELS[name]()
    make, parts = INVALID_LABELS[kind]
    for call in calls_with_labels(model, images, make(len(images), model.spec.num_classes)).values():
        with complains(*parts):
            call()


@pytest.mark.parametrize("name", sorted(set(of_kind(Density)) - set(CLASS_CONDITIONAL)))
def test_an_unconditional_model_ignores_labels(name: str) -> None:
    model, images = IMAGE_MODELS[name]()
    expected = model.log_prob(images, generator=torch.Generator().manual_seed(0))
    for labels in (torch.zeros(1, dtype=torch.int64), "none"):
        assert torch.equal(model.log_prob(images, labels, generator=torch.Generator().manual_seed(0)), expected)


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Check that the block does not change the model: the mean of an empty batch is NaN, which a running mean keeps."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    yield
    for name, value in model.state_dict().items():
        # Integer buffers count batches, including empty ones.
        if value.is_floating_point():
            torch.testing.assert_close(value, before[name], rtol=0, atol=0, equal_nan=True, msg=name)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", of_kind(Generative))
def test_sampling_no_images_returns_an_empty_batch(name: str, training: bool) -> None:
    model = IMAGE_MODELS[name]()[0].float().train(training)
    with unchanged(model):
        samples = model.sample(0)
    assert (samples.dtype, samples.shape) == (torch.uint8, (0, *model.spec.shape))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_sampling_no_vectors_returns_an_empty_batch(name: str) -> None:
    distribution, values = DISTRIBUTIONS[name]()
    assert isinstance(distribution, Distribution)
    assert distribution.sample(0).shape == (0, *values.shape[1:])
    assert distribution.log_prob(values[:0]).shape == (0,)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_an_empty_batch_gives_empty_results(name: str, training: bool) -> None:
    model, images = IMAGE_MODELS[name]()
    model.float().train(training)
    spec: ImageSpec = model.spec
    empty, labels = images[:0], labels_of(model, images)[:0]
    with unchanged(model):
        if has_density(model):
            for count in (1, 3):
                log_prob = model.log_prob(empty, labels, num_importance_samples=count)
                assert (log_prob.dtype, log_prob.shape) == (torch.float32, (0,))
        if isinstance(model, Autoencoding):
            z = model.encode(empty, labels)
            assert z.shape == (0, *model.encode(images, labels_of(model, images)).shape[1:])
            assert model.encode(empty, labels, generator=torch.Generator()).shape == z.shape
            for decoded in (model.decode(z, labels), model.reconstruct(empty, labels)):
                assert (decoded.dtype, decoded.shape) == (torch.uint8, (0, *spec.shape))
        if isinstance(model, TwoPlayer):
            assert model.score(empty, labels).shape == (0,)
            assert model.generate(0).images.shape == (0, *spec.shape)
        if isinstance(model, Classifier):
            predicted = model.predict(empty)
            assert (predicted.dtype, predicted.shape) == (torch.int64, (0,))
            assert model.logits(empty).shape == (0, spec.num_classes)
