"""Points KPIs by hand."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.sim import catalog
from regulars.sim.programs.points import Points
from regulars.sim.world.totals import Series, Totals
from regulars.sim.world.world import declared

KPIS = {one.type: one() for one in catalog.kpis()}


def series(weeks: list[dict[str, int]]) -> Series:
    program = Points(Points.Params.model_validate({"catalog": {"gift": {"points": 1, "face_value": 1.0, "unit_cost": 1.0}}}))
    totals = Totals(declared([*KPIS.values(), program]), 1, 3)
    for week in weeks:
        for name, amount in week.items():
            totals.data[totals.weeks, totals.place[name], 0] = amount * totals.declared[name].scale
        totals.close_week()
    return totals.horizon()


WEEKS = [
    {"points_issued": 600, "points_outstanding": 550, "points_redeemed": 50, "points_liability": 7, "members": 4},
    {"points_issued": 400, "points_redeemed": 150, "points_expired": 100, "points_outstanding": 700, "points_liability": 9, "members": 6},
]


@pytest.mark.parametrize(
    ("kpi", "value"),
    [
        ("points_issued", 1000), ("points_redeemed", 200), ("points_expired", 100), ("points_outstanding", 700),
        ("points_liability", 9), ("members", 6), ("breakage_rate", 0.8), ("redemption_rate", 0.2),
    ],
)  # fmt: skip
def test_a_points_kpi_follows_its_definition(kpi, value):
    assert KPIS[kpi].value(series(WEEKS))[0, -1] == pytest.approx(value)


def test_breakage_of_nothing_is_no_number():
    assert np.isnan(KPIS["breakage_rate"].value(series([{}]))[0, -1])


def test_without_a_program_there_are_no_points_and_no_rates():
    totals = Totals(declared(KPIS.values()), 1, 1)
    totals.close_week()
    nothing = totals.weekly()
    issued = nothing.value(KPIS["points_issued"])
    assert issued is not None and issued[0, -1] == 0.0
    assert nothing.value(KPIS["breakage_rate"]) is None
