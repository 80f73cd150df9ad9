"""Models of three families in one report."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from measuring import compared, measured

from genera.cli import main
from genera.commands.compare import print_comparison
from genera.evaluation.results.rows import Row
from genera.reporting.figures import FIGURES
from genera.zoo import find_model

MEASURES = "bits_per_dim@1,mse,coverage[random],sharpness,memorisation,samples_per_second"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("runs")
    trained = []
    # The VAE's β takes twenty epochs to rise.
    for recipe, epochs in (("vae_digits", "20"), ("cgan_digits", "2")):
        assert main(["train", recipe, "--max_epochs", epochs, "--out", str(folder / recipe)]) == 0
        trained.append(str(folder / recipe))
    return ["realnvp-digits", *trained]


@pytest.fixture(scope="module")
def names(runs: list[str]) -> list[str]:
    return [Path(run).name for run in runs]


@pytest.fixture(scope="module")
def report(runs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    assert main(["compare", *runs, "--out", str(out), "--measures", MEASURES]) == 0
    return out


class Links(HTMLParser):
    """The sources that a page loads, and whether its tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_one_self_contained_file(report: Path, names: list[str]) -> None:
    text = (report / "report.html").read_text(encoding="utf-8")
    page = Links()
    page.feed(text)
    assert not page.open
    assert len(page.sources) >= 10
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    for question in ("look like", "reconstruct images", "between two images", "copy its training images", "train"):
        assert re.search(rf"<h2>[^<]* {question}\?</h2>", text)
    assert all(text.replace("<wbr>", "").count(f'<th scope="col">{name}<small>') == 1 for name in names)
    # The title of a dash is the reason.
    assert '<td title="GAN has no likelihood">–</td>' in text
    assert '<td title="reconstructs every image exactly">–</td>' in text


def test_the_values_equal_those_of_an_evaluation(report: Path, runs: list[str], names: list[str]) -> None:
    comparison = json.loads((report / "comparison.json").read_text())
    assert (comparison["data"], comparison["split"]) == ("digits", "test")
    assert [row["model"] for row in comparison["models"]] == names
    vae_measures = json.loads(find_model(runs[1]).run.evaluation.read_text())["measures"]
    assert comparison["models"][1]["measures"] == vae_measures
    assert comparison["models"][1]["cost"]["parameters"] == 144_809
    with (report / "comparison.csv").open(newline="") as file:
        rows = {(row["model"], row["measure"]): row for row in csv.DictReader(file)}
    assert {row["data"] for row in rows.values()} == {"digits"}
    assert float(rows[names[1], "mse"]["value"]) == vae_measures["mse"]["value"]
    assert len(rows) == sum(len(row["measures"]) for row in comparison["models"])


