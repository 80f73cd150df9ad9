from __future__ import annotations

import numpy as np

from genera.reporting.gan_figures import diversity_figure, players_figure


def test_panels_show_the_existing_columns() -> None:
    table = {
        10: {
            "epoch": 1.0,
            "train/discriminator/adversarial": 1.2,
            "train/generator/adversarial": 0.9,
            "train/generator/feature_matching": 0.3,
            "train/discriminator/real": 0.7,
            "train/discriminator/fake": 0.2,
        },
        20: {"epoch": 2.0, "samples/diversity": 0.5, "images/diversity": 0.6, "train/generator/adversarial": 1.1},
        # Means over two steps only.
        22: {"epoch": 2.2, "samples/diversity": 0.4, "images/diversity": 0.6, "train/generator/adversarial": 9.9},
    }
    figure = players_figure(table, about="a GAN")
    panels = {axes.get_ylabel(): axes for axes in figure.axes}
    assert list(panels) == ["loss of the discriminator", "loss of the generator", "feature matching", "D(x)"]
    lines = {line.get_label(): line for line in panels["loss of the generator"].get_lines()}
    np.testing.assert_allclose(lines["adversarial"].get_xydata(), [[1, 0.9], [2, 1.1]])
    assert figure.get_suptitle() == "a GAN"
    assert figure.axes[-1].get_xlabel() == "epochs"
    diversity = diversity_figure(table, about="a GAN")
    assert diversity is not None
    (axes,) = diversity.axes
    styles = {line.get_label(): line.get_linestyle() for line in axes.get_lines()}
    assert styles == {"samples": "-", "images": "--", "a third of images: collapse": ":"}
    # Also in the last row: values of samples do not depend on the number of steps.
    np.testing.assert_allclose(axes.get_lines()[0].get_xydata(), [[2, 0.5], [2.2, 0.4]])


def test_without_probes_there_is_no_diversity_figure() -> None:
    assert diversity_figure({10: {"epoch": 1.0, "train/generator/adversarial": 0.9}}, about="") is None
