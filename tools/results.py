"""Write the tables of results from the files of comparisons, of the zoo and of runs: ``python tools/results.py``.

The families side by side stand in the README, and how fast they are beside other programs, by the numbers of
``benchmarks/busy.py``; all that was measured of what ships in ``docs/results.md``; the
likelihoods of integer pixels in ``docs/vaes.md``, what draws of GANs have in common with images in ``docs/gans.md``,
flows in ``docs/fast-flows.md``.
"""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path

from genera.runs.readers import read_environment, read_evaluation

DOCS = Path(__file__).parents[1] / "docs"
README, RESULTS, VAES, GANS = DOCS.parent / "README.md", DOCS / "results.md", DOCS / "vaes.md", DOCS / "gans.md"
FAST_FLOWS = DOCS / "fast-flows.md"
COMPARISONS = DOCS / "comparison"
ZOO = DOCS.parent / "src" / "genera" / "zoo" / "weights"
BUSY = DOCS / "figures" / "busy" / "busy.json"
BEGIN = "<!-- results: written by tools/results.py -->\n"
BEGIN_SPEED = "<!-- speed: written by tools/results.py -->\n"
END = "<!-- end of results -->"
#: What the README compares the families by, and what it calls that.
FAMILIES = {
    "bits_per_dim@8": "bits/dim",
    "mse": "MSE",
    "fd[lenet]": "FD",
    "precision[lenet]": "precision",
    "recall[lenet]": "recall",
    "recognised": "recognised",
    "sharpness": "sharpness",
    "samples_per_second": "draws/s",
}
#: Measures with a row of their own in ``docs/results.md``; the cards of the models have all.
HEADLINES = re.compile(r"bits_per_dim@\d+|mse|accuracy|fd\[lenet\]|class_kl|class_agreement|cas")
OF_SETS = ("fd[lenet]", "class_kl", "modes", "class_agreement", "cas", "coverage[lenet]", "diversity", "memorisation")
#: What others report on the test images: bits/dim by data, as they were published.
PUBLISHED = {
    "BB-ANS, a VAE ([arXiv:1901.04866](https://arxiv.org/abs/1901.04866))": {"mnist": "1.39", "fashion-mnist": "3.66"},
    "Bit-Swap, a hierarchical VAE ([arXiv:1905.06845](https://arxiv.org/abs/1905.06845))": {
        "mnist": "1.27",
        "fashion-mnist": "3.28",
    },
}
#: Test bits/dim of the report's flow, and after how many epochs.
REPORT = {"mnist": ("1.0549", 300), "fashion-mnist": ("2.8352", 500)}
NUM_TRAIN = 50_000
#: What runs beside a work of ``benchmarks/busy.py``.
BESIDE = {
    "alone": "nothing",
    "beside a half busy process": "a process, half of the time",
    "beside a busy process": "a process, all the time",
    "two at once": "the same once more",
}
HEADER = """\
| model | data | measure, test split | value | images | steps | training images/s | training time |
|---|---|---|---|---|---|---|---|
"""


def families() -> str:
    """What the zoo's models of every family were measured to be on MNIST, beside each other."""
    comparison = json.loads((COMPARISONS / "mnist" / "comparison.json").read_text())
    table = f"| model | CPU minutes | {' | '.join(FAMILIES.values())} |\n|{'---|' * (len(FAMILIES) + 2)}\n"
    for row in comparison["models"]:
        cells = []
        for name in FAMILIES:
            found = row["measures"].get(name)
            value = "–" if found is None else three_digits(found["value"])
            cells.append(f"**{value}**" if comparison["best"].get(name) == row["model"] else value)
        table += f"| `{row['model']}` | {row['cost']['cpu_seconds'] / 60:.0f} | {' | '.join(cells)} |\n"
    return table


