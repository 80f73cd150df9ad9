"""Make a finished run a model of the zoo: ``python tools/ship.py RUN KIND-DATA [MEASURE …]``.

Copies the files needed for loading and the metrics of the training into ``src/genera/zoo/weights``, evaluates the
copied model on the test images of its own data, and writes its card from the files. Measures can be added later, with
the folder in the zoo as RUN. Large weights are rounded to half precision, if no measure changes in its third digit.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from results import interval, title
from safetensors.torch import load_file, save_file

from genera.core import Generative
from genera.core.files import replace_atomically, write_atomically
from genera.data.image_grid import image_grid, save_picture
from genera.evaluation import MEASURES, EvaluationProtocol, classifier_of, default_measures, evaluate, sample_images
from genera.runs.readers import read_environment
from genera.runs.weights import record_digest
from genera.vaes import VAE, Autoencoder
from genera.zoo import find_model

WEIGHTS = Path(__file__).parents[1] / "src" / "genera" / "zoo" / "weights"
#: Weights larger than this are rounded to half precision.
MAX_BYTES = 8_000_000
#: Measures that are not compared between the precisions: this one trains two classifiers.
EXPENSIVE = ("cas",)
#: Not shipped, because it depends on the machine.
MACHINE_DEPENDENT = "samples_per_second"
#: Source, test bits/dim and epochs of a full training of a recipe, for the card.
REFERENCES = {
    ("realnvp", "mnist"): ("the report", 1.0549, 300),
    ("realnvp", "fashion-mnist"): ("the report", 2.8352, 500),
    ("realnvp_simple_vardeq", "mnist"): ("the tutorial", 1.043, 200),
}


def ship(run: Path, name: str, measures: Sequence[str]) -> Path:
    """Make a run a model of the zoo.

    Returns:
        Its folder in the zoo.

    Raises:
        ValueError: ``run`` is not a run directory, or its data are missing.
    """
    folder = WEIGHTS / name
    if run.resolve() != folder.resolve():
        folder.mkdir(parents=True, exist_ok=True)
        for file in ("config.yaml", "environment.json", "metrics.csv"):
            shutil.copy(run / file, folder / file)
        write_weights(run / "model.safetensors", folder / "model.safetensors")
    trained = find_model(name)
    data = trained.open_data()
    protocol = EvaluationProtocol(data, classifier=classifier_of(data.name))
    wanted = [MEASURES[measure] for measure in measures] or default_measures(protocol)
    chosen = [measure for measure in wanted if measure.name != MACHINE_DEPENDENT]
    result = evaluate(trained, protocol, chosen)
    if run.resolve() != folder.resolve() and rounding_note(name):
        cheap = [measure for measure in chosen if measure.name not in EXPENSIVE]
        if is_changed(evaluate(find_model(str(run)), protocol, cheap), result):
            shutil.copy(run / "model.safetensors", folder / "model.safetensors")
            record_digest(folder / "model.safetensors")
            trained = find_model(name)
            result = evaluate(trained, protocol, chosen)
    result["measures"] = {measure: result["measures"][measure] for measure in MEASURES if measure in result["measures"]}
    write_atomically(folder / "evaluation.json", json.dumps(result, indent=2) + "\n")
    environment = read_environment(folder / "environment.json")
    (folder / "card.md").write_text(card(name, trained.config, environment, result, len(data.split("train"))))
    model = trained.load()
    if isinstance(model, Generative):
        labels = None
        if model.class_conditional:
            # One row of ten samples per class.
            labels = torch.arange(trained.spec.num_classes).repeat_interleave(10)
        images = sample_images(model, 64 if labels is None else len(labels), labels=labels)
        columns = 8 if labels is None else 10
        save_picture(image_grid(images, columns=columns, levels=trained.spec.levels), folder / "samples.png")
    return folder


def is_changed(full: dict, half: dict) -> bool:
    """Whether half precision changes a measure in its third digit."""
    changed = []
    for measure, result in full["measures"].items():
        value, other = result["value"], half["measures"][measure]["value"]
        print(f"{measure}: {value:.6g}, in half precision {other:.6g}")
        changed.append(abs(value - other) > 0.5 * 10 ** (math.floor(math.log10(max(abs(value), 1e-9))) - 2))
    return any(changed)


def write_weights(source: Path, destination: Path) -> None:
    """Copy weights; in half precision if they are too large."""
    if source.stat().st_size <= MAX_BYTES:
        shutil.copy(source, destination)
        record_digest(destination)
        return
    weights = load_file(source)
    halved = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    assert all(value.isfinite().all() for value in halved.values()), "a weight is too large for half precision"
    with replace_atomically(destination) as temporary:
        save_file(halved, temporary)
    record_digest(destination)


def card(name: str, config: dict, environment: dict, evaluation: dict, num_train: int) -> str:
    """The model card: settings, cost and measures."""
    measures = "".join(
        f"| {title(measure)} | {interval(result)} | {result['n']:,} |\n"
        for measure, result in evaluation["measures"].items()
    )
    wall, cpu = (f"{environment[f'{kind}_seconds'] / 60:.1f} minutes" for kind in ("wall", "cpu"))
    hardware = environment["hardware"]
    threads = f"{hardware['threads']} thread{'s' * (hardware['threads'] > 1)} of an {hardware['processor']}"
    epochs = environment["steps"] * config["batch_size"] / num_train
    return f"""\
