"""The plan of a test: what it means, and what is told where it is wrong."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from regulars.analysis.plan import Plan
from regulars.experiments.abtest_plan import plan_of, read_plan
from regulars.scenarios import ScenarioError

PLAIN: dict[str, Any] = {"unit": "u", "arm": "arm", "control": "c", "metrics": {"m": {"kind": "mean", "column": "m"}}}

WHOLE = """\
unit: customer_id
arm: arm
control: control
metrics:
  margin: {kind: mean, column: margin, covariate: margin_pre, winsorize: 0.99}
  retained: {kind: proportion, column: retained}
  order_rate: {kind: ratio, numerator: orders, denominator: visits}
  churn: {kind: survival, duration: months, event: churned, horizon: 6}
guardrails: {complaints: {kind: mean, column: complaints, margin: -0.02, relative: true}}
cluster: store
strata: tier
expected_shares: {control: 0.5, treatment: 0.5}
alpha: 0.05
multiplicity: holm
looks: {spending: obrien_fleming, planned: 5, taken: 1}
"""


def told(data: Any) -> str:
    with pytest.raises(ScenarioError) as error:
        plan_of(data)
    return str(error.value)


def test_a_plan_of_every_part_is_read(tmp_path: Path):
    file = tmp_path / "plan.yaml"
    file.write_text(WHOLE)
    plan = read_plan(file).plan
    assert list(plan.metrics) == ["margin", "retained", "order_rate", "churn"]
    assert plan.metrics["margin"].columns == {"value": "margin", "covariate": "margin_pre"}
    assert plan.metrics["margin"].options == {"winsorize": 0.99}
    assert plan.metrics["churn"].estimator().options["horizon"] == 6
    assert plan.guardrails["complaints"].signed == -0.02
    assert plan.guardrails["complaints"].rule == "must not fall by 2 % of control or more"
    assert (plan.cluster, plan.strata, plan.multiplicity) == ("store", ("tier",), "holm")
    assert plan.looks is not None
    assert (plan.looks.planned, plan.looks.taken, plan.looks.spending) == (5, 1, "obrien_fleming")


def test_what_is_left_out_takes_its_default():
    plan = plan_of(PLAIN).plan
    assert (plan.alpha, plan.multiplicity, plan.cluster, plan.looks, plan.expected_shares) == (0.05, "holm", None, None, None)


def test_a_plan_that_is_one_stays_as_it_is():
    plan = plan_of(PLAIN).plan
    assert plan_of(plan).plan is plan
    assert isinstance(plan, Plan)


def test_all_errors_come_at_once_each_with_its_place(tmp_path: Path):
    file = tmp_path / "plan.yaml"
    text = "unit: u\narm: arm\nmetrics:\n  m: {kind: maen, column: m}\n  n: {kind: mean, colum: n}\nalpha: 5\nlook: {}\n"
    file.write_text(text)
    with pytest.raises(ScenarioError) as error:
        read_plan(file)
    lines = str(error.value).splitlines()
    assert [line.removeprefix(f"{file}:").split(":")[0] for line in lines] == ["1", "4", "5", "5", "6", "7"]
    assert "4:13: metrics.m.kind = maen: must be mean" in lines[1]
    assert "Nearest right value: mean." in lines[1]
    assert "Did you mean 'column'?" in str(error.value)
    assert "Did you mean 'looks'?" in lines[-1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"unit": ""}, 'unit = "": must be the name of a column, not an empty text'),
        ({"unit": None}, "unit: missing"),
        ({"unit": ["u"]}, "unit: must be the name of a column, as text"),
        ({"arm": "u"}, "must be another column than unit"),
        ({"metrics": {}}, "metrics: must be a map"),
        ({"metrics": None}, "metrics: missing"),
        ({"metrics": {"m": "margin"}}, "metrics.m = margin: must be a map"),
        ({"metrics": {"m": {"kind": "mean"}}}, "metrics.m.column: missing. A mean needs the column of its value"),
        ({"metrics": {"m": {"kind": "mean", "column": "arm"}}}, "must be another column than the arm's"),
        ({"metrics": {"m": {"kind": "mean", "column": "m", "method": "welsh"}}}, "Nearest right value: welch"),
        ({"metrics": {"m": {"kind": "mean", "column": "m", "method": "cuped"}}}, "needs a covariate"),
        ({"metrics": {"m": {"kind": "mean", "column": "m", "winsorize": 99}}}, "must be a quantile above 0 and at most 1"),
        ({"metrics": {"m": {"kind": "proportion", "column": "m", "method": "poststratified"}}}, "needs strata"),
        ({"metrics": {"m": {"kind": "survival", "duration": "d", "event": "e"}}}, "metrics.m.horizon: missing"),
        ({"metrics": {"m": {"kind": "survival", "duration": "d", "event": "e", "horizon": True}}}, "must be a number above 0"),
        ({"metrics": {"m": {"kind": "quantile", "column": "m", "q": 75}}}, "above 0 and below 1"),
        ({"metrics": {"m": {"kind": ["mean"], "column": "m"}}}, "metrics.m.kind: must be mean"),
        ({"cluster": "s", "metrics": {"m": {"kind": "proportion", "column": "m", "method": "poststratified"}}, "strata": "t"}, "clusters"),
        ({"guardrails": {"g": {"kind": "mean", "column": "g"}}}, "guardrails.g.margin: missing"),
        ({"guardrails": {"g": {"kind": "mean", "column": "g", "margin": 0}}}, "must be a number below 0"),
        ({"guardrails": {"g": {"kind": "mean", "column": "g", "margin": -2, "relative": True}}}, "lie within -1 to 1"),
        ({"guardrails": {"g": {"kind": "mean", "column": "g", "margin": -0.1, "better": "less"}}}, "must be higher or lower"),
        ({"guardrails": {"g": {"kind": "mean", "column": "g", "margin": -0.1, "relative": "yes"}}}, "must be true"),
        ({"expected_shares": {"c": 0.5}}, "two arms or more"),
        ({"expected_shares": {"c": 50, "t": 50}}, "must be above 0 and below 1"),
        ({"expected_shares": {"c": 0.5, "t": 0.4}}, "must add up to 1, not 0.9"),
        ({"expected_shares": {"C": 0.5, "t": 0.5}}, "has no share of the control, 'c'. Did you mean 'C'?"),
        ({"alpha": "5 %"}, "must be a number above 0 and below 0.5"),
        ({"alpha": True}, "must be a number above 0 and below 0.5"),
        ({"multiplicity": "Holm "}, "Nearest right value: holm"),
        ({"looks": 5}, "must be a map"),
        ({"looks": {"taken": 1}}, "looks.planned: missing"),
        ({"looks": {"planned": 2.5}}, "must be a whole number of 1 to 100"),
        ({"looks": {"planned": 2, "spending": "obf"}}, "looks.spending = obf: must be obrien_fleming"),
        ({"looks": {"planned": 2, "information": [0.6, 0.5]}}, "2 fractions that grow"),
        ({"decision": 5}, "decision = 5: must be a map"),
        ({"decision": {"customer": 5}}, "decision.customers: missing"),
        ({"decision": {"customers": 5, "value": 0}}, "decision.value: must not be 0"),
        ({"strata": ["tier", 2.5]}, "strata.1 = 2.5: must be the name of a column"),
    ],
)  # fmt: skip
def test_each_slip_is_told_with_its_rule(change, says):
    assert says in told({**PLAIN, **change})


@pytest.mark.parametrize("nothing", [None, [], {}, "missing.yaml", 7])
def test_what_is_no_plan_at_all_is_refused(nothing):
    with pytest.raises((ScenarioError, FileNotFoundError)):
        plan_of(nothing)


@pytest.mark.parametrize(("written", "text"), [(0, "0"), (True, "True"), ("old plan", "old plan")])
def test_arms_may_be_named_by_numbers(written, text):
    assert plan_of({**PLAIN, "control": written}).plan.control == text


def test_strata_are_one_column_or_several():
    assert plan_of({**PLAIN, "strata": "tier"}).plan.strata == ("tier",)
    assert plan_of({**PLAIN, "strata": ["tier", "city", "tier"]}).plan.strata == ("tier", "city")


def test_the_stakes_of_a_decision_are_read():
    plan = plan_of({**PLAIN, "decision": {"customers": 200_000, "value": 2, "fixed_cost": 1000, "currency": "EUR"}}).plan
    assert plan.decision is not None
    assert (plan.decision.customers, plan.decision.value, plan.decision.fixed_cost, plan.decision.currency) == (200_000, 2, 1000, "EUR")


RICH: dict[str, Any] = {
    **PLAIN, "cluster": "s", "strata": ["k"], "covariates": ["p"], "expected_shares": {"c": 0.5, "t": 0.5}, "alpha": 0.05, "week": "w",
    "guardrails": {"g": {"kind": "mean", "column": "m", "margin": -0.02, "relative": True, "better": "higher"}},
    "multiplicity": "holm", "looks": {"spending": "pocock", "planned": 3, "taken": 2, "units": 300, "information": [0.3, 0.6, 1]},
    "decision": {"customers": 100, "prior": {"mean": 0, "sd": 1}},
}  # fmt: skip
ODD = (None, "", 0, -1, 2.5, True, [], {}, "x", [1], {"a": 1}, float("nan"), float("inf"), 1e308, "\x00", 10**30, ["m", "m"], {"c": "a"})


def test_any_odd_value_anywhere_is_taken_or_told_and_never_a_crash():
    def places(data: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        inner = [one for key in data for one in places(data[key], (*path, key))] if isinstance(data, dict) else []
        return [*([path] if path else []), *inner]

    refused = 0
    for path in places(RICH):
        for odd in ODD:
            data = copy.deepcopy(RICH)
            part = data
            for key in path[:-1]:
                part = part[key]
            part[path[-1]] = odd
            try:
                plan_of(data)
            except ScenarioError as error:
                refused += 1
                assert str(error).startswith("plan:1:1: ")
    assert refused > len(places(RICH)) * len(ODD) / 2
