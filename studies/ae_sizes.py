"""Reconstruction errors of autoencoders with different code lengths, compared with PCA.

``python studies/ae_sizes.py train [VARIANT …]`` trains the report's autoencoder at six lengths on both data sets,
each for ten epochs, four to six minutes on one thread, as many at once as there are cores, in
``$GENERA_RUNS/ae_sizes``; run it again to resume after an interruption. The two longest are trained twice as long on
MNIST, and three lengths for a minute at high learning rates. With ``report`` in place of ``train`` it writes tables and
figures into ``studies/ae_sizes`` from the files there; PCA is fitted then, to the data in ``$GENERA_DATA``.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from study import Study, Variant, table

from genera.core import Autoencoding
from genera.data import ImageDataset, find_dataset
from genera.data.image_grid import image_grid
from genera.evaluation import MEASURES, EvaluationProtocol, evaluate
from genera.reporting.style import save_figure, style
from genera.runs.readers import read_evaluation, read_table
from genera.zoo import TrainedModel

SIZES = (8, 16, 32, 64, 128, 256)
DATA = ("mnist", "fashion-mnist")
#: Epochs, not minutes: the speed of a machine fluctuates, and differences between long codes are small.
NUM_EPOCHS = 10
#: A longer training of long codes on MNIST, where one was worse than a shorter one.
MORE_EPOCHS, MORE_EPOCHS_SIZES = 20, (128, 256)
#: Constant learning rates without averaging, which may have made long codes diverge in the report.
RATES, RATE_SIZES = ("2e-3", "5e-3", "1e-2", "3e-2"), (32, 128, 256)
#: The maximum of the training error is taken after so many steps.
NUM_FIRST_STEPS = 100
#: Reconstructions of the first test images.
RECONSTRUCTIONS, NUM_RECONSTRUCTIONS = "reconstructions.npy", 10
PCA_ERRORS = "pca.json"


def name(data: str, size: int, epochs: int = NUM_EPOCHS) -> str:
    """A variant's name."""
    return f"{data}, {size}" if epochs == NUM_EPOCHS else f"{data}, {size}, {epochs} epochs"


def size_arguments(size: int) -> tuple[str, ...]:
    """Arguments of ``genera train``; the mixture for sampling is not used here, and has one component."""
    return ("--model.latent_size", str(size), "--model.num_components", "1")


def arguments(data: str, size: int, epochs: int = NUM_EPOCHS) -> tuple[str, ...]:
    """Arguments of ``genera train``."""
    return ("--data", data, "--max_epochs", str(epochs), *size_arguments(size))


def rate_name(rate: str, size: int) -> str:
    """A variant's name."""
    return f"mnist, {size}, rate {rate}"


def rate_arguments(rate: str, size: int) -> tuple[str, ...]:
    """Arguments of ``genera train``: no warm-up, no decay, no averaging."""
    constant = ("--task.schedule", "null", "--task.average_decay", "null", "--task.optimizer.lr", rate)
    validation = ("--validate_every", "0.25", "--validation_images", "2000")
    return ("--data", "mnist", "--budget", "1m", *validation, *size_arguments(size), *constant)


def measure(trained: TrainedModel, folder: Path) -> None:
    """Write the error on test images, and some reconstructions."""
    data, model = trained.open_data(), trained.load()
    assert isinstance(model, Autoencoding)
    np.save(folder / RECONSTRUCTIONS, model.reconstruct(first_images(data)).numpy())
    evaluate(trained, EvaluationProtocol(data), [MEASURES["mse"]])
    shutil.copy(trained.run.evaluation, folder / trained.run.evaluation.name)


def first_images(data: ImageDataset) -> torch.Tensor:
    """Test images to reconstruct: uint8 ``(NUM_RECONSTRUCTIONS, C, H, W)``."""
    return data.split("test").pixels[:NUM_RECONSTRUCTIONS]


def pca_errors(data: ImageDataset) -> dict[int, float]:
    """Mean squared error on [0, 1] of test images reconstructed from principal components of training images."""
    train, test = (data.split(split).pixels.flatten(1).numpy() / np.float32(255) for split in ("train", "test"))
    pca = PCA(max(SIZES), svd_solver="covariance_eigh").fit(train)
    errors = {}
    for size in SIZES:
        axes = pca.components_[:size]
        reconstructions = pca.mean_ + (test - pca.mean_) @ axes.T @ axes
        # Clipped and rounded, as the pixels of a decoder are.
        pixels = (255 * reconstructions).round().clip(0, 255) / 255
        errors[size] = float(np.square(pixels - test).mean())
    return errors


def tables() -> dict[str, str]:
    """The tables of sizes and of learning rates, by name."""
    of_validation, of_training = ("validation MSE: minimum", "final"), ("training MSE: maximum", "final")
    of_sizes = ("data", "code", "epochs", "test MSE", "95 % interval", "change from previous code", "PCA")
    of_rates = ("learning rate", "code", "steps", *of_validation, *of_training)
    return {"table": table(of_sizes, size_rows(linear_errors())), "rates": table(of_rates, rate_rows())}


def linear_errors() -> dict[str, dict[int, float]]:
    """Errors of PCA by data and number of components, as written by :func:`report`."""
    by_data = json.loads((STUDY.folder / PCA_ERRORS).read_text())
    return {data: {int(size): error for size, error in errors.items()} for data, errors in by_data.items()}


