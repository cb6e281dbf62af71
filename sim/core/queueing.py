"""Waiting at a desk of many equal agents, in formulas: Erlang-C, where all wait, and Erlang-A, where people give up.

Customers come at random (Poisson), services last an exponential time, patience is exponential too, the first to come
is the first served, and the load has lasted long enough for the queue to have settled.

Sources: Erlang (1917), "Solution of some problems in the theory of probabilities of significance in automatic telephone
exchanges"; Palm (1957), "Research on telephone traffic carried by full availability groups"; Baccelli & Hebuterne (1981),
"On queues with impatient customers"; Garnett, Mandelbaum & Reiman (2002), "Designing a call center with impatient
customers", MSOM 4(3); Zeltyn & Mandelbaum (2005), "Call centers with impatient customers: many-server asymptotics of the
M/M/n+G queue", Queueing Systems 51.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)
_NEGLIGIBLE = 45.0
"""Densities that many log units below their peak are left out: e^-45 is below float64's precision."""
_SAG = 3e-4
_MOST_PANELS = 20_000


@dataclass(frozen=True)
class Waiting:
    """How long customers wait at a desk under lasting load; times in the unit of `service_time`.

    Attributes:
        arrival_rate: Customers in a unit of time.
        service_time: Mean time an agent spends on a customer.
        agents: Agents on duty.
        patience: Mean time until a waiting customer gives up; infinite in Erlang-C.
        wait_probability: Probability that a customer finds all agents busy.
        mean_wait: Mean wait of all customers (average speed of answer), up to the answer or to giving up, whichever comes first;
            those served at once count with 0.
        mean_wait_served: The same of those who are served.
        abandonment: Probability that a customer gives up.
        occupancy: Share of their time that agents spend serving.
    """

    arrival_rate: float
    service_time: float
    agents: int
    patience: float
    wait_probability: float
    mean_wait: float
    mean_wait_served: float
    abandonment: float
    occupancy: float

    @property
    def mean_queue(self) -> float:
        """Mean number of waiting customers (Little's law)."""
        return self.arrival_rate * self.mean_wait

    def service_level(self, seconds: float) -> float:
        """Share of all customers who are answered within `seconds` (or whatever unit the service time has).

        Those who give up, however early, count as not answered.
        """
        if self.wait_probability == 0.0 or seconds < 0.0:
            return 1.0 if seconds >= 0.0 else 0.0
        answered = self._offered.integral(self._offered.stays, seconds) / self._offered.integral()
        return 1.0 - self.wait_probability * (1.0 - answered)

    def offered_wait(self, luck: np.ndarray) -> np.ndarray:
        """Time until an agent would be free, by the inverse of its distribution: 0 for most under light load.

        Args:
            luck: Uniforms in (0, 1); more of it is a longer wait.

        Returns:
            float64 of the same shape. A customer whose patience is shorter gives up. Relative error below 1e-3.
        """
        left = 1.0 - np.asarray(luck, np.float64)
        wait = np.zeros(left.shape)
        late = left < self.wait_probability
        if late.any():
            seconds, log_survival = self._offered.survival
            wait[late] = np.interp(-np.log(left[late] / self.wait_probability), -log_survival, seconds)
        return wait

    @cached_property
    def _offered(self) -> _OfferedWait:
        return _OfferedWait(self.arrival_rate, self.agents / self.service_time, 1.0 / self.patience)


