"""Measure a trained model, and cache the results."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pooch

from genera.core import ImageSpec
from genera.data import ImageDataset
from genera.evaluation.measure import Measure, Measurement
from genera.evaluation.protocol import DEFAULT_COUNT, EvaluationProtocol
from genera.evaluation.results.result_writer import ResultWriter
from genera.evaluation.subject import Subject
from genera.runs.readers import read_evaluation, read_measurement
from genera.zoo import TrainedModel


def evaluate(
    trained: TrainedModel,
    protocol: EvaluationProtocol,
    measures: Sequence[Measure],
    *,
    writer: ResultWriter | None = None,
) -> dict[str, Any]:
    """Measure a model and write ``evaluation.json``, or the file of :func:`result_path`.

    Results are cached under a digest of everything they depend on (weights, images, measure and settings), so an
    interrupted evaluation continues where it stopped. If a result cannot be written, as in a read-only run, a message
    is printed on standard error and the result is still returned.

    Args:
        trained: the model.
        protocol: data, split and all else that the measures depend on.
        measures: the measures.
        writer: writes the results, and records whether one could not be written.

    Returns:
        ``{"model", "data", "split", "images", "weights", "measures": {name: {"value", "low", "high", "n", "settings",
        "references"}}, "unavailable": {name: reason}}``.

    Raises:
        ValueError: the model does not fit the data, or files are damaged.
    """
    writer = writer or ResultWriter()
    model, data = trained.load(device=protocol.device, allow=protocol.allow), protocol.data
    check_fits(model.spec, data)
    subject = Subject(model, protocol, is_own_data=trained.was_trained_on(data, protocol.split))
    about = {
        "model": trained.run.path.name,
        "data": subject.data.name,
        "split": protocol.split,
        "images": subject.images.digest,
        "weights": trained.weights_digest,
    }
    path = result_path(trained, protocol)
    result: dict[str, Any] = about | {"measures": _earlier_measures(path, about), "unavailable": {}}
    reasons = {measure.name: measure.unavailable(subject) for measure in measures}
    result["unavailable"] = {name: reason for name, reason in reasons.items() if reason is not None}
    for name in result["unavailable"]:
        # It may have been measured before, such as with another classifier.
        result["measures"].pop(name, None)
    for measure in measures:
        if measure.name in result["unavailable"]:
            continue
        measurement = _measure_or_load(trained, measure, subject, writer=writer)
        if measurement.is_finite:
            result["measures"][measure.name] = asdict(measurement)
        else:
            result["measures"].pop(measure.name, None)
            value = f"{measurement.value:g} ({measurement.low:g} … {measurement.high:g})"
            result["unavailable"][measure.name] = f"not finite: {value}"
        if not trained.is_shipped:
            writer.write(path, json.dumps(result, indent=2) + "\n")
    return result


def check_fits(spec: ImageSpec, data: ImageDataset) -> None:
    """Check that a model fits the images of a data set.

    Raises:
        ValueError: shape or levels differ.
    """
    if (spec.shape, spec.levels) != (data.spec.shape, data.spec.levels):
        raise ValueError(
            f"the model takes images {spec.shape} with {spec.levels} levels, but {data.name} has "
            f"{data.spec.shape} with {data.spec.levels}: choose another --data, or train a model on it"
        )


def _measure_or_load(trained: TrainedModel, measure: Measure, subject: Subject, *, writer: ResultWriter) -> Measurement:
    """Return a shipped measurement, or a cached one, or measure and cache it."""
    settings, data = measure.settings(subject), subject.data
    shipped = _shipped(trained, measure.name, settings, images=subject.images.digest)
    if shipped is not None:
        return shipped
    content = {
        "model": trained.config["model"],
        "weights": trained.weights_digest,
        "images": subject.images.digest,
        "measure": measure.name,
        "settings": settings,
    }
    if other_splits := measure.other_splits(subject):
        content["other_images"] = {name: data.split(name).digest for name in other_splits}
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path = cache_folder(trained) / f"{key}.json"
    if path.is_file():
        try:
            return Measurement(**read_measurement(path))
        except ValueError:
            print(f"{path} is damaged: measuring {measure.name} again", file=sys.stderr)
    measurement = measure.measure(subject)
    if measurement.is_finite:
        writer.write(path, json.dumps({**content, "measurement": asdict(measurement)}, indent=2) + "\n")
    return measurement


def _shipped(trained: TrainedModel, name: str, settings: dict[str, Any], *, images: str) -> Measurement | None:
    """The shipped measurement of a model of the zoo with the same settings on the same images, if there is one."""
    if not trained.is_shipped:
        return None
    about = {"images": images, "weights": trained.weights_digest}
    shipped = _earlier_measures(trained.run.evaluation, about).get(name)
    if shipped is None or not settings.items() <= shipped["settings"].items():
        return None
    return Measurement(**shipped)


def result_path(trained: TrainedModel, protocol: EvaluationProtocol) -> Path:
    """Path of a result: ``evaluation.json`` for the test images of the data set that the model was trained on.

    For another split it is ``evaluation-DATA-SPLIT.json``. For other images the start of their digest is appended, as
    two data sets of type ``folder`` have the same name. A number of images other than the default is appended as well,
    as measures of sets of different sizes cannot be compared.
    """
    data, split = protocol.data, protocol.split
    is_own = trained.was_trained_on(data, split)
    suffixes = [] if is_own and split == "test" else [data.name, split]
    if not is_own:
        suffixes.append(protocol.images.digest[:8])
    if protocol.count != DEFAULT_COUNT:
        suffixes.append(str(protocol.count))
    return trained.run.evaluation.with_name(f"{'-'.join(['evaluation', *suffixes])}.json")


def _earlier_measures(path: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Measures in a result file of the same weights and images; none if it is of others or does not exist.

    Raises:
        ValueError: the file is damaged.
    """
    if not path.is_file():
        return {}
    earlier = read_evaluation(path)
    return earlier["measures"] if all(earlier.get(name) == value for name, value in about.items()) else {}


def cache_folder(trained: TrainedModel) -> Path:
    """Folder of cached results of a model; file names are digests of what the results depend on."""
    if trained.is_shipped:
        return Path(pooch.os_cache("genera")) / "measurements"
    return trained.run.path / "measurements"
