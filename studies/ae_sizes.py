"""How well autoencoders of different code lengths rebuild test images, with PCA beside them.

``python studies/ae_sizes.py train [VARIANT …]`` trains the report's autoencoder at six lengths on both data sets,
each for ten epochs, four to six minutes on one thread, as many at once as there are cores, in
``$GENERA_RUNS/ae_sizes``; interrupted, it goes on where it was. The two longest are trained twice as long on MNIST, and
three lengths for a minute at high learning rates. With ``report`` in place of ``train`` it writes tables and figures
into ``studies/ae_sizes`` from the files there; PCA is fitted then, to the data in ``$GENERA_DATA``.
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
from genera.evaluation import evaluate, mse_measure
from genera.reporting.style import save_figure, style
from genera.runs.readers import read_evaluation, read_table
from genera.zoo import TrainedModel

SIZES = (8, 16, 32, 64, 128, 256)
DATA = ("mnist", "fashion-mnist")
#: Epochs, not minutes: how fast a machine is changes by the minute, and differences between long codes are small.
NUM_EPOCHS = 10
#: Whether long codes were stopped too early, and only those: on MNIST, where one was behind a shorter one.
MORE_EPOCHS, OF_MORE_EPOCHS = 20, (128, 256)
#: Whether these made long codes diverge in the report, and only those: constant learning rates, without an average.
RATES, OF_RATES = ("2e-3", "5e-3", "1e-2", "3e-2"), (32, 128, 256)
#: What comes in the first steps is no divergence.
BEGINNING = 100
#: The first so many test images, as they are rebuilt.
SHOWN, NUM_SHOWN = "reconstructions.npy", 10
LINEAR = "pca.json"


def name(data: str, size: int, epochs: int = NUM_EPOCHS) -> str:
    """A variant's name."""
    return f"{data}, {size}" if epochs == NUM_EPOCHS else f"{data}, {size}, {epochs} epochs"


def of_size(size: int) -> tuple[str, ...]:
    """Arguments of ``genera train``: the mixture for drawing images is not looked at here."""
    return ("--model.latent_size", str(size), "--model.num_components", "1")


def arguments(data: str, size: int, epochs: int = NUM_EPOCHS) -> tuple[str, ...]:
    """Of ``genera train``."""
    return ("--data", data, "--max_epochs", str(epochs), *of_size(size))


def rate_name(rate: str, size: int) -> str:
    """A variant's name."""
    return f"mnist, {size}, rate {rate}"


def at_rate(rate: str, size: int) -> tuple[str, ...]:
    """Arguments of ``genera train``: no warm-up, no decay, no average."""
    constant = ("--task.schedule", "null", "--task.average_decay", "null", "--task.optimizer.lr", rate)
    often = ("--validate_every", "0.25", "--validation_images", "2000")
    return ("--data", "mnist", "--budget", "1m", *often, *of_size(size), *constant)


def measure(trained: TrainedModel, folder: Path) -> None:
    """The error on test images, and some of them rebuilt."""
    data, model = trained.open_data(), trained.load()
    assert isinstance(model, Autoencoding)
    np.save(folder / SHOWN, model.reconstruct(first_images(data)).numpy())
    evaluate(trained, data, [mse_measure()])
    shutil.copy(trained.run.evaluation, folder / trained.run.evaluation.name)


def first_images(data: ImageDataset) -> torch.Tensor:
    """Test images to show: uint8 ``(NUM_SHOWN, C, H, W)``."""
    return data.split("test").pixels[:NUM_SHOWN]


def pca_errors(data: ImageDataset) -> dict[int, float]:
    """Mean squared error on [0, 1] of test images rebuilt, as pixels, from principal components of training images."""
    train, test = (data.split(split).pixels.flatten(1).numpy() / np.float32(255) for split in ("train", "test"))
    pca = PCA(max(SIZES), svd_solver="covariance_eigh").fit(train)
    errors = {}
    for size in SIZES:
        axes = pca.components_[:size]
        rebuilt = pca.mean_ + (test - pca.mean_) @ axes.T @ axes
        # Clipped and rounded, as what a decoder gives is.
        pixels = (255 * rebuilt).round().clip(0, 255) / 255
        errors[size] = float(np.square(pixels - test).mean())
    return errors


