"""Write the comparisons of ``docs/comparison``: ``python tools/comparisons.py [NAME …]``.

``mnist`` and ``fashion-mnist`` are of all models of the zoo that draw, ``equal-time`` is of the runs of
``studies/equal_time.py`` in ``$GENERA_RUNS``. Each is what ``genera compare`` writes, at 2,000 draws, as a flow
makes a hundred in a second. What was measured before is not measured again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from genera.cli import main
from genera.core import Generative
from genera.runs.run_directory import runs_root
from genera.zoo import shipped_models

FOLDER = Path(__file__).parents[1] / "docs" / "comparison"
COUNT = 2_000
#: Not bits/dim of eight importance samples, which take a flow a quarter of an hour for each of its runs, and not the
#: speed of drawing, which the seeds of a family differ in by chance only.
AT_EQUAL_TIME = (
    "bits_per_dim@1,mse,fd[lenet],fd[random],precision[lenet],recall[lenet],density[lenet],coverage[lenet],"
    "class_kl,recognised,class_agreement,sharpness,memorisation,diversity,auroc[bits],auroc[typicality],auroc[png],"
    "auroc[reconstruction],auroc[discriminator]"
)


def of_zoo(data: str) -> list[str]:
    """Names of the models of the zoo that draw images of a data set."""
    return [
        trained.name
        for trained in shipped_models()
        if trained.config["data"]["name"] == data and isinstance(trained.load(), Generative)
    ]


def at_equal_time() -> list[str]:
    """The runs of the study, by family and seed."""
    return [str(path.parent) for path in sorted((runs_root() / "equal_time").glob("*/model.safetensors"))]


def write(name: str) -> None:
    """Write one comparison."""
    if name == "equal-time":
        models, options = at_equal_time(), ["--measures", AT_EQUAL_TIME]
    else:
        models, options = of_zoo(name), []
    if main(["compare", *models, "--out", str(FOLDER / name), "--count", str(COUNT), *options]) != 0:
        sys.exit(f"{name}: not compared")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or ("mnist", "fashion-mnist", "equal-time"):
        write(chosen)
