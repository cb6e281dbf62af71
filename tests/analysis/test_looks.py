"""Looks: what each may conclude, and what an unplanned one does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binom

from regulars.analysis.estimators import Sample
from regulars.analysis.estimators.mean import Mean
from regulars.analysis.looks import always_valid, at_look
from regulars.analysis.plan import Looks


def level(looks: Looks, assigned: int = 500):
    return at_look(looks, alpha=0.05, assigned=assigned)


def test_first_of_five_obrien_fleming_looks_needs_the_published_bound():
    # Lan-DeMets, per side at alpha / 2, as gsDesign prints it: 4.8769.
    assert level(Looks(5, 1)).bound == pytest.approx(4.8769, abs=1e-4)


def test_one_planned_look_leaves_p_values_as_they_are():
    one = level(Looks(1, 1))
    assert one.nominal == pytest.approx(0.05, rel=1e-9)
    assert one.repeated_p(0.03) == 0.03


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock", "power"])
@pytest.mark.parametrize("taken", [1, 3, 5])
def test_repeated_p_is_below_alpha_exactly_where_the_bound_is_crossed(spending, taken):
    one = level(Looks(5, taken, spending))
    assert one.bound is not None
    for z in (one.bound - 0.01, one.bound + 0.01):
        assert (one.repeated_p(2 * float(ndtr(-z))) < 0.05) == (z > one.bound)


def test_repeated_p_grows_with_the_ordinary_one_and_ends_at_one():
    one = level(Looks(5, 4))
    values = [one.repeated_p(p) for p in (1e-200, 1e-9, 1e-4, 0.01, 0.2, 0.9, 1.0)]
    assert values == sorted(values)
    assert values[-1] == 1.0
    assert values[3] > 0.01


def test_five_looks_together_keep_their_level():
    rng = np.random.default_rng(1)
    worlds = 20_000
    z = np.cumsum(rng.normal(size=(worlds, 5)), axis=1) / np.sqrt(np.arange(1, 6))
    limits = [level(Looks(5, taken)).bound for taken in range(1, 6)]
    crossed = int((np.abs(z) > np.array(limits, float)).any(axis=1).sum())
    # False alarm of this check: 0.1 %.
    low, high = binom.interval(0.999, worlds, 0.05)
    assert low <= crossed <= high


def test_a_look_at_its_planned_information_is_on_plan():
    assert level(Looks(5, 2, units=1000), assigned=410).on_plan
    assert not level(Looks(5, 2, units=1000), assigned=600).on_plan


def test_a_look_off_schedule_is_read_at_the_bound_of_its_moment():
    early = level(Looks(5, 2, units=1000), assigned=250)
    planned = level(Looks(5, 2))
    assert early.bound is not None
    assert planned.bound is not None
    assert early.bound > planned.bound
    assert "planned at 40% of the information and taken at 25%" in early.sentence


def test_the_last_look_spends_all_whatever_its_units():
    assert level(Looks(3, 3, units=1000), assigned=700).spent == pytest.approx(0.05)
    assert level(Looks(3, 3, units=1000), assigned=1400).spent == pytest.approx(0.05)


def test_a_look_beyond_the_plan_says_what_it_does_to_false_positives():
    one = level(Looks(1, 2))
    assert not one.on_plan
    assert one.nominal is None
    # Two looks at 5 % each: 8.3 %, Armitage, McPherson & Rowe (1969).
    assert "would bring them to 8.3%" in one.sentence
    assert one.naive_false_positive_rate == pytest.approx(0.083, abs=5e-4)


def test_an_always_valid_interval_is_wider_and_its_relative_interval_is_left_out():
    rng = np.random.default_rng(2)
    samples = [Sample({"value": rng.normal(10, 3, 400)}) for _ in range(2)]
    plain = Mean().contrast(*samples, alpha=0.05)
    always = always_valid(plain, alpha=0.05, tuned_at=800)
    assert plain.difference.interval is not None
    assert always.difference.interval is not None
    assert always.difference.interval[0] < plain.difference.interval[0] < plain.difference.interval[1] < always.difference.interval[1]
    assert always.relative.interval is None
    assert always.relative.reason is not None
