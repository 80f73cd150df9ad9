"""Models of three families in one report."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from genera.cli import main
from genera.zoo import find_model

MEASURES = "bits_per_dim@1,mse,coverage[random],sharpness,memorisation,samples_per_second"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("runs")
    found = []
    # The VAE's β takes twenty epochs to rise.
    for recipe, epochs in (("vae_digits", "20"), ("cgan_digits", "2")):
        assert main(["train", recipe, "--max_epochs", epochs, "--out", str(folder / recipe)]) == 0
        found.append(str(folder / recipe))
    return ["realnvp-digits", *found]


@pytest.fixture(scope="module")
def names(runs: list[str]) -> list[str]:
    return [Path(run).name for run in runs]


@pytest.fixture(scope="module")
def report(runs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    assert main(["compare", *runs, "--out", str(out), "--measures", MEASURES]) == 0
    return out


class Links(HTMLParser):
    """What a page loads, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_one_file_with_all_in_it(report: Path, names: list[str]) -> None:
    text = (report / "report.html").read_text(encoding="utf-8")
    page = Links()
    page.feed(text)
    assert not page.open
    assert len(page.sources) >= 10
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    for title in ("Samples", "Reconstructions", "Interpolations", "Nearest training images", "Training"):
        assert f"<h2>{title}</h2>" in text
    assert all(text.count(f"<td>{name}<small>") == 1 for name in names)
    # A dash says why.
    assert '<td title="GAN has no likelihood">–</td>' in text
    assert '<td title="it gives back every image exactly">–</td>' in text


def test_the_figures_are_those_of_an_evaluation(report: Path, runs: list[str], names: list[str]) -> None:
    found = json.loads((report / "comparison.json").read_text())
    assert (found["data"], found["split"]) == ("digits", "test")
    assert [row["model"] for row in found["models"]] == names
    of_vae = json.loads(find_model(runs[1]).run.evaluation.read_text())["measures"]
    assert found["models"][1]["measures"] == of_vae
    assert found["models"][1]["cost"]["parameters"] == 144_809
    with (report / "comparison.csv").open(newline="") as file:
        rows = {(row["model"], row["measure"]): row for row in csv.DictReader(file)}
    assert float(rows[names[1], "mse"]["value"]) == of_vae["mse"]["value"]
    assert len(rows) == sum(len(row["measures"]) for row in found["models"])


def test_a_second_comparison_takes_all_from_the_files(
    report: Path, runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr("genera.evaluation.reconstructions.ReconstructionMeasure.measure", refuse)
    monkeypatch.setattr("genera.evaluation.set_measures.SetMeasure.measure", refuse)
    assert main(["compare", *runs, "--out", str(tmp_path), "--measures", MEASURES]) == 0
    assert (tmp_path / "comparison.csv").read_text() == (report / "comparison.csv").read_text()


def test_the_table_in_the_terminal(
    runs: list[str], tmp_path: Path, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *runs, "--out", str(tmp_path), "--measures", "mse,bits_per_dim@1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["digits,", "test"]
    (mse,) = [line for line in lines if line.startswith("MSE")]
    assert re.fullmatch(r"MSE +– +0\.\d+ +–", mse)
    assert lines[-3:] == [str(tmp_path / name) for name in ("comparison.json", "comparison.csv", "report.html")]


def test_models_in_folders_of_one_name_are_told_apart_by_their_paths(runs: list[str], tmp_path: Path) -> None:
    other = str(tmp_path / "other" / Path(runs[1]).name)
    shutil.copytree(runs[1], other)
    assert main(["compare", runs[1], other, "--out", str(tmp_path / "report"), "--measures", "mse"]) == 0
    found = json.loads((tmp_path / "report" / "comparison.json").read_text())
    assert [row["model"] for row in found["models"]] == [runs[1], other]


def test_what_cannot_be_compared(runs: list[str], tmp_path: Path, failing: Callable[..., str]) -> None:
    out = ("--out", str(tmp_path / "report"))
    assert "at least two models, got 1" in failing("compare", runs[0], *out)
    assert "named twice" in failing("compare", runs[0], runs[0], *out)
    message = failing("compare", runs[0], "realnvp-mnist", *out)
    assert "realnvp-digits is of digits (1, 8, 8) with 17 levels and realnvp-mnist of mnist (1, 28, 28)" in message
    assert "there is no measure 'mze'; did you mean mse" in failing("compare", *runs, *out, "--measures", "mze")
    assert not (tmp_path / "report").exists()
    (tmp_path / "file").write_text("")
    message = failing("compare", *runs, "--out", str(tmp_path / "file"), "--measures", "mse")
    assert "is a file, not a folder" in message
