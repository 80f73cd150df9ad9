from __future__ import annotations

import numpy as np
import torch
from cases import GANS
from in_memory import in_memory, picture_of

from genera.data.image_grid import image_grid, pair_grid
from genera.evaluation import nearest_images as find_nearest
from genera.evaluation import sample_images
from genera.reporting.figures.samples import nearest_images, samples, samples_by_class


def test_the_samples_are_those_of_the_seed() -> None:
    model, images = GANS["GAN"]()
    drawing = samples(in_memory(model, images, seed=3))
    assert drawing is not None
    expected = image_grid(sample_images(model, 64, seed=3), columns=8, levels=17)
    assert np.array_equal(picture_of(drawing.draw()), np.asarray(expected))


def test_a_row_per_class() -> None:
    model, images = GANS["GAN, conditional, feature matching"]()
    drawing = samples_by_class(in_memory(model, images))
    assert drawing is not None
    labels = torch.arange(3).repeat_interleave(10)
    expected = image_grid(sample_images(model, 30, labels=labels), columns=10, levels=17)
    assert np.array_equal(picture_of(drawing.draw()), np.asarray(expected))
    assert samples_by_class(in_memory(*GANS["GAN"]())) is None


def test_samples_are_above_the_nearest_training_image() -> None:
    model, images = GANS["GAN"]()
    drawing = nearest_images(in_memory(model, images))
    assert drawing is not None
    generated = sample_images(model, 16)
    _, indices = find_nearest(generated, images)
    assert np.array_equal(picture_of(drawing.draw()), np.asarray(pair_grid(generated, images[indices], levels=17)))
