"""The value of tests: simulation agrees with the closed form, and a biased test can be worth less than its formula says."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.analysis.value import Measurement, NormalPrior, value_of_test
from regulars.experiments.design import designs_of
from regulars.experiments.rehearse import NoTest
from regulars.experiments.value import value, worth
from regulars.scenarios import load

MAIL = {"campaigns": {"mail": {"type": "push", "start_week": 3, "every_weeks": 1, "mode": "tagged"}}}
DESIGN = {"randomize": "individual", "start_week": 3, "weeks": 8, "arms": {"treatment": MAIL}}


def worlds(n: int, *, mean: float, slope: float, bias: float = 0.0, noise: float = 0.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    gain = rng.normal(mean, 1.0, n)
    return gain, bias + slope * gain + rng.normal(0.0, noise, n), np.full(n, noise)


@pytest.mark.parametrize(("mean", "slope", "bias"), [(-0.2, 1.0, 0.0), (0.3, 0.5, 0.0), (-0.5, 0.6, 0.4)])
def test_many_worlds_give_the_closed_form(mean, slope, bias):
    """Normal prior and noise, 200,000 worlds: all three values within 2 % of the closed form."""
    found = worth(*worlds(200_000, mean=mean, slope=slope, bias=bias), customers=1000, sizes=(500, 500))
    prior, truth = NormalPrior(mean, 1.0), {"dampening": 1.0 - slope, "bias": bias}
    assert found.corrected is not None
    for mine, test in (
        (found.formula, Measurement(0.5)),
        (found.corrected, Measurement(0.5, **truth)),
        (found.believed, Measurement(0.5, **truth, known=False)),
    ):
        closed = value_of_test(prior, test, customers=1000)
        assert mine.evsi == pytest.approx(closed.evsi, rel=0.02)
        assert mine.threshold == pytest.approx(closed.threshold, abs=0.02)
    assert found.evpi == pytest.approx(value_of_test(prior, Measurement(0.5), customers=1000).evpi, rel=0.02)


def test_the_formula_is_what_deciding_world_by_world_earns():
    """Rolled out where the test says more than the threshold: within four Monte-Carlo errors of the value told."""
    gain, measured, error = worlds(50_000, mean=-0.3, slope=0.5, bias=0.3)
    found = worth(gain, measured, error, customers=1.0, sizes=(500, 500))
    assert found.corrected is not None
    for one in (found.believed, found.corrected):
        assert one.threshold is not None
        earned = np.where(measured > one.threshold, gain, 0.0)
        assert abs(earned.mean() - max(gain.mean(), 0.0) - one.evsi) < 4.0 * earned.std() / np.sqrt(len(gain))


def test_a_biased_test_can_be_worth_less_than_its_formula_and_than_nothing():
    """A strong upward bias, a prior that says no: taken at its word it loses money; allowed for, it is worth what precision gives."""
    found = worth(*worlds(20_000, mean=-1.0, slope=1.0, bias=3.0), customers=1000, sizes=(500, 500))
    assert found.corrected is not None
    assert found.believed.evsi < 0.0 < found.corrected.evsi <= found.evpi
    assert found.corrected.evsi == pytest.approx(found.formula.evsi, rel=0.02)


def test_dampening_is_found_within_its_error():
    found = worth(*worlds(400, mean=0.0, slope=0.5), customers=1000, sizes=(500, 500))
    assert abs(found.dampening - 0.5) < 4.0 * found.dampening_se
    assert found.bias_sd < 0.3


def test_the_cost_of_the_test_comes_off():
    found = worth(*worlds(100, mean=0.0, slope=1.0), customers=1000, sizes=(500, 500), cost=50.0)
    assert found.formula.net == pytest.approx(found.formula.evsi - 50.0)


@pytest.mark.parametrize(
    ("gain", "reason"), [(np.zeros(10), "nothing to learn"), (np.arange(3.0), "3 worlds can be read")]
)  # fmt: skip
def test_what_cannot_be_valued_is_refused(gain, reason):
    with pytest.raises(ValueError, match=reason):
        worth(gain, gain + 1.0, np.ones(len(gain)), customers=10, sizes=(5, 5))


@pytest.fixture(scope="module")
def tea():
    return load("library:tea_brand/broadcast").with_values({"market.customers": 400, "market.prospects": 400, "horizon_weeks": 12})


def test_a_scenario_gives_its_own_prior(tea):
    found = value(tea, designs_of(DESIGN | {"decision": {"customers": 50000}}), worlds=8, cost=100.0, threads=1)
    assert any(path.startswith("campaigns.mail.") for path in found.uncertain)
    for one in found.designs["design"]["estimators"].values():
        assert one.worlds == 8 and one.prior_sd > 0.0
        assert 0.0 <= one.formula.evsi <= one.evpi + 1e-9
    assert found.document["designs"]["design"]["customers"] == 50_000
    assert "read by cuped" in found.table()
    again = value(tea, designs_of(DESIGN | {"decision": {"customers": 50000}}), worlds=8, cost=100.0, threads=1)
    assert again.document == found.document


def test_a_metric_that_is_no_money_needs_a_value(tea):
    metrics = {"retained": {"column": "retained", "kind": "proportion"}}
    with pytest.raises(NoTest, match="retained is not money"):
        value(tea, designs_of(DESIGN | {"metrics": metrics}), worlds=4)
