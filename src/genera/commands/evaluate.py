"""``genera evaluate``."""

from __future__ import annotations

import difflib
import json as json_format
from collections.abc import Sequence
from pathlib import Path

from genera.commands.typed_command import call
from genera.data import ImageDataset
from genera.evaluation import Measure, ResultWriter, classifier_of, default_measures, result_path
from genera.evaluation import evaluate as run_evaluation
from genera.zoo import find_model


def evaluate(
    model: str,
    *,
    data: ImageDataset | None = None,
    split: str = "test",
    measures: str | None = None,
    count: int | None = None,
    classifier: str | None = None,
    inception: Path | None = None,
    json: bool = False,
    allow: list[str] | None = None,
) -> None:
    """Measure a trained model and write evaluation.json into its run directory.

    What was measured before is not measured again, so an evaluation can be interrupted and taken up.

    Args:
        model: a run directory, or a name that `genera models` lists.
        data: data set to use; the one the model was trained on where omitted.
        split: train, validation or test; tune on validation, and take the test figure once.
        measures: only these, with commas in between, such as bits_per_dim@1,fd[lenet]; all where omitted.
            bits_per_dim@128 and cas, which trains two classifiers, take minutes.
        count: images drawn for every measure of sets, beside as many real ones; 10,000 where omitted, or as many as
            the split has.
        classifier: run directory or name of the classifier through which samples are looked at; lenet-DATA where
            omitted and shipped.
        inception: file with the weights of Inception v3, for measures such as fd[inception]: the .pth of pytorch-fid.
        json: print the result as JSON instead of a table.
        allow: packages the model's and the classifier's configs may name besides ours; only those you trust.
    """
    trained = find_model(model)
    data = data or trained.open_data(split)
    known = known_measures(
        data, split=split, count=count, classifier=classifier, inception=inception, allow=allow or ()
    )
    chosen = chosen_measures(measures, known)
    writer = ResultWriter()
    result = run_evaluation(trained, data, chosen, split=split, count=count, allow=allow or (), writer=writer)
    if json:
        print(json_format.dumps(result, indent=2))
        return
    print(f"{result['model']} on {data.describe(split)}")
    for name, found in result["measures"].items():
        interval = f"95 % interval {found['low']:.4f} … {found['high']:.4f}"
        references = "".join(f"; {value:.4f} for {other}" for other, value in found.get("references", {}).items())
        print(f"  {name:<18} {found['value']:.4f}   {interval}   {found['n']:,} images{references}")
    for name, reason in result["unavailable"].items():
        print(f"  {name:<18} —   {reason}")
    if not (trained.is_shipped or writer.has_failed):
        print(result_path(trained, data, split, count=count))


def known_measures(
    data: ImageDataset,
    *,
    split: str,
    count: int | None,
    classifier: str | None,
    inception: Path | None,
    allow: Sequence[str],
) -> dict[str, Measure]:
    """The measures that options of a command ask about a data set with, by name.

    Raises:
        ValueError: there is no such classifier, or ``count`` is not positive or more than there are images.
    """
    looking = classifier_of(data.name) if classifier is None else find_model(classifier)
    if count is None:
        return default_measures(looking, inception=inception, allow=allow)
    if count > (there_are := len(data.split(split))):
        raise ValueError(f"--count {count} asks for more images than {data.name} has for {split}, {there_are:,}")
    return default_measures(looking, count=count, inception=inception, allow=allow)


def chosen_measures(measures: str | None, known: dict[str, Measure]) -> list[Measure]:
    """The measures that a list with commas names; all where there is none.

    Raises:
        ValueError: there is none of a name; says which comes near.
    """
    names = list(known) if measures is None else [name.strip() for name in measures.split(",")]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1) or list(known)
            raise ValueError(f"there is no measure {name!r}; did you mean {', '.join(near)}?")
    return [measure for name, measure in known.items() if name in names]


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(evaluate, arguments)
