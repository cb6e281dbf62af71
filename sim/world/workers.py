"""Threads for one big run: kernels over fixed ranges of rows; small runs call them whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

u64 = np.uint64
"""Type of `start` and `stop`: with an index that may be negative the compiler guards every access and cannot vectorize."""

WORTH_SPLITTING = 20_000
"""Rows below which handing out ranges costs more than it gains."""


def marked(marks: np.ndarray) -> np.ndarray:
    """Rows, int32, whose mark (bool, or uint8 of 0 or 1) is set."""
    return marks.view(np.bool_).nonzero()[0].astype(np.int32)


class Workers:
    """Calls a kernel on [0, n) in one piece or in one contiguous range a thread.

    Kernels release the interpreter lock and touch only the rows of their range (or integer counters of their own),
    so the result does not depend on the number of threads.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = max(1, threads)
        self._pool = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None

    def ranges(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Ranges of rows, one a thread, cut at multiples of 64."""
        n = stop - start
        if self._pool is None or n < WORTH_SPLITTING:
            return [(start, stop)]
        cuts = [start, *((start + n * part // self.threads) // 64 * 64 for part in range(1, self.threads)), stop]
        return list(itertools.pairwise(cuts))

    def run(self, tasks: list[Callable[[], Any]]) -> list[Any]:
        """Results of all tasks, the first one done by the calling thread."""
        if self._pool is None or len(tasks) == 1:
            return [task() for task in tasks]
        rest = [self._pool.submit(task) for task in tasks[1:]]
        first = tasks[0]()
        return [first, *(one.result() for one in rest)]

    def each(self, kernel: Callable[..., Any], span: tuple[np.uint64, np.uint64], arguments: tuple[Any, ...]) -> None:
        """Call ``kernel(*arguments, start, stop)`` over the rows of `span`."""
        start, stop = span
        if self._pool is None or stop - start < WORTH_SPLITTING:
            kernel(*arguments, start, stop)
            return
        ranges = self.ranges(int(start), int(stop))
        self.run([lambda a=a, b=b: kernel(*arguments, u64(a), u64(b)) for a, b in ranges])

    def tally(
        self, kernel: Callable[..., Any], span: tuple[np.uint64, np.uint64], shape: tuple[int, ...], arguments: tuple[Any, ...]
    ) -> np.ndarray:
        """Call ``kernel(totals, *arguments, start, stop)`` with int64 counters of `shape` a range; their sum."""
        start, stop = span
        if self._pool is None or stop - start < WORTH_SPLITTING:
            counter = np.zeros(shape, np.int64)
            kernel(counter, *arguments, start, stop)
            return counter
        ranges = self.ranges(int(start), int(stop))
        counters = np.zeros((len(ranges), *shape), np.int64)
        self.run(
            [lambda c=c, a=a, b=b: kernel(c, *arguments, u64(a), u64(b)) for c, (a, b) in zip(counters, ranges, strict=True)]
        )
        return counters.sum(axis=0)
