"""Effects by week."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from regulars.analysis.plan import Metric, Plan
from regulars.analysis.rows import rows_of
from regulars.analysis.weeks import effects_by_week

Y = Metric("mean", {"value": "y"})


def panel(seed: int, *, units: int = 60, weeks: int = 6, effect: tuple[float, float] = (0.0, 0.0), noise: float = 1.0) -> pd.DataFrame:
    """Units with a level and a trend of their own, so that their weeks hang together."""
    rng = np.random.default_rng(seed)
    unit, week = np.repeat(np.arange(units), weeks), np.tile(np.arange(1, weeks + 1), units)
    treated = unit % 2
    own = rng.normal(size=units)[unit] + rng.normal(size=units)[unit] * week
    y = noise * (own + rng.normal(size=len(unit))) + treated * (effect[0] + effect[1] * week)
    return pd.DataFrame({"u": unit, "arm": np.where(treated, "t", "c"), "week": week, "y": y})


def found(frame: pd.DataFrame):
    plan = Plan("u", "arm", "c", {"y": Y}, week="week")
    return effects_by_week(rows_of(frame, plan), Y, 1, alpha=0.05)


def test_weekly_effects_and_their_slope_are_those_of_the_weeks_by_themselves():
    frame = panel(1)
    told = found(frame)
    assert told is not None
    week, treated, y = (np.asarray(frame[name]) for name in ("week", "arm", "y"))
    gaps = np.array([y[(week == at) & (treated == "t")].mean() - y[(week == at) & (treated == "c")].mean() for at in range(1, 7)])
    assert [one.difference for one in told.weeks] == pytest.approx(gaps.tolist())
    assert told.slope == pytest.approx(np.polyfit(np.arange(1, 7), gaps, 1)[0])


def test_a_fading_effect_is_found():
    told = found(panel(2, effect=(3.0, -0.4), noise=0.3))
    assert told is not None
    assert told.slope == pytest.approx(-0.4, abs=0.3)
    assert told.p_value is not None
    assert told.p_value < 0.001


def test_no_trend_is_claimed_more_often_than_its_level_though_weeks_of_a_unit_hang_together():
    worlds = 250
    p_values = [one.p_value for seed in range(worlds) if (one := found(panel(1000 + seed))) is not None]
    rejected = sum(p is not None and p < 0.05 for p in p_values)
    # Rows taken as independent would reject in more than 40 % of the worlds. False alarm of this check: 0.1 %.
    low, high = binom.interval(0.999, worlds, 0.05)
    assert low <= rejected <= high


def test_two_weeks_make_no_trend():
    told = found(panel(3, weeks=2))
    assert told is not None
    assert len(told.weeks) == 2
    assert told.p_value is None


def test_one_week_has_no_effects_by_week():
    assert found(panel(4, weeks=1)) is None
