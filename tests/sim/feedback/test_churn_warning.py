"""Churn warning: what the score is made of, when warnings stand, and how right they are by the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import ScenarioError, from_tree
from regulars.sim.feedback.churn_warning import Book
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import CHURNED

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

BUYERS = {"purchase": {"r": 3.0, "alpha": 9.0}, "attrition": {"type": "pareto", "s": 2.0, "beta": 60.0}, "satisfaction": {}, "loyalty": {}}
"""An order in three weeks on average; a thirtieth leaves each week."""

LATENT = (
    "status", "purchase_rate", "attrition_hazard", "log_basket", "order_clock", "status_clock", "satisfaction", "usual_satisfaction",
    "loyalty",
)  # fmt: skip
NO_SURVEY: dict[str, Any] = {"survey": {"response": 0.0}}


def tree(*, customers: int = 3000, weeks: int = 30, step_days: int = 7, **warning: Any) -> dict[str, Any]:
    market = {"customers": customers, "prospects": 50, **warning.pop("market", {})}
    behaviors = {**BUYERS, **warning.pop("behaviors", {})}
    return {
        "name": "m", "horizon_weeks": weeks, "step_days": step_days, "market": market, "behaviors": behaviors,
        "feedback": {"watch": {"type": "churn_warning", **warning}},
    }  # fmt: skip


def model(**options: Any) -> LoyaltyModel:
    return LoyaltyModel(from_tree(tree(**options)), collect=False)


def weekly(one: LoyaltyModel, name: str) -> list[float]:
    return getattr(one.weekly(), name)[:, -1].tolist()


def own(one: LoyaltyModel) -> Any:
    return one.world.owned["feedback.watch"]


def gaps(one: LoyaltyModel) -> np.ndarray:
    """Silence in own mean gaps, one gap of the average customer mixed in."""
    customers, now = one.world.customers, one.world.calendar.now
    orders = customers.n_orders + customers.orders_before.astype(float)
    return (now - customers.last_order) * orders / (customers.last_order - customers.joined + 1 / one.world.population.mean_rate)


def logistic(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def test_the_score_is_the_logistic_of_silence_in_own_gaps():
    one = model(intercept=-3.0, recency_slope=1.5, threshold=0.999, lost_gaps=1000.0, **NO_SURVEY).run(12)
    known = one.world.customers.last_order > -1e8
    never_flagged = known & (own(one).flagged < -1e8)
    assert own(one).score[never_flagged] == pytest.approx(logistic(-3.0 + 1.5 * gaps(one)[never_flagged]), rel=1e-4)
    assert not own(one).score[~known].any()


def test_a_bad_answer_raises_the_score_and_a_good_one_lowers_it():
    one = model(intercept=-2.0, recency_slope=1.0, survey_slope=0.5, threshold=0.999, lost_gaps=1000.0, survey={"response": 0.5}).run(12)
    mine = own(one)
    answered = (mine.answered > 0) & (mine.flagged < -1e8)
    assert 500 < answered.sum() < 3000
    expected = logistic(-2.0 + gaps(one) + 0.05 * (70.0 - mine.answer))
    assert mine.score[answered] == pytest.approx(expected[answered], rel=1e-4)


def test_answers_come_at_their_rate_after_their_lag_and_are_not_exact():
    """Exact binomial bounds on who answers; noise as declared within chi-square bounds."""
    one = model(customers=8000, weeks=1, survey={"response": 0.3, "noise": 10.0, "lag_weeks": 0}, behaviors={"loyalty": {}})
    one.step()
    events, mine = one.world.events, own(one)
    once = np.flatnonzero(np.bincount(events.person, minlength=one.world.people) == 1)
    answered = once[mine.answered[once] > 0]
    low, high = stats.binom.interval(1 - ALARM, len(once), 0.3)
    assert low <= len(answered) <= high
    inside = answered[(mine.answer[answered] > 0) & (mine.answer[answered] < 100)]
    inside = inside[np.abs(one.world.customers.satisfaction[inside] - 60) < 10]  # Far from the ends of the scale.
    spread = ((mine.answer[inside] - one.world.customers.satisfaction[inside]) ** 2).sum()
    low, high = stats.chi2.interval(1 - ALARM, len(inside))
    assert low <= spread / (10.0**2 + 1 / 12) <= high
    late = model(customers=500, weeks=4, survey={"response": 1.0, "lag_weeks": 2})
    known = []
    for _ in range(4):
        late.step()
        known.append(bool((own(late).answered > 0).any()))
    assert known == [False, False, True, True]


def test_the_score_does_not_hang_on_what_no_firm_can_see():
    """Latent state is shuffled among people before the last respond; scores and warnings are those they were."""
    plain, blind = (model(weeks=12, survey={"response": 0.0}).run(11) for _ in range(2))
    for one in (plain, blind):
        for phase in ("arrive", "weigh", "live", "settle"):
            getattr(one, phase)()
    luck = np.random.default_rng(7)
    for name in LATENT:
        luck.shuffle(getattr(blind.world.customers, name))
    for one in (plain, blind):
        one.respond()
    assert own(plain).score.any() and own(plain).score.tobytes() == own(blind).score.tobytes()
    assert plain.world.customers.warned.any() and (plain.world.customers.warned == blind.world.customers.warned).all()


def test_everyone_at_the_threshold_is_warned_of_once_a_silence_after_the_lag():
    one = model(threshold=0.5, lag_weeks=2, weeks=20, **NO_SURVEY)
    flagged: list[np.ndarray] = []
    for week in range(20):
        one.step()
        flagged.append(np.flatnonzero(own(one).score >= 0.5))
        raised = np.flatnonzero(own(one).raised == one.world.calendar.now)
        assert (raised == (flagged[week - 2] if week >= 2 else [])).all()
        assert weekly(one, "warnings")[week] == len(raised)
    assert sum(weekly(one, "warnings")) > 1000


def test_a_warning_ends_with_an_order_or_when_its_time_is_up():
    one = model(keep_weeks=3.0, lag_weeks=0, weeks=25, **NO_SURVEY)
    ended_by_order = ended_by_time = 0
    one.step()
    for _ in range(24):
        before, raised = one.world.customers.warned.copy(), own(one).raised.copy()
        one.step()
        gone = (before == 1) & (one.world.customers.warned == 0)
        ordered = one.world.customers.last_order > raised
        late = one.world.calendar.now - raised >= 3.0
        assert (ordered | late)[gone].all()
        still = (before == 1) & (own(one).raised == raised)
        assert ((one.world.customers.warned == 1) == ~(ordered | late))[still].all()
        ended_by_order += int((gone & ordered).sum())
        ended_by_time += int((gone & ~ordered).sum())
    assert min(ended_by_order, ended_by_time) > 100


def test_capacity_takes_the_highest_scores():
    one = model(capacity=20, lag_weeks=0, weeks=6, **NO_SURVEY)
    for _ in range(6):
        one.step()
        over = np.flatnonzero(own(one).score >= 0.5)
        taken = np.flatnonzero(own(one).raised == one.world.calendar.now)
        assert len(taken) == min(20, len(over))
        rest = np.setdiff1d(over, taken)
        if len(rest):
            assert own(one).score[taken].min() >= own(one).score[rest].max()


def test_who_has_long_been_silent_is_not_warned_of():
    one = model(lost_gaps=3.0, lag_weeks=0, weeks=1, behaviors={}, **NO_SURVEY).run()
    warned = own(one).warned == 1
    assert warned.any() and (gaps(one)[warned] <= 3.0 + 1e-4).all()
    assert (gaps(one)[one.world.customers.last_order > -1e8] > 3.0).any()


def test_precision_and_recall_are_those_of_a_hand_made_market():
    """Six people, horizon 2. Warned of in week 1: one who left before, one who leaves in week 3, one who never leaves, and one who
    leaves in week 4. Right are the first two of the four: precision 2 / 4. Of the four who leave (two never warned of) one was
    warned of in time, 2 weeks ahead: recall 1 / 4, lag -2 weeks.
    """
    quiet = {"purchase": {"r": 1.0, "alpha": 1e5}, "attrition": {"type": "pareto", "s": 0.001, "beta": 1e6}}
    scenario = from_tree({
        "name": "m", "horizon_weeks": 8, "market": {"customers": 6, "start": "cohort"}, "behaviors": quiet,
        "feedback": {"watch": {"type": "churn_warning", "horizon_weeks": 2, "lag_weeks": 0, "threshold": 0.999, "intercept": -20.0}},
    })  # fmt: skip
    one = LoyaltyModel(scenario, collect=False)
    watch = next(each for each in one.components if each.address == "feedback.watch")
    status = one.world.customers.status
    status[0] = CHURNED
    leaving = {3: [1], 4: [3, 4], 6: [5]}
    for week in range(1, 9):
        one.arrive()
        one.weigh()
        one.live()
        exits = np.array(leaving.get(week, []), np.int32)
        one.world.events.exits = exits
        status[exits] = CHURNED
        one.settle()
        if week == 1:
            one.world.note(watch, Book).flagged.append((1, np.array([0, 1, 2, 3], np.int32)))
        one.respond()
        one.world.totals.close_week()
        one.world.calendar.step += 1
    totals = one.world.totals.horizon()
    assert (totals.warnings[0, -1], totals.warnings_judged[0, -1], totals.warnings_right[0, -1]) == (4, 4, 2)
    assert (totals.leavers_judged[0, -1], totals.leavers_warned[0, -1]) == (4, 1)
    values = {kpi.type: float(np.asarray(totals.value(kpi))[0, -1]) for kpi in one.kpis if kpi.type.startswith("warning_")}
    assert values == {"warning_precision": 0.5, "warning_recall": 0.25, "warning_lag_weeks": -2.0}


def test_precision_and_recall_agree_with_a_count_by_hand():
    """The same judgment in plain Python over a whole run."""
    one, horizon = model(horizon_weeks=5, weeks=40, **NO_SURVEY), 5
    warnings: list[tuple[int, int, bool]] = []
    exits: list[tuple[int, int]] = []
    for week in range(1, 41):
        one.step()
        exits += [(int(i), week) for i in one.world.events.exits]
        raised = np.flatnonzero(own(one).raised == week)
        warnings += [(int(i), week, bool(one.world.customers.status[i] == CHURNED)) for i in raised]
    left = dict(exits)
    due = [one_ for one_ in warnings if one_[1] + horizon <= 40]
    right = [one_ for one_ in due if one_[2] or one_[1] < left.get(one_[0], -99) <= one_[1] + horizon]
    gone = [one_ for one_ in exits if one_[1] + horizon <= 40]
    by_person: dict[int, list[int]] = {}
    for person, week, _ in warnings:
        by_person.setdefault(person, []).append(week)
    seen = [one_ for one_ in gone if any(abs(week - one_[1]) <= horizon for week in by_person.get(one_[0], []))]
    totals = one.world.totals.horizon()
    assert (totals.warnings_judged[0, -1], totals.warnings_right[0, -1]) == (len(due), len(right))
    assert (totals.leavers_judged[0, -1], totals.leavers_warned[0, -1]) == (len(gone), len(seen))
    assert 0 < len(right) < len(due) and 0 < len(seen) < len(gone)


def test_a_higher_threshold_is_more_precise_and_finds_fewer():
    """Emergent: silence in own gaps tells of having left."""
    found = [model(customers=6000, weeks=60, threshold=threshold, **NO_SURVEY).run().world.totals.horizon() for threshold in (0.1, 0.9)]
    precision = [one.warnings_right[0, -1] / one.warnings_judged[0, -1] for one in found]
    recall = [one.leavers_warned[0, -1] / one.leavers_judged[0, -1] for one in found]
    assert precision[1] > precision[0] + 0.1 and recall[1] < recall[0] - 0.05


def test_warnings_alone_change_nothing_but_what_is_paid():
    watched, plain = (LoyaltyModel(from_tree(one), collect=False).run() for one in (tree(), {**tree(), "feedback": {}}))
    mine = dict(plain.world.customers.arrays())
    assert all(mine[name].tobytes() == array.tobytes() for name, array in watched.world.customers.arrays() if name != "warned")


def test_the_system_costs_what_it_costs():
    one = model(customers=50, weeks=4, start_week=2, setup_cost=10.5, weekly_cost=2.25).run()
    assert weekly(one, "program_fixed_cost") == [0.0, 12.75, 2.25, 2.25]


def test_only_the_audience_is_watched():
    one = model(weeks=20, audience={"share": 0.5}, market={"hold_out": 0.2}, survey={"response": 1.0}).run()
    outside = own(one).audience == 0
    assert outside.any() and not one.world.customers.warned[outside].any()
    assert (own(one).answered[outside] < 0).all() and (own(one).raised[outside] < 0).all()


def test_two_systems_count_their_warnings_together():
    both = tree(weeks=20, **NO_SURVEY)
    both["feedback"]["other"] = {**both["feedback"]["watch"], "threshold": 0.8}
    one = LoyaltyModel(from_tree(both), collect=False).run()
    owned = one.world.owned
    assert (one.world.customers.warned == owned["feedback.watch"].warned + owned["feedback.other"].warned).all()
    assert one.world.customers.warned.max() == 2


def test_bad_input_is_told_in_one_line():
    with pytest.raises(ScenarioError) as refused:
        from_tree(tree(audience={"segment": ["moon"]}))
    (line,) = str(refused.value).splitlines()
    assert "feedback.watch.audience.segment: no segment 'moon'" in line
