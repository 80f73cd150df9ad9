"""Averaged weights of models: an exponential moving average (EMA), and batch-norm statistics that fit it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel


def averaged(model: nn.Module, *, decay: float) -> AveragedModel:
    """A copy of ``model`` that follows it as an exponential moving average; buffers are copied, not averaged.

    The decay warms up, ``min(decay, (1 + n) / (10 + n))``, so that the initial weights have little influence.

    Args:
        model: the model to average.
        decay: of the average, in [0, 1).

    Raises:
        ValueError: ``decay`` is out of range.

    Source:
        Polyak & Juditsky (1992); the warm-up is TensorFlow's ``ExponentialMovingAverage``.
    """
    if not 0 <= decay < 1:
        raise ValueError(f"average_decay must be in [0, 1), got {decay}")

    @torch.no_grad()
    def update(averages: Sequence[Tensor], values: Sequence[Tensor], num_averaged: Tensor | int) -> None:
        count = int(num_averaged)
        torch._foreach_lerp_(list(averages), list(values), 1 - min(decay, (1 + count) / (10 + count)))

    copy = AveragedModel(model, multi_avg_fn=update, use_buffers=False)
    # It is never trained; otherwise DDP would wait for its gradients.
    return copy.requires_grad_(False)


#: Batches that the statistics of batch normalization are averaged over.
_NUM_BATCHES = 10


@torch.no_grad()
def refresh_batch_norm(module: nn.Module, run_batch: Callable[[], object]) -> None:
    """Recompute the statistics of batch normalization, which averaged weights do not have.

    Args:
        module: contains the batch normalization; left in evaluation mode.
        run_batch: passes a batch through ``module``.

    Source:
        Izmailov et al. (2018), section 3.2.
    """
    norms = [norm for norm in module.modules() if isinstance(norm, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        # The mean of all batches instead of a moving average.
        norm.momentum = None
    module.train()
    for _ in range(_NUM_BATCHES if norms else 0):
        run_batch()
    module.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
