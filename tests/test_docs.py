"""What the documents in docs say is so: their examples run and print what they say, and their figures are true."""

from __future__ import annotations

import contextlib
import io
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from running import fenced

from genera.commands.typed_command import with_data_name
from genera.config.model import build_model
from genera.config.shipped_recipes import find_recipe, recipe_paths
from genera.core import ImageSpec
from genera.data import find_dataset
from genera.training.recipe import training_recipe
from genera.zoo import find_model

ROOT = Path(__file__).parents[1]
DOCS, STUDIES = ROOT / "docs", ROOT / "studies"
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
FLOWS = DOCUMENTS["flows.md"]
FAMILIES = ("flows", "vaes", "gans")
#: Name, images and parameters of every row of the tables of recipes, by family.
RECIPES = {
    family: re.findall(r"^\| \[`(\w+)`\].*\| ([\d×]+(?:, \d+ levels)?) \| ([\d,]+) \|", text, re.MULTILINE)
    for family in FAMILIES
    for text in [DOCUMENTS[f"{family}.md"]]
}
TABLES = sorted([*STUDIES.glob("*/*.md"), *DOCS.glob("figures/*/*.md")])
NUMBER = re.compile(r"-?\d+(?:\.\d*)?")


def outcome(block: str, namespace: dict[str, Any], *, name: str) -> str:
    """Run a block and give what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, name, "exec"), namespace)
    return printed.getvalue()


def agree(said: str, printed: str) -> bool:
    """Whether a line was printed as the comment has it, decimals to a few percent; spaces do not matter."""
    if NUMBER.sub("0", said).split() != NUMBER.sub("0", printed).split():
        return False
    pairs = zip(NUMBER.findall(said), NUMBER.findall(printed), strict=True)
    return all(float(b) == pytest.approx(float(a), rel=0.05) if "." in a else a == b for a, b in pairs)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_examples_run_and_print_what_they_say(name: str) -> None:
    namespace: dict[str, Any] = {}
    with torch.random.fork_rng(devices=[]):
        for index, block in enumerate(fenced(DOCUMENTS[name], "python")):
            printed = outcome(block, namespace, name=f"{name}, example {index + 1}").splitlines()
            said = re.findall(r"^print\(.*\)  # (.+)$", block, re.MULTILINE)
            assert len(said) == len(printed), block
            for one, other in zip(said, printed, strict=True):
                assert agree(one, other), f"{name}, example {index + 1} says {one} and prints {other}"


def test_lines_agree_only_where_their_numbers_do() -> None:
    assert agree("[1.9, 32] bits", "[1.88,  32] bits")
    assert not agree("[1.9, 32]", "[1.5, 32]")
    assert not agree("[1.9, 32]", "[1.9, 33]")
    assert not agree("1.9 bits", "1.9 nats")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_links_lead_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)\)", DOCUMENTS[name]):
        assert link.startswith("https://") or (DOCS / link).exists(), link


@pytest.mark.parametrize("family", FAMILIES)
def test_every_recipe_of_a_family_is_named_and_no_other(family: str) -> None:
    shipped = [name for name, path in recipe_paths().items() if path.parent.name == family]
    assert sorted(name for name, _, _ in RECIPES[family]) == sorted(shipped)
    assert set(re.findall(r"genera train (\w+)(?![.\w])", DOCUMENTS[f"{family}.md"])) <= set(recipe_paths())


@pytest.mark.parametrize(("name", "images", "parameters"), [row for rows in RECIPES.values() for row in rows])
def test_the_parameters_are_true(name: str, images: str, parameters: str) -> None:
    channels, height, width, *levels = map(int, re.findall(r"\d+", images))
    config = yaml.safe_load(find_recipe(name).read_text(encoding="utf-8"))
    model = build_model(config, ImageSpec(channels, height, width, *levels, num_classes=10))
    assert f"{sum(parameter.numel() for parameter in model.parameters()):,}" == parameters


@pytest.mark.parametrize("block", [block for text in DOCUMENTS.values() for block in fenced(text, "yaml")])
def test_the_models_in_yaml_can_be_made(block: str) -> None:
    model = build_model(yaml.safe_load(block), ImageSpec(1, 28, 28, num_classes=10))
    assert model.spec.num_dims == 784


def test_the_figure_of_the_shipped_model_is_its_own() -> None:
    (said,) = re.findall(r"digits ([\d.]+) \(\$M = 128\$\), our `realnvp-digits`", FLOWS)
    measured = json.loads(find_model("realnvp-digits").run.evaluation.read_text())["measures"]
    assert said == f"{measured['bits_per_dim@128']['value']:.3f}"


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """What every file of ``studies`` that has a study defines, by the file's name."""
    monkeypatch.syspath_prepend(STUDIES)
    found = {path.stem: runpy.run_path(str(path)) for path in sorted(STUDIES.glob("*.py"))}
    return {name: module for name, module in found.items() if "STUDY" in module}