def tables() -> dict[str, str]:
    """The tables of sizes and of learning rates, by name."""
    of_validation, of_training = ("validation MSE: least", "at the end"), ("training MSE: most", "at the end")
    of_sizes = ("data", "code", "epochs", "test MSE", "95 % interval", "against the code before", "PCA")
    of_rates = ("rate", "code", "steps", *of_validation, *of_training)
    return {"table": table(of_sizes, size_rows(linear_errors())), "rates": table(of_rates, rate_rows())}


def linear_errors() -> dict[str, dict[int, float]]:
    """Those of PCA, by data and number of components, as :func:`report` wrote them."""
    found = json.loads((STUDY.folder / LINEAR).read_text())
    return {data: {int(size): error for size, error in errors.items()} for data, errors in found.items()}


def report() -> None:
    """Fit PCA; write the tables and the figures."""
    linear = {data: pca_errors(find_dataset(data)()) for data in DATA}
    (STUDY.folder / LINEAR).write_text(json.dumps(linear, indent=2) + "\n")
    for title, text in tables().items():
        (STUDY.folder / f"{title}.md").write_text(text)
    with style():
        save_figure(error_figure(linear), STUDY.folder / "errors")
        for data in DATA:
            save_figure(reconstruction_figure(data), STUDY.folder / f"reconstructions-{data}")
    print(STUDY.folder)


def sizes_done(data: str, epochs: int = NUM_EPOCHS) -> list[int]:
    """Lengths of code that were trained so long."""
    return [size for size in SIZES if name(data, size, epochs) in STUDY.done()]


def test_error(variant: str) -> dict[str, float]:
    """Of a variant: its ``value`` and the ends of the interval around it, ``low`` and ``high``."""
    return read_evaluation(STUDY.kept(variant) / "evaluation.json")["measures"]["mse"]


def size_rows(linear: dict[str, dict[int, float]]) -> list[tuple[str, ...]]:
    """The error at every length, and how it changed from the one before."""
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
    """What became of codes at high learning rates: the best, and whether it lasted."""
    rows = []
    for rate in RATES:
        for size in OF_RATES:
            variant = rate_name(rate, size)
            if variant not in STUDY.done():
                continue
            log = read_table(STUDY.kept(variant) / "metrics.csv")
            validated = [row["validation/mse"] for row in log.values() if "validation/mse" in row]
            trained = [row["train/mse"] for step, row in log.items() if step > BEGINNING and "train/mse" in row]
            values = (min(validated), validated[-1], max(trained), trained[-1])
            rows.append((rate, str(size), f"{max(log):,}", *(f"{value:.5f}" for value in values)))
    return rows


def error_figure(linear: dict[str, dict[int, float]]) -> Figure:
    """Error against the length of the code."""
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    for index, data in enumerate(DATA):
        sizes = sizes_done(data)
        ours = [test_error(name(data, size))["value"] for size in sizes]
        axes.plot(sizes, ours, marker="o", color=f"C{index}", label=f"autoencoder, {NUM_EPOCHS} epochs, {data}")
        if longer := sizes_done(data, MORE_EPOCHS):
            less = [test_error(name(data, size, MORE_EPOCHS))["value"] for size in longer]
            axes.plot(longer, less, marker="^", color=f"C{index}", label=f"autoencoder, {MORE_EPOCHS} epochs, {data}")
        of_pca = [linear[data][size] for size in sizes]
        axes.plot(sizes, of_pca, marker="s", color=f"C{index}", linestyle="--", label=f"PCA, {data}")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.set(xlabel="length of the code", ylabel="test MSE on [0, 1]")
    axes.legend(fontsize=8)
    return figure


def reconstruction_figure(data: str) -> Figure:
    """Test images, and a row below for every length of the code."""
    sizes = sizes_done(data)
    images = [first_images(find_dataset(data)())]
    images += [torch.from_numpy(np.load(STUDY.kept(name(data, size)) / SHOWN)) for size in sizes]
    grid = np.asarray(image_grid(torch.cat(images), columns=NUM_SHOWN))
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
    axes.set_title(f"{data}: test images, and what autoencoders make of them", fontsize=10)
    return figure


STUDY = Study(
    folder=Path(__file__).parent / "ae_sizes",
    variants={
        **{name(data, size): Variant("ae", arguments(data, size)) for data in DATA for size in SIZES},
        **{
            name("mnist", size, MORE_EPOCHS): Variant("ae", arguments("mnist", size, MORE_EPOCHS))
            for size in OF_MORE_EPOCHS
        },
        **{rate_name(rate, size): Variant("ae", at_rate(rate, size)) for rate in RATES for size in OF_RATES},
    },
    measure=measure,
    measured="evaluation.json",
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
