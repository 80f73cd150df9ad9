"""Find and load trained models.

A shipped model is a folder ``weights/KIND-DATA`` with ``config.yaml`` and ``model.safetensors`` as in a run directory,
so the same code loads both.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import torch

from genera.config.data_section import data_section, open_data
from genera.config.model import load_run, spec_of_run
from genera.core import ImageModel, ImageSpec
from genera.data import ImageDataset, describe_difference
from genera.runs.run_directory import RunDirectory
from genera.runs.weights import digest_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedModel:
    """A model on disk.

    Args:
        name: path of a run, or name in the zoo.
        run: its files.
        is_shipped: whether it is part of the installed package, where nothing may be written.
    """

    name: str
    run: RunDirectory
    is_shipped: bool = False

    @cached_property
    def config(self) -> dict[str, Any]:
        """All settings of its training.

        Raises:
            ValueError: the file is damaged, or does not name the data set.
        """
        config = self.run.read_config()
        try:
            data_section(config)
        except ValueError as error:
            raise ValueError(f"{self.run.config}: {error}") from error
        return config

    @property
    def spec(self) -> ImageSpec:
        """Spec of the images it was trained on.

        Raises:
            ValueError: the section of the config is missing or invalid.
        """
        return spec_of_run(self.run, self.config)

    @cached_property
    def weights_digest(self) -> str:
        """SHA-256 of the weights, in hex."""
        return digest_of(self.run.weights)

    def was_trained_on(self, data: ImageDataset, split: str) -> bool:
        """Whether a split of a data set has the same content as that of the data set it was trained on."""
        recorded = self._recorded
        if recorded is None:
            # Runs of older versions have no record of the images: compare only the name.
            return data.name == data_section(self.config)["name"]
        return split in recorded and recorded[split] == data.contents([split])[split]

    def open_data(self, split: str | None = None) -> ImageDataset:
        """Open the data set it was trained on.

        Args:
            split: log a warning if the images of this split have changed since the training.

        Raises:
            ValueError: the data set is missing or damaged, or has no such split.
        """
        data, recorded = open_data(data_section(self.config)), self._recorded
        if split is not None and recorded is not None:
            recorded_split = {name: record for name, record in recorded.items() if name == split}
            if difference := describe_difference(recorded_split, data.contents([split])):
                logger.warning("the images of %s are not those %s was trained on: %s", data.name, self.name, difference)
        return data

    def data_or_own(self, data: ImageDataset | str | None, split: str) -> ImageDataset:
        """The data set that the caller gives, or names; the one it was trained on otherwise.

        Raises:
            ValueError: the data set is missing or damaged, or has no such split.
        """
        if isinstance(data, str):
            return open_data({"name": data})
        return self.open_data(split) if data is None else data

    @property
    def _recorded(self) -> dict[str, Any] | None:
        """Number and digest of the images of each split at training time, if they were recorded."""
        recorded = self.config.get("images")
        return recorded if isinstance(recorded, dict) else None

    def load(self, *, device: torch.device | str = "cpu", allow: Sequence[str] = ()) -> ImageModel:
        """Load the model in evaluation mode.

        Raises:
            ValueError: the files are damaged, belong to another model, or name a class that is not allowed.
        """
        return load_run(self.run, device=device, allow=allow)


def shipped_models() -> list[TrainedModel]:
    """The models that ship with the package, sorted by name."""
    root = Path(str(resources.files("genera"))) / "zoo" / "weights"
    folders = sorted(path.parent for path in root.glob("*/config.yaml"))
    return [TrainedModel(folder.name, RunDirectory(folder), is_shipped=True) for folder in folders]


def find_model(name: str) -> TrainedModel:
    """Find a model by the path of its run or by its name in the zoo.

    Raises:
        ValueError: there is no such run or name; the message suggests similar names.
    """
    shipped = {model.name: model for model in shipped_models()}
    if name in shipped:
        return shipped[name]
    if Path(name).is_dir():
        return TrainedModel(name, RunDirectory.open(Path(name)))
    near = difflib.get_close_matches(name, shipped, n=3) or list(shipped)
    hint = f"shipped models: {', '.join(near)}" if near else "no models ship with this version"
    raise ValueError(f"there is no run directory or shipped model {name!r}; {hint}")


def check_distinct(models: Sequence[TrainedModel]) -> None:
    """Check that no model is given twice, also under different names such as a link and its target.

    Raises:
        ValueError: a model is given twice.
    """
    names: dict[tuple[int, int], str] = {}
    for trained in models:
        status = trained.run.path.stat()
        key = status.st_dev, status.st_ino
        if key in names:
            raise ValueError(f"a model is given twice, as {names[key]} and {trained.name}: give each model once")
        names[key] = trained.name


def load(model: str | Path, *, device: torch.device | str = "cpu", allow: Sequence[str] = ()) -> ImageModel:
    """Load a trained model in evaluation mode.

    Args:
        model: a run directory, or a name that ``genera models`` lists.
        device: where to put it.
        allow: packages its configuration may name besides the parts that Genera exports.

    Returns:
        The model; its base classes say whether it samples, has densities or reconstructs.

    Raises:
        ValueError: there is no such model, or its files are damaged or belong to another model.

    Example:
        >>> import genera
        >>> genera.load("realnvp-digits").sample(2).shape
        torch.Size([2, 1, 8, 8])
    """
    return find_model(str(model)).load(device=device, allow=allow)
