"""Training as one typed function, whose parameters are the settings of a recipe and the options of the command."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

import lightning.pytorch as pl
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.strategies import Strategy

from genera.config.errors import first_line
from genera.config.model import make_model
from genera.core import ImageModel, ImageSpec, Probe, TwoPlayer, check_seed
from genera.core.devices import check_num_devices, choose_device
from genera.data import ImageDataset, ImageSplit
from genera.data.batches import first_batch
from genera.runs.checkpoints import RESTORE, identity_of
from genera.runs.environment import describe_environment
from genera.runs.run_directory import RunDirectory
from genera.training.callbacks.after_step import AfterStep
from genera.training.callbacks.checkpointer import Interrupted, StopReason
from genera.training.callbacks.clock import Clock
from genera.training.callbacks.due import Due
from genera.training.callbacks.table_logger import TableLogger
from genera.training.data_module import DataModule
from genera.training.duration import Duration, parse_duration
from genera.training.process_settings import process_settings
from genera.training.result import TrainingResult
from genera.training.resume import SafeCheckpointIO, check_restorable, checkpoint_to_resume, steps_since_log
from genera.training.seeding import seeded, step_seed
from genera.training.tasks import Task
from genera.training.time_reserve import TimeReserve


def train(
    data: ImageDataset,
    run: RunDirectory,
    *,
    model: Callable[[ImageSpec], ImageModel],
    task: Callable[[ImageModel], Task],
    batch_size: int = 128,
    max_epochs: int = 100,
    max_steps: int | None = None,
    budget: str | None = None,
    seed: int = 0,
    precision: Literal["32-true", "bf16-mixed"] = "32-true",
    validate_every: float = 1.0,
    validation_images: int | None = None,
    log_every: int = 50,
    checkpoint_every: str = "1m",
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    num_devices: int = 1,
    strategy: str | Strategy = "auto",
    probes: list[Probe] | None = None,
    loggers: list[Logger] | None = None,
    callbacks: list[pl.Callback] | None = None,
    resume: bool = False,
) -> TrainingResult:
    """Train a model and write everything to a run directory.

    Args:
        data: the images, split into train and validation.
        run: the run directory.
        model: constructs the model for the spec of the images.
        task: how the model is optimised.
        batch_size: images per step, over all processes.
        max_epochs: passes over the training images; schedules span them.
        max_steps: stop after this many steps; schedules still span max_epochs.
        budget: train for this time instead, such as 20m; schedules span it.
        seed: of all random numbers; two runs with the same seed are identical on one machine.
        precision: of the networks; with bf16-mixed the weights stay in float32.
        validate_every: epochs between validations.
        validation_images: number of validation images to use; all by default.
        log_every: steps between rows of metrics.csv.
        checkpoint_every: time between checkpoints.
        device: auto, cpu, cuda or mps; auto takes a GPU if there is one.
        num_devices: number of GPUs, or of processes on a CPU.
        strategy: how several processes share the work: a name such as ddp, or a Lightning strategy.
        probes: functions of samples to log after every validation, such as genera.evaluation.Diversity.
        loggers: Lightning loggers in addition to metrics.csv and TensorBoard.
        callbacks: additional Lightning callbacks; their validation hooks are never called.
        resume: continue from the last checkpoint of the run.

    Returns:
        The run, and why the training stopped; a signal stops it after a checkpoint.

    Raises:
        ValueError: an argument does not fit the data or another argument.
        NonFiniteLoss: a loss or gradient was not finite; the last checkpoint was saved before.
        OSError: the run directory cannot be written; the files in it are complete.
    """
    started = time.monotonic()
    if log_every < 1 or not 0 < validate_every < math.inf:
        raise ValueError(f"log_every and validate_every must be positive, got {log_every} and {validate_every}")
    check_num_devices(num_devices, device)
    check_seed(seed)
    validation_split = _first(data.split("validation"), validation_images)
    data_module = DataModule(data.split("train"), validation_split, batch_size=batch_size, seed=seed)
    seconds = None if budget is None else parse_duration(budget)
    duration = Duration(data_module.steps_per_epoch, max_epochs, max_steps, seconds)
    identity = identity_of(run)
    checkpoint = checkpoint_to_resume(run, duration, identity) if resume else None

    with seeded(step_seed(seed, 0)):
        lightning_task = task(make_model(model, data.spec))
        if not resume:
            lightning_task.initialize(first_batch(data_module.images, batch_size, seed)[0])
    lightning_task.check(duration.progress(0, 0.0), batch_size=batch_size // num_devices)

    due = Due(
        log_every=log_every,
        validate_every=max(1, round(validate_every * duration.steps_per_epoch)),
        steps_per_epoch=duration.steps_per_epoch,
        checkpoint_seconds=parse_duration(checkpoint_every),
    )
    reserve = TimeReserve(num_batches=math.ceil(len(validation_split) / batch_size))
    clock = Clock(duration, due=due, reserve=reserve, seed=seed, started=started)
    after_step = AfterStep(run, clock=clock, data=data_module, levels=data.spec.levels, probes=probes or [])
    after_step.sample_probes.check(lightning_task.model)
    try:
        with process_settings(), clock.generators_kept, after_step.checkpointer.catching_signals():
            trainer = _trainer(
                accelerator=choose_device(device).type,
                devices=num_devices,
                strategy=_strategy_for(lightning_task, strategy, num_devices=num_devices),
                precision=precision,
                log_every_n_steps=log_every,
                logger=_loggers(run, loggers, checkpoint=checkpoint),
                # In the order in which they run after a step.
                callbacks=[clock, *(callbacks or []), after_step],
                plugins=[SafeCheckpointIO(identity)],
            )
            if checkpoint is not None:
                check_restorable(run, checkpoint, trainer, lightning_task)
            if trainer.is_global_zero:
                # After all checks: invalid settings leave no directory behind.
                print(f"training in {run.path}", file=sys.stderr)
            _fit(trainer, lightning_task, data_module, clock=clock, run=run, resume=resume)
            stop_reason: StopReason = "finished" if duration.is_over(clock.progress) else "callback"
    except Interrupted as interruption:
        stop_reason = interruption.reason
    best = after_step.validation.best
    return TrainingResult(run.path, clock.progress.step, best if math.isfinite(best) else None, stop_reason)


def _trainer(**options: Any) -> pl.Trainer:
    try:
        return pl.Trainer(
            max_epochs=-1,  # `Clock` stops the training
            limit_val_batches=0,  # `AfterStep` validates,
            enable_progress_bar=False,  # shows the progress,
            enable_checkpointing=False,  # and saves checkpoints
            enable_model_summary=False,
            **options,
        )
    except MisconfigurationException as error:
        raise ValueError(f"Lightning refuses num_devices, strategy or callbacks here: {error}") from error


def _fit(
    trainer: pl.Trainer, task: Task, data_module: DataModule, *, clock: Clock, run: RunDirectory, resume: bool
) -> None:
    try:
        trainer.fit(task, datamodule=data_module, ckpt_path=run.checkpoint if resume else None)
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError) as error:
        if clock.is_running or not resume:
            raise
        # A checkpoint with a valid digest may still have invalid content.
        raise ValueError(
            f"cannot resume from {run.checkpoint} ({type(error).__name__}: {first_line(error)}): {RESTORE}"
        ) from error
    finally:
        # Before the first step of a resumed training, the file from before is still valid.
        if trainer.is_global_zero and clock.is_running:
            run.write_environment(_environment(clock, task, data_module))


def _strategy_for(task: Task, strategy: str | Strategy, *, num_devices: int) -> str | Strategy:
    """Tell DDP that a step of one player has no gradients for the other."""
    if isinstance(task.model, TwoPlayer) and num_devices > 1 and strategy in ("auto", "ddp"):
        return "ddp_find_unused_parameters_true"
    return strategy


def _first(images: ImageSplit, count: int | None) -> ImageSplit:
    if count is None:
        return images
    if not 1 <= count <= len(images):
        raise ValueError(f"validation_images must be between 1 and {len(images)}, got {count}")
    return images.first(count)


def _loggers(run: RunDirectory, more: list[Logger] | None, *, checkpoint: dict[str, Any] | None) -> list[Logger]:
    table, purge_step = TableLogger(run.metrics), None
    if checkpoint is not None:
        step = checkpoint["global_step"]
        table = TableLogger(run.metrics, resume_step=step, logged_step=step - steps_since_log(checkpoint))
        purge_step = step + 1
    tensorboard = TensorBoardLogger(run.path, name="", version="tensorboard", purge_step=purge_step)
    return [table, tensorboard, *(more or [])]


def _environment(clock: Clock, task: Task, data_module: DataModule) -> dict[str, Any]:
    """The content of ``environment.json``."""
    images = clock.progress.step * data_module.batch_size
    return {
        **describe_environment(),
        "seed": data_module.seed,
        "parameters": sum(parameter.numel() for parameter in task.model.parameters()),
        "steps": clock.progress.step,
        "finished": clock.duration.is_over(clock.progress),
        "wall_seconds": round(clock.seconds, 2),
        "cpu_seconds": round(clock.cpu_seconds, 2),
        "images_per_second": round(images / clock.step_seconds, 1) if clock.step_seconds else None,
    }
