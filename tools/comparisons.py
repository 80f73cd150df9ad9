"""Write the comparisons of ``docs/comparison``: ``python tools/comparisons.py [DATA …]``.

``genera compare`` for all models of the zoo that can sample. Their measurements ship with them, except those of the
sampling speed. The values are committed; the report, which has all pictures in it, is for looking.
"""

from __future__ import annotations

import sys
from pathlib import Path

from genera.commands.compare import compare
from genera.core import Generative
from genera.zoo import shipped_models

FOLDER = Path(__file__).parents[1] / "docs" / "comparison"


def zoo_models(data: str) -> list[str | Path]:
    """Names of the models of the zoo that can sample images of a data set."""
    return [
        trained.name
        for trained in shipped_models()
        if trained.config["data"]["name"] == data and isinstance(trained.load(), Generative)
    ]


if __name__ == "__main__":
    for chosen in sys.argv[1:] or ("mnist", "fashion-mnist"):
        for path in compare(zoo_models(chosen), out=FOLDER / chosen).paths:
            print(path)
