"""Figures of variational autoencoders: terms of the loss over training, and the latent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from genera.data import ImageSplit
from genera.data.image_grid import image_grid
from genera.evaluation import traverse
from genera.reporting.curves import Table, against_time, axis_limits, columns_of
from genera.vaes import VAE, DiagonalPosterior

_NUM_DIMS = 8
_STEPS = 11
#: The column of ``metrics.csv`` in each panel, by the label of its y axis.
_PANELS = {
    "loss at β = 1, nats": "validation/loss",
    "reconstruction, nats": "validation/reconstruction",
    "KL, nats": "validation/kl",
    "β": "train/beta",
    "active units": "validation/active_units",
}
#: Columns that fall steeply at first and stay far from zero.
_STEEP = ("validation/loss", "validation/reconstruction")


def loss_terms_figure(table: Table, *, about: str) -> Figure:
    """Terms of the bound, β and the number of active units over training."""
    panels = {label: column for label, column in _PANELS.items() if column in columns_of(table)}
    figure = Figure(figsize=(6, 0.6 + 1.5 * len(panels)))
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)
    for axes, (label, column) in zip(grid.flat, panels.items(), strict=True):
        minutes, values = against_time(table, column)
        axes.plot(minutes, values)
        axes.set_ylabel(label, fontsize=8)
        axes.set_ylim(*axis_limits(values) if column in _STEEP else (0, None))
    grid[-1, 0].set_xlabel("minutes of training")
    figure.suptitle(about, fontsize=10)
    return figure


def vae_figures(vae: VAE) -> dict[str, Callable[..., Figure]]:
    """Functions ``(vae, images, *, about, seed) -> Figure`` that apply to this VAE, by name of the figure."""
    if not vae.has_closed_kl:
        return {}
    return {"latent": latent_figure, "traversals": traversal_figure}


def latent_figure(vae: VAE, images: ImageSplit, *, about: str, seed: int) -> Figure:
    """KL divergence of each latent dimension, largest first: its information about the image."""
    with torch.inference_mode():
        posterior = vae.posterior(images.pixels, images.labels)
    kl, order = _mean_kl(vae, posterior).sort(descending=True)
    is_active = posterior.is_active()[order]
    figure = Figure(figsize=(6, 3.5))
    axes = figure.add_subplot()
    positions = np.arange(len(kl))
    for label, mask, colour in (("active", is_active, "C0"), ("collapsed", ~is_active, "C1")):
        if mask.any():
            name = f"{label}: {int(mask.sum())} of {len(kl)}"
            axes.bar(positions[mask.numpy()], kl[mask].numpy(), width=0.8, color=colour, label=name)
    axes.set(xlabel="latent dimension, sorted by divergence", ylabel="KL divergence, nats")
    axes.set_title(f"{about}\n{float(kl.sum()):.1f} nats in total, mean over {len(images)} images", fontsize=10)
    axes.legend(fontsize=8)
    return figure


def _mean_kl(vae: VAE, posterior: DiagonalPosterior) -> Tensor:
    """The mean KL divergence of each latent dimension over images, ``(D,)`` nats."""
    kl = posterior.kl_to(vae.prior)
    assert kl is not None, "vae_figures checks it"
    return kl.mean(dim=0)


def traversal_figure(vae: VAE, images: ImageSplit, *, about: str, seed: int) -> Figure:
    """One image, decoded with one latent dimension from -3 to 3: a row for each dimension of the largest divergence."""
    with torch.inference_mode():
        posterior = vae.posterior(images.pixels, images.labels)
    dims = _mean_kl(vae, posterior).argsort(descending=True)[:_NUM_DIMS].tolist()
    first = images.subset(torch.tensor([0]))
    traversals = traverse(vae, first.pixels, dims, values=torch.linspace(-3, 3, _STEPS), labels=first.labels)[0]
    figure = Figure(figsize=(7, 0.8 + 0.62 * len(traversals)))
    axes = figure.add_subplot()
    grid = np.asarray(image_grid(traversals.flatten(0, 1), columns=_STEPS, levels=vae.spec.levels))
    axes.imshow(grid, cmap="gray", interpolation="nearest")
    height, width = grid.shape[0] / len(dims), grid.shape[1] / _STEPS
    axes.set_yticks([(row + 0.5) * height for row in range(len(dims))], [f"z[{dim}]" for dim in dims], fontsize=8)
    axes.set_xticks([(column + 0.5) * width for column in (0, _STEPS // 2, _STEPS - 1)], ["-3", "0", "3"], fontsize=8)
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{about}\none latent dimension at a time", fontsize=10)
    return figure
