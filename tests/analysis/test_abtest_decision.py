"""The decision that an analysis ends in, where the plan says what is at stake."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from regulars.abtest import analyze
from regulars.analysis.decision import Stakes, decide
from regulars.scenarios.problem import ScenarioError

PLAN: dict[str, Any] = {
    "unit": "customer",
    "arm": "arm",
    "control": "control",
    "metrics": {"margin": {"kind": "mean", "column": "margin"}},
}


def frame(effect: float = 1.0, arms: tuple[str, ...] = ("control", "treatment")) -> pd.DataFrame:
    rng, n = np.random.default_rng(1), 400
    arm = np.repeat(arms, n)
    margin = rng.normal(10.0, 4.0, len(arm)) + effect * (arm != "control")
    return pd.DataFrame({"customer": np.arange(len(arm)), "arm": arm, "margin": margin})


def test_the_answer_in_money_comes_first_and_is_that_of_the_difference():
    found = analyze(frame(), PLAN | {"decision": {"customers": 200000, "cost_per_customer": 0.2, "currency": "CNY"}})
    gap = found.comparisons["margin"]["treatment"].contrast.gap
    assert gap is not None
    assert found.decision == {"treatment": decide(gap.value, gap.se, Stakes(200_000, cost_per_customer=0.2, currency="CNY"), units=800)}
    assert found.table().startswith("Roll out: expected +")
    document = found.document()["decision"]["treatment"]
    assert document["action"] == "roll out"
    assert set(document["choices"]) == {"roll out", "stop"}


def test_every_arm_has_its_decision():
    found = analyze(frame(arms=("control", "one", "two")), PLAN | {"decision": {"customers": 1000}})
    assert set(found.decision or {}) == {"one", "two"}
    assert "one: " in found.table().splitlines()[0]


def test_without_stakes_nothing_is_said_of_money():
    found = analyze(frame(), PLAN)
    assert found.decision is None and "decision" not in found.document()


def test_where_nothing_varies_there_is_no_decision_and_a_reason():
    flat = frame().assign(margin=1.0)
    found = analyze(flat, PLAN | {"decision": {"customers": 1000}})
    assert found.table().startswith("No decision: ")
    assert found.document()["decision"]["treatment"]["reason"]


def test_what_is_wrong_with_the_stakes_is_told_with_the_rest_of_the_plan():
    with pytest.raises(ScenarioError) as found:
        analyze(frame(), PLAN | {"alpha": 3, "decision": {"customers": -5, "valeu": 2}})
    text = str(found.value)
    for part in ("alpha = 3", "decision.customers = -5", "decision.valeu"):
        assert part in text
    with pytest.raises(ScenarioError, match="decision.horizon_weeks"):
        analyze(frame(), PLAN | {"decision": {"customers": 5, "horizon_weeks": 4}})
