"""Orders and exits: with all behaviors but purchase, spend and attrition off, the model is the published one.

BG/NBD and Pareto/NBD at the parameters of the CDNOW sample (2,357 customers, first quarter of 1997): Fader, Hardie & Lee
2005, Marketing Science 24(2); Schmittlein, Morrison & Colombo 1987, Management Science 33(1).
"""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from importlib import resources
from typing import Any

import numpy as np
import pytest
import small_market
from scipy import stats
from scipy.special import beta as beta_function
from scipy.special import hyp2f1

from regulars.analysis.models.bg_nbd import BgNbd
from regulars.scenarios import from_tree
from regulars.sim.core.component import Feedback
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import CHURNED

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

WEEKS = (13, 26, 39, 52, 65, 78)
BG = {"purchase": {"r": 0.243, "alpha": 4.414}, "attrition": {"type": "beta_geometric", "a": 0.793, "b": 2.426}}
PARETO = {"purchase": {"r": 0.553, "alpha": 10.578}, "attrition": {"type": "pareto", "s": 0.606, "beta": 11.669}}


def entry_weeks() -> np.ndarray:
    """Weeks from the start to each customer's first order in the CDNOW sample, shape (2357,)."""
    first: dict[str, date] = {}
    log = resources.files("regulars.scenarios") / "library/online_shop/cdnow_sample.csv"
    for row in csv.DictReader(log.read_text("utf-8").splitlines()):
        day = date.fromisoformat(row["date"])
        first[row["customer_id"]] = min(day, first.get(row["customer_id"], day))
    return np.array([(day - date(1997, 1, 1)).days + 1 for day in first.values()]) / 7.0


def cohort(behaviors: dict[str, Any], *, customers: int = 2357, weeks: int = 78, entry: np.ndarray | None = None, **more: Any) -> Any:
    market = {"customers": customers, "start": "cohort"}
    scenario = from_tree({"name": "cohort", "horizon_weeks": weeks, "market": market, "behaviors": behaviors, **more})
    if entry is None:
        return scenario
    histories = np.zeros((len(entry), 5))
    histories[:, 0] = entry
    return replace(scenario, histories=histories)


def lived(scenario: Any, replication: int = 0, weeks: int | None = None) -> LoyaltyModel:
    return LoyaltyModel(scenario, replication=replication, collect=False).run(weeks)


def cumulative(model: LoyaltyModel) -> np.ndarray:
    return model.weekly().orders[:, -1].cumsum()


class Cohorts:
    """The CDNOW cohort lived 400 times: cumulative repeats by week, and the histogram of repeats at week 39."""

    def __init__(self) -> None:
        scenario = cohort(BG, entry=entry_weeks())
        repeats, counts = [], []
        for replication in range(400):
            model = lived(scenario, replication, 39)
            counts.append(np.bincount(np.minimum(model.world.customers.n_orders, 7), minlength=8))
            repeats.append(cumulative(model.run()))
        self.repeats, self.counts = np.array(repeats), np.array(counts)


@pytest.fixture(scope="module")
def cdnow() -> Cohorts:
    return Cohorts()


# Expected cumulative repeats, BG/NBD in closed form at the published parameters and the birth days of the sample.
@pytest.mark.parametrize(("week", "expected"), list(zip(WEEKS, (710.0, 1729.5, 2497.6, 3132.1, 3680.2, 4166.4), strict=True)))
def test_cdnow_cohort_orders_as_bg_nbd_expects(cdnow, week, expected):
    """Wiring: the parameters of the paper return the curve of its formula."""
    # 1.5 % is asked of 100 replications; of 400, a standard error is 0.3 %.
    assert cdnow.repeats[:100, week - 1].mean() == pytest.approx(expected, rel=0.015)
    assert cdnow.repeats[:, week - 1].mean() == pytest.approx(expected, rel=0.0125)


def test_share_without_repeat_by_week_39_is_that_of_bg_nbd(cdnow):
    """Wiring: the parameters of the paper return the share of its formula."""
    # Mean of 400 independent simulations .5954, in closed form 1406.5 / 2357 = .5967; one replication has sd .0103.
    assert cdnow.counts[:, 0].mean() / 2357 == pytest.approx(0.595, abs=0.003)


