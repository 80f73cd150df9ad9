"""The comparison that the report left open: its VAE on MNIST and on Fashion-MNIST.

``python studies/vae_datasets.py train`` trains the recipe ``vae`` on both, each for ten minutes on one thread, in
``$GENERA_RUNS/vae_datasets``; run it again to resume after an interruption. Because β changes during these trainings,
and they differ in their number of steps, both are also trained for ten epochs with β = 1. These are compared by
reconstruction error, by the diversity of samples, and by how soon the bound approaches its last value. With ``report``
in place of ``train`` it writes table and figures into ``studies/vae_datasets``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from study import Study, Variant, table

from genera.core import Autoencoding
from genera.data import ImageDataset
from genera.data.image_grid import image_grid, pair_grid
from genera.evaluation import MEASURES, EvaluationProtocol, Subject, sample_images
from genera.evaluation.metrics import dissimilarity
from genera.reporting.curves import against_epochs
from genera.reporting.figures.training_curves import LOSS_TERMS, panels_figure
from genera.reporting.style import save_figure, style, titled
from genera.runs.readers import read_table
from genera.zoo import TrainedModel

DATA = ("mnist", "fashion-mnist")
MEASURED, PICTURES = "measured.json", "pictures.npz"
NUM_SAMPLES, SEEDS = 2000, range(5)
NUM_SHOWN, COLUMNS = 24, 8
#: The table gives the epoch at which the bound reaches this share of its improvement over the mean image.
SHARE = 0.9
VALIDATION = ("--validate_every", "0.1", "--validation_images", "1000")
CONSTANT = (
    *("--max_epochs", "10", "--precision", "bf16-mixed"),
    *("--model.objective.schedule", "Constant"),
)


def constant(data: str) -> str:
    """The name of the variant with β = 1."""
    return f"{data}, β = 1"


def measure(trained: TrainedModel, folder: Path) -> None:
    """Write error and diversity of test images and samples, and some of both."""
    data, model = trained.open_data(), trained.load()
    assert isinstance(model, Autoencoding)
    test = data.split("test")
    error = MEASURES["mse"].measure(Subject(model, EvaluationProtocol(data)))
    of_samples = [float(dissimilarity(sample_images(model, NUM_SAMPLES, seed=seed), levels=256)) for seed in SEEDS]
    results = {
        "mse": error.value,
        "mse_low": error.low,
        "mse_high": error.high,
        "variance": float((test.pixels.double() / 255).var(dim=0).mean()),
        "dissimilarity_of_samples": of_samples,
        # In random order: consecutive images in the file may be by the same writer.
        "dissimilarity_of_images": float(dissimilarity(shuffled(test.pixels)[:NUM_SAMPLES], levels=256)),
        "bound_of_mean_image": mean_image_bound(data),
    }
    (folder / MEASURED).write_text(json.dumps(results, indent=2) + "\n")
    images = test.pixels[:NUM_SHOWN]
    np.savez(
        folder / PICTURES, images=images, rebuilt=model.reconstruct(images), samples=sample_images(model, 2 * NUM_SHOWN)
    )


def shuffled(images: torch.Tensor) -> torch.Tensor:
    """The images in random order."""
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(0))]


def mean_image_bound(data: ImageDataset) -> float:
    """Cross-entropy of validation images, in nats, of a model that predicts the mean of every pixel."""
    train, validation = (data.split(split).pixels.double() / 255 for split in ("train", "validation"))
    mean = train.mean(dim=0).clamp(1e-4, 1 - 1e-4).expand_as(validation)
    return float(F.binary_cross_entropy(mean, validation, reduction="none").flatten(1).sum(dim=1).mean())


def convergence(data: str) -> tuple[np.ndarray, np.ndarray]:
    """Epochs with β = 1, and the share of the improvement from the mean image to the best bound reached by then."""
    folder = STUDY.variant_folder(constant(data))
    epochs, bound = against_epochs(read_table(folder / "metrics.csv"), "validation/loss")
    start = json.loads((folder / MEASURED).read_text())["bound_of_mean_image"]
    values = np.minimum.accumulate(bound)
    return np.array(epochs), (start - values) / (start - values[-1])


def tables() -> dict[str, str]:
    """The table, by its name."""
    rows: list[tuple[str, ...]] = []
    for data in DATA:
        results = json.loads((STUDY.variant_folder(constant(data)) / MEASURED).read_text())
        epochs, share = convergence(data)
        samples = results["dissimilarity_of_samples"]
        spread = f"{np.mean(samples):.3f} ({min(samples):.3f} … {max(samples):.3f})"
        rows.append(
            (
                data,
                f"{results['mse']:.4f} ({results['mse_low']:.4f} … {results['mse_high']:.4f})",
                f"{100 * results['mse'] / results['variance']:.1f} %",
                spread,
                f"{results['dissimilarity_of_images']:.3f}",
                f"{epochs[np.argmax(share >= SHARE)]:.1f} epochs",
            )
        )
    columns = (
        "data", "test MSE (95 %)", "share of the variance", "1 - SSIM of samples (5 seeds)", "1 - SSIM of test images",
        f"{100 * SHARE:.0f} % of the improvement",
    )  # fmt: skip
    return {"table": table(columns, rows)}


def report() -> None:
    """Write the table and the figures."""
    for name, text in tables().items():
        (STUDY.folder / f"{name}.md").write_text(text)
    with style():
        save_figure(pictures_figure(), STUDY.folder / "pictures")
        save_figure(convergence_figure(), STUDY.folder / "convergence")
        for data in DATA:
            rows_of_run = read_table(STUDY.variant_folder(data) / "metrics.csv")
            terms = titled(panels_figure(rows_of_run, LOSS_TERMS), f"the report's VAE on {data}")
            save_figure(terms, STUDY.folder / f"training-{data}")
    print(STUDY.folder)


def pictures_figure() -> Figure:
    """Reconstructions and samples of both, side by side."""
    figure = Figure(figsize=(9, 7.4), layout="constrained")
    grid = figure.subplots(2, len(DATA), squeeze=False)
    for column, data in zip(grid.T, DATA, strict=True):
        with np.load(STUDY.variant_folder(data) / PICTURES) as file:
            images, rebuilt, samples = (torch.from_numpy(file[part]) for part in ("images", "rebuilt", "samples"))
        column[0].imshow(np.asarray(pair_grid(images, rebuilt, columns=COLUMNS)), cmap="gray")
        column[0].set_title(f"{data}: test images, and below each its reconstruction", fontsize=9)
        column[1].imshow(np.asarray(image_grid(samples, columns=COLUMNS)), cmap="gray")
        column[1].set_title(f"{data}: samples", fontsize=9)
    for axes in grid.flat:
        axes.axis("off")
    return figure


def convergence_figure() -> Figure:
    """The remaining improvement of the bound over epochs."""
    figure = Figure(figsize=(6, 3.6))
    axes = figure.add_subplot()
    for data, marker in zip(DATA, "os", strict=True):
        epochs, share = convergence(data)
        # The remaining share of the best epoch is 0, which a logarithmic axis cannot show.
        axes.plot(epochs[share < 1], 1 - share[share < 1], marker=marker, markersize=3, label=data)
    axes.axhline(1 - SHARE, color="grey", linestyle="--", linewidth=1)
    axes.set_yscale("log")
    axes.set(xlabel="epochs with β = 1", ylabel="remaining share of the improvement")
    axes.legend()
    return figure


STUDY = Study(
    folder=Path(__file__).parent / "vae_datasets",
    variants={
        **{data: Variant("vae", ("--data", data, "--budget", "10m", *VALIDATION)) for data in DATA},
        **{constant(data): Variant("vae", ("--data", data, *VALIDATION, *CONSTANT)) for data in DATA},
    },
    measure=measure,
    result_file=MEASURED,
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
