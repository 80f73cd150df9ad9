from __future__ import annotations

import numpy as np
from cases import finalized_autoencoder
from in_memory import in_memory, picture_of

from genera.data.image_grid import pair_grid
from genera.reporting.figures.reconstructions import reconstructions


def test_reconstructions_are_below_their_images() -> None:
    model, images = finalized_autoencoder()
    drawing = reconstructions(in_memory(model, images))
    assert drawing is not None
    expected = pair_grid(images, model.reconstruct(images), levels=17)
    assert np.array_equal(picture_of(drawing.draw()), np.asarray(expected))
