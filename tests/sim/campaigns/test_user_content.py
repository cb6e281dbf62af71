"""Content by customers: who posts, what it brings and wins, and what it costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import Scenario, from_tree
from regulars.sim.model import LoyaltyModel

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

ADDRESS = "campaigns.photos"
STAY = {"purchase": {"r": 2.0, "alpha": 8.0}, "attrition": {"type": "none"}}


def scenario(*, customers: int = 5000, prospects: int = 5000, weeks: int = 12, step_days: int = 7, **content: Any) -> Scenario:
    market = {"customers": customers, "prospects": prospects, "start": "cohort", **content.pop("market", {})}
    campaigns = {"photos": {"type": "user_content", "typical_loyalty": 0.5, **content}}
    tree = {"name": "m", "horizon_weeks": weeks, "step_days": step_days, "market": market, "behaviors": STAY, "campaigns": campaigns}
    return from_tree(tree)


def model(**options: Any) -> LoyaltyModel:
    return LoyaltyModel(scenario(**options), collect=False)


def weekly(one: LoyaltyModel, name: str) -> np.ndarray:
    return getattr(one.weekly(), name)[:, -1]


def test_customers_post_at_the_stated_rate_and_more_for_prizes():
    """A Poisson stream of -log(.98) a week; e ** .7 times as many with prizes. Poisson bounds."""
    for prizes, factor in ((0, 1.0), (3, np.exp(0.7))):
        posts = weekly(model(weeks=20, posting=0.02, prizes=prizes, convert=0.0).run(), "content_posts").sum()
        low, high = stats.poisson.interval(1 - ALARM, 5000 * 20 * -np.log(0.98) * factor)
        # One post a week at most: a second one waits, which loses a few at the end.
        assert 0.995 * low <= posts <= high


def test_prizes_only_bring_posts_forward():
    plain, prized = (model(prizes=prizes, convert=0.0).run().world.owned[ADDRESS].posts for prizes in (0, 1))
    assert (prized >= plain).all()
    assert prized.sum() > plain.sum()


def test_posts_are_seen_from_the_week_after_and_fade():
    """Visits of N posts in weeks 1, 2, ... after: views N / 2 ** (week - 1), where nothing saturates."""
    brief = scenario(prospects=1000, weeks=6, posting=0.5, views=0.01, lifetime_weeks=1.0, convert=0.0)
    one = LoyaltyModel(brief.with_values({f"{ADDRESS}.weeks": 1}), collect=False).run()
    posts, visits = weekly(one, "content_posts"), weekly(one, "content_visits")
    assert posts[0] > 1500
    assert not posts[1:].any()
    assert visits == pytest.approx([0.0, *(0.01 * posts[0] / 2.0 ** np.arange(5))], rel=0.1, abs=1.0)


def test_visits_saturate():
    one = model(prospects=1000, weeks=8, posting=0.9, views=1000.0, saturation=0.2, convert=0.0).run()
    assert weekly(one, "content_visits")[1:] == pytest.approx(200.0)


def test_the_share_of_content_is_that_of_natural_visits():
    """Claim of a tea-brand case: 30 % of natural traffic; here an output, read as a share."""
    one = model(prospects=2000, weeks=8, natural=0.05, posting=0.9, views=1000.0, saturation=0.05, convert=0.0).run()
    assert weekly(one, "natural_visits") == pytest.approx(weekly(one, "content_visits") + 100.0)
    share = one.weekly().value(next(kpi for kpi in one.kpis if kpi.type == "ugc_share"))
    assert share is not None
    assert share[1:, -1] == pytest.approx(0.5)
    assert share[0, -1] == 0.0


@pytest.mark.parametrize("step_days", [7, 1])
def test_visits_win_prospects_at_the_stated_probability(step_days):
    """Expected: 1 - (1 - convert) ** visits of each prospect; exact binomial bounds."""
    one = model(customers=2000, prospects=20_000, weeks=10, step_days=step_days, posting=0.9, views=1e4, saturation=0.5, convert=0.04).run()
    won = weekly(one, "acquired_by_user_content").sum()
    low, high = stats.binom.interval(1 - ALARM, 20_000, 1 - 0.96 ** (0.5 * 9))
    assert low <= won <= high
    assert won == weekly(one, "new_customers").sum()


def test_satisfied_customers_write_what_wins_more():
    """Wiring: elasticity .42 of the hazard in satisfaction (You, Vadakkepatt & Joshi 2015)."""
    found = []
    for satisfaction in (70.0, 77.0):
        one = model(weeks=3, posting=0.3)
        one.world.customers.satisfaction[:] = satisfaction
        one.run(2)
        found.append(one.world.notes[ADDRESS].hazard)
    assert np.log(found[1] / found[0]) / np.log(1.1) == pytest.approx(0.42, rel=0.01)


def test_who_posts_interacts():
    one = model(weeks=1, posting=0.3).run()
    assert (one.world.customers.interactions == one.world.owned[ADDRESS].posts).all()
    assert one.world.customers.interactions.sum() == weekly(one, "content_posts")[0] > 0


def test_only_the_audience_is_asked():
    split = {"segments": {"town": {"share": 0.5}, "country": {"share": 0.5}}}
    one = model(posting=0.3, convert=0.0, market=split, audience={"segment": ["town"]}).run()
    posts, customers = one.world.owned[ADDRESS].posts, one.world.customers
    assert not posts[customers.segment == 1].any()
    assert posts[customers.segment == 0].sum() > 0


def test_prizes_and_running_costs_are_paid_while_the_campaign_lasts():
    long = scenario(weeks=6, start_week=2, prizes=4, prize_cost=2.5, weekly_cost=10.0, setup_cost=100.0)
    one = LoyaltyModel(long.with_values({f"{ADDRESS}.weeks": 3}), collect=False).run()
    assert weekly(one, "campaign_cost").tolist() == [0.0, 120.0, 20.0, 20.0, 0.0, 0.0]


@pytest.mark.parametrize("content", [{"posting": 0.0}, {"views": 0.0}, {"convert": 0.0}])
def test_without_posts_or_views_or_conversion_nobody_comes(content):
    assert not weekly(model(**content).run(), "new_customers").any()
