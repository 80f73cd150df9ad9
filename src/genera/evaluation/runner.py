"""Measuring a trained model, once."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pooch

from genera.core import ImageModel, ImageSpec
from genera.data import ImageDataset
from genera.evaluation.measures import Measure, Measurement
from genera.evaluation.writing import ResultWriter
from genera.runs.readers import read_evaluation, read_measurement
from genera.zoo import TrainedModel


def evaluate(
    trained: TrainedModel,
    data: ImageDataset,
    measures: Sequence[Measure],
    *,
    split: str = "test",
    count: int | None = None,
    allow: Sequence[str] = (),
    writer: ResultWriter | None = None,
) -> dict[str, Any]:
    """Measure a model on a split of a data set and write ``evaluation.json``, or the file of :func:`result_path`.

    Every figure is kept under the content it depends on — weights, images, measure and settings — and taken from there
    the next time, so an evaluation that was interrupted goes on where it was. Where nothing can be written, as in a run
    that one may only read, that is said on standard error and the figures are returned all the same.

    Args:
        trained: the model.
        data: the data set.
        measures: what to ask.
        split: which images to ask it on.
        count: images in each set, where ``measures`` do not take the usual number.
        allow: packages that the model's config may name besides ours.
        writer: writes what is kept; tells whether it could be.

    Returns:
        ``{"model", "data", "split", "images", "weights", "measures": {name: {"value", "low", "high", "n", "settings",
        "references"}}, "unavailable": {name: reason}}``.

    Raises:
        ValueError: the model does not fit the data, or files are damaged.
    """
    writer = writer or ResultWriter()
    model = trained.load(allow=allow)
    check_fits(model.spec, data)
    about = {
        "model": trained.run.path.name,
        "data": data.name,
        "split": split,
        "images": data.split(split).digest,
        "weights": trained.weights_digest,
    }
    path = result_path(trained, data, split, count=count)
    result: dict[str, Any] = about | {"measures": _kept(path, about), "unavailable": {}}
    reasons = {measure.name: measure.unavailable(model, data, split=split) for measure in measures}
    result["unavailable"] = {name: reason for name, reason in reasons.items() if reason is not None}
    for name in result["unavailable"]:
        # Found before, with a classifier say that is not given now.
        result["measures"].pop(name, None)
    for measure in measures:
        if measure.name in result["unavailable"]:
            continue
        found = _measure_once(trained, model, measure, data=data, split=split, writer=writer)
        if found.is_finite:
            result["measures"][measure.name] = asdict(found)
        else:
            result["measures"].pop(measure.name, None)
            result["unavailable"][measure.name] = f"it is not finite: {found.value:g} ({found.low:g} … {found.high:g})"
        if not trained.is_shipped:
            writer.write(path, json.dumps(result, indent=2) + "\n")
    return result


def check_fits(spec: ImageSpec, data: ImageDataset) -> None:
    """Refuse images a model was not built for.

    Raises:
        ValueError: shape or levels differ.
    """
    if (spec.shape, spec.levels) != (data.spec.shape, data.spec.levels):
        raise ValueError(
            f"the model takes images {spec.shape} with {spec.levels} levels, but {data.name} has "
            f"{data.spec.shape} with {data.spec.levels}: choose another --data, or train a model on it"
        )


def _measure_once(
    trained: TrainedModel, model: ImageModel, measure: Measure, *, data: ImageDataset, split: str, writer: ResultWriter
) -> Measurement:
    """A figure from what ships with the model, from the cache, or measured and put there."""
    shipped = _shipped_figure(trained, measure, data=data, split=split)
    if shipped is not None:
        return shipped
    content = {
        "model": trained.config["model"],
        "weights": trained.weights_digest,
        "images": data.split(split).digest,
        "measure": measure.name,
        "settings": measure.settings,
    }
    others = measure.other_splits(data, split=split)
    if others:
        content["other_images"] = {name: data.split(name).digest for name in others}
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path = cache_folder(trained) / f"{key}.json"
    if path.is_file():
        try:
            return Measurement(**read_measurement(path))
        except ValueError:
            print(f"{path} is damaged: measuring {measure.name} again", file=sys.stderr)
    measurement = measure.measure(model, data, split=split)
    if measurement.is_finite:
        writer.write(path, json.dumps({**content, "measurement": asdict(measurement)}, indent=2) + "\n")
    return measurement


def _shipped_figure(trained: TrainedModel, measure: Measure, *, data: ImageDataset, split: str) -> Measurement | None:
    """What was measured of a model of the zoo before it was shipped, in the same way on the same images."""
    if not trained.is_shipped:
        return None
    about = {"images": data.split(split).digest, "weights": trained.weights_digest}
    found = _kept(trained.run.evaluation, about).get(measure.name)
    return Measurement(**found) if found is not None and measure.settings.items() <= found["settings"].items() else None


def result_path(trained: TrainedModel, data: ImageDataset, split: str, *, count: int | None = None) -> Path:
    """Where a result goes: ``evaluation.json`` for the test images of the model's own data.

    That of another split of them goes to ``evaluation-DATA-SPLIT.json``; that of other images to a file with the start
    of their digest at the end, as two folders of pictures have one name; and that of another number of them than usual
    to a file with this number at the end: figures of sets cannot be compared then.
    """
    images = data.split(split)
    is_own = trained.was_trained_on(data, split)
    others = [] if is_own and split == "test" else [data.name, split] + ([] if is_own else [images.digest[:8]])
    number = [] if count is None else [str(count)]
    return trained.run.evaluation.with_name(f"{'-'.join(['evaluation', *others, *number])}.json")


def _kept(path: Path, about: dict[str, Any]) -> dict[str, Any]:
    """What was measured before of the same weights on the same images.

    Raises:
        ValueError: the file is damaged.
    """
    if not path.is_file():
        return {}
    before = read_evaluation(path)
    return before["measures"] if all(before[name] == value for name, value in about.items()) else {}


def cache_folder(trained: TrainedModel) -> Path:
    """Where what was made of a model is kept, under names that stand for its content."""
    if trained.is_shipped:
        return Path(pooch.os_cache("genera")) / "measurements"
    return trained.run.path / "measurements"
