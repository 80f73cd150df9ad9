"""Evaluation computes where the model is; the CPU stands in for an accelerator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from genera import core
from genera.core import Autoencoding, Density, Trainable
from genera.data import ImageSplit, find_dataset
from genera.evaluation import (
    MEASURES,
    EvaluationProtocol,
    Subject,
    classifier_of,
    log_probs,
    reconstruct_images,
    sample_images,
)
from genera.evaluation.measures import cas
from genera.zoo import find_model

DIGITS = find_dataset("digits")()
TEST = DIGITS.split("test")


class Copies(TorchFunctionMode):
    """Counts copies to the CPU, each of which would wait for an accelerator."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in (Tensor.cpu, Tensor.numpy, Tensor.tolist, Tensor.item):
            self.counts[func.__name__] += 1
        return func(*args, **(kwargs or {}))


def copies(compute: Callable[[], object]) -> int:
    """Number of copies to the CPU in a computation."""
    with Copies() as counter:
        compute()
    return counter.counts.total()


def test_results_are_copied_once_and_not_in_every_batch() -> None:
    model = find_model("realnvp-digits").load()
    assert isinstance(model, Density)
    assert isinstance(model, Autoencoding)
    few, many = (TEST.subset(torch.arange(count)) for count in (20, 120))
    for compute in (
        lambda images: sample_images(model, len(images), batch_size=20),
        lambda images: log_probs(model, images, batch_size=20),
        lambda images: reconstruct_images(model, ImageSplit(images.pixels.repeat(5, 1, 1, 1))),
    ):
        # Each batch of labels or noise may be checked, but on the host.
        assert copies(lambda compute=compute: compute(few)) == copies(lambda compute=compute: compute(many)) == 1


def test_features_stay_where_they_are_computed() -> None:
    protocol = EvaluationProtocol(DIGITS, classifier=classifier_of("digits"), count=60)
    generated = Subject(find_model("realnvp-digits").load(), protocol).generated(0)
    for extractor in protocol.extractors:
        assert copies(lambda extractor=extractor: generated.features(extractor)) == 0
    assert copies(lambda: (generated.logits, generated.classes)) == 0


@pytest.mark.parametrize("name", ["fd[random]", "kid[random]", "coverage[random]", "diversity", "modes", "sharpness"])
def test_a_comparison_of_two_sets_copies_only_its_value(name: str) -> None:
    protocol = EvaluationProtocol(DIGITS, classifier=classifier_of("digits"), count=60)
    generated, measure = Subject(find_model("realnvp-digits").load(), protocol).generated(0), MEASURES[name]
    measure.value(generated, protocol.real)
    assert copies(lambda: measure.compare(generated, protocol.real)) <= 4


def test_values_per_image_are_on_the_cpu_where_intervals_are_computed() -> None:
    """The device ``meta`` would fail where values of both devices meet."""

    class Loss(Trainable):
        def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: Any = None) -> core.Loss:
            values = torch.zeros(len(images))
            return core.Loss(values, logs={"accuracy": values})

    with Copies() as counter:
        cas._evaluate(Loss(DIGITS.spec), TEST)
    assert counter.counts["cpu"] == 2


def test_an_evaluation_leaves_the_global_generator_alone() -> None:
    model, protocol = find_model("realnvp-digits").load(), EvaluationProtocol(DIGITS, count=20)
    before = torch.get_rng_state()
    MEASURES["samples_per_second"].measure(Subject(model, protocol))
    assert "random" in protocol.extractors
    assert torch.equal(before, torch.get_rng_state())


def test_model_and_extractors_are_loaded_to_the_device() -> None:
    """The device ``meta`` has no values, and stands for an accelerator that this machine does not have."""
    protocol = EvaluationProtocol(DIGITS, classifier=classifier_of("digits"), device="meta", count=20)
    assert protocol.extractors["random"].layers[0].weight.is_meta
    classifier = protocol.extractors["lenet"]
    assert next(classifier.classifier.parameters()).is_meta
    model = find_model("realnvp-digits").load(device="meta")
    assert model.device.type == "meta"