# Standard deviation of one replication of 2,357 customers, from 400 independent simulations.
@pytest.mark.parametrize(("week", "expected"), [(39, 106.0), (78, 188.0)])
def test_replications_spread_as_bg_nbd_does(cdnow, week, expected):
    assert cdnow.repeats[:, week - 1].std(ddof=1) == pytest.approx(expected, rel=0.15)


def test_frequency_histogram_at_39_weeks_is_that_of_bg_nbd(cdnow):
    """Wiring. Chi-square at 1 %. Customers of different ages pool to counts that spread less than a multinomial: no alarm is added."""
    expected = 400 * np.array([1406.5000, 460.8075, 192.7094, 101.3067, 59.9361, 38.1786, 25.5897, 71.9720])
    pooled = cdnow.counts.sum(axis=0)
    assert pooled.sum() == 400 * 2357
    assert ((pooled - expected) ** 2 / expected).sum() < stats.chi2.isf(0.01, 7)


def mean_repeats_of_bg_nbd(r: float, alpha: float, a: float, b: float, t: np.ndarray) -> np.ndarray:
    """Fader, Hardie & Lee 2005, equation 9."""
    return (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * hyp2f1(r, b, a + b - 1, t / (alpha + t)))


# Alarm: four standard errors of the mean over customers, two-sided 6e-5 a check.
@pytest.mark.parametrize(("r", "alpha", "a", "b"), [(0.8, 6.0, 1.5, 9.0), (2.0, 3.0, 0.3, 1.2), (0.2, 1.0, 0.6, 5.0)])
def test_other_parameters_order_as_the_closed_form(r, alpha, a, b):
    people, weeks = 100_000, np.array([4, 20, 52])
    behaviors = {"purchase": {"r": r, "alpha": alpha}, "attrition": {"type": "beta_geometric", "a": a, "b": b}}
    repeats = cumulative(lived(cohort(behaviors, customers=people, weeks=52)))[weeks - 1] / people
    error = np.sqrt(BgNbd(r, alpha, a, b).repeats_variance(weeks.astype(float)) / people)
    assert (np.abs(repeats - mean_repeats_of_bg_nbd(r, alpha, a, b, weeks)) < 4 * error).all()


def test_without_terms_exposure_makes_no_difference():
    by_order = {**BG, "attrition": {**BG["attrition"], "exposure": "order"}}
    base, order = lived(cohort(BG)), lived(cohort(by_order))
    assert base.digests() == order.digests()


# Pareto/NBD at the published maximum of CDNOW: 698.8, 1733.1, 2524.9, 3184.4, 3758.0, 4270.1; 1.5 % asked.
def test_pareto_nbd_cohort_orders_as_expected():
    """Wiring: the maximum of the likelihood returns the curve of its formula."""
    scenario = cohort(PARETO, entry=entry_weeks())
    mean = np.mean([cumulative(lived(scenario, at)) for at in range(100)], axis=0)
    expected = [698.8, 1733.1, 2524.9, 3184.4, 3758.0, 4270.1]
    assert mean[np.array(WEEKS) - 1] == pytest.approx(expected, rel=0.015)


def test_pareto_lives_last_as_long_as_a_pareto_distribution_says():
    people = 200_000
    model = LoyaltyModel(cohort(PARETO, customers=people, weeks=52), collect=False).run()
    exits = model.weekly().exits[:, -1].cumsum()
    for week in (4, 13, 52):
        gone = 1.0 - (11.669 / (11.669 + week)) ** 0.606
        low, high = stats.binom.interval(1 - ALARM, people, gone)
        assert low <= exits[week - 1] <= high


def test_contracts_end_as_the_shifted_beta_geometric_says():
    """Wiring. Survival B(alpha, beta + t) / B(alpha, beta): Regular of Fader & Hardie 2007 at (.704, 1.182); 17.0 % in year 12."""
    people, alpha, beta = 100_000, 0.704, 1.182
    behaviors = {"attrition": {"type": "renewal", "alpha": alpha, "beta": beta, "period_weeks": 4}, "purchase": {"r": 1.0, "alpha": 4.0}}
    model = lived(cohort(behaviors, customers=people, weeks=49))
    left = people - model.weekly().exits[:, -1].cumsum()
    for year in (1, 2, 5, 12):
        survival = beta_function(alpha, beta + year) / beta_function(alpha, beta)
        low, high = stats.binom.interval(1 - ALARM, people, survival)
        assert low <= left[4 * year] <= high
    assert left[-1] / people == pytest.approx(0.170, abs=0.005)


