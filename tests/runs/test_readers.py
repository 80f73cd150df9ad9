"""Valid and damaged records of a run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genera.runs.readers import read_environment, read_evaluation, read_measurement, read_table

MEASUREMENT = {"value": 1.5, "low": 1, "high": 2.0, "n": 10, "settings": {"seed": 0}, "references": {"images": 1.0}}
#: A reader, and its smallest valid content.
KINDS: dict[str, tuple[Callable[[Path], Any], dict[str, Any]]] = {
    "environment": (read_environment, {"steps": 5, "wall_seconds": 1.5, "cpu_seconds": 0, "parameters": 7}),
    "evaluation": (
        read_evaluation,
        {"model": "run", "data": "digits", "split": "test", "weights": "abc", "measures": {"mse": MEASUREMENT}},
    ),
    "measurement": (read_measurement, {"measurement": MEASUREMENT}),
}
#: Content that is invalid in every kind of file, with the message.
DAMAGES = [
    (b"", "it is empty"),
    (b" \n", "it is empty"),
    (b"null", "it must be a mapping, got None"),
    (b"[]", "it must be a mapping, got []"),
    (b"7", "it must be a mapping, got 7"),
    (b'"text"', "it must be a mapping, got 'text'"),
    (b"{", "it is not JSON: Expecting property name"),
    (b'{"a": "\xe9"}', "it is not text in UTF-8"),
    ('{"a": 1}'.encode("utf-16"), "it is not text in UTF-8"),
    (b"\x00\x01\x02", "it is not JSON"),
    (b"[" * 100_000, "it is nested too deep"),
    (b"[" * 100 + b"]" * 100, "it is nested too deep"),
    (b'{"a": NaN}', "numbers must be finite, got nan"),
    (b'{"a": 1e999}', "numbers must be finite, got inf"),
    (b'{"a": 1' + b"0" * 400 + b"}", "numbers must be finite, got 1000"),
    (b'{"a": 1' + b"0" * 9000 + b"}", "digits"),
]


def refused(read: Callable[[Path], Any], path: Path) -> str:
    with pytest.raises(ValueError, match="is damaged") as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path} is damaged (")
    assert "delete it" in message
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    return message


@pytest.mark.parametrize("kind", KINDS)
def test_valid_content_is_read(kind: str, tmp_path: Path) -> None:
    read, content = KINDS[kind]
    path = tmp_path / "file.json"
    path.write_text(json.dumps(content))
    assert read(path) == content.get("measurement", content)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("damage", "message"), DAMAGES, ids=[message for _, message in DAMAGES])
def test_invalid_json_is_rejected(kind: str, damage: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(damage)
    assert message in refused(KINDS[kind][0], path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_too_large_is_not_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.touch()
    os.truncate(path, 2**33)
    assert "it has 8,589,934,592 bytes" in refused(KINDS[kind][0], path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_in_place_of_a_file(kind: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"cannot read {tmp_path}: Is a directory"):
        KINDS[kind][0](tmp_path)


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, (_, content) in KINDS.items() for field in content]
)
def test_required_fields(kind: str, field: str, tmp_path: Path) -> None:
    read, content = KINDS[kind]
    path = tmp_path / "file.json"
    path.write_text(json.dumps({name: value for name, value in content.items() if name != field}))
    assert f"{field} is missing" in refused(read, path)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        *[("environment", name, value) for name in ("steps", "parameters") for value in (None, "5", True, {}, -1, 1.5)],
        *[("environment", name, value) for name in ("wall_seconds", "cpu_seconds") for value in (None, "5", [], -0.5)],
        ("environment", "finished", "yes"),
        ("environment", "hardware", []),
        *[("evaluation", name, value) for name in ("model", "data", "split", "weights") for value in (None, 5, [])],
        *[("evaluation", "measures", value) for value in (None, [], 3, "mse")],
        *[("evaluation", "measures", {"mse": value}) for value in (None, [], 3, {})],
        ("measurement", "measurement", None),
    ],
)
def test_fields_of_the_wrong_type(kind: str, field: str, value: object, tmp_path: Path) -> None:
    read, content = KINDS[kind]
    path = tmp_path / "file.json"
    path.write_text(json.dumps(content | {field: value}))
    assert f"{field} must be" in refused(read, path) or field == "measures"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[(name, value) for name in ("value", "low", "high") for value in (None, "1", True, [])],
        *[("n", value) for value in (None, 1.5, -1)],
        *[("settings", value) for value in (None, [])],
        *[("references", value) for value in (None, [], {"images": None}, {"images": "1"})],
    ],
)
def test_measurements_of_the_wrong_type(field: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    measurement = MEASUREMENT | {field: value}
    path.write_text(json.dumps({"measurement": measurement}))
    assert f"{field} of 'measurement' must be" in refused(read_measurement, path)
    path.write_text(json.dumps(KINDS["evaluation"][1] | {"measures": {"mse": measurement}}))
    assert f"{field} of 'mse' must be" in refused(read_evaluation, path)


def test_fields_that_older_versions_did_not_write_are_optional(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    measurement = {name: MEASUREMENT[name] for name in ("value", "low", "high", "n")}
    path.write_text(json.dumps({"measurement": measurement}))
    assert read_measurement(path) == measurement


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"", "it is empty"),
        (b"step,a\n", "it has no rows"),
        (b"1,2.0\n2,3.0\n", "it is not a table of metrics"),
        (b"name,value\nx,1\n", "it is not a table of metrics"),
        (b"step,a,a\n1,2,3\n", "it is not a table of metrics"),
        (b"step,a\n1,nan\n", "line 2: 'a' must be finite, got 'nan'"),
        (b"step,a\n1,2\n2,-inf\n", "line 3: 'a' must be finite, got '-inf'"),
        (b"step,a\n1,2\n2,1e999\n", "line 3: 'a' must be finite"),
        (b"step,a\n1,x\n", "line 2: 'a' must be a number, got 'x'"),
        (b"step,a\n1.5,2\n", "line 2: 'step' must be a number"),
        (b"step,a\n,2\n", "steps must increase"),
        (b"step,a\n-1,2\n", "line 2: steps must increase, got -1 after -1"),
        (b"step,a\n1,2\n1,3\n", "line 3: steps must increase, got 1 after 1"),
        (b"step,a\n2,2\n1,3\n", "line 3: steps must increase, got 1 after 2"),
        (b"step,a\n9" + b"9" * 400 + b",2\n", "steps must increase"),
        (b"step,a\n1,2,3\n", "line 2 has 3 cells, but there are 2 columns"),
        (b"step,a\n1\n", "line 2 has 1 cells, but there are 2 columns"),
        (b"step,a\n1,2\n2,3.1", "its last line is cut off"),
        (b"step,a\n1,\xe9\n", "it is not text in UTF-8"),
        ("step,a\n1,2\n".encode("utf-16"), "it is not text in UTF-8"),
        (b"null\n", "it is not a table of metrics"),
        (b'step,a\n1,"2\n', "is damaged"),
        (b"step,a\n1," + b"9" * 200_000 + b"\n", "field larger than field limit"),
    ],
)
def test_invalid_tables(table: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(table)
    assert message in refused(read_table, path)


def test_empty_cells_are_values_that_were_not_logged(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,a,b\n0,,1e-3\n7,2,\n")
    assert read_table(path) == {0: {"b": 1e-3}, 7: {"a": 2.0}}
