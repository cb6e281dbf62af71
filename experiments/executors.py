"""Who runs jobs: a pool of threads over kernels that release the interpreter lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


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


def run_all(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> list[Result]:
    """Results in the order of items; the first failure stops what has not begun and is raised."""
    if workers <= 1 or len(items) <= 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            _raise_first(done)
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()


def _raise_first(done: Iterable[object]) -> None:
    for future in done:
        error = future.exception()  # type: ignore[attr-defined]
        if error is not None:
            raise error
