"""The classification accuracy score (CAS) of a class-conditional model.

A classifier is trained on generated images of each class and evaluated on real images: its accuracy falls with images
that the model does not generate, or generates for a wrong label.
"""

from __future__ import annotations

import copy
import itertools
import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import yaml
from torch import Tensor
from tqdm.auto import tqdm

from genera.config.model import build_model
from genera.config.shipped_recipes import recipe_paths
from genera.core import ImageModel, ImageSpec, check_positive, check_seed, noise_from
from genera.data import ImageSplit, SequentialBatches, ShuffledBatches
from genera.evaluation.extractors import Classifier
from genera.evaluation.measure import Measure, MeasureInfo, Measurement, has_equal_classes, samples_classes
from genera.evaluation.sampling import sample_images
from genera.evaluation.subject import Subject

#: The shipped recipe of the classifier; only its section ``model`` is used.
_RECIPE = "lenet"
_BATCH_SIZE = 128
_LEARNING_RATE = 1e-3
#: Epochs without a lower loss on the held-out images before training stops.
_PATIENCE = 3
_MAX_EPOCHS = 30
#: Generated images of each class.
_PER_CLASS = 5000


def classification_accuracy_score(
    train: ImageSplit,
    test: ImageSplit,
    *,
    spec: ImageSpec,
    seed: int = 0,
    max_epochs: int = _MAX_EPOCHS,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Train a small convolutional network on ``train`` and evaluate it on ``test``, with a progress bar.

    A tenth of ``train`` is held out: training stops when the loss on it stops falling, and the weights of the epoch
    with the lowest loss are evaluated.

    Args:
        train: images with labels: generated, or real ones for comparison.
        test: real images with labels.
        spec: of all images.
        seed: of the network, the split and the order.
        max_epochs: maximum number of epochs.
        device: where the network is trained.

    Returns:
        ``(N,)``: 1 for each test image that is classified correctly, otherwise 0. The score is the mean.

    Raises:
        ValueError: the images do not fit the spec or have no labels, or there are too few.

    Source:
        Ravuri & Vinyals (2019), with a network for small images.
    """
    for images in (train, test):
        spec.check(images.pixels)
    if len(train) < 10:
        raise ValueError(f"train must have at least 10 images, as a tenth is held out, got {len(train)}")
    check_positive(max_epochs=max_epochs)
    check_seed(seed)
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    held_out, training = (train.subset(part) for part in order.tensor_split([len(train) // 10]))
    generator = torch.Generator().manual_seed(seed)
    with noise_from(generator):
        model = build_model(_recipe(), spec).to(device)
    assert isinstance(model, Classifier)
    if model.device.type != "cpu":
        generator = torch.Generator(device).manual_seed(seed)
    best = _train(model, training, held_out, seed=seed, max_epochs=max_epochs, generator=generator)
    return _evaluate(best, test)[1]


def sample_each_class(model: ImageModel, count: int, *, seed: int = 0) -> ImageSplit:
    """``count`` images of every class, with their labels, from a class-conditional model.

    Args:
        model: in evaluation mode.
        count: images per class; 5,000 for a classification accuracy score.
        seed: of the noise.

    Raises:
        ValueError: the model is not class-conditional.
    """
    if not model.class_conditional:
        raise ValueError(f"this {type(model).__name__} was not trained with labels: it cannot sample by class")
    labels = torch.arange(model.spec.num_classes).repeat_interleave(count)
    return ImageSplit(sample_images(model, len(labels), labels=labels, seed=seed), labels)


def _recipe() -> dict[str, Any]:
    return yaml.safe_load(recipe_paths()[_RECIPE].read_text(encoding="utf-8"))


def _train(
    model: Classifier,
    training: ImageSplit,
    held_out: ImageSplit,
    *,
    seed: int,
    max_epochs: int,
    generator: torch.Generator,
) -> Classifier:
    """Train the model and return it with the weights of the epoch with the lowest loss on the held-out images."""
    batches = ShuffledBatches(training, batch_size=min(_BATCH_SIZE, len(training)), seed=seed, device=model.device)
    stream = iter(batches)
    optimizer = torch.optim.Adam(model.parameters(), lr=_LEARNING_RATE, fused=True)
    best, lowest, best_epoch = model, math.inf, 0
    with tqdm(total=max_epochs * batches.steps_per_epoch, desc="training a classifier", leave=False) as bar:
        for epoch in range(max_epochs):
            model.train()
            for images, labels in itertools.islice(stream, batches.steps_per_epoch):
                optimizer.zero_grad()
                model.loss(images, labels, generator=generator).total.mean().backward()
                optimizer.step()
                bar.update()
            loss, is_correct = _evaluate(model, held_out)
            bar.set_postfix(loss=loss, accuracy=float(is_correct.mean()))
            if loss < lowest:
                best, lowest, best_epoch = copy.deepcopy(model), loss, epoch
            elif epoch - best_epoch == _PATIENCE:
                break
    return best


@torch.inference_mode()
def _evaluate(model: Classifier, images: ImageSplit) -> tuple[float, Tensor]:
    """Mean cross-entropy in nats, and whether each image is classified correctly, ``(N,)``."""
    model.eval()
    losses = [model.loss(*batch) for batch in SequentialBatches(images, batch_size=500, device=model.device)]
    # On the CPU, as some accelerators have no float64.
    cross_entropy = torch.cat([loss.total for loss in losses]).cpu().double()
    is_correct = torch.cat([loss.logs["accuracy"] for loss in losses]).cpu().double()
    return float(cross_entropy.mean()), is_correct


@dataclass(frozen=True, eq=False, kw_only=True)
class _Cas(Measure):
    """The interval is a bootstrap over real images; the reference is a classifier trained on real images."""

    per_class: int = _PER_CLASS

    def unavailable(self, subject: Subject) -> str | None:
        if (reason := samples_classes(subject)) is not None:
            return reason
        if subject.protocol.split == "train" or "train" not in subject.data.split_names:
            return "needs training images, for the reference value, and another split"
        return has_equal_classes(subject)

    def settings(self, subject: Subject) -> dict[str, Any]:
        training = {
            "model": _recipe()["model"],
            "batch_size": _BATCH_SIZE,
            "learning_rate": _LEARNING_RATE,
            "patience": _PATIENCE,
            "max_epochs": _MAX_EPOCHS,
        }
        interval = "95 % bootstrap over images"
        return {"per_class": self.per_class, "seed": 0, "training": training, "interval": interval}

    def other_splits(self, subject: Subject) -> list[str]:
        return ["train"]

    def measure(self, subject: Subject) -> Measurement:
        data, images = subject.data, subject.images
        score = partial(classification_accuracy_score, test=images, spec=data.spec, device=subject.model.device)
        is_correct = score(sample_each_class(subject.model, self.per_class))
        # The same for all models of a comparison.
        reference = subject.protocol.real.kept("cas", lambda: float(score(data.split("train")).mean()))
        return Measurement.mean_of(is_correct, self.settings(subject), {"train images": reference})


CAS = _Cas(
    name="cas",
    info=MeasureInfo(
        title="CAS",
        better="higher",
        group="sample quality",
        definition="accuracy on real images of a classifier trained only on samples",
    ),
)
