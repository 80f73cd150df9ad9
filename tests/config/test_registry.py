"""A config may name parts and nothing else, by any import path."""

from __future__ import annotations

import builtins
import copy
import importlib
import inspect
import os
import pkgutil
import subprocess
from abc import ABC
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch.nn
import yaml
from cases import PACKAGES, complains
from jsonargparse import ArgumentParser
from lightning.pytorch import callbacks, loggers, strategies
from running import TINY

import genera
import genera.evaluation
from genera.config.model import build_model
from genera.config.registry import FUNCTION_MODULES, PART_PACKAGES, Registry
from genera.config.shipped_recipes import find_recipe
from genera.core import ImageSpec
from genera.runs.yaml_files import read_yaml
from genera.training.recipe import RECIPE_CLASSES, Recipe

DIGITS = ImageSpec(1, 8, 8, levels=17, num_classes=10)
VAE = read_yaml(find_recipe("vae_digits"))
FLOW = yaml.safe_load(Path(TINY).read_text())


def modules(root: ModuleType) -> Iterator[ModuleType]:
    """A package and all its modules."""
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
        yield importlib.import_module(found.name)


def callables() -> dict[str, object]:
    """Every callable in the modules of genera and torch.nn, by one of its import paths."""
    paths: dict[int, tuple[str, object]] = {}
    for module in (*modules(genera), *modules(torch.nn)):
        for name, named in inspect.getmembers(module, callable):
            paths.setdefault(id(named), (f"{module.__name__}.{name}", named))
    return dict(paths.values())


