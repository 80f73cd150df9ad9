"""How fast the library is beside other programs, by what threads of OpenMP do while they wait.

Run with ``python benchmarks/busy.py --out docs/figures/busy`` on a machine that does nothing else. Work is done alone,
beside a process that keeps a core busy half of the time or all of it, and by two processes at once, with as many
threads as there are cores: spinning as torch comes, passive, and sleeping after some turns, 20,000 as the library sets
it; and with one thread. The policy is read when torch is loaded, so each side is a process of its own. They take turns
of a second, and the median turn counts. Prints, and writes to ``busy.json``, how often a second the work was done, and
how many cores other programs used meanwhile, which says from where on fewer threads are faster.
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
from turns import WORKS

from genera.runs.environment import describe_environment

#: What is in the environment of each side, of what OpenMP reads there.
SIDES = {
    "spinning": {},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
    "3,000 spins": {"GOMP_SPINCOUNT": "3000"},
    "20,000 spins": {"GOMP_SPINCOUNT": "20000"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
LOADS = ALONE, HALF, BUSY, TWO = ("alone", "half busy process", "busy process", "two at once")
#: Is busy for a share of the time, in pieces shorter than a turn by far.
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

#: Of every turn, by work, load and side.
Turns = dict[str, dict[str, dict[str, "Turn"]]]


class Turn(NamedTuple):
    """How a turn went.

    Args:
        rate: how often a second the work was done.
        others: cores that other programs used meanwhile.
    """

    rate: float
    others: float

    @classmethod
    def of(cls, turns: Sequence[Turn], middle: Callable[[Iterable[float]], float]) -> Turn:
        """What lies in the middle of several turns, such as their median."""
        return cls(*map(middle, zip(*turns, strict=True)))


class Worker:
    """A process that takes turns, see ``turns.py``.

    Args:
        variables: what is in its environment of what OpenMP reads there.
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

    def start(self, work: str, seconds: float) -> None:
        """Let it take a turn."""
        assert self._process.stdin is not None
        print(work, seconds, file=self._process.stdin, flush=True)

    def finish(self) -> Turn:
        """Wait until its turn is over."""
        assert self._process.stdout is not None
        return Turn(*map(float, self._process.stdout.readline().split()))


@contextmanager
def busy_process(share: float) -> Iterator[None]:
    """Something else that runs, and keeps a core busy for a share of the time."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(share)]) as process:
        try:
            yield
        finally:
            process.kill()


def measure(sides: list[str], works: list[str], *, rounds: int, seconds: float) -> Turns:
    """Let all sides take turns at every work under every load, and take the medians."""
    turns: dict[tuple[str, str, str], list[Turn]] = defaultdict(list)
    with ExitStack() as stack:
        pairs = {side: [stack.enter_context(Worker(SIDES[side])) for _ in range(2)] for side in sides}
        for work, workers in product(works, pairs.values()):
            take_turn(workers, work, 0)  # builds it
        for _ in tqdm(range(rounds), desc="measuring", unit="round"):
            for work, load, (side, workers) in product(works, LOADS, pairs.items()):
                share = {HALF: 0.5, BUSY: 1.0}.get(load)
                with nullcontext() if share is None else busy_process(share):
                    turn = take_turn(workers if load == TWO else workers[:1], work, seconds)
                turns[work, load, side].append(turn)
    return {
        work: {load: {side: Turn.of(turns[work, load, side], statistics.median) for side in sides} for load in LOADS}
        for work in works
    }


def take_turn(workers: list[Worker], work: str, seconds: float) -> Turn:
    """A turn of workers at the same time, and what is the mean of it."""
    for worker in workers:
        worker.start(work, seconds)
    return Turn.of([worker.finish() for worker in workers], statistics.mean)


def table(measured: Turns) -> str:
    """Times a second; times those of the first side alone; cores that other programs used."""
    lines = []
    for work, loads in measured.items():
        first = next(iter(loads[ALONE].values())).rate
        lines.append(f"{work:<36}" + "".join(f"{side:>20}" for side in loads[ALONE]))
        for load, turns in loads.items():
            cells = [f"{turn.rate:,.1f}  {turn.rate / first:.2f} ({turn.others:.1f})" for turn in turns.values()]
            lines.append(f"  {load:<34}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each side (default: 3)")
    parser.add_argument("--seconds", type=positive_number, default=1.0, help="of a turn (default: 1)")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES), help="to measure (default: all)")
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS), help="to measure (default: all)")
    parser.add_argument("--out", type=Path, help="folder for the numbers")
    arguments = parser.parse_args()

    measured = measure(arguments.sides, arguments.works, rounds=arguments.rounds, seconds=arguments.seconds)
    hardware = describe_environment()["hardware"]
    print(
        f"{hardware['cores']} cores, {hardware['processor']}: times a second, times {arguments.sides[0]} alone (others)"
    )
    print(table(measured), end="")
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        file = arguments.out / "busy.json"
        turns = {
            work: {load: {side: turn._asdict() for side, turn in of.items()} for load, of in loads.items()}
            for work, loads in measured.items()
        }
        told = {"processor": hardware["processor"], "cores": hardware["cores"], "turns": turns}
        file.write_text(json.dumps(told, indent=1) + "\n")
        print(file)


if __name__ == "__main__":
    main()
