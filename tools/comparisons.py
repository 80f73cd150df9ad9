"""Write the comparisons of ``docs/comparison``: ``python tools/comparisons.py [NAME …]``.

``mnist`` and ``fashion-mnist`` compare all models of the zoo that can sample, ``equal-time`` the runs of
``studies/equal_time.py`` in ``$GENERA_RUNS``. Each is written by ``genera compare`` with 2,000 samples per set, because
a flow generates only a hundred per second. Measures taken before are reused.
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
#: Without bits/dim of eight importance samples, which take a quarter of an hour per run of a flow, and without the
#: sampling speed, which differs between the seeds of a family only by chance.
EQUAL_TIME_MEASURES = (
    "bits_per_dim@1,mse,fd[lenet],fd[random],precision[lenet],recall[lenet],density[lenet],coverage[lenet],"
    "class_kl,recognised,class_agreement,sharpness,memorisation,diversity,auroc[bits],auroc[typicality],auroc[png],"
    "auroc[reconstruction],auroc[discriminator]"
)


def zoo_models(data: str) -> list[str]:
    """Names of the models of the zoo that can sample images of a data set."""
    return [
        trained.name
        for trained in shipped_models()
        if trained.config["data"]["name"] == data and isinstance(trained.load(), Generative)
    ]


def equal_time_runs() -> list[str]:
    """Run directories of the study at equal time, sorted by family and seed."""
    return [str(path.parent) for path in sorted((runs_root() / "equal_time").glob("*/model.safetensors"))]


def write(name: str) -> None:
    """Write one comparison."""
    if name == "equal-time":
        models, options = equal_time_runs(), ["--measures", EQUAL_TIME_MEASURES]
    else:
        models, options = zoo_models(name), []
    if main(["compare", *models, "--out", str(FOLDER / name), "--count", str(COUNT), *options]) != 0:
        sys.exit(f"{name}: the comparison failed")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or ("mnist", "fashion-mnist", "equal-time"):
        write(chosen)
