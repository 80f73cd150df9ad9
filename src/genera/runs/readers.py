"""Readers for the records of a run.

Each raises a ValueError if its file cannot be read or is damaged: one line with the file, what is wrong and what to do.
"""

from __future__ import annotations

import csv
import io
import json
import math
import reprlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Much larger than the files that Genera writes; larger files would only fill the memory.
_MAX_BYTES_OF_JSON = 4 * 2**20
_MAX_BYTES_OF_TABLE = 32 * 2**20
#: Steps must also be exact as floats.
_MAX_STEP = 2**53
#: Nesting of mappings and lists; files that Genera writes have at most eight levels.
_MAX_DEPTH = 64
#: A description of the valid values of a field, and the check.
_Field = tuple[str, Callable[[Any], bool]]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TEXT = ("a text", lambda value: isinstance(value, str))
_FLAG = ("true or false", lambda value: isinstance(value, bool))
_MAPPING = ("a mapping", lambda value: isinstance(value, dict))
_NUMBER = ("a number", _is_number)
_AMOUNT = ("a number of at least 0", lambda value: _is_number(value) and value >= 0)
_COUNT = ("an integer of at least 0", lambda value: _is_number(value) and isinstance(value, int) and value >= 0)
_NUMBERS = ("a mapping of numbers", lambda value: isinstance(value, dict) and all(map(_is_number, value.values())))

_ENVIRONMENT = {
    "steps": _COUNT,
    "wall_seconds": _AMOUNT,
    "cpu_seconds": _AMOUNT,
    "parameters": _COUNT,
    "finished": _FLAG,
    "versions": _MAPPING,
    "hardware": _MAPPING,
}
_EVALUATION = {"model": _TEXT, "data": _TEXT, "split": _TEXT, "weights": _TEXT, "measures": _MAPPING}
_MEASUREMENT = {"value": _NUMBER, "low": _NUMBER, "high": _NUMBER, "n": _COUNT, "settings": _MAPPING,
                "references": _NUMBERS}  # fmt: skip
#: Fields that older versions of Genera did not write.
_OPTIONAL = {"finished", "versions", "hardware", "settings", "references"}


def read_environment(path: Path) -> dict[str, Any]:
    """Read an ``environment.json``: ``steps``, ``parameters``, ``wall_seconds``, ``cpu_seconds`` and more."""
    with _damage_named(path, "restore it, or delete it to continue without the cost of the training"):
        return _checked(_json_of(path), _ENVIRONMENT)


def read_evaluation(path: Path) -> dict[str, Any]:
    """Read an ``evaluation.json``: ``model``, ``data``, ``split``, ``weights`` and, by name, ``measures``."""
    with _damage_named(path, "restore it, or delete it to measure again"):
        content = _checked(_json_of(path), _EVALUATION)
        for name, measurement in content["measures"].items():
            _checked(measurement, _MEASUREMENT, of=name)
            if not name.isprintable():
                raise ValueError(f"{name!r} is not the name of a measure")
        return content


def read_measurement(path: Path) -> dict[str, Any]:
    """Read a file of ``measurements``: ``value``, ``low``, ``high``, ``n``, ``settings`` and ``references``."""
    with _damage_named(path, "delete it to measure again"):
        content = _checked(_json_of(path), {"measurement": _MAPPING})
        measurement = _checked(content["measurement"], _MEASUREMENT, of="measurement")
        return {name: value for name, value in measurement.items() if name in _MEASUREMENT}


def read_table(path: Path) -> dict[int, dict[str, float]]:
    """Read a ``metrics.csv``: a mapping from step to the values of its row, without empty cells.

    A table without rows, with steps that do not increase or with values that are not finite is damaged.
    """
    with _damage_named(path, "restore it, or delete it and lose what was logged before"):
        text = _text_of(path, max_bytes=_MAX_BYTES_OF_TABLE)
        if not text.endswith("\n"):
            raise ValueError("its last line is cut off")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(lines)
        if "step" not in header or len(set(header)) < len(header):
            raise ValueError("it is not a table of metrics: its first line must name step and each column once")
        table: dict[int, dict[str, float]] = {}
        previous = -1
        for cells in filter(None, lines):
            row = _row(header, cells, line=lines.line_num)
            step = int(row.pop("step", -1))
            if not previous < step < _MAX_STEP:
                raise ValueError(
                    f"line {lines.line_num}: steps must increase, got {reprlib.repr(step)} after {previous}"
                )
            table[step], previous = row, step
        if not table:
            raise ValueError("it has no rows")
        return table


def _row(header: list[str], cells: list[str], *, line: int) -> dict[str, float]:
    """The values of a line by column, without empty cells."""
    if len(cells) != len(header):
        raise ValueError(f"line {line} has {len(cells)} cells, but there are {len(header)} columns")
    row: dict[str, float] = {}
    for name, cell in zip(header, cells, strict=True):
        if cell == "":
            continue
        try:
            row[name] = int(cell) if name == "step" else float(cell)
        except ValueError as error:
            raise ValueError(f"line {line}: {reprlib.repr(name)} must be a number, got {reprlib.repr(cell)}") from error
        if not abs(row[name]) < math.inf:
            raise ValueError(f"line {line}: {reprlib.repr(name)} must be finite, got {reprlib.repr(cell)}")
    return row


@contextmanager
def _damage_named(path: Path, remedy: str) -> Iterator[None]:
    """Add the file and a remedy to errors."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path} is damaged ({error}): {remedy}") from error


def _text_of(path: Path, *, max_bytes: int) -> str:
    if (size := path.stat().st_size) > max_bytes:
        raise ValueError(f"it has {size:,} bytes, more than {max_bytes:,}")
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ValueError("it is not text in UTF-8") from error
    if not text.strip():
        raise ValueError("it is empty")
    return text


def _json_of(path: Path) -> object:
    try:
        content = json.loads(_text_of(path, max_bytes=_MAX_BYTES_OF_JSON))
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    _check_values(content)
    return content


def _check_values(content: object, *, depth: int = 0) -> None:
    """Raise for numbers that are not finite or overflow when squared, and for nesting that json cannot write."""
    if depth > _MAX_DEPTH:
        raise ValueError("it is nested too deep")
    if isinstance(content, dict | list):
        for value in content.values() if isinstance(content, dict) else content:
            _check_values(value, depth=depth + 1)
    elif isinstance(content, int | float) and not abs(content) <= 1e300:
        raise ValueError(f"numbers must be finite, got {reprlib.repr(content)}")


def _checked(content: object, fields: Mapping[str, _Field], *, of: str = "") -> dict[str, Any]:
    """Check that ``content`` is a mapping with valid fields, and return it; ``of`` is its name in errors."""
    owner = reprlib.repr(of) if of else "it"
    if not isinstance(content, dict):
        raise ValueError(f"{owner} must be a mapping, got {reprlib.repr(content)}")
    for name, (description, is_valid) in fields.items():
        place = f"{name} of {owner}" if of else name
        if name in content and not is_valid(content[name]):
            raise ValueError(f"{place} must be {description}, got {reprlib.repr(content[name])}")
        if name not in content and name not in _OPTIONAL:
            raise ValueError(f"{place} is missing")
    return content
