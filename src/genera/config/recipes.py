"""Recipes: one complete YAML file per model, checked against the code it configures.

Its keys are the settings of a training, see :mod:`genera.training.settings`. What is here needs no Lightning, so that
loading a model is quick.
"""

from __future__ import annotations

import argparse
import difflib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, _common, set_parsing_settings

from genera.config.errors import brief, one_line
from genera.config.factories import check_factories
from genera.config.model_size import check_size
from genera.config.registry import Registry
from genera.core import ImageModel, ImageSpec
from genera.data import ImageDataset, dataset_names, find_dataset

_POLICY = threading.RLock()


def recipe_paths() -> dict[str, Path]:
    """Every shipped recipe, by name."""
    root = Path(str(resources.files("genera"))) / "recipes"
    return {path.stem: path for path in sorted(root.glob("*/*.yaml"))}


def find_recipe(name_or_path: str) -> Path:
    """A recipe's file, from the name of a shipped one or from a path.

    Raises:
        ValueError: there is neither; says which names come near.
    """
    shipped = recipe_paths()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path
    near = difflib.get_close_matches(name_or_path, shipped, n=3) or list(shipped)
    raise ValueError(f"there is no recipe {name_or_path!r}, by that name or at that path; shipped: {', '.join(near)}")


def add_data_arguments(parser: ArgumentParser, dataset: str) -> None:
    """Let a parser choose a data set and set what its function takes.

    Raises:
        ValueError: there is no such data set.
    """
    function = find_dataset(dataset)
    parser.add_argument("--data.name", default=dataset, help=f"data set: {', '.join(dataset_names())}")
    parser.add_function_arguments(function, "data")


def open_data(settings: dict[str, Any]) -> ImageDataset:
    """The data set that the section ``data`` of a config describes.

    Raises:
        ValueError: the section is not one, or the data are missing or damaged.
    """
    name = data_section({"data": settings})["name"]
    parser = ArgumentParser(exit_on_error=False)
    add_data_arguments(parser, name)
    with checked(parser, Registry()):
        arguments = parser.instantiate(parser.parse_object({"data": settings})).data.as_dict()
    del arguments["name"]
    return find_dataset(name)(**arguments)


def data_section(config: dict[str, Any]) -> dict[str, Any]:
    """The section ``data`` of a config.

    Raises:
        ValueError: there is none, or it does not name a data set.
    """
    section = config.get("data")
    if not isinstance(section, dict) or not isinstance(section.get("name"), str):
        raise ValueError(
            f"the section data must name a data set, as in data: {{name: mnist}}, got {section!r}; "
            "give --data NAME, genera datasets lists them"
        )
    return section


def build_model(config: dict[str, Any], spec: ImageSpec, *, allow: Sequence[str] = ()) -> ImageModel:
    """The model that the section ``model`` of a run's config describes, with fresh weights.

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


@contextmanager
def checked(parser: ArgumentParser, registry: Registry) -> Iterator[None]:
    """Let configs import what may be named in them and nothing else; turn complaints into one line."""
    # jsonargparse keeps this policy for the whole process and can only add to it; a program that uses jsonargparse
    # itself must find it as it was, so the settings are put back by hand, and threads take turns.
    with _POLICY:
        before = dict(_common.parsing_settings)
        set_parsing_settings(
            import_path_denylist=["*"],
            import_path_allowlist=registry.import_paths,
            # A dictionary with a `class_path` where anything may stand is a dictionary.
            instantiate_subclass_spec_in_any=False,
        )
        try:
            yield
        except argparse.ArgumentError as error:
            options = [option.lstrip("-") for action in parser._actions for option in action.option_strings]
            raise ValueError(one_line(str(error), options=options, registry=registry)) from error
        except ValueError:
            raise
        # What settings name is made of whatever they say, which can make it raise anything.
        except Exception as error:
            raise ValueError(f"these settings cannot be used: {type(error).__name__}: {brief(error)}") from error
        finally:
            _common.parsing_settings.update(before)
