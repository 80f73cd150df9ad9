"""Reading the files of a run, in one place for each kind: what is damaged is refused in one line.

The line says which file, what is wrong with it, and what to do.
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
from typing import Any, NamedTuple, NoReturn

#: Far more than ours hold. What is larger is none of ours, and would only fill the memory.
_MAX_BYTES_OF_JSON = 4 * 2**20
_MAX_BYTES_OF_TABLE = 32 * 2**20
#: Steps are places on an axis of floats as well.
_MAX_STEP = 2**53
#: Levels of mappings and lists in one another; ours have eight at most.
_MAX_DEPTH = 64


class _Kind(NamedTuple):
    """What a field must be: in words, and as a test."""

    words: str
    fits: Callable[[Any], bool]
    is_required: bool = True

    def or_missing(self) -> _Kind:
        return self._replace(is_required=False)


def _is_number(value: object) -> bool:
    """Whether it is a number that counts something, infinities and NaN being refused where the file is read."""
    return isinstance(value, int | float) and not isinstance(value, bool)


_TEXT = _Kind("a text", lambda value: isinstance(value, str))
_FLAG = _Kind("true or false", lambda value: isinstance(value, bool))
_MAPPING = _Kind("a mapping", lambda value: isinstance(value, dict))
_NUMBER = _Kind("a number", _is_number)
_AMOUNT = _Kind("a number from 0 on", lambda value: _is_number(value) and value >= 0)
_COUNT = _Kind("a whole number from 0 on", lambda value: _is_number(value) and isinstance(value, int) and value >= 0)
_NUMBERS = _Kind("a mapping of numbers", lambda value: isinstance(value, dict) and all(map(_is_number, value.values())))

_ENVIRONMENT = {
    "steps": _COUNT,
    "wall_seconds": _AMOUNT,
    "cpu_seconds": _AMOUNT,
    "parameters": _COUNT,
    "finished": _FLAG.or_missing(),
    "versions": _MAPPING.or_missing(),
    "hardware": _MAPPING.or_missing(),
}
_EVALUATION = {"model": _TEXT, "data": _TEXT, "split": _TEXT, "weights": _TEXT, "measures": _MAPPING}
_MEASUREMENT = {
    "value": _NUMBER,
    "low": _NUMBER,
    "high": _NUMBER,
    "n": _COUNT,
    "settings": _MAPPING.or_missing(),
    "references": _NUMBERS.or_missing(),
}


def read_environment(path: Path) -> dict[str, Any]:
    """Read an ``environment.json``: ``steps``, ``parameters``, ``wall_seconds``, ``cpu_seconds`` and more.

    Raises:
        ValueError: it cannot be read or is damaged.
    """
    with _refusing(path, "restore it, or delete it: what the training cost is then not known"):
        return _checked(_json_of(path), _ENVIRONMENT)


def read_evaluation(path: Path) -> dict[str, Any]:
    """Read an ``evaluation.json``: ``model``, ``data``, ``split``, ``weights`` and, by name, ``measures``.

    Raises:
        ValueError: it cannot be read or is damaged.
    """
    with _refusing(path, "restore it, or delete it: it is then measured again"):
        content = _checked(_json_of(path), _EVALUATION)
        for name, measurement in content["measures"].items():
            _checked(measurement, _MEASUREMENT, of=name)
            if not name.isprintable():
                raise ValueError(f"{name!r} is no name of a measure")
        return content


def read_measurement(path: Path) -> dict[str, Any]:
    """Read a file of ``measurements``: ``value``, ``low``, ``high``, ``n`` and more of what was measured.

    Raises:
        ValueError: it cannot be read or is damaged.
    """
    with _refusing(path, "delete it: it is then measured again"):
        content = _checked(_json_of(path), {"measurement": _MAPPING})
        found = _checked(content["measurement"], _MEASUREMENT, of="measurement")
        return {name: value for name, value in found.items() if name in _MEASUREMENT}


def read_table(path: Path) -> dict[int, dict[str, float]]:
    """Read a ``metrics.csv``: step to what was logged there; cells that are empty are left out.

    Raises:
        ValueError: it cannot be read or is damaged: there are no rows, steps do not rise, or a value is not finite.
    """
    with _refusing(path, "restore it, or delete it: what was logged before is then lost"):
        text = _text_of(path, max_bytes=_MAX_BYTES_OF_TABLE)
        if not text.endswith("\n"):
            raise ValueError("its last line is cut off")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(lines)
        if "step" not in header or len(set(header)) < len(header):
            raise ValueError("it is not a table of metrics: its first line must name the columns, once each, and step")
        table: dict[int, dict[str, float]] = {}
        latest = -1
        for cells in filter(None, lines):
            row = _row(header, cells, line=lines.line_num)
            step = int(row.pop("step", -1))
            if not latest < step < _MAX_STEP:
                found = f"{reprlib.repr(step)} comes after {latest}"
                raise ValueError(f"line {lines.line_num}: steps must rise, and {found}")
            table[step], latest = row, step
        if not table:
            raise ValueError("it has no rows")
        return table


def _row(header: list[str], cells: list[str], *, line: int) -> dict[str, float]:
    """The numbers of a line by column, without the empty cells."""
    if len(cells) != len(header):
        raise ValueError(f"line {line} has {len(cells)} cells where {len(header)} are due")
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
def _refusing(path: Path, remedy: str) -> Iterator[None]:
    """Say of what goes wrong while a file is read which file it is, and what to do."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path} is damaged ({error}): {remedy}") from error


def _text_of(path: Path, *, max_bytes: int) -> str:
    if (size := path.stat().st_size) > max_bytes:
        raise ValueError(f"it has {size:,} bytes, and {max_bytes:,} at most are read")
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ValueError("it is not text in UTF-8") from error
    if not text.strip():
        raise ValueError("it is empty")
    return text


def _json_of(path: Path) -> object:
    text = _text_of(path, max_bytes=_MAX_BYTES_OF_JSON)
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    _check_values(content)
    return content


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"numbers must be finite, got {constant}")


def _check_values(content: object, *, depth: int = 0) -> None:
    """Refuse numbers that are none once they are computed with, and what is nested too deep to be written again."""
    if depth > _MAX_DEPTH:
        raise ValueError("it is nested too deep")
    if isinstance(content, dict | list):
        for value in content.values() if isinstance(content, dict) else content:
            _check_values(value, depth=depth + 1)
    elif isinstance(content, int | float) and not abs(content) <= 1e300:
        raise ValueError(f"numbers must be finite, got {reprlib.repr(content)}")


def _checked(content: object, fields: Mapping[str, _Kind], *, of: str = "") -> dict[str, Any]:
    """A mapping whose fields are what they must be."""
    whose = reprlib.repr(of) if of else "it"
    if not isinstance(content, dict):
        raise ValueError(f"{whose} must be a mapping, got {reprlib.repr(content)}")
    for name, kind in fields.items():
        place = f"{name} of {whose}" if of else name
        if name in content and not kind.fits(content[name]):
            raise ValueError(f"{place} must be {kind.words}, got {reprlib.repr(content[name])}")
        if name not in content and kind.is_required:
            raise ValueError(f"{place} is missing")
    return content
