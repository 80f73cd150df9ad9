"""``genera compare``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from genera.commands.evaluate import chosen_measures, known_measures
from genera.commands.table import print_table
from genera.commands.typed_command import call
from genera.core import check_seed
from genera.core.files import check_writable, write_atomically
from genera.data import ImageDataset
from genera.evaluation import Measure, ResultWriter, evaluate, result_path
from genera.reporting.comparison import Comparison, Row, shown
from genera.reporting.comparison_figures import Compared, pictures
from genera.reporting.figures import describe
from genera.reporting.measure_info import info_of
from genera.reporting.report import report_html
from genera.reporting.style import style
from genera.runs.readers import read_environment, read_evaluation
from genera.zoo import TrainedModel, check_distinct, find_model

#: Left out unless asked for, as they take minutes of every model.
_SLOW = ("bits_per_dim@128", "cas")


def compare(
    models: list[str],
    *,
    out: Path,
    split: str = "test",
    measures: str | None = None,
    shared_measures: bool = False,
    count: int | None = None,
    classifier: str | None = None,
    inception: Path | None = None,
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
        shared_measures: take models of different data or sizes as well, each asked about its own images, and compare
            what means the same on any.
        count: images drawn for every measure of sets, beside as many real ones; 10,000 where omitted, or as many as
            the split has.
        classifier: run directory or name of the classifier through which samples are looked at; lenet-DATA where
            omitted and shipped.
        inception: file with the weights of Inception v3, for measures such as fd[inception]: the .pth of pytorch-fid.
        seed: of the draws that are shown, and of the choice of images.
        allow: packages the models' and the classifier's configs may name besides ours; only those you trust.
    """
    check_seed(seed)
    found = [find_model(name) for name in models]
    if len(found) < 2:
        raise ValueError(f"a comparison takes at least two models, got {len(found)}; genera evaluate measures one")
    check_distinct(found)
    if not shared_measures:
        _check_alike(found)
    allowed = allow or ()
    questions: dict[str, tuple[ImageDataset, list[Measure]]] = {}
    for trained in found:
        if (kind := _kind(trained)) not in questions:
            data = trained.open_data(split)
            known = known_measures(
                data, split=split, count=count, classifier=classifier, inception=inception, allow=allowed
            )
            questions[kind] = data, _asked(measures, known, shared=shared_measures)
    for trained in found:
        _check_files(trained, result_path(trained, questions[_kind(trained)][0], split, count=count))
    check_writable(out)
    rows, writer = [], ResultWriter()
    for name, trained in zip(_short_names(found), found, strict=True):
        print(f"measuring {trained.name}", file=sys.stderr)
        data, asked = questions[_kind(trained)]
        result = evaluate(trained, data, asked, split=split, count=count, allow=allowed, writer=writer)
        kept = result["measures"]
        measured = {measure.name: kept[measure.name] for measure in asked if measure.name in kept}
        rows.append(Row(name, describe(trained), measured, result["unavailable"], _cost(trained)))
    names = dict.fromkeys(data.name for data, _ in questions.values())
    images = " and ".join(dict.fromkeys(data.describe(split) for data, _ in questions.values()))
    comparison = Comparison(" and ".join(names), split, rows, images=images)
    write_atomically(out / "comparison.json", comparison.as_json())
    write_atomically(out / "comparison.csv", comparison.as_csv())
    with style():
        compared = [Compared(one, one.load(allow=allowed), questions[_kind(one)][0]) for one in found]
        sections = pictures(compared, comparison, seed=seed, writer=writer)
        write_atomically(out / "report.html", report_html(comparison, sections))
    _print(comparison)
    for name in ("comparison.json", "comparison.csv", "report.html"):
        print(out / name)


def _asked(measures: str | None, known: dict[str, Measure], *, shared: bool) -> list[Measure]:
    """The measures that are asked for of those known.

    Raises:
        ValueError: there is none of a name, or its figures of different data cannot be compared.
    """
    if not shared:
        return chosen_measures(measures, {name: known[name] for name in known if measures or name not in _SLOW})
    comparable = [name for name in known if info_of(name).is_shared]
    chosen = chosen_measures(measures or ",".join(comparable), known)
    for measure in chosen:
        if measure.name not in comparable:
            names = ", ".join(comparable)
            raise ValueError(f"{measure.name} means something else on other data; --shared_measures compares {names}")
    return chosen


def _short_names(found: Sequence[TrainedModel]) -> list[str]:
    """The names of the folders, where they tell the models apart."""
    short = [trained.run.path.name for trained in found]
    return short if len(set(short)) == len(short) else [trained.name for trained in found]


def _kind(trained: TrainedModel) -> str:
    """What models must have in common for the same questions: the images, by their content where that is recorded."""
    images = trained.config.get("images", trained.config["data"])
    return json.dumps([images, asdict(trained.spec)], sort_keys=True)


def _check_files(trained: TrainedModel, result: Path) -> None:
    """Read what a comparison is going to read, so that damage is found before anything is measured.

    Raises:
        ValueError: a file is damaged.
    """
    trained.run.check_records()
    if result.is_file():
        read_evaluation(result)


def _check_alike(found: Sequence[TrainedModel]) -> None:
    """Refuse models that cannot be asked the same.

    Raises:
        ValueError: they are of different data.
    """
    first = found[0]
    for trained in found[1:]:
        if _kind(first) != _kind(trained):
            abouts = [_of_data(first), _of_data(trained)]
            if len(set(abouts)) == 1:
                # Two folders may have one name.
                abouts = [f"{about} ({_contents(one)})" for about, one in zip(abouts, (first, trained), strict=True)]
            raise ValueError(
                f"{first.name} is of {abouts[0]} and {trained.name} of {abouts[1]}: "
                "compare models of one data set, or add --shared_measures for what means the same on any"
            )


def _of_data(trained: TrainedModel) -> str:
    name, *settings = trained.config["data"].values()
    about = "".join(f", {setting}" for setting in settings if setting is not None)
    return f"{name} {trained.spec.shape} with {trained.spec.levels} levels{about}"


def _contents(trained: TrainedModel) -> str:
    """The start of the digest of each split, where they were recorded."""
    recorded = trained.config.get("images")
    if not isinstance(recorded, dict):
        return "of which there is no record"
    digests = {name: found.get("digest") for name, found in recorded.items() if isinstance(found, dict)}
    return ", ".join(f"{name} {str(digest)[:8]}" for name, digest in digests.items())


def _cost(trained: TrainedModel) -> dict[str, float]:
    if not trained.run.environment.is_file():
        return {}
    environment = read_environment(trained.run.environment)
    return {name: environment[name] for name in ("parameters", "cpu_seconds")}


def _print(comparison: Comparison) -> None:
    """The table with a measure in each row: there are more of them than of models."""
    lines = []
    for name in comparison.names:
        best = comparison.best(name)
        cells = []
        for row in comparison.rows:
            measured = row.measures.get(name)
            cells.append("–" if measured is None else shown(measured) + (" *" if row is best else ""))
        lines.append([info_of(name).title, *cells])
    print(comparison.images)
    print_table([f"{comparison.data}, {comparison.split}", *(row.model for row in comparison.rows)], lines)
    rule = "* best, where its 95 % interval meets that of no other"
    if "recognised" in comparison.names:
        rule += ", and for recognised where no class is missing from its samples"
    print(rule)
    for reason, names in comparison.left_out.items():
        print(f"left out {', '.join(names)}: {reason}")


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(compare, arguments)
