"""Muon: steps along the orthogonal matrix nearest to the momentum, for kernels of hidden convolutions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.adam import adam

from genera.core import check_positive

#: Of the polynomial a·s + b·s³ + c·s⁵. Applied five times, it maps singular values in (0, 1] to about 1.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
#: Root mean square of an Adam step with learning rate 1, measured in language models, so both use the same rates.
_RMS = 0.2


class Muon(Optimizer):
    """Orthogonalized momentum for hidden convolutions, Adam for everything else.

    A kernel ``(out, in, h, w)`` with at least ``min_features`` outputs and inputs is treated as a matrix
    ``(out, in·h·w)``. Its momentum is replaced by (approximately) the nearest matrix with orthonormal rows or columns,
    so that a step moves all directions equally, not only the few that dominate the gradients. Everything else (first
    layers, biases, scales, matrices that are not kernels) uses Adam. The kernel of a transposed convolution,
    ``(in, out, h, w)``, cannot be distinguished and is treated as one of a convolution.

    Args:
        params: of the model.
        lr: learning rate of both.
        momentum: of the kernels' gradients.
        betas: of Adam.
        eps: of Adam.
        weight_decay: of hidden kernels, times the learning rate; parameters that use Adam have none.
        min_features: kernels with at least this many outputs and inputs are hidden.

    Raises:
        ValueError: a rate, a decay, ``eps`` or ``min_features`` is out of range.

    Source:
        Jordan et al. (2024), https://kellerjordan.github.io/posts/muon; the scale of a step is that of Liu et al.
        (2025), arXiv:2502.16982, section 2.2.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float = 3e-3,
        *,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
        eps: float = 1e-8,
        weight_decay: float = 0.1,
        min_features: int = 16,
    ) -> None:
        for name, value in (("lr", lr), ("eps", eps)):
            if not value > 0:
                raise ValueError(f"{name} must be positive, got {value}")
        if weight_decay < 0:
            raise ValueError(f"weight_decay must not be negative, got {weight_decay}")
        check_positive(min_features=min_features)
        for name, decay in (("momentum", momentum), ("betas[0]", betas[0]), ("betas[1]", betas[1])):
            if not 0 <= decay < 1:
                raise ValueError(f"{name} must be in [0, 1), got {decay}")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "min_features": min_features,
            # With this key torch moves Adam's step counts to the device of the parameters when a state is loaded.
            "fused": True,
        }
        super().__init__(params, defaults)

    @torch.no_grad()
    # torch declares two overloads, which a method with one signature cannot match.
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take a step; the closure, if given, computes the gradients and returns the loss."""
        with torch.enable_grad():
            loss = None if closure is None else closure()
        for group in self.param_groups:
            params = [param for param in group["params"] if param.grad is not None]
            hidden = [param for param in params if _is_hidden(param, group["min_features"])]
            self._step_hidden(group, hidden)
            self._step_others(group, [param for param in params if not _is_hidden(param, group["min_features"])])
        return loss

    def _step_hidden(self, group: dict[str, Any], params: list[Tensor]) -> None:
        by_shape: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for param in params:
            state, grad = self.state[param], _gradient(param)
            if not state:
                state["momentum"] = torch.zeros_like(param)
            state["momentum"].lerp_(grad, 1 - group["momentum"])
            nesterov = grad.lerp(state["momentum"], group["momentum"])
            by_shape[tuple(param.shape)].append((param, nesterov.flatten(1)))
        for shape, pairs in by_shape.items():
            # One batched product for all kernels of a shape, because each is small.
            directions = orthogonalized(torch.stack([nesterov for _, nesterov in pairs]))
            rate = group["lr"] * _RMS * max(directions.shape[1:]) ** 0.5
            for (param, _), direction in zip(pairs, directions, strict=True):
                param.mul_(1 - group["lr"] * group["weight_decay"]).add_(direction.view(shape), alpha=-rate)

    def _step_others(self, group: dict[str, Any], params: list[Tensor]) -> None:
        if not params:
            return
        for param in params:
            if not self.state[param]:
                self.state[param] = {
                    "step": torch.zeros((), device=param.device),
                    "exp_avg": torch.zeros_like(param),
                    "exp_avg_sq": torch.zeros_like(param),
                }
        states = [self.state[param] for param in params]
        beta1, beta2 = group["betas"]
        adam(
            params,
            [_gradient(param) for param in params],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=group["fused"],
            amsgrad=False,
            beta1=beta1,
            beta2=beta2,
            lr=group["lr"],
            weight_decay=0.0,
            eps=group["eps"],
            maximize=False,
        )


def orthogonalized(matrices: Tensor) -> Tensor:
    """Approximately the nearest matrices with orthonormal rows or columns.

    Most singular values become 0.7 to 1.2; those far below the largest stay smaller.

    Args:
        matrices: ``(N, R, C)``.

    Returns:
        ``(N, R, C)`` in the same dtype; computed in bfloat16, which is precise enough for steps.

    Source:
        Jordan et al. (2024): a Newton-Schulz iteration whose polynomial is steep at zero rather than flat at one.
    """
    x = matrices.bfloat16()
    is_tall = x.shape[1] > x.shape[2]
    if is_tall:
        x = x.mT
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp_min(1e-7)
    a, b, c = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if is_tall else x).to(matrices.dtype)


def _is_hidden(param: Tensor, min_features: int) -> bool:
    return param.ndim == 4 and min(param.shape[:2]) >= min_features


def _gradient(param: Tensor) -> Tensor:
    assert param.grad is not None
    return param.grad
