"""``genera models``."""

from __future__ import annotations

from genera.commands.table import print_table
from genera.config.shipped_recipes import recipe_paths
from genera.runs.readers import read_evaluation
from genera.zoo import TrainedModel, shipped_models


def models() -> None:
    """List the recipes and the trained models that ship with Genera.

    Train a recipe with `genera train RECIPE`. Use a model by its name, as in `genera sample MODEL`.
    """
    recipes = [
        [name, path.parent.name, _first_sentence(path.read_text(encoding="utf-8"))]
        for name, path in recipe_paths().items()
    ]
    print_table(["recipe", "family", "description"], recipes)
    print()
    print_table(["model", "trained on", "size", "licence", "scores"], [_row(model) for model in shipped_models()])


def _first_sentence(recipe: str) -> str:
    """The first sentence of the comment at the top of a recipe."""
    comment = " ".join(line[1:].strip() for line in recipe.splitlines() if line.startswith("#"))
    return comment.partition(". ")[0].partition(": ")[0].rstrip(".")


def _row(model: TrainedModel) -> list[str]:
    size = f"{model.run.weights.stat().st_size / 1e6:.1f} MB"
    return [model.name, model.config["data"]["name"], size, "Apache-2.0", _scores(model)]


def _scores(model: TrainedModel) -> str:
    if not model.run.evaluation.is_file():
        return "not measured"
    evaluation = read_evaluation(model.run.evaluation)
    scores = [f"{name} {value['value']:.3f}" for name, value in evaluation["measures"].items()]
    return f"{', '.join(scores)} ({evaluation['data']} {evaluation['split']})"
