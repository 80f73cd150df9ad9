"""Turning a typed function into a command."""

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
from genera.config.errors import one_line


def call(
    function: Callable[..., Any],
    arguments: Sequence[str],
    *,
    defaults: Mapping[str, Any] | None = None,
    switches: Mapping[str, str] | None = None,
) -> Any:
    """Call ``function`` with the arguments of a command line, parsed by its signature.

    A parameter ``data`` becomes ``--data NAME`` with the settings of that data set, and gets the data set.

    Args:
        function: a typed function; its docstring is the help.
        arguments: of the command line.
        defaults: of parameters whose defaults differ on the command line.
        switches: explanations of switches that are the command's and not the function's, by name.

    Returns:
        What the function returns.

    Raises:
        ValueError: the arguments do not fit the signature.
    """
    signature = inspect.signature(function, eval_str=True)
    wants_data = "data" in signature.parameters
    chosen = data_name(arguments) if wants_data else None
    about = docstring_parser.parse(inspect.getdoc(function) or "")
    explained = {parameter.arg_name: parameter.description for parameter in about.params}
    parser = ArgumentParser(
        prog=f"genera {function.__name__}",
        # Without its list of arguments, which stands by the options.
        description=f"{about.short_description}\n\n{about.long_description or ''}",
        exit_on_error=False,
        allow_abbrev=False,
    )
    several = {name for name, parameter in signature.parameters.items() if _takes_several(parameter)}
    for name in several:
        parser.add_argument(name, nargs="+", type=str, metavar="MODEL", help=explained.get(name))
    parser.add_function_arguments(function, as_positional=True, skip={"data", *several})
    parser.set_defaults(dict(defaults or {}))
    for name, explanation in (switches or {}).items():
        parser.add_argument(f"--{name}", action="store_true", help=explanation)
    arguments = with_flags(arguments, signature)
    if chosen is not None:
        add_data_arguments(parser, chosen)
    elif wants_data:
        parser.add_argument("--data", help="data set; default: the one the model was trained on")
    try:
        parsed = parser.parse_args(with_data_name(arguments) if chosen is not None else list(arguments))
    except argparse.ArgumentError as error:
        options = [option.lstrip("-") for action in parser._actions for option in action.option_strings]
        raise ValueError(one_line(str(error), options=options)) from error
    values = parser.instantiate(parsed).as_dict()
    values["data"] = open_data(values["data"]) if chosen is not None else None
    return function(**{name: values[name] for name in signature.parameters})


def with_flags(arguments: Sequence[str], signature: inspect.Signature) -> list[str]:
    """Let a switch stand alone: ``--json`` means ``--json true``."""
    switches = {f"--{name}" for name, parameter in signature.parameters.items() if parameter.annotation is bool}
    return [
        f"{argument}=true" if argument in switches and after not in ("true", "false") else argument
        for argument, after in zip_longest(arguments, arguments[1:])
    ]


def _takes_several(parameter: inspect.Parameter) -> bool:
    """Whether a parameter stands for several positional arguments."""
    return parameter.default is inspect.Parameter.empty and parameter.annotation == list[str | Path]


def data_name(arguments: Sequence[str]) -> str | None:
    """The data set that ``--data NAME`` names; None without it."""
    for index, argument in enumerate(arguments):
        if argument in ("--data", "--data.name"):
            if index + 1 == len(arguments):
                raise ValueError("--data needs the name of a data set; genera datasets lists them")
            return arguments[index + 1]
        if argument.startswith(("--data=", "--data.name=")):
            return argument.partition("=")[2]
    return None


def with_data_name(arguments: Sequence[str]) -> list[str]:
    """Write ``--data NAME`` as the setting it is, ``--data.name NAME``."""
    renamed = ["--data.name" if argument == "--data" else argument for argument in arguments]
    return [
        argument.replace("--data=", "--data.name=", 1) if argument.startswith("--data=") else argument
        for argument in renamed
    ]
