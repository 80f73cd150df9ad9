"""The exercise of CONTRIBUTING.md: a measure in one file is in `evaluate`, in `compare` and in the report."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from genera.cli import main
from genera.data import find_dataset
from genera.evaluation import MEASURES

CONTRIBUTING = Path(__file__).parents[3] / "CONTRIBUTING.md"


def test_the_exercise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", CONTRIBUTING.read_text(encoding="utf-8"), re.DOTALL)
    commands = re.findall(r"^genera (.*contrast.*)$", CONTRIBUTING.read_text(encoding="utf-8"), re.MULTILINE)
    module: dict[str, object] = {"__name__": "contrast"}
    exec(source, module)
    monkeypatch.setitem(MEASURES, "contrast", module["CONTRAST"])
    monkeypatch.chdir(tmp_path)
    assert [command.split()[0] for command in commands] == ["evaluate", "compare"]
    for command in commands:
        assert main(command.split()) == 0
        assert "contrast" in capsys.readouterr().out
    flow, classifier = json.loads(Path("contrast/comparison.json").read_text(encoding="utf-8"))["models"]
    digits = find_dataset("digits")()
    test, validation = (digits.split(split).pixels.double().std() for split in ("test", "validation"))
    measured = flow["measures"]["contrast"]
    assert measured["references"]["validation images"] == pytest.approx(float(validation / test), rel=1e-5)
    assert measured["low"] < measured["value"] < measured["high"]
    assert measured["value"] == pytest.approx(1, abs=0.1)
    assert classifier["unavailable"] == {"contrast": "Classifier does not generate images"}
    assert MEASURES["contrast"].info.definition in Path("contrast/report.html").read_text(encoding="utf-8")
