"""The accuracy of a classifier."""

from __future__ import annotations

import torch
from torch import Tensor
from tqdm.auto import tqdm

from genera.data import SequentialBatches
from genera.evaluation.extractors import Classifier
from genera.evaluation.measure import ImageMeasure, MeasureInfo, has_equal_classes
from genera.evaluation.subject import Subject

_BATCH = 500


def _classifies(subject: Subject) -> str | None:
    if not isinstance(subject.model, Classifier):
        return f"{type(subject.model).__name__} is not a classifier"
    return has_equal_classes(subject)


@torch.inference_mode()
def _is_correct(subject: Subject) -> Tensor:
    model, images = subject.model, subject.images
    assert isinstance(model, Classifier)
    assert images.labels is not None
    batches = SequentialBatches(images, batch_size=min(_BATCH, len(images)), device=model.device)
    classes = torch.cat([model.predict(pixels) for pixels, _ in tqdm(batches, desc="classes", leave=False)])
    return (classes.cpu() == images.labels).double()


ACCURACY = ImageMeasure(
    name="accuracy",
    info=MeasureInfo(
        title="accuracy",
        better="higher",
        group="classification",
        definition="share of images that are classified correctly",
    ),
    values=_is_correct,
    requirement=_classifies,
)
