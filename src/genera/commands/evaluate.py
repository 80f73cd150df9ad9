"""``genera evaluate``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from genera.commands.typed_command import call
from genera.core.devices import choose_device
from genera.data import ImageDataset
from genera.evaluation import (
    MEASURES,
    Evaluation,
    EvaluationProtocol,
    Measure,
    ResultWriter,
    classifier_of,
    default_measures,
    result_path,
)
from genera.evaluation import evaluate as run_evaluation
from genera.evaluation.protocol import DEFAULT_COUNT
from genera.zoo import find_model


def evaluate(
    model: str | Path,
    *,
    data: ImageDataset | str | None = None,
    split: str = "test",
    measures: str | list[str] | None = None,
    count: int | None = None,
    classifier: Path | str | None = None,
    inception: Path | str | None = None,
    device: str = "auto",
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
        device: auto, cpu, cuda or mps; auto takes a GPU if there is one.
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
    protocol = evaluation_protocol(
        data, split=split, count=count, classifier=classifier, inception=inception, device=device, allow=allow
    )
    selected, writer = select_measures(measures, protocol), ResultWriter()
    result = run_evaluation(trained, protocol, selected, writer=writer)
    is_written = not (trained.is_shipped or writer.has_failed)
    path = result_path(trained, protocol) if is_written else None
    named = None if measures is None else [measure.name for measure in selected]
    return Evaluation(result, data.describe(split), path, named)


def evaluation_protocol(
    data: ImageDataset,
    *,
    split: str,
    count: int | None,
    classifier: Path | str | None,
    inception: Path | str | None,
    device: str,
    allow: list[str] | None,
) -> EvaluationProtocol:
    """The protocol for a data set and the options of a command.

    Raises:
        ValueError: the classifier or the device does not exist, or ``count`` is not positive or exceeds the size of the
            split.
    """
    if count is not None and count > (size := len(data.split(split))):
        raise ValueError(f"--count must be at most {size:,}, the number of {split} images of {data.name}, got {count}")
    return EvaluationProtocol(
        data,
        split=split,
        classifier=classifier_of(data.name) if classifier is None else find_model(str(classifier)),
        inception=None if inception is None else Path(inception),
        count=DEFAULT_COUNT if count is None else count,
        device=choose_device(device),
        allow=allow or (),
    )


def select_measures(measures: str | Sequence[str] | None, protocol: EvaluationProtocol) -> list[Measure]:
    """The measures in a comma-separated list of names; all if it is None.

    Raises:
        ValueError: there is no measure with a name; the message suggests a similar name.
    """
    if measures is None:
        return default_measures(protocol)
    names = [name.strip() for name in (measures.split(",") if isinstance(measures, str) else measures)]
    for name in names:
        if name not in MEASURES:
            near = difflib.get_close_matches(name, MEASURES, n=1) or list(MEASURES)
            raise ValueError(f"there is no measure {name!r}; did you mean {', '.join(near)}?")
    return [measure for name, measure in MEASURES.items() if name in names]


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
