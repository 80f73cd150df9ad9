"""The warning that the discriminator wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from genera.cli import main

#: The generator does not learn.
FROZEN_GENERATOR = (
    *("gan", "--data", "digits", "--batch_size", "128", "--max_epochs", "12", "--model.generator.widths", "[4]"),
    *("--task.generator_optimizer.lr", "0", "--probes", "null"),
)


@pytest.mark.parametrize(("rate", "warnings"), [("2e-3", 1), ("0", 0)])
def test_one_warning_that_the_discriminator_has_won(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rate: str, warnings: int
) -> None:
    run = tmp_path / "run"
    assert main(["train", *FROZEN_GENERATOR, "--task.discriminator_optimizer.lr", rate, "--out", str(run)]) == 0
    assert capsys.readouterr().err.count("it has won and") == warnings
