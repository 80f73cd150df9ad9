"""Checks that a model fits into memory before it is constructed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from genera.data.memory import available_memory, check_fits_in_memory

#: Limit on the torch operations of a constructor. The largest recipe has 1,436.
_MAX_OPERATIONS = 20_000
_HINT = "lower its widths and sizes"


def check_size(make: Callable[[], nn.Module]) -> None:
    """Construct a model on torch's meta device, which allocates nothing, and raise if it is too large.

    Args:
        make: constructs the model.

    Raises:
        ValueError: its parameters or a temporary tensor need more memory than is available, or it has far more parts
            than any model has.
    """
    try:
        with torch.device("meta"), _SizeLimit():
            model = make()
    except _TooLargeError:
        raise
    # Some models read values while they are constructed, which fails on the meta device. Other errors are raised again
    # when the model is really constructed.
    except Exception:
        return
    total = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    check_fits_in_memory(total, "the model", hint=_HINT)


class _TooLargeError(ValueError):
    """A model does not fit into memory, or has too many parts."""


class _SizeLimit(TorchDispatchMode):
    """Raises at the first tensor that does not fit into memory, and after too many operations."""

    def __init__(self) -> None:
        super().__init__()
        # Read once, because there are many tensors.
        self.available = available_memory()
        self.count = 0

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.count += 1
        if self.count > _MAX_OPERATIONS:
            raise _TooLargeError("the model has too many parts: lower the counts and depths in its settings")
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.nbytes > self.available:
                size, free = tensor.nbytes / 1e9, self.available / 1e9
                raise _TooLargeError(
                    f"a tensor of the model would take {size:,.1f} GB of memory, but only {free:,.1f} GB are free: "
                    f"{_HINT}"
                )
        return result
