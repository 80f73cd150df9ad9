"""Errors about settings are one line: what was given, what was expected, a suggestion."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from jsonargparse import ArgumentParser, _common
from running import TINY

from genera.config.import_policy import safe_parsing
from genera.config.model import build_model
from genera.config.registry import Registry
from genera.config.shipped_recipes import find_recipe
from genera.core import ImageSpec
from genera.training.recipe import Recipe

CONFIG = yaml.safe_load(Path(TINY).read_text())
Change = Callable[[dict[str, Any]], object]


def transforms(config: dict[str, Any]) -> list[Any]:
    return config["model"]["init_args"]["transforms"]


@pytest.mark.parametrize(
    ("change", "overrides", "message"),
    [
        (lambda c: c.update(batchsize=3), [], "unknown setting 'batchsize'; did you mean batch_size?"),
        (lambda c: None, ["--budgt", "3m"], "unknown setting 'budgt'; did you mean budget?"),
        (lambda c: None, ["--task.optimizer.lrr", "3"], "unknown setting 'lrr' of Adam; did you mean lr?"),
        (lambda c: None, ["--task.clip_norn", "3"], "unknown setting 'clip_norn' of LossTask; did you mean clip_norm?"),
        (lambda c: c["model"]["init_args"].update(transfroms=[]), [], "did you mean transforms?"),
        (lambda c: c["data"].update(nmae="digits"), [], "unknown setting 'data.nmae'; did you mean data.name?"),
        (lambda c: c.update(batch_size="many"), [], "batch_size: expected int, got many"),
        (lambda c: None, ["--task.clip_norm", "x"], "task.clip_norm: expected float, got x"),
        (lambda c: None, ["--precision", "8"], "precision: expected Literal['32-true', 'bf16-mixed'"),
        (lambda c: c.update(model=3), [], "model: expected import path or a subclass spec, but got 3"),
        (lambda c: c.pop("model"), [], "required: model"),
        (lambda c: c["model"].update(class_path="genera.flows.NormalisingFlow"), [], "did you mean NormalizingFlow?"),
        (lambda c: transforms(c).append("Logitt"), [], "no class 'Logitt' of the expected type; did you mean"),
        (lambda c: c["model"].update(class_path="torch.nn.ReLU"), [], "to be a subclass of"),
        (lambda c: c["model"].update(class_path="torch.nn.Linear"), [], "may not be named here"),
        (lambda c: c.update(device="tpu"), [], "device: expected Literal['auto', 'cpu', 'cuda', 'mps'"),
        (lambda c: c.update(batch_size=datetime.date(2026, 1, 1)), [], "batch_size: expected int, got 2026-01-01"),
        (lambda c: transforms(c)[1]["init_args"].pop("mask"), [], "required: mask"),
    ],
)  # fmt: skip
def test_bad_settings(change: Change, overrides: list[str], message: str) -> None:
    config = copy.deepcopy(CONFIG)
    change(config)
    with pytest.raises(ValueError) as caught:
        Recipe(config, overrides)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("path", ["os.system", "subprocess.Popen", "sklearn.svm.SVC", "builtins.eval"])
def test_other_classes_are_rejected_anywhere_in_a_config(path: str) -> None:
    in_model, in_list, in_mask = (copy.deepcopy(CONFIG) for _ in range(3))
    in_model["model"]["class_path"] = path
    transforms(in_list).append(path)
    transforms(in_mask)[1]["init_args"]["mask"] = path
    for config in (in_model, in_list, in_mask):
        with pytest.raises(ValueError, match="may not be named here"):
            Recipe(config)
        with pytest.raises(ValueError, match="only parts of models that genera exports"):
            build_model(config, ImageSpec(1, 8, 8))


def test_a_model_may_name_fewer_classes_than_a_recipe() -> None:
    config = copy.deepcopy(CONFIG)
    transforms(config).append({"class_path": "torch.optim.Adam"})
    with pytest.raises(ValueError, match="only parts of models that genera exports"):
        build_model(config, ImageSpec(1, 8, 8))


def test_allowed_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(TINY).parent)
    config = {"model": {"class_path": "noiseless.MeanImage"}}
    with pytest.raises(ValueError, match="--allow noiseless"):
        build_model(config, ImageSpec(1, 2, 2))
    assert build_model(config, ImageSpec(1, 2, 2), allow=["noiseless"]).spec == ImageSpec(1, 2, 2)


def test_a_model_has_the_memory_format_in_which_convolutions_are_fast() -> None:
    spec = ImageSpec(1, 8, 8)
    convolutions = [each for each in build_model(CONFIG, spec).modules() if isinstance(each, torch.nn.Conv2d)]
    assert all(each.weight.is_contiguous(memory_format=torch.channels_last) for each in convolutions)
    assert any(not each.weight.is_contiguous() for each in convolutions)


def test_the_settings_of_jsonargparse_are_restored() -> None:
    before = copy.deepcopy(_common.parsing_settings)
    Recipe(CONFIG)
    with pytest.raises(ValueError, match="expected int"):
        Recipe(CONFIG, ["--batch_size", "x"])
    assert _common.parsing_settings == before


def test_a_config_is_a_recipe_with_every_default_resolved() -> None:
    config = Recipe(CONFIG, ["--seed", "5"]).config
    assert config["seed"] == 5
    assert config["max_epochs"] == 3
    assert config["max_steps"] is None
    assert config["task"]["init_args"]["plateau"] is None
    assert "config" not in config
    assert transforms(config)[1]["init_args"]["conditioner"]["class_path"] == "genera.networks.GatedConvNet"
    assert Recipe(config).config == config


def test_unknown_recipes_suggest_similar_names(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no recipe 'realnvp_digit'.*realnvp_digits"):
        find_recipe("realnvp_digit")
    assert find_recipe(TINY) == Path(TINY)


def test_settings_are_written_while_another_config_is_parsed() -> None:
    """The import policy is shared by all threads, and another thread may be parsing."""
    settings = Recipe(CONFIG)
    expected = settings.config
    with safe_parsing(ArgumentParser(), Registry()):
        assert settings.config == expected
