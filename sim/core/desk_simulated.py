"""The queues of a desk as a SimPy simulation: the definition that `desk.compiled` must match ticket by ticket.

`desk.py` says what happens within one second and in which order.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import simpy
from simpy.events import EventPriority

from .desk import NEVER, WAITING, Duty, Tickets

CHANGE_OF_DUTY, END_OF_SERVICE, ARRIVAL, END_OF_PATIENCE = (EventPriority(rank) for rank in range(2, 6))
"""Order within a second, after SimPy's own 0 and 1, with which it passes agents on and wakes up who waited for one."""

Process = Generator[simpy.Event, Any, None]


class Moment(simpy.Event):
    """A second; of those in the same second, the one with the lower rank comes first."""

    def __init__(self, env: simpy.Environment, second: int, rank: EventPriority) -> None:
        super().__init__(env)
        self._ok, self._value = True, None
        env.schedule(self, rank, second - env.now)


class Agents(simpy.PriorityResource):
    """Agents on duty, whose number may change; those who are off finish what they do."""

    def __init__(self, env: simpy.Environment, on_duty: int) -> None:
        super().__init__(env)
        self._capacity = on_duty

    def change(self, on_duty: int) -> None:
        """Put so many on duty; those who are free take waiting tickets."""
        self._capacity = on_duty
        while self.queue and self.count < self.capacity:
            self._trigger_put(None)


def simulated(tickets: Tickets, duty: Duty, from_s: int, until_s: int) -> None:
    """Serve tickets through the seconds from `from_s` until before `until_s`; the arguments are those of `desk.compiled`."""
    if from_s >= until_s:
        return
    arrival_s, service_s, patience_s = tickets.arrival_s.tolist(), tickets.service_s.tolist(), tickets.patience_s.tolist()
    priority, start_s, end_s, abandoned = tickets.priority.tolist(), tickets.start_s, tickets.end_s, tickets.abandoned
    env = simpy.Environment(initial_time=from_s)
    in_service = [row for row in range(len(tickets)) if start_s[row] != WAITING and end_s[row] > from_s]
    waiting = [row for row in range(len(tickets)) if start_s[row] == WAITING and not abandoned[row] and arrival_s[row] < from_s]
    to_come = [row for row in range(len(tickets)) if from_s <= arrival_s[row] < until_s]
    # Before the first change of duty there are as many agents as are busy: nobody else is taken.
    agents = Agents(env, len(in_service))

    def finish(row: int) -> Process:
        with agents.request() as agent:
            yield agent
            yield Moment(env, int(end_s[row]), END_OF_SERVICE)

    def customer(row: int) -> Process:
        gives_up = arrival_s[row] + patience_s[row]
        with agents.request(priority=-priority[row]) as agent:
            if patience_s[row] == NEVER:
                yield agent
            elif not agent.triggered:
                yield agent | Moment(env, max(gives_up, from_s), END_OF_PATIENCE)
            if not agent.triggered or gives_up < env.now:
                end_s[row], abandoned[row] = gives_up, 1
                return
            start_s[row], end_s[row] = env.now, env.now + service_s[row]
            yield Moment(env, env.now + service_s[row], END_OF_SERVICE)

    def customers() -> Process:
        second = None
        for row in to_come:
            if arrival_s[row] != second:
                second = arrival_s[row]
                yield Moment(env, second, ARRIVAL)
            env.process(customer(row))

    def shifts() -> Process:
        for second, on_duty in _changes(duty, from_s, until_s):
            yield Moment(env, second, CHANGE_OF_DUTY)
            agents.change(on_duty)

    for row in in_service:
        env.process(finish(row))
    for row in waiting:
        env.process(customer(row))
    env.process(customers())
    env.process(shifts())
    env.run(until=until_s)


def _changes(duty: Duty, from_s: int, until_s: int) -> Iterator[tuple[int, int]]:
    """Who is on duty at the beginning, and every change before the end."""
    yield from_s, int(duty.on_duty(from_s))
    for second, agents in zip(duty.since_s.tolist(), duty.agents.tolist(), strict=True):
        if from_s < second < until_s:
            yield second, agents
