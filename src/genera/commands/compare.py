"""``genera compare``."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from genera.commands.evaluate import evaluation_protocol, select_measures
from genera.commands.typed_command import call
from genera.core import check_seed
from genera.core.files import check_writable, write_atomically
from genera.core.text_table import format_table, terminal_width
from genera.evaluation import (
    MEASURES,
    EvaluationProtocol,
    Measure,
    ResultWriter,
    default_measures,
    evaluate,
    result_path,
)
from genera.evaluation.results.rows import Row, format_value, groups_of, unavailable_by_reason
from genera.reporting.comparison import Comparison
from genera.reporting.comparison_figures import comparison_pictures
from genera.reporting.drawing import LoadedModel, describe
from genera.reporting.html_report import Report, report_html
from genera.reporting.style import style
from genera.runs.readers import read_evaluation
from genera.zoo import TrainedModel, check_distinct, find_model

#: Omitted by default, as they take minutes per model.
_SLOW = ("bits_per_dim@128", "cas")
#: Width of a model's column in the terminal; longer names take several lines.
_COLUMN = 14


def compare(
    models: list[str | Path],
    *,
    out: Path | str,
    split: str = "test",
    measures: str | list[str] | None = None,
    shared_measures: bool = False,
    count: int | None = None,
    classifier: Path | str | None = None,
    inception: Path | str | None = None,
    seed: int = 0,
    device: str = "auto",
    allow: list[str] | None = None,
) -> Report:
    """Measure models of any family alike and write a report: a table, findings in sentences, and pictures.

    Results are cached, so an interrupted comparison can be continued. The report is one self-contained HTML file; the
    values are also written to comparison.json and comparison.csv.

    Args:
        models: run directories, or names that `genera models` lists, all of one data set.
        out: folder for the report.
        split: train, validation or test; tune on validation, and measure on test only once.
        measures: names separated by commas; default: all except bits_per_dim@128 and cas, which take minutes.
        shared_measures: allow models of different data sets, each measured on its own images, by measures that are
            comparable across data sets.
        count: number of samples, and of real images, for each measure of sets; at most 10,000 by default.
        classifier: run directory or name of the classifier for features and classes of images; default: lenet-DATA if
            it ships with Genera.
        inception: file with the weights of Inception v3, for measures such as fd[inception]: the .pth of pytorch-fid.
        seed: of the samples in pictures, and of the choice of images.
        device: auto, cpu, cuda or mps; auto takes a GPU if there is one.
        allow: packages the models' and the classifier's configs may name besides genera; only trusted ones.

    Returns:
        The report; a notebook shows its table and findings.

    Raises:
        ValueError: there are fewer than two models, no such model or measure, or the models are of different data.
        OSError: the folder cannot be written.

    Example:
        >>> import genera, tempfile
        >>> models = ["realnvp-digits", "lenet-digits"]
        >>> report = genera.compare(models, out=tempfile.mkdtemp(), measures="bits_per_dim@1,accuracy")
        >>> {name: list(values) for name, values in report.values().items()}
        {'realnvp-digits': ['bits_per_dim@1'], 'lenet-digits': ['accuracy']}
    """
    check_seed(seed)
    out = Path(out)
    trained_models = [find_model(str(name)) for name in models]
    if len(models) < 2:
        raise ValueError(f"a comparison needs at least two models, got {len(models)}; genera evaluate takes one")
    check_distinct(trained_models)
    if not shared_measures:
        _check_same_data(trained_models)
    protocols: dict[str, EvaluationProtocol] = {}
    for trained in trained_models:
        if (key := _data_key(trained)) not in protocols:
            protocols[key] = evaluation_protocol(
                trained.open_data(split),
                split=split,
                count=count,
                classifier=classifier,
                inception=inception,
                device=device,
                allow=allow,
            )
    plans = [(trained, protocols[_data_key(trained)]) for trained in trained_models]
    selected = _selected(measures, plans[0][1], shared=shared_measures)
    for trained, protocol in plans:
        _check_files(trained, result_path(trained, protocol))
    check_writable(out)
    rows, writer = [], ResultWriter()
    for name, (trained, protocol) in zip(_short_names(trained_models), plans, strict=True):
        print(f"measuring {trained.name}", file=sys.stderr)
        result = evaluate(trained, protocol, selected, writer=writer)
        values = result["measures"]
        measured = {measure.name: values[measure.name] for measure in selected if measure.name in values}
        rows.append(Row(name, describe(trained), measured, result["unavailable"], _cost(trained), protocol.data.name))
    names = dict.fromkeys(protocol.data.name for protocol in protocols.values())
    images = " and ".join(dict.fromkeys(protocol.data.describe(split) for protocol in protocols.values()))
    comparison = Comparison(" and ".join(names), split, rows, images=images)
    write_atomically(out / "comparison.json", comparison.as_json())
    write_atomically(out / "comparison.csv", comparison.as_csv())
    with style():
        compared = [_load(trained, protocol, seed=seed) for trained, protocol in plans]
        sections = comparison_pictures(compared, comparison, writer=writer)
        write_atomically(out / "report.html", report_html(comparison, sections))
    return Report(comparison, out)


def _load(trained: TrainedModel, protocol: EvaluationProtocol, *, seed: int) -> LoadedModel:
    model = trained.load(device=protocol.device, allow=protocol.allow)
    return LoadedModel(trained, model, lambda: protocol.data, seed)


def _selected(measures: str | list[str] | None, protocol: EvaluationProtocol, *, shared: bool) -> list[Measure]:
    """The measures of a comparison.

    Raises:
        ValueError: there is no measure with a name, or it cannot be compared across data sets.
    """
    if measures is None:
        every = default_measures(protocol)
        return [one for one in every if (one.info.is_shared if shared else one.name not in _SLOW)]
    selected = select_measures(measures, protocol)
    for measure in selected:
        if shared and not measure.info.is_shared:
            names = ", ".join(name for name, one in MEASURES.items() if one.info.is_shared)
            raise ValueError(f"{measure.name} is not comparable across data sets; --shared_measures compares {names}")
    return selected


def _short_names(models: Sequence[TrainedModel]) -> list[str]:
    """Names of the folders if they are unique, otherwise full names."""
    short = [trained.run.path.name for trained in models]
    return short if len(set(short)) == len(short) else [trained.name for trained in models]


def _data_key(trained: TrainedModel) -> str:
    """Key that is equal for models of the same images, by content if that is recorded."""
    images = trained.config.get("images", trained.config["data"])
    return json.dumps([images, asdict(trained.spec)], sort_keys=True)


def _check_files(trained: TrainedModel, result: Path) -> None:
    """Read the files that a comparison needs, so that it fails before measuring if one is damaged.

    Raises:
        ValueError: a file is damaged.
    """
    trained.run.check_records()
    if result.is_file():
        read_evaluation(result)


def _check_same_data(models: Sequence[TrainedModel]) -> None:
    """Check that all models were trained on the same data set.

    Raises:
        ValueError: the data sets differ.
    """
    first = models[0]
    for trained in models[1:]:
        if _data_key(first) != _data_key(trained):
            data = [_describe_data(first), _describe_data(trained)]
            if len(set(data)) == 1:
                # Two folders may have the same name.
                data = [f"{about} ({_digests(model)})" for about, model in zip(data, (first, trained), strict=True)]
            raise ValueError(
                f"{first.name} was trained on {data[0]} and {trained.name} on {data[1]}: compare models of one data "
                "set, or add --shared_measures for measures that are comparable across data sets"
            )


def _describe_data(trained: TrainedModel) -> str:
    name, *settings = trained.config["data"].values()
    suffix = "".join(f", {setting}" for setting in settings if setting is not None)
    return f"{name} {trained.spec.shape} with {trained.spec.levels} levels{suffix}"


def _digests(trained: TrainedModel) -> str:
    """The start of the digest of each split, if they were recorded."""
    recorded = trained.config.get("images")
    if not isinstance(recorded, dict):
        return "no digests recorded"
    digests = {name: split.get("digest") for name, split in recorded.items() if isinstance(split, dict)}
    return ", ".join(f"{name} {str(digest)[:8]}" for name, digest in digests.items())


def _cost(trained: TrainedModel) -> dict[str, float]:
    environment = trained.run.read_environment()
    return {} if environment is None else {name: environment[name] for name in ("parameters", "cpu_seconds")}


def print_comparison(comparison: Comparison) -> None:
    """Print tables with a row per measure and a column per model, each of as many models as the terminal fits."""
    print(comparison.images)
    space = terminal_width() - max(map(len, comparison.names), default=0) - 4
    fit = max(1, space // (_COLUMN + 2))
    for start in range(0, len(comparison.rows), fit):
        print(_table(comparison, comparison.rows[start : start + fit]), end="\n\n")
    legend = "* best: its 95 % interval overlaps no other"
    if "recognised" in comparison.names:
        legend += "; for recognised, its samples must also have all classes"
    print(legend)
    for reason, names in unavailable_by_reason(comparison.rows).items():
        print(f"unavailable: {', '.join(names)} ({reason})")


def _table(comparison: Comparison, rows: Sequence[Row]) -> str:
    """The table of some of the models, with their names above each other's values in lines that fit a column."""
    parts = [textwrap.wrap(row.model, _COLUMN) for row in rows]
    height = max(map(len, parts))
    header = zip(*([""] * (height - len(lines)) + lines for lines in parts), strict=True)
    table = [["", *line] for line in header]
    for group, names in groups_of(comparison.rows).items():
        table.append([group])
        if group == "cost":
            titles = dict.fromkeys(title for row in comparison.rows for title in row.cost_texts)
            table += [[title, *(row.cost_texts.get(title, "–") for row in rows)] for title in titles]
        for name in names:
            best = comparison.best(name)
            cells = [
                format_value(row.measures[name]) + " *" * (row is best) if name in row.measures else "–" for row in rows
            ]
            table.append([name, *cells])
    return format_table(table)


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    report = call(compare, arguments)
    print_comparison(report.comparison)
    for path in report.paths:
        print(path)
