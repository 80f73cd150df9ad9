"""``genera compare``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from genera.commands.calling import call
from genera.commands.evaluate import chosen_measures
from genera.commands.table import print_table
from genera.core.files import write_whole
from genera.evaluation import classifier_of, default_measures, evaluate
from genera.reporting.cards import card_of
from genera.reporting.comparison import Comparison, Row, shown
from genera.reporting.figures import describe
from genera.reporting.report import report_html
from genera.reporting.side_by_side import pictures
from genera.reporting.style import style
from genera.zoo import TrainedModel, find_model

#: Left out unless asked for, as they take minutes of every model.
_SLOW = ("bits_per_dim@128", "cas")


def compare(
    models: list[str],
    *,
    out: Path,
    split: str = "test",
    measures: str | None = None,
    classifier: str | None = None,
    seed: int = 0,
    allow: list[str] | None = None,
) -> None:
    """Measure models of any family alike and write a report: a table, pictures side by side, what they say in words.

    What was measured before is not measured again, so a comparison can be interrupted and taken up. The report is one
    HTML file that needs no network; the figures are in comparison.json and comparison.csv as well.

    Args:
        models: run directories, or names that `genera models` lists, all of one data set.
        out: folder for the report.
        split: train, validation or test; tune on validation, and take the test figure once.
        measures: only these, with commas in between; all but bits_per_dim@128 and cas, which take minutes, where
            omitted.
        classifier: run directory or name of the classifier through which samples are looked at; lenet-DATA where
            omitted and shipped.
        seed: of the draws that are shown, and of the choice of images.
        allow: packages the models' and the classifier's configs may name besides ours; only those you trust.
    """
    found = [find_model(name) for name in models]
    _check_alike(found)
    allowed = allow or ()
    data = found[0].open_data()
    looking = classifier_of(data.name) if classifier is None else find_model(classifier)
    known = default_measures(looking, allow=allowed)
    if measures is None:
        known = {name: measure for name, measure in known.items() if name not in _SLOW}
    asked = chosen_measures(measures, known)
    rows = []
    for name, trained in zip(_short_names(found), found, strict=True):
        print(f"measuring {trained.name}", file=sys.stderr)
        result = evaluate(trained, data, asked, split=split, allow=allowed)
        kept = result["measures"]
        measured = {measure.name: kept[measure.name] for measure in asked if measure.name in kept}
        rows.append(Row(name, describe(trained), measured, result["unavailable"], _cost(trained)))
    comparison = Comparison(data.name, split, rows)
    write_whole(out / "comparison.json", comparison.as_json())
    write_whole(out / "comparison.csv", comparison.as_csv())
    with style():
        sections = pictures([(trained, trained.load(allow=allowed)) for trained in found], comparison, seed=seed)
        write_whole(out / "report.html", report_html(comparison, sections))
    _print(comparison)
    for name in ("comparison.json", "comparison.csv", "report.html"):
        print(out / name)


def _short_names(found: Sequence[TrainedModel]) -> list[str]:
    """The names of the folders, where they tell the models apart."""
    short = [trained.run.path.name for trained in found]
    return short if len(set(short)) == len(short) else [trained.name for trained in found]


def _check_alike(found: Sequence[TrainedModel]) -> None:
    """Refuse models that cannot be asked the same.

    Raises:
        ValueError: there are not two, a name comes twice, or they are of different data.
    """
    if len(found) < 2:
        raise ValueError(f"a comparison takes at least two models, got {len(found)}; genera evaluate measures one")
    if len({trained.name for trained in found}) < len(found):
        raise ValueError("a model is named twice: name each once")
    first = found[0]
    for trained in found[1:]:
        own, other = ((one.config["data"]["name"], one.spec.shape, one.spec.levels) for one in (first, trained))
        if own != other:
            of_own, of_other = (f"{name} {shape} with {levels} levels" for name, shape, levels in (own, other))
            raise ValueError(
                f"{first.name} is of {of_own} and {trained.name} of {of_other}: compare models of one data set"
            )


def _cost(trained: TrainedModel) -> dict[str, float]:
    if not trained.run.environment.is_file():
        return {}
    environment = json.loads(trained.run.environment.read_text())
    return {name: environment[name] for name in ("parameters", "cpu_seconds") if name in environment}


def _print(comparison: Comparison) -> None:
    """The table with a measure in each row: there are more of them than of models."""
    lines = []
    for name in comparison.names:
        best = comparison.best(name)
        cells = []
        for row in comparison.rows:
            measured = row.measures.get(name)
            cells.append("–" if measured is None else shown(measured) + (" *" if row is best else ""))
        lines.append([card_of(name).title, *cells])
    print_table([f"{comparison.data}, {comparison.split}", *(row.model for row in comparison.rows)], lines)
    print("* best, where its 95 % interval meets that of no other")


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(compare, arguments)