def test_every_variant_of_a_study_is_a_training_of_its_own(modules: dict[str, dict[str, Any]]) -> None:
    of_gans = {"gan_feature_matching", "gan_variants"}
    assert (
        set(modules) == {"ae_sizes", "equal_time", "fast_flows", "flow_ablation", "vae_beta", "vae_datasets"} | of_gans
    )
    for module in modules.values():
        described = set()
        for variant in module["STUDY"].variants.values():
            config = training_recipe(variant.config(), with_data_name(variant.arguments)).config
            build_model(config, ImageSpec(1, 28, 28, 256, 10))
            described.add(json.dumps(config, sort_keys=True))
        assert len(described) == len(module["STUDY"].variants)


def test_the_files_of_a_study_are_of_its_variants(modules: dict[str, dict[str, Any]]) -> None:
    compared = ("model", "task", "data", "batch_size", "budget", "max_steps", "max_epochs", "seed", "precision")
    for study in (module["STUDY"] for module in modules.values()):
        for name in study.done():
            variant, kept = study.variants[name], yaml.safe_load((study.kept(name) / "config.yaml").read_text())
            # A setting that there was not yet has its default.
            kept = training_recipe({key: kept[key] for key in compared}).config
            config = training_recipe(variant.config(), with_data_name(variant.arguments)).config
            assert {key: kept[key] for key in compared} == {key: config[key] for key in compared}, name


def test_the_tables_of_a_study_are_made_of_its_files(modules: dict[str, dict[str, Any]]) -> None:
    for name, module in modules.items():
        kept = {path.stem: path.read_text(encoding="utf-8") for path in module["STUDY"].folder.glob("*.md")}
        # While a study is in the making it has none.
        assert not kept or kept == module["tables"](), name


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_the_tables_of_studies_and_benchmarks_are_in_the_documents(path: Path) -> None:
    assert any(path.read_text(encoding="utf-8") in document for document in DOCUMENTS.values())


def test_the_audit_is_made_of_its_figures() -> None:
    audit = runpy.run_path(str(STUDIES / "audit.py"))
    found = json.loads((STUDIES / "audit" / "figures.json").read_text())
    text = (STUDIES / "audit" / "table.md").read_text(encoding="utf-8")
    assert audit["table"](found) == text
    assert text in DOCUMENTS["measures.md"]


def test_planted_failures_are_what_they_say() -> None:
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
    rest = {image.numpy().tobytes() for image in images.pixels[~fours]}
    assert all(image.numpy().tobytes() in rest for image in dropped)
    shown = {image.numpy().tobytes() for image in train.pixels}
    copies = sum(image.numpy().tobytes() in shown for image in planted["copies of training images, share"])
    assert copies == pytest.approx(len(images) / 2, abs=1)
    assert len(planted["repeats, share"].unique(dim=0)) == 1
    assert (planted["less contrast, share"] <= images.pixels).all()


def test_the_comparisons_are_of_all_models_that_draw() -> None:
    of_zoo = runpy.run_path(str(ROOT / "tools" / "comparisons.py"))["of_zoo"]
    for data in ("mnist", "fashion-mnist"):
        folder = DOCS / "comparison" / data
        comparison = json.loads((folder / "comparison.json").read_text())
        assert [row["model"] for row in comparison["models"]] == of_zoo(data)
        report = (folder / "report.html").read_text(encoding="utf-8")
        for row in comparison["models"]:
            weights = find_model(row["model"]).run.evaluation
            # Of the whole split both, so one figure: the comparison is of the weights that ship.
            for name in ("mse", "bits_per_dim@8"):
                if name in row["measures"]:
                    own = json.loads(weights.read_text())["measures"][name]["value"]
                    assert row["measures"][name]["value"] == own
            assert f"<td>{row['model']}<small>" in report
