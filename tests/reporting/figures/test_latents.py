from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import VAES, perturb
from in_memory import in_memory, picture_of

from genera.data.image_grid import image_grid
from genera.evaluation import traverse
from genera.reporting.figures.latents import latent, traversals
from genera.vaes import VAE

_, IMAGES = VAES["VAE, Gaussian"]()


@pytest.fixture
def vae() -> VAE:
    model, _ = VAES["VAE, Gaussian"]()
    perturb(model, scale=1.0)
    return model.float()


def test_bars_are_the_divergences_in_descending_order(vae: VAE) -> None:
    drawing = latent(in_memory(vae, IMAGES))
    assert drawing is not None
    (axes,) = drawing.draw().axes
    heights = {round(bar.get_x() + 0.4): bar.get_height() for bar in axes.patches}
    kl = vae.posterior(IMAGES).kl_to(vae.prior).mean(dim=0).detach()
    np.testing.assert_allclose([heights[place] for place in range(3)], kl.sort(descending=True)[0], rtol=1e-5)
    active = int(vae.posterior(IMAGES).active_units())
    assert active > 0
    assert any(text.get_text() == f"active: {active} of 3" for text in axes.get_legend().get_texts())
    assert f"{float(kl.sum()):.1f} nats in total" in axes.get_legend().get_title().get_text()


def test_rows_are_the_dimensions_of_the_largest_divergence(vae: VAE) -> None:
    drawing = traversals(in_memory(vae, IMAGES))
    assert drawing is not None
    figure = drawing.draw()
    order = vae.posterior(IMAGES).kl_to(vae.prior).mean(dim=0).argsort(descending=True).tolist()
    decoded = traverse(vae, IMAGES[:1], order, values=torch.linspace(-3, 3, 11))[0]
    assert np.array_equal(picture_of(figure), np.asarray(image_grid(decoded.flatten(0, 1), columns=11, levels=17)))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [f"z[{dim}]" for dim in order]
    columns = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert (columns[0], columns[5], columns[-1]) == ("-3.0", "0.0", "3.0")
