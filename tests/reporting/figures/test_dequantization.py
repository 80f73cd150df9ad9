from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import every_level, made, variational
from in_memory import in_memory
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from torch import Tensor

from genera.core import ImageSpec
from genera.flows import Logit, NormalizingFlow
from genera.reporting.figures.dequantization import dequantization


def drawn(flow: NormalizingFlow, images: Tensor) -> tuple[Figure, list[str]]:
    """The figure, and the texts of its legend."""
    drawing = dequantization(in_memory(flow, images))
    assert drawing is not None
    figure = drawing.draw()
    return figure, [text.get_text() for text in figure.axes[1].get_legend().get_texts()]


def test_densities_of_a_fresh_dequantizer_are_uniform() -> None:
    # Its couplings start as the identity.
    flow = NormalizingFlow(ImageSpec(1, 8, 8, 256), transforms=[Logit], dequantizer=variational)
    levels = torch.tensor([0, 128, 250, 40], dtype=torch.uint8)
    image = levels.repeat(16).view(1, 1, 8, 8)
    figure, labels = drawn(flow, torch.cat([torch.zeros_like(image), image]))
    assert labels == [
        "black: level 0, 16 values", "grey: level 128, 16 values", "bright: level 250, 16 values", "uniform"
    ]  # fmt: skip
    densities = figure.axes[1].findobj(StepPatch)
    assert len(densities) == 3
    for stairs in densities:
        density, edges, _ = stairs.get_data()
        assert float((density * np.diff(edges)).sum()) == pytest.approx(1)
        # 4,096 numbers in 40 bins: a relative deviation of 0.1 each.
        assert np.abs(density - 1).max() < 0.5


def test_an_image_of_every_level_is_dequantized_in_colour() -> None:
    spec = ImageSpec(3, 4, 4, 2)
    flow = made(lambda: NormalizingFlow(spec, transforms=[Logit], dequantizer=variational))
    _, labels = drawn(flow, every_level(spec))
    assert "black: level 0, 48 values" in labels
