"""The section ``data`` of a config: the name of a data set and the arguments of its function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, Namespace

from genera.config.import_policy import checked
from genera.config.registry import Registry
from genera.data import ImageDataset, dataset_names, find_dataset


def add_data_arguments(parser: ArgumentParser, dataset: str) -> None:
    """Let a parser choose a data set and set what its function takes.

    Raises:
        ValueError: there is no such data set.
    """
    function = find_dataset(dataset)
    parser.add_argument("--data.name", default=dataset, help=f"data set: {', '.join(dataset_names())}")
    parser.add_function_arguments(function, "data")


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


def open_data(section: dict[str, Any]) -> ImageDataset:
    """The data set that a section ``data`` describes.

    Raises:
        ValueError: the section is not one, or the data are missing or damaged.
    """
    parser = ArgumentParser(exit_on_error=False)
    add_data_arguments(parser, data_section({"data": section})["name"])
    with checked(parser, Registry()):
        parsed = parser.parse_object({"data": section})
    return load_parsed_data(parsed.data)


def load_parsed_data(parsed: Namespace) -> ImageDataset:
    """The data set of a section that a parser with :func:`add_data_arguments` has parsed.

    Raises:
        ValueError: the data are missing or damaged.
    """
    arguments = {name: value for name, value in parsed.as_dict().items() if name != "name"}
    return find_dataset(parsed.name)(**arguments)


def resolve_paths(parsed: Namespace) -> None:
    """Make the paths in a parsed section absolute: a run is used from other folders than the one it was started in."""
    for name, value in parsed.as_dict().items():
        if isinstance(value, Path):
            parsed[name] = value.resolve()
