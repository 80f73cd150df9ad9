"""Measures of the classes that a classifier predicts for samples."""

from __future__ import annotations

from torch import Tensor

from genera.evaluation.image_set import ImageSet
from genera.evaluation.measure import MeasureInfo
from genera.evaluation.metrics import class_kl, mode_coverage, recognition
from genera.evaluation.set_measure import SetMeasure


def class_agreement(generated: ImageSet, real: ImageSet) -> Tensor:
    """Share of generated images whose predicted class is the label that the model was conditional on.

    The classifier's own errors lower the value, so compare it with the classifier's accuracy on real images.
    """
    assert generated.images.labels is not None
    return (generated.classes == generated.images.labels.to(generated.metric_device)).double().mean()


MODES = SetMeasure(
    name="modes",
    info=MeasureInfo(
        title="modes",
        better="higher",
        group="coverage",
        definition="number of classes with at least 2 % of the samples",
    ),
    compare=lambda generated, real: mode_coverage(generated.classes, generated.num_classes),
    extractor="lenet",
)
CLASS_KL = SetMeasure(
    name="class_kl",
    info=MeasureInfo(
        title="class KL",
        unit="nats",
        better="lower",
        group="coverage",
        definition="KL divergence of classes of samples from uniform",
    ),
    compare=lambda generated, real: class_kl(generated.classes, generated.num_classes),
    extractor="lenet",
)
RECOGNISED = SetMeasure(
    name="recognised",
    info=MeasureInfo(
        title="recognised",
        better="higher",
        group="sample quality",
        definition="share of samples whose predicted class has a probability of at least 0.5; one repeated image can "
        "reach 1, so the best model must generate all classes (modes)",
        needs_all_modes=True,
    ),
    compare=lambda generated, real: recognition(generated.logits).mean(),
    extractor="lenet",
    bounds=(0.0, 1.0),
)
CLASS_AGREEMENT = SetMeasure(
    name="class_agreement",
    info=MeasureInfo(
        title="agreement",
        better="higher",
        group="sample quality",
        definition="share of samples recognised as the given class",
    ),
    compare=class_agreement,
    extractor="lenet",
    needs_labels=True,
    bounds=(0.0, 1.0),
)
