"""Long training at ten times the learning rate trains, or stops with an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from running import TINY, checkpoint_of, losses

import genera as library
from genera.cli import main

STEPS = 2000
CONDITIONER = {"class_path": "genera.networks.GatedConvNet", "init_args": {"width": 4, "num_blocks": 1}}


def couplings(**arguments: Any) -> dict[str, Any]:
    return {"class_path": "Couplings", "init_args": {"mask": "genera.flows.checkerboard", **arguments}}


def test_two_thousand_steps_train_or_stop_with_a_good_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, run = tmp_path / "recipe.yaml", tmp_path / "run"
    config = yaml.safe_load(Path(TINY).read_text())
    noise = couplings(count=1, conditioner=CONDITIONER)
    steps = {"count": 1, "conditioner": CONDITIONER, "elementwise": "RationalQuadraticSpline"}
    config["model"]["init_args"] = {
        "dequantizer": {"class_path": "VariationalDequantizer", "init_args": {"transforms": [noise]}},
        "transforms": [
            {"class_path": "Logit"},
            couplings(count=2, conditioner=CONDITIONER, elementwise="Affine"),
            {"class_path": "Squeeze"},
            {
                "class_path": "Split",
                "init_args": {
                    "transforms": [{"class_path": "GlowSteps", "init_args": steps}],
                    "prior": "SplitPrior",
                },
            },
        ],
    }
    # Ten times the learning rate of the recipes, and constant.
    config["task"]["init_args"] = {
        "optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 1e-2}},
        "clip_norm": 1.0,
    }
    # Through JSON, because safe_dump would write aliases.
    recipe.write_text(yaml.safe_dump(json.loads(json.dumps(config))))
    often = ("--batch_size", "16", "--validation_images", "64", "--log_every", "50", "--validate_every", "5")
    code = main(["train", str(recipe), "--out", str(run), "--max_steps", str(STEPS), "--max_epochs", "1000", *often])
    if code == 0:
        bits = [float(row["validation/bits_per_dim"]) for row in losses(run) if row["validation/bits_per_dim"]]
        # Independent pixels with the frequencies at each position need 2.45 bits.
        assert bits[-1] < 2.45
    else:
        assert code == 2
        assert "is not finite at step" in capsys.readouterr().err
    checkpoint = checkpoint_of(run)
    assert (checkpoint["global_step"] == STEPS) == (code == 0)
    for state in (checkpoint["state_dict"], library.load(str(run)).state_dict()):
        assert all(value.isfinite().all() for value in state.values())
