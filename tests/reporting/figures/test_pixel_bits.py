from __future__ import annotations

import matplotlib
import numpy as np
import torch
from cases import FLOWS, pixels
from in_memory import in_memory, picture_of

from genera.data.image_grid import image_grid
from genera.flows import log_prob_map
from genera.reporting.figures.pixel_bits import pixel_bits


def test_the_maps_show_bits_and_the_labels_their_means() -> None:
    flow, _ = FLOWS["flow, colour"]()
    images = pixels(flow.spec, 3)
    drawing = pixel_bits(in_memory(flow, images, seed=5))
    assert drawing is not None
    figure, generator = drawing.draw(), torch.Generator().manual_seed(5)
    with torch.no_grad():
        maps = [log_prob_map(flow, images, generator=generator) for _ in range(8)]
    bits = (-torch.stack(maps).mean(dim=0) / (3 * np.log(2))).numpy()
    low, high = np.percentile(bits, [0.5, 99.5])
    colours = matplotlib.colormaps["viridis"]((bits - low) / (high - low), bytes=True)[..., :3]
    shown = picture_of(figure)
    top, bottom = np.split(shown, 2)
    assert np.array_equal(top, np.asarray(image_grid(images, columns=3)))
    expected = np.asarray(image_grid(torch.from_numpy(colours).permute(0, 3, 1, 2), columns=3))
    # Colours of values at the limit between two of them may differ.
    assert np.abs(bottom.astype(int) - expected).max() <= 3
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == [f"{value:.2f}" for value in bits.mean(axis=(1, 2))]
    assert f"{bits.mean():.3f} on average" in figure.axes[0].get_xlabel()
    assert figure.axes[1].get_ylabel() == "bits/dim"
