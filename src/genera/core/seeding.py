"""Random numbers that come from a generator of one's own, where torch's functions take none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

#: Overloads that take from the global generator, and what those that are given one are called.
_WITH_GENERATOR = {"default": "generator", "low": "low_generator"}


@contextmanager
def noise_from(generator: torch.Generator) -> Iterator[None]:
    """Let torch take from ``generator`` what it would take from its global generator of the processor.

    Layers initialise their weights from the global generator and cannot be told otherwise. It is one for the whole
    process: to seed it would disturb other threads, and they what is made meanwhile. This holds in one thread only and
    leaves the global generator alone; the numbers are those that it would give with the same seed.

    Every operation within costs some microseconds more, so it is for making a model, not for training one.

    Args:
        generator: of the processor; what is made on an accelerator takes its noise as ever.

    Example:
        >>> import torch
        >>> from genera.core import noise_from
        >>> before = torch.get_rng_state()
        >>> with noise_from(torch.Generator().manual_seed(0)):
        ...     layer = torch.nn.Linear(3, 2)
        >>> torch.equal(before, torch.get_rng_state())
        True
    """
    with _NoiseFrom(generator):
        yield


class _NoiseFrom(TorchDispatchMode):
    """Sees every operation of this thread, and hands the generator to those that are random and were given none."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        is_random = torch.Tag.nondeterministic_seeded in func.tags and kwargs.get("generator") is None
        if is_random and _device_type(args, kwargs) == "cpu":
            name = _WITH_GENERATOR.get(func._overloadname, "")
            if name in func.overloadpacket.overloads():
                func = getattr(func.overloadpacket, name)
            if any(argument.name == "generator" for argument in func._schema.arguments):
                kwargs = {**kwargs, "generator": self.generator}
        return func(*args, **kwargs)


def _device_type(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Where an operation makes its numbers."""
    tensors = [value for value in args if isinstance(value, torch.Tensor)]
    return str((tensors[0].device if tensors else torch.device(kwargs.get("device") or "cpu")).type)
