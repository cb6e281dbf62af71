"""What customers feel, say and click, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.scenarios import from_tree
from regulars.sim import catalog
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ACTIVE

KPIS = {one.type: one() for one in catalog.kpis()}


def asked() -> LoyaltyModel:
    """A hundred customers whose feelings are written by hand, and the week's answers of theirs."""
    behaviors = {"purchase": {"r": 0.01, "alpha": 1e5}}
    tree = {"name": "m", "horizon_weeks": 1, "market": {"customers": 100, "start": "cohort"}, "behaviors": behaviors}
    one = LoyaltyModel(from_tree(tree), collect=False)
    customers = one.world.customers
    # 20 answer 9-10, 50 answer 7-8, 30 answer 0-6: at 85 satisfaction rounds to 9, below 65 to 6.
    customers.satisfaction[:] = np.repeat([85.0, 84.9, 65.0, 64.9], [20, 30, 20, 30])
    customers.loyalty[:] = np.linspace(0.0, 1.0, 100)
    return one.run()


def test_feelings_are_means_over_active_customers():
    one = asked()
    totals = one.world.totals.horizon()
    assert KPIS["satisfaction"].value(totals)[0, -1] == pytest.approx(0.2 * 85 + 0.3 * 84.9 + 0.2 * 65 + 0.3 * 64.9, abs=1e-3)
    assert KPIS["loyalty"].value(totals)[0, -1] == pytest.approx(0.5, abs=1e-6)


def test_the_net_promoter_score_is_promoters_less_detractors():
    assert KPIS["nps"].value(asked().world.totals.horizon())[0, -1] == pytest.approx(20.0 - 30.0)


def test_the_departed_are_not_asked():
    leaving = {"attrition": {"type": "pareto", "s": 100.0, "beta": 50.0}, "satisfaction": {}}
    tree = {"name": "m", "horizon_weeks": 1, "market": {"customers": 2000, "start": "cohort"}, "behaviors": leaving}
    one = LoyaltyModel(from_tree(tree), collect=False).run()
    there = one.world.customers.status == ACTIVE
    assert 0 < there.sum() < 1000
    found = KPIS["satisfaction"].value(one.world.totals.horizon())[0, -1]
    assert found == pytest.approx(one.world.customers.satisfaction[there].mean(), abs=1e-3)


def test_click_through_is_clicks_per_message():
    tree = {"name": "m", "horizon_weeks": 4, "market": {"customers": 500}, "campaigns": {"mail": {"type": "push"}}}
    totals = LoyaltyModel(from_tree(tree), collect=False).run().world.totals.horizon()
    assert KPIS["click_through_rate"].value(totals)[0, -1] == totals.clicks[0, -1] / totals.contacts_sent[0, -1] > 0
    assert KPIS["contacts_sent"].value(totals)[0, -1] == totals.contacts_sent[0, -1]


def test_counts_of_absent_mechanisms_are_0_and_rates_none():
    weekly = asked().weekly()
    counts = [weekly.value(KPIS[name]) for name in ("messages_sent", "wom_acquired", "referrals", "contacts_sent")]
    assert all(count is not None and count[0, -1] == 0.0 for count in counts)
    assert all(weekly.value(KPIS[name]) is None for name in ("click_through_rate", "community_activity", "ugc_share"))
