"""Health lights: each warns where it should, and is silent where it should be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from regulars.analysis.abtest import analyze
from regulars.analysis.health import Light, balance, level_of, missing_outcomes, sample_ratio
from regulars.analysis.plan import Guardrail, Looks, Metric, Plan
from regulars.analysis.rows import rows_of

M = Metric("mean", {"value": "m"})


def plan(**more: Any) -> Plan:
    given: dict[str, Any] = {"unit": "u", "arm": "arm", "control": "c", "metrics": {"m": M}, **more}
    return Plan(**given)


def frame(n: int = 400, *, seed: int = 1, share: float = 0.5, **more: Any) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    arm = np.where(rng.random(n) < share, "t", "c")
    return pd.DataFrame({"u": np.arange(n), "arm": arm, "m": rng.gamma(2.0, 5.0, n), "pre": rng.normal(size=n), **more})


def light(data: pd.DataFrame, by: Plan, name: str) -> Light:
    found = analyze(data, by).light(name)
    assert found is not None
    return found


def test_shares_of_the_microsoft_example_are_broken():
    # Kohavi, Tang & Xu (2020): 821,588 against 815,482 users, p = 1.8e-6.
    data = pd.DataFrame({"u": np.arange(1_637_070), "arm": np.repeat(["c", "t"], [821_588, 815_482]), "m": 1.0})
    by = plan(expected_shares={"c": 0.5, "t": 0.5})
    found = sample_ratio(rows_of(data, by), by)
    assert found.level == "bad"
    assert found.numbers["p_value"] == pytest.approx(1.8e-6, rel=0.03)


def test_a_planned_uneven_split_is_no_mismatch():
    data = frame(4000, share=0.1)
    assert light(data, plan(expected_shares={"c": 0.9, "t": 0.1}), "sample_ratio").level == "ok"
    found = light(data, plan(), "sample_ratio")
    assert found.level == "warn"
    assert "the plan states no expected_shares" in found.sentence


def test_sample_ratio_counts_clusters_where_those_were_assigned():
    data = frame(300)
    data["store"] = np.where(data["arm"] == "c", data["u"] % 4, 10 + data["u"] % 5)
    by = plan(cluster="store", expected_shares={"c": 0.5, "t": 0.5})
    assert sample_ratio(rows_of(data, by), by).numbers["assigned"] == {"c": 4, "t": 5}


def test_unequal_arms_before_the_test_are_found_and_equal_ones_are_not():
    data = frame(1000)
    assert light(data, plan(covariates=("pre",)), "balance").level == "ok"
    data.loc[data["arm"] == "t", "pre"] += 0.5
    found = light(data, plan(covariates=("pre",)), "balance")
    assert found.level == "bad"
    assert "pre of t is +0." in found.sentence


def test_balance_cries_wolf_as_often_as_stated():
    # Family of three covariates, family-wise at 1 %.
    by, worlds, alarms = plan(covariates=("pre", "x", "y")), 400, 0
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        found = balance(rows_of(frame(100, seed=seed, x=rng.normal(size=100), y=rng.normal(size=100)), by), by)
        assert found is not None
        alarms += found.level != "ok"
    # False alarm of this check: 0.1 %.
    assert alarms <= binom.ppf(0.999, worlds, 0.01)


def test_outcomes_missing_more_often_in_one_arm_are_bad_and_counted():
    data = frame(2000)
    data.loc[(data["arm"] == "t") & (data["u"] % 10 == 0), "m"] = np.nan
    found = analyze(data, plan())
    told = found.light("missing_outcomes")
    assert told is not None
    assert told.level == "bad"
    assert found.missing == {"m": {"t": int(np.isnan(np.asarray(data["m"])).sum())}}


def test_outcomes_missing_alike_are_shown_without_alarm():
    data = frame(2000)
    data.loc[data["u"] % 10 == 0, "m"] = np.nan
    found = light(data, plan(), "missing_outcomes")
    assert found.level == "ok"
    assert "left out of its metric" in found.sentence


def test_outcomes_missing_by_whole_clusters_are_compared_by_clusters():
    data = frame(2000)
    data["store"] = np.where(data["arm"] == "c", 0, 50) + data["u"] % 50
    data.loc[data["store"] == 60, "m"] = np.nan
    by = plan(cluster="store")
    # By rows 40 against 0 would be far from chance; one store of fifty is not.
    assert missing_outcomes(rows_of(data, by), by).level == "ok"


def test_one_row_that_carries_the_difference_is_named():
    data = frame(500)
    data.loc[17, "m"] = 1e5
    found = light(data, plan(), "outliers")
    assert found.level == "warn"
    assert "in row 18" in found.sentence
    assert light(frame(500), plan(), "outliers").level == "ok"
    capped = plan(metrics={"m": Metric("mean", {"value": "m"}, options={"winsorize": 0.99})})
    assert analyze(data, capped).light("outliers") is None


def test_a_column_assigned_as_a_whole_warns_loudly():
    data = frame(600)
    data["store"] = np.where(data["arm"] == "c", "a", "b") + (data["u"] % 8).astype(str)
    found = analyze(data, plan())
    told = found.light("units_of_assignment")
    assert told is not None
    assert told.level == "bad"
    assert "ROWS ARE NOT THE UNITS OF ASSIGNMENT" in told.sentence
    assert "cluster: store" in told.sentence
    assert "DO NOT RELY ON IT" in found.table()
    assert light(data, plan(cluster="store"), "units_of_assignment").level == "ok"


def test_repeated_units_warn_loudly_unless_the_plan_has_weeks():
    data = frame(200)
    twice = pd.concat([data.assign(week=1), data.assign(week=2)])
    assert light(twice, plan(), "units_of_assignment").level == "bad"
    assert light(twice, plan(week="week"), "units_of_assignment").level == "ok"


@pytest.mark.parametrize(("stores", "level"), [(10, "warn"), (25, "ok")])
def test_few_clusters_warn_and_get_a_permutation_p_beside(stores, level):
    data = frame(1000)
    data["store"] = np.where(data["arm"] == "c", 0, stores) + data["u"] % stores
    found = analyze(data, plan(cluster="store"))
    told = found.light("clusters")
    assert told is not None
    assert told.level == level
    assert ("permutation" in found.comparisons["m"]["t"].contrast.beside) == (level == "warn")


def test_an_unplanned_look_is_bad_and_a_planned_one_is_not():
    assert light(frame(), plan(looks=Looks(5, 6)), "looks").level == "bad"
    assert light(frame(), plan(looks=Looks(5, 5)), "looks").level == "ok"


def test_harm_beyond_a_guardrail_is_bad():
    data = frame(2000)
    data["bad"] = 10 + data["m"] / 10 + 2.0 * (data["arm"] == "t")
    harm = Guardrail(Metric("mean", {"value": "bad"}), 0.02, relative=True)
    assert light(data, plan(guardrails={"bad": harm}), "guardrails").level == "bad"


def test_levels_follow_the_p_value():
    assert [level_of(p) for p in (None, 0.5, 0.005, 0.0005)] == ["ok", "ok", "warn", "bad"]