# {name}

Recipe `{config["recipe"]}` on `{config["data"]["name"]}`, seed {environment["seed"]}; settings are in `config.yaml`.
{environment["parameters"]:,} parameters{rounding_note(name)}; licence Apache-2.0.

Trained for {wall} ({cpu} of processor time) on {hardware["gpu"] or threads}:
{environment["steps"]:,} steps of {config["batch_size"]} images, {epochs:.1f} epochs, \
{environment["images_per_second"]:.0f} images/s.
{full_training_note(config, environment, num_train)}{samples_note(name)}
| measure, test split | value and 95 % interval | images |
|---|---|---|
{measures}{subset_note(evaluation["measures"])}{sample_picture(name)}"""


def subset_note(measures: dict[str, dict]) -> str:
    """A note on measures of a subset of the test images; empty if there are none."""
    settings = [(result["n"], result["settings"]) for result in measures.values()]
    sizes = {n for n, given in settings if given.get("subset") == "random" and given["max_images"] == n}
    return "".join(f"\nMeasures of {n:,} images use a random subset, the same for all models.\n" for n in sorted(sizes))


def sample_picture(name: str) -> str:
    """The picture of samples; empty for a model that cannot sample."""
    return "\n![samples](samples.png)\n" if isinstance(find_model(name).load(), Generative) else ""


def samples_note(name: str) -> str:
    """A note on what the samples show, if they are not samples of the model itself."""
    model = find_model(name).load()
    if isinstance(model, VAE) and not model.likelihood.can_sample:
        return "\nSamples show the mean of every pixel given a sampled latent, not sampled pixels.\n"
    if isinstance(model, Autoencoder):
        return "\nSamples are decoded from a mixture of Gaussians that was fitted to the codes of training images.\n"
    return ""


def rounding_note(name: str) -> str:
    """A note that the weights are in half precision; empty otherwise."""
    dtypes = {str(value.dtype) for value in load_file(WEIGHTS / name / "model.safetensors").values()}
    return ", rounded to half precision before they were measured" if "torch.float16" in dtypes else ""


def full_training_note(config: dict, environment: dict, num_train: int) -> str:
    """The time that a full training would take at this speed; empty without a reference for one."""
    reference = REFERENCES.get((config["recipe"], config["data"]["name"]))
    if reference is None:
        return ""
    source, bits, epochs = reference
    hours = epochs * num_train / environment["images_per_second"] / 3600
    time = f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
    return f"\nA full training, as in {source}, reaches {bits} bits/dim after {epochs} epochs: {time} at this speed.\n"


if __name__ == "__main__":
    run_path, zoo_name, *chosen = sys.argv[1:]
    print(ship(Path(run_path), zoo_name, chosen))
