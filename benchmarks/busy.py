"""The speed of the library next to other programs, for several waiting policies of OpenMP threads.

Run with ``python benchmarks/busy.py --out docs/figures/busy`` on an otherwise idle machine. Workloads run alone, next
to a process that keeps a core busy half of the time or all the time, and in two processes at once. The sides use one
thread per core: spinning, which is torch's default; passive; and sleeping after a number of spins, 20,000 of
which is the library's setting. One more side uses one thread. The policy is read when torch is loaded, so each side is
a separate process. They take turns of a second, and the median turn counts. Prints, and writes to ``busy.json``, the
repetitions per second and the cores that other programs used, which shows when fewer threads are faster.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import product
from pathlib import Path
from typing import NamedTuple, Self

from common import positive, positive_number
from tqdm import tqdm
from turns import WORKLOADS

from genera.runs.environment import describe_environment

#: OpenMP variables in the environment of each side.
SIDES = {
    "spinning": {},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
    "3,000 spins": {"GOMP_SPINCOUNT": "3000"},
    "20,000 spins": {"GOMP_SPINCOUNT": "20000"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
LOADS = ALONE, HALF, BUSY, TWO = ("alone", "half busy process", "busy process", "two at once")
#: Keeps a core busy for a share of the time, in periods much shorter than a turn.
PROGRAM = """
import sys, time
share, period = float(sys.argv[1]), 0.02
while True:
    end = time.perf_counter() + share * period
    while time.perf_counter() < end:
        pass
    if share < 1:
        time.sleep((1 - share) * period)
"""
VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS")

#: The median turn by workload, load and side.
Turns = dict[str, dict[str, dict[str, "Turn"]]]


class Turn(NamedTuple):
    """The result of a turn.

    Args:
        rate: repetitions per second.
        others: cores used by other programs.
    """

    rate: float
    others: float

    @classmethod
    def average(cls, turns: Sequence[Turn], average: Callable[[Iterable[float]], float]) -> Turn:
        """The average of several turns, such as their median."""
        return cls(*map(average, zip(*turns, strict=True)))


class Worker:
    """A process that takes turns, see ``turns.py``.

    Args:
        variables: OpenMP variables of its environment.
    """

    def __init__(self, variables: dict[str, str]) -> None:
        others = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        command = [sys.executable, str(Path(__file__).with_name("turns.py"))]
        self._process = subprocess.Popen(
            command, env=others | variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self, workload: str, seconds: float) -> None:
        """Start a turn."""
        assert self._process.stdin is not None
        print(workload, seconds, file=self._process.stdin, flush=True)

    def finish(self) -> Turn:
        """Wait for the end of the turn and return its result."""
        assert self._process.stdout is not None
        return Turn(*map(float, self._process.stdout.readline().split()))


@contextmanager
def busy_process(share: float) -> Iterator[None]:
    """Run another process that keeps a core busy for a share of the time."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(share)]) as process:
        try:
            yield
        finally:
            process.kill()


def measure(sides: list[str], workloads: list[str], *, rounds: int, seconds: float) -> Turns:
    """Let all sides take turns at every workload under every load, and return the medians."""
    turns: dict[tuple[str, str, str], list[Turn]] = defaultdict(list)
    with ExitStack() as stack:
        pairs = {side: [stack.enter_context(Worker(SIDES[side])) for _ in range(2)] for side in sides}
        for workload, workers in product(workloads, pairs.values()):
            take_turn(workers, workload, 0)  # sets up the workload
        for _ in tqdm(range(rounds), desc="measuring", unit="round"):
            for workload, load, (side, workers) in product(workloads, LOADS, pairs.items()):
                share = {HALF: 0.5, BUSY: 1.0}.get(load)
                with nullcontext() if share is None else busy_process(share):
                    turn = take_turn(workers if load == TWO else workers[:1], workload, seconds)
                turns[workload, load, side].append(turn)
    return {
        workload: {
            load: {side: Turn.average(turns[workload, load, side], statistics.median) for side in sides}
            for load in LOADS
        }
        for workload in workloads
    }


def take_turn(workers: list[Worker], workload: str, seconds: float) -> Turn:
    """Let workers take a turn at the same time, and return their mean."""
    for worker in workers:
        worker.start(workload, seconds)
    return Turn.average([worker.finish() for worker in workers], statistics.mean)


def table(measured: Turns) -> str:
    """Repetitions per second; relative to the first side alone; cores used by other programs."""
    lines = []
    for workload, loads in measured.items():
        first = next(iter(loads[ALONE].values())).rate
        lines.append(f"{workload:<36}" + "".join(f"{side:>20}" for side in loads[ALONE]))
        for load, turns in loads.items():
            cells = [f"{turn.rate:,.1f}  {turn.rate / first:.2f} ({turn.others:.1f})" for turn in turns.values()]
            lines.append(f"  {load:<34}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each side (default: 3)")
    parser.add_argument("--seconds", type=positive_number, default=1.0, help="seconds of a turn (default: 1)")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES), help="sides (default: all)")
    parser.add_argument(
        "--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), help="workloads (default: all)"
    )
    parser.add_argument("--out", type=Path, help="folder for the results")
    arguments = parser.parse_args()

    measured = measure(arguments.sides, arguments.workloads, rounds=arguments.rounds, seconds=arguments.seconds)
    hardware = describe_environment()["hardware"]
    machine = f"{hardware['cores']} cores, {hardware['processor']}"
    print(f"{machine}: repetitions per second, relative to {arguments.sides[0]} alone (cores used by others)")
    print(table(measured), end="")
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        file = arguments.out / "busy.json"
        turns = {
            workload: {load: {side: turn._asdict() for side, turn in sides.items()} for load, sides in loads.items()}
            for workload, loads in measured.items()
        }
        results = {"processor": hardware["processor"], "cores": hardware["cores"], "turns": turns}
        file.write_text(json.dumps(results, indent=1) + "\n")
        print(file)


if __name__ == "__main__":
    main()
