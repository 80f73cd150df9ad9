"""The README does what it says: every command in it runs, and its figures are those of the files behind them."""

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


def test_there_is_nothing_else_to_type() -> None:
    assert sorted(SHELL) == sorted(GENERA + MAKE)
    assert len(MAKE) == 2


@pytest.mark.parametrize("line", MAKE)
def test_make_knows_its_targets(line: str) -> None:
    command = shlex.split(line, comments=True)
    done = subprocess.run([*command, "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not (ROOT / ".venv" / ".installed").exists(), reason="needs the environment that make setup makes")
def test_make_quickstart_trains_measures_and_draws(tmp_path: Path) -> None:
    # The other of the two commands is the one that runs this.
    environment = os.environ | {"GENERA_RUNS": str(tmp_path)}
    done = subprocess.run(
        ["make", "quickstart"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "quickstart-1").glob("*/figures/samples.png"))) == 3
    bits = re.findall(r"test bits/dim (\d\.\d+)", done.stdout)
    assert len(bits) == 2
    # Uniform pixels cost log2(17) = 4.09 bits; independent ones, with the frequencies of each position, 2.45.
    assert all(float(found) < 2.45 for found in bits)
    (agreeing,) = re.findall(r"cgan_digits: (\d+\.\d)% of samples are read as the digit", done.stdout)
    assert float(agreeing) > 80
    recognised = re.findall(r"(\w+)_digits: (\d+\.\d)% of samples are recognised", done.stdout)
    assert [family for family, _ in recognised] == ["realnvp", "vae", "cgan"]
    # 85, 93 and 100 where nothing else runs. Budgets are of the clock, so a slow machine may have less.
    assert all(float(share) > 60 for _, share in recognised)


def test_the_tour_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its order, as one would type it; only the time budgets are cut."""
    for index in range(100):
        (tmp_path / "my-pictures").mkdir(exist_ok=True)
        Image.linear_gradient("L").rotate(index).save(tmp_path / "my-pictures" / f"{index}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENERA_RUNS", raising=False)
    for line in GENERA:
        if "--data mnist" in line and "GENERA_DATA" not in os.environ:
            continue
        line = re.sub(r"--budget (\d+)m", lambda found: f"--budget {2 + int(found[1])}s", line)
        line = line.replace("--validation_images 1000", "--validation_images 32").replace("--budget 32s", "--budget 5s")
        assert main(shlex.split(line, comments=True)[1:]) == 0, line
    for path in ("samples.png", "cooler.png", "rebuilt.png", "scores.csv"):
        assert (tmp_path / path).stat().st_size > 0, path


def test_the_python_in_it_runs() -> None:
    (block,) = fenced(README, "python")
    exec(block, {})


def test_the_tables_of_results_are_those_of_the_files() -> None:
    spec = importlib.util.spec_from_file_location("results", ROOT / "tools" / "results.py")
    assert spec is not None
    assert spec.loader is not None
    results = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(results)
    assert results.updated(README, results.families()) == README
    assert results.updated(README, results.speed(), begin=results.BEGIN_SPEED) == README
    measured = results.RESULTS.read_text(encoding="utf-8")
    assert results.updated(measured, results.results()) == measured
    vaes = results.VAES.read_text(encoding="utf-8")
    assert results.updated(vaes, results.likelihoods()) == vaes
    fast = results.FAST_FLOWS.read_text(encoding="utf-8")
    assert results.updated(fast, results.flows()) == fast
    gans = results.GANS.read_text(encoding="utf-8")
    assert results.updated(gans, results.sets()) == gans


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 5
    for link in links:
        assert (ROOT / link).exists(), link
