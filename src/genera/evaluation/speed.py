"""The sampling speed of a model."""

from __future__ import annotations

import statistics
import time
from typing import Any

import torch

from genera.core import Generative, ImageModel
from genera.data import ImageDataset
from genera.evaluation.measures import Measure, Measurement

#: Images per batch, and number of timed batches.
_BATCH, _ROUNDS = 64, 3


class SpeedMeasure(Measure):
    """Samples per second, the median of some batches; the interval is from the slowest to the fastest batch.

    The value depends on the machine and the number of threads: compare only values with the same of both.
    """

    name = "samples_per_second"

    @property
    def settings(self) -> dict[str, Any]:
        return {"batch_size": _BATCH, "threads": torch.get_num_threads(), "interval": f"ends of {_ROUNDS} rounds"}

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        return None if isinstance(model, Generative) else f"{type(model).__name__} does not generate images"

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        assert isinstance(model, Generative)
        speeds = []
        # The first round allocates memory that the others reuse.
        for _ in range(_ROUNDS + 1):
            start = time.perf_counter()
            model.sample(_BATCH)
            speeds.append(_BATCH / (time.perf_counter() - start))
        speeds = speeds[1:]
        return Measurement(statistics.median(speeds), min(speeds), max(speeds), _BATCH * _ROUNDS, self.settings)
