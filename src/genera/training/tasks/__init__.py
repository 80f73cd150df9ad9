"""Tasks: ways to optimise a model, each a complete LightningModule."""

from genera.training.tasks.adversarial_task import AdversarialTask
from genera.training.tasks.loss_task import LossTask
from genera.training.tasks.task import NonFiniteLoss, Task

__all__ = ["AdversarialTask", "LossTask", "NonFiniteLoss", "Task"]
