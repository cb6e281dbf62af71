"""The data of one simulated test, as a firm would have them: to practice an analysis, or to check one against the known truth."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from regulars.scenarios.scenario import Scenario
from regulars.sim.core.arguments import whole

from .design import Design
from .rehearse import NoTest, checked_designs, found_scenario, world_plan
from .worlds import live_through


def simulate(
    scenario: Scenario | str | os.PathLike[str],
    design: Mapping[str, Any] | Design | str | os.PathLike[str],
    *,
    seed: int = 1,
    world: int = 0,
    aa: bool = False,
) -> pd.DataFrame:
    """One test lived through: a row for each customer on record as it begins.

    Equal arguments give equal rows, and world `k` is the k-th of a rehearsal with this seed.

    Args:
        scenario: The market, or its file or name.
        design: One design, checked, as plain data, or its file; units keep one arm throughout.
        seed: Key of all luck.
        world: Which world.
        aa: Whether every arm gets the control's settings.

    Returns:
        Columns ``customer``, ``arm``, ``segment``, ``cluster`` and ``saturation`` where the design has them, what was known before the
        test (``orders_before``, ``spend_before``) and what was measured in it (``orders``, ``spend``, ``margin``, ``bought``,
        ``retained``).
        The frame's ``attrs["truth"]`` has the effect of the roll-out per customer in this world, by column.

    Raises:
        NoTest: The test does not fit the scenario, there are several designs, or units change arms.
        ScenarioError: An arm's settings do not fit the scenario.
    """
    whole("world", world, 0, 2**32 - 1)
    market, designs = found_scenario(scenario), checked_designs(design)
    if len(designs) > 1:
        raise NoTest(f"one test at a time: the file holds {', '.join(designs)}")
    (name, one), *_ = designs.items()
    try:
        lived = live_through(world_plan(market, designs, seed, aa=aa), world)
    except ValueError as problem:
        raise NoTest(str(problem)) from problem
    assigned, measured = lived.assigned[name]
    if len(assigned.arms) > 1:
        raise NoTest(f"randomize: {one.kind} changes arms within the test, so that a row a customer does not hold it")
    columns: dict[str, Any] = {"customer": np.arange(1, len(lived.segment) + 1)}
    columns["arm"] = np.array(list(one.head.shares))[assigned.arms[0] - 1]
    columns["segment"] = np.array(lived.segments)[lived.segment]
    for label in ("cluster", "saturation"):
        if getattr(assigned, label) is not None:
            columns[label] = getattr(assigned, label)
    frame = pd.DataFrame({**columns, **lived.before, **measured.columns})
    frame.attrs["truth"] = {
        column: float(np.mean(lived.everybody.columns[column] - lived.nobody.columns[column])) for column in measured.columns
    }
    return frame
