"""Expected numbers are computed by hand or by scipy. Checks by simulation state the rate at which right code would fail."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from regulars.analysis.compare import (
    break_even,
    cumulative_band,
    loss_probability,
    naive_readings,
    paired_difference,
    payback_week,
    return_on_cost,
    roi_interval,
    share_made,
    waterfall,
)

T_975_3 = 3.182446305284263  # Student's t with 3 degrees of freedom, any table.
# Covered intervals of 4,000 at 95 %: right code falls outside 3,724..3,869 with probability 1.1e-7 (binomial).
TIMES, LEAST, MOST = 4000, 3724, 3869


def money(least, most):
    return st.floats(least, most, allow_nan=False, width=32)


def test_difference_is_paired_row_by_row():
    found = paired_difference([10.0, 20.0, 30.0, 40.0], [11.0, 22.0, 33.0, 44.0])
    # Differences 1, 2, 3, 4: mean 2.5, variance 5/3.
    half = T_975_3 * (5 / 3) ** 0.5 / 2
    assert (found.mean, found.baseline, found.relative, found.n) == (2.5, 25.0, 0.1, 4)
    assert found.sd == pytest.approx((5 / 3) ** 0.5, rel=1e-14)
    assert found.ci95 == pytest.approx((2.5 - half, 2.5 + half), rel=1e-12)


def test_difference_agrees_with_the_paired_t_test_of_scipy():
    luck = np.random.default_rng(1)
    base, arm = luck.normal(100, 20, 17), luck.normal(103, 20, 17)
    expected = stats.ttest_rel(arm, base).confidence_interval(0.9)
    assert paired_difference(base, arm, level=0.9).ci95 == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_a_scenario_against_itself_differs_by_exactly_nothing():
    kpi = np.random.default_rng(1).normal(1e6, 3e5, 20)
    found = paired_difference(kpi, kpi)
    assert (found.mean, found.sd, found.ci95, found.relative) == (0.0, 0.0, (0.0, 0.0), 0.0)


def test_one_replication_has_a_difference_but_no_interval():
    found = paired_difference([4.0], [5.0])
    assert (found.mean, found.sd, found.ci95, found.relative) == (1.0, None, None, 0.25)


def test_no_relative_difference_to_nothing():
    assert paired_difference([0.0, 0.0], [1.0, 2.0]).relative is None


def test_relative_difference_to_a_baseline_that_loses_keeps_its_sign():
    assert paired_difference([-10.0, -10.0], [-5.0, -5.0]).relative == 0.5


def test_replications_without_the_kpi_are_left_out_in_pairs():
    found = paired_difference([1.0, np.nan, 3.0], [2.0, 5.0, np.nan])
    assert (found.mean, found.n) == (1.0, 1)
    assert paired_difference([np.nan], [1.0]).mean is None


def test_unpaired_rows_are_refused():
    with pytest.raises(ValueError, match="paired row by row"):
        paired_difference([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="paired row by row"):
        paired_difference([], [])


@settings(deadline=None)
@given(st.lists(st.tuples(money(-1e6, 1e6), money(-1e6, 1e6)), min_size=2, max_size=30))
def test_the_interval_holds_the_mean(pairs):
    base, arm = np.array(pairs, float).T
    found = paired_difference(base, arm)
    assert found.ci95 is not None and found.mean is not None
    assert found.ci95[0] <= found.mean <= found.ci95[1]


def test_interval_of_a_difference_covers_the_truth_at_its_level():
    luck = np.random.default_rng(1)
    base = luck.gamma(4.0, 25.0, (TIMES, 12))
    arm = base + luck.normal(3.0, 10.0, (TIMES, 12))
    intervals = [paired_difference(*rows).ci95 for rows in zip(base, arm, strict=True)]
    covered = sum(one is not None and one[0] <= 3.0 <= one[1] for one in intervals)
    assert LEAST <= covered <= MOST


def test_return_is_a_ratio_of_means_not_a_mean_of_ratios():
    # Means 30 and 20: (30 - 20) / 20; the mean of ratios would be (-0.5 + 0.83...) / 2.
    assert return_on_cost([5.0, 55.0], [10.0, 30.0]).value == 0.5


def test_interval_of_the_return_by_the_delta_method():
    margin, cost = np.array([12.0, 15.0, 9.0, 16.0]), np.array([10.0, 11.0, 9.0, 10.0])
    found = return_on_cost(margin, cost)
    # By the textbook: variance of a ratio from variances and covariance, ratio 52 / 40 = 1.3.
    s = np.cov(margin, cost)
    error = np.sqrt((s[0, 0] - 2 * 1.3 * s[0, 1] + 1.3**2 * s[1, 1]) / 4) / 10.0
    assert found.value == pytest.approx(0.3, rel=1e-14)
    assert found.interval == pytest.approx((0.3 - T_975_3 * error, 0.3 + T_975_3 * error), rel=1e-12)


@pytest.mark.parametrize("cost", [[3.0, 3.0, 3.0], [3.1, 4.7, 0.3]])
def test_cost_without_effect_loses_exactly_everything(cost):
    found = return_on_cost([0.0, 0.0, 0.0], cost)
    assert (found.value, found.interval) == (-1.0, (-1.0, -1.0))


@pytest.mark.parametrize(
    ("cost", "words"), [([0.0, 0.0], "costs nothing more than the baseline"), ([-2.0, 1.0], "costs less than the baseline")]
)
def test_no_return_where_nothing_more_is_spent(cost, words):
    found = return_on_cost([1.0, 2.0], cost)
    assert (found.value, found.interval) == (None, None)
    assert found.reason is not None and words in found.reason


def test_one_replication_has_a_return_but_no_interval():
    found = return_on_cost([3.0], [2.0])
    assert (found.value, found.interval, found.sd) == (0.5, None, None)


@settings(deadline=None)
@given(st.lists(st.tuples(money(-1e6, 1e6), money(0.5, 1e6)), min_size=2, max_size=30))
def test_the_interval_holds_the_return(pairs):
    margin, cost = np.array(pairs, float).T
    found = return_on_cost(margin, cost)
    assert found.value is not None and found.interval is not None
    assert found.interval[0] <= found.value <= found.interval[1]


def test_interval_of_the_return_covers_the_truth_at_its_level():
    # Cost varies by 5 %: the ratio is near to linear, and 12 rows of normal luck have Student's t. The curvature left
    # moves coverage by less than 0.1 points, inside the band.
    luck = np.random.default_rng(1)
    cost = luck.normal(100.0, 5.0, (TIMES, 12))
    margin = 0.6 * cost + luck.normal(10.0, 8.0, (TIMES, 12))
    intervals = [return_on_cost(*rows).interval for rows in zip(margin, cost, strict=True)]
    covered = sum(one is not None and one[0] <= -0.3 <= one[1] for one in intervals)
    assert LEAST <= covered <= MOST


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [
        ([-10.0, 4.0, 6.0, 1.0], 3),  # -10, -6, 0, 1
        ([-10.0, 20.0, -15.0, 6.0], 4),  # -10, 10, -5, 1: the first return above 0 does not last
        ([-10.0, 4.0, 4.0, 1.0], None),
        ([2.0, -1.0, -1.0, 0.0], 1),  # never below 0
        ([0.0, 0.0, -5.0, 5.0], 4),
        ([5.0, -6.0], None),
        ([0.0, 0.0, 0.0, 0.0], None),
        ([-0.3, 0.1, 0.1, 0.1], 4),  # sums to -2.8e-17 in binary
    ],
)
def test_payback_is_the_first_week_after_which_the_money_stays_back(weeks, expected):
    assert payback_week([weeks]) == expected


def test_payback_looks_at_the_mean_over_replications():
    assert payback_week([[-10.0, 0.0, 0.0], [-2.0, 20.0, 0.0]]) == 2


def test_payback_refuses_money_without_weeks():
    with pytest.raises(ValueError, match="one column a week"):
        payback_week([1.0, 2.0])


def test_band_ends_at_the_paired_difference_of_the_horizon():
    gain = np.random.default_rng(1).normal(-3.0, 20.0, (9, 26))
    band, total = cumulative_band(gain), paired_difference(np.zeros(9), gain.sum(axis=1))
    assert band.low is not None and band.high is not None and total.ci95 is not None
    assert (band.mean[-1], band.low[-1], band.high[-1]) == pytest.approx((total.mean, *total.ci95), rel=1e-12)


def test_band_of_one_replication_is_a_line():
    band = cumulative_band([[1.0, 2.0]])
    assert (band.mean, band.low, band.high) == ((1.0, 3.0), None, None)


def test_break_even_compares_the_lift_needed_with_the_lift_achieved():
    found = break_even([30.0, 50.0], [60.0, 100.0], [900.0, 1100.0])
    assert dataclasses.asdict(found) == {
        "required_lift": 0.08,
        "achieved_lift": 0.04,
        "achieved_over_required": 0.5,
        "margin_needed": 80.0,
        "margin_gained": 40.0,
    }


def test_break_even_has_no_ratio_where_nothing_more_is_spent():
    found = break_even([5.0], [0.0], [0.0])
    assert (found.required_lift, found.achieved_lift, found.achieved_over_required) == (None, None, None)


def test_waterfall_falls_from_margin_to_profit():
    lines = waterfall([100.0, 140.0], {"rewards": [30.0, 50.0], "service": [0.0, 0.0], "fixed program cost": [60.0, 60.0]})
    assert [(one.line, one.mean) for one in lines] == [
        ("incremental margin", 120.0),
        ("rewards", -40.0),
        ("service", 0.0),
        ("fixed program cost", -60.0),
        ("incremental profit", 20.0),
    ]
    # Profits 10 and 30: mean 20, standard error 10, Student's t with 1 degree of freedom.
    assert lines[-1].ci95 == pytest.approx((20.0 - 127.06204736174698, 20.0 + 127.06204736174698), rel=1e-12)


def readings(**more):
    """100 members who spent 40 each, 36 without the program; 300 others who spent 20; launch in week 3 of 4."""
    told: dict[str, Any] = {
        "weekly_margin": [[10.0, 30.0, 25.0, 25.0], [10.0, 30.0, 23.0, 23.0]],
        "launch_week": 3,
        "members": [100.0, 100.0],
        "members_margin": [3900.0, 4100.0],
        "members_margin_in_baseline": [3600.0, 3600.0],
        "others": [300.0, 300.0],
        "others_margin": [6000.0, 6000.0],
        "margin_gain": [400.0, 420.0],
        "baseline_margin": [9000.0, 11000.0],
    }
    return dataclasses.asdict(naive_readings(**(told | more)))


def test_naive_readings_stand_beside_the_truth():
    found = readings()
    # Weekly margin 20 before, 24 after.
    assert found["before_after"] == {
        "claimed_lift": pytest.approx(0.2),
        "claimed_gain": pytest.approx(8.0),
        "weeks_before": 2,
        "weeks_after": 2,
        "reason": None,
    }
    # A member brings 40, a non-member 20: a claim of 100 % and 20 x 100, where the same people had brought 36.
    assert found["members"] == {
        "claimed_lift": pytest.approx(1.0),
        "claimed_gain": pytest.approx(2000.0),
        "true_lift": pytest.approx(1 / 9),
        "true_gain": pytest.approx(400.0),
        "overstated_by": pytest.approx(5.0),
        "reason": None,
    }
    assert found["truth"] == {"lift": pytest.approx(0.041), "gain": pytest.approx(410.0)}


@pytest.mark.parametrize(
    ("week", "words", "before", "after"),
    [(1, "in the first week", 0, 4), (None, "nothing", 4, 0), (5, "after the horizon", 4, 0), (9, "after the horizon", 4, 0)],
)
def test_no_before_and_after_without_both(week, words, before, after):
    found = readings(launch_week=week)["before_after"]
    assert (found["claimed_lift"], found["claimed_gain"]) == (None, None)
    assert (found["weeks_before"], found["weeks_after"]) == (before, after)
    assert words in found["reason"]


@pytest.mark.parametrize(
    ("more", "words", "empty"),
    [
        ({"members": [0.0, 0.0]}, "nobody", {"claimed_lift", "claimed_gain", "true_lift", "true_gain", "overstated_by"}),
        ({"others": [0.0, 0.0]}, "everybody is a member", {"claimed_lift", "claimed_gain", "overstated_by"}),
        ({"members_margin": [3600.0, 3600.0]}, "true gain is not above 0", {"overstated_by"}),
        ({"others_margin": [0.0, 0.0]}, "non-members bring no margin", {"claimed_lift"}),
        ({"members_margin_in_baseline": [0.0, 0.0]}, "no margin in the baseline", {"true_lift"}),
    ],
)
def test_member_reading_says_why_a_number_is_missing(more, words, empty):
    found = readings(**more)["members"]
    assert words in found["reason"]
    assert {name for name, value in found.items() if value is None} == empty


def test_self_selection_alone_makes_a_large_claim():
    # Heavy buyers join (logit of their own rate) and the program does nothing: the truth is 0, the claim is not.
    luck = np.random.default_rng(1)
    spend = luck.gamma(0.5, 40.0, 10_000)
    joins = luck.random(10_000) < 1 / (1 + np.exp(1.5 - spend / 20.0))
    found = readings(
        members=[joins.sum()] * 2,
        members_margin=[spend[joins].sum()] * 2,
        members_margin_in_baseline=[spend[joins].sum()] * 2,
        others=[(~joins).sum()] * 2,
        others_margin=[spend[~joins].sum()] * 2,
        margin_gain=[0.0, 0.0],
    )
    assert found["members"]["true_gain"] == 0.0
    assert found["members"]["claimed_lift"] > 1.0


def test_probability_of_loss_is_the_share_of_draws_below_nothing():
    found = loss_probability([-1.0, 0.0, 2.0, -3.0])
    assert (found.value, found.n) == (0.5, 4)
    # (2 + 1) / (4 + 2) = 1/2: sqrt(1/4 / 4).
    assert found.error == pytest.approx(0.25)


def test_no_loss_in_all_draws_is_not_certainty():
    found = loss_probability(np.ones(200))
    assert found.value == 0.0
    assert found.error == pytest.approx(np.sqrt(1 / 202 * 201 / 202 / 200))


def test_without_draws_there_is_no_probability_of_loss():
    found = loss_probability([])
    assert (found.value, found.error) == (None, None)
    assert found.reason is not None


def test_interval_of_the_return_over_draws_is_made_of_percentiles():
    # Cost 10 throughout, margins 10..110: returns 0..10 in steps of 0.1.
    found = roi_interval(np.arange(10.0, 111.0), np.full(101, 10.0))
    assert found.interval == pytest.approx((0.25, 9.75))
    assert found.value == pytest.approx(5.0)


def test_draws_that_cost_nothing_are_left_out_and_told():
    found = roi_interval([5.0, 20.0, 20.0], [0.0, 10.0, 10.0])
    assert (found.interval, found.n) == ((1.0, 1.0), 2)
    assert found.assumptions == ("1 of 3 draws left out, in which the program costs nothing more than the baseline.",)


def test_no_interval_where_most_draws_cost_nothing():
    found = roi_interval([5.0, 20.0, 20.0], [0.0, -1.0, 10.0])
    assert (found.value, found.interval) == (None, None)
    assert found.reason == "in 2 of 3 draws the program costs nothing more than the baseline"


def test_results_are_plain_enough_for_json_and_free_of_nan():
    results = [paired_difference([np.nan], [1.0]), return_on_cost([1.0], [0.0]), roi_interval([], []), break_even([1], [0], [0])]
    json.dumps([dataclasses.asdict(one) for one in results], allow_nan=False)


def test_the_share_that_a_linear_loop_makes_is_its_gain():
    """intact = cut / (1 - g), whatever comes from outside; a balancing loop has a negative gain."""
    cut = np.array([80.0, 100.0, 120.0])
    for gain in (0.3, 0.0, -0.5):
        found = share_made(cut / (1.0 - gain), cut)
        assert found.value == pytest.approx(gain)
        assert found.interval == pytest.approx((gain, gain))


def test_the_share_has_an_interval_from_paired_replications():
    """Delta method by hand: residuals of 1 - 90 / 100 are (0, -1, 1), over a mean flow of 100."""
    found = share_made([100.0, 90.0, 110.0], [90.0, 82.0, 98.0])
    half = stats.t.ppf(0.975, 2) * np.std([0.0, -1.0, 1.0], ddof=1) / 100.0 / np.sqrt(3)
    assert found.value == pytest.approx(0.1)
    assert found.interval == pytest.approx((0.1 - half, 0.1 + half))


def test_where_nothing_flows_a_loop_makes_no_share():
    assert share_made([0.0, 0.0], [0.0, 0.0]).reason == "nothing flows"
    assert share_made([5.0], [4.0]).interval is None
