"""The section ``data`` of a config: the name of a data set and the arguments of its function."""

from __future__ import annotations

from typing import Any

from jsonargparse import ArgumentParser, Namespace

from genera.config.import_policy import safe_parsing
from genera.config.registry import Registry
from genera.data import ImageDataset, dataset_names, find_dataset


def add_data_arguments(parser: ArgumentParser, dataset: str) -> None:
    """Add ``--data.name`` and the arguments of a data set's function to a parser.

    Raises:
        ValueError: there is no such data set.
    """
    function = find_dataset(dataset)
    parser.add_argument("--data.name", default=dataset, help=f"data set: {', '.join(dataset_names())}")
    parser.add_function_arguments(function, "data")


def data_section(config: dict[str, Any]) -> dict[str, Any]:
    """The section ``data`` of a config.

    Raises:
        ValueError: it is missing, or does not name a data set.
    """
    section = config.get("data")
    if not isinstance(section, dict) or not isinstance(section.get("name"), str):
        raise ValueError(
            f"the section data must name a data set, as in data: {{name: mnist}}, got {section!r}; "
            "give --data NAME, genera datasets lists them"
        )
    return section


def open_data(section: dict[str, Any]) -> ImageDataset:
    """Open the data set that a section ``data`` describes.

    Raises:
        ValueError: the section is invalid, or the data are missing or damaged.
    """
    parser = ArgumentParser(exit_on_error=False)
    add_data_arguments(parser, data_section({"data": section})["name"])
    with safe_parsing(parser, Registry()):
        parsed = parser.parse_object({"data": section})
    return load_parsed_data(parsed.data)


def load_parsed_data(parsed: Namespace) -> ImageDataset:
    """Load the data set of a section that was parsed with :func:`add_data_arguments`; raises as :func:`open_data`."""
    arguments = {name: value for name, value in parsed.as_dict().items() if name != "name"}
    return find_dataset(parsed.name)(**arguments)
