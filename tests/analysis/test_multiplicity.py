import numpy as np
import pytest

from regulars.analysis.multiplicity import METHODS, adjust


def test_holm_rejects_step_by_step_as_worked_by_hand():
    """Four p-values: .01 x 4, .02 x 3, .03 x 2 and .04 x 1, each at least the one before."""
    assert adjust([0.03, 0.01, 0.04, 0.02], "holm") == pytest.approx([0.06, 0.04, 0.06, 0.06], rel=1e-12)


def test_benjamini_hochberg_published_example():
    """Benjamini & Hochberg (1995), section 3.2: 15 p-values, of which 4 are found at a false discovery rate of .05, Bonferroni 3."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert sum(one <= 0.05 for one in adjust(p, "bh")) == 4
    assert sum(one <= 0.05 for one in adjust(p, "bonferroni")) == 3


@pytest.mark.parametrize("method", METHODS)
def test_adjusted_values_keep_the_order_and_never_fall(method):
    p = np.random.default_rng(2).random(40) ** 3
    adjusted = np.array(adjust(p.tolist(), method))
    assert (adjusted >= p - 1e-15).all() and (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= -1e-15).all()


@pytest.mark.parametrize("method", METHODS)
def test_one_question_and_the_ends_of_the_scale(method):
    assert adjust([0.03], method) == pytest.approx([0.03], rel=1e-12)
    assert adjust([], method) == []
    assert adjust([0.0, 1.0, 1.0], method) == pytest.approx([0.0, 1.0, 1.0])


@pytest.mark.parametrize("method", ["bonferroni", "holm", "hochberg", "sidak", "holm_sidak"])
def test_false_alarms_in_the_family_stay_at_the_level(method):
    """Ten true null hypotheses, 4,000 families, alpha .05; false-alarm rate of this test 1e-3 by a one-sided binomial bound."""
    families = np.random.default_rng(11).random((4000, 10))
    alarms = sum(min(adjust(one.tolist(), method)) <= 0.05 for one in families)
    assert alarms <= 200 + 3.09 * np.sqrt(4000 * 0.05 * 0.95)


def test_what_cannot_be_adjusted_is_refused_in_one_line():
    with pytest.raises(ValueError, match="multiplicity 'tukey': must be one of bonferroni, holm"):
        adjust([0.1], "tukey")
    with pytest.raises(ValueError, match="must be 0 to 1"):
        adjust([0.1, 1.2])
    with pytest.raises(ValueError, match="must be 0 to 1"):
        adjust([float("nan")])
