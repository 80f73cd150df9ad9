"""The latent dimensions of a VAE: how much each says about an image, and what it changes."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from genera.core import ImageModel
from genera.data import ImageSplit
from genera.data.image_grid import image_grid
from genera.evaluation import traverse
from genera.reporting.drawing import LoadedModel, model_figure
from genera.reporting.style import picture_figure
from genera.vaes import VAE, DiagonalPosterior

_NUM_DIMS = 8
_STEPS = 11


def _has_closed_kl(loaded: LoadedModel) -> bool:
    return isinstance(loaded.model, VAE) and loaded.model.has_closed_kl


def _posterior_and_kl(vae: ImageModel, images: ImageSplit) -> tuple[DiagonalPosterior, Tensor]:
    """The posteriors of images, and the mean divergence of each latent dimension from the prior, ``(D,)`` nats."""
    assert isinstance(vae, VAE)
    with torch.inference_mode():
        posterior = vae.posterior(images.pixels, images.labels)
        kl = posterior.kl_to(vae.prior)
    assert kl is not None, "the figures need it"
    return posterior, kl.mean(dim=0)


@model_figure("Latents", needs=_has_closed_kl)
def latent(loaded: LoadedModel) -> Figure:
    """KL divergence of each latent dimension: its information about the image."""
    images = loaded.validation
    posterior, unsorted = _posterior_and_kl(loaded.model, images)
    kl, order = unsorted.cpu().sort(descending=True)
    is_active = posterior.is_active().cpu()[order]
    figure = Figure(figsize=(6, 3.5))
    axes = figure.add_subplot()
    positions = np.arange(len(kl))
    for label, mask, colour in (("active", is_active, "C0"), ("collapsed", ~is_active, "C1")):
        if mask.any():
            name = f"{label}: {int(mask.sum())} of {len(kl)}"
            axes.bar(positions[mask.numpy()], kl[mask].numpy(), width=0.8, color=colour, label=name)
    axes.set(xlabel="latent dimension", ylabel="KL divergence, nats")
    total = f"{float(kl.sum()):.1f} nats in total,\nmean of {len(images)} images"
    axes.legend(fontsize=8, title=total, title_fontsize=8)
    return figure


@model_figure("Latents", needs=_has_closed_kl)
def traversals(loaded: LoadedModel) -> Figure:
    """One image, decoded with one latent dimension at a time from -3 to 3."""
    vae = loaded.model
    assert isinstance(vae, VAE)
    _, kl = _posterior_and_kl(vae, loaded.validation)
    dims = kl.argsort(descending=True)[:_NUM_DIMS].tolist()
    first, values = loaded.validation.first(1), torch.linspace(-3, 3, _STEPS)
    decoded = traverse(vae, first.pixels, dims, values=values, labels=first.labels)[0]
    grid = image_grid(decoded.flatten(0, 1), columns=_STEPS, levels=vae.spec.levels)
    return picture_figure(
        grid, rows=[f"z[{dim}]" for dim in dims], columns=[f"{value:z.1f}" for value in values.tolist()]
    )
