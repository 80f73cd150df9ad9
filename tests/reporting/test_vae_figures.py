from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import VAES, finalized_autoencoder, labels_of, perturb
from matplotlib.figure import Figure

from genera.core import StandardNormal
from genera.data import ImageSplit
from genera.data.image_grid import image_grid, pair_grid
from genera.evaluation import traverse
from genera.reporting.figures import reconstruction_figure
from genera.reporting.vae_figures import latent_figure, loss_terms_figure, traversal_figure, vae_figures
from genera.vaes import VAE


def image_of(figure: Figure) -> np.ndarray:
    (axes,) = figure.axes
    (image,) = axes.get_images()
    return np.asarray(image.get_array())


@pytest.fixture
def vae() -> VAE:
    model, _ = VAES["VAE, Gaussian"]()
    perturb(model, scale=1.0)
    return model.float()


@pytest.mark.parametrize("name", VAES)
def test_a_vae_has_the_figures_that_apply(name: str) -> None:
    model, images = VAES[name]()
    figures = vae_figures(model)
    assert set(figures) == ({"latent", "traversals"} if type(model.prior) is StandardNormal else set())
    for make in figures.values():
        labels = labels_of(model, images) if model.class_conditional else None
        figure = make(model.float(), ImageSplit(images, labels), about="a VAE", seed=0)
        assert "a VAE" in figure.axes[0].get_title()
        figure.canvas.draw()


def test_bars_are_the_divergences_in_descending_order(vae: VAE) -> None:
    _, images = VAES["VAE, Gaussian"]()
    (axes,) = latent_figure(vae, ImageSplit(images), about="", seed=0).axes
    heights = {round(bar.get_x() + 0.4): bar.get_height() for bar in axes.patches}
    kl = vae.posterior(images).kl_to(vae.prior).mean(dim=0)
    np.testing.assert_allclose([heights[place] for place in range(3)], kl.sort(descending=True)[0].detach(), rtol=1e-5)
    active = int(vae.posterior(images).active_units())
    assert active > 0
    assert any(text.get_text() == f"active: {active} of 3" for text in axes.get_legend().get_texts())


def test_rows_are_the_dimensions_of_the_largest_divergence(vae: VAE) -> None:
    _, images = VAES["VAE, Gaussian"]()
    figure = traversal_figure(vae, ImageSplit(images), about="", seed=0)
    order = vae.posterior(images).kl_to(vae.prior).mean(dim=0).argsort(descending=True).tolist()
    traversals = traverse(vae, images[:1], order, values=torch.linspace(-3, 3, 11))[0]
    assert np.array_equal(image_of(figure), np.asarray(image_grid(traversals.flatten(0, 1), columns=11, levels=17)))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [f"z[{dim}]" for dim in order]


def test_loss_terms_show_the_existing_columns() -> None:
    table = {
        0: {"seconds": 0.0, "validation/reconstruction": 90.0, "validation/kl": 0.0, "train/beta": 0.0},
        10: {"seconds": 60.0, "validation/reconstruction": 80.0, "validation/kl": 5.0, "train/beta": 1.0},
    }
    panels = loss_terms_figure(table, about="a VAE").axes
    assert [axes.get_ylabel() for axes in panels] == ["reconstruction, nats", "KL, nats", "β"]
    np.testing.assert_allclose(panels[1].get_lines()[0].get_xydata(), [[0, 0], [1, 5]])


def test_reconstructions_are_below_their_images() -> None:
    model, images = finalized_autoencoder()
    figure = reconstruction_figure(model, ImageSplit(images), about="an autoencoder", seed=0)
    expected = pair_grid(images, model.reconstruct(images), levels=17)
    assert np.array_equal(image_of(figure), np.asarray(expected))
    assert "an autoencoder" in figure.axes[0].get_title()
