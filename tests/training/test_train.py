"""Training from the command line: the files it writes, and one-line errors."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from running import TINY, checkpoint_of, failing_genera, losses

import genera as library
from genera.cli import main
from genera.config.shipped_recipes import recipe_paths
from genera.core import Generative
from genera.zoo import find_model


def test_the_files_of_a_run_directory(tiny_run: Path) -> None:
    config = yaml.safe_load((tiny_run / "config.yaml").read_text())
    assert config["spec"] == {"channels": 1, "height": 8, "width": 8, "levels": 17, "num_classes": 10}
    assert config["model"]["init_args"]["dequantizer"]["class_path"] == "genera.core.UniformDequantizer"
    assert config["log_every"] == 1
    assert config["precision"] == "32-true"
    environment = json.loads((tiny_run / "environment.json").read_text())
    assert environment["finished"] is True
    assert environment["steps"] == 5
    assert torch.__version__.startswith(environment["versions"]["torch"])
    assert list((tiny_run / "tensorboard").iterdir())
    assert list((tiny_run / "samples").glob("*.png"))
    assert [row["step"] for row in losses(tiny_run)] == ["1", "2", "3", "4", "5"]


def test_averaged_weights_are_saved(tiny_run: Path) -> None:
    state = checkpoint_of(tiny_run)["state_dict"]
    kept = library.load(tiny_run).state_dict()
    name = "transform.transforms.1.chain.transforms.0.conditioner.first.weight"
    assert torch.equal(kept[name], state[f"average.module.{name}"])
    assert not torch.equal(kept[name], state[f"model.{name}"])


def test_a_budget_spans_every_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each reading of the clock takes a hundredth of a second, so the load of the machine does not matter.
    readings = itertools.count()
    monkeypatch.setattr("time.monotonic", lambda: 0.01 * next(readings))
    run = tmp_path / "run"
    assert main(["train", TINY, "--out", str(run), "--budget", "3s", "--max_epochs", "1000"]) == 0
    environment = json.loads((run / "environment.json").read_text())
    assert environment["finished"] is True
    rates = [float(row["train/learning_rate"]) for row in losses(run) if row["train/learning_rate"]]
    # Over 1000 epochs the cosine would have stayed at its maximum.
    assert rates[0] > 2e-3
    assert rates[-1] < 3e-4


def test_bf16_trains_and_weights_stay_float32(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert main(["train", TINY, "--out", str(run), "--precision", "bf16-mixed", "--max_steps", "2"]) == 0
    assert {value.dtype for value in library.load(run).state_dict().values()} == {torch.float32}


@pytest.mark.parametrize("has", [True, False])
def test_a_warning_about_bf16_on_a_processor_without_bfloat16(
    has: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("genera.training.start.has_bfloat16", lambda: has)
    cheap = ("--max_steps", "1", "--device", "cpu", "--validation_images", "8")
    assert main(["train", TINY, "--out", str(tmp_path / "half"), *cheap, "--precision", "bf16-mixed"]) == 0
    assert ("--precision 32-true is faster" in capsys.readouterr().err) is not has
    assert main(["train", TINY, "--out", str(tmp_path / "full"), *cheap]) == 0
    assert "--precision" not in capsys.readouterr().err


def test_another_logger_by_configuration(tmp_path: Path) -> None:
    logger = {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": str(tmp_path / "more")}}
    more = ("--loggers", yaml.safe_dump([logger], default_flow_style=True))
    assert main(["train", TINY, "--out", str(tmp_path / "run"), "--max_steps", "2", *more]) == 0
    assert list((tmp_path / "more").rglob("metrics.csv"))


@pytest.mark.parametrize("name", recipe_paths())
def test_every_recipe_trains_two_steps_resumes_reloads_and_samples(name: str, tmp_path: Path) -> None:
    run, grid = tmp_path / "run", tmp_path / "samples.png"
    # Data sets without a download; a Bernoulli likelihood needs images with two levels.
    data = "shapes" if name == "beta_tcvae" else "digits"
    small = ("--data", data, "--batch_size", "10", "--validation_images", "8", "--task.average_decay", "0.5")
    assert main(["train", name, "--out", str(run), *small, "--max_steps", "2"]) == 0
    assert main(["train", "--resume", str(run), "--max_steps", "3"]) == 0
    if isinstance(find_model(str(run)).load(), Generative):
        assert main(["sample", str(run), "--count", "4", "--out", str(grid)]) == 0
        assert grid.stat().st_size > 0


@pytest.mark.parametrize("data", ["shapes", "folder"])
def test_the_fast_flow_accepts_binary_and_colour_images(data: str, tmp_path: Path) -> None:
    """32×32 with two levels, and colour; the test before this one has 8×8."""
    run, options = tmp_path / "run", ["--data", data, "--data.size", "32"]
    if data == "folder":
        generator = np.random.default_rng(0)
        for number in range(40):
            Image.fromarray(generator.integers(256, size=(40, 36, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
        options += ["--data.path", str(tmp_path)]
    small = ("--batch_size", "4", "--validation_images", "4", "--max_steps", "2")
    assert main(["train", "flow_fast", "--out", str(run), *options, *small]) == 0
    model = library.load(run)
    images = model.sample(2)
    assert images.shape[1:] == ((3, 32, 32) if data == "folder" else (1, 32, 32))
    # Decoding latents returns the exact pixels.
    assert torch.equal(model.decode(model.encode(images)), images)


def test_a_loss_that_is_not_finite_stops_with_step_term_and_batch(tmp_path: Path, failing: Callable[..., str]) -> None:
    run = tmp_path / "run"
    message = failing_genera("train", TINY, "--out", str(run), "--model", "noiseless.Exploding", "--allow", "noiseless",
                                 "--checkpoint_every", "0.001s")  # fmt: skip
    for part in ("term 'broken', image 5", "step 5", "batch 4", f"the checkpoint from before is {run}"):
        assert part in message
    assert checkpoint_of(run)["global_step"] == 4


def test_a_full_disk_loses_nothing(tiny_run: Path) -> None:
    before = {
        path: path.read_bytes() for path in (tiny_run / "model.safetensors", tiny_run / "checkpoints" / "last.ckpt")
    }
    # Files are limited to the size of the first weights, so the next checkpoint cannot be written.
    limit = len(before[tiny_run / "model.safetensors"]) + 1000
    message = failing_genera("train", "--resume", str(tiny_run), "--max_epochs", "2", limit_file_size=limit)
    assert "File too large" in message
    assert f"genera train --resume {tiny_run}" in message
    assert (tiny_run / "checkpoints" / "last.ckpt").read_bytes() == before[tiny_run / "checkpoints" / "last.ckpt"]
    assert main(["train", "--resume", str(tiny_run), "--max_epochs", "2"]) == 0


def test_a_run_directory_that_cannot_be_written(tmp_path: Path, failing: Callable[..., str]) -> None:
    (tmp_path / "file").touch()
    assert "Not a directory" in failing("train", TINY, "--out", str(tmp_path / "file" / "run"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("do not lose me")
    assert "exists and is not empty" in failing("train", TINY, "--out", str(tmp_path / "full"))
    assert (tmp_path / "full" / "thesis.txt").read_text() == "do not lose me"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_missing_hardware(tmp_path: Path, failing: Callable[..., str]) -> None:
    message = failing("train", TINY, "--out", str(tmp_path / "run"), "--device", "cuda")
    assert "device must be one of auto, cpu on this machine, got 'cuda'" in message


def test_settings_that_do_not_fit_the_data_leave_nothing_behind(tmp_path: Path, failing: Callable[..., str]) -> None:
    run = tmp_path / "run"
    assert "lower --batch_size" in failing("train", TINY, "--out", str(run), "--batch_size", "5000")
    assert "validation_images must be between 1 and" in failing(
        "train", TINY, "--out", str(run), "--validation_images", "5000"
    )
    assert not run.exists()


def test_numbers_out_of_range(tmp_path: Path, failing: Callable[..., str]) -> None:
    run = str(tmp_path / "run")
    assert "log_every and validate_every must be positive" in failing("train", TINY, "--out", run, "--log_every", "0")
    assert "max_epochs must be positive, got 0" in failing("train", TINY, "--out", run, "--max_epochs", "0")
    assert "a duration is a positive time" in failing("train", TINY, "--out", run, "--budget", "20")
    assert "average_decay must be in" in failing("train", TINY, "--out", run, "--task.average_decay", "2")
    assert not Path(run).exists()


def test_an_existing_folder_is_kept(tmp_path: Path, failing: Callable[..., str]) -> None:
    assert "lower --batch_size" in failing("train", TINY, "--out", str(tmp_path), "--batch_size", "5000")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [None, "digits", {"path": "x"}])
def test_a_recipe_without_a_data_set(data: object, tmp_path: Path, failing: Callable[..., str]) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(yaml.safe_load(Path(TINY).read_text()) | {"data": data}))
    assert "the section data must name a data set" in failing("train", str(recipe))


def test_relative_paths_of_data_work_from_other_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    images = torch.randint(0, 256, (60, 8, 8), dtype=torch.uint8).numpy()
    np.savez(tmp_path / "own.npz", images=images)
    small = ("--batch_size", "16", "--max_steps", "2")
    assert main(["train", TINY, "--out", "run", "--data", "npz", "--data.path", "own.npz", *small]) == 0
    # From another folder, and without naming the data again.
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["evaluate", "../run", "--measures", "bits_per_dim@1"]) == 0
    assert main(["reconstruct", "../run", "--count", "3", "--out", "pairs.png"]) == 0
