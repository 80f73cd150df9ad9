"""Autoencoders with latents of several sizes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from matplotlib.figure import Figure

from genera.data.image_grid import image_grid
from genera.evaluation import MEASURES, EvaluationProtocol, evaluate, reconstruct_images
from genera.reporting.drawing import Drawing, LoadedModel
from genera.reporting.style import picture_figure
from genera.runs.readers import read_environment
from genera.vaes import Autoencoder

#: Images, each reconstructed by every model.
_NUM_IMAGES = 10
#: Models by latent size.
BySize = Mapping[int, LoadedModel]


def latent_sizes(models: Sequence[LoadedModel]) -> Iterator[Drawing]:
    """Errors and reconstructions of autoencoders of one data set; of equal latent sizes the last is used."""
    by_data: dict[str, dict[int, LoadedModel]] = {}
    for loaded in models:
        if isinstance(loaded.model, Autoencoder):
            key = json.dumps(loaded.trained.config["data"], sort_keys=True)
            by_data.setdefault(key, {})[loaded.model.latent_size] = loaded
    for unsorted in by_data.values():
        if len(unsorted) > 1:
            by_size = dict(sorted(unsorted.items()))
            name = next(iter(by_size.values())).trained.config["data"]["name"]
            for suffix, title, draw in (
                ("", f"autoencoders on {name}", errors_figure),
                ("-reconstructions", f"{name}: validation images and their reconstructions", reconstructions_figure),
            ):
                title = f"{title}: {_steps(by_size)}"
                yield Drawing(f"codes-{name}{suffix}", "Latent sizes", title, partial(draw, by_size))


def errors_figure(by_size: BySize) -> Figure:
    """Reconstruction error of validation images against the latent size."""
    measured = []
    for loaded in by_size.values():
        protocol = EvaluationProtocol(loaded.data, split="validation", device=loaded.model.device, allow=loaded.allow)
        result = evaluate(loaded.trained, protocol, [MEASURES["mse"]])
        measured.append(result["measures"]["mse"])
    values = np.array([mse["value"] for mse in measured])
    ends = np.array([(mse["value"] - mse["low"], mse["high"] - mse["value"]) for mse in measured]).T
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    axes.errorbar(list(by_size), values, yerr=ends, marker="o", capsize=3)
    for size, value in zip(by_size, values, strict=True):
        axes.annotate(f"{value:.4f}", (size, value), xytext=(4, 6), textcoords="offset points", fontsize=8)
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(by_size), [str(size) for size in by_size])
    axes.minorticks_off()
    axes.set(xlabel="latent size", ylabel="validation MSE on [0, 1]", ylim=(0, None))
    return figure


def reconstructions_figure(by_size: BySize) -> Figure:
    """Images, and a row of reconstructions for each latent size."""
    first = next(iter(by_size.values()))
    images = first.validation.first(_NUM_IMAGES)
    rows = {"image": images.pixels}
    rows |= {f"{size} dimensions": reconstruct_images(loaded.model, images) for size, loaded in by_size.items()}
    pixels = torch.cat([row.cpu() for row in rows.values()])
    return picture_figure(image_grid(pixels, columns=len(images), levels=first.model.spec.levels), rows=list(rows))


def _steps(by_size: BySize) -> str:
    """Number of training steps of the models; the number of models if the steps are unknown."""
    files = [loaded.trained.run.environment for loaded in by_size.values()]
    if not all(file.is_file() for file in files):
        return f"{len(files)} models"
    steps = sorted({read_environment(file)["steps"] for file in files})
    return f"{steps[0]:,} steps each" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,} steps"
