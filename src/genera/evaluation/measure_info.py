"""Titles, units, groups and one-line definitions of the measures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class MeasureInfo:
    """The description of a measure in a table.

    Args:
        title: name in the table.
        unit: of its values; empty for dimensionless numbers.
        better: whether lower or higher values are better; None if neither.
        definition: one line.
        is_shared: whether values on different data sets can be compared, as they are relative to the data or
            independent of it.
        needs_all_modes: whether a model that generates only one class can have the best value, so that the best model
            must generate all classes.
        group: heading above it in a table.
    """

    title: str
    unit: str
    better: Literal["lower", "higher"] | None
    definition: str
    is_shared: bool = False
    needs_all_modes: bool = False
    group: str = ""


#: Groups of a table with their measures, in the order of the table.
_GROUPS = {
    "likelihood": ("bits_per_dim",),
    "sample quality": ("fd", "kid", "precision", "density", "recognised", "class_agreement", "cas", "sharpness"),
    "coverage": ("recall", "coverage", "modes", "class_kl", "diversity", "memorisation"),
    "reconstruction": ("mse", "psnr", "ssim"),
    "anomaly": ("auroc",),
    "classification": ("accuracy",),
    "cost": ("samples_per_second",),
}
_GROUP_OF = {stem: group for group, stems in _GROUPS.items() for stem in stems}
_MEASURES = {
    "bits_per_dim": MeasureInfo(
        "bits/dim", "bits", "lower", "-log2 of the probability of the integer image, divided by its number of values"
    ),
    "mse": MeasureInfo("MSE", "", "lower", "mean squared error of reconstructed pixels on [0, 1]"),
    "psnr": MeasureInfo("PSNR", "dB", "higher", "peak signal-to-noise ratio of reconstructions"),
    "ssim": MeasureInfo("SSIM", "", "higher", "structural similarity of reconstructions and images; 1 if equal"),
    "fd": MeasureInfo("FD", "", "lower", "Fréchet distance of Gaussians fitted to features of samples and real images"),
    "kid": MeasureInfo("KID", "", "lower", "kernel distance of features of samples and real images; 0 if alike"),
    "precision": MeasureInfo("precision", "", "higher", "share of samples in the neighbourhood of a real image"),
    "recall": MeasureInfo("recall", "", "higher", "share of real images in the neighbourhood of a sample"),
    "density": MeasureInfo("density", "", "higher", "neighbourhoods of real images that a sample is in, divided by 5"),
    "coverage": MeasureInfo("coverage", "", "higher", "share of real images with a sample in their neighbourhood"),
    "diversity": MeasureInfo("diversity", "", None, "mean difference of two samples; best as for real images"),
    "modes": MeasureInfo("modes", "", "higher", "number of classes with at least 2 % of the samples"),
    "class_kl": MeasureInfo("class KL", "nats", "lower", "KL divergence of classes of samples from uniform"),
    "class_agreement": MeasureInfo("agreement", "", "higher", "share of samples recognised as the given class"),
    "recognised": MeasureInfo(
        "recognised",
        "",
        "higher",
        "share of samples whose predicted class has a probability of at least 0.5; one repeated image can reach 1, so "
        "the best model must generate all classes (modes)",
        needs_all_modes=True,
    ),
    "cas": MeasureInfo("CAS", "", "higher", "accuracy on real images of a classifier trained only on samples"),
    "sharpness": MeasureInfo(
        "sharpness", "", None, "variance of the Laplacian relative to real images; 1 if equal", is_shared=True
    ),
    "memorisation": MeasureInfo(
        "memorisation", "", None, "share of samples nearer to train than test images; 0.5 is none", is_shared=True
    ),
    "auroc": MeasureInfo(
        "AUROC", "", "higher", "probability that out-of-distribution images score higher; 0.5 is chance"
    ),
    "accuracy": MeasureInfo("accuracy", "", "higher", "share of images that are classified correctly"),
    "samples_per_second": MeasureInfo(
        "samples per second", "", "higher", "images sampled per second on this machine", is_shared=True
    ),
}


def table_order(name: str) -> tuple[int, int, str]:
    """Sort key of a measure in a table: few importance samples before many, ``[lenet]`` before ``[random]``."""
    return [*_GROUP_OF, _stem(name)].index(_stem(name)), len(name), name


def info_of(name: str) -> MeasureInfo:
    """The info of a measure such as ``bits_per_dim@8`` or ``fd[lenet]``, with the part after the stem in its title."""
    stem = _stem(name)
    # A file may hold measures of another version.
    info = _MEASURES.get(stem, MeasureInfo(stem, "", None, "a measure of another version of Genera"))
    suffix = name.removeprefix(stem)
    if suffix.startswith("@"):
        suffix = f", {suffix[1:]} importance sample{'s' * (suffix != '@1')}"
    return replace(info, title=f"{info.title}{suffix}", group=_GROUP_OF.get(stem, "others"))


def _stem(name: str) -> str:
    return name.partition("[")[0].partition("@")[0]
