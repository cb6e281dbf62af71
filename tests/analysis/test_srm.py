"""Golden values: tests/golden/ab/own_srm (scipy). Published: Kohavi, Tang & Xu (2020)."""

import golden_kinds
import pytest

from regulars.analysis import srm


def test_golden_sizes_of_arms():
    assert golden_kinds.misses("own_srm") == []


def test_published_mismatch():
    """P06: 821,588 against 815,482 at equal shares, p = 1.8e-6."""
    anchor = golden_kinds.ANCHORS["P06"]
    found = srm.mismatch([821588, 815482])
    assert found.p_value == pytest.approx(anchor["published"], rel=anchor["tolerance_rel"]) and found.broken


def test_shares_as_planned_raise_no_alarm():
    found = srm.by_arm({"control": 500, "points": 250, "tiers": 250}, {"tiers": 1, "points": 1, "control": 2})
    assert (found.chi2, found.p_value, found.broken, found.expected) == (0.0, 1.0, False, (500.0, 250.0, 250.0))
    assert srm.normal_p(500, 500) == 1.0 and srm.exact_p(500, 500) == pytest.approx(1.0)


def test_an_arm_nobody_came_into_is_an_alarm():
    assert srm.mismatch([40, 0]).broken and srm.exact_p(40, 0) == pytest.approx(2.0**-39)


def test_exact_p_sums_the_splits_no_likelier_than_the_one_seen():
    """Binomial(3, 2/3): probabilities 1, 6, 12, 8 of 27; none in treatment is p = 1/27, one 7/27."""
    assert [srm.exact_p(3 - k, k, ratio=2.0) for k in range(4)] == pytest.approx([1 / 27, 7 / 27, 1.0, 15 / 27])


@pytest.mark.parametrize(
    ("counts", "weights", "words"),
    [([5], None, "two arms"), ([0, 0], None, "somebody"), ([5, -1], None, "two arms"), ([5, 5], [1, 0], "above 0"), ([5, 5], [1], "share")],
)
def test_what_cannot_be_is_refused(counts, weights, words):
    with pytest.raises(ValueError, match=words):
        srm.mismatch(counts, weights)


def test_other_arms_than_expected_are_named():
    with pytest.raises(ValueError, match="expected of control, points, customers are in control, tiers"):
        srm.by_arm({"control": 1, "tiers": 1}, {"control": 1, "points": 1})
    with pytest.raises(ValueError, match="ratio"):
        srm.exact_p(1, 1, ratio=0.0)
    with pytest.raises(ValueError, match="somebody"):
        srm.normal_p(0, 0)
