"""The recommendation of fewer threads if other programs use the CPU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from genera.training.callbacks import contention_monitor
from genera.training.callbacks.contention_monitor import ContentionMonitor, OtherPrograms, best_num_threads


class Machine:
    """A replacement for psutil, with a clock.

    Args:
        cores: number of cores.
        affinity: cores that the process may use; None if the operating system has no CPU affinity.
    """

    Error = psutil.Error

    def __init__(self, cores: int = 2, affinity: list[int] | None = None) -> None:
        self.now = 100.0
        self.busy = [50.0] * cores
        self.own = self.of_children = 3.0
        if affinity is not None:
            self.cpu_affinity = lambda: affinity

    def run(self, seconds: float, *, busy: list[float], own: float = 0.0, of_children: float = 0.0) -> None:
        """Advance the clock and the CPU times of each core, of this process and of its children."""
        self.now += seconds
        self.busy = [before + more for before, more in zip(self.busy, busy, strict=True)]
        self.own += own
        self.of_children += of_children

    def cpu_times(self, percpu: bool = False) -> Any:
        if percpu:
            return [SimpleNamespace(user=busy - 9, nice=4, system=5, idle=1e6) for busy in self.busy]
        return SimpleNamespace(user=self.own - 1, system=1, children_user=0, children_system=0)

    def children(self, *, recursive: bool) -> list[Any]:
        def gone() -> Any:
            raise psutil.NoSuchProcess(1)

        child = SimpleNamespace(cpu_times=lambda: SimpleNamespace(user=self.of_children, system=0))
        return [child, SimpleNamespace(cpu_times=gone)]

    def Process(self) -> Machine:  # noqa: N802
        return self


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    use(machine, monkeypatch)
    return machine


def use(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention_monitor, "psutil", machine)
    monkeypatch.setattr("time.monotonic", lambda: machine.now)


def test_this_process_and_its_children_are_not_other_programs(machine: Machine) -> None:
    others = OtherPrograms()
    machine.run(10, busy=[10, 9], own=6, of_children=4)
    assert others.cores_used() == pytest.approx(0.9)
    assert others.num_cores == 2


def test_the_use_is_never_negative(machine: Machine) -> None:
    others = OtherPrograms()
    machine.run(10, busy=[5, 5], own=10.02)
    assert others.cores_used() == 0


def test_only_cores_that_this_process_may_use_count(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(cores=4, affinity=[1, 3])
    use(machine, monkeypatch)
    others = OtherPrograms()
    machine.run(10, busy=[10, 4, 10, 2], own=3)
    assert others.cores_used() == pytest.approx(0.3)
    assert others.num_cores == 2


def test_all_cores_count_if_their_numbers_do_not_match(monkeypatch: pytest.MonkeyPatch) -> None:
    use(Machine(cores=2, affinity=[1, 5]), monkeypatch)
    assert OtherPrograms().num_cores == 2


@pytest.mark.parametrize("failing", ["cpu_times", "children"])
def test_training_continues_without_measurements(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failing: str
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise PermissionError

    monkeypatch.setattr(machine, failing, fail)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    train(machine, 20, others=1.8)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("cores", "used", "threads"), [(2, 0, 2), (2, 0.2, 2), (2, 0.3, 1), (2, 2, 1), (8, 1, 7), (8, 3.1, 5), (8, 8, 1)]
)
def test_best_num_threads(cores: int, used: float, threads: int) -> None:
    assert best_num_threads(cores, used) == threads


def train(machine: Machine, steps: int, *, others: float, device: str = "cpu", is_first: bool = True) -> None:
    """Take steps of two seconds with a new monitor while other programs use ``others`` cores."""
    monitor = ContentionMonitor()
    strategy = SimpleNamespace(root_device=torch.device(device))
    trainer: Any = SimpleNamespace(is_global_zero=is_first, strategy=strategy)
    monitor.start(trainer)
    for _ in range(steps):
        machine.run(2, busy=[2, 2 * others], own=2)
        monitor.check()


@pytest.mark.parametrize(
    ("others", "threads", "steps", "device", "is_first", "lines"),
    [
        (1.8, 2, 20, "cpu", True, 1),
        (0.1, 2, 20, "cpu", True, 0),
        # Only one thread; fewer than ten seconds; not on the CPU; not the first process.
        (1.8, 1, 20, "cpu", True, 0),
        (1.8, 2, 4, "cpu", True, 0),
        (1.8, 2, 20, "cuda", True, 0),
        (1.8, 2, 20, "cpu", False, 0),
    ],
)
def test_fewer_threads_are_recommended_once(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    others: float,
    threads: int,
    steps: int,
    device: str,
    is_first: bool,
    lines: int,
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    train(machine, steps, others=others, device=device, is_first=is_first)
    message = (
        "other programs use 1.8 of 2 cores: fewer threads may be faster: try OMP_NUM_THREADS=1 before the command\n"
    )
    assert capsys.readouterr().err == message * lines
