"""Finding and loading trained models.

A shipped model is a folder ``weights/KIND-DATA`` with the same ``config.yaml`` and ``model.safetensors`` as a run
directory, so that both are loaded by the same lines.
"""

from __future__ import annotations

import dataclasses
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
from genera.config.model import build_model
from genera.core import ImageModel, ImageSpec
from genera.data import ImageDataset, describe_difference
from genera.runs.run_directory import RunDirectory
from genera.runs.weights import digest_of, load_weights

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedModel:
    """A model on disk.

    Args:
        name: what a person calls it: the path of a run, or a name of the zoo.
        run: where its files are.
        is_shipped: it lies in the installed package, where nothing may be written.
    """

    name: str
    run: RunDirectory
    is_shipped: bool = False

    @cached_property
    def config(self) -> dict[str, Any]:
        """Every setting it was trained with.

        Raises:
            ValueError: the file is damaged, or does not say what the data were.
        """
        config = self.run.read_config()
        try:
            data_section(config)
        except ValueError as error:
            raise ValueError(f"{self.run.config}: {error}") from error
        return config

    @property
    def spec(self) -> ImageSpec:
        """The images it was trained on.

        Raises:
            ValueError: the config does not say.
        """
        section = self.config.get("spec")
        names = [field.name for field in dataclasses.fields(ImageSpec)]
        # To Python, True and False are integers as well.
        if not isinstance(section, dict) or sorted(section) != sorted(names) or {*map(type, section.values())} != {int}:
            raise ValueError(f"{self.run.config}: the section spec must hold whole numbers {names}, got {section}")
        try:
            return ImageSpec(**section)
        except ValueError as error:
            raise ValueError(f"{self.run.config}: spec: {error}") from error

    @cached_property
    def weights_digest(self) -> str:
        """SHA-256 of the weights, in hex."""
        return digest_of(self.run.weights)

    def was_trained_on(self, data: ImageDataset, split: str) -> bool:
        """Whether a split of some data is that of the data it was trained on, by its content."""
        recorded = self._recorded
        if recorded is None:
            # A run of an older version, which kept no record: it is taken at its word.
            return data.name == data_section(self.config)["name"]
        return split in recorded and recorded[split] == data.contents([split])[split]

    def open_data(self, split: str | None = None) -> ImageDataset:
        """The data it was trained on.

        Args:
            split: say so in a warning where the images of this split are other ones by now.

        Raises:
            ValueError: the data are missing or damaged, or have no such split.
        """
        data, recorded = open_data(data_section(self.config)), self._recorded
        if split is not None and recorded is not None:
            of_split = {name: found for name, found in recorded.items() if name == split}
            if difference := describe_difference(of_split, data.contents([split])):
                logger.warning("the images of %s are not those %s was trained on: %s", data.name, self.name, difference)
        return data

    @property
    def _recorded(self) -> dict[str, Any] | None:
        """Number and digest of the images of each split it was trained on, where they were recorded."""
        recorded = self.config.get("images")
        return recorded if isinstance(recorded, dict) else None

    def load(self, *, device: str = "cpu", allow: Sequence[str] = ()) -> ImageModel:
        """The model in evaluation mode.

        Raises:
            ValueError: the files are damaged, belong to another model, or name what is not allowed.
        """
        try:
            model = build_model(self.config, self.spec, allow=allow)
        except ValueError as error:
            raise ValueError(f"{self.run.config}: {error}") from error
        load_weights(model, self.run.weights)
        # Convolutions on processors are faster with the channels innermost, and give the same.
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's annotations
        return model.to(device).eval()


def shipped_models() -> list[TrainedModel]:
    """The models that ship with the package, by name."""
    root = Path(str(resources.files("genera"))) / "zoo" / "weights"
    folders = sorted(path.parent for path in root.glob("*/config.yaml"))
    return [TrainedModel(folder.name, RunDirectory(folder), is_shipped=True) for folder in folders]


def find_model(name: str) -> TrainedModel:
    """A model by the path of its run or by its name in the zoo.

    Raises:
        ValueError: there is neither; says which names come near.
    """
    shipped = {model.name: model for model in shipped_models()}
    if name in shipped:
        return shipped[name]
    if Path(name).is_dir():
        return TrainedModel(name, RunDirectory.open(Path(name)))
    near = difflib.get_close_matches(name, shipped, n=3) or list(shipped)
    hint = f"shipped models: {', '.join(near)}" if near else "no models ship with this version"
    raise ValueError(f"there is no run directory or shipped model {name!r}; {hint}")


def check_distinct(found: Sequence[TrainedModel]) -> None:
    """Refuse a model that is named twice, whether by one name or by two, such as a link and what it points to.

    Raises:
        ValueError: says by which names.
    """
    names: dict[tuple[int, int], str] = {}
    for trained in found:
        status = trained.run.path.stat()
        key = status.st_dev, status.st_ino
        if key in names:
            raise ValueError(f"a model is named twice, as {names[key]} and {trained.name}: name each once")
        names[key] = trained.name


def load(name: str, *, device: str = "cpu", allow: Sequence[str] = ()) -> ImageModel:
    """See :func:`genera.load`."""
    return find_model(name).load(device=device, allow=allow)
