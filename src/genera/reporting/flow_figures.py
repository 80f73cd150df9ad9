"""Figures of normalizing flows: resampled scales, dequantization noise, and bits per pixel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from genera.core import bits_per_dim, sum_over_dims
from genera.data import ImageSplit
from genera.data.image_grid import image_grid
from genera.flows import NormalizingFlow, VariationalDequantizer, log_prob_map
from genera.reporting.style import show_picture

_NUM_IMAGES = 8
_RESAMPLINGS = 4
#: Dequantizations of one image, so that a histogram of a few dozen pixels has thousands of values.
_DEQUANTIZATIONS = 256
_BATCH = 32
_BINS = 40
#: Ranges of pixel values, relative to the highest level: in digits the background, edges and strokes.
_RANGES = {"black": (0.0, 0.0), "grey": (0.35, 0.65), "bright": (0.9, 1.0)}
#: Dequantizations to average bits over, as those of a single one are noisy.
_MAPS = 8


def flow_figures(flow: NormalizingFlow) -> dict[str, Callable[..., Figure]]:
    """Functions ``(flow, images, *, about, seed) -> Figure`` that apply to this flow, by name of the figure."""
    figures: dict[str, Callable[..., Figure]] = {}
    if len(flow.latent_scales) > 1:
        figures["scales"] = scales_figure
    if isinstance(flow.dequantizer, VariationalDequantizer):
        figures["dequantization"] = dequantization_figure
    return figures | {"pixel_bits": pixel_bits_figure}


def scales_figure(flow: NormalizingFlow, images: ImageSplit, *, about: str, seed: int) -> Figure:
    """Rows of images, each followed by copies that keep fewer and fewer coarse scales and resample the others."""
    pixels, labels = _first(images)
    generator = torch.Generator().manual_seed(seed)
    num_scales = len(flow.latent_scales)
    panels = {"image": pixels[:, None]}
    for keep in range(num_scales - 1, 0, -1):
        resampled = [flow.resample(pixels, labels, keep=keep, generator=generator) for _ in range(_RESAMPLINGS)]
        name = "coarsest scale" if keep == 1 else f"{keep} coarsest scales"
        panels[f"{name} of {num_scales} kept, rest resampled"] = torch.stack(resampled, dim=1)
    widths = [panel.shape[1] for panel in panels.values()]
    figure = Figure(figsize=(0.3 + 0.75 * sum(widths), 0.75 + 0.75 * len(pixels)), layout="compressed")
    row = np.atleast_1d(figure.subplots(1, len(panels), width_ratios=widths))
    for axes, (name, panel) in zip(row, panels.items(), strict=True):
        grid = image_grid(panel.flatten(0, 1), columns=panel.shape[1], levels=flow.spec.levels)
        show_picture(axes, grid, name, fontsize=9)
    figure.suptitle(f"{about}\nresampling of the finer scales", fontsize=10)
    return figure


def dequantization_figure(flow: NormalizingFlow, images: ImageSplit, *, about: str, seed: int) -> Figure:
    """One image, and the density of its dequantization noise by range of pixel values."""
    pixels, masks = _image_with_most_ranges(images, flow.spec.levels)
    noise = _noise(flow, pixels, seed=seed)
    figure = Figure(figsize=(7.5, 3.6))
    image_axes, axes = figure.subplots(1, 2, width_ratios=[1, 2])
    show_picture(image_axes, _picture(pixels, flow.spec.levels), "image", fontsize=9)
    edges = np.linspace(0, 1, _BINS + 1)
    for name, mask in masks.items():
        density, _ = np.histogram(noise[:, mask].flatten().numpy(), bins=edges, density=True)
        levels = pixels[mask]
        low, high = int(levels.min()), int(levels.max())
        label = f"level {low}" if low == high else f"levels {low} … {high}"
        axes.stairs(density, edges, baseline=None, linewidth=1.5, label=f"{name}: {label}, {len(levels)} values")
    axes.axhline(1, color="grey", linestyle="--", linewidth=1, label="uniform")
    axes.set(xlabel="u: position in the bin", ylabel="density q(u | image)", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    figure.suptitle(f"{about}: noise of the dequantizer", fontsize=10)
    return figure


def pixel_bits_figure(flow: NormalizingFlow, images: ImageSplit, *, about: str, seed: int) -> Figure:
    """Images, each above a map of its bits, whose mean is the bits per dimension of the image."""
    pixels, labels = _first(images)
    generator = torch.Generator().manual_seed(seed)
    with torch.inference_mode():
        maps = torch.stack([log_prob_map(flow, pixels, labels, generator=generator) for _ in range(_MAPS)]).mean(dim=0)
    bits = bits_per_dim(maps, flow.spec.channels)
    totals = bits_per_dim(sum_over_dims(maps), flow.spec.num_dims).tolist()
    # Outliers would compress the colour scale for all other pixels.
    low, high = np.percentile(bits.numpy(), [0.5, 99.5])
    figure = Figure(figsize=(1 + 1.1 * len(pixels), 3.1), layout="compressed")
    grid = figure.subplots(2, len(pixels), squeeze=False)
    for column, image, values, total in zip(grid.T, pixels, bits, totals, strict=True):
        show_picture(column[0], _picture(image, flow.spec.levels), f"{total:.2f}", fontsize=9)
        heat = column[1].imshow(values.numpy(), cmap="viridis", vmin=low, vmax=high, interpolation="nearest")
        column[1].axis("off")
    figure.colorbar(heat, ax=grid[1], extend="both", pad=0.01, fraction=0.02, label="bits/dim")
    mean = f"{sum(totals) / len(totals):.3f} on average, above each image its own value"
    figure.suptitle(f"{about}\nbits per dimension by pixel: {mean}", fontsize=10)
    return figure


def _first(images: ImageSplit) -> tuple[Tensor, Tensor | None]:
    """The first images, as many as fit in a figure, and their labels."""
    few = images.subset(torch.arange(min(_NUM_IMAGES, len(images))))
    return few.pixels, few.labels


def _picture(image: Tensor, levels: int) -> Image.Image:
    """uint8 ``(C, H, W)`` to a picture."""
    return image_grid(image[None], levels=levels, scale=1, padding=0)


def _image_with_most_ranges(images: ImageSplit, levels: int) -> tuple[Tensor, dict[str, Tensor]]:
    """The first image with pixels in the most ranges, and a mask ``(C, H, W)`` of each range by name."""
    best: tuple[Tensor, dict[str, Tensor]] | None = None
    for image in images.pixels:
        share = image / (levels - 1)
        masks = {name: (share >= low) & (share <= high) for name, (low, high) in _RANGES.items()}
        masks = {name: mask for name, mask in masks.items() if mask.any()}
        if best is None or len(masks) > len(best[1]):
            best = image, masks
    assert best is not None, "a split has at least one image"
    return best


def _noise(flow: NormalizingFlow, image: Tensor, *, seed: int) -> Tensor:
    """Samples of the dequantization noise of an image ``(C, H, W)``: ``(N, C, H, W)`` in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    batch = image.expand(_BATCH, *image.shape)
    with torch.inference_mode():
        samples = [flow.dequantizer(batch, generator=generator)[0] for _ in range(_DEQUANTIZATIONS // _BATCH)]
    # Rounding may move noise near the edge of a bin across it.
    return (torch.cat(samples) * flow.spec.levels - image).clamp(0, 1)