def test_a_second_comparison_uses_the_cache(
    report: Path, runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr("genera.evaluation.measure.ImageMeasure.measure", refuse)
    monkeypatch.setattr("genera.evaluation.set_measure.SetMeasure.measure", refuse)
    refusing = [
        lambda loaded, figure=figure: (one := figure(loaded)) and replace(one, draw=refuse) for figure in FIGURES
    ]
    monkeypatch.setattr("genera.reporting.comparison_figures.FIGURES", refusing)
    assert main(["compare", *runs, "--out", str(tmp_path), "--measures", MEASURES]) == 0
    for name in ("comparison.csv", "report.html"):
        assert (tmp_path / name).read_text() == (report / name).read_text()


def test_the_table_in_the_terminal(
    runs: list[str], tmp_path: Path, report: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["compare", *runs, "--out", str(tmp_path), "--measures", "mse,bits_per_dim@1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\d+ test images of digits \([0-9a-f]{8}\)", lines[0])
    assert lines[1].split() == ["realnvp-digits", "vae_digits", "cgan_digits"]
    assert [line for line in lines if line in ("likelihood", "reconstruction", "cost")] == [
        "likelihood",
        "reconstruction",
        "cost",
    ]
    (mse,) = [line for line in lines if line.startswith("  mse")]
    assert re.fullmatch(r"  mse +– +0\.\d+ +–", mse)
    assert lines[-3:] == [str(tmp_path / name) for name in ("comparison.json", "comparison.csv", "report.html")]


def test_a_table_of_many_models_is_as_wide_as_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"a-model-of-a-long-name-{letter}" for letter in "abcdefgh"]
    measures = {"auroc[reconstruction]": measured(0.9, 0.01), "mse": measured(1)}
    rows = [Row(name, "", measures, {}, {"parameters": 123_456_789}) for name in names]
    for columns, per_table in ((100, 4), (60, 2), (200, 8), (10, 1)):
        monkeypatch.setenv("COLUMNS", str(columns))
        print_comparison(compared(*rows))
        tables = capsys.readouterr().out.split("\n\n")[:-1]
        assert len(tables) == 8 / per_table
        for index, table in enumerate(tables):
            assert columns == 10 or max(map(len, table.splitlines())) <= columns
            (parameters,) = [line for line in table.splitlines() if "parameters" in line]
            assert parameters.count("123,456,789") == per_table
            # A name continues on further lines of its column.
            heads = [line.split() for line in table.splitlines() if "-" in line]
            parts = zip(*(line for line in heads if len(line) == per_table), strict=True)
            assert ["".join(of) for of in parts] == names[per_table * index : per_table * (index + 1)]


def test_models_in_folders_of_the_same_name_have_their_paths_as_names(runs: list[str], tmp_path: Path) -> None:
    other = str(tmp_path / "other" / Path(runs[1]).name)
    shutil.copytree(runs[1], other)
    assert main(["compare", runs[1], other, "--out", str(tmp_path / "report"), "--measures", "mse"]) == 0
    comparison = json.loads((tmp_path / "report" / "comparison.json").read_text())
    assert [row["model"] for row in comparison["models"]] == [runs[1], other]


def test_models_that_cannot_be_compared(runs: list[str], tmp_path: Path, failing: Callable[..., str]) -> None:
    out = ("--out", str(tmp_path / "report"))
    assert "at least two models, got 1" in failing("compare", runs[0], *out)
    assert "given twice" in failing("compare", runs[0], runs[0], *out)
    message = failing("compare", runs[0], "realnvp-mnist", *out)
    assert (
        "realnvp-digits was trained on digits (1, 8, 8) with 17 levels and realnvp-mnist on mnist (1, 28, 28)"
        in message
    )
    other = tmp_path / "other"
    shutil.copytree(runs[1], other)
    config = (other / "config.yaml").read_text()
    (other / "config.yaml").write_text(re.sub("digest: ........", "digest: 01234567", config))
    message = failing("compare", runs[1], str(other), *out)
    assert "levels (train 01234567, validation 01234567, test 01234567): compare models of one data set" in message
    assert "there is no measure 'mze'; did you mean mse" in failing("compare", *runs, *out, "--measures", "mze")
    assert not (tmp_path / "report").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    assert main(["compare", *runs, "--out", str(tmp_path / "full"), "--measures", "mse"]) == 0
    assert (tmp_path / "full" / "file").read_text() == "mine"
    (tmp_path / "file").write_text("")
    message = failing("compare", *runs, "--out", str(tmp_path / "file"), "--measures", "mse")
    assert "is a file, not a folder" in message


def test_a_classifier_that_does_not_fit_is_reported(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--measures", "mse,fd[lenet],recognised", "--classifier", "lenet-mnist")
    assert main(["compare", *runs, "--out", str(tmp_path), *options]) == 0
    reason = "navailable: fd[lenet], recognised (lenet-mnist takes images (1, 28, 28) with 256 levels, not (1, 8, 8))"
    assert f"u{reason}" in capsys.readouterr().out.splitlines()
    assert f"U{reason}." in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["compare", "figures"])
def test_two_names_of_one_run_are_one_model(
    command: str, runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: Callable[..., str]
) -> None:
    run = Path(runs[1])
    (tmp_path / "link").symlink_to(run)
    monkeypatch.chdir(run.parent)
    other_names = [f"{run}/", f"{run.parent / runs[2]}/../{run.name}", str(tmp_path / "link"), run.name, str(run)]
    for name in other_names:
        line = failing(command, str(run), name, "--out", str(tmp_path / "out"))
        assert f"a model is given twice, as {run} and {name}: give each model once" in line
    shipped = find_model(runs[0]).run.path
    assert "given twice" in failing(command, runs[0], str(shipped), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def noise_run(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of other data, of another size."""
    folder = tmp_path_factory.mktemp("noise")
    pixels = np.random.default_rng(0).integers(17, size=(300, 12, 12), dtype=np.uint8)
    np.savez(folder / "noise.npz", images=pixels)
    data = ("--data", "npz", "--data.path", str(folder / "noise.npz"), "--data.levels", "17")
    assert main(["train", "vae_digits", *data, "--max_epochs", "20", "--out", str(folder / "run")]) == 0
    return str(folder / "run")


def test_shared_measures_of_models_of_several_data_sets(
    runs: list[str], noise_run: str, tmp_path: Path, failing: Callable[..., str]
) -> None:
    command = ("compare", runs[1], noise_run, "--out", str(tmp_path))
    assert "one data set, or add --shared_measures" in failing(*command)
    message = failing(*command, "--shared_measures", "--measures", "mse,sharpness")
    assert message.endswith("mse is not comparable across data sets; --shared_measures compares sharpness, "
                            "memorisation, samples_per_second")  # fmt: skip
    assert main([*command, "--shared_measures", "--count", "25"]) == 0
    comparison = json.loads((tmp_path / "comparison.json").read_text())
    assert comparison["data"] == "digits and npz"
    for row in comparison["models"]:
        assert set(row["measures"]) == {"sharpness", "memorisation", "samples_per_second"}
        assert row["measures"]["sharpness"]["n"] == 25
    assert "2 models of digits and npz" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_data_sets_of_the_same_type_and_shape_are_distinguished(
    runs: list[str], tmp_path: Path, failing: Callable[..., str]
) -> None:
    trained = []
    for name, low in (("dark", 0), ("bright", 12)):
        pixels = np.random.default_rng(0).integers(low, low + 5, size=(300, 8, 8), dtype=np.uint8)
        np.savez(tmp_path / f"{name}.npz", images=pixels)
        data = ("--data", "npz", "--data.path", str(tmp_path / f"{name}.npz"), "--data.levels", "17")
        assert main(["train", "vae_digits", *data, "--max_epochs", "20", "--out", str(tmp_path / name)]) == 0
        assert main(["evaluate", str(tmp_path / name), "--measures", "sharpness"]) == 0
        trained.append(str(tmp_path / name))
    own = [(Path(run) / "evaluation.json").read_text() for run in trained]
    assert "bright.npz" in failing("compare", *trained, "--out", str(tmp_path / "report"))
    shared = ("--shared_measures", "--measures", "sharpness")
    assert main(["compare", *trained, "--out", str(tmp_path / "report"), *shared]) == 0
    assert [(Path(run) / "evaluation.json").read_text() for run in trained] == own


def test_the_number_of_images(runs: list[str], tmp_path: Path, failing: Callable[..., str]) -> None:
    run = tmp_path / "run"
    shutil.copytree(runs[1], run)
    command = ("evaluate", str(run), "--measures", "coverage[random]")
    assert main([*command, "--count", "30"]) == 0
    before = (run / "evaluation.json").read_text()
    measured = json.loads((run / "evaluation-30.json").read_text())["measures"]["coverage[random]"]
    assert (measured["n"], measured["settings"]["max_images"]) == (30, 30)
    # Too few images make a measure unavailable, and results of more images are kept.
    assert main([*command[:2], "--measures", "coverage[random],fd[random]", "--count", "5"]) == 0
    few = json.loads((run / "evaluation-5.json").read_text())
    assert few["unavailable"] == {"coverage[random]": "needs sets of at least 6 images, got 5"}
    assert set(few["measures"]) == {"fd[random]"}
    assert (run / "evaluation.json").read_text() == before
    assert "--count must be at most 179, the number of test images of digits, got 9999" in failing(
        *command, "--count", "9999"
    )
    assert "count must be at least 1, got 0" in failing(*command, "--count", "0")


def test_runs_that_cannot_be_measured(runs: list[str], tmp_path: Path, failing: Callable[..., str]) -> None:
    run, out = tmp_path / "run", ("--out", str(tmp_path / "report"))
    shutil.copytree(runs[1], run)
    (run / "model.safetensors").unlink()
    message = failing("compare", runs[0], str(run), *out, "--measures", "mse")
    assert str(run / "model.safetensors") in message
    (run / "model.safetensors").write_bytes(b"no weights")
    message = failing("compare", runs[0], str(run), *out, "--measures", "mse")
    assert str(run / "model.safetensors") in message


def test_a_damaged_measurement_is_repeated(runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    shutil.copytree(runs[1], run)
    shutil.rmtree(run / "measurements")
    command = ["evaluate", str(run), "--measures", "mse", "--json"]
    assert main(command) == 0
    before = json.loads(capsys.readouterr().out)
    (file,) = (run / "measurements").iterdir()
    file.write_text(file.read_text()[:100])
    assert main(command) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == before
    assert f"{file} is damaged: measuring mse again" in printed.err
    assert json.loads(file.read_text())["measurement"] == before["measures"]["mse"]