@pytest.fixture
def tripwires(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of forbidden functions that were called."""
    called: list[str] = []

    def set_wire(owner: Any, name: str) -> None:
        monkeypatch.setattr(owner, name, lambda *args, **kwargs: called.append(name))

    set_wire(importlib.import_module("genera.core.files"), "write_atomically")
    set_wire(importlib.import_module("genera.cli"), "main")
    for name in ("system", "execv", "remove", "unlink", "mkdir", "makedirs", "rename"):
        set_wire(os, name)
    set_wire(subprocess.Popen, "__init__")
    set_wire(ArgumentParser, "instantiate")
    real_open = builtins.open

    def watched_open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        # Reading signatures opens source files.
        if mode not in ("r", "rb"):
            called.append("open")
        return real_open(file, mode, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", watched_open)
    return called


def with_encoder(named: object) -> dict[str, Any]:
    config = copy.deepcopy(VAE)
    config["model"]["init_args"]["encoder"] = named
    return config


def with_mask(named: object) -> dict[str, Any]:
    config = copy.deepcopy(FLOW)
    config["model"]["init_args"]["transforms"][1]["init_args"]["mask"] = named
    return config


def test_only_parts_are_called(tripwires: list[str]) -> None:
    registry = Registry()
    others = {path: named for path, named in callables().items() if named not in registry}
    # The test is only meaningful if it finds many.
    assert len(others) > 1000
    assert {"genera.core.files.replace_atomically", "genera.cli.main", "torch.nn.Linear"} <= others.keys()
    for path, named in others.items():
        config = with_encoder(path) if inspect.isclass(named) else with_mask(path)
        with pytest.raises(ValueError) as caught:
            build_model(config, DIGITS)
        assert "\n" not in str(caught.value)
        assert not tripwires, (path, tripwires)


@pytest.mark.parametrize(
    ("path", "init_args"),
    [
        ("genera.core.files.write_atomically", {"path": "written", "content": "by a config"}),
        ("genera.core.files.check_writable", {"folder": "made"}),
        ("genera.cli.main", {"argv": ["train", "r.yaml", "--allow", "evil"]}),
        ("genera.runs.run_directory.runs_root", {}),
        ("genera.core.files.os.system", {"command": "touch written"}),
        ("genera.flows.masks.torch.hub.load", {}),
        ("genera.evaluation.evaluate", {}),
        ("torch.nn.Linear", {}),
        ("torch.nn.Sequential", {}),
    ],
)
def test_attacks_in_models_are_one_line(
    path: str, init_args: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tripwires: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for named in (path, {"class_path": path, "init_args": init_args}):
        for config in (with_encoder(named), with_mask(named), {"model": named}):
            with pytest.raises(ValueError) as caught:
                build_model(config, DIGITS)
            assert "\n" not in str(caught.value)
        with pytest.raises(ValueError):
            Recipe(with_encoder(named))
    assert not tripwires
    assert not any(tmp_path.iterdir())


def test_the_registry_contains_what_the_cases_cover() -> None:
    registry = Registry()
    assert {package.__name__ for package in (*PACKAGES, genera.evaluation)} == set(PART_PACKAGES)
    for package in (*PACKAGES, genera.evaluation):
        for name in package.__all__:
            export = getattr(package, name)
            if package is genera.evaluation and name not in package.PARTS:
                assert export not in registry
            elif inspect.isclass(export):
                assert (export in registry) != (inspect.isabstract(export) or ABC in export.__bases__), name
            elif callable(export):
                assert (export in registry) == (export.__module__ in FUNCTION_MODULES), name


def test_a_recipe_may_name_more_classes_than_a_model() -> None:
    model, recipe = Registry(), Registry(classes=RECIPE_CLASSES)
    for path, named in RECIPE_CLASSES.items():
        assert named not in model
        assert named in recipe
        assert path in recipe.import_paths
    assert torch.optim.Adam in recipe
    assert torch.nn.ReLU in model
    assert torch.nn.Linear not in recipe


def test_a_recipe_may_name_only_listed_classes_of_lightning_and_torch() -> None:
    registry = Registry(classes=RECIPE_CLASSES)
    for package in (torch.optim, callbacks, loggers, strategies):
        exports = {export for name in package.__all__ if inspect.isclass(export := getattr(package, name))}
        listed = exports & set(RECIPE_CLASSES.values())
        assert {export for export in exports if export in registry} == listed
        assert listed < exports
    assert callbacks.LambdaCallback not in registry


@pytest.mark.parametrize("setting", ["callbacks", "loggers", "probes", "strategy"])
@pytest.mark.parametrize(
    "path",
    ["genera.core.files.write_atomically", "os.system", "genera.evaluation.ResultWriter", "lightning.pytorch.Trainer"],
)
def test_attacks_in_recipes_are_one_line(setting: str, path: str, tripwires: list[str]) -> None:
    for named in (path, {"class_path": path, "init_args": {}}):
        if setting == "strategy" and isinstance(named, str):
            # The name of a strategy.
            continue
        config = copy.deepcopy(FLOW)
        config[setting] = named if setting == "strategy" else [named]
        with pytest.raises(ValueError) as caught:
            Recipe(config).arguments()
        assert "\n" not in str(caught.value)
        assert not tripwires


@pytest.mark.parametrize("package", ["os", "torch", "torch.hub", "genera", "lightning.pytorch", "subprocess"])
def test_packages_that_can_run_anything_are_never_allowed(package: str) -> None:
    with complains(f"--allow {package} would let a config run anything"):
        Registry(allow=[package])
    assert "--allow" not in Registry().refusal(f"{package}.system")
    assert "--allow stranger" in Registry().refusal("stranger.Model")


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ("genera.networks.ConvDecoder", "ConvDecoder does not fit here: it will be called with (tuple["),
        ("genera.networks.Mlp", "Mlp does not fit here"),
        ("genera.evaluation.Classifier", "Classifier does not fit here"),
        ("torch.nn.ReLU", "ReLU does not fit here"),
    ],
)  # fmt: skip
def test_a_factory_is_checked_before_it_is_called(encoder: str, message: str, tripwires: list[str]) -> None:
    for named in (encoder, {"class_path": encoder, "init_args": {}}):
        with pytest.raises(ValueError) as caught:
            build_model(with_encoder(named), DIGITS)
        assert not tripwires
    assert message in str(caught.value) or "required" in str(caught.value)


def test_a_dictionary_is_not_instantiated_where_any_type_is_accepted() -> None:
    config = copy.deepcopy(FLOW)
    config["loggers"] = [
        {
            "class_path": "lightning.pytorch.loggers.CSVLogger",
            "init_args": {"save_dir": ".", "name": {"class_path": "subprocess.Popen", "init_args": {"args": ["id"]}}},
        }
    ]
    with pytest.raises(ValueError, match="name"):
        Recipe(config).arguments()
