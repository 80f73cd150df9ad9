"""The sampling speed of a model."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Any

import torch

from genera.core import Generative
from genera.evaluation.measure import Measure, MeasureInfo, Measurement, samples_images
from genera.evaluation.subject import Subject
from genera.runs.environment import describe_environment

#: Images per batch, and number of timed batches.
_BATCH, _ROUNDS = 64, 3


@dataclass(frozen=True, eq=False, kw_only=True)
class _Speed(Measure):
    """The median of some batches; the interval is from the slowest to the fastest batch."""

    def unavailable(self, subject: Subject) -> str | None:
        return samples_images(subject)

    def settings(self, subject: Subject) -> dict[str, Any]:
        device = subject.model.device
        hardware = describe_environment()["hardware"]
        on_cpu = {"processor": hardware["processor"], "threads": torch.get_num_threads()}
        place = on_cpu if device.type == "cpu" else {"device": hardware["gpu"] or device.type}
        return {"batch_size": _BATCH, **place, "interval": f"ends of {_ROUNDS} rounds"}

    def measure(self, subject: Subject) -> Measurement:
        model = subject.model
        assert isinstance(model, Generative)
        generator, speeds = torch.Generator(model.device).manual_seed(0), []
        # The first round allocates memory that the others reuse.
        for _ in range(_ROUNDS + 1):
            start = time.perf_counter()
            # Copying waits for an accelerator to finish.
            model.sample(_BATCH, generator=generator).cpu()
            speeds.append(_BATCH / (time.perf_counter() - start))
        speeds = speeds[1:]
        settings = self.settings(subject)
        return Measurement(statistics.median(speeds), min(speeds), max(speeds), _BATCH * _ROUNDS, settings)


SAMPLES_PER_SECOND = _Speed(
    name="samples_per_second",
    info=MeasureInfo(
        title="samples per second",
        better="higher",
        group="cost",
        definition="images sampled per second; it depends on the machine and on other programs",
        is_shared=True,
    ),
)