class _OfferedWait:
    """Density of the time until an agent would be free, of those who find none.

    It is proportional to exp(rate * (1 - exp(-leaving * x)) / leaving - capacity * x): who is ahead after x has come, has
    not given up and has not been served. Its logarithm is concave, with and without the weight exp(-leaving * x) of those
    who are still there, so that a window around the two peaks holds all of it.
    """

    def __init__(self, rate: float, capacity: float, leaving: float) -> None:
        self.rate, self.capacity, self.leaving = rate, capacity, leaving
        mode, first_mode = self._mode(capacity), self._mode(capacity + leaving)
        self.peak, first_peak = self._height(mode), self._height(first_mode) - leaving * first_mode
        reach = 1.0 / capacity
        while self._height(mode + reach) > self.peak - _NEGLIGIBLE:
            reach *= 2.0
        high = _border(lambda x: self._height(x) - self.peak, mode, mode + reach)
        low = _border(lambda x: self._height(x) - leaving * x - first_peak, first_mode, 0.0)
        self.edges = self._refine(np.linspace(low, high, 65))

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Logarithm of the density, up to its constant: 0 at x = 0."""
        if self.leaving == 0.0:
            return (self.rate - self.capacity) * x
        return -self.rate / self.leaving * np.expm1(-self.leaving * x) - self.capacity * x

    def stays(self, x: np.ndarray) -> np.ndarray:
        """Probability to be still waiting after x."""
        return np.exp(-self.leaving * x)

    def leaves(self, x: np.ndarray) -> np.ndarray:
        """Probability to have given up by x."""
        return -np.expm1(-self.leaving * x)

    def _height(self, x: float) -> float:
        return float(self.log_density(np.array(x)))

    def _mode(self, downward: float) -> float:
        """Where the growth of the log-density equals that of a line falling by `downward`."""
        return math.log(self.rate / downward) / self.leaving if self.leaving > 0.0 and self.rate > downward else 0.0

    def _refine(self, edges: np.ndarray) -> np.ndarray:
        """Halve panels until the logarithm of what is integrated is nearly straight in each, and nearly level."""
        while True:
            middle = 0.5 * (edges[1:] + edges[:-1])
            rough = np.zeros(len(middle), np.bool_)
            for slope in (0.0, self.leaving):
                at, between = (self.log_density(x) - slope * x for x in (edges, middle))
                matters = np.maximum(at[1:], at[:-1]) > at.max() - _NEGLIGIBLE
                sag = between - 0.5 * (at[1:] + at[:-1])
                rough |= matters & ((np.abs(at[1:] - at[:-1]) > 1.0) | (sag > _SAG))
            rough &= (edges[:-1] < middle) & (middle < edges[1:])
            if not rough.any() or len(edges) > _MOST_PANELS:
                return edges
            edges = np.sort(np.concatenate((edges, middle[rough])))

    def _masses(self, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Nodes within the panels, and the density there relative to its peak times the node's weight (Gauss-Legendre)."""
        half = 0.5 * (edges[1:] - edges[:-1])[:, None]
        nodes = edges[:-1, None] + half * (1.0 + _NODES)
        return nodes, np.exp(self.log_density(nodes) - self.peak) * half * _WEIGHTS

    def integral(self, of: Callable[[np.ndarray], np.ndarray] = np.ones_like, up_to: float = math.inf) -> float:
        """Integral of ``of(x)`` times the density relative to its peak."""
        edges = self.edges
        if up_to < edges[-1]:
            edges = np.append(edges[edges < up_to], up_to)
        nodes, mass = self._masses(edges)
        return float(np.sum(of(nodes) * mass))

    @cached_property
    def survival(self) -> tuple[np.ndarray, np.ndarray]:
        """Times and the logarithm of the probability that the wait is longer; nearly straight in between."""
        mass = self._masses(self.edges)[1].sum(axis=1)
        beyond = np.cumsum(mass[::-1])[::-1]
        return self.edges[:-1], np.log(beyond / beyond[0])


def _border(relative_height: Callable[[float], float], inside: float, outside: float) -> float:
    """Where between the peak and `outside` the density becomes negligible; `outside` if it does not."""
    if relative_height(outside) > -_NEGLIGIBLE:
        return outside
    for _ in range(40):
        middle = 0.5 * (inside + outside)
        if relative_height(middle) > -_NEGLIGIBLE:
            inside = middle
        else:
            outside = middle
    return outside


