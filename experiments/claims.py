"""A scenario's claims beside what was simulated, as rows of the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from regulars.analysis.claims import Simulated, over_draws, simulated, verdict
from regulars.scenarios.claims import impossible
from regulars.scenarios.scenario import Scenario
from regulars.sim import catalog

from .cautions import TIMES, left_tickets


def claim_rows(
    scenario: Scenario,
    after: Mapping[str, np.ndarray],
    before: Mapping[str, np.ndarray] | None = None,
    drawn: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
) -> list[dict[str, Any]]:
    """Each claim on the scenario in each of its readings, beside what was simulated.

    Args:
        scenario: Whose claims.
        after: Its KPIs, shape (replications,).
        before: Those of the baseline, paired; without one only levels are told.
        drawn: KPIs of the baseline and of the scenario over draws of uncertain parameters.
    """
    units, rows = {one.type: one.unit for one in catalog.kpis()}, []
    for name, claim in scenario.claims.items():
        for reading, value in claim.readings.given().items():
            if before is None and reading != "level":
                continue
            base = (after if before is None else before)[claim.kpi]
            found = simulated(reading, base, after[claim.kpi])
            if drawn and claim.kpi in drawn:
                found = replace(found, ci95_all=over_draws(reading, *drawn[claim.kpi]))
            start = base[np.isfinite(base)]
            caution = left_tickets(after) if claim.kpi in TIMES else []
            why = impossible(claim.kpi, reading, value, float(start.mean()), claim.bound) if len(start) else None
            if why and drawn and claim.kpi in drawn:
                # A claim may fit a market that was drawn though not the one of the values in use.
                starts = drawn[claim.kpi][0]
                if any(not impossible(claim.kpi, reading, value, float(one), claim.bound) for one in starts[np.isfinite(starts)]):
                    why = None
            rows.append(
                {
                    "name": name,
                    "kpi": claim.kpi,
                    "unit": units[claim.kpi],
                    "wording": claim.wording,
                    "reading": reading,
                    "bound": claim.bound,
                    "claimed": value,
                    "simulated": found.value,
                    "ci95": found.ci95 and list(found.ci95),
                    "ci95_all": found.ci95_all and list(found.ci95_all),
                    "verdict": "not_possible" if why else _verdict(value, found, claim.bound, cautioned=bool(caution)),
                    "reason": why,
                    "caution": caution[0] if caution else None,
                    "source": claim.source,
                }
            )
    return rows


def _verdict(value: float, found: Simulated, bound: str, *, cautioned: bool) -> str:
    told = verdict(value, found, bound)
    # Nobody keeps a promise to those who were answered alone.
    return "open" if told == "kept" and cautioned else told