def three_digits(value: float) -> str:
    """A value to three digits that count, and to all before the point."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:#.3g}".rstrip(".")


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
    evaluation = read_evaluation(run / "evaluation.json")
    environment = read_environment(run / "environment.json")
    recipe = re.search(r"^recipe: (.+)$", (run / "config.yaml").read_text(), re.MULTILINE)
    assert recipe is not None
    assert evaluation["split"] == "test"
    threads = environment["hardware"]["threads"]
    minutes = f"{environment['wall_seconds'] / 60:.1f} min on {threads} core{'s' * (threads > 1)}"
    cost = f"{environment['steps']:,} | {environment['images_per_second']:.0f} | {minutes}"
    model = f"`{run.name}`" if run.parent == ZOO else f"recipe `{recipe.group(1)}`, run [{run.name}](runs/{run.name})"
    return [
        f"| {model} | {evaluation['data']} | {title(name)} | {interval(found)} | {found['n']:,} | {cost} |\n"
        for name, found in evaluation["measures"].items()
        if HEADLINES.fullmatch(name)
    ]


def title(measure: str) -> str:
    """A measure as the table calls it."""
    name, _, samples = measure.partition("@")
    if name == "bits_per_dim":
        return f"bits/dim, {samples} importance sample{'s' * (samples != '1')}"
    return measure.replace("_", " ")


def interval(found: dict[str, float]) -> str:
    """A value with its interval, to four digits that count."""
    digits = min(max(4, 3 - math.floor(math.log10(max(abs(found["value"]), 1e-9)))), 6)
    value, low, high = (f"{found[end]:.{digits}f}" for end in ("value", "low", "high"))
    return f"{value} ({low} … {high})"


def likelihoods() -> str:
    """What the models of the zoo with a likelihood, and others, reach on both data sets."""
    table = "| model | data | M = 1 | M = 8 | M = 128, of the first 1,000 images |\n|---|---|---|---|---|\n"
    for data in ("mnist", "fashion-mnist"):
        for file in sorted(ZOO.glob(f"*-{data}/evaluation.json")):
            evaluation = read_evaluation(file)
            found = [evaluation["measures"].get(f"bits_per_dim@{samples}") for samples in (1, 8, 128)]
            if evaluation["data"] == data and all(found):
                table += f"| `{file.parent.name}` | {data} | {' | '.join(map(interval, found))} |\n"
        for name, bits in PUBLISHED.items():
            table += f"| {name}, as published | {data} | {bits[data]} | | |\n"
    return table


def flows() -> str:
    """The flows of the zoo and the report's: what they cost, and what they reach."""
    table = "| flow | data | parameters | epochs | CPU minutes | bits/dim, M = 8 |\n|---|---|---|---|---|---|\n"
    for data in ("mnist", "fashion-mnist"):
        files = [
            file for kind in ("flow-fast", "realnvp*") for file in sorted(ZOO.glob(f"{kind}-{data}/evaluation.json"))
        ]
        for file in files:
            evaluation = read_evaluation(file)
            if evaluation["data"] != data:
                continue
            environment = read_environment(file.parent / "environment.json")
            batch_size = re.search(r"^batch_size: (\d+)$", (file.parent / "config.yaml").read_text(), re.MULTILINE)
            assert batch_size is not None
            epochs = environment["steps"] * int(batch_size.group(1)) / NUM_TRAIN
            cost = f"{environment['parameters']:,} | {epochs:.1f} | {environment['cpu_seconds'] / 60:.0f}"
            bits = interval(evaluation["measures"]["bits_per_dim@8"])
            table += f"| `{file.parent.name}` | {data} | {cost} | {bits} |\n"
        published, num_epochs = REPORT[data]
        table += f"| the report's, as published | {data} | 2,173,864 | {num_epochs} | | {published} |\n"
    return table


def sets() -> str:
    """What draws of the GANs of the zoo have in common with test images; in brackets what other real images have."""
    table = f"| model | data | FD over that of real images | {' | '.join(map(title, OF_SETS))} |\n"
    table += f"|{'---|' * (len(OF_SETS) + 3)}\n"
    for data in ("mnist", "fashion-mnist"):
        for file in sorted(ZOO.glob(f"*gan*-{data}/evaluation.json")):
            evaluation = read_evaluation(file)
            if evaluation["data"] != data:
                continue
            found = evaluation["measures"]
            distance = found["fd[lenet]"]
            unit = of_real(distance)
            assert unit is not None
            cells = [f"{distance['value'] / unit:.1f}", *(with_real(found.get(name)) for name in OF_SETS)]
            table += f"| `{file.parent.name}` | {data} | {' | '.join(cells)} |\n"
    return table


def of_real(found: dict) -> float | None:
    """The figure of real images that stands beside one of draws."""
    return next((value for name, value in found.get("references", {}).items() if name.endswith("images")), None)


def with_real(found: dict | None) -> str:
    """A figure, and that of real images."""
    if found is None:
        return ""
    real = of_real(found)
    return f"{found['value']:.3g}" if real is None else f"{found['value']:.3g} ({real:.3g})"


def speed() -> str:
    """What it is worth that threads spin for a bounded time, and one thread in place of all, beside other programs."""
    measured = json.loads(BUSY.read_text())
    table = "| | beside it runs | passes or steps a second | times spinning | one thread, times all |\n"
    table += "|---|---|---|---|---|\n"
    others = []
    for work, loads in measured["turns"].items():
        for load, turns in loads.items():
            spinning, ours, one = (turns[side]["rate"] for side in ("spinning", "20,000 spins", "one thread"))
            table += f"| {work} | {BESIDE[load]} | {ours:.3g} | {ours / spinning:.2g} | {one / ours:.2g} |\n"
        others += [turn["others"] for turn in loads["alone"].values()]
    where = f"{measured['processor']}, {measured['cores']} cores, of which other programs used up to {max(others):.1f}"
    return f"{table}\nMeasured on {where} where nothing runs beside it.\n"


def updated(document: str, table: str, *, begin: str = BEGIN) -> str:
    """A document with its table written anew."""
    before, _, rest = document.partition(begin)
    _, _, after = rest.partition(END)
    assert rest, f"there is no line {begin!r}"
    return before + begin + table + END + after


if __name__ == "__main__":
    for path, made, begin in (
        (README, families(), BEGIN),
        (README, speed(), BEGIN_SPEED),
        (RESULTS, results(), BEGIN),
        (VAES, likelihoods(), BEGIN),
        (GANS, sets(), BEGIN),
        (FAST_FLOWS, flows(), BEGIN),
    ):
        path.write_text(updated(path.read_text(), made, begin=begin))
        print(path)
