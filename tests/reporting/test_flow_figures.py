from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from cases import FLOWS, every_level, made, multiscale, pixels, variational
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from genera.core import ImageSpec
from genera.data import ImageSplit
from genera.data.image_grid import image_grid
from genera.flows import Logit, NormalizingFlow, VariationalDequantizer, log_prob_map
from genera.reporting.flow_figures import dequantization_figure, flow_figures, pixel_bits_figure, scales_figure


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_has_the_figures_that_apply(name: str) -> None:
    flow, images = FLOWS[name]()
    figures = flow_figures(flow)
    assert ("scales" in figures) == (len(flow.latent_scales) > 1)
    assert ("dequantization" in figures) == isinstance(flow.dequantizer, VariationalDequantizer)
    assert "pixel_bits" in figures
    labels = torch.arange(len(images)) if flow.spec.num_classes else None
    for make in figures.values():
        figure = make(flow.float(), ImageSplit(images, labels), about="a flow", seed=0)
        assert "a flow" in figure.get_suptitle()
        figure.canvas.draw()


def test_resampled_scales_are_next_to_the_image() -> None:
    flow, _ = FLOWS["flow, grey"]()
    images = ImageSplit(pixels(flow.spec, 10))
    figure = scales_figure(flow, images, about="", seed=3)
    image, kept = (np.asarray(axes.get_images()[0].get_array()) for axes in figure.axes)
    few = images.pixels[:8]
    assert np.array_equal(image, np.asarray(image_grid(few, columns=1, levels=17)))
    generator = torch.Generator().manual_seed(3)
    resampled = [flow.resample(few, keep=1, generator=generator) for _ in range(4)]
    expected = image_grid(torch.stack(resampled, dim=1).flatten(0, 1), columns=4, levels=17)
    assert np.array_equal(kept, np.asarray(expected))
    assert "coarsest scale of 2 kept" in texts(figure)


def test_densities_of_a_fresh_dequantizer_are_uniform() -> None:
    # Its couplings start as the identity.
    flow = NormalizingFlow(ImageSpec(1, 8, 8, 256), transforms=[Logit], dequantizer=variational)
    levels = torch.tensor([0, 128, 250, 40], dtype=torch.uint8)
    image = levels.repeat(16).view(1, 1, 8, 8)
    figure = dequantization_figure(flow, ImageSplit(torch.cat([torch.zeros_like(image), image])), about="", seed=0)
    _, axes = figure.axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [
        "black: level 0, 16 values", "grey: level 128, 16 values", "bright: level 250, 16 values", "uniform"
    ]  # fmt: skip
    densities = axes.findobj(StepPatch)
    assert len(densities) == 3
    for stairs in densities:
        density, edges, _ = stairs.get_data()
        assert float((density * np.diff(edges)).sum()) == pytest.approx(1)
        # 4,096 numbers in 40 bins: a relative deviation of 0.1 each.
        assert np.abs(density - 1).max() < 0.5


def test_an_image_of_every_level_is_dequantized_in_colour() -> None:
    spec = ImageSpec(3, 4, 4, 2)
    flow = made(lambda: NormalizingFlow(spec, transforms=[Logit], dequantizer=variational)).float()
    figure = dequantization_figure(flow, ImageSplit(every_level(spec)), about="", seed=0)
    assert "black: level 0, 48 values" in texts(figure)


def test_the_maps_show_bits_and_the_titles_their_means() -> None:
    flow, _ = FLOWS["flow, colour"]()
    images = ImageSplit(pixels(flow.spec, 3))
    figure = pixel_bits_figure(flow, images, about="", seed=5)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        maps = [log_prob_map(flow, images.pixels, generator=generator) for _ in range(8)]
    bits = -torch.stack(maps).mean(dim=0) / (3 * np.log(2))
    for index in range(3):
        image, heat = figure.axes[index], figure.axes[3 + index]
        assert np.asarray(image.get_images()[0].get_array()).shape == (4, 4, 3)
        np.testing.assert_allclose(np.asarray(heat.get_images()[0].get_array()), bits[index], rtol=1e-6)
        assert image.get_title() == f"{float(bits[index].mean()):.2f}"
    assert f"{float(bits.mean()):.3f}" in figure.get_suptitle()


def test_figures_of_one_seed_are_the_same() -> None:
    flow = made(partial(NormalizingFlow, ImageSpec(1, 8, 8, 17), transforms=multiscale, dequantizer=variational))
    flow, images = flow.float(), ImageSplit(pixels(flow.spec))
    for make in flow_figures(flow).values():
        one, same, other = (_arrays(make(flow, images, about="", seed=seed)) for seed in (0, 0, 1))
        assert all(map(np.array_equal, one, same))
        assert not all(map(np.array_equal, one, other))


def _arrays(figure: Figure) -> list[np.ndarray]:
    arrays = [np.asarray(image.get_array()) for axes in figure.axes for image in axes.get_images()]
    return arrays + [stairs.get_data().values for stairs in figure.findobj(StepPatch)]
