"""Training with two processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import TINY, genera, losses


def test_two_processes_have_the_losses_of_one(tmp_path: Path) -> None:
    # The loss has no noise, because the noise of processes differs.
    noiseless = ("--model", "noiseless.MeanImage", "--allow", "noiseless", "--max_epochs", "2", "--device", "cpu")
    one, two = tmp_path / "one", tmp_path / "two"
    assert genera("train", TINY, "--out", str(one), *noiseless).returncode == 0
    parallel = genera("train", TINY, "--out", str(two), *noiseless, "--num_devices", "2", "--strategy", "ddp")
    assert parallel.returncode == 0, parallel.stderr
    assert parallel.stdout.strip() == str(two)
    assert [row["step"] for row in losses(two)] == [row["step"] for row in losses(one)]
    for row_of_one, row_of_two in zip(losses(one), losses(two), strict=True):
        for name, value in row_of_one.items():
            if value:
                assert float(row_of_two[name]) == pytest.approx(float(value), rel=1e-5), name
