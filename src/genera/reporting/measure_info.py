"""What every measure means, in a line, for those who read a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class MeasureInfo:
    """A measure as a table explains it.

    Args:
        title: what it is called there.
        unit: of its values; empty for pure numbers.
        better: which values are, where one can say so.
        definition: one line.
        is_shared: whether values on different data can be compared, as they are relative to the data or have nothing
            to do with it.
        needs_all_modes: whether a model that draws one class alone can have the best value, so that the best must draw
            all of them.
    """

    title: str
    unit: str
    better: Literal["lower", "higher"] | None
    definition: str
    is_shared: bool = False
    needs_all_modes: bool = False


_MEASURES = {
    "bits_per_dim": MeasureInfo(
        "bits/dim", "bits", "lower", "what a pixel costs to encode: -log2 of the probability of the integer image"
    ),
    "mse": MeasureInfo("MSE", "", "lower", "squared error of a reconstructed pixel on [0, 1]"),
    "psnr": MeasureInfo("PSNR", "dB", "higher", "peak signal-to-noise ratio of reconstructions"),
    "ssim": MeasureInfo("SSIM", "", "higher", "structural similarity of reconstructions and images; 1 is equal"),
    "fd": MeasureInfo("FD", "", "lower", "Fréchet distance of Gaussians fitted to features of draws and images"),
    "kid": MeasureInfo("KID", "", "lower", "kernel distance of features of draws and images; 0 on average if alike"),
    "precision": MeasureInfo("precision", "", "higher", "share of draws in the neighbourhood of a real image"),
    "recall": MeasureInfo("recall", "", "higher", "share of real images in the neighbourhood of a draw"),
    "density": MeasureInfo("density", "", "higher", "neighbourhoods of real images that a draw lies in, of five"),
    "coverage": MeasureInfo("coverage", "", "higher", "share of real images with a draw in their neighbourhood"),
    "diversity": MeasureInfo("diversity", "", None, "mean difference of two draws; to be what it is of real images"),
    "modes": MeasureInfo("modes", "", "higher", "classes with at least 2 % of the draws"),
    "class_kl": MeasureInfo("class KL", "nats", "lower", "how unevenly draws fall on the classes; 0 is evenly"),
    "class_agreement": MeasureInfo("agreement", "", "higher", "share of draws read as the class asked for"),
    "recognised": MeasureInfo(
        "recognised",
        "",
        "higher",
        "share of draws to one class of which a classifier gives at least one half; one image again and again can have "
        "1, so the best must draw all classes (modes)",
        needs_all_modes=True,
    ),
    "cas": MeasureInfo("CAS", "", "higher", "accuracy on real images of a classifier trained on draws alone"),
    "sharpness": MeasureInfo(
        "sharpness", "", None, "variance of the Laplacian over that of real images; 1 is theirs", is_shared=True
    ),
    "memorisation": MeasureInfo(
        "memorisation", "", None, "share of draws nearer to training than test images; ½ is none", is_shared=True
    ),
    "auroc": MeasureInfo("AUROC", "", "higher", "how often images of other data score as odder; ½ is chance"),
    "accuracy": MeasureInfo("accuracy", "", "higher", "share of images whose class is told right"),
    "samples_per_second": MeasureInfo(
        "draws per second", "", "higher", "images drawn per second on this machine", is_shared=True
    ),
}


def place_of(name: str) -> tuple[int, int, str]:
    """Where a measure stands in a table: few importance samples before many, ``[lenet]`` before ``[random]``."""
    return list(_MEASURES).index(_stem(name)), len(name), name


def info_of(name: str) -> MeasureInfo:
    """The card of a measure such as ``bits_per_dim@8`` or ``fd[lenet]``, with what follows the stem in its title."""
    stem = _stem(name)
    info = _MEASURES[stem]
    rest = name.removeprefix(stem)
    if rest.startswith("@"):
        rest = f", {rest[1:]} importance sample{'s' * (rest != '@1')}"
    return replace(info, title=f"{info.title}{rest}")


def _stem(name: str) -> str:
    return name.partition("[")[0].partition("@")[0]
