"""The catalogue: every data set that ``genera.data.datasets`` exports, by name."""

from __future__ import annotations

import difflib
import inspect

from genera.data import datasets
from genera.data.dataset_info import Dataset
from genera.data.downloads import describe_data_folders, find_file


def dataset_names() -> tuple[str, ...]:
    """The names of all data sets, with dashes."""
    return tuple(_registry())


def find_dataset(name: str) -> Dataset[...]:
    """The function that loads a data set.

    Args:
        name: with dashes or underscores.

    Raises:
        ValueError: there is no data set of that name; the message lists similar names and all names.
    """
    registry = _registry()
    wanted = name.replace("_", "-")
    if wanted in registry:
        return registry[wanted]
    similar = difflib.get_close_matches(wanted.lower(), registry)
    hint = f"did you mean {' or '.join(similar)}? " if similar else ""
    raise ValueError(f"no data set is named {name!r}; {hint}Available: {', '.join(registry)}")


def availability(name: str) -> str:
    """A short description of where the data of a data set would be loaded from now."""
    function = find_dataset(name)
    info = function.info
    if "path" in inspect.signature(function).parameters:
        return "give --data.path"
    if not info.files and not info.by_hand:
        return "built in"
    names = [*(file.name for file in info.files), *info.by_hand]
    paths = [path for path in (find_file(info.name, file) for file in names) if path]
    location = f"found in {paths[0].parent}" if paths else ""
    if len(paths) == len(names):
        return location
    if info.by_hand:
        return f"put {' and '.join(info.by_hand)} into {describe_data_folders(info.name)}"
    missing = sum(file.download_bytes for file in info.files if find_file(info.name, file.name) is None)
    megabytes = f"{max(1, round(missing / 1e6))} MB"
    if paths:
        return f"{location}: {len(paths)} of {len(names)} files; the rest will be downloaded ({megabytes})"
    return f"will be downloaded ({megabytes})"


def _registry() -> dict[str, Dataset[...]]:
    functions: list[Dataset[...]] = [getattr(datasets, name) for name in datasets.__all__]
    return {function.info.name: function for function in functions}
