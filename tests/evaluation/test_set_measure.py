"""Measures of sets, on models that return known images."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest
import torch
from cases import complains
from torch import Tensor

from genera.cli import main
from genera.core import Generative, ImageModel, ImageSpec, labels_for_sampling
from genera.data import ImageDataset, ImageSplit, find_dataset
from genera.evaluation import MEASURES, EvaluationProtocol, Measurement, Subject, default_measures, evaluate
from genera.evaluation.extractors import RandomFeatures
from genera.zoo import TrainedModel, find_model

DIGITS = find_dataset("digits")()
IN_SPACE = ("fd", "kid", "precision", "recall", "density", "coverage", "diversity")
TRAIN, TEST = DIGITS.split("train"), DIGITS.split("test")


class CopyModel(Generative):
    """Returns training images, of some classes only."""

    def __init__(self, *, classes: tuple[int, ...] = tuple(range(10)), class_conditional: bool = False) -> None:
        super().__init__(DIGITS.spec, class_conditional=class_conditional)
        self.classes = torch.tensor(classes)
        self.register_parameter("unused", torch.nn.Parameter(torch.zeros(())))

    def sample(
        self,
        count: int,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        wanted = labels_for_sampling(self, count, labels, generator=generator)
        if wanted is None:
            wanted = self.classes[torch.randint(len(self.classes), (count,), generator=generator)]
        assert TRAIN.labels is not None
        pools = [(TRAIN.labels == label).nonzero()[:, 0] for label in range(10)]
        chosen = [pools[label][int(torch.randint(len(pools[label]), (), generator=generator))] for label in wanted]
        return TRAIN.pixels[torch.stack(chosen)]


def subject_of(model: ImageModel, data: ImageDataset = DIGITS, *, classifier: TrainedModel | None = None) -> Subject:
    """A model to be measured on test images."""
    return Subject(model, EvaluationProtocol(data, classifier=classifier))


def reason(
    name: str, model: ImageModel, data: ImageDataset = DIGITS, *, classifier: TrainedModel | None = None
) -> str | None:
    """Why a measure is unavailable; None if it is available."""
    return MEASURES[name].unavailable(subject_of(model, data, classifier=classifier))


def measured(
    name: str, model: ImageModel, data: ImageDataset = DIGITS, *, classifier: TrainedModel | None = None
) -> Measurement:
    """The value of a measure."""
    return MEASURES[name].measure(subject_of(model, data, classifier=classifier))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    run = tmp_path_factory.mktemp("runs") / "lenet"
    small = ("--model.network.width", "8", "--max_epochs", "6", "--batch_size", "64", "--task.average_decay", "0.9")
    assert main(["train", "lenet", "--data", "digits", *small, "--out", str(run)]) == 0
    return find_model(str(run))


def test_a_model_that_returns_real_images(classifier: TrainedModel) -> None:
    subject = subject_of(CopyModel(class_conditional=True), classifier=classifier)
    measurements = {
        measure.name: measure.measure(subject)
        for measure in default_measures(subject.protocol)
        if measure.unavailable(subject) is None and measure.name not in ("cas", "samples_per_second")
    }
    spaces = {f"{name}[{space}]" for space in ("lenet", "random") for name in IN_SPACE}
    measures_of_samples = {
        "modes",
        "class_kl",
        "recognised",
        "class_agreement",
        "diversity",
        "sharpness",
        "memorisation",
    }
    assert set(measurements) == spaces | measures_of_samples
    assert {measurements[name].n for name in measurements} == {len(TEST)}
    assert all(measurement.low <= measurement.value <= measurement.high for measurement in measurements.values())

    frechet = measurements["fd[lenet]"]
    assert set(frechet.references) == {"validation images", "uniform noise"}
    assert frechet.value < 3 * frechet.references["validation images"] < 0.3 * frechet.references["uniform noise"]
    assert frechet.settings["extractor"] == classifier.weights_digest
    assert measurements["modes"].value == 10
    assert measurements["recognised"].value > 0.9 > 0.6 > measurements["recognised"].references["uniform noise"]
    assert measurements["class_kl"].value < 0.02
    model_of_classes = classifier.load()
    validation = DIGITS.split("validation")
    accuracy = (model_of_classes.predict(validation.pixels) == validation.labels).double().mean()
    assert measurements["class_agreement"].references == {"validation images": float(accuracy)}
    assert measurements["class_agreement"].value == pytest.approx(float(accuracy), abs=0.05)
    for name in ("diversity", "diversity[lenet]", "diversity[random]", "sharpness"):
        assert measurements[name].value == pytest.approx(measurements[name].references["validation images"], rel=0.05)
    # An eighth of the generated images are in the part of the training images they are compared with.
    assert 0.5 < measurements["memorisation"].value < 0.65
    assert measurements["sharpness"].value == pytest.approx(1, abs=0.05)
    for space in ("lenet", "random"):
        references = {name: measurements[f"{name}[{space}]"].references for name in IN_SPACE}
        assert abs(references["kid"]["validation images"]) < 0.1 * references["kid"]["uniform noise"]
        # Few neighbourhoods contain noise, but a few suffice for a high precision or recall.
        assert references["coverage"]["uniform noise"] < 0.2
        for name in ("precision", "recall", "density", "coverage"):
            assert 0.6 < references[name]["validation images"] < 1.4
            assert measurements[f"{name}[{space}]"].value == pytest.approx(
                references[name]["validation images"], abs=0.2
            )
    assert measurements["kid[random]"].settings["extractor"] == RandomFeatures(DIGITS.spec).digest


def test_a_model_with_missing_classes(classifier: TrainedModel) -> None:
    complete, incomplete = (
        subject_of(model, classifier=classifier) for model in (CopyModel(), CopyModel(classes=(0, 1, 4)))
    )
    assert MEASURES["modes"].measure(incomplete).value <= 5
    assert MEASURES["class_kl"].measure(incomplete).value == pytest.approx(math.log(10 / 3), abs=0.2)
    distances = [MEASURES["fd[lenet]"].measure(subject).value for subject in (complete, incomplete)]
    assert distances[1] > 3 * distances[0]


def test_the_score_of_a_classifier_trained_on_generated_images() -> None:
    measure = dataclasses.replace(MEASURES["cas"], per_class=60)
    measurement = measure.measure(subject_of(CopyModel(class_conditional=True)))
    assert 0.85 < measurement.low <= measurement.value <= measurement.high
    assert measurement.references["train images"] > 0.9
    assert measurement.n == len(TEST)


def test_the_sampling_speed(classifier: TrainedModel) -> None:
    measurement = measured("samples_per_second", CopyModel())
    assert 0 < measurement.low <= measurement.value <= measurement.high
    assert measurement.settings["threads"] == torch.get_num_threads()
    assert reason("samples_per_second", classifier.load()) == "Classifier does not generate images"


def test_the_accuracy_of_a_classifier(classifier: TrainedModel) -> None:
    model = classifier.load()
    measurement = measured("accuracy", model)
    assert measurement.value == float((model.predict(TEST.pixels) == TEST.labels).double().mean())
    assert 0.9 < measurement.low <= measurement.value <= measurement.high
    assert reason("accuracy", model) is None
    assert reason("accuracy", CopyModel()) == "CopyModel is not a classifier"


def test_measures_that_are_unavailable(classifier: TrainedModel) -> None:
    assert reason("class_agreement", CopyModel(), classifier=classifier) == "the model is not class-conditional"
    assert reason("cas", CopyModel()) == "the model is not class-conditional"
    assert reason("modes", classifier.load(), classifier=classifier) == "Classifier does not generate images"
    larger, fewer = CopyModel(), CopyModel(class_conditional=True)
    larger.spec = ImageSpec(1, 16, 16, 17)
    expected = "takes images (1, 8, 8) with 17 levels, not (1, 16, 16)"
    assert expected in (reason("modes", larger, classifier=classifier) or "")
    fewer.spec = ImageSpec(1, 8, 8, 17, num_classes=3)
    assert "has 10 classes, and the model has 3" in (reason("class_agreement", fewer, classifier=classifier) or "")


def test_without_a_classifier_only_measures_of_pixels_are_available() -> None:
    assert "genera train lenet" in (reason("fd[lenet]", CopyModel()) or "")
    assert reason("diversity", CopyModel()) is None
    assert measured("diversity", CopyModel()).value > 0.5


def test_images_without_labels(classifier: TrainedModel) -> None:
    splits = {name: lambda name=name: ImageSplit(DIGITS.split(name).pixels) for name in ("validation", "test")}
    unlabelled = ImageDataset("own", ImageSpec(1, 8, 8, 17), class_names=(), splits=splits)
    measurement = measured("class_agreement", CopyModel(class_conditional=True), unlabelled, classifier=classifier)
    assert measurement.value > 0.9
    assert measurement.references == {}


def test_the_command_takes_a_classifier(
    tiny_run: Path, classifier: TrainedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--measures", "fd[lenet], modes", "--classifier", classifier.name, "--json")
    assert main(["evaluate", str(tiny_run), *options]) == 0
    measures = json.loads(capsys.readouterr().out)["measures"]
    assert measures["fd[lenet]"]["settings"]["extractor"] == classifier.weights_digest
    assert (
        measures["fd[lenet]"]["references"]["uniform noise"] > measures["fd[lenet]"]["references"]["validation images"]
    )


def test_a_classifier_must_be_one(trained: Path) -> None:
    with complains("is a NormalizingFlow, not a classifier"):
        reason("modes", CopyModel(), classifier=find_model(str(trained)))


def noise_dataset(shape: tuple[int, int, int], **counts: int) -> ImageDataset:
    """Noise of a shape with 17 levels; the number of images of each split."""
    spec = ImageSpec(*shape, 17)
    splits = {
        name: lambda count=count: ImageSplit(torch.randint(17, (count, *shape), dtype=torch.uint8))
        for name, count in counts.items()
    }
    return ImageDataset("own", spec, class_names=(), splits=splits)


def test_images_for_which_measures_are_unavailable() -> None:
    conditional = CopyModel(class_conditional=True)
    few = "needs sets of at least 2 images, got 1"
    assert reason("diversity", CopyModel(), noise_dataset((1, 8, 8), test=1)) == few
    assert "images of at least 7 pixels" in (reason("diversity", CopyModel(), noise_dataset((1, 6, 8), test=3)) or "")
    assert "needs training images" in (reason("cas", conditional, noise_dataset((1, 8, 8), test=3)) or "")
    unlabelled = noise_dataset((1, 8, 8), train=20, test=3)
    assert reason("cas", conditional, unlabelled) == "the model has 10 classes, own has 0"


def test_references_state_a_lower_number_of_images() -> None:
    for validation, name in ((5, "5 validation images"), (6, "validation images"), (9, "validation images")):
        measurement = measured("diversity", CopyModel(), noise_dataset((1, 8, 8), validation=validation, test=6))
        assert set(measurement.references) == {name, "uniform noise"}
        assert measurement.n == 6
    measurement = measured("diversity", CopyModel(), noise_dataset((1, 8, 8), validation=1, test=6))
    assert set(measurement.references) == {"uniform noise"}


def test_the_cache_depends_on_all_images_that_a_value_depends_on(tiny_run: Path) -> None:
    trained = find_model(str(tiny_run))
    references = []
    for flipped in (False, True):
        validation = DIGITS.split("validation").pixels
        pixels = {"test": TEST.pixels, "validation": 16 - validation if flipped else validation}
        splits = {name: lambda own=own: ImageSplit(own) for name, own in pixels.items()}
        data = ImageDataset("digits", ImageSpec(1, 8, 8, 17), class_names=(), splits=splits)
        result = evaluate(trained, EvaluationProtocol(data), [MEASURES["diversity"]])
        references.append(result["measures"]["diversity"]["references"]["validation images"])
    assert references[0] != references[1]
