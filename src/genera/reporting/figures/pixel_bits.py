"""Where in an image a flow spends its bits."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from PIL import Image

from genera.core import bits_per_dim, sum_over_dims
from genera.data.image_grid import image_grid
from genera.flows import NormalizingFlow, log_prob_map
from genera.reporting.drawing import LoadedModel, model_figure
from genera.reporting.style import picture_figure

_NUM_IMAGES = 8
#: Dequantizations to average bits over, as those of a single one are noisy.
_MAPS = 8


@model_figure("Likelihood", needs=lambda loaded: isinstance(loaded.model, NormalizingFlow))
def pixel_bits(loaded: LoadedModel) -> Figure:
    """Images, each above a map of its bits per dimension."""
    flow, images, generator = loaded.model, loaded.validation.first(_NUM_IMAGES), loaded.generator
    assert isinstance(flow, NormalizingFlow)
    with torch.inference_mode():
        maps = [log_prob_map(flow, images.pixels, images.labels, generator=generator) for _ in range(_MAPS)]
    log_probs = torch.stack(maps).mean(dim=0).cpu()
    bits = bits_per_dim(log_probs, flow.spec.channels).numpy()
    totals = bits_per_dim(sum_over_dims(log_probs), flow.spec.num_dims).tolist()
    # Outliers would compress the colour scale for all other pixels.
    colours = ScalarMappable(Normalize(*np.percentile(bits, [0.5, 99.5])), "viridis")
    # (N, H, W, 4), of which the last is the opacity.
    coloured = torch.from_numpy(colours.cmap(np.asarray(colours.norm(bits)), bytes=True)[..., :3]).permute(0, 3, 1, 2)
    grids = (
        image_grid(images.pixels, columns=len(images), levels=flow.spec.levels),
        image_grid(coloured, columns=len(images)),
    )
    picture = Image.fromarray(np.concatenate([np.asarray(grid.convert("RGB")) for grid in grids]))
    figure = picture_figure(picture, columns=[f"{total:.2f}" for total in totals])
    mean = sum(totals) / len(totals)
    figure.axes[0].set_xlabel(f"bits per dimension of each image, {mean:.3f} on average", fontsize=8)
    figure.colorbar(colours, cax=figure.add_axes((1.01, 0.02, 0.012, 0.46)), extend="both", label="bits/dim")
    return figure
