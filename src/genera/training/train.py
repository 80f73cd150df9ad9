"""Training, as one typed function: its parameters are the keys of a recipe and the options of the command."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.strategies import Strategy

from genera.config.errors import brief
from genera.config.recipes import make_model
from genera.core import ImageModel, ImageSpec, Probe, TwoPlayer, check_seed
from genera.data.batches import ShuffledBatches, first_batch
from genera.data.images import ImageDataset, ImageSplit
from genera.runs.checkpoints import identity_of, read_checkpoint
from genera.runs.environment import check_devices, describe_environment
from genera.runs.run_directory import RunDirectory
from genera.training.callbacks.checkpointer import Checkpointer
from genera.training.callbacks.clock import Clock, Deadline
from genera.training.callbacks.contention_monitor import ContentionMonitor
from genera.training.callbacks.discriminator_monitor import DiscriminatorMonitor
from genera.training.callbacks.progress_bar import ProgressBar
from genera.training.callbacks.sample_probes import SampleProbes, check_can_be_probed
from genera.training.callbacks.table_logger import TableLogger
from genera.training.callbacks.watching import Conclusion, SampleGrids, TrainingMetrics, Validation
from genera.training.checkpoint_io import WholeCheckpointIO, check_restorable
from genera.training.duration import Duration, parse_duration
from genera.training.process import process_settings
from genera.training.seeding import seeded, step_seed
from genera.training.tasks.task import Task
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
    accelerator: Literal["auto", "cpu", "gpu", "cuda", "mps"] = "auto",
    devices: int = 1,
    strategy: str | Strategy = "auto",
    probes: list[Probe] | None = None,
    loggers: list[Logger] | None = None,
    callbacks: list[pl.Callback] | None = None,
    resume: bool = False,
) -> None:
    """Train a model and leave everything in a run directory.

    Args:
        data: the images, split into train and validation.
        run: where everything goes.
        model: the model, made for the images.
        task: how it is optimised.
        batch_size: images per step, over all processes.
        max_epochs: passes over the training images the schedules are planned for.
        max_steps: stop after this many steps; schedules are planned for max_epochs all the same.
        budget: train for this time instead, such as 20m; every schedule spans it.
        seed: of all random numbers; two runs of one seed are identical on one machine.
        precision: of the arithmetic of the networks; weights stay in 32 bits with bf16-mixed.
        validate_every: epochs between two validations.
        validation_images: how many images of the validation split to use; all where omitted.
        log_every: steps between two rows of metrics.csv.
        checkpoint_every: time between two checkpoints.
        accelerator: cpu, gpu (or cuda or mps, to say which kind), or auto.
        devices: number of processes or GPUs.
        strategy: how several processes share the work, such as ddp, or a Lightning strategy.
        probes: what to ask of samples at every validation, such as genera.evaluation.Diversity.
        loggers: Lightning loggers besides metrics.csv and TensorBoard.
        callbacks: Lightning callbacks besides our own; those that wait for Lightning's validation never act.
        resume: go on from the last checkpoint of the run.

    Raises:
        ValueError: an argument does not fit the data or another argument.
        NonFiniteLoss: the loss or gradient was not finite; the last checkpoint is from before.
        Interrupted: Ctrl-C or SIGTERM; a checkpoint of the last step is there, unless it came twice.
        OSError: the run directory cannot be written; what was written before is whole.
    """
    started = time.monotonic()
    if log_every < 1 or not 0 < validate_every < math.inf:
        raise ValueError(f"log_every and validate_every must be positive, got {log_every} and {validate_every}")
    check_devices(devices, accelerator)
    check_seed(seed)
    feed = DataModule(data.split("train"), batch_size=batch_size, seed=seed)
    span = Duration(feed.steps_per_epoch, max_epochs, max_steps, None if budget is None else parse_duration(budget))
    validated = _first(data.split("validation"), validation_images)
    identity = identity_of(run)
    checkpoint = _checkpoint_to_resume(run, span, identity) if resume else None

    with seeded(step_seed(seed, 0)):
        lightning_task = task(_prepared(make_model(model, data.spec), None if resume else feed.first_batch()))
    lightning_task.check(span.progress(0, 0.0), batch_size=batch_size // devices)
    if probes:
        check_can_be_probed(lightning_task.model, probes, images=validated, levels=data.spec.levels)
    if checkpoint is not None:
        _check_same_model(run, checkpoint, lightning_task)

    every = max(1, round(validate_every * span.steps_per_epoch))
    reserve = TimeReserve(num_batches=math.ceil(len(validated) / batch_size))
    pace = Clock(span, reserve=reserve, validate_every=every, seed=seed, started=started)
    metrics = TrainingMetrics(pace, every=log_every)
    validation = Validation(validated, batch_size=batch_size, every=every, seed=seed, run=run)
    snapshots = SampleGrids(run, validation=validation, seconds=30, count=64, seed=seed)
    probing = SampleProbes(probes or [], images=validated, levels=data.spec.levels, validation=validation, seed=seed)
    watching = [
        validation,
        snapshots,
        probing,
        DiscriminatorMonitor(feed.steps_per_epoch),
        ContentionMonitor(),
        Deadline(pace),
    ]
    bar = ProgressBar(pace, metrics=metrics, validation=validation)
    conclusion = Conclusion(feed.images, run=run, seed=seed)
    keeper = Checkpointer(run, seconds=parse_duration(checkpoint_every))
    with process_settings(), pace.generators_kept, keeper.catching_signals():
        try:
            trainer = pl.Trainer(
                accelerator=accelerator,
                devices=devices,
                strategy=_strategy_for(lightning_task, strategy, devices=devices),
                precision=precision,
                max_epochs=-1,  # `Clock` decides when to stop
                limit_val_batches=0,  # `Validation` validates
                logger=_loggers(run, loggers, checkpoint=checkpoint),
                # The keeper is last, so that what the others did at a step is in its checkpoint.
                callbacks=[pace, *(callbacks or []), metrics, *watching, bar, conclusion, keeper],
                plugins=[WholeCheckpointIO(identity)],
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
            )
        except MisconfigurationException as error:
            raise ValueError(f"Lightning refuses accelerator, devices or strategy on this machine: {error}") from error
        if trainer.is_global_zero:
            # Not before: what has just been refused leaves no directory behind.
            print(f"training in {run.path}", file=sys.stderr)
        if checkpoint is not None:
            _check_restorable(run, checkpoint, trainer, lightning_task)
        try:
            trainer.fit(lightning_task, datamodule=feed, ckpt_path=run.checkpoint if resume else None)
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError) as error:
            if pace.is_running or not resume:
                raise
            # A checkpoint whose digest is right may still lack what some part looks for.
            raise ValueError(
                f"{run.checkpoint} cannot be resumed from ({type(error).__name__}: {brief(error)}): "
                "restore the run's own, or start anew"
            ) from error
        finally:
            # Before the first step of a sitting, what an earlier one wrote is still true.
            if trainer.is_global_zero and pace.is_running:
                run.write_environment(_circumstances(pace, lightning_task, feed))


class DataModule(pl.LightningDataModule):
    """Gives each process its share of the training images, from the step where training stands.

    Args:
        images: the training split.
        batch_size: images per step, over all processes.
        seed: of the order.

    Raises:
        ValueError: there are fewer images than a batch.
    """

    def __init__(self, images: ImageSplit, *, batch_size: int, seed: int) -> None:
        super().__init__()
        self.images = images
        self.batch_size = batch_size
        self.seed = seed
        self.steps_per_epoch = ShuffledBatches(images, batch_size=batch_size, seed=seed).steps_per_epoch

    def train_dataloader(self) -> ShuffledBatches:
        assert self.trainer is not None
        return ShuffledBatches(
            self.images,
            batch_size=self.batch_size,
            seed=self.seed,
            start_step=self.trainer.global_step,
            rank=self.trainer.global_rank,
            world_size=self.trainer.world_size,
            device=self.trainer.strategy.root_device,
        )

    def first_batch(self) -> torch.Tensor:
        """The images of the first step, the same in every process: uint8 ``(batch_size, C, H, W)``."""
        return first_batch(self.images, self.batch_size, self.seed)[0]


def _prepared(model: ImageModel, images: torch.Tensor | None) -> ImageModel:
    """A model ready to train; ``images`` to set itself up from where it has not been trained yet."""
    # Convolutions on processors are faster with the channels innermost, and give the same.
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's annotations
    if images is not None:
        model.initialize(images)
    return model


def _strategy_for(task: Task, strategy: str | Strategy, *, devices: int) -> str | Strategy:
    """A strategy that does not wait for the gradients of one player while the other takes its step."""
    if isinstance(task.model, TwoPlayer) and devices > 1 and strategy in ("auto", "ddp"):
        return "ddp_find_unused_parameters_true"
    return strategy


def _checkpoint_to_resume(run: RunDirectory, span: Duration, identity: dict[str, Any]) -> dict[str, Any]:
    """The last checkpoint of a run that is not over yet."""
    for unfinished in run.checkpoint.parent.glob(f".{run.checkpoint.stem}.*"):
        # A kill in the middle of saving left it.
        unfinished.unlink()
    checkpoint = read_checkpoint(run.checkpoint, identity)
    try:
        pace = checkpoint["callbacks"]["Clock"]
        seconds, reserve = float(pace["seconds"]), float(pace["reserve"]["seconds"])
        int(checkpoint["callbacks"]["TrainingMetrics"]["count"])
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{run.checkpoint} is damaged, its times and counts are not there: restore the run's own, or start anew"
        ) from error
    if span.is_over(span.progress(checkpoint["global_step"], seconds, reserve=reserve)):
        raise ValueError(
            f"{run.path} is finished ({checkpoint['global_step']} steps in {seconds:.0f} s of {span}): "
            "give a larger --budget, --max_epochs or --max_steps to go on"
        )
    return checkpoint


def _check_same_model(run: RunDirectory, checkpoint: dict[str, Any], task: Task) -> None:
    """Refuse a checkpoint whose weights do not fit the model of the run's settings."""
    expected = {name: value.shape for name, value in task.state_dict().items()}
    found = {name: value.shape for name, value in checkpoint["state_dict"].items()}
    differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if differing:
        raise ValueError(
            f"{run.checkpoint} belongs to another model than {run.config} describes: "
            f"{len(differing)} weights differ, such as {differing[0]}; restore the run's own files, or start anew"
        )


