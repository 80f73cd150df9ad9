"""What a data set says of itself before it is loaded, and the decorator that every data set carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol, cast

from genera.data.downloads import RemoteFile
from genera.data.images import ImageDataset

P = ParamSpec("P")


@dataclass(frozen=True)
class DatasetInfo:
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
    """Describe a data set: give its function a :class:`DatasetInfo` as ``.info``, named after the function."""

    def decorate(function: Callable[P, ImageDataset]) -> Dataset[P]:
        described = cast("Dataset[P]", function)
        name = function.__name__.replace("_", "-")
        described.info = DatasetInfo(name, summary, size, licence, homepage, files, by_hand)
        return described

    return decorate
