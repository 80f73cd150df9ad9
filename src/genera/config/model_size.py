"""Whether a model fits into memory, before it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from genera.data.memory import available_memory, check_fits_in_memory

#: Operations that making a model may take: the largest recipe takes 1,436.
_MOST_OPERATIONS = 20_000
_HINT = "lower its widths and sizes"


def check_size(make: Callable[[], nn.Module]) -> None:
    """Make a model without memory for its numbers, and refuse it where the real one would not fit.

    Args:
        make: makes the model.

    Raises:
        ValueError: its parameters need more memory than there is.
        TooLarge: a tensor on the way to them does, or it has far more parts than any model has.
    """
    try:
        with torch.device("meta"), _Watching():
            model = make()
    except TooLarge:
        raise
    # Some models read numbers of theirs as they are made, and here are none. What else is wrong, the real making tells.
    except Exception:
        return
    total = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    check_fits_in_memory(total, "the model", hint=_HINT)


class TooLarge(ValueError):
    """What a config describes does not fit into memory, or has no end."""


class _Watching(TorchDispatchMode):
    """Stops the making of a model at the first tensor that does not fit, or where there is no end to it."""

    def __init__(self) -> None:
        super().__init__()
        # Asked once, as there are many tensors.
        self.available = available_memory()
        self.count = 0

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.count += 1
        if self.count > _MOST_OPERATIONS:
            raise TooLarge("the model has too many parts to be made: lower the counts and depths of its settings")
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.nbytes > self.available:
                size, free = tensor.nbytes / 1e9, self.available / 1e9
                raise TooLarge(
                    f"a tensor of the model would take {size:,.1f} GB of memory, and {free:,.1f} GB are free: {_HINT}"
                )
        return result
