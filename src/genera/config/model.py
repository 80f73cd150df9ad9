"""Building and loading the model of a config. Imports no Lightning, so that loading a model is quick."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jsonargparse import ArgumentParser

from genera.config.data_section import data_section
from genera.config.errors import first_line
from genera.config.factories import check_factories
from genera.config.import_policy import safe_parsing
from genera.config.model_size import check_size
from genera.config.registry import Registry
from genera.core import ImageModel, ImageSpec
from genera.runs.run_directory import RunDirectory
from genera.runs.weights import load_weights


def build_model(config: dict[str, Any], spec: ImageSpec, *, allow: Sequence[str] = ()) -> ImageModel:
    """Build the model of the section ``model`` of a config, with fresh weights.

    Args:
        config: the whole config.
        spec: of the images.
        allow: packages to trust in addition to the parts that Genera exports.

    Raises:
        ValueError: the section names a class that is not allowed, has invalid settings, or needs too much memory.
    """
    parser = ArgumentParser(exit_on_error=False)
    parser.add_function_arguments(_model_section)
    registry = Registry(allow=allow)
    with safe_parsing(parser, registry):
        settings = parser.parse_object({"model": config.get("model")})
        registry.check(settings)
        check_factories(_model_section, settings)
        factory = parser.instantiate(settings).model
    return make_model(factory, spec)


def _model_section(*, model: Callable[[ImageSpec], ImageModel]) -> None:
    """Has the signature that the section ``model`` is parsed with."""


def make_model(factory: Callable[[ImageSpec], ImageModel], spec: ImageSpec) -> ImageModel:
    """Construct a model after checking that it fits into memory.

    Its memory format is channels-last, in which convolutions on CPUs are faster, with the same results.

    Raises:
        ValueError: it does not fit into memory, or its parts do not fit each other or the images.
    """
    try:
        check_size(lambda: factory(spec))
        model = factory(spec)
    except ValueError:
        raise
    # A config can combine any parts, and mismatched ones can raise anything.
    except Exception as error:
        problem = f"its parts do not fit each other or images {spec.shape}: {first_line(error)}"
        raise ValueError(f"model: {problem}") from error
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's annotations


def spec_of_run(run: RunDirectory, config: dict[str, Any]) -> ImageSpec:
    """The spec of the images that a run was trained on, from its config.

    Raises:
        ValueError: the section ``spec`` is missing or invalid.
    """
    section = config.get("spec")
    names = [field.name for field in dataclasses.fields(ImageSpec)]
    # Not isinstance: booleans are integers in Python.
    if not isinstance(section, dict) or sorted(section) != sorted(names) or {*map(type, section.values())} != {int}:
        raise ValueError(f"{run.config}: the section spec must hold whole numbers {names}, got {section}")
    try:
        return ImageSpec(**section)
    except ValueError as error:
        raise ValueError(f"{run.config}: spec: {error}") from error


def load_run(run: RunDirectory, *, device: torch.device | str = "cpu", allow: Sequence[str] = ()) -> ImageModel:
    """Load the model of a run in evaluation mode.

    Args:
        run: the run directory.
        device: where to put it.
        allow: packages to trust in addition to the parts that Genera exports.

    Raises:
        ValueError: the files are damaged, belong to another model, or name a class that is not allowed.
    """
    config = run.read_config()
    spec = spec_of_run(run, config)
    try:
        data_section(config)
        model = build_model(config, spec, allow=allow)
    except ValueError as error:
        raise ValueError(f"{run.config}: {error}") from error
    load_weights(model, run.weights)
    return model.to(device).eval()
