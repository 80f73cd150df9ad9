"""Probes: short looks at generated images while a model trains."""

from __future__ import annotations

from torch import Tensor

from genera.evaluation.metrics import Dissimilarity


class Diversity:
    """How different images are from each other, by the mean of ``1 - SSIM`` over pairs: a mode collapse shows here."""

    def __call__(self, images: Tensor) -> dict[str, float]:
        """Of uint8 ``(N, C, H, W)`` with 256 levels; nothing of a single one."""
        if len(images) < 2:
            return {}
        metric = Dissimilarity(levels=256)
        metric.update(images)
        return {"diversity": float(metric.compute())}
