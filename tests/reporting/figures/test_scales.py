from __future__ import annotations

import numpy as np
import torch
from cases import FLOWS, pixels
from in_memory import in_memory, picture_of

from genera.data.image_grid import image_grid
from genera.reporting.figures.scales import scales


def test_resampled_scales_are_below_the_image() -> None:
    flow, _ = FLOWS["flow, grey"]()
    images = pixels(flow.spec, 10)
    drawing = scales(in_memory(flow, images, seed=3))
    assert drawing is not None
    figure, few, generator = drawing.draw(), images[:8], torch.Generator().manual_seed(3)
    resampled = [flow.resample(few, keep=1, generator=generator) for _ in range(4)]
    expected = image_grid(torch.cat([few, *resampled]), columns=8, levels=17)
    assert np.array_equal(picture_of(figure), np.asarray(expected))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["image"] + 4 * ["1 of 2 scales"]
