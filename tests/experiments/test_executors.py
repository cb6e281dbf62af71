"""Who runs jobs: the same results in the same order from one worker, threads and processes."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field

import pytest

from regulars.experiments.compare import compare
from regulars.experiments.executors import PEOPLE_FOR_THREADS, WorkerLost, crew, suited
from regulars.scenarios import load

KINDS = [(1, "threads"), (3, "threads"), (2, "processes")]


@dataclass
class Square:
    """The later an item, the sooner it is done."""

    items: int
    noted: list[int] = field(default_factory=list)

    def __call__(self, item: int) -> tuple[int, int]:
        time.sleep(0.01 * (self.items - item))
        self.noted.append(item)
        return item * item, os.getpid()


def fail_at_three(item: int) -> int:
    if item == 3:
        raise LookupError("three")
    return item


def end_at_three(item: int) -> int:
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


@pytest.mark.parametrize(("workers", "kind"), KINDS)
def test_results_come_in_the_order_of_the_items_and_each_is_told_once(workers, kind):
    told: list[int] = []
    with crew(workers, kind) as run:
        first = run(Square(8), range(8), told.append)
        second = run(Square(4), range(4))
    assert [value for value, _ in first] == [item * item for item in range(8)]
    assert [value for value, _ in second] == [0, 1, 4, 9]
    assert sorted(told) == list(range(8))
    assert (os.getpid() in {process for _, process in first}) == (kind == "threads")


@pytest.mark.parametrize(("workers", "kind"), KINDS)
def test_the_first_failure_is_raised(workers, kind):
    with pytest.raises(LookupError, match="three"), crew(workers, kind) as run:
        run(fail_at_three, range(6))


def test_a_process_that_is_killed_is_told_of_in_one_line():
    with pytest.raises(WorkerLost, match="ended from outside"), crew(2, "processes") as run:
        run(end_at_three, range(6))


def test_processes_are_for_much_work_on_small_markets(monkeypatch):
    monkeypatch.setattr("regulars.experiments.executors.is_warm", lambda: True)
    assert suited(10_000, 1e9, 2) == "processes"
    assert suited(10_000, 1e9, 1) == "threads"
    assert suited(10_000, 1e7, 2) == "threads"
    assert suited(PEOPLE_FOR_THREADS, 1e9, 2) == "threads"


def test_processes_compare_as_threads_do():
    names = ("library:online_shop/baseline", "library:online_shop/points")
    small = [load(name).with_values({"market.customers": 300, "market.prospects": 200, "horizon_weeks": 12}) for name in names]
    found = [compare(*small, replications=2, draws=4, threads=2, executor=kind).document for kind in ("threads", "processes")]
    for one in found:
        del one["timing"]
    assert found[0] == found[1]
