"""Every command in the README runs, and its tables agree with the result files."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from running import fenced

from genera.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SHELL = [line for block in fenced(README, "bash") for line in block.splitlines()]
GENERA = [line for line in SHELL if line.startswith("genera ")]
MAKE = [line for line in SHELL if line.startswith("make ")]


def test_all_shell_lines_are_genera_or_make_commands() -> None:
    assert sorted(SHELL) == sorted(GENERA + MAKE)
    assert len(MAKE) == 2


@pytest.mark.parametrize("line", MAKE)
def test_make_has_the_targets(line: str) -> None:
    command = shlex.split(line, comments=True)
    done = subprocess.run([*command, "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not (ROOT / ".venv" / ".installed").exists(), reason="needs the environment made by make setup")
def test_make_quickstart_trains_evaluates_and_samples(tmp_path: Path) -> None:
    # The other of the two commands, `make test`, runs this test.
    environment = os.environ | {"GENERA_RUNS": str(tmp_path)}
    done = subprocess.run(
        ["make", "quickstart"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "quickstart-1").glob("*/figures/samples.png"))) == 3
    bits = re.findall(r"test bits/dim (\d\.\d+)", done.stdout)
    assert len(bits) == 2
    # Uniform pixels cost log2(17) = 4.09 bits; independent ones, with the frequencies of each position, 2.45.
    assert all(float(value) < 2.45 for value in bits)
    (agreeing,) = re.findall(r"cgan_digits: (\d+\.\d)% of samples are read as the digit", done.stdout)
    assert float(agreeing) > 80
    recognised = re.findall(r"(\w+)_digits: (\d+\.\d)% of samples are recognised", done.stdout)
    assert [family for family, _ in recognised] == ["realnvp", "vae", "cgan"]
    # 85, 93 and 100 on an idle machine. Budgets are wall time, so a slow machine may reach less.
    assert all(float(share) > 60 for _, share in recognised)


def test_the_tour_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, with a few steps instead of minutes, which a slow machine may spend on less than one."""
    for index in range(100):
        (tmp_path / "my-pictures").mkdir(exist_ok=True)
        Image.linear_gradient("L").rotate(index).save(tmp_path / "my-pictures" / f"{index}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENERA_RUNS", raising=False)
    for line in GENERA:
        if "--data mnist" in line and "GENERA_DATA" not in os.environ:
            continue
        line = re.sub(r"--budget (\d+)m", lambda match: f"--max_steps {min(3 * int(match[1]), 6)}", line)
        line = line.replace("--validation_images 1000", "--validation_images 32")
        assert main(shlex.split(line, comments=True)[1:]) == 0, line
    for path in ("samples.png", "cooler.png", "rebuilt.png", "scores.csv"):
        assert (tmp_path / path).stat().st_size > 0, path


def test_the_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, with a shorter time budget."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENERA_RUNS", raising=False)
    namespace: dict[str, object] = {}
    for block in fenced(README, "python"):
        exec(block.replace('budget="1m"', 'budget="3s"'), namespace)
    assert (tmp_path / "samples.png").is_file()
    assert (tmp_path / "comparison" / "report.html").is_file()
    assert list((tmp_path / "runs" / "realnvp_digits-digits-1" / "figures").glob("*.png"))


def test_the_tables_agree_with_the_result_files() -> None:
    spec = importlib.util.spec_from_file_location("results", ROOT / "tools" / "results.py")
    assert spec is not None
    assert spec.loader is not None
    results = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(results)
    assert results.with_table(README, results.family_table()) == README
    assert results.with_table(README, results.speed_table(), begin=results.BEGIN_SPEED) == README
    measured = results.RESULTS.read_text(encoding="utf-8")
    assert results.with_table(measured, results.results_table()) == measured
    vaes = results.VAES.read_text(encoding="utf-8")
    assert results.with_table(vaes, results.likelihood_table()) == vaes
    fast = results.FAST_FLOWS.read_text(encoding="utf-8")
    assert results.with_table(fast, results.flow_table()) == fast
    gans = results.GANS.read_text(encoding="utf-8")
    assert results.with_table(gans, results.gan_table()) == gans


def test_the_links_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 5
    for link in links:
        assert (ROOT / link).exists(), link
