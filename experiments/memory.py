"""How much memory a run takes, told before it is asked for: a machine that runs out of it stops anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from regulars.scenarios.scenario import Scenario
from regulars.sim.core.declare import Fields
from regulars.sim.world.customers import Customers
from regulars.sim.world.world import causes, written

GIB = 2.0**30
BASE_BYTES = 0.3 * GIB
"""The interpreter and its libraries."""
STEP_BYTES = 16.0
"""A person's place in what a step makes and drops again."""
MARGIN = 1.2
"""The estimate is rough: only what is far beyond the memory there is is refused."""
_GROUP = Path("/sys/fs/cgroup/memory.max")


class TooLittleMemory(ValueError):
    """A market that this machine cannot hold."""

    exit_code = 2


def bytes_of(scenario: Scenario) -> tuple[float, float]:
    """Bytes that a market takes about: its people, and their ties."""
    components, people = (*scenario.components, *scenario.kpis), scenario.market.people
    a_person = STEP_BYTES + 4.0 * (4 + len(causes(components)))
    a_person += _width(Customers, written(components)) + sum(_width(one.State) for one in components)
    if not any(one.uses_ties for one in components):
        return people * a_person, 0.0
    network = scenario.market.network
    degree = sum(float(getattr(network, name, 0)) for name in ("strong_ties", "weak_ties", "mean_ties"))
    # Each tie stands with both of its ends, and once more while ties are sorted by person.
    return people * a_person, people * (8.0 + 2 * 4.0 * degree)


def _width(fields: type[Fields], there: set[str] | None = None) -> int:
    declared = fields.declarations.items()
    return sum(np.dtype(one.dtype).itemsize for name, one in declared if not one.optional or name in (there or ()))


def check_memory(scenarios: Sequence[Scenario], at_a_time: int) -> None:
    """Refuse scenarios whose markets this machine cannot hold.

    Args:
        scenarios: Of one replication; all are held at once, on the ties of the first.
        at_a_time: Replications that run side by side.

    Raises:
        TooLittleMemory: They need more than all the memory there is.
    """
    sizes = [bytes_of(one) for one in scenarios]
    one = sum(people for people, _ in sizes) + max(ties for _, ties in sizes)
    needed, there = BASE_BYTES + at_a_time * one, most_bytes()
    if there is None or needed <= MARGIN * there:
        return
    people = max(scenario.market.people for scenario in scenarios)
    fewer = int(max(there - BASE_BYTES, 0.0) // one)
    way = f"Use --threads {fewer}" if fewer >= 1 else "Use fewer people in market.customers and market.prospects"
    side = f" in {at_a_time} replications side by side" if at_a_time > 1 else ""
    raise TooLittleMemory(
        f"market: {people:,} people{side} need about {needed / GIB:,.0f} GiB of memory, {one / people:,.0f} bytes each, and this "
        f"machine has {there / GIB:,.1f} GiB. {way}."
    )


def most_bytes() -> float | None:
    """Memory that this process may have at most, or None if the system does not say."""
    found = []
    with suppress(AttributeError, ValueError, OSError):
        found.append(float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE"))
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            found.append(float(soft))
    with suppress(OSError, ValueError):
        found.append(float(_GROUP.read_text()))
    return min((one for one in found if one > 0), default=None)
