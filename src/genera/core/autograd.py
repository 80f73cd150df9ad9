"""Gradients written by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch


def first_order_only(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Let the ``backward`` of a :class:`torch.autograd.Function` refuse to be differentiated itself.

    ``once_differentiable`` of torch refuses only where the incoming gradient has a history; otherwise a second
    derivative would silently lack what goes through here.

    Raises:
        RuntimeError: gradients of gradients are asked for.
    """

    @wraps(backward)
    def checked(ctx: Any, *gradients: torch.Tensor) -> Any:
        if torch.is_grad_enabled():
            raise RuntimeError("this function has first derivatives only: do not ask for create_graph")
        return backward(ctx, *gradients)

    return checked
