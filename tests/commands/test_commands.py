"""Every command, end to end."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from running import failing_genera

import genera
from genera.cli import COMMANDS, main
from genera.core import ImageModel
from genera.data import find_dataset
from genera.evaluation import Evaluation
from genera.zoo import TrainedModel, find_model


def test_help_imports_nothing_heavy() -> None:
    program = "import sys; from genera.cli import main; main(['--help']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_loading_a_model_does_not_import_lightning() -> None:
    program = "import sys, genera.zoo; print('lightning' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) if name != "train" else nullcontext():
        main([name, "--help"])
    printed = capsys.readouterr().out
    assert f"genera {name}" in printed
    # Arguments are explained once, in the list of arguments.
    assert "Args:" not in printed


def test_sample(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, same, other = (tmp_path / name for name in ("one.png", "same.png", "other.png"))
    for out, seed in ((one, "0"), (same, "0"), (other, "1")):
        assert main(["sample", str(trained), "--count", "9", "--out", str(out), "--seed", seed]) == 0
        assert capsys.readouterr().out.strip() == str(out)
    assert np.array_equal(Image.open(one), Image.open(same))
    assert not np.array_equal(Image.open(one), Image.open(other))


def test_a_full_disk_is_reported_with_the_file(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "images.png"
    line = failing_genera("sample", str(trained), "--out", str(out), limit_file_size=100)
    assert line == f"genera sample: error: cannot write {out}: File too large"
    assert not list(tmp_path.iterdir())


def test_reconstruct(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "pairs.png"
    assert main(["reconstruct", str(trained), "--count", "10", "--out", str(out)]) == 0
    # A flow reconstructs exactly.
    assert "error on [0, 1]: 0.000000 over 10 images" in capsys.readouterr().out
    assert Image.open(out).size[0] > 0


def test_score(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    assert main(["score", str(trained), "--data", "digits", "--split", "validation", "--out", str(out)]) == 0
    rows = list(csv.DictReader(out.open()))
    images = find_dataset("digits")().split("validation")
    assert images.labels is not None
    assert [int(row["label"]) for row in rows] == images.labels.tolist()
    model = genera.load(trained)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        expected = model.log_prob(images.pixels[:25], generator=generator)
    assert float(rows[3]["log_prob"]) == pytest.approx(float(expected[3]), abs=1e-2)
    assert float(rows[3]["bits_per_dim"]) == pytest.approx(-float(rows[3]["log_prob"]) / 64 / np.log(2), abs=1e-4)


def test_evaluate_measures_once(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evaluate", str(trained), "--measures", "bits_per_dim@1,bits_per_dim@8", "--json"]
    assert main(command) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((trained / "evaluation.json").read_text())
    assert set(printed["measures"]) == {"bits_per_dim@1", "bits_per_dim@8"}
    measured = printed["measures"]["bits_per_dim@8"]
    assert measured["low"] < measured["value"] < measured["high"]
    assert measured["n"] == len(find_dataset("digits")().split("test"))
    assert measured["value"] < printed["measures"]["bits_per_dim@1"]["value"]
    # A second evaluation reads the cache of the first one; a damaged entry is measured again.
    entries = sorted((trained / "measurements").iterdir())
    cached = json.loads(entries[0].read_text())
    cached["measurement"]["value"] = 123.0
    entries[0].write_text(json.dumps(cached))
    assert main(command) == 0
    assert "123.0" in capsys.readouterr().out
    entries[0].write_text("{")
    assert main(command) == 0
    caught = capsys.readouterr()
    assert json.loads(caught.out) == printed
    assert "is damaged" in caught.err


def test_figures(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figures", str(trained), "--out", str(tmp_path)]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    names = ("training", "samples", "nearest_images", "interpolations", "pixel_bits")
    assert {path.name for path in written} == {f"{name}.{kind}" for name in names for kind in ("png", "svg")}
    assert all(path.stat().st_size > 1000 for path in written)


def test_figures_end_with_what_was_skipped(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figures", str(tiny_run), "--out", str(tmp_path / "whole")]) == 0
    assert "skipped" not in capsys.readouterr().err
    (tiny_run / "metrics.csv").unlink()
    config = tiny_run / "config.yaml"
    config.write_text(config.read_text().replace("name: digits", f"name: npz\n  path: {tmp_path / 'gone.npz'}"))
    assert main(["figures", str(tiny_run), "realnvp-digits", "--out", str(tmp_path / "less")]) == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"{tiny_run}: skipped training curves: there is no metrics.csv; " in last
    assert f"{tiny_run}: skipped interpolations, nearest_images, pixel_bits: " in last
    assert str(tmp_path / "gone.npz") in last


def test_figures_run_the_model_on_the_device(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: Callable[..., str]
) -> None:
    devices: list[torch.device] = []
    load = TrainedModel.load

    def spied(self: TrainedModel, *, device: torch.device, allow: Sequence[str] = ()) -> ImageModel:
        devices.append(device)
        return load(self, allow=allow)

    monkeypatch.setattr(TrainedModel, "load", spied)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for name in ("auto", "cuda", "cpu"):
        assert main(["figures", str(trained), "--out", str(tmp_path / name), "--device", name]) == 0
    assert [str(device) for device in devices] == ["cuda", "cuda", "cpu"]
    assert "device must be one of auto, cuda, cpu on this machine, got 'mps'" in failing(
        "figures", str(trained), "--out", str(tmp_path / "none"), "--device", "mps"
    )
    assert not (tmp_path / "none").exists()


def test_evaluate_prints_the_measures_that_matter_or_all(
    tiny_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = json.loads((find_model("flow-fast-mnist").run.evaluation).read_text())
    result = Evaluation(content | {"unavailable": {"mse": "exact"}}, "10 images", tiny_run / "evaluation.json")
    monkeypatch.setattr("genera.commands.evaluate.call", lambda *arguments, **options: result)
    printed = {}
    for option in ("", "--all", "--json"):
        assert main(["evaluate", str(tiny_run), *[option] * bool(option)]) == 0
        printed[option] = capsys.readouterr().out
    assert printed[""] == f"{result.summary()}\n{result.path}\n"
    assert printed["--all"] == f"{result}\n{result.path}\n"
    assert printed["--json"] == f"{result.as_json()}\n"
    assert len(printed[""].splitlines()) == 7
    assert "unavailable: mse (exact)" in printed["--all"]


def test_models_and_datasets(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    assert "realnvp_digits" in printed
    assert max(map(len, printed.splitlines())) <= 100
    (flow,) = [line for line in printed.splitlines() if "flow-fast-mnist" in line]
    assert re.search(r"MB  bits_per_dim@8 [0-9.]+, fd\[lenet\] [0-9.]+, coverage\[lenet\] [0-9.]+$", flow)
    assert "bits_per_dim@128" not in printed
    assert main(["models", "--all"]) == 0
    assert "bits_per_dim@128" in capsys.readouterr().out
    assert main(["datasets"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("digits", "fashion-mnist", "celeba", "folder", "CC"))


def test_quickstart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "quick"
    assert main(["quickstart", "--budget", "3s", "--out", str(folder)]) == 0
    printed = capsys.readouterr().out
    for recipe in ("realnvp_digits", "vae_digits"):
        assert f"{recipe}: test bits/dim " in printed
        # A blank mode may be recognised every time.
        assert re.search(rf"{recipe}: [0-9.]+ digits have 2 % or more of the samples each", printed)
        assert (folder / recipe / "figures" / "samples.png").is_file()
    assert printed.splitlines()[-1] == f"runs: {folder}"


def test_bad_input_is_one_line(trained: Path, tmp_path: Path, failing: Callable[..., str]) -> None:
    run = str(trained)
    assert "did you mean train?" in failing("trian")
    assert "no run directory or shipped model" in failing("sample", "realnvp-mnits")
    assert "unknown setting 'cuont'; did you mean count?" in failing("sample", run, "--cuont", "3")
    assert "count: expected int, got x" in failing("sample", run, "--count", "x")
    for command in ("sample", "reconstruct", "score"):
        assert "count must be at least 1, got 0" in failing(command, run, "--count", "0")
    assert "a file ending in .png" in failing("sample", run, "--out", "x.jpg")
    assert "not trained with labels" in failing("sample", run, "--labels", "[1]", "--out", str(tmp_path / "x.png"))
    assert "labels must be between 0 and 9" in failing("sample", run, "--labels", "[12]")
    assert "required" in failing("sample")
    assert "did you mean" in failing("score", run, "--data", "fashion-mnits")
    assert "the model takes images (1, 8, 8)" in failing("score", run, "--data", "shapes")
    assert "has no 'tset' split" in failing("score", run, "--split", "tset")
    assert "did you mean bits_per_dim@8" in failing("evaluate", run, "--measures", "bits_per_dim@9")
    (tmp_path / "file").touch()
    assert "is a file, not a folder" in failing("sample", run, "--out", str(tmp_path / "file" / "x.png"))
    assert "give either the recipe" in failing("train", "--budget", "3s")


def test_a_damaged_model_is_one_line(trained: Path, tmp_path: Path, failing: Callable[..., str]) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    config, weights = (trained / "config.yaml").read_text(), (trained / "model.safetensors").read_bytes()
    (copy / "config.yaml").write_text(config.replace("width: 4", "width: 5"))
    (copy / "model.safetensors").write_bytes(weights)
    assert "model.sha256 is missing" in failing("sample", str(copy))
    shutil.copy(trained / "model.sha256", copy)
    assert "weights of another model or image size" in failing("sample", str(copy))
    (copy / "config.yaml").write_text(config.replace("genera.flows.NormalizingFlow", "os.system"))
    assert "'os.system' may not be named here" in failing("sample", str(copy))
    (copy / "config.yaml").write_text(config)
    (copy / "model.safetensors").write_bytes(weights[:-9])
    assert "its SHA-256 is not the one in model.sha256" in failing("sample", str(copy))
    (copy / "model.safetensors").unlink()
    assert "there are no weights" in failing("sample", str(copy))


def test_results_of_other_images_do_not_replace_each_other(tiny_run: Path) -> None:
    command = ["evaluate", str(tiny_run), "--measures"]
    assert main([*command, "bits_per_dim@1"]) == 0
    assert main([*command, "bits_per_dim@8"]) == 0
    assert main([*command, "bits_per_dim@1", "--split", "validation"]) == 0
    measures = json.loads((tiny_run / "evaluation.json").read_text())["measures"]
    assert set(measures) == {"bits_per_dim@1", "bits_per_dim@8"}
    assert json.loads((tiny_run / "evaluation-digits-validation.json").read_text())["split"] == "validation"


def test_the_help_of_train_shows_the_settings_of_a_data_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "realnvp_digits", "--data", "folder", "--help"]) == 0
    assert "--data.skip_bad" in capsys.readouterr().out


def test_images_of_an_npz_file_are_scored(trained: Path, tmp_path: Path, failing: Callable[..., str]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    own = ("--data", "npz", "--data.path", str(tmp_path / "own.npz"))
    assert "the model takes images (1, 8, 8) with 17 levels, but npz has (1, 8, 8) with 256" in failing(
        "score", str(trained), *own
    )
    out = tmp_path / "scores.csv"
    assert main(["score", str(trained), *own, "--data.levels", "256", "--out", str(out)]) == 2
    np.savez(tmp_path / "own.npz", images=images // 16)
    assert main(["score", str(trained), *own, "--data.levels", "17", "--out", str(out)]) == 0
    assert out.read_text().startswith("image,label,log_prob,bits_per_dim\n0,,")
