"""Use a given random generator where torch's functions accept none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

#: Overloads that use the global generator, and the names of the same overloads with a generator argument.
_WITH_GENERATOR = {"default": "generator", "low": "low_generator"}


@contextmanager
def noise_from(generator: torch.Generator) -> Iterator[None]:
    """Make torch use ``generator`` in place of its global CPU generator.

    Layers initialize their weights from the global generator, which all threads of the process share: seeding it would
    affect other threads, and they would affect the weights. This context applies to the current thread only and does
    not touch the global generator; the numbers equal those of the global generator with the same seed.

    Every operation inside costs a few microseconds more, so use it to build a model, not to train one.

    Args:
        generator: a CPU generator; tensors created on an accelerator still use the accelerator's generator.

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
    """Intercepts the operations of this thread and passes the generator to random ones that have none."""

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
    """The device type on which an operation creates its result."""
    tensors = [value for value in args if isinstance(value, torch.Tensor)]
    return str((tensors[0].device if tensors else torch.device(kwargs.get("device") or "cpu")).type)