def _check_restorable(run: RunDirectory, checkpoint: dict[str, Any], trainer: pl.Trainer, task: Task) -> None:
    """Refuse a checkpoint from which something could not be restored, though its digest is right."""
    optimizers = task.configure_optimizers()
    count = len(optimizers) if isinstance(optimizers, list) else 1
    try:
        check_restorable(checkpoint, trainer, num_optimizers=count)
    except ValueError as error:
        raise ValueError(f"{run.checkpoint} is damaged ({error}): restore the run's own, or start anew") from error


def _first(images: ImageSplit, count: int | None) -> ImageSplit:
    if count is None:
        return images
    if not 1 <= count <= len(images):
        raise ValueError(f"validation_images must lie between 1 and the {len(images)} there are, got {count}")
    return images.subset(torch.arange(count))


def _loggers(run: RunDirectory, more: list[Logger] | None, *, checkpoint: dict[str, Any] | None) -> list[Logger]:
    if checkpoint is None:
        table, purge_step = TableLogger(run.metrics), None
    else:
        step = checkpoint["global_step"]
        logged_step = step - checkpoint["callbacks"]["TrainingMetrics"]["count"]
        table, purge_step = TableLogger(run.metrics, resume_step=step, logged_step=logged_step), step + 1
    board = TensorBoardLogger(run.path, name="", version="tensorboard", purge_step=purge_step)
    return [table, board, *(more or [])]


def _circumstances(pace: Clock, task: Task, feed: DataModule) -> dict[str, Any]:
    """What stands in ``environment.json``."""
    images = pace.progress.step * feed.batch_size
    return {
        **describe_environment(),
        "seed": feed.seed,
        "parameters": sum(parameter.numel() for parameter in task.model.parameters()),
        "steps": pace.progress.step,
        "finished": pace.span.is_over(pace.progress),
        "wall_seconds": round(pace.seconds, 2),
        "cpu_seconds": round(pace.cpu_seconds, 2),
        "images_per_second": round(images / pace.step_seconds, 1) if pace.step_seconds else None,
    }
