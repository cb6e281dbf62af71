"""A busy desk, and how long its queues take for a ticket."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from regulars.sim.core.desk import Duty, Shift, Tickets

Queue = Callable[[Tickets, Duty, int, int], None]


def busy_desk(tickets: int = 200_000, agents: int = 50, load: float = 0.98, seed: int = 1) -> tuple[Tickets, Duty, int]:
    """Tickets of three priorities, half an hour of patience and four minutes of work, agents by day and night, and the end.

    Args:
        tickets: How many.
        agents: On duty by day; by night there are half as many.
        load: Work that comes over work that the agents can do.
        seed: Of the random numbers.
    """
    rng = np.random.default_rng(seed)
    span = int(tickets * 240.0 / (0.75 * agents * load))
    halves = [Shift(at, min(at + 43_200, span), agents if n % 2 else agents // 2) for n, at in enumerate(range(0, span, 43_200))]
    return (
        Tickets.new(
            np.sort(rng.integers(0, span, tickets)),
            np.maximum(np.rint(rng.exponential(240.0, tickets)), 1),
            np.rint(rng.exponential(1_800.0, tickets)),
            rng.choice(3, tickets, p=(0.6, 0.3, 0.1)),
        ),
        Duty.of(halves),
        span,
    )


def nanoseconds_a_ticket(queue: Queue, tickets: int = 200_000, agents: int = 50, rounds: int = 5) -> float:
    """Least time of `rounds`, after one that compiles."""
    queue(*_arguments(100, agents))
    seconds = []
    for _ in range(rounds):
        arguments = _arguments(tickets, agents)
        began = time.perf_counter()
        queue(*arguments)
        seconds.append(time.perf_counter() - began)
    return min(seconds) / tickets * 1e9


def _arguments(tickets: int, agents: int) -> tuple[Tickets, Duty, int, int]:
    rows, duty, end = busy_desk(tickets, agents)
    return rows, duty, 0, end
