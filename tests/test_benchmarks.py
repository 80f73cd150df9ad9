"""The benchmarks run, and compare equal models."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch

from genera.evaluation.metrics import frechet_distance

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
FLOWS = str(BENCHMARKS / "flows.py")
VAES = str(BENCHMARKS / "vaes.py")
GANS = str(BENCHMARKS / "gans.py")
TIME_TO_QUALITY = str(BENCHMARKS / "time_to_quality.py")
EVALUATION = str(BENCHMARKS / "evaluation.py")
BUSY = str(BENCHMARKS / "busy.py")
TURNS = str(BENCHMARKS / "turns.py")


@pytest.fixture
def flows(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The namespace of ``benchmarks/flows.py``."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return runpy.run_path(FLOWS)


def test_the_naive_flow_has_the_parameters_of_the_recipe(flows: dict[str, Any]) -> None:
    for model in (flows["ours"](), flows["RealNVP"]()):
        assert sum(parameter.numel() for parameter in model.parameters()) == 1_711_818


def test_the_naive_flow_agrees_with_the_library(flows: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model, naive = flows["ours"](), flows["RealNVP"]()
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    flows["copy_weights"](model, naive)
    model.to(memory_format=torch.channels_last)
    images = flows["random_images"](4)

    torch.manual_seed(1)
    nll = model.loss(images).total
    torch.manual_seed(1)
    nll_naive = naive(images)
    torch.testing.assert_close(nll, nll_naive, rtol=1e-4, atol=0)

    nll.mean().backward()
    nll_naive.mean().backward()
    for parameter, counterpart in zip(model.parameters(), naive.parameters(), strict=True):
        expected = counterpart.grad.view_as(parameter)
        assert (parameter.grad - expected).norm() <= 1e-4 * expected.norm()


def test_the_benchmark_of_flows_prints_every_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setattr(sys, "argv", [FLOWS, "--steps", "1", "--batch", "2"])
    runpy.run_path(FLOWS, run_name="__main__")
    table = capsys.readouterr().out
    for side in ("library, float32", "library, bfloat16", "naive, float32"):
        assert side in table


def test_the_benchmark_of_vaes_prints_every_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setattr(sys, "argv", [VAES, "--rounds", "1", "--steps", "2", "--batch", "4"])
    # pythae sets an address in the environment, which later trainings on several processes would use.
    with mock.patch.dict(os.environ):
        runpy.run_path(VAES, run_name="__main__")
    table = capsys.readouterr().out
    for side in ("library, float32", "library, bfloat16", "pythae, float32"):
        assert side in table


def test_the_benchmark_of_gans_prints_every_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setattr(sys, "argv", [GANS, "--rounds", "1", "--steps", "2", "--batch", "4"])
    runpy.run_path(GANS, run_name="__main__")
    tables = capsys.readouterr().out
    for side in ("library, float32", "library, bfloat16", "plain, float32", "sampling"):
        assert tables.count(side) == 2


def test_the_benchmark_of_evaluation_prints_every_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setattr(sys, "argv", [EVALUATION, "--rounds", "1", "--images", "40", "--features", "4"])
    runpy.run_path(EVALUATION, run_name="__main__")
    lines = capsys.readouterr().out
    for part in ("LeNet features of 80 images", "torchmetrics", "prdc"):
        assert part in lines


def test_both_frechet_distances_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    module = runpy.run_path(EVALUATION)
    samples, real = torch.randn(50, 5), 2 * torch.randn(60, 5)
    assert float(frechet_distance(samples, real)) == pytest.approx(float(module["their_distance"](samples, real)))


def test_the_time_of_passing_a_threshold_is_interpolated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    seconds_to = runpy.run_path(TIME_TO_QUALITY)["seconds_to"]
    curve = [(10.0, 3.0), (20.0, 2.0), (30.0, 1.0)]
    assert [seconds_to(threshold, curve) for threshold in (3.5, 2.0, 1.75, 0.9)] == [10.0, 20.0, 22.5, None]


def test_the_benchmark_of_time_to_quality_prints_and_draws_every_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    options = ["--data", "digits", "--minutes", "0.001", "--images", "20", "--threshold", "20", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [TIME_TO_QUALITY, *options])
    runpy.run_path(TIME_TO_QUALITY, run_name="__main__")
    table = (tmp_path / "time_to_quality.md").read_text()
    assert table in capsys.readouterr().out
    for side in ("flow_fast", "realnvp", "Glow of normflows"):
        assert side in table
    results = json.loads((tmp_path / "time_to_quality.json").read_text())
    assert set(results["curves"]) == {"flow_fast", "realnvp", "Glow of normflows"}
    assert all(0 < bits < 20 for curve in results["curves"].values() for _, bits in curve)
    assert (tmp_path / "time_to_quality.png").is_file()


def test_the_benchmark_of_busy_machines_prints_and_writes_every_turn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    options = ["--rounds", "1", "--seconds", "0.01", "--sides", "passive", "--workloads", "training, gan"]
    monkeypatch.setattr(sys, "argv", [BUSY, *options, "--out", str(tmp_path)])
    runpy.run_path(BUSY, run_name="__main__")
    table = capsys.readouterr().out
    for part in ("training, gan", "passive", "alone", "half busy process", "two at once"):
        assert part in table
    loads = json.loads((tmp_path / "busy.json").read_text())["turns"]["training, gan"]
    assert list(loads) == ["alone", "half busy process", "busy process", "two at once"]
    for sides in loads.values():
        assert list(sides) == ["passive"]
        assert sides["passive"]["rate"] > 0
        assert sides["passive"]["others"] >= 0


def test_every_workload_of_the_benchmark_of_busy_machines_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    turns = runpy.run_path(TURNS)
    assert len(turns["WORKLOADS"]) == 4
    for set_up in turns["WORKLOADS"].values():
        rate, others = turns["turn"](set_up(), 0)
        assert rate > 0
        assert others >= 0


def test_turns_use_the_waiting_policy_of_the_environment() -> None:
    """The library sets a policy only if torch is not loaded yet."""
    program = "import turns, os; print(os.environ.get('OMP_WAIT_POLICY'))"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=BENCHMARKS, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "None", done.stderr
