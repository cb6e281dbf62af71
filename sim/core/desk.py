"""A desk of agents and the tickets that wait for them, in whole seconds.

Times are seconds of one clock that is never set back, such as seconds since the run began (2^31 of them, 68 years).
Tickets are rows in order of arrival, with what happened to them, so that any second can be the end of one call and the
beginning of the next: the rows that are still open, followed by new ones, are all that has to be kept. No wait depends on
where a run was cut.

Within one second things happen in this order:

1. Services that end free their agents, and those on duty from or until this second come or go. Free agents then take
   waiting tickets, the highest priority first, within a priority the first row first.
2. Tickets that arrive, row by row, go to a free agent or else join the queue: one may take an agent in the second of its
   arrival, but an agent that gets free in this second goes to those who waited before, whatever their priority.
3. Customers whose patience ends in this second leave, having met no agent.

A ticket starts while fewer agents are busy than are on duty. A started ticket is finished, also after the end of duty;
until then it keeps the seat of an agent who follows, so that how duty is cut into shifts changes nothing. Patience runs on
while the desk is closed.

Three queues share this meaning: `simulated` (`desk_simulated.py`, the definition, in SimPy), `compiled`, which has the same
outcome ticket by ticket, and `formula`, which has its distribution under steady load.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from .kernel import kernel
from .queueing import erlang_a

i64 = np.int64

WEEK = 604_800
"""Seconds in a week."""

NEVER = np.iinfo(np.int32).max
"""A patience that does not end."""

WAITING = -1
"""`start_s` and `end_s` of a ticket that nothing has happened to."""


class Shift(NamedTuple):
    """So many agents on duty from one second until another, which is their first off duty."""

    start_s: int
    end_s: int
    agents: int


@dataclass(frozen=True)
class Duty:
    """How many agents are on duty: from second ``since_s[i]`` on ``agents[i]``, before the first nobody."""

    since_s: np.ndarray
    agents: np.ndarray

    @classmethod
    def of(cls, shifts: Iterable[Shift]) -> Self:
        """Duty of shifts, which may overlap, in any order.

        Raises:
            ValueError: A shift ends before it begins or has fewer agents than none.
        """
        shifts = list(shifts)
        for one in shifts:
            if not 0 <= one.start_s < one.end_s or one.agents < 0:
                raise ValueError(f"a shift needs 0 <= start_s < end_s and agents of 0 or more, not {one}")
        seconds = np.array([second for one in shifts for second in (one.start_s, one.end_s)], np.int64)
        changes = np.array([change for one in shifts for change in (one.agents, -one.agents)], np.int64)
        since_s, place = np.unique(seconds, return_inverse=True)
        agents = np.zeros(len(since_s), np.int64)
        np.add.at(agents, place, changes)
        return cls(since_s, np.cumsum(agents))

    @classmethod
    def of_week(cls, shifts: Iterable[Shift], week: int) -> Self:
        """Duty in week number `week` of shifts that repeat; what of a shift lies past a week's end is worked in the next.

        Args:
            shifts: Seconds count from the beginning of the week; a shift begins before `WEEK` and lasts a week at most.
            week: 0 for the first.

        Raises:
            ValueError: A shift begins past the week's end or is longer than a week.
        """
        pieces = [Shift(0, WEEK, 0)]
        for one in shifts:
            if one.start_s >= WEEK or one.end_s - one.start_s > WEEK:
                raise ValueError(f"a weekly shift begins within the week and lasts a week at most, not {one}")
            pieces.append(one._replace(end_s=min(one.end_s, WEEK)))
            if one.end_s > WEEK:
                pieces.append(Shift(0, one.end_s - WEEK, one.agents))
        duty = cls.of(pieces)
        return cls(duty.since_s + i64(week * WEEK), duty.agents)

    def on_duty(self, second: np.ndarray | int) -> np.ndarray:
        """Agents on duty in each second."""
        return np.concatenate(([0], self.agents))[np.searchsorted(self.since_s, second, side="right")]


@dataclass(frozen=True)
class Tickets:
    """Tickets in order of arrival, and what became of them.

    Attributes:
        arrival_s: Second in which the ticket comes.
        service_s: Seconds an agent spends on it.
        patience_s: Seconds its customer waits for an agent; `NEVER` for those who stay.
        priority: Higher ones are taken first; numbers count levels, so let them be small.
        start_s: Second in which an agent takes it; `WAITING` if none has.
        end_s: Second in which it is done, which may lie ahead, or its customer has left; else `WAITING`.
        abandoned: 1 if the customer has left without an answer.
    """

    arrival_s: np.ndarray
    service_s: np.ndarray
    patience_s: np.ndarray
    priority: np.ndarray
    start_s: np.ndarray
    end_s: np.ndarray
    abandoned: np.ndarray

    @classmethod
    def new(cls, arrival_s: np.ndarray, service_s: np.ndarray, patience_s: np.ndarray, priority: np.ndarray) -> Self:
        """Tickets that nothing has happened to yet.

        Raises:
            ValueError: Arrivals do not ascend from 0, a service is shorter than a second, or patience or priority negative.
        """
        tickets = len(arrival_s)
        if tickets and (np.min(arrival_s) < 0 or np.any(np.diff(arrival_s) < 0)):
            raise ValueError("tickets stand in order of arrival, from second 0 on")
        if tickets and np.min(service_s) < 1:
            raise ValueError("a service takes a second at least")
        if tickets and (np.min(patience_s) < 0 or np.min(priority) < 0 or np.max(priority) > 255):
            raise ValueError("patience is not negative, priority lies between 0 and 255")
        return cls(
            arrival_s=np.array(arrival_s, np.int32),
            service_s=np.array(service_s, np.int32),
            patience_s=np.array(patience_s, np.int32),
            priority=np.array(priority, np.uint8),
            start_s=np.full(tickets, WAITING, np.int32),
            end_s=np.full(tickets, WAITING, np.int32),
            abandoned=np.zeros(tickets, np.uint8),
        )

    def __len__(self) -> int:
        return len(self.arrival_s)

    def take(self, rows: np.ndarray) -> Self:
        """A copy of some rows, by number or mask; keep their order."""
        if rows.dtype == np.bool_:
            rows = rows.nonzero()[0]
        return type(self)(*(column[rows] for column in vars(self).values()))

    def copy(self) -> Self:
        """The same rows with arrays of their own."""
        return type(self)(*(column.copy() for column in vars(self).values()))

    def followed_by(self, later: Tickets) -> Self:
        """These rows and then later ones."""
        if not len(later):
            return self
        return type(self)(*(np.concatenate(both) for both in zip(vars(self).values(), vars(later).values(), strict=True)))

    def is_open(self, second: int) -> np.ndarray:
        """Whether a ticket is waiting, being served or still to come when `second` begins."""
        return (self.abandoned == 0) & ((self.start_s == WAITING) | (self.end_s > second))

    @property
    def wait_s(self) -> np.ndarray:
        """Seconds until the agent came or the customer left; `WAITING` for those who still wait."""
        met = np.where(self.abandoned != 0, self.end_s, self.start_s)
        return np.where(met == WAITING, WAITING, met - self.arrival_s)


def compiled(tickets: Tickets, duty: Duty, from_s: int, until_s: int) -> None:
    """Serve tickets through the seconds from `from_s` until before `until_s`, as `simulated` does.

    Args:
        tickets: Open ones first, then those that arrive before `until_s`; later arrivals are left alone. `start_s`,
            `end_s` and `abandoned` are written.
        duty: Agents on duty, which must reach back to `from_s`.
        from_s: Where the last call ended.
        until_s: The first second that is not looked at.
    """
    busy = np.count_nonzero((tickets.start_s != WAITING) & (tickets.end_s > from_s))
    levels = int(tickets.priority.max(initial=0)) + 1
    serve(
        tickets.start_s,
        tickets.end_s,
        tickets.abandoned,
        np.empty(max(busy, int(duty.agents.max(initial=0))), np.int32),
        np.empty(len(tickets), np.int32),
        np.empty(levels, np.int32),
        np.empty(levels, np.int32),
        tickets.arrival_s,
        tickets.service_s,
        tickets.patience_s,
        tickets.priority,
        duty.since_s,
        duty.agents,
        i64(from_s),
        i64(until_s),
        i64(0),
        i64(len(tickets)),
    )


@kernel
def serve(
    start_s,
    end_s,
    abandoned,
    ends,
    behind,
    first,
    last,
    arrival_s,
    service_s,
    patience_s,
    priority,
    since_s,
    agents,
    from_s,
    until_s,
    start,
    stop,
):
    """The desk's seconds from `from_s` until before `until_s`, going from one event to the next.

    `ends` holds the seconds in which services end, as a heap; `behind` the row that stands behind each in its queue; `first`
    and `last` the ends of the queue of each priority. Who has left is noticed when an agent would come, or at the end.
    """
    for level in range(first.size):
        first[level] = -1
    busy = i64(0)
    queued = i64(0)
    row = start
    while row < stop and arrival_s[row] < from_s:
        if start_s[row] >= 0:
            if end_s[row] > from_s:
                add(ends, busy, end_s[row])
                busy += 1
        elif abandoned[row] == 0:
            join(behind, first, last, priority[row], row)
            queued += 1
        row += 1
    now = from_s
    change = i64(0)
    on_duty = i64(0)
    while now < until_s:
        while change < since_s.size and since_s[change] <= now:
            on_duty = agents[change]
            change += 1
        while busy > 0 and ends[0] <= now:
            busy -= 1
            settle(ends, busy)
        while queued > 0 and busy < on_duty:
            next_row = leave(behind, first)
            queued -= 1
            gives_up = i64(arrival_s[next_row]) + i64(patience_s[next_row])
            if gives_up < now:
                end_s[next_row] = gives_up
                abandoned[next_row] = 1
            else:
                start_s[next_row] = now
                end_s[next_row] = now + service_s[next_row]
                add(ends, busy, end_s[next_row])
                busy += 1
        while row < stop and arrival_s[row] <= now:
            if busy < on_duty:
                start_s[row] = now
                end_s[row] = now + service_s[row]
                add(ends, busy, end_s[row])
                busy += 1
            else:
                join(behind, first, last, priority[row], row)
                queued += 1
            row += 1
        now = until_s
        if row < stop:
            now = min(now, i64(arrival_s[row]))
        if queued > 0:
            if busy > 0:
                now = min(now, i64(ends[0]))
            if change < since_s.size:
                now = min(now, i64(since_s[change]))
    for level in range(first.size):
        row = first[level]
        while row >= 0:
            gives_up = i64(arrival_s[row]) + i64(patience_s[row])
            if gives_up < until_s:
                end_s[row] = gives_up
                abandoned[row] = 1
            row = behind[row]


@kernel
def join(behind, first, last, level, row):
    """Put a row at the end of its priority's queue."""
    behind[row] = -1
    if first[level] < 0:
        first[level] = row
    else:
        behind[last[level]] = row
    last[level] = row


