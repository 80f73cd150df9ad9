"""``genera datasets``."""

from __future__ import annotations

from genera.core.text_table import format_table
from genera.data import dataset_names, find_dataset
from genera.data.catalogue import availability


def datasets() -> None:
    """List data sets with their content, licence and location.

    Files are read from $GENERA_DATA/NAME or the user's cache, and downloaded if they are in neither.
    `genera train RECIPE --data NAME --help` shows the settings of a data set.
    """
    rows = []
    for info in (find_dataset(name).info for name in dataset_names()):
        about = f"{info.summary} · {info.homepage}" if info.homepage else info.summary
        licence = f"licence: {info.licence} · {availability(info.name)}"
        rows += [[info.name, about], ["", info.size], ["", licence]]
    print(format_table(rows))
