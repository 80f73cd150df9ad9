from __future__ import annotations

import numpy as np

from genera.reporting.gan_figures import players_figure


def test_every_panel_shows_the_columns_there_are() -> None:
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
        # Of two steps only.
        22: {"epoch": 2.2, "samples/diversity": 0.4, "images/diversity": 0.6, "train/generator/adversarial": 9.9},
    }
    figure = players_figure(table, about="a GAN")
    panels = {axes.get_ylabel(): axes for axes in figure.axes}
    assert list(panels) == [
        "loss of the discriminator",
        "loss of the generator",
        "feature matching",
        "D(x)",
        "diversity, 1 - SSIM",
    ]
    lines = {line.get_label(): line for line in panels["loss of the generator"].get_lines()}
    np.testing.assert_allclose(lines["adversarial"].get_xydata(), [[1, 0.9], [2, 1.1]])
    looks = {line.get_label(): line.get_linestyle() for line in panels["diversity, 1 - SSIM"].get_lines()}
    assert looks == {"samples": "-", "images": "--", "a third of it: collapsed": ":"}
    assert figure.get_suptitle() == "a GAN"
    assert figure.axes[-1].get_xlabel() == "epochs"
