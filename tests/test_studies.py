"""The variants of studies differ, their files agree with their settings, and their tables agree with their files."""

from __future__ import annotations

import json
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from genera.commands.typed_command import split_dataset
from genera.core import ImageSpec
from genera.data import find_dataset
from genera.training.recipe import Recipe

ROOT = Path(__file__).parents[1]
STUDIES = ROOT / "studies"
DOCUMENTS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))]
NAMES = {
    *("ae_sizes", "equal_time", "fast_flows", "flow_ablation"),
    *("gan_feature_matching", "gan_variants", "vae_beta", "vae_datasets"),
}


@cache
def recipe_of(config: str, words: tuple[str, ...] = ()) -> Recipe:
    """A recipe from a config as JSON; two tests need that of every variant, and parsing takes half a second."""
    content = json.loads(config)
    data, overrides = split_dataset(words)
    if data is not None:
        content["data"] = {"name": data}
    return Recipe(content, overrides)


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """The namespace of every file of ``studies`` that defines a study, by the file's name."""
    monkeypatch.syspath_prepend(STUDIES)
    modules = {path.stem: runpy.run_path(str(path)) for path in sorted(STUDIES.glob("*.py"))}
    return {name: module for name, module in modules.items() if "STUDY" in module}


def recipe_of_variant(variant: Any) -> Recipe:
    return recipe_of(json.dumps(variant.config()), tuple(variant.arguments))


def test_all_variants_of_a_study_differ(studies: dict[str, dict[str, Any]]) -> None:
    assert set(studies) == NAMES
    for module in studies.values():
        configs = set()
        for variant in module["STUDY"].variants.values():
            recipe = recipe_of_variant(variant)
            assert recipe.model(ImageSpec(1, 28, 28, 256, 10)).spec.num_classes == 10
            configs.add(json.dumps([recipe.config, variant.machine], sort_keys=True))
        assert len(configs) == len(module["STUDY"].variants)


def test_the_files_of_a_study_have_the_settings_of_its_variants(studies: dict[str, dict[str, Any]]) -> None:
    compared = ("model", "task", "data", "batch_size", "budget", "max_steps", "max_epochs", "seed", "precision")
    for study in (module["STUDY"] for module in studies.values()):
        for name in study.measured_variants():
            variant = study.variants[name]
            stored = yaml.safe_load((study.variant_folder(name) / "config.yaml").read_text())
            # Settings that were added later have their defaults.
            stored = recipe_of(json.dumps({key: stored[key] for key in compared})).config
            config = recipe_of_variant(variant).config
            assert {key: stored[key] for key in compared} == {key: config[key] for key in compared}, name


def test_the_tables_of_a_study_agree_with_its_files(studies: dict[str, dict[str, Any]]) -> None:
    for name, module in studies.items():
        stored = {path.stem: path.read_text(encoding="utf-8") for path in module["STUDY"].folder.glob("*.md")}
        # A study in progress has no tables.
        assert not stored or stored == module["tables"](), name


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*/*.md")), ids=lambda path: path.stem)
def test_the_tables_of_studies_are_in_the_documents(path: Path) -> None:
    assert any(path.read_text(encoding="utf-8") in document for document in DOCUMENTS)


def test_the_table_of_the_audit_agrees_with_its_values() -> None:
    audit = runpy.run_path(str(STUDIES / "audit.py"))
    values = json.loads((STUDIES / "audit" / "values.json").read_text())
    assert audit["table"](values) == (STUDIES / "audit" / "table.md").read_text(encoding="utf-8")


def test_planted_failures_are_as_described() -> None:
    audit = runpy.run_path(str(STUDIES / "audit.py"))
    digits = find_dataset("digits")()
    images, train = digits.split("test"), digits.split("train")
    planted = {}
    for name, (plant, strengths) in audit["FAILURES"].items():
        planted[name] = plant(images, train, strengths[-1], torch.Generator().manual_seed(0))
        assert planted[name].shape == images.pixels.shape
        assert planted[name].dtype == torch.uint8
    fours = images.labels == 4
    dropped = planted["a class dropped, share"]
    assert torch.equal(dropped[~fours], images.pixels[~fours])
    others = {image.numpy().tobytes() for image in images.pixels[~fours]}
    assert all(image.numpy().tobytes() in others for image in dropped)
    training_images = {image.numpy().tobytes() for image in train.pixels}
    copies = sum(image.numpy().tobytes() in training_images for image in planted["copies of training images, share"])
    assert copies == pytest.approx(len(images) / 2, abs=1)
    assert len(planted["repeats, share"].unique(dim=0)) == 1
    assert (planted["less contrast, share"] <= images.pixels).all()
