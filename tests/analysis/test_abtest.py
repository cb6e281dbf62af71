"""The analysis of a test by its plan. Expected numbers: tests/golden/ab (statsmodels, scipy), or the estimators by themselves."""

from __future__ import annotations

import json
import time
from typing import Any

import golden_kinds
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from regulars.analysis.abtest import analyze
from regulars.analysis.decision import Stakes, decide
from regulars.analysis.multiplicity import adjust
from regulars.analysis.plan import Guardrail, Looks, Metric, Plan

M = Metric("mean", {"value": "m"})


def plan(**more: Any) -> Plan:
    given: dict[str, Any] = {"unit": "u", "arm": "arm", "control": "c", "metrics": {"m": M}, **more}
    return Plan(**given)


def frame(n: int = 600, *, seed: int = 1, arms: tuple[str, ...] = ("c", "t"), effect: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    arm = rng.choice(np.array(arms), n)
    pre = rng.gamma(2.0, 5.0, n)
    return pd.DataFrame({
        "u": np.arange(n), "arm": arm, "pre": pre, "m": pre + rng.normal(size=n) + effect * (arm != arms[0]),
        "kept": (rng.random(n) < 0.6).astype(int), "orders": rng.poisson(2, n), "visits": rng.poisson(8, n) + 1,
        "months": rng.integers(1, 9, n), "left": rng.integers(0, 2, n), "store": np.where(arm == arms[0], 0, 30) + rng.integers(0, 30, n),
    })  # fmt: skip


EVERYTHING = {
    "m": Metric("mean", {"value": "m", "covariate": "pre"}),
    "kept": Metric("proportion", {"value": "kept"}),
    "rate": Metric("ratio", {"numerator": "orders", "denominator": "visits"}),
    "stay": Metric("survival", {"duration": "months", "event": "left"}, options={"horizon": 6}),
    "median": Metric("quantile", {"value": "m"}),
}


def test_the_golden_mean_comes_out_of_rows_and_plan():
    data = pd.read_csv(golden_kinds.GOLDEN / "ab/c01_mean/data.csv")
    expected = json.loads((golden_kinds.GOLDEN / "ab/c01_mean/expected.json").read_text())["expected"]
    by = Plan("unit", "arm", "control", {"revenue": Metric("mean", {"value": "revenue"})})
    found = analyze(data, by).document()["metrics"]["revenue"]["treatment"]
    places = {"difference": "diff", "p_value": "p_welch", "ci": "ci_welch", "relative": "rel_lift", "relative_ci": "rel_ci_log_t"}
    for place, quantity in places.items():
        assert found[place] == pytest.approx(expected[quantity]["value"], rel=1e-8), place


@pytest.mark.parametrize("cluster", [None, "store"])
def test_each_metric_is_its_estimator_on_the_arms(cluster):
    data = frame()
    found = analyze(data, plan(metrics=EVERYTHING, cluster=cluster))
    from regulars.analysis.estimators import Sample

    for name, metric in EVERYTHING.items():
        samples = [
            Sample({role: np.asarray(part[column], float) for role, column in metric.columns.items()},
                   None if cluster is None else np.asarray(part[cluster]))
            for part in (data[data["arm"] == "c"], data[data["arm"] == "t"])
        ]  # fmt: skip
        alone = metric.estimator().contrast(*samples, alpha=0.05)
        told = found.comparisons[name]["t"]
        assert told.contrast.difference.value == pytest.approx(alone.difference.value)
        assert told.p_value == pytest.approx(alone.p_value, rel=1e-9) if alone.p_value is not None else told.p_value is None


def test_adjusted_p_values_are_those_of_the_family_of_metrics_and_arms():
    found = analyze(frame(arms=("c", "t", "v")), plan(metrics=EVERYTHING, multiplicity="bonferroni"))
    told = [one for by_arm in found.comparisons.values() for one in by_arm.values()]
    assert len(told) == 10
    assert [one.p_adjusted for one in told] == pytest.approx(adjust([float(one.p_value or 0) for one in told], "bonferroni"))


def test_rejections_of_a_useless_program_stay_at_the_level_of_the_family():
    worlds, family = 300, 0
    metrics = {name: EVERYTHING[name] for name in ("m", "kept", "rate")}
    for seed in range(worlds):
        found = analyze(frame(200, seed=seed, arms=("c", "t", "v")), plan(metrics=metrics))
        family += any((one.p_adjusted or 1.0) < 0.05 for by_arm in found.comparisons.values() for one in by_arm.values())
    # Six comparisons at 5 % each would reject in about a quarter of the worlds. False alarm of this check: 0.1 %.
    assert family <= binom.ppf(0.999, worlds, 0.05)


def test_repeated_looks_keep_the_level_that_ordinary_p_values_lose():
    worlds, kept, lost = 300, 0, 0
    for seed in range(worlds):
        data = frame(500, seed=seed)
        parts = [data.iloc[: 100 * taken] for taken in range(1, 6)]
        looks = [analyze(part, plan(looks=Looks(5, at + 1, "pocock"))).comparisons["m"]["t"] for at, part in enumerate(parts)]
        plain = [analyze(part, plan()).comparisons["m"]["t"] for part in parts]
        kept += any((one.p_value or 1.0) < 0.05 for one in looks)
        lost += any((one.p_value or 1.0) < 0.05 for one in plain)
    # Armitage, McPherson & Rowe (1969): 14.2 % at five looks. False alarm of either check: 0.1 %.
    assert kept <= binom.ppf(0.9995, worlds, 0.05)
    assert binom.ppf(0.0005, worlds, 0.142) <= lost <= binom.ppf(0.9995, worlds, 0.142)


def test_intervals_of_a_look_agree_with_its_p_value():
    for effect in (0.0, 1.0, 2.0, 3.0):
        one = analyze(frame(effect=effect), plan(looks=Looks(5, 2))).comparisons["m"]["t"]
        assert one.contrast.difference.interval is not None
        low, high = one.contrast.difference.interval
        assert one.p_value is not None
        assert (one.p_value < 0.05) == (low > 0.0 or high < 0.0)


@pytest.mark.parametrize(
    ("margin", "better", "change", "holds"),
    [(-0.05, None, -0.01, True), (-0.05, None, -0.2, False), (-0.05, None, 0.2, True), (0.05, None, 0.2, False), (0.05, None, -0.2, True),
     (-0.05, "lower", 0.2, False), (-0.05, "lower", -0.2, True), (0.05, "higher", -0.2, False)],
)  # fmt: skip
def test_guardrails_hold_by_the_direction_of_harm(margin, better, change, holds):
    data = frame(20_000)
    data["g"] = 10 + data["m"] / 10 + (data["arm"] == "t") * change * 10
    guardrail = Guardrail(Metric("mean", {"value": "g"}), margin, relative=True, better=better)
    found = analyze(data, plan(guardrails={"g": guardrail}))
    test = found.guardrails["g"]["t"].test
    assert test is not None
    assert test.holds == holds
    rises = guardrail.signed > 0
    assert f"must not {'rise' if rises else 'fall'} by 5 % of control" in found.table()


def test_refused_metrics_say_why_and_the_others_answer():
    data = frame().assign(same=3.0)
    found = analyze(data, plan(metrics={"same": Metric("mean", {"value": "same"}), "m": M}))
    assert found.comparisons["same"]["t"].p_value is None
    assert found.comparisons["m"]["t"].p_value is not None
    assert any("same of t: no interval, the values do not vary" in one for one in found.warnings)


def test_an_arm_of_one_unit_is_refused_with_its_reason():
    data = frame(50)
    data["arm"] = ["t", *["c"] * 49]
    assert any("only one unit" in one for one in analyze(data, plan()).warnings)


def test_every_row_is_analyzed_or_counted():
    data = frame(300)
    data.loc[:4, "arm"] = None
    data.loc[5:7, "m"] = np.nan
    document = analyze(data, plan()).document()
    assert document["rows"]["read"] == 300
    assert document["rows"]["analyzed"] == 295
    assert sum(document["rows"]["dropped"].values()) == 5
    assert sum(document["rows"]["missing_outcomes"]["m"].values()) == 3
    assert document["metrics"]["m"]["t"]["n"] == 292
    assert any("5 rows without arm" in one for one in document["warnings"])


def test_the_document_is_strict_json_with_the_promised_places():
    data = frame(arms=("c", "t", "v")).assign(week=1)
    by = plan(metrics=EVERYTHING, guardrails={"g": Guardrail(M, -0.02, True)}, looks=Looks(5, 1), strata=("kept",), week="week")
    document = json.loads(json.dumps(analyze(data, by, details=True).document(), allow_nan=False))
    assert document["health"]["srm_p_value"] is not None
    places = {"control", "treatment", "difference", "ci", "p_value", "p_adjusted", "relative", "relative_ci", "method", "estimand", "n"}
    for name in EVERYTHING:
        for arm in ("t", "v"):
            assert places <= set(document["metrics"][name][arm])
            assert document["details"][name][arm]


def test_a_missing_covariate_takes_its_mean_and_keeps_the_row():
    data = frame()
    data.loc[:9, "pre"] = np.nan
    found = analyze(data, plan(metrics={"m": EVERYTHING["m"]}))
    assert found.comparisons["m"]["t"].contrast.difference.n == 600
    assert any("10 rows without pre" in one for one in found.warnings)


def test_a_shuffle_of_rows_changes_nothing():
    data = frame()
    one, other = (analyze(each, plan(metrics=EVERYTHING)).document() for each in (data, data.sample(frac=1.0, random_state=1)))
    for name in EVERYTHING:
        assert one["metrics"][name]["t"]["difference"] == pytest.approx(other["metrics"][name]["t"]["difference"])
        assert one["metrics"][name]["t"]["p_value"] == pytest.approx(other["metrics"][name]["t"]["p_value"], rel=1e-6)


def test_the_table_cannot_steer_the_terminal():
    data = frame()
    data["arm"] = data["arm"].replace({"t": "t\x1b[31m\n"})
    assert "\x1b" not in analyze(data, plan()).table()


def test_a_million_rows_and_five_metrics_are_analyzed_in_five_seconds():
    data = frame(1_000_000)
    metrics = {**EVERYTHING, "orders": Metric("mean", {"value": "orders"})}
    del metrics["median"]
    start = time.process_time()
    analyze(data, plan(metrics=metrics, expected_shares={"c": 0.5, "t": 0.5}))
    assert time.process_time() - start < 5.0


def test_the_decision_is_that_of_the_primary_metric_and_its_error():
    stakes = Stakes(customers=100_000.0, fixed_cost=20_000.0)
    found = analyze(frame(arms=("c", "t", "v"), effect=0.5), plan(metrics=EVERYTHING, decision=stakes))
    assert found.decision is not None
    assert set(found.decision) == {"t", "v"}
    gap = found.comparisons["m"]["t"].contrast.gap
    assert gap is not None
    assert found.decision["t"] == decide(gap.value, gap.se, stakes, units=1.0)
    assert found.decision["t"].sentence in found.table().replace("\n", " ")
    assert json.loads(json.dumps(found.document(), allow_nan=False))["decision"]["t"]["action"] == found.decision["t"].action


def test_a_test_that_cannot_be_trusted_says_so_beside_its_decision():
    data = frame()
    twice = pd.concat([data, data])
    text = analyze(twice, plan(decision=Stakes(customers=1000.0))).table()
    assert "DO NOT RELY ON IT" in text.split("\n\n")[0].replace("\n", " ")


def test_without_stakes_there_is_no_decision():
    assert analyze(frame(), plan()).decision is None
    assert "decision" not in analyze(frame(), plan()).document()
