"""The catalogue: every data set that ``genera.data.datasets`` exports, by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol, cast

from genera.data.downloads import RemoteFile, find_file, where_to_put
from genera.data.images import ImageData

P = ParamSpec("P")


@dataclass(frozen=True)
class Card:
    """What users should know of a data set before they load it.

    Args:
        name: with dashes, as on the command line.
        summary: one line.
        size: number, size and kind of the images.
        licence: short name or terms.
        homepage: where it comes from.
        files: what it needs and can download.
        by_hand: names of files that it needs and users must bring.
    """

    name: str
    summary: str
    size: str
    licence: str
    homepage: str
    files: tuple[RemoteFile, ...] = ()
    by_hand: tuple[str, ...] = ()


class Dataset(Protocol[P]):
    """A typed function that returns a data set, and carries its card."""

    card: Card

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ImageData: ...


def dataset(
    *,
    summary: str,
    size: str,
    licence: str,
    homepage: str,
    files: tuple[RemoteFile, ...] = (),
    by_hand: tuple[str, ...] = (),
) -> Callable[[Callable[P, ImageData]], Dataset[P]]:
    """Give a function its :class:`Card` as ``.card``, named after the function; the function itself stays as it is."""

    def decorate(function: Callable[P, ImageData]) -> Dataset[P]:
        described = cast("Dataset[P]", function)
        name = function.__name__.replace("_", "-")
        described.card = Card(name, summary, size, licence, homepage, files, by_hand)
        return described

    return decorate


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
    card = function.card
    if "path" in inspect.signature(function).parameters:
        return "give --data.path"
    if not card.files and not card.by_hand:
        return "built in"
    names = [*(file.name for file in card.files), *card.by_hand]
    found = [path for path in (find_file(card.name, file) for file in names) if path]
    place = f"found in {found[0].parent}" if found else ""
    if len(found) == len(names):
        return place
    if card.by_hand:
        return f"put {' and '.join(card.by_hand)} into {where_to_put(card.name)}"
    missing = sum(file.download_bytes for file in card.files if find_file(card.name, file.name) is None)
    megabytes = f"{max(1, round(missing / 1e6))} MB"
    if found:
        return f"{place}: {len(found)} of {len(names)} files; the rest will be downloaded ({megabytes})"
    return f"will be downloaded ({megabytes})"


def _registry() -> dict[str, Dataset[...]]:
    # The data sets import this module for their cards, so it cannot import them when it is loaded.
    from genera.data import datasets

    functions: list[Dataset[...]] = [getattr(datasets, name) for name in datasets.__all__]
    return {function.card.name: function for function in functions}
