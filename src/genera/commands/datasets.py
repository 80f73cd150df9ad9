"""``genera datasets``."""

from __future__ import annotations

from genera.commands.table import print_table
from genera.data import dataset_names, find_dataset
from genera.data.catalogue import availability


def datasets() -> None:
    """List data sets with their content, licence and location.

    Files are read from $GENERA_DATA/NAME or the user's cache, and downloaded if they are in neither.
    `genera train RECIPE --data NAME --help` shows the settings of a data set.
    """
    infos = [find_dataset(name).info for name in dataset_names()]
    rows = [[info.name, info.size, info.licence, availability(info.name)] for info in infos]
    print_table(["name", "images", "licence", "location"], rows)
    print()
    print_table(["name", "description", "homepage"], [[info.name, info.summary, info.homepage] for info in infos])