def erlang_b(load: float, agents: int) -> float:
    """Probability that all agents are busy where those who find no agent go away at once (Erlang 1917).

    Args:
        load: Arrival rate times service time, in Erlang.
        agents: Number of agents, 0 or more.
    """
    blocked = 1.0
    for k in range(1, agents + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(arrival_rate: float, service_time: float, agents: int) -> Waiting:
    """Waiting where nobody gives up: M/M/n (Erlang 1917).

    Args:
        arrival_rate: Customers in a unit of time, such as 1/s.
        service_time: Mean time an agent spends on a customer, in the same unit.
        agents: Agents on duty, at least 1.

    Raises:
        ValueError: An argument makes no sense, or the load is no less than the agents: then the queue grows for ever.
    """
    load = _load(arrival_rate, service_time, agents)
    if load >= agents:
        raise ValueError(
            f"a load of {load:g} Erlang on {agents} agents: where nobody gives up, the queue grows for ever; "
            "add agents, or use erlang_a with people's patience"
        )
    blocked = erlang_b(load, agents)
    waits = agents * blocked / (agents - load * (1.0 - blocked))
    wait = waits * service_time / (agents - load)
    return Waiting(arrival_rate, service_time, agents, math.inf, waits, wait, wait, 0.0, load / agents)


def erlang_a(arrival_rate: float, service_time: float, agents: int, patience: float) -> Waiting:
    """Waiting where people give up after an exponential time: M/M/n+M (Palm 1957; Garnett, Mandelbaum & Reiman 2002).

    Any load has an answer. Computed by integrals over the offered wait (Zeltyn & Mandelbaum 2005), whose terms are all
    positive, so that neither thousands of agents nor a patience of weeks lose digits.

    Args:
        arrival_rate: Customers in a unit of time, such as 1/s.
        service_time: Mean time an agent spends on a customer, in the same unit.
        agents: Agents on duty, at least 1.
        patience: Mean time until a waiting customer gives up, in the same unit; ``math.inf`` makes it Erlang-C.

    Raises:
        ValueError: An argument makes no sense, or patience is infinite and the load no less than the agents.
    """
    load = _load(arrival_rate, service_time, agents)
    if not patience > 0.0:
        raise ValueError(f"patience must be positive, not {patience}")
    if math.isinf(patience):
        return erlang_c(arrival_rate, service_time, agents)
    blocked = erlang_b(load, agents - 1)
    if arrival_rate * blocked == 0.0:
        return Waiting(arrival_rate, service_time, agents, patience, 0.0, 0.0, 0.0, 0.0, load / agents)
    offered = _OfferedWait(arrival_rate, agents / service_time, 1.0 / patience)
    whole = offered.integral()
    odds = math.log(arrival_rate * blocked * whole) + offered.peak
    waits, at_once = _logistic(odds), _logistic(-odds)
    abandonment = waits * offered.integral(offered.leaves) / whole
    served = at_once + waits * offered.integral(offered.stays) / whole
    until_served = waits * offered.integral(lambda x: x * offered.stays(x)) / whole
    return Waiting(
        arrival_rate=arrival_rate,
        service_time=service_time,
        agents=agents,
        patience=patience,
        wait_probability=waits,
        mean_wait=abandonment * patience,
        mean_wait_served=until_served / served,
        abandonment=abandonment,
        occupancy=min(1.0, load * served / agents),
    )


def _logistic(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds)) if odds > -700.0 else 0.0


def _load(arrival_rate: float, service_time: float, agents: int) -> float:
    if not 0.0 <= arrival_rate < math.inf:
        raise ValueError(f"the arrival rate must be finite and not negative, not {arrival_rate}")
    if not 0.0 < service_time < math.inf:
        raise ValueError(f"the service time must be finite and positive, not {service_time}")
    if agents < 1:
        raise ValueError(f"there must be at least one agent, not {agents}")
    return arrival_rate * service_time
