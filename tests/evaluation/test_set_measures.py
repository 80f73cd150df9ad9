"""Measures of sets, on models that return known images."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path

import pytest
import scipy.stats
import torch
from cases import complains
from torch import Tensor

from genera.cli import main
from genera.core import Generative, ImageModel, ImageSpec, labels_for_sampling
from genera.data import ImageDataset, ImageSplit, find_dataset
from genera.evaluation import Measure, default_measures, evaluate
from genera.evaluation.intervals import t_interval
from genera.evaluation.random_features import RandomFeatures
from genera.evaluation.samples import Samples, random_subset
from genera.evaluation.set_measures import CasMeasure, SetMeasure
from genera.evaluation.set_metrics import frechet_distance
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


def reason(measure: Measure, model: ImageModel, data: ImageDataset = DIGITS) -> str:
    """Why a measure is unavailable for test images; empty if it is available."""
    return measure.unavailable(model, data, split="test") or ""


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    run = tmp_path_factory.mktemp("runs") / "lenet"
    small = ("--model.network.width", "8", "--max_epochs", "6", "--batch_size", "64", "--task.average_decay", "0.9")
    assert main(["train", "lenet", "--data", "digits", *small, "--out", str(run)]) == 0
    return find_model(str(run))


def test_a_model_that_returns_real_images(classifier: TrainedModel) -> None:
    model = CopyModel(class_conditional=True)
    measurements = {
        name: measure.measure(model, DIGITS, split="test")
        for name, measure in default_measures(classifier).items()
        if measure.unavailable(model, DIGITS, split="test") is None and name not in ("cas", "samples_per_second")
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
    assert measurements["kid[random]"].settings["weights"] == RandomFeatures(DIGITS.spec).digest


def test_a_model_with_missing_classes(classifier: TrainedModel) -> None:
    samples = Samples(classifier, num_seeds=2)
    measures = default_measures(classifier)
    complete, incomplete = CopyModel(), CopyModel(classes=(0, 1, 4))
    assert measures["modes"].measure(incomplete, DIGITS, split="test").value <= 5
    assert measures["class_kl"].measure(incomplete, DIGITS, split="test").value == pytest.approx(
        math.log(10 / 3), abs=0.2
    )
    metric = partial(frechet_distance, space=lambda images: images.features)
    frechet = SetMeasure("fd[lenet]", metric, samples=samples)
    distances = [frechet.measure(model, DIGITS, split="test").value for model in (complete, incomplete)]
    assert distances[1] > 3 * distances[0]


def test_a_random_subset_is_from_the_whole_split() -> None:
    subset = random_subset(TEST, 50)
    places = [int((TEST.pixels == pixels).flatten(1).all(dim=1).nonzero()[0]) for pixels in subset.pixels]
    assert places == sorted(set(places))
    assert places[-1] > 120
    assert subset.digest == random_subset(TEST, 50).digest
    assert random_subset(TEST, 9999).digest == TEST.digest


def test_images_are_generated_once_for_all_measures(classifier: TrainedModel) -> None:
    model, other = CopyModel(), CopyModel()
    samples = Samples(classifier)
    first = samples.generated(model, 7, 0)
    assert samples.generated(model, 7, 0) is first
    assert samples.generated(model, 7, 1) is not first
    assert samples.generated(other, 7, 0) is not first
    assert first.features.shape == (7, 128)
    assert torch.equal(first.classes, classifier.load().predict(first.images.pixels))


def test_the_score_of_a_classifier_trained_on_generated_images() -> None:
    measurement = CasMeasure(per_class=60).measure(CopyModel(class_conditional=True), DIGITS, split="test")
    assert 0.85 < measurement.low <= measurement.value <= measurement.high
    assert measurement.references["train images"] > 0.9
    assert measurement.n == len(TEST)


def test_the_sampling_speed(classifier: TrainedModel) -> None:
    measure = default_measures()["samples_per_second"]
    measurement = measure.measure(CopyModel(), DIGITS, split="test")
    assert 0 < measurement.low <= measurement.value <= measurement.high
    assert measurement.settings["threads"] == torch.get_num_threads()
    assert reason(measure, classifier.load()) == "Classifier does not generate images"


def test_the_accuracy_of_a_classifier(classifier: TrainedModel) -> None:
    measure, model = default_measures()["accuracy"], classifier.load()
    measurement = measure.measure(model, DIGITS, split="test")
    assert measurement.value == float((model.predict(TEST.pixels) == TEST.labels).double().mean())
    assert 0.9 < measurement.low <= measurement.value <= measurement.high
    assert measure.unavailable(model, DIGITS, split="test") is None
    assert reason(measure, CopyModel()) == "CopyModel is not a classifier"


def test_measures_that_are_unavailable(classifier: TrainedModel) -> None:
    measures = default_measures(classifier)
    assert reason(measures["class_agreement"], CopyModel()) == "the model is not class-conditional"
    assert reason(measures["cas"], CopyModel()) == "the model is not class-conditional"
    assert reason(measures["modes"], classifier.load()) == "Classifier does not generate images"
    larger = CopyModel()
    larger.spec = ImageSpec(1, 16, 16, 17)
    assert "takes images (1, 8, 8) with 17 levels, not (1, 16, 16)" in reason(measures["modes"], larger)
    fewer = CopyModel(class_conditional=True)
    fewer.spec = ImageSpec(1, 8, 8, 17, num_classes=3)
    assert "has 10 classes, and the model has 3" in reason(measures["class_agreement"], fewer)


def test_without_a_classifier_only_measures_of_pixels_are_available() -> None:
    measures = default_measures()
    assert "genera train lenet" in reason(measures["fd[lenet]"], CopyModel())
    assert measures["diversity"].unavailable(CopyModel(), DIGITS, split="test") is None
    assert measures["diversity"].measure(CopyModel(), DIGITS, split="test").value > 0.5


def test_images_without_labels(classifier: TrainedModel) -> None:
    splits = {name: lambda name=name: ImageSplit(DIGITS.split(name).pixels) for name in ("validation", "test")}
    unlabelled = ImageDataset("own", ImageSpec(1, 8, 8, 17), class_names=(), splits=splits)
    measurement = default_measures(classifier)["class_agreement"].measure(
        CopyModel(class_conditional=True), unlabelled, split="test"
    )
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
        default_measures(find_model(str(trained)))["modes"].unavailable(CopyModel(), DIGITS, split="test")


def noise_dataset(shape: tuple[int, int, int], **counts: int) -> ImageDataset:
    """Noise of a shape with 17 levels; the number of images of each split."""
    spec = ImageSpec(*shape, 17)
    splits = {
        name: lambda count=count: ImageSplit(torch.randint(17, (count, *shape), dtype=torch.uint8))
        for name, count in counts.items()
    }
    return ImageDataset("own", spec, class_names=(), splits=splits)


def test_images_for_which_measures_are_unavailable() -> None:
    measures, conditional = default_measures(), CopyModel(class_conditional=True)
    few = "needs sets of at least 2 images, got 1"
    assert reason(measures["diversity"], CopyModel(), noise_dataset((1, 8, 8), test=1)) == few
    assert "images of at least 7 pixels" in reason(measures["diversity"], CopyModel(), noise_dataset((1, 6, 8), test=3))
    assert "no training images" in reason(measures["cas"], conditional, noise_dataset((1, 8, 8), test=3))
    assert "the model has 10 classes, own has 0" in reason(
        measures["cas"], conditional, noise_dataset((1, 8, 8), train=20, test=3)
    )


def test_references_state_a_lower_number_of_images() -> None:
    measure = default_measures()["diversity"]
    for validation, name in ((5, "5 validation images"), (6, "validation images"), (9, "validation images")):
        measurement = measure.measure(
            CopyModel(), noise_dataset((1, 8, 8), validation=validation, test=6), split="test"
        )
        assert set(measurement.references) == {name, "uniform noise"}
        assert measurement.n == 6
    measurement = measure.measure(CopyModel(), noise_dataset((1, 8, 8), validation=1, test=6), split="test")
    assert set(measurement.references) == {"uniform noise"}


def test_the_cache_depends_on_all_images_that_a_value_depends_on(tiny_run: Path) -> None:
    trained, measure = find_model(str(tiny_run)), default_measures()["diversity"]
    references = []
    for flipped in (False, True):
        validation = DIGITS.split("validation").pixels
        pixels = {"test": TEST.pixels, "validation": 16 - validation if flipped else validation}
        splits = {name: lambda own=own: ImageSplit(own) for name, own in pixels.items()}
        data = ImageDataset("digits", ImageSpec(1, 8, 8, 17), class_names=(), splits=splits)
        result = evaluate(trained, data, [measure])
        references.append(result["measures"]["diversity"]["references"]["validation images"])
    assert references[0] != references[1]


def test_an_interval_over_seeds() -> None:
    values = [1.0, 1.5, 0.5, 2.0, 1.2]
    expected = scipy.stats.ttest_1samp(values, 0).confidence_interval()
    assert t_interval(values) == pytest.approx(tuple(expected))
    with complains("at least two values", "got 1"):
        t_interval([1.0])
