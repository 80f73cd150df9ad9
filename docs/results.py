"""Write the tables of results from the files of the runs and of the zoo: ``python docs/results.py``.

They stand in the README and, of the models of integer pixels, in ``docs/vaes.md``.
"""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path

DOCS = Path(__file__).parent
README, VAES = DOCS.parent / "README.md", DOCS / "vaes.md"
ZOO = DOCS.parent / "src" / "genera" / "zoo" / "weights"
BEGIN = "<!-- results: written by docs/results.py from the files in docs/runs and the zoo -->\n"
END = "<!-- end of results -->"
#: What others report on the test images: bits/dim by data, as they were published.
PUBLISHED = {
    "BB-ANS, a VAE ([arXiv:1901.04866](https://arxiv.org/abs/1901.04866))": {"mnist": "1.39", "fashion-mnist": "3.66"},
    "Bit-Swap, a hierarchical VAE ([arXiv:1905.06845](https://arxiv.org/abs/1905.06845))": {
        "mnist": "1.27",
        "fashion-mnist": "3.28",
    },
}
HEADER = """\
| model | data | measure, test split | value | images | steps | training images/s | training time |
|---|---|---|---|---|---|---|---|
"""


def results() -> str:
    """The table, a row per measure of each run, and what the runs make of other images."""
    runs = [file.parent for root in (ZOO, DOCS / "runs") for file in sorted(root.glob("*/evaluation.json"))]
    table = HEADER + "".join(row for run in runs for row in rows(run))
    return table + "".join(f"\n{line}\n" for line in map(other_images, runs) if line)


def other_images(run: Path) -> str:
    """Mean scores of every data set the run has scored, in a line; empty where there are none."""
    means = []
    for scores in sorted(run.glob("scores-*.csv")):
        with scores.open(newline="") as file:
            bits = [float(row["bits_per_dim"]) for row in csv.DictReader(file)]
        means.append(
            f"{sum(bits) / len(bits):.2f} on {len(bits):,} test images of {scores.stem.removeprefix('scores-')}"
        )
    return f"Mean bits/dim of `{run.name}` by `genera score`: {', '.join(means)}." if means else ""


def rows(run: Path) -> list[str]:
    """The rows of one run."""
    evaluation = json.loads((run / "evaluation.json").read_text())
    environment = json.loads((run / "environment.json").read_text())
    recipe = re.search(r"^recipe: (.+)$", (run / "config.yaml").read_text(), re.MULTILINE)
    assert recipe is not None
    assert evaluation["split"] == "test"
    threads = environment["hardware"]["threads"]
    minutes = f"{environment['wall_seconds'] / 60:.1f} min on {threads} core{'s' * (threads > 1)}"
    cost = f"{environment['steps']:,} | {environment['images_per_second']:.0f} | {minutes}"
    model = f"`{run.name}`" if run.parent == ZOO else f"recipe `{recipe.group(1)}`"
    return [
        f"| {model} | {evaluation['data']} | {title(name)} | {interval(found)} | {found['n']:,} | {cost} |\n"
        for name, found in evaluation["measures"].items()
    ]


def title(measure: str) -> str:
    """A measure as the table calls it."""
    name, _, samples = measure.partition("@")
    return f"bits/dim, {samples} importance sample{'s' * (samples != '1')}" if name == "bits_per_dim" else measure


def interval(found: dict[str, float]) -> str:
    """A value with its interval, to four digits that count."""
    digits = max(4, 3 - math.floor(math.log10(max(found["value"], 1e-9))))
    value, low, high = (f"{found[end]:.{digits}f}" for end in ("value", "low", "high"))
    return f"{value} ({low} … {high})"


def likelihoods() -> str:
    """What the models of the zoo with a likelihood, and others, reach on both data sets."""
    table = "| model | data | M = 1 | M = 8 | M = 128, of the first 1,000 images |\n|---|---|---|---|---|\n"
    for data in ("mnist", "fashion-mnist"):
        for file in sorted(ZOO.glob(f"*-{data}/evaluation.json")):
            evaluation = json.loads(file.read_text())
            found = [evaluation["measures"].get(f"bits_per_dim@{samples}") for samples in (1, 8, 128)]
            if evaluation["data"] == data and all(found):
                table += f"| `{file.parent.name}` | {data} | {' | '.join(map(interval, found))} |\n"
        for name, bits in PUBLISHED.items():
            table += f"| {name}, as published | {data} | {bits[data]} | | |\n"
    return table


def updated(document: str, table: str) -> str:
    """A document with its table written anew."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    assert rest, f"there is no line {BEGIN!r}"
    return before + BEGIN + table + END + after


if __name__ == "__main__":
    for path, made in ((README, results()), (VAES, likelihoods())):
        path.write_text(updated(path.read_text(), made))
        print(path)
