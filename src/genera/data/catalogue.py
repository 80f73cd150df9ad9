"""The catalogue: every data set that ``genera.data.datasets`` exports, by name."""

from __future__ import annotations

import difflib
import inspect

from genera.data import datasets
from genera.data.dataset_info import Dataset
from genera.data.downloads import find_file, where_to_put


def dataset_names() -> tuple[str, ...]:
    """The names of all data sets, with dashes."""
    return tuple(_registry())


def find_dataset(name: str) -> Dataset[...]:
    """The function that loads a data set.

    Args:
        name: with dashes or underscores.

    Raises:
        ValueError: there is none of that name; similar names and all names are listed.
    """
    registry = _registry()
    wanted = name.replace("_", "-")
    if wanted in registry:
        return registry[wanted]
    near = difflib.get_close_matches(wanted.lower(), registry)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise ValueError(f"no data set is named {name!r}; {hint}There are: {', '.join(registry)}")


def availability(name: str) -> str:
    """Where the data of a data set would come from now, in a few words for a list."""
    function = find_dataset(name)
    info = function.info
    if "path" in inspect.signature(function).parameters:
        return "give --data.path"
    if not info.files and not info.by_hand:
        return "built in"
    names = [*(file.name for file in info.files), *info.by_hand]
    found = [path for path in (find_file(info.name, file) for file in names) if path]
    place = f"found in {found[0].parent}" if found else ""
    if len(found) == len(names):
        return place
    if info.by_hand:
        return f"put {' and '.join(info.by_hand)} into {where_to_put(info.name)}"
    missing = sum(file.download_bytes for file in info.files if find_file(info.name, file.name) is None)
    megabytes = f"{max(1, round(missing / 1e6))} MB"
    if found:
        return f"{place}: {len(found)} of {len(names)} files; the rest will be downloaded ({megabytes})"
    return f"will be downloaded ({megabytes})"


def _registry() -> dict[str, Dataset[...]]:
    functions: list[Dataset[...]] = [getattr(datasets, name) for name in datasets.__all__]
    return {function.info.name: function for function in functions}
