"""Who runs jobs: the same results in the same order from one worker, threads and processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from regulars.experiments.compare import compare
from regulars.experiments.executors import PEOPLE_FOR_THREADS, WorkerLost, crew, stop_if_told, suited
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


@dataclass
class Sleeper:
    """Notes its process and works for a minute; the rest makes it as heavy as a task with networks."""

    folder: Path
    heavy: bytes = b"x" * 3_000_000

    def __call__(self, item: int) -> None:
        (self.folder / f"{item}-{os.getpid()}").touch()
        for _ in range(6000):
            stop_if_told()
            time.sleep(0.01)


def sleepers(folder: Path, jobs: int, seconds: float = 60.0) -> list[int]:
    """Processes of the jobs that have begun, as soon as there are so many."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = [int(one.name.partition("-")[2]) for one in folder.iterdir()]
        if len(found) >= jobs:
            return found
        time.sleep(0.02)
    raise AssertionError("jobs have not begun")


def alive(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def gone(processes: list[int], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(map(alive, processes)):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_worker_processes_end_with_their_parent_and_let_go_of_its_pipe(end, tmp_path):
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nimport pathlib, test_executors\n"
    code += "if __name__ == '__main__':\n    with test_executors.crew(2, 'processes') as run:\n"
    code += f"        run(test_executors.Sleeper(pathlib.Path({str(tmp_path)!r})), range(6))\n"
    script = tmp_path.with_suffix(".py")
    script.write_text(code)
    processes: list[int] = []
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        try:
            processes = sleepers(tmp_path, 2)
            parent.send_signal(end)
            assert parent.wait(10) == -end
            assert gone(processes, 5.0)
            assert parent.stdout is not None and parent.stdout.read() == ""
        finally:
            parent.kill()
            for one in processes:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_an_interrupt_ends_jobs_that_have_begun(kind, tmp_path):
    """Threads end when they next ask, processes at once; nobody waits for a minute's work."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nimport pathlib, test_executors, signal\n"
    code += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += f"if __name__ == '__main__':\n    with test_executors.crew(2, {kind!r}) as run:\n"
    code += f"        run(test_executors.Sleeper(pathlib.Path({str(tmp_path)!r})), range(6))\n"
    script = tmp_path.with_suffix(".py")
    script.write_text(code)
    with subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True) as parent:
        try:
            processes = sleepers(tmp_path, 2)
            parent.send_signal(signal.SIGINT)
            assert "KeyboardInterrupt" in parent.communicate(timeout=10)[1]
            assert kind == "threads" or gone(processes, 5.0)
        finally:
            parent.kill()
    assert len(list(tmp_path.iterdir())) == 2


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
