"""What measures share is computed once."""

from __future__ import annotations

import pytest
import torch
from cases import complains

from genera.data import ImageSplit, find_dataset
from genera.evaluation import MEASURES, EvaluationProtocol, Subject, classifier_of, log_probs, random_subset, subject
from genera.zoo import find_model

DIGITS = find_dataset("digits")()
TEST = DIGITS.split("test")


def test_a_random_subset_is_from_the_whole_split() -> None:
    subset = random_subset(TEST, 50)
    places = [int((TEST.pixels == pixels).flatten(1).all(dim=1).nonzero()[0]) for pixels in subset.pixels]
    assert places == sorted(set(places))
    assert places[-1] > 120
    assert subset.digest == random_subset(TEST, 50).digest
    assert random_subset(TEST, 9999).digest == TEST.digest


def test_an_interval_needs_two_sets() -> None:
    with complains("num_seeds must be at least 2", "got 1"):
        EvaluationProtocol(DIGITS, num_seeds=1)


def test_images_are_generated_once_for_all_measures() -> None:
    classifier = classifier_of("digits")
    assert classifier is not None
    protocol = EvaluationProtocol(DIGITS, classifier=classifier, count=7)
    one, other = (Subject(find_model("realnvp-digits").load(), protocol) for _ in range(2))
    first = one.generated(0)
    assert one.generated(0) is first
    assert one.generated(1) is not first
    assert other.generated(0) is not first
    assert first.features("lenet").shape == (7, 128)
    assert torch.equal(first.classes, classifier.load().predict(first.images.pixels))
    # Real images are shared by all models of a comparison.
    assert one.protocol.real is other.protocol.real
    assert len(protocol.real.images) == 7


def test_log_probabilities_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []

    def counted(model: object, images: ImageSplit, *, num_importance_samples: int) -> torch.Tensor:
        computed.append((images.digest, num_importance_samples))
        return log_probs(model, images, num_importance_samples=num_importance_samples)

    monkeypatch.setattr(subject, "log_probs", counted)
    one = Subject(find_model("realnvp-digits").load(), EvaluationProtocol(DIGITS))
    for name, scores in (("bits_per_dim@1", ()), ("bits_per_dim@8", ()), ("auroc[bits]", ("typicality", "png"))):
        measure = MEASURES[name]
        if name.startswith("auroc"):
            for each in (name, *(f"auroc[{score}]" for score in scores)):
                MEASURES[each].score(one, TEST, DIGITS.split("validation"))
        else:
            measure.measure(one)
    validation = DIGITS.split("validation").digest
    assert computed == [(TEST.digest, 1), (TEST.digest, 8), (validation, 1)]
