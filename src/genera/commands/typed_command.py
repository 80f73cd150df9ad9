"""Turn a typed function into a command."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import docstring_parser
from jsonargparse import ArgumentParser

from genera.config.data_section import add_data_arguments, open_data
from genera.config.errors import explain_parser_error


def call(
    function: Callable[..., Any],
    arguments: Sequence[str],
    *,
    defaults: Mapping[str, Any] | None = None,
    switches: Mapping[str, str] | None = None,
) -> Any:
    """Call ``function`` with the arguments of a command line, parsed by its signature.

    A parameter ``data`` becomes ``--data NAME`` with the arguments of that data set, and receives the data set.

    Args:
        function: a typed function; its docstring is the help text.
        arguments: of the command line.
        defaults: of parameters whose defaults differ on the command line.
        switches: help texts of switches that only the command line has, by name.

    Returns:
        What the function returns.

    Raises:
        ValueError: the arguments do not fit the signature.
    """
    signature = inspect.signature(function, eval_str=True)
    dataset: str | None = None
    arguments = with_flags(arguments, signature)
    if "data" in signature.parameters:
        dataset, arguments = split_dataset(arguments)
    docstring = docstring_parser.parse(inspect.getdoc(function) or "")
    descriptions = {parameter.arg_name: parameter.description for parameter in docstring.params}
    parser = ArgumentParser(
        prog=f"genera {function.__name__}",
        # Without the section Args, whose descriptions are the help of the options.
        description=f"{docstring.short_description}\n\n{docstring.long_description or ''}",
        exit_on_error=False,
        allow_abbrev=False,
    )
    # Parameters that take several positional arguments.
    several = {
        name
        for name, parameter in signature.parameters.items()
        if parameter.default is inspect.Parameter.empty and parameter.annotation == list[str | Path]
    }
    for name in several:
        parser.add_argument(name, nargs="+", type=str, metavar="MODEL", help=descriptions.get(name))
    parser.add_function_arguments(function, as_positional=True, skip={"data", *several})
    parser.set_defaults(dict(defaults or {}))
    for name, description in (switches or {}).items():
        parser.add_argument(f"--{name}", action="store_true", help=description)
    if dataset is not None:
        add_data_arguments(parser, dataset)
    elif "data" in signature.parameters:
        parser.add_argument("--data", help="data set; default: the one the model was trained on")
    try:
        parsed = parser.parse_args(arguments)
    except argparse.ArgumentError as error:
        raise ValueError(explain_parser_error(error, parser)) from error
    values = parser.instantiate(parsed).as_dict()
    values["data"] = open_data(values["data"]) if dataset is not None else None
    return function(**{name: values[name] for name in signature.parameters})


def with_flags(arguments: Sequence[str], signature: inspect.Signature) -> list[str]:
    """Give a value to boolean options without one: ``--json`` means ``--json true``."""
    switches = {f"--{name}" for name, parameter in signature.parameters.items() if parameter.annotation is bool}
    return [
        f"{argument}=true" if argument in switches and after not in ("true", "false") else argument
        for argument, after in zip_longest(arguments, arguments[1:])
    ]


def split_dataset(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Split the data set that ``--data`` or ``--data.name`` names, if any, from the other arguments.

    Raises:
        ValueError: the name is missing.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--data", "--data.name")
    try:
        options, others = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise ValueError("--data needs the name of a data set; genera datasets lists them") from error
    return options.data, others
