"""Write the tables of results from the files of comparisons, of the zoo and of runs: ``python tools/results.py``.

The README has the comparison of the families, and the speed next to other programs measured by ``benchmarks/busy.py``;
``docs/results.md`` all measures of the shipped models; ``docs/vaes.md`` the likelihoods of integer pixels;
``docs/gans.md`` the set measures of GANs; ``docs/fast-flows.md`` the flows.
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
#: Measures in the README's comparison of the families, and the titles of their columns.
FAMILIES = {
    "bits_per_dim@8": "bits/dim",
    "mse": "MSE",
    "fd[lenet]": "FD",
    "precision[lenet]": "precision",
    "recall[lenet]": "recall",
    "recognised": "recognised",
    "sharpness": "sharpness",
    "samples_per_second": "samples/s",
}
#: Measures with a row in ``docs/results.md``; the model cards list all.
HEADLINES = re.compile(r"bits_per_dim@\d+|mse|accuracy|fd\[lenet\]|class_kl|class_agreement|cas")
SET_MEASURES = (
    "fd[lenet]",
    "class_kl",
    "modes",
    "class_agreement",
    "cas",
    "coverage[lenet]",
    "diversity",
    "memorisation",
)
#: Published bits/dim of other models on the test images, by data set.
PUBLISHED = {
    "BB-ANS, a VAE ([arXiv:1901.04866](https://arxiv.org/abs/1901.04866))": {"mnist": "1.39", "fashion-mnist": "3.66"},
    "Bit-Swap, a hierarchical VAE ([arXiv:1905.06845](https://arxiv.org/abs/1905.06845))": {
        "mnist": "1.27",
        "fashion-mnist": "3.28",
    },
}
#: Test bits/dim of the report's flow, and the number of epochs.
REPORT = {"mnist": ("1.0549", 300), "fashion-mnist": ("2.8352", 500)}
NUM_TRAIN = 50_000
#: What else runs during a workload of ``benchmarks/busy.py``, by load.
OTHER_LOADS = {
    "alone": "nothing",
    "half busy process": "a process, half of the time",
    "busy process": "a process, all the time",
    "two at once": "the same workload again",
}
HEADER = """\
| model | data | measure, test split | value | images | steps | training images/s | training time |
|---|---|---|---|---|---|---|---|
"""


def family_table() -> str:
    """Measures of the zoo's models of every family on MNIST, a row per model."""
    comparison = json.loads((COMPARISONS / "mnist" / "comparison.json").read_text())
    table = f"| model | CPU minutes | {' | '.join(FAMILIES.values())} |\n|{'---|' * (len(FAMILIES) + 2)}\n"
    for row in comparison["models"]:
        cells = []
        for name in FAMILIES:
            measure = row["measures"].get(name)
            value = "–" if measure is None else three_digits(measure["value"])
            cells.append(f"**{value}**" if comparison["best"].get(name) == row["model"] else value)
        table += f"| `{row['model']}` | {row['cost']['cpu_seconds'] / 60:.0f} | {' | '.join(cells)} |\n"
    return table


def three_digits(value: float) -> str:
    """A value to three significant digits, and to all digits before the point."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:#.3g}".rstrip(".")


def results_table() -> str:
    """The table, a row per measure of each run, and the mean scores of other images."""
    runs = [file.parent for root in (ZOO, DOCS / "runs") for file in sorted(root.glob("*/evaluation.json"))]
    table = HEADER + "".join(row for run in runs for row in rows(run))
    return table + "".join(f"\n{line}\n" for line in map(mean_scores, runs) if line)


def mean_scores(run: Path) -> str:
    """Mean scores of every data set the run has scored, in a line; empty if there are none."""
    means = []
    for scores in sorted(run.glob("scores-*.csv")):
        with scores.open(newline="") as file:
            bits = [float(row["bits_per_dim"]) for row in csv.DictReader(file)]
        data = scores.stem.removeprefix("scores-")
        means.append(f"{sum(bits) / len(bits):.2f} on the first {len(bits):,} test images of {data}")
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
        f"| {model} | {evaluation['data']} | {title(name)} | {interval(measure)} | {measure['n']:,} | {cost} |\n"
        for name, measure in evaluation["measures"].items()
        if HEADLINES.fullmatch(name)
    ]


def title(measure: str) -> str:
    """The title of a measure in the tables."""
    name, _, samples = measure.partition("@")
    if name == "bits_per_dim":
        return f"bits/dim, {samples} importance sample{'s' * (samples != '1')}"
    return measure.replace("_", " ")


def interval(measure: dict[str, float]) -> str:
    """A value with its interval, to four significant digits."""
    digits = min(max(4, 3 - math.floor(math.log10(max(abs(measure["value"]), 1e-9)))), 6)
    value, low, high = (f"{measure[end]:.{digits}f}" for end in ("value", "low", "high"))
    return f"{value} ({low} … {high})"


def likelihood_table() -> str:
    """Bits/dim of the zoo's models that have a likelihood, and of published models, on both data sets."""
    table = "| model | data | M = 1 | M = 8 | M = 128, of 1,000 random images |\n|---|---|---|---|---|\n"
    for data in ("mnist", "fashion-mnist"):
        for file in sorted(ZOO.glob(f"*-{data}/evaluation.json")):
            evaluation = read_evaluation(file)
            bounds = [evaluation["measures"].get(f"bits_per_dim@{samples}") for samples in (1, 8, 128)]
            if evaluation["data"] == data and any(bounds):
                cells = ("–" if bound is None else interval(bound) for bound in bounds)
                table += f"| `{file.parent.name}` | {data} | {' | '.join(cells)} |\n"
        for name, bits in PUBLISHED.items():
            table += f"| {name}, as published | {data} | {bits[data]} | | |\n"
    return table