def test_contracts_end_at_their_dates_only():
    behaviors = {"attrition": {"type": "renewal", "period_weeks": 13}}
    exits = lived(cohort(behaviors, customers=2000, weeks=40)).weekly().exits[:, -1]
    # A renewal that falls on the end of week 13 is due in that step.
    assert set(np.flatnonzero(exits) + 1) == {13, 26, 39}


def test_nobody_dies_where_drop_out_is_all_but_impossible():
    behaviors = {"purchase": {"r": 2.0, "alpha": 4.0}, "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0}}
    people = 50_000
    model = lived(cohort(behaviors, customers=people, weeks=20))
    orders = model.world.customers.n_orders
    # NBD: mean r t / alpha = 10, variance mean (1 + t / alpha) = 60; alarm 6e-5 each.
    assert abs(orders.mean() - 10.0) < 4 * np.sqrt(60 / people)
    assert orders.var() == pytest.approx(60.0, rel=0.05)
    assert model.weekly().exits[:, -1].sum() < 20


@pytest.mark.parametrize("k", [1.0, 2.0, 5.0])
def test_gaps_of_regular_buyers_vary_as_erlang(k):
    """The coefficient of variation of a person's gaps is 1 / sqrt(k), whatever the person's rate."""
    behaviors = {
        "purchase": {"r": 50.0, "alpha": 25.0, "timing_shape": k},
        "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0},
    }
    model = LoyaltyModel(cohort(behaviors, customers=300, weeks=100), collect=False)
    person, time = [], []
    for _ in range(100):
        model.step()
        person.append(model.world.events.person)
        time.append(model.world.events.time.astype(np.float64))
    who, when = np.concatenate(person), np.concatenate(time)
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    same = np.diff(who) == 0
    units = np.diff(when)[same] * model.world.customers.purchase_rate[who[1:][same]]
    # 59,000 gaps: the standard error of the coefficient is below .5 %.
    assert units.std() / units.mean() == pytest.approx(k**-0.5, rel=0.02)
    assert units.mean() == pytest.approx(1.0, rel=0.02)


def values_of(spend: dict[str, Any], people: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    behaviors = {
        "purchase": {"r": 50.0, "alpha": 25.0},
        "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0},
        "spend": spend,
    }
    model = LoyaltyModel(cohort(behaviors, customers=people, weeks=2), collect=False)
    model.step()
    model.step()
    return model.world.events.person, model.world.events.value / 10_000


def test_gamma_gamma_orders_have_the_mean_and_spread_of_the_closed_form():
    """Wiring. p v / (q - 1) at p 6.25, q 3.74, v 15.44: 35.22; the published population mean of the fit is 35.17. Spread of the
    persons' means: mean / sqrt(q - 2), about it 1 / sqrt(p)."""
    people = 200_000
    _, values = values_of({"type": "gamma_gamma", "p": 6.25, "q": 3.74, "v": 15.44}, people)
    mean = 6.25 * 15.44 / 2.74
    variance = mean**2 * ((1 / 6.25) * (1 + 1 / 1.74) + 1 / 1.74)
    assert values.mean() == pytest.approx(mean, rel=0.01)
    assert values.mean() == pytest.approx(35.17, rel=0.01)
    # The fourth moment of a person's mean is infinite at q < 4: the spread is compared where it is stable.
    assert np.sqrt(variance) == pytest.approx(values.std(), rel=0.1)
    exact = stats.betaprime(6.25, 3.74, scale=15.44)
    shares = np.histogram(values, [0, *exact.ppf([0.1, 0.25, 0.5, 0.75, 0.9]), np.inf])[0] / len(values)
    assert shares == pytest.approx([0.1, 0.15, 0.25, 0.25, 0.15, 0.1], abs=0.005)


def test_lognormal_orders_have_the_moments_of_the_logs():
    """Wiring: mean and spread of the logs of CDNOW."""
    person, values = values_of({"type": "lognormal", "mean_log": 3.311, "between_sd": 0.40, "within_sd": 0.62})
    logs = np.log(values)
    assert logs.mean() == pytest.approx(3.311, abs=0.012)
    # Total log sd of CDNOW .738: .40 and .62 together.
    assert logs.std() == pytest.approx(0.738, abs=0.01)
    pairs = np.flatnonzero(np.diff(person) == 0)
    between = np.cov(logs[pairs], logs[pairs + 1])[0, 1]
    assert between == pytest.approx(0.16, abs=0.012)


def test_faster_customers_order_no_less_in_any_week():
    """The clocks' promise: the same luck at a higher pace passes every order no later."""
    slow = cohort(BG, customers=5000, weeks=30)
    fast = slow.with_values({"behaviors.purchase.offset": 0.1})
    one, two = (LoyaltyModel(each, collect=False) for each in (slow, fast))
    for _ in range(30):
        one.step()
        two.step()
        assert (two.world.customers.n_orders >= one.world.customers.n_orders).all()
    assert two.world.customers.n_orders.sum() > one.world.customers.n_orders.sum()


def test_an_order_meets_the_same_value_whatever_week_it_falls_in():
    slow = cohort(BG, customers=3000, weeks=30)
    fast = slow.with_values({"behaviors.purchase.offset": 0.3})
    values: list[dict[tuple[int, int], int]] = []
    for scenario in (slow, fast):
        model, found = LoyaltyModel(scenario, collect=False), {}
        for _ in range(30):
            model.step()
            events = model.world.events
            found.update(zip(zip(events.person.tolist(), events.number.tolist(), strict=True), events.value.tolist(), strict=True))
        values.append(found)
    common = values[0].keys() & values[1].keys()
    assert len(common) > 1000
    assert all(values[0][one] == values[1][one] for one in common)


def test_departed_customers_come_back_by_the_hazard_that_draws_them():
    """A hazard of .02 a week for 20 weeks brings back 1 - exp(-.4) of those who left before the start, a binomial count."""
    with small_market.unregistered():

        class Recall(Feedback):
            """Calls everyone who left."""

            type = "recall"
            reads = ("status",)
            cause = "recall"

            def weigh(self, world: Any) -> None:
                world.rates.cause("recall")[world.customers.status == CHURNED] = 0.02

    scenario = cohort(BG, customers=4000, weeks=20, entry=np.zeros(4000))
    recalled = replace(scenario, components=(*scenario.components, Recall()))
    one = LoyaltyModel(recalled, collect=False)
    customers = one.world.customers
    gone = np.arange(4000) % 2 == 0
    customers.status[gone] = CHURNED
    customers.status_clock[gone] = -np.log(1.0 - (np.arange(2000) + 0.5) / 2000)
    for kpi in one.kpis:
        if kpi.type == "active_customers":
            kpi.begin(one.world)
    one.run()
    back = customers.returns[gone] > 0
    assert back.mean() == pytest.approx(1.0 - np.exp(-0.4), abs=1.5 / 2000)
    assert one.world.totals.so_far("won_back") == customers.returns.sum() > back.sum() - 1
    first = customers.n_orders[gone][back]
    assert (first >= 1).all() and (customers.n_orders[gone][~back] == 0).all()
    assert (customers.acquired_by == 0).all()


def test_who_returns_lives_a_life_of_its_own_luck():
    """The second life is drawn anew: a unit exponential that knows nothing of the first."""
    customers = 3000
    scenario = cohort({**BG, "attrition": {"type": "pareto", "s": 0.606, "beta": 11.669}}, customers=customers, weeks=4)
    one = LoyaltyModel(scenario, collect=False)
    first = one.world.customers.status_clock.copy()
    one.world.customers.status[:] = CHURNED
    one.world.customers.status_clock[:] = 1e-6
    for kpi in one.kpis:
        if kpi.type == "active_customers":
            kpi.begin(one.world)
    one.arrive()
    one.weigh()
    one.world.rates.acquisition[:] = 1.0
    one.world.rates.log_attrition[:] = -50.0
    one.live()
    assert (one.world.customers.returns == 1).all()
    second = one.world.customers.status_clock
    assert stats.kstest(second, "expon").pvalue > ALARM
    assert abs(np.corrcoef(first, second)[0, 1]) < stats.norm.isf(ALARM / 2) / customers**0.5
