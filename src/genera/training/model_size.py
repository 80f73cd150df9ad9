"""Whether a model fits into memory, before it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

#: Operations that making a model may take: those of the largest recipe are some thousands.
_MOST_OPERATIONS = 200_000


def check_size(make: Callable[[], nn.Module]) -> None:
    """Make a model without memory for its numbers, and refuse it where the real one would not fit.

    Args:
        make: makes the model.

    Raises:
        ValueError: its parameters, or a tensor on the way to them, need more memory than there is; or it has far more
            parts than any model has.
    """
    limit = psutil.virtual_memory().available
    with torch.device("meta"), _Watching(limit):
        model = make()
    total = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    _check(total, limit)


class _Watching(TorchDispatchMode):
    """Stops the making of a model at the first tensor that does not fit, or where there is no end to it."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.count = 0

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.count += 1
        if self.count > _MOST_OPERATIONS:
            raise ValueError("model: it has too many parts to be made; lower the counts and depths of its settings")
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                _check(tensor.nbytes, self.limit)
        return result


def _check(num_bytes: int, limit: int) -> None:
    if num_bytes > limit:
        raise ValueError(
            f"model: it needs {num_bytes / 1e9:,.1f} GB of memory and {limit / 1e9:,.1f} GB are free; "
            "lower its widths and sizes"
        )
