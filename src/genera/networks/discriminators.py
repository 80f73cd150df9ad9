"""The discriminators of GANs: images and optional labels to logits and features.

Labels are one-hot ``(B, num_classes)``. They are concatenated to the input or, with ``projection``, enter at the last
layer (Miyato & Koyama 2018). The features are the input of the last layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from genera.core import check_positive
from genera.networks.discriminator_parts import DiscriminatorHead, apply_spectral_norm
from genera.networks.label_input import LabelInput, LabelPlane


class Discriminator(nn.Module):
    """The order of the parts that every discriminator has; all but the labels may be spectrally normalized."""

    def __init__(
        self, label_input: LabelInput, layers: Sequence[nn.Module], head: DiscriminatorHead, *, spectral_norm: bool
    ) -> None:
        super().__init__()
        self.label_input = label_input
        self.layers = nn.Sequential(*layers)
        self.head = head
        if spectral_norm:
            apply_spectral_norm(self.layers, self.head)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """``(B, C, H, W)`` in [-1, 1] to logits ``(B,)`` and features ``(B, D, …)``."""
        return self.head(self.layers(self.label_input(x, labels)), labels)


class MlpDiscriminator(Discriminator):
    """Linear layers with LeakyReLU in between.

    Args:
        shape: ``(C, H, W)`` of the images.
        num_classes: of the labels, which are concatenated to the pixels; 0 for no labels.
        widths: of the hidden layers.
        spectral_norm: divide every weight, except those of the label plane, by its largest singular value.
        minibatch_std: append the standard deviation over the batch to the features.
        projection: let the labels enter at the last layer instead.

    Raises:
        ValueError: a width is not positive; ``projection`` without classes.

    Source:
        The report, whose vanilla GAN has the widths given.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        num_classes: int = 0,
        *,
        widths: tuple[int, ...] = (512, 256),
        spectral_norm: bool = False,
        minibatch_std: bool = False,
        projection: bool = False,
    ) -> None:
        for width in widths:
            check_positive(widths=width)
        num_label_inputs = 0 if projection else num_classes
        sizes = (math.prod(shape) + num_label_inputs, *widths)
        super().__init__(
            LabelInput(num_classes, nn.Identity() if num_label_inputs else None),
            [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.LeakyReLU(0.2))],
            DiscriminatorHead(sizes[-1], nn.Linear, num_classes, minibatch_std=minibatch_std, projection=projection),
            spectral_norm=spectral_norm,
        )

    def forward(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """``(B, C, H, W)`` in [-1, 1] to logits ``(B,)`` and features ``(B, D)``."""
        return super().forward(x.flatten(1), labels)


class ConvDiscriminator(Discriminator):
    """Three 4×4 convolutions with stride 2, then one whose kernel covers the whole remaining image.

    The features are ``(B, D, H / 8, W / 8)``.

    Args:
        shape: ``(C, H, W)`` of the images, at least 8×8 pixels.
        num_classes: of the labels, which are concatenated to the image as a plane; 0 for no labels.
        width: channels at half the size; twice as many at each of the next two.
        batch_norm: batch normalization after the second and third convolution.
        spectral_norm: divide every weight, except those of the label plane, by its largest singular value.
        minibatch_std: append the standard deviation over the batch to the features.
        projection: let the labels enter at the last layer instead.

    Raises:
        ValueError: the images are too small; ``width`` is not positive; ``projection`` without classes.

    Source:
        The report, whose conditional GAN has width 64.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        num_classes: int = 0,
        *,
        width: int = 64,
        batch_norm: bool = True,
        spectral_norm: bool = False,
        minibatch_std: bool = False,
        projection: bool = False,
    ) -> None:
        check_positive(width=width)
        channels, h, w = shape
        _check_size(h, w, at_least=8)
        last = partial(nn.Conv2d, kernel_size=(h // 8, w // 8))
        has_plane = num_classes > 0 and not projection
        super().__init__(
            LabelInput(num_classes, LabelPlane(num_classes, (h, w)) if has_plane else None),
            [
                *_convolution(channels + has_plane, width, stride=2),
                *_convolution(width, 2 * width, stride=2, batch_norm=batch_norm),
                *_convolution(2 * width, 4 * width, stride=2, batch_norm=batch_norm),
            ],
            DiscriminatorHead(4 * width, last, num_classes, minibatch_std=minibatch_std, projection=projection),
            spectral_norm=spectral_norm,
        )


class PatchDiscriminator(Discriminator):
    """Computes a logit for every 16×16 patch and averages the logits.

    Three 4×4 convolutions, the first with stride 2: from 28×28 pixels to 14×14, 13×13 and 12×12 logits. The features
    are ``(B, D, H / 2 - 1, W / 2 - 1)``.

    Args:
        shape: ``(C, H, W)`` of the images, at least 6×6 pixels.
        width: channels at half the size; twice as many in the features.
        batch_norm: batch normalization after the second convolution.
        num_classes, spectral_norm, minibatch_std, projection: as in :class:`ConvDiscriminator`, which also has the
            same errors.

    Source:
        Isola, Zhu, Zhou & Efros (2017), the PatchGAN of 16×16 pixels, there with batch normalization.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        num_classes: int = 0,
        *,
        width: int = 64,
        batch_norm: bool = False,
        spectral_norm: bool = False,
        minibatch_std: bool = False,
        projection: bool = False,
    ) -> None:
        check_positive(width=width)
        channels, h, w = shape
        _check_size(h, w, at_least=6)
        last = partial(nn.Conv2d, kernel_size=4, padding=1)
        has_plane = num_classes > 0 and not projection
        super().__init__(
            LabelInput(num_classes, LabelPlane(num_classes, (h, w)) if has_plane else None),
            [
                *_convolution(channels + has_plane, width, stride=2),
                *_convolution(width, 2 * width, stride=1, batch_norm=batch_norm),
            ],
            DiscriminatorHead(2 * width, last, num_classes, minibatch_std=minibatch_std, projection=projection),
            spectral_norm=spectral_norm,
        )


def _convolution(in_channels: int, out_channels: int, *, stride: int, batch_norm: bool = False) -> list[nn.Module]:
    """A 4×4 convolution, optional batch normalization, and LeakyReLU."""
    # Batch normalization would cancel a bias before it.
    conv = nn.Conv2d(in_channels, out_channels, kernel_size=4, stride=stride, padding=1, bias=not batch_norm)
    norm = [nn.BatchNorm2d(out_channels)] if batch_norm else []
    return [conv, *norm, nn.LeakyReLU(0.2)]


def _check_size(height: int, width: int, *, at_least: int) -> None:
    if min(height, width) < at_least:
        raise ValueError(
            f"this discriminator needs images of at least {at_least}×{at_least} pixels, got {height}×{width}: "
            "resize the images (a folder's with --data.size), or use MlpDiscriminator, which takes any size"
        )
