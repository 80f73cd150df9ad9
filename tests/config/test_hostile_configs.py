"""Configs that would exhaust memory or time, or are incomplete, give a one-line error at once."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import complains

from genera.config.model import build_model
from genera.config.model_size import check_size
from genera.config.shipped_recipes import find_recipe
from genera.core import ImageSpec
from genera.runs.yaml_files import MAX_CONFIG_CHARACTERS, MAX_CONFIG_DEPTH, read_yaml
from genera.training.recipe import Recipe
from genera.zoo import load

DIGITS = ImageSpec(1, 8, 8, levels=17, num_classes=10)
HUGE = 10**9
LAUGHS = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))
BOMB = f"a0: &a0 [lol, lol]\n{LAUGHS}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(BOMB, "aliases such as *a0 are not allowed", id="a billion laughs"),
        pytest.param(BOMB + "model: *a9\n", "aliases such as *a0 are not allowed", id="a billion laughs, used"),
        pytest.param("data: &d {name: *d}\n", "aliases such as *d are not allowed", id="an anchor within itself"),
        pytest.param("[" * 100_000, f"nested more than {MAX_CONFIG_DEPTH} deep", id="lists, 100,000 deep"),
        pytest.param("{a: " * 100_000, f"nested more than {MAX_CONFIG_DEPTH} deep", id="mappings, 100,000 deep"),
        pytest.param("- " * 100_000, f"nested more than {MAX_CONFIG_DEPTH} deep", id="a list of dashes"),
        pytest.param("#" * (MAX_CONFIG_CHARACTERS + 1), "longer than 1,000,000 characters", id="too long"),
        pytest.param("seed: " + "9" * 5000, "not valid YAML", id="5,000 digits"),
        pytest.param("day: 2026-13-45", "not valid YAML", id="an invalid date"),
        pytest.param("a: !!python/object/apply:os.system [id]", "not valid YAML", id="a Python object"),
        pytest.param(yaml.safe_dump({"latent_size": BOMB}), "aliases such as *a0", id="a billion laughs in text"),
        pytest.param(yaml.safe_dump({"seed": "[" * 3000}), "nested more than", id="lists in text, 3,000 deep"),
        pytest.param(yaml.safe_dump({"seed": "x" * 5000}), "longer than 4,096 characters", id="text that is too long"),
        pytest.param(f"a: [{'x, ' * 3000}]", "more than 2,000 names and values", id="a long list"),
        pytest.param("- 1\n", "must hold a mapping of settings, got list", id="a list"),
        pytest.param("", "must hold a mapping of settings, got NoneType", id="nothing"),
    ],
)
def test_yaml_is_read_in_bounded_time_and_memory(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content)
    with complains(str(path), message):
        read_yaml(path)


def test_yaml_of_another_encoding_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes("data: {name: digits}".encode("utf-16"))
    with complains("config.yaml"):
        read_yaml(tmp_path / "config.yaml")


def changed(recipe: str, key: str, value: Any) -> dict[str, Any]:
    """A shipped recipe with one setting changed, at its first occurrence."""
    config = copy.deepcopy(read_yaml(find_recipe(recipe)))

    def change(node: Any) -> bool:
        if isinstance(node, dict):
            if key in node:
                node[key] = value
                return True
            return any(change(child) for child in node.values())
        return isinstance(node, list) and any(change(child) for child in node)

    assert change(config["model"]) or not config["model"]["init_args"].update({key: value})
    return config


@pytest.mark.parametrize(
    ("recipe", "key", "message"),
    [
        ("vae_digits", "latent_size", "GB of memory"),
        ("vae_digits", "width", "GB of memory"),
        ("realnvp_digits", "width", "GB of memory"),
        ("realnvp_digits", "num_blocks", "too many parts"),
        ("realnvp_digits", "count", "count must be at least 1 and at most 1000"),
        ("cgan_digits", "latent_size", "GB of memory"),
        ("vae_discrete", "num_components", "GB of memory"),
        ("lenet", "width", "GB of memory"),
    ],
)
def test_models_that_do_not_fit_into_memory_are_rejected(recipe: str, key: str, message: str) -> None:
    with complains(message):
        build_model(changed(recipe, key, HUGE), DIGITS)


@pytest.mark.parametrize("value", [None, "many", [], {}, -1, 0, 0.5, float("nan"), 10**30, [[]] * 50])
def test_invalid_sizes_are_one_line(value: Any) -> None:
    with complains():
        build_model(changed("vae_digits", "latent_size", value), DIGITS)


def test_images_that_are_too_large_are_rejected() -> None:
    with complains("at most 16,777,216 values"):
        ImageSpec(1, HUGE, 28)


@pytest.mark.parametrize("recipe", ["realnvp_digits", "vae_digits", "cgan_digits", "wgan_gp", "flow_fast"])
def test_the_size_check_has_no_side_effects(recipe: str) -> None:
    spec = ImageSpec(1, 28, 28, num_classes=10)
    model = build_model(read_yaml(find_recipe(recipe)), spec)
    assert all(tensor.device.type == "cpu" for tensor in (*model.parameters(), *model.buffers()))
    check_size(lambda: build_model(read_yaml(find_recipe(recipe)), spec))


def test_a_model_may_read_values_in_its_constructor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "support")
    model = build_model({"model": "reading.ReadsValues"}, DIGITS, allow=["reading"])
    assert model.rates == pytest.approx([0.0, 0.5, 1.0])


def section(name: str, value: Any = None) -> Callable[[dict[str, Any]], object]:
    return lambda config: config.pop(name) if value is None else config.update({name: value})


DAMAGES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (section("data"), "the section data must name a data set"),
    (section("data", "digits"), "the section data must name a data set"),
    (section("data", {"name": ["digits"]}), "the section data must name a data set"),
    (section("spec"), "the section spec must hold whole numbers"),
    (section("spec", {"channels": 1}), "the section spec must hold whole numbers"),
    (lambda c: c["spec"].update(height="8"), "the section spec must hold whole numbers"),
    (lambda c: c["spec"].update(height=True), "the section spec must hold whole numbers"),
    (lambda c: c["spec"].update(height=HUGE), "at most 16,777,216 values"),
    (lambda c: c["spec"].update(levels=0), "levels must be between 2 and 256"),
    (section("model"), "model"),
    (section("model", {}), "model"),
    (section("model", []), "model"),
    (section("model", "genera.flows.NormalizingFlow"), "model"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES)
def test_an_incomplete_config_is_one_line(
    damage: Callable[[dict[str, Any]], object], message: str, trained: Path, tmp_path: Path, failing: Callable[..., str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    config = read_yaml(run / "config.yaml")
    damage(config)
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    with complains(message, "config.yaml"):
        load(str(run))
    commands = [("sample",), ("evaluate", "--measures", "bits_per_dim@1"), ("score",), ("figures",)]
    for name, *options in commands:
        assert message in failing(name, str(run), *options)
    assert message in failing("compare", str(run), str(trained), "--out", str(tmp_path / "comparison"))


@pytest.mark.parametrize(
    ("damage", "message"), [pair for pair in DAMAGES if pair[1].startswith(("model", "the section d"))]
)
def test_an_incomplete_recipe_is_one_line(damage: Callable[[dict[str, Any]], object], message: str) -> None:
    config = read_yaml(find_recipe("realnvp_digits"))
    damage(config)
    with complains(message):
        Recipe(config).arguments()
