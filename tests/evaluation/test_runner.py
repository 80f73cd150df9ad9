"""Cached results of an evaluation."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genera.cli import main
from genera.data import find_dataset
from genera.evaluation import MEASURES, EvaluationProtocol, Measurement, evaluate
from genera.evaluation.measure import ImageMeasure
from genera.evaluation.measures.bits_per_dim import bits_per_dim_measure
from genera.zoo import find_model


def test_a_value_that_is_not_finite_is_unavailable(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would be written, and refused when it is read."""
    measurement = Measurement(math.nan, 0.0, math.inf, 3)
    monkeypatch.setattr(ImageMeasure, "measure", lambda *arguments, **options: measurement)
    run, protocol = find_model(str(trained)), EvaluationProtocol(find_dataset("digits")(), split="validation")
    for _ in range(2):
        result = evaluate(run, protocol, [bits_per_dim_measure(3)])
        assert "bits_per_dim@3" not in result["measures"]
        assert result["unavailable"]["bits_per_dim@3"] == "not finite: nan (0 … inf)"


def test_shipped_measurements_are_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(ImageMeasure, "measure", refuse)
    trained, digits = find_model("realnvp-digits"), find_dataset("digits")()
    kept = json.loads(trained.run.evaluation.read_text())["measures"]["bits_per_dim@8"]
    measured = evaluate(trained, EvaluationProtocol(digits), [MEASURES["bits_per_dim@8"]])["measures"]["bits_per_dim@8"]
    assert measured["value"] == kept["value"]
    # Fewer images, or other images, give another value.
    with pytest.raises(AssertionError, match="measured again"):
        evaluate(trained, EvaluationProtocol(digits), [bits_per_dim_measure(8, max_images=7)])
    with pytest.raises(AssertionError, match="measured again"):
        evaluate(trained, EvaluationProtocol(digits, split="validation"), [MEASURES["bits_per_dim@8"]])


def write_pictures(folder: Path, *, seed: int, count: int = 30) -> Path:
    """A folder of grey pictures of 8×8."""
    folder.mkdir()
    random = np.random.default_rng(seed)
    for number in range(count):
        Image.fromarray(random.integers(0, 256, (8, 8), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def folder_run(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of pictures, and a model trained on them."""
    pictures, run = write_pictures(tmp_path / "pictures", seed=0), tmp_path / "run"
    data = ("--data", "folder", "--data.path", str(pictures))
    assert main(["train", "vae_digits", *data, "--max_steps", "2", "--batch_size", "8", "--out", str(run)]) == 0
    return pictures, run


def test_results_of_two_folders_with_the_same_name_do_not_mix(
    folder_run: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = folder_run
    other = write_pictures(tmp_path / "others", seed=1)
    assert main(["evaluate", str(run), "--measures", "mse"]) == 0
    own_output = capsys.readouterr().out
    assert main(["evaluate", str(run), "--data", "folder", "--data.path", str(other), "--measures", "psnr"]) == 0
    other_output = capsys.readouterr().out
    own = json.loads((run / "evaluation.json").read_text())
    (path,) = run.glob("evaluation-folder-test-*.json")
    others = json.loads(path.read_text())
    assert list(own["measures"]) == ["mse"]
    assert list(others["measures"]) == ["psnr"]
    assert own["images"] != others["images"]
    assert path.stem.endswith(others["images"][:8])
    for output, result in ((own_output, own), (other_output, others)):
        assert f"3 test images of folder ({result['images'][:8]})" in output


def test_changed_images_are_reported(
    folder_run: tuple[Path, Path], caplog: pytest.LogCaptureFixture, failing: Callable[..., str]
) -> None:
    pictures, run = folder_run
    assert main(["evaluate", str(run), "--measures", "mse"]) == 0
    assert not caplog.records
    before = (run / "evaluation.json").read_bytes()
    # The same pictures read in another order of the file system are the same.
    for path in sorted(pictures.iterdir(), reverse=True):
        path.write_bytes(path.read_bytes())
    assert main(["evaluate", str(run), "--measures", "mse"]) == 0
    assert not caplog.records
    write_pictures(pictures / "more", seed=2, count=10)
    for number, path in enumerate((pictures / "more").iterdir()):
        path.rename(pictures / f"more-{number}.png")
    (pictures / "more").rmdir()
    assert main(["evaluate", str(run), "--measures", "mse"]) == 0
    assert "test: 3 images with digest" in caplog.text
    assert "now 4 images with digest" in caplog.text
    assert (run / "evaluation.json").read_bytes() == before
    message = failing("train", "--resume", str(run), "--max_steps", "4")
    assert "train: 24 images with digest" in message
    assert "now 32 images with digest" in message