def report() -> None:
    """Fit PCA; write the tables and the figures."""
    linear = {data: pca_errors(find_dataset(data)()) for data in DATA}
    (STUDY.folder / PCA_ERRORS).write_text(json.dumps(linear, indent=2) + "\n")
    for title, text in tables().items():
        (STUDY.folder / f"{title}.md").write_text(text)
    with style():
        save_figure(error_figure(linear), STUDY.folder / "errors")
        for data in DATA:
            save_figure(reconstruction_figure(data), STUDY.folder / f"reconstructions-{data}")
    print(STUDY.folder)


def sizes_done(data: str, epochs: int = NUM_EPOCHS) -> list[int]:
    """Code lengths that were trained for this number of epochs."""
    return [size for size in SIZES if name(data, size, epochs) in STUDY.measured_variants()]


def test_error(variant: str) -> dict[str, float]:
    """The test error of a variant: its ``value``, and the ends of its interval, ``low`` and ``high``."""
    return read_evaluation(STUDY.variant_folder(variant) / "evaluation.json")["measures"]["mse"]


def size_rows(linear: dict[str, dict[int, float]]) -> list[tuple[str, ...]]:
    """The error at every length, and its change from the previous length."""
    rows = []
    for data in DATA:
        for epochs in (NUM_EPOCHS, MORE_EPOCHS):
            shorter = None
            for size in sizes_done(data, epochs):
                error = test_error(name(data, size, epochs))
                interval = f"{error['low']:.5f} … {error['high']:.5f}"
                change = f"{100 * (error['value'] / shorter - 1):+.0f} %" if shorter else ""
                pca = f"{linear[data][size]:.5f}"
                rows.append((data, str(size), str(epochs), f"{error['value']:.5f}", interval, change, pca))
                shorter = error["value"]
    return rows


def rate_rows() -> list[tuple[str, ...]]:
    """Errors at high learning rates: the best, the worst and the final ones."""
    rows = []
    for rate in RATES:
        for size in RATE_SIZES:
            variant = rate_name(rate, size)
            if variant not in STUDY.measured_variants():
                continue
            log = read_table(STUDY.variant_folder(variant) / "metrics.csv")
            validated = [row["validation/mse"] for row in log.values() if "validation/mse" in row]
            trained = [row["train/mse"] for step, row in log.items() if step > NUM_FIRST_STEPS and "train/mse" in row]
            values = (min(validated), validated[-1], max(trained), trained[-1])
            rows.append((rate, str(size), f"{max(log):,}", *(f"{value:.5f}" for value in values)))
    return rows


def error_figure(linear: dict[str, dict[int, float]]) -> Figure:
    """Error against code length."""
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    for index, data in enumerate(DATA):
        sizes = sizes_done(data)
        ours = [test_error(name(data, size))["value"] for size in sizes]
        axes.plot(sizes, ours, marker="o", color=f"C{index}", label=f"autoencoder, {NUM_EPOCHS} epochs, {data}")
        if longer := sizes_done(data, MORE_EPOCHS):
            errors = [test_error(name(data, size, MORE_EPOCHS))["value"] for size in longer]
            axes.plot(longer, errors, marker="^", color=f"C{index}", label=f"autoencoder, {MORE_EPOCHS} epochs, {data}")
        of_pca = [linear[data][size] for size in sizes]
        axes.plot(sizes, of_pca, marker="s", color=f"C{index}", linestyle="--", label=f"PCA, {data}")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.set(xlabel="code length", ylabel="test MSE on [0, 1]")
    axes.legend(fontsize=8)
    return figure


def reconstruction_figure(data: str) -> Figure:
    """Test images, and their reconstructions in a row for every code length."""
    sizes = sizes_done(data)
    images = [first_images(find_dataset(data)())]
    images += [torch.from_numpy(np.load(STUDY.variant_folder(name(data, size)) / RECONSTRUCTIONS)) for size in sizes]
    grid = np.asarray(image_grid(torch.cat(images), columns=NUM_RECONSTRUCTIONS))
    figure = Figure(figsize=(7, 0.6 + 6.5 * grid.shape[0] / grid.shape[1]))
    axes = figure.add_subplot()
    axes.imshow(grid, cmap="gray", interpolation="nearest")
    height = grid.shape[0] / len(images)
    labels = ["image", *(f"{size} numbers" for size in sizes)]
    axes.set_yticks([(row + 0.5) * height for row in range(len(images))], labels, fontsize=9)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(f"{data}: test images and their reconstructions", fontsize=10)
    return figure


STUDY = Study(
    folder=Path(__file__).parent / "ae_sizes",
    variants={
        **{name(data, size): Variant("ae", arguments(data, size)) for data in DATA for size in SIZES},
        **{
            name("mnist", size, MORE_EPOCHS): Variant("ae", arguments("mnist", size, MORE_EPOCHS))
            for size in MORE_EPOCHS_SIZES
        },
        **{rate_name(rate, size): Variant("ae", rate_arguments(rate, size)) for rate in RATES for size in RATE_SIZES},
    },
    measure=measure,
    result_file="evaluation.json",
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
