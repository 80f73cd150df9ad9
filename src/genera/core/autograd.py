"""Helpers for hand-written gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch


def first_order_only(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate the ``backward`` of a :class:`torch.autograd.Function` that has no second derivative.

    torch's ``once_differentiable`` raises only if the incoming gradient has a history; otherwise a second derivative
    would silently omit the contribution of this function.

    Raises:
        RuntimeError: the backward pass runs with ``create_graph=True``.
    """

    @wraps(backward)
    def checked(ctx: Any, *gradients: torch.Tensor) -> Any:
        if torch.is_grad_enabled():
            raise RuntimeError("this function has first derivatives only: create_graph=True is not supported")
        return backward(ctx, *gradients)

    return checked
