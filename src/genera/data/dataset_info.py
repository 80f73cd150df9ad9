"""The description of a data set, available before it is loaded, and the decorator that attaches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol, cast

from genera.data.downloads import RemoteFile
from genera.data.images import ImageDataset

P = ParamSpec("P")


@dataclass(frozen=True)
class DatasetInfo:
    """The description of a data set.

    Args:
        name: with dashes, as on the command line.
        summary: one line.
        size: number, size and kind of the images.
        licence: short name or terms.
        homepage: URL of its source.
        files: required files that can be downloaded.
        by_hand: names of required files that users must provide.
    """

    name: str
    summary: str
    size: str
    licence: str
    homepage: str
    files: tuple[RemoteFile, ...] = ()
    by_hand: tuple[str, ...] = ()


class Dataset(Protocol[P]):
    """A typed function that returns a data set and has its description as ``info``."""

    info: DatasetInfo

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ImageDataset: ...


def dataset(
    *,
    summary: str,
    size: str,
    licence: str,
    homepage: str,
    files: tuple[RemoteFile, ...] = (),
    by_hand: tuple[str, ...] = (),
) -> Callable[[Callable[P, ImageDataset]], Dataset[P]]:
    """Decorate the function of a data set with a :class:`DatasetInfo`, named after the function, as ``info``."""

    def decorate(function: Callable[P, ImageDataset]) -> Dataset[P]:
        described = cast("Dataset[P]", function)
        name = function.__name__.replace("_", "-")
        described.info = DatasetInfo(name, summary, size, licence, homepage, files, by_hand)
        return described

    return decorate
