"""Finalizing a model at the end of training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from dying import dying
from running import genera

from genera.cli import main
from genera.evaluation import sample_images
from genera.zoo import find_model

SMALL = ("ae", "--data", "digits", "--model.latent_size", "4", "--batch_size", "256", "--max_epochs", "2")


@pytest.fixture(scope="module")
def finalized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "ae"
    assert main(["train", *SMALL, "--out", str(run)]) == 0
    return run


def test_an_autoencoder_samples_from_the_codes_of_its_training_images(finalized: Path) -> None:
    trained = find_model(str(finalized))
    model = trained.load()
    codes = model.encode(trained.open_data().split("train").pixels).detach()
    samples = model.codes.sample(5000, generator=torch.Generator().manual_seed(0))
    assert ((samples.mean(dim=0) - codes.mean(dim=0)).abs() < 0.15 * codes.std(dim=0)).all()
    torch.testing.assert_close(samples.std(dim=0), codes.std(dim=0), rtol=0.15, atol=0)
    assert sample_images(model, 16).shape == (16, 1, 8, 8)
    assert list((finalized / "samples").iterdir())


def test_a_run_killed_before_finalizing_is_finalized_when_resumed(finalized: Path, tmp_path: Path) -> None:
    run = tmp_path / "killed"
    # Killed after the last of ten steps in two epochs, before finalizing.
    killed = genera("train", *SMALL, "--out", str(run), "--checkpoint_every", "0.001s", *dying(10, "SIGKILL"))
    assert killed.returncode == -9
    assert main(["train", "--resume", str(run), "--callbacks", "null", "--allow", "dying"]) == 0
    assert (run / "model.safetensors").read_bytes() == (finalized / "model.safetensors").read_bytes()


def test_a_longer_training_is_finalized_again(finalized: Path, tmp_path: Path) -> None:
    run = tmp_path / "longer"
    assert main(["train", *SMALL, "--out", str(run)]) == 0
    before = find_model(str(run)).load().codes.means.clone()
    assert main(["train", "--resume", str(run), "--max_epochs", "4"]) == 0
    assert not torch.equal(find_model(str(run)).load().codes.means, before)


def test_an_unfinished_autoencoder_cannot_sample(
    tmp_path: Path, failing: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "stopped"
    assert genera("train", *SMALL, "--out", str(run), *dying(6, "SIGINT")).returncode == 130
    message = failing("sample", str(run), "--out", str(tmp_path / "x.png"))
    assert "fitted when training ends: finish the training" in message
    assert main(["figures", str(run)]) == 0
    assert "skipped samples, nearest_images: the mixture" in capsys.readouterr().err
    assert not (run / "figures" / "samples.png").exists()
    assert (run / "figures" / "reconstructions.png").is_file()
