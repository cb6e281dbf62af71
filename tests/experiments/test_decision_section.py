"""The section `decision:`: what it means for the analysis, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from regulars.analysis.decision import Extension, Stakes
from regulars.analysis.value import NormalPrior
from regulars.experiments.decision_section import DecisionSection
from regulars.scenarios.faults import Fault, validated


def read(data: dict[str, Any]) -> tuple[DecisionSection | None, list[str]]:
    faults: list[Fault] = []
    return validated(DecisionSection, data, ("decision",), faults), [one.text for one in faults]


def test_a_section_says_what_the_stakes_are():
    found, faults = read(
        {
            "customers": 200000, "value": 0.6, "fixed_cost": 5000, "test_weeks": 26, "horizon_weeks": 104, "dampening": 0.3,
            "prior": {"mean": 0, "sd": 2}, "extension": {"weeks": 13, "units": 4000}, "currency": "CNY",
        }
    )  # fmt: skip
    assert not faults and found is not None
    assert found.stakes() == Stakes(
        customers=200_000, value=0.6, fixed_cost=5000, horizon_factor=4.0, horizon_weeks=104, prior=NormalPrior(0, 2), dampening=0.3,
        extension=Extension(4000, 13), currency="CNY",
    )  # fmt: skip


def test_all_that_is_wrong_is_told_at_once():
    _, faults = read({"value": "much", "dampening": 1.5, "custommers": 3, "prior": {"mean": 0, "sd": 0}})
    assert len(faults) == 5
    for part in ("decision.customers", "decision.value = much", "decision.dampening = 1.5", "decision.custommers", "decision.prior.sd"):
        assert any(one.startswith(part) for one in faults), (part, faults)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"value": 0}, ("value",)),
        ({"horizon_weeks": 50}, ("horizon_weeks",)),
        ({"test_weeks": 50}, ("test_weeks",)),
        ({"test_weeks": 10, "horizon_weeks": 20, "extension": {"weeks": 20, "units": 5}}, ("extension", "weeks")),
    ],
)
def test_contradictions_are_told(data, path):
    found = DecisionSection(customers=10, **data)
    assert [one for one, _ in found.contradictions()] == [path]
    with pytest.raises(ValueError, match=path[-1]):
        found.stakes()
