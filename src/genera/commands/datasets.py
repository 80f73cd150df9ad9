"""``genera datasets``."""

from __future__ import annotations

from collections.abc import Sequence

from genera.commands.table import print_table
from genera.commands.typed_command import call
from genera.data import dataset_names, find_dataset
from genera.data.catalogue import availability


def datasets() -> None:
    """List data sets: what they hold, under which licence, and where they are.

    Files are looked for in $GENERA_DATA/NAME, then in the user's cache, and downloaded otherwise.
    `genera train RECIPE --data NAME --help` shows what settings one has.
    """
    cards = [find_dataset(name).info for name in dataset_names()]
    rows = [[info.name, info.size, info.licence, availability(info.name)] for info in cards]
    print_table(["name", "images", "licence", "where"], rows)
    print()
    print_table(["name", "what it is", "homepage"], [[info.name, info.summary, info.homepage] for info in cards])


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(datasets, arguments)
