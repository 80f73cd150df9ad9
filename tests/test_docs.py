"""The examples in docs run and print what their comments say, and the values in docs agree with the result files."""

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

from genera.config.model import build_model
from genera.config.shipped_recipes import find_recipe, recipe_paths
from genera.core import ImageSpec
from genera.zoo import find_model

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
FLOWS = DOCUMENTS["flows.md"]
FAMILIES = ("flows", "vaes", "gans")
#: Name, image size and parameters of every row of the tables of recipes, by family.
RECIPES = {
    family: re.findall(r"^\| \[`(\w+)`\].*\| ([\d×]+(?:, \d+ levels)?) \| ([\d,]+) \|", text, re.MULTILINE)
    for family in FAMILIES
    for text in [DOCUMENTS[f"{family}.md"]]
}
TABLES = sorted(DOCS.glob("figures/*/*.md"))
NUMBER = re.compile(r"-?\d+(?:\.\d*)?")


def output_of(block: str, namespace: dict[str, Any], *, name: str) -> str:
    """Run a block and return its output."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, name, "exec"), namespace)
    return printed.getvalue()


def agree(comment: str, printed: str) -> bool:
    """Whether a printed line equals the comment, up to spaces and a few percent of decimal numbers."""
    if NUMBER.sub("0", comment).split() != NUMBER.sub("0", printed).split():
        return False
    pairs = zip(NUMBER.findall(comment), NUMBER.findall(printed), strict=True)
    return all(float(b) == pytest.approx(float(a), rel=0.05) if "." in a else a == b for a, b in pairs)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_examples_run_and_print_their_comments(name: str) -> None:
    namespace: dict[str, Any] = {}
    with torch.random.fork_rng(devices=[]):
        for index, block in enumerate(fenced(DOCUMENTS[name], "python")):
            printed = output_of(block, namespace, name=f"{name}, example {index + 1}").splitlines()
            comments = re.findall(r"^print\(.*\)  # (.+)$", block, re.MULTILINE)
            assert len(comments) == len(printed), block
            for comment, line in zip(comments, printed, strict=True):
                assert agree(comment, line), f"{name}, example {index + 1} says {comment} and prints {line}"


def test_lines_agree_only_if_their_numbers_do() -> None:
    assert agree("[1.9, 32] bits", "[1.88,  32] bits")
    assert not agree("[1.9, 32]", "[1.5, 32]")
    assert not agree("[1.9, 32]", "[1.9, 33]")
    assert not agree("1.9 bits", "1.9 nats")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_links_exist(name: str) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)\)", DOCUMENTS[name]):
        assert link.startswith("https://") or (DOCS / link).exists(), link


@pytest.mark.parametrize("family", FAMILIES)
def test_the_tables_list_exactly_the_recipes_of_a_family(family: str) -> None:
    shipped = [name for name, path in recipe_paths().items() if path.parent.name == family]
    assert sorted(name for name, _, _ in RECIPES[family]) == sorted(shipped)
    assert set(re.findall(r"genera train (\w+)(?![.\w])", DOCUMENTS[f"{family}.md"])) <= set(recipe_paths())


@pytest.mark.parametrize(("name", "images", "parameters"), [row for rows in RECIPES.values() for row in rows])
def test_the_parameters_in_the_tables_are_correct(name: str, images: str, parameters: str) -> None:
    channels, height, width, *levels = map(int, re.findall(r"\d+", images))
    config = yaml.safe_load(find_recipe(name).read_text(encoding="utf-8"))
    model = build_model(config, ImageSpec(channels, height, width, *levels, num_classes=10))
    assert f"{sum(parameter.numel() for parameter in model.parameters()):,}" == parameters


@pytest.mark.parametrize("block", [block for text in DOCUMENTS.values() for block in fenced(text, "yaml")])
def test_the_models_in_yaml_can_be_built(block: str) -> None:
    model = build_model(yaml.safe_load(block), ImageSpec(1, 28, 28, num_classes=10))
    assert model.spec.num_dims == 784


def test_the_bits_per_dim_of_the_shipped_model_are_its_own() -> None:
    (value,) = re.findall(r"digits ([\d.]+) \(\$M = 128\$\), our `realnvp-digits`", FLOWS)
    measured = json.loads(find_model("realnvp-digits").run.evaluation.read_text())["measures"]
    assert value == f"{measured['bits_per_dim@128']['value']:.3f}"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_the_tables_of_benchmarks_are_in_the_documents(path: Path) -> None:
    assert any(path.read_text(encoding="utf-8") in document for document in DOCUMENTS.values())


def test_the_comparisons_are_of_all_models_that_can_sample() -> None:
    zoo_models = runpy.run_path(str(ROOT / "tools" / "comparisons.py"))["zoo_models"]
    for data in ("mnist", "fashion-mnist"):
        folder = DOCS / "comparison" / data
        comparison = json.loads((folder / "comparison.json").read_text())
        assert [row["model"] for row in comparison["models"]] == zoo_models(data)
        for row in comparison["models"]:
            measures = json.loads(find_model(row["model"]).run.evaluation.read_text())["measures"]
            for name in row["measures"].keys() & measures.keys():
                assert row["measures"][name]["value"] == measures[name]["value"]
