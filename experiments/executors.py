"""Who runs jobs: threads over kernels that release the interpreter lock, or processes with an interpreter each."""

from __future__ import annotations

import hashlib
import importlib
import os
import pickle
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any, Literal

from regulars.sim.core.kernel import is_warm

Kind = Literal["threads", "processes"]
Done = Callable[[Any], None] | None
Run = Callable[..., list[Any]]

PEOPLE_FOR_THREADS = 50_000
"""From so many people on kernels are long enough for threads to work side by side; below, the interpreter lock is in the way."""
SECONDS_FOR_PROCESSES = 6.0
"""Work, on one core, from which on starting processes (a second or two) pays."""
NANOSECONDS = 60.0
"""A customer-week on one core, roughly: for choosing who runs jobs, and nothing else."""


class WorkerLost(RuntimeError):
    """A worker process has ended before its job."""

    exit_code = 1


class Stopped(RuntimeError):
    """A job has been ended because its result is not wanted any more."""


class _Here(threading.local):
    """What a worker's own thread knows."""

    stop: threading.Event | None = None


_here = _Here()


def stop_if_told() -> None:
    """End this job if the work it is a part of has been given up; jobs ask between weeks.

    Raises:
        Stopped: It has.
    """
    if _here.stop is not None and _here.stop.is_set():
        raise Stopped("the work has been given up")


def cores() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def split_threads(threads: int | None, jobs: int) -> tuple[int, int]:
    """How many jobs run at a time, and how many threads each gets: jobs first, since they scale best."""
    total = max(1, threads or cores())
    workers = min(total, max(jobs, 1))
    return workers, max(1, total // workers)


def suited(people: int, customer_weeks: float, workers: int) -> Kind:
    """Who runs jobs sooner: processes for much work on small markets, else threads.

    Args:
        people: In the market of one job.
        customer_weeks: Of all jobs.
        workers: How many work at a time.
    """
    much = customer_weeks * NANOSECONDS * 1e-9 > SECONDS_FOR_PROCESSES
    # Where compiled kernels cannot be kept, every process would compile them anew.
    return "processes" if workers > 1 and people < PEOPLE_FOR_THREADS and much and is_warm() else "threads"


@contextmanager
def crew(workers: int, kind: Kind = "threads") -> Generator[Run]:
    """Workers for jobs: a function ``run(task, items, done=None)`` that gives the results in the order of the items.

    The first failure, or an interrupt, gives up all that has not been done and is raised: jobs in threads end when they next ask
    (`stop_if_told`), processes at once, as they do when this process is gone. ``done(item)`` is called in this process as each is
    finished.
    For processes the task, its items and results are pickled, on their way between processes only; a process keeps the task
    while it stays the same, with what the task has noted of itself.

    Raises:
        WorkerLost: A process was ended from outside, mostly for want of memory.
    """
    if workers <= 1:
        yield _in_turn
    elif kind == "threads":
        stop = threading.Event()
        with ThreadPoolExecutor(workers, initializer=_obey, initargs=(stop,)) as pool:
            try:
                yield lambda task, items, done=None: _collect([pool.submit(task, item) for item in items], items, done)
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    else:
        context = get_context("spawn")
        # Nothing is ever sent: the other end is closed when the work is given up, or when this process is gone.
        reader, writer = context.Pipe(duplex=False)
        with reader, writer, ProcessPoolExecutor(workers, context, _serve, (reader,)) as pool:
            for _ in range(workers):
                # All start at once, and get their imports done while they wait for work.
                pool.submit(_get_ready)

            def run(task: Any, items: Sequence[Any], done: Done = None) -> list[Any]:
                packed = pickle.dumps(task)
                name = hashlib.sha256(packed).digest()
                try:
                    return _collect([pool.submit(_call, name, packed, item) for item in items], items, done)
                except BrokenProcessPool:
                    raise WorkerLost("a worker process was ended from outside, mostly for want of memory: --threads 1 needs less") from None

            try:
                yield run
            except BaseException:
                # Processes gone, the pool drops what was left to do; it fails at work that was also canceled.
                writer.close()
                raise


def _in_turn(task: Any, items: Sequence[Any], done: Done = None) -> list[Any]:
    results = []
    for item in items:
        results.append(task(item))
        if done is not None:
            done(item)
    return results


def _collect(futures: list[Future[Any]], items: Sequence[Any], done: Done) -> list[Any]:
    of = dict(zip(futures, items, strict=True))
    for future in as_completed(futures):
        future.result()
        if done is not None:
            done(of[future])
    return [future.result() for future in futures]


def _obey(stop: threading.Event) -> None:
    """This thread's jobs are given up when the flag is set."""
    _here.stop = stop


def _serve(end: Connection) -> None:
    """Set up a worker process, which lives as long as its parent wants it.

    An interrupt from the keyboard reaches all processes; the first one ends the others.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(end,), daemon=True).start()


def _end_with_parent(end: Connection) -> None:
    parent = parent_process()
    wait([end] if parent is None else [end, parent.sentinel])
    # Whatever is being done is for nobody; an orderly end would wait for it.
    os._exit(1)


def _get_ready() -> None:
    """What a job needs is imported."""
    importlib.import_module("regulars.sim.model")


_task: tuple[bytes, Any] = (b"", None)


def _call(name: bytes, packed: bytes, item: Any) -> Any:
    """Do one item of a task in a worker process, which unpacks the task when it is another one than before."""
    global _task
    if _task[0] != name:
        # Only what the first process has packed comes through this pipe.
        _task = name, pickle.loads(packed)  # noqa: S301
    return _task[1](item)
