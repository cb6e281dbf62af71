"""Rows of a test: what is refused, what is left out and counted, what is read as what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from regulars.analysis.data_faults import DataError
from regulars.analysis.nested import constant_within
from regulars.analysis.plan import Metric, Plan
from regulars.analysis.rows import rows_of


def plan(**more: Any) -> Plan:
    given: dict[str, Any] = {"unit": "u", "arm": "arm", "control": "c", "metrics": {"m": Metric("mean", {"value": "m"})}, **more}
    return Plan(**given)


def frame(n: int = 20, **more: Any) -> pd.DataFrame:
    return pd.DataFrame({"u": np.arange(n), "arm": ["c", "t"] * (n // 2), "m": np.arange(n, dtype=float), **more})


def faults(data: pd.DataFrame, by: Plan) -> str:
    with pytest.raises(DataError) as error:
        rows_of(data, by)
    return str(error.value)


def test_rows_are_sorted_by_arm_and_keep_their_place():
    rows = rows_of(frame(), plan())
    assert rows.arms == ("c", "t")
    assert rows.numbers["m"][rows.part(1)].tolist() == list(range(1, 20, 2))
    assert rows.order[rows.part(1)].tolist() == list(range(1, 20, 2))


def test_all_missing_columns_are_told_at_once_with_the_nearest_name():
    told = faults(frame(store=1), plan(cluster="stor", metrics={"m": Metric("mean", {"value": "margin"})}))
    assert "no column 'stor'. Did you mean 'store'?" in told
    assert "no column 'margin'" in told


def test_a_control_in_another_spelling_is_refused_with_the_right_one():
    assert "no row has 'C' in column 'arm'. Did you mean 'c'?" in faults(frame(), plan(control="C"))


def test_an_arm_that_the_plan_does_not_expect_is_refused_with_its_rows():
    data = frame()
    data.loc[[3, 5], "arm"] = "t2"
    told = faults(data, plan(expected_shares={"c": 0.5, "t": 0.5}))
    assert "arm 't2' (2 rows) is not in the plan's expected_shares. Did you mean 't'?" in told


def test_one_arm_alone_is_refused():
    assert "only one arm" in faults(frame().assign(arm="c"), plan())


def test_many_arms_are_no_arms():
    assert "200 different values" in faults(frame(200).assign(arm=np.arange(200).astype(str)), plan())


@pytest.mark.parametrize(("value", "says"), [("abc", "must hold numbers, not 'abc' in row 4"), (np.inf, "must hold finite numbers")])
def test_a_measure_that_is_no_number_is_named_with_its_row(value, says):
    data = frame()
    data["m"] = data["m"].astype(object)
    data.loc[3, "m"] = value
    assert says in faults(data, plan())


@pytest.mark.parametrize("nothing", ["", "NA", "n/a", "null", None])
def test_texts_that_stand_for_nothing_are_missing_numbers(nothing):
    data = frame()
    data["m"] = data["m"].astype(object)
    data.loc[3, "m"] = nothing
    rows = rows_of(data, plan())
    assert int(np.isnan(rows.numbers["m"]).sum()) == 1


def test_a_proportion_that_is_not_0_or_1_is_refused():
    assert "must be 1 where it holds and 0 where not" in faults(frame(), plan(metrics={"m": Metric("proportion", {"value": "m"})}))


def test_negative_durations_are_refused():
    metric = Metric("survival", {"duration": "m", "event": "e"}, options={"horizon": 2})
    assert "times of 0 or more, not -5" in faults(frame(e=0).assign(m=-5.0), plan(metrics={"m": metric}))


def test_no_rows_and_doubled_columns_are_refused():
    assert "no rows" in faults(frame().iloc[:0], plan())
    data = frame()
    assert "column 'm' stands 2 times" in faults(pd.concat([data, data[["m"]]], axis=1), plan())


def test_a_unit_in_two_arms_is_refused():
    data = frame()
    data.loc[1, "u"] = 0
    assert "must give each unit one arm" in faults(data, plan())


def test_a_cluster_in_two_arms_is_refused():
    assert "must give each cluster one arm" in faults(frame(store=7), plan(cluster="store"))


def test_repeated_units_become_clusters_and_are_counted():
    data = frame()
    rows = rows_of(pd.concat([data, data.iloc[[2]], data.iloc[[5]].assign(m=99.0)]), plan())
    assert (rows.repeated, rows.identical) == (2, 1)
    assert rows.cluster is not None
    assert rows.assigned == (10, 10)


def test_rows_without_arm_or_unit_are_counted_and_no_other_is_lost():
    data = frame()
    data["u"] = data["u"].astype(object)
    data.loc[0, "arm"], data.loc[1, "arm"], data.loc[2, "u"] = None, "", None
    rows = rows_of(data, plan())
    assert sum(rows.dropped.values()) == 3
    assert len(rows) == 17


@pytest.mark.parametrize(
    ("arm", "control"),
    [
        (pd.Categorical(["c", "t"] * 10), "c"),
        ([0, 1] * 10, "0"),
        ([0.0, 1.0] * 10, "0"),
        (pd.array([0, 1] * 10, dtype="Int64"), "0"),
        ([False, True] * 10, "False"),
        (["old plan ", "Neu Ä"] * 10, "old plan "),
    ],
)
def test_arms_of_any_type_are_their_texts(arm, control):
    rows = rows_of(frame(arm=arm), plan(control=control))
    assert rows.arms[0] == control
    assert rows.assigned == (10, 10)


@pytest.mark.parametrize("measure", [pd.array([1, None] * 10, dtype="Int64"), pd.array([True, None] * 10, dtype="boolean")])
def test_nullable_columns_have_missing_values(measure):
    assert int(np.isnan(rows_of(frame(m=measure), plan()).numbers["m"]).sum()) == 10


def test_a_column_that_was_assigned_as_a_whole_is_found():
    data = frame(200)
    data["store"] = [f"{arm}{at % 6}" for at, arm in enumerate(data["arm"])]
    data["tier"] = [at % 5 for at in range(200)]
    assert [name for name, _ in constant_within(data, rows_of(data, plan()), plan())] == ["store"]


def test_columns_of_units_assigned_one_by_one_are_not_taken_for_clusters():
    rng = np.random.default_rng(1)
    data = frame(400, store=rng.integers(0, 30, 400), email=[f"a{at}" for at in range(400)], variant=["x", "y"] * 200)
    data["arm"] = rng.permutation(data["arm"].to_numpy())
    data["variant"] = np.where(data["arm"] == "c", "old", "new")
    assert list(constant_within(data, rows_of(data, plan()), plan())) == []


@pytest.mark.parametrize(("value", "says"), [(1e300, "must hold numbers within"), (1j, "must hold numbers, not 1j")])
def test_numbers_that_cannot_be_reckoned_with_are_refused(value, says):
    data = frame()
    data["m"] = data["m"].astype(object)
    data.loc[3, "m"] = value
    assert says in faults(data, plan())


@pytest.mark.parametrize("unit", [1e300, np.inf, [1], b"x"])
def test_units_of_odd_types_are_their_texts(unit):
    data = frame()
    data["u"] = data["u"].astype(object)
    data.at[3, "u"] = unit
    assert rows_of(data, plan()).assigned == (10, 10)
