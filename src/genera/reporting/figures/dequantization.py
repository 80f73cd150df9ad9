"""The noise that a learned dequantizer adds to pixels."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from genera.data.image_grid import image_grid
from genera.flows import NormalizingFlow, VariationalDequantizer
from genera.reporting.drawing import LoadedModel, model_figure
from genera.reporting.style import show_picture

#: Dequantizations of one image, so that a histogram of a few dozen pixels has thousands of values.
_DEQUANTIZATIONS = 256
_BATCH = 32
_BINS = 40
#: Ranges of pixel values, relative to the highest level: in digits the background, edges and strokes.
_RANGES = {"black": (0.0, 0.0), "grey": (0.35, 0.65), "bright": (0.9, 1.0)}


@model_figure(
    "Likelihood",
    needs=lambda loaded: (
        isinstance(loaded.model, NormalizingFlow) and isinstance(loaded.model.dequantizer, VariationalDequantizer)
    ),
)
def dequantization(loaded: LoadedModel) -> Figure:
    """An image, and the density of its dequantization noise by range of pixel values."""
    flow = loaded.model
    assert isinstance(flow, NormalizingFlow)
    # The first image with pixels in the most ranges.
    image = max(loaded.validation.pixels, key=lambda image: len(_masks(image, flow.spec.levels)))
    noise, pixels = _noise(flow, image, generator=loaded.generator).cpu(), image.cpu()
    figure = Figure(figsize=(7.5, 3.6))
    image_axes, axes = figure.subplots(1, 2, width_ratios=[1, 2])
    show_picture(image_axes, image_grid(pixels[None], levels=flow.spec.levels, padding=0))
    edges = np.linspace(0, 1, _BINS + 1)
    for name, mask in _masks(pixels, flow.spec.levels).items():
        density, _ = np.histogram(noise[:, mask].flatten().numpy(), bins=edges, density=True)
        low, high = int(pixels[mask].min()), int(pixels[mask].max())
        label = f"level {low}" if low == high else f"levels {low} … {high}"
        axes.stairs(density, edges, baseline=None, linewidth=1.5, label=f"{name}: {label}, {int(mask.sum())} values")
    axes.axhline(1, color="grey", linestyle="--", linewidth=1, label="uniform")
    axes.set(xlabel="u: position in the bin", ylabel="density q(u | image)", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    return figure


def _masks(image: Tensor, levels: int) -> dict[str, Tensor]:
    """A mask ``(C, H, W)`` of each range that has pixels of an image, by name."""
    share = image / (levels - 1)
    masks = {name: (share >= low) & (share <= high) for name, (low, high) in _RANGES.items()}
    return {name: mask for name, mask in masks.items() if mask.any()}


def _noise(flow: NormalizingFlow, image: Tensor, *, generator: torch.Generator) -> Tensor:
    """Samples of the dequantization noise of an image ``(C, H, W)``: ``(N, C, H, W)`` in [0, 1]."""
    batch = image.expand(_BATCH, *image.shape)
    with torch.inference_mode():
        samples = [flow.dequantizer(batch, generator=generator)[0] for _ in range(_DEQUANTIZATIONS // _BATCH)]
    # Rounding may move noise near the edge of a bin across it.
    return (torch.cat(samples) * flow.spec.levels - image).clamp(0, 1)
