"""Short error messages for invalid settings.

jsonargparse names the type at every level of nesting and prints whole configs. This module reduces its messages to one
line with the key, the value, what was expected and a suggestion. jsonargparse raises no structured errors, so the
regular expressions here are written for the messages of jsonargparse 4.53.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser

    from genera.config.registry import Registry


def explain_parser_error(
    error: argparse.ArgumentError, parser: ArgumentParser, *, registry: Registry | None = None
) -> str:
    """Explain in one line which setting is invalid.

    Args:
        error: raised by the parser.
        parser: its options are suggested for misspelled ones.
        registry: the classes that are allowed.
    """
    message = str(error)
    key = ".".join(re.findall(r'Parser key "([^"]+)"', message))
    problem = (
        _not_allowed(message, registry)
        or _unknown_key(message, parser)
        or _unknown_class(message)
        or _wrong_value(message)
        or _last_line(message)
    )
    return f"{key}: {problem}" if key else problem


def first_line(error: Exception) -> str:
    """The first line of an error message, shortened: torch adds lines about where in its own code the error arose."""
    return next(iter(str(error).splitlines()), type(error).__name__)[:300]


def message_in_union(message: str) -> str:
    """The message of a class's own error, where jsonargparse embeds it in a message about a union of types."""
    union = re.search(r"Union subtypes\s.*?Errors:(?P<errors>.*?)Given value type:", message, re.DOTALL)
    errors = [] if union is None else [part.strip() for part in re.split(r"\n\s*- ", union["errors"])]
    return next((part for part in errors if part and not part.startswith("Expected a")), message)


def _not_allowed(message: str, registry: Registry | None) -> str | None:
    path = re.search(r"Importing '([^']+)' is not allowed", message)
    return None if path is None or registry is None else registry.refusal(path[1])


def _unknown_key(message: str, parser: ArgumentParser) -> str | None:
    match = re.search(
        r"(?:Option '(?P<a>[^']+)' is not accepted"
        r"|Group '(?P<group>[^']+)' does not accept option '(?P<b>[^']+)'"
        r"|unrecognized arguments: --(?P<c>[\w.]+))(?P<rest>.*)",
        message,
        re.DOTALL,
    )
    if match is None:
        return None
    key = match["a"] or (match["b"] and f"{match['group']}.{match['b']}") or match["c"]
    owner = re.search(r"class_path='([^']+)'", match["rest"])
    if owner is None:
        known = [option.lstrip("-") for action in parser._actions for option in action.option_strings]
        subject, alternatives = "", "see --help"
    else:
        # Not at the top, so that a mistyped command fails at once, without loading torch.
        from genera.config.registry import imported

        cls = imported(owner[1])
        known = [name for name in inspect.signature(cls).parameters if name != "self"] if callable(cls) else []
        subject = f" of {owner[1].split('.')[-1]}"
        alternatives = f"it has {', '.join(known)}" if known else "see --help"
    return f"unknown setting {key!r}{subject}{_suggestion(key, known) or f'; {alternatives}'}"


def _unknown_class(message: str) -> str | None:
    if match := re.search(r"module '([^']+)' has no attribute '([^']+)'", message):
        module, name = match.groups()
        public = [each for each in dir(sys.modules.get(module)) if not each.startswith("_")]
        return f"there is no {name!r} in {module}{_suggestion(name, public)}"
    if match := re.search(r"Expected a dot import path string: (\w+)", message):
        # Exported classes need no module in a recipe.
        packages = [module for name, module in sys.modules.items() if name.startswith("genera.")]
        exported = [name for package in packages for name in getattr(package, "__all__", ())]
        return f"there is no class {match[1]!r} of the expected type{_suggestion(match[1], exported)}"
    return None


def _wrong_value(message: str) -> str | None:
    expected = re.findall(r"Expected an? ([^\n]+?)(?:\. Got value: (?P<value>[^\n]*))?(?:\n|$)", message)
    if not expected:
        return None
    types = [re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", name).removeprefix("typing.") for name, _ in expected]
    if "but got" in types[0]:
        return f"expected {_without_config(types[0])}"
    given = re.findall(r"(?:Given value|Got value): ([^\n]+)", message)
    value = _without_config(given[0]) if given else "?"
    return f"expected {' or '.join(name for name in dict.fromkeys(types) if name != 'NoneType')}, got {value}"


def _last_line(message: str) -> str:
    """The innermost message, unchanged."""
    last = _without_config(message.strip()).splitlines()[-1].strip()
    return last.rsplit("expects a function or a callable class: ", 1)[-1].rstrip(".")[:300]


def _without_config(text: str) -> str:
    """Remove the config that jsonargparse appends to a message."""
    return re.split(r"\.+ Got value: ", text, maxsplit=1)[0]


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""
