"""``genera evaluate``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from genera.commands.typed_command import call
from genera.data import ImageDataset
from genera.evaluation import Evaluation, Measure, ResultWriter, classifier_of, default_measures, result_path
from genera.evaluation import evaluate as run_evaluation
from genera.zoo import find_model


def evaluate(
    model: str | Path,
    *,
    data: ImageDataset | str | None = None,
    split: str = "test",
    measures: str | list[str] | None = None,
    count: int | None = None,
    classifier: str | None = None,
    inception: Path | None = None,
    allow: list[str] | None = None,
) -> Evaluation:
    """Measure a trained model and write evaluation.json into its run directory.

    Results are cached, so an interrupted evaluation can be continued.

    Args:
        model: a run directory, or a name that `genera models` lists.
        data: data set; default: the one the model was trained on.
        split: train, validation or test; tune on validation, and measure on test only once.
        measures: names separated by commas, such as bits_per_dim@1,fd[lenet]; default: all. bits_per_dim@128 and cas,
            which trains two classifiers, take minutes.
        count: number of samples, and of real images, for each measure of sets; at most 10,000 by default.
        classifier: run directory or name of the classifier for features and classes of images; default: lenet-DATA if
            it ships with Genera.
        inception: file with the weights of Inception v3, for measures such as fd[inception]: the .pth of pytorch-fid.
        allow: packages the model's and the classifier's configs may name besides genera; only trusted ones.

    Returns:
        The measures; a notebook shows them as a table.

    Raises:
        ValueError: there is no such model, measure or classifier, or the model does not fit the data.

    Example:
        >>> import genera
        >>> evaluation = genera.evaluate("realnvp-digits", measures="bits_per_dim@1")
        >>> round(evaluation["bits_per_dim@1"], 1)
        2.0
    """
    trained = find_model(str(model))
    data = trained.data_or_own(data, split)
    available = available_measures(
        data, split=split, count=count, classifier=classifier, inception=inception, allow=allow or ()
    )
    selected = select_measures(measures, available)
    writer = ResultWriter()
    result = run_evaluation(trained, data, selected, split=split, count=count, allow=allow or (), writer=writer)
    is_written = not (trained.is_shipped or writer.has_failed)
    path = result_path(trained, data, split, count=count) if is_written else None
    named = None if measures is None else [measure.name for measure in selected]
    return Evaluation(result, data.describe(split), path, named)


def available_measures(
    data: ImageDataset,
    *,
    split: str,
    count: int | None,
    classifier: str | None,
    inception: Path | None,
    allow: Sequence[str],
) -> dict[str, Measure]:
    """The measures for a data set and the options of a command, by name.

    Raises:
        ValueError: the classifier does not exist, or ``count`` is not positive or exceeds the size of the split.
    """
    trained_classifier = classifier_of(data.name) if classifier is None else find_model(classifier)
    options = {} if count is None else {"count": count}
    if count is not None and count > (size := len(data.split(split))):
        raise ValueError(f"--count must be at most {size:,}, the number of {split} images of {data.name}, got {count}")
    return default_measures(trained_classifier, inception=inception, allow=allow, **options)


def select_measures(measures: str | Sequence[str] | None, available: dict[str, Measure]) -> list[Measure]:
    """The measures in a comma-separated list of names; all if it is None.

    Raises:
        ValueError: there is no measure with a name; the message suggests a similar name.
    """
    given = measures.split(",") if isinstance(measures, str) else measures
    names = list(available) if given is None else [name.strip() for name in given]
    for name in names:
        if name not in available:
            near = difflib.get_close_matches(name, available, n=1) or list(available)
            raise ValueError(f"there is no measure {name!r}; did you mean {', '.join(near)}?")
    return [measure for name, measure in available.items() if name in names]


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    switches = {
        "json": "print the result as JSON instead of a table",
        "all": "print all measures, and why others are unavailable, instead of the three that matter most",
    }
    evaluation = call(evaluate, arguments, switches=switches)
    if "--json" in arguments:
        print(evaluation.as_json())
        return
    print(evaluation if "--all" in arguments else evaluation.summary())
    if evaluation.path is not None:
        print(evaluation.path)
