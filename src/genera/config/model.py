"""The section ``model`` of a config, and the model made of it. Needs no Lightning, so that loading a model is quick."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jsonargparse import ArgumentParser

from genera.config.errors import brief
from genera.config.factories import check_factories
from genera.config.import_policy import checked
from genera.config.model_size import check_size
from genera.config.registry import Registry
from genera.core import ImageModel, ImageSpec
from genera.runs.run_directory import RunDirectory
from genera.runs.weights import load_weights


def build_model(config: dict[str, Any], spec: ImageSpec, *, allow: Sequence[str] = ()) -> ImageModel:
    """The model that the section ``model`` of a config describes, with fresh weights.

    Args:
        config: the whole config.
        spec: the images.
        allow: packages to trust besides the parts that Genera exports.

    Raises:
        ValueError: it names what is not allowed, does not fit the code, or needs more memory than there is.
    """
    parser = ArgumentParser(exit_on_error=False)
    parser.add_function_arguments(_model_only)
    registry = Registry(allow=allow)
    with checked(parser, registry):
        settings = parser.parse_object({"model": config.get("model")})
        registry.check(settings)
        check_factories(_model_only, settings)
        factory = parser.instantiate(settings).model
    return make_model(factory, spec)


def _model_only(*, model: Callable[[ImageSpec], ImageModel]) -> None:
    """A signature to parse with."""


def make_model(factory: Callable[[ImageSpec], ImageModel], spec: ImageSpec) -> ImageModel:
    """Make the model that a config describes, once it is known to fit into memory.

    Raises:
        ValueError: it does not fit, or its parts do not fit each other or the images.
    """
    try:
        check_size(lambda: factory(spec))
        return factory(spec)
    except ValueError:
        raise
    # Parts come from a config in any combination, and what the wrong one meets first can raise anything.
    except Exception as error:
        raise ValueError(f"model: its parts do not fit each other or images {spec.shape}: {brief(error)}") from error


def spec_of_run(run: RunDirectory, config: dict[str, Any]) -> ImageSpec:
    """The images that a run was trained on, from its config.

    Raises:
        ValueError: the config does not say.
    """
    section = config.get("spec")
    names = [field.name for field in dataclasses.fields(ImageSpec)]
    # To Python, True and False are integers as well.
    if not isinstance(section, dict) or sorted(section) != sorted(names) or {*map(type, section.values())} != {int}:
        raise ValueError(f"{run.config}: the section spec must hold whole numbers {names}, got {section}")
    try:
        return ImageSpec(**section)
    except ValueError as error:
        raise ValueError(f"{run.config}: spec: {error}") from error


def load_run(run: RunDirectory, *, device: str = "cpu", allow: Sequence[str] = ()) -> ImageModel:
    """The model of a run in evaluation mode, with the weights that were kept.

    Args:
        run: the run directory.
        device: where to put it.
        allow: packages to trust besides the parts that Genera exports.

    Raises:
        ValueError: its files are damaged, belong to another model, or name what is not allowed.
    """
    config = run.read_config()
    spec = spec_of_run(run, config)
    try:
        model = build_model(config, spec, allow=allow)
    except ValueError as error:
        raise ValueError(f"{run.config}: {error}") from error
    load_weights(model, run.weights)
    # Convolutions on processors are faster with the channels innermost, and give the same.
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's annotations
    return model.to(device).eval()
