"""``genera models``."""

from __future__ import annotations

from genera.config.shipped_recipes import recipe_paths
from genera.core.text_table import format_table
from genera.evaluation.results.rows import format_value, headlines
from genera.runs.readers import read_evaluation
from genera.zoo import TrainedModel, shipped_models


def models(*, all: bool = False) -> None:
    """List the recipes and the trained models that ship with Genera.

    Train a recipe with `genera train RECIPE`. Use a model by its name, as in `genera sample MODEL`. The measures of a
    model are those of the test images of its data set; `genera evaluate MODEL` shows their intervals.

    Args:
        all: print all measures of the trained models instead of the three that matter most.
    """
    recipes: dict[str, list[list[str]]] = {}
    for name, path in recipe_paths().items():
        description = _first_sentence(path.read_text(encoding="utf-8"))
        recipes.setdefault(path.parent.name, []).append([name, description])
    trained: dict[str, list[list[str]]] = {}
    for model in shipped_models():
        size = f"{model.run.weights.stat().st_size / 1e6:.1f} MB"
        trained.setdefault(model.config["data"]["name"], []).append([model.name, size, _measures(model, all=all)])
    print(_grouped(["recipe", "description"], recipes), end="\n\n")
    print(_grouped(["model, Apache-2.0", "size", "measured on test images"], trained))


def _grouped(header: list[str], groups: dict[str, list[list[str]]]) -> str:
    return format_table([header, *(row for group, rows in groups.items() for row in ([group], *rows))])


def _first_sentence(recipe: str) -> str:
    """The first sentence of the comment at the top of a recipe."""
    comment = " ".join(line[1:].strip() for line in recipe.splitlines() if line.startswith("#"))
    return comment.partition(". ")[0].partition(": ")[0].rstrip(".")


def _measures(model: TrainedModel, *, all: bool) -> str:
    if not model.run.evaluation.is_file():
        return "not measured"
    measures = read_evaluation(model.run.evaluation)["measures"]
    names = list(measures) if all else headlines(measures)
    return ", ".join(f"{name}\N{NO-BREAK SPACE}{format_value(measures[name])}" for name in names)