@kernel
def leave(behind, first):
    """Take the first row of the highest priority that has one."""
    level = first.size - 1
    while first[level] < 0:
        level -= 1
    row = first[level]
    first[level] = behind[row]
    return row


@kernel
def add(heap, size, value):
    """Add a value to a heap of `size` values, whose least is at the top."""
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if heap[parent] <= value:
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = value


@kernel
def settle(heap, size):
    """Drop the top of a heap; `size` values remain."""
    value = heap[size]
    place = i64(0)
    child = i64(1)
    while child < size:
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if value <= heap[child]:
            break
        heap[place] = heap[child]
        place = child
        child = 2 * place + 1
    heap[place] = value


def formula(
    tickets: Tickets, luck: np.ndarray, duty: Duty, from_s: int, until_s: int, service_time: float, patience: float
) -> None:
    """Serve tickets by Erlang-A: each one's wait is the quantile, at its own luck, of what such load makes people wait.

    Agents are told apart by how many of them are on duty, and each such number sees the mean load of its hours in this span.
    Who comes while the desk is closed counts as coming when it opens. Priorities, tickets of earlier spans and the order of
    tickets within this one make no difference, so there is neither a rush nor a backlog to be seen.

    Args:
        tickets: As for `compiled`. `start_s` may lie past `until_s`, since all is decided at once; those for whom the desk
            does not open within the span stay as they are.
        luck: A uniform in (0, 1) a ticket; more of it is a longer wait.
        duty: Agents on duty, which must reach back to `from_s`.
        from_s: Where the last call ended.
        until_s: The first second that is not looked at.
        service_time: Mean seconds an agent spends on a ticket.
        patience: Mean seconds that customers wait, of exponential patience. Each gives up by its own `patience_s`.

    Raises:
        ValueError: Patience is infinite and some hours bring more than their agents can do.
    """
    rows = np.flatnonzero((tickets.start_s == WAITING) & (tickets.abandoned == 0) & (tickets.arrival_s < until_s))
    arrival = tickets.arrival_s[rows].astype(np.int64)
    gives_up = arrival + tickets.patience_s[rows]

    cuts = np.unique(np.clip(np.concatenate(([from_s], duty.since_s, [until_s])), from_s, until_s))
    agents = duty.on_duty(cuts[:-1])
    opens, closes, crews = (one[agents > 0] for one in (cuts[:-1], cuts[1:], agents))
    stretch = np.searchsorted(closes, np.maximum(arrival, from_s), side="right")
    crew = np.append(crews, 0)[stretch]
    start = np.maximum(arrival, np.append(opens, 2 * NEVER)[stretch])
    for many in np.unique(crews):
        here = crew == many
        rate = np.count_nonzero(here) / np.sum((closes - opens)[crews == many])
        wait = erlang_a(float(rate), service_time, int(many), patience).offered_wait(luck[rows[here]])
        start[here] += np.rint(np.minimum(wait, NEVER)).astype(np.int64)

    decided = (crew > 0) | (gives_up < until_s)
    served, left = decided & (start <= gives_up), decided & (gives_up < start)
    tickets.start_s[rows[served]] = start[served]
    tickets.end_s[rows[served]] = start[served] + tickets.service_s[rows[served]]
    tickets.end_s[rows[left]] = gives_up[left]
    tickets.abandoned[rows[left]] = 1
