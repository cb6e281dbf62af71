"""Contact fatigue: messages beyond the cap wear out the response, and some people opt out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import from_tree
from regulars.sim.model import LoyaltyModel

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""


def model(customers: int = 2000, **fatigue: Any) -> LoyaltyModel:
    market = {"customers": customers, "start": "cohort"}
    behaviors = {"contact_fatigue": fatigue}
    return LoyaltyModel(from_tree({"name": "m", "horizon_weeks": 20, "market": market, "behaviors": behaviors}), collect=False)


def contacted(one: LoyaltyModel, times: int) -> np.ndarray:
    """Receptiveness after a week with so many contacts for everyone."""
    one.arrive()
    one.world.customers.contacts[:] = times
    one.respond()
    one.record()
    one.world.calendar.step += 1
    return one.world.customers.receptiveness.copy()


def test_contacts_up_to_the_cap_do_not_tire():
    one = model(cap=2.0, opt_out=0.0)
    assert (contacted(one, 2) == 1.0).all()


def test_each_contact_above_the_cap_costs_the_same_share_of_the_response():
    one = model(tiring=0.25, cap=2.0, opt_out=0.0)
    # After one week 1 - 1/e of it is felt; after many weeks of 5 contacts, all 5.
    assert contacted(one, 5) == pytest.approx(np.exp(-0.25 * (5 * (1 - 1 / np.e) - 2)), rel=1e-5)
    assert [contacted(one, 5) for _ in range(30)][-1] == pytest.approx(np.exp(-0.25 * 3), rel=1e-5)


def test_who_is_left_alone_recovers():
    one = model(tiring=0.25, cap=2.0, opt_out=0.0)
    for _ in range(30):
        contacted(one, 8)
    # Of what was felt 1/e is left after a week: 8 / e = 2.94, then 1.08.
    assert contacted(one, 0) == pytest.approx(np.exp(-0.25 * (8 / np.e - 2)), rel=1e-4)
    assert (contacted(one, 0) == 1.0).all()


def test_opt_outs_come_at_their_hazard_and_are_for_good():
    people = 20_000
    one = model(people, tiring=0.0, cap=2.0, opt_out=0.02)
    gone = (contacted(one, 6) == 0.0).sum()
    low, high = stats.binom.interval(1 - ALARM, people, -np.expm1(-0.02 * (6 * (1 - 1 / np.e) - 2)))
    assert low <= gone <= high
    assert one.weekly().opted_out[0, -1] == gone
    left = [contacted(one, 0) for _ in range(10)][-1]
    assert (left == 0.0).sum() == gone
