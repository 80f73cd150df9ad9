from __future__ import annotations

from functools import partial

import numpy as np
import torch
from cases import checkered, made, pixels
from in_memory import in_memory, picture_of

from genera.core import ImageSpec
from genera.data.image_grid import image_grid
from genera.evaluation import interpolate
from genera.flows import Logit, NormalizingFlow
from genera.reporting.drawing import LoadedModel
from genera.reporting.figures.interpolations import interpolations


def picture(loaded: LoadedModel) -> np.ndarray:
    drawing = interpolations(loaded)
    assert drawing is not None
    return picture_of(drawing.draw())


def test_every_row_ends_where_the_next_starts() -> None:
    flow = made(lambda: NormalizingFlow(ImageSpec(1, 4, 4, 17), transforms=[Logit])).float()
    images = pixels(flow.spec, 10)
    shown = picture(in_memory(flow, images))
    paths = interpolate(
        flow, (images[:8], images[:8].roll(-1, dims=0)), count=8, generator=torch.Generator().manual_seed(0)
    )
    assert np.array_equal(shown, np.asarray(image_grid(paths.flatten(0, 1), columns=8, levels=17)))


def test_a_conditional_model_interpolates_within_a_class() -> None:
    spec = ImageSpec(1, 4, 4, 17, num_classes=2)
    coupling = partial(checkered, count=2, context_channels=2)
    flow = made(lambda: NormalizingFlow(spec, transforms=[Logit, coupling], class_conditional=True)).float()
    images, labels = pixels(spec, 5), torch.tensor([0, 1, 0, 1, 1])
    shown = picture(in_memory(flow, images, labels=labels))
    ends, generator = (images, images[[2, 3, 0, 4, 1]]), torch.Generator().manual_seed(0)
    paths = interpolate(flow, ends, count=8, labels=labels, generator=generator)
    assert np.array_equal(shown, np.asarray(image_grid(paths.flatten(0, 1), columns=8, levels=17)))
