"""Tests that are looked at before their end: when they stop, and how often they find what is not there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr

from regulars.analysis.sequential import bounds

from .design import Design
from .readings.reading import Reading, answer_of, compared
from .worlds import Market, World

BEFORE = {"orders": "orders_before", "spend": "spend_before", "margin": "spend_before"}


def looked(world: World, name: str, design: Design, known: Mapping[str, Reading]) -> tuple[float, ...] | None:
    """How a test with looks goes in one world, by O'Brien-Fleming spending over the weeks (Lan & DeMets 1983).

    It is read by the means of the arms, by cluster where clusters were assigned, with CUPED where a design of individuals is not told
    otherwise; and ends at the first look whose p-value is below that look's level, else after its last week.

    Returns:
        Week of the end; whether an effect was found (1 or 0); with nobody treated, whether one was found, and whether one would have been
        with each look read at the design's own level. None without looks, where arms change in the test, or where the primary metric is
        only known at the end.
    """
    head, (assigned, market) = design.head, world.assigned[name]
    column = next(iter(head.metrics.values())).column
    weeks = [week for week in head.looks if week < head.weeks]
    if not weeks or column not in BEFORE or len(assigned.arms) > 1 or assigned.saturation is not None:
        return None
    cuped = design.kind == "individual" and (not head.estimators or "cuped" in head.estimators)
    limits = bounds([week / head.weeks for week in (*weeks, head.weeks)], alpha=head.alpha)
    levels = 2.0 * ndtr(-limits)

    def p_values(what: Market) -> np.ndarray:
        found = []
        for values in (*(what.so_far[week][column] for week in weeks), what.columns[column]):
            columns = {"value": values, "covariate": world.before[BEFORE[column]]} if cuped else {"value": values}
            try:
                contrast = compared("mean", columns, assigned.arms[0], alpha=head.alpha, cluster=assigned.cluster)
            except ValueError:
                # A look at which nothing can be read ends nothing.
                found.append(1.0)
                continue
            answer = answer_of(contrast)
            found.append(1.0 if answer.p_value is None else answer.p_value)
        return np.array(found)

    shown, null = p_values(market), p_values(world.nobody)
    hits = np.flatnonzero(shown < levels)
    end = (*weeks, head.weeks)[hits[0]] if len(hits) else head.weeks
    return float(end), float(len(hits) > 0), float((null < levels).any()), float((null < head.alpha).any())
