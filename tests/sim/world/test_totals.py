"""Weekly totals: flows add up, stocks keep their last value, and what nobody records is absent."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.sim.core.component import Kpi
from regulars.sim.core.declare import flow, stock
from regulars.sim.world.totals import Absent, Totals, ratio

SALES = flow("sales", unit="money", doc="Sales.", scale=100)
THERE = stock("there", unit="people", doc="People there.")


def two_weeks() -> Totals:
    totals = Totals([SALES, THERE], 2, 3)
    totals.add("sales", np.array([100, 200], np.int64))
    totals.add("sales", 50)
    totals.set("there", np.array([5, 6], np.int64))
    totals.close_week()
    totals.add("sales", np.array([10, 20], np.int64))
    totals.set("there", np.array([4, 6], np.int64))
    totals.close_week()
    return totals


def test_a_series_is_in_its_unit_by_week_and_segment_with_all_last():
    sales = two_weeks().weekly().sales
    assert sales.tolist() == [[1.0, 2.0, 3.5], [0.1, 0.2, pytest.approx(0.3)]]


def test_over_the_horizon_flows_add_up_and_stocks_are_the_last():
    horizon = two_weeks().horizon()
    assert horizon.sales.tolist() == [[1.1, 2.2, 3.8]]
    assert horizon.there.tolist() == [[4.0, 6.0, 10.0]]


def test_what_nobody_records_is_absent_not_zero():
    series = two_weeks().weekly()
    assert "sales" in series and "tickets" not in series
    with pytest.raises(Absent, match="tickets"):
        _ = series.tickets


class _Given(Kpi):
    """Reads what it is told to, outside the catalog."""

    def __init__(self, name: str, absent: float | None) -> None:
        super().__init__()
        self._total, self.absent = name, absent  # type: ignore[misc]

    def value(self, totals):
        return getattr(totals, self._total)


def test_a_kpi_without_its_mechanism_is_none_or_its_declared_value():
    series = two_weeks().weekly()
    assert series.value(_Given("tickets", None)) is None
    nought = series.value(_Given("tickets", 0.0))
    assert nought is not None and nought.tolist() == [[0.0] * 3] * 2


def test_a_ratio_to_nothing_is_not_a_number():
    assert ratio(np.array([1.0, 6.0]), np.array([2.0, 0.0])).tolist() == [0.5, pytest.approx(np.nan, nan_ok=True)]


def test_a_run_beyond_its_horizon_finds_room():
    totals = Totals([SALES], 1, 2)
    for week in range(5):
        totals.add("sales", week)
        totals.close_week()
    assert totals.recorded()[:, 0, 1].tolist() == [0, 1, 2, 3, 4]


def test_another_list_of_totals_takes_over_what_both_know():
    longer = Totals([flow("new", unit="1", doc="New."), SALES], 2, 3)
    longer.adopt(two_weeks())
    assert longer.weeks == 2
    assert longer.weekly().sales[:, -1].tolist() == [3.5, pytest.approx(0.3)]
    assert longer.weekly().new.sum() == 0.0


def test_a_copy_is_independent():
    totals = two_weeks()
    twin = totals.copy()
    twin.add("sales", 999)
    assert totals.so_far("sales") == 380


def test_the_sum_so_far_holds_closed_weeks_and_the_running_one():
    totals = two_weeks()
    totals.add("sales", 7)
    assert totals.so_far("sales") == totals.data[:, totals.place["sales"]].sum() == 387
    twin = totals.copy()
    twin.close_week()
    twin.add("sales", 3)
    assert (twin.so_far("sales"), totals.so_far("sales")) == (390, 387)
    longer = Totals([flow("new", unit="1", doc="New."), SALES], 2, 3)
    longer.adopt(totals)
    assert longer.so_far("sales", "new") == 387


@pytest.mark.parametrize("names", [("b", "c"), ("a", "c"), ("c", "a"), ("c",)])
def test_totals_of_a_week_are_reached_together_wherever_they_were_declared(names):
    totals = Totals([flow(name, unit="1", doc="Counted.") for name in "abc"], 2, 1)
    amounts = np.array([[1, 10], [2, 20]], np.int64)[:, : len(names)]
    totals.add_each(names, amounts)
    totals.add_each(names, amounts)
    for at, name in enumerate(names):
        assert totals.data[0, totals.place[name]].tolist() == [*(2 * amounts[:, at]), 0]
    assert totals.of_week(names)[:, :2].T.tolist() == (2 * amounts).tolist()
    totals.set_each(names, amounts)
    assert totals.of_week(names)[:, :2].T.tolist() == amounts.tolist()
    assert totals.data.sum() == amounts.sum()