def flow_table() -> str:
    """Cost and test bits/dim of the flows of the zoo and of the report."""
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


def gan_table() -> str:
    """Set measures of the GANs of the zoo on the test images; in brackets those of other real images."""
    table = f"| model | data | FD relative to real images | {' | '.join(map(title, SET_MEASURES))} |\n"
    table += f"|{'---|' * (len(SET_MEASURES) + 3)}\n"
    for data in ("mnist", "fashion-mnist"):
        for file in sorted(ZOO.glob(f"*gan*-{data}/evaluation.json")):
            evaluation = read_evaluation(file)
            if evaluation["data"] != data:
                continue
            measures = evaluation["measures"]
            distance = measures["fd[lenet]"]
            unit = real_value(distance)
            assert unit is not None
            cells = [f"{distance['value'] / unit:.1f}", *(with_real_value(measures.get(name)) for name in SET_MEASURES)]
            table += f"| `{file.parent.name}` | {data} | {' | '.join(cells)} |\n"
    return table


def real_value(measure: dict) -> float | None:
    """The reference value of real images for a measure of samples."""
    return next((value for name, value in measure.get("references", {}).items() if name.endswith("images")), None)


def with_real_value(measure: dict | None) -> str:
    """The value of a measure, and that of real images in brackets."""
    if measure is None:
        return ""
    real = real_value(measure)
    return f"{measure['value']:.3g}" if real is None else f"{measure['value']:.3g} ({real:.3g})"


def speed_table() -> str:
    """The gain from bounded spinning, and from one thread instead of all, under every other load."""
    measured = json.loads(BUSY.read_text())
    columns = (
        "workload",
        "other load",
        "passes or steps per second",
        "relative to spinning",
        "one thread, relative to all",
    )
    table = f"| {' | '.join(columns)} |\n"
    table += "|---|---|---|---|---|\n"
    others = []
    for workload, loads in measured["turns"].items():
        for load, turns in loads.items():
            spinning, ours, one = (turns[side]["rate"] for side in ("spinning", "20,000 spins", "one thread"))
            table += f"| {workload} | {OTHER_LOADS[load]} | {ours:.3g} | {ours / spinning:.2g} | {one / ours:.2g} |\n"
        others += [turn["others"] for turn in loads["alone"].values()]
    machine = f"{measured['processor']}, {measured['cores']} cores"
    return f"{table}\nMeasured on {machine}; other programs used up to {max(others):.1f} of them under no other load.\n"


def with_table(document: str, table: str, *, begin: str = BEGIN) -> str:
    """A document with its table replaced."""
    before, _, rest = document.partition(begin)
    _, _, after = rest.partition(END)
    assert rest, f"the document has no line {begin!r}"
    return before + begin + table + END + after


if __name__ == "__main__":
    for path, table, begin in (
        (README, family_table(), BEGIN),
        (README, speed_table(), BEGIN_SPEED),
        (RESULTS, results_table(), BEGIN),
        (VAES, likelihood_table(), BEGIN),
        (GANS, gan_table(), BEGIN),
        (FAST_FLOWS, flow_table(), BEGIN),
    ):
        path.write_text(with_table(path.read_text(), table, begin=begin))
        print(path)
