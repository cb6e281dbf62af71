"""Scenarios against their baseline: paired differences, return on cost, payback, and what a naive reading would claim.

Arrays hold one row per replication; row k of a scenario and row k of its baseline met the same luck, so everything is a
difference row by row. `dataclasses.asdict` of a result is its part of the planner's document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from .estimate import Estimate

PAIRED = "Rows are paired: row k of both scenarios met the same luck."
NO_LAUNCH = "nothing is launched within the horizon"
NO_DRAWS = "no draws of the uncertain parameters were made"
FEW_REPLICATIONS, FEW_DRAWS = 10, 50
"""Below these an interval or a probability is rough, and no verdict is clear."""
# An interval from the few draws left would pass for the whole truth.
MOST_LEFT_OUT = 0.5


@dataclass(frozen=True)
class Difference:
    """By how much a scenario's KPI differs from its baseline's.

    Attributes:
        mean: Mean paired difference, scenario less baseline; None where no replication has the KPI in both.
        sd: Standard deviation of the paired differences; None for one replication.
        ci95: Student t interval of the mean at the level asked for (95 % by default); None for one replication.
        relative: `mean` as a fraction of the absolute baseline mean; None where that is 0.
        baseline: Mean of the baseline over the same replications.
        n: Replications in which both scenarios have the KPI.
    """

    mean: float | None
    sd: float | None
    ci95: tuple[float, float] | None
    relative: float | None
    baseline: float | None
    n: int


@dataclass(frozen=True)
class BreakEven:
    """How much more margin a program has to bring to pay for itself, beside what it brings.

    Attributes:
        required_lift: Incremental program cost as a fraction of baseline margin; None without baseline margin.
        achieved_lift: Incremental margin as a fraction of baseline margin; None without baseline margin.
        achieved_over_required: Incremental margin over incremental cost, 1 at break-even; None where nothing more is spent.
        margin_needed: Mean incremental program cost, money.
        margin_gained: Mean incremental margin before program costs, money.
    """

    required_lift: float | None
    achieved_lift: float | None
    achieved_over_required: float | None
    margin_needed: float
    margin_gained: float


@dataclass(frozen=True)
class BeforeAfter:
    """What comparing the weeks after launch with the weeks before it would claim.

    Attributes:
        claimed_lift: Weekly margin after launch over that before, less 1; None where it cannot be computed.
        claimed_gain: Weekly margin after less before, times the weeks after, money; None where it cannot be computed.
        weeks_before: Weeks of the horizon before launch.
        weeks_after: Weeks of the horizon from launch on.
        reason: Why there is no claim; None where there is one.
    """

    claimed_lift: float | None
    claimed_gain: float | None
    weeks_before: int
    weeks_after: int
    reason: str | None


@dataclass(frozen=True)
class MembersAgainstOthers:
    """What comparing members with non-members would claim, beside what the program did to these members.

    Attributes:
        claimed_lift: Margin per member over margin per non-member, less 1; None where it cannot be computed.
        claimed_gain: Margin per member less margin per non-member, times members, money; None where it cannot be computed.
        true_lift: Members' margin over that of the same people in the baseline, less 1; None where it cannot be computed.
        true_gain: Members' margin less that of the same people in the baseline, money; None without members.
        overstated_by: `claimed_gain` over `true_gain`, 1 for a fair reading; None where the true gain is not above 0.
        reason: Why something is None; None where nothing is.
    """

    claimed_lift: float | None
    claimed_gain: float | None
    true_lift: float | None
    true_gain: float | None
    overstated_by: float | None
    reason: str | None


@dataclass(frozen=True)
class Truth:
    """What the program did, everyone counted.

    Attributes:
        lift: Incremental margin as a fraction of baseline margin; None without baseline margin.
        gain: Incremental margin before program costs, money.
    """

    lift: float | None
    gain: float


@dataclass(frozen=True)
class NaiveReadings:
    """What everyday readings would have claimed, beside the truth that only a simulation knows.

    Attributes:
        before_after: The reading over time.
        members: The reading over people.
        truth: Scenario less baseline, everyone counted.
    """

    before_after: BeforeAfter
    members: MembersAgainstOthers
    truth: Truth


@dataclass(frozen=True)
class Band:
    """A course over weeks with its interval.

    Attributes:
        mean: Mean over replications, one number a week.
        low: Lower end of the interval of the mean, one number a week; None for one replication.
        high: Upper end of the interval of the mean, one number a week; None for one replication.
    """

    mean: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None


@dataclass(frozen=True)
class LossProbability:
    """How likely the program loses money, over joint draws of uncertain parameters and luck.

    Attributes:
        value: Share of draws with a loss; None without draws.
        error: Monte Carlo standard error of `value`; None without draws.
        n: Draws.
        reason: Why there is none; None where there is one.
    """

    value: float | None
    error: float | None
    n: int
    reason: str | None


@dataclass(frozen=True)
class WaterfallLine:
    """One step from nothing to incremental profit.

    Attributes:
        line: What the money is, in words.
        mean: What it adds to profit, negative for a cost, money.
        ci95: Student t interval of `mean`; None for one replication.
    """

    line: str
    mean: float
    ci95: tuple[float, float] | None


def paired_difference(baseline: ArrayLike, other: ArrayLike, *, level: float = 0.95) -> Difference:
    """By how much a scenario differs from its baseline, replication by replication.

    Args:
        baseline: KPI of the baseline, shape (R,), R >= 1; not a number where a replication has none.
        other: KPI of the scenario, shape (R,), paired with `baseline` row by row.
        level: Coverage of the interval, 0 to 1.

    Returns:
        Difference with Student t interval; all None where no replication has the KPI in both.

    Raises:
        ValueError: Shapes differ or are empty.
    """
    base, arm = _paired(baseline=baseline, other=other)
    both = np.isfinite(base) & np.isfinite(arm)
    base, arm = base[both], arm[both]
    n = len(base)
    if n == 0:
        return Difference(None, None, None, None, None, 0)
    gain = arm - base
    mean, start = float(gain.mean()), float(base.mean())
    relative = mean / abs(start) if start != 0.0 else None
    if n == 1:
        return Difference(mean, None, None, relative, start, 1)
    sd = float(gain.std(ddof=1))
    half = _t(level, n) * sd / float(np.sqrt(n))
    return Difference(mean, sd, (mean - half, mean + half), relative, start, n)


def return_on_cost(margin_gain: ArrayLike, cost_gain: ArrayLike, *, level: float = 0.95) -> Estimate:
    """What a program earns on each unit of money it costs beyond the baseline (ROI).

    A ratio of means: (mean margin gain - mean cost gain) / mean cost gain. A program with cost and no effect has -1.

    Args:
        margin_gain: Incremental margin before program costs, shape (R,), money.
        cost_gain: Incremental program cost, shape (R,), money.
        level: Coverage of the interval, 0 to 1.

    Returns:
        Estimate as a fraction, with delta-method interval and Student t; value None with a reason where the mean
        incremental cost is not above 0, interval None for one replication.

    Raises:
        ValueError: Shapes differ or are empty, or a value is not finite.

    Source: Cochran (1977), Sampling Techniques, 3rd ed., section 6.3 (variance of a ratio of means).
    """
    margin, cost = _paired(margin_gain=margin_gain, cost_gain=cost_gain, finite=True)
    n, spent = len(cost), float(cost.mean())
    method = "ratio of means, delta method with Student t"
    estimand = "(incremental margin - incremental program cost) / incremental program cost"
    if spent <= 0.0:
        said = "costs nothing more than the baseline" if spent == 0.0 else "costs less than the baseline"
        return Estimate(None, None, method, estimand, n, reason=f"{said}: a return on cost has no meaning")
    # One division, so that a program without effect has exactly -1.
    value = (float(margin.mean()) - spent) / spent
    if n == 1:
        return Estimate(value, None, method, estimand, n, reason="one replication says nothing about luck")
    # Linearized: what one replication adds to the ratio.
    sd = float((margin - (1.0 + value) * cost).std(ddof=1)) / spent
    half = _t(level, n) * sd / float(np.sqrt(n))
    assumptions = (PAIRED, "The mean incremental cost is many standard errors above 0, so that the ratio is near to linear.")
    return Estimate(value, (value - half, value + half), method, estimand, n, assumptions, sd)


def share_made(intact: ArrayLike, cut: ArrayLike, *, level: float = 0.95) -> Estimate:
    """The share of a flow that a feedback loop makes: 1 - (mean flow with the loop cut) / (mean flow with it).

    In a linear loop of gain g that feeds on nothing but its own flow, intact = cut / (1 - g), so that it is g. It is positive
    where there is more of the flow with the loop and negative where there is less, whatever the sign of the loop: a balancing loop
    that holds attrition in check makes a positive share of orders and a negative one of exits.

    Args:
        intact: Flow over the horizon with the loop, shape (R,).
        cut: The same with the loop cut, shape (R,), paired row by row.
        level: Coverage of the interval, 0 to 1.

    Returns:
        Estimate as a fraction, with delta-method interval and Student t; value None with a reason where nothing flows,
        interval None for one replication.

    Raises:
        ValueError: Shapes differ or are empty, or a value is not finite.

    Source: Cochran (1977), Sampling Techniques, 3rd ed., section 6.3 (variance of a ratio of means).
    """
    having, left = _paired(intact=intact, cut=cut, finite=True)
    n, flow = len(having), float(having.mean())
    method = "ratio of means, delta method with Student t"
    estimand = "1 - flow with the loop cut / flow with the loop"
    if flow <= 0.0:
        return Estimate(None, None, method, estimand, n, reason="nothing flows")
    value = (flow - float(left.mean())) / flow
    if n == 1:
        return Estimate(value, None, method, estimand, n, reason="one replication says nothing about luck")
    # Linearized: what one replication adds to the ratio.
    sd = float(((1.0 - value) * having - left).std(ddof=1)) / flow
    half = _t(level, n) * sd / float(np.sqrt(n))
    return Estimate(value, (value - half, value + half), method, estimand, n, (PAIRED,), sd)


def payback_week(weekly_cash_gain: ArrayLike) -> int | None:
    """First week from which the mean cumulative incremental cash stays at or above 0 to the end of the horizon.

    Args:
        weekly_cash_gain: Incremental cash of each week, shape (R, weeks), money.

    Returns:
        Week from 1; None where it never pays back, or where no cash differs from the baseline at all.

    Raises:
        ValueError: No replications or weeks, or a value is not finite.
    """
    gain = _weekly(weekly_cash_gain)
    if not gain.any():
        return None
    cumulative = gain.mean(axis=0).cumsum()
    # Sums of money that cancel leave rounding behind, which is no debt.
    below = np.flatnonzero(cumulative < -1e-9 * np.abs(gain).max())
    first = int(below[-1]) + 2 if len(below) else 1
    return first if first <= gain.shape[1] else None


def cumulative_band(weekly_cash_gain: ArrayLike, *, level: float = 0.95) -> Band:
    """Course of cumulative incremental cash, with the interval that luck leaves of its mean.

    Args:
        weekly_cash_gain: Incremental cash of each week, shape (R, weeks), money.
        level: Coverage of the interval, week by week, 0 to 1.

    Returns:
        Mean with Student t interval, one number a week; the last is the paired difference of the horizon's cash.

    Raises:
        ValueError: No replications or weeks, or a value is not finite.
    """
    course = _weekly(weekly_cash_gain).cumsum(axis=1)
    n, mean = len(course), course.mean(axis=0)
    if n == 1:
        return Band(tuple(mean.tolist()), None, None)
    half = _t(level, n) * course.std(axis=0, ddof=1) / np.sqrt(n)
    return Band(tuple(mean.tolist()), tuple((mean - half).tolist()), tuple((mean + half).tolist()))


def break_even(margin_gain: ArrayLike, cost_gain: ArrayLike, baseline_margin: ArrayLike) -> BreakEven:
    """How much more margin the program has to bring to pay for itself, beside what it brings.

    Args:
        margin_gain: Incremental margin before program costs, shape (R,), money.
        cost_gain: Incremental program cost, shape (R,), money.
        baseline_margin: Margin before program costs in the baseline, shape (R,), money.

    Raises:
        ValueError: Shapes differ or are empty, or a value is not finite.
    """
    margin, cost, base = (
        float(one.mean())
        for one in _paired(margin_gain=margin_gain, cost_gain=cost_gain, baseline_margin=baseline_margin, finite=True)
    )
    return BreakEven(
        required_lift=cost / base if base > 0.0 else None,
        achieved_lift=margin / base if base > 0.0 else None,
        achieved_over_required=margin / cost if cost > 0.0 else None,
        margin_needed=cost,
        margin_gained=margin,
    )


def waterfall(margin_gain: ArrayLike, cost_gains: Mapping[str, ArrayLike], *, level: float = 0.95) -> list[WaterfallLine]:
    """Steps from incremental margin over each incremental cost to incremental profit.

    Args:
        margin_gain: Incremental margin before program costs, shape (R,), money.
        cost_gains: Incremental cost of each kind by its name in words, shape (R,), money.
        level: Coverage of the intervals, 0 to 1.

    Returns:
        Margin first, costs in the order given and with the sign of what they do to profit, profit last: the sum of all
        lines before it.

    Raises:
        ValueError: Shapes differ or are empty, or a value is not finite.
    """
    names = ["incremental margin", *cost_gains, "incremental profit"]
    margin, *costs = _paired(finite=True, **{"incremental margin": margin_gain, **cost_gains})
    steps = [margin, *(-cost for cost in costs)]
    nothing = np.zeros_like(margin)
    told = [paired_difference(nothing, one, level=level) for one in (*steps, np.sum(steps, axis=0))]
    # Adding 0 takes the sign off a cost of nothing.
    return [WaterfallLine(name, (one.mean or 0.0) + 0.0, one.ci95) for name, one in zip(names, told, strict=True)]


def naive_readings(
    *,
    weekly_margin: ArrayLike,
    launch_week: int | None,
    members: ArrayLike,
    members_margin: ArrayLike,
    members_margin_in_baseline: ArrayLike,
    others: ArrayLike,
    others_margin: ArrayLike,
    margin_gain: ArrayLike,
    baseline_margin: ArrayLike,
    no_launch: str = NO_LAUNCH,
) -> NaiveReadings:
    """What a before/after and a member/non-member reading would have claimed, beside the truth.

    Who joins would have bought more anyway, and a market that moves by itself is credited to the launch: in Leenheer et
    al. (2007) the naive effect of membership is seven times the corrected one. Means are taken over replications first.

    Args:
        weekly_margin: Margin before program costs of the scenario, shape (R, weeks), money.
        launch_week: First week of the program, from 1; None without a launch.
        members: Members at the end, shape (R,), people.
        members_margin: Their margin over the horizon, shape (R,), money.
        members_margin_in_baseline: Margin of the same people in the baseline, shape (R,), money.
        others: People compared with members, shape (R,), people.
        others_margin: Their margin over the horizon, shape (R,), money.
        margin_gain: Incremental margin of everyone, shape (R,), money.
        baseline_margin: Margin of everyone in the baseline, shape (R,), money.
        no_launch: Why there is no launch, if there is none.

    Raises:
        ValueError: Shapes differ or are empty, or a value is not finite.

    Source: Leenheer, van Heerde, Bijmolt & Smidts (2007), "Do loyalty programs really enhance behavioral loyalty? An
    empirical analysis accounting for self-selecting members", International Journal of Research in Marketing 24(1).
    """
    n_members, spent, otherwise, n_others, spent_by_others, gain, base = (
        float(one.mean())
        for one in _paired(
            members=members,
            members_margin=members_margin,
            members_margin_in_baseline=members_margin_in_baseline,
            others=others,
            others_margin=others_margin,
            margin_gain=margin_gain,
            baseline_margin=baseline_margin,
            finite=True,
        )
    )
    return NaiveReadings(
        before_after=_before_after(_weekly(weekly_margin).mean(axis=0), launch_week, no_launch),
        members=_members_against_others(n_members, spent, otherwise, n_others, spent_by_others),
        truth=Truth(lift=gain / base if base > 0.0 else None, gain=gain),
    )


def loss_probability(profit_gain_draws: ArrayLike) -> LossProbability:
    """Probability that the program loses money: the share of draws with incremental profit below 0.

    Args:
        profit_gain_draws: Incremental discounted profit, shape (draws,), money; may be empty.

    Returns:
        Share with its Monte Carlo error. The error counts one loss and one gain more than were drawn, so that 0 of 200
        is not taken for certainty (Laplace's rule of succession).

    Raises:
        ValueError: A value is not finite.
    """
    profit = np.asarray(profit_gain_draws, float)
    if profit.ndim != 1 or not np.isfinite(profit).all():
        raise ValueError(f"profit_gain_draws must be finite numbers of shape (draws,), not of shape {profit.shape}")
    n = len(profit)
    if n == 0:
        return LossProbability(None, None, 0, NO_DRAWS)
    losses = int((profit < 0.0).sum())
    likely = (losses + 1) / (n + 2)
    return LossProbability(losses / n, float(np.sqrt(likely * (1.0 - likely) / n)), n, None)


def roi_interval(margin_draws: ArrayLike, cost_draws: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Where the return on cost lies, over joint draws of uncertain parameters and luck.

    Draws in which the program costs nothing more than the baseline have no return on cost: they are left out, and
    `assumptions` says how many. The probability of loss counts them.

    Args:
        margin_draws: Incremental margin before program costs, shape (draws,), money; may be empty.
        cost_draws: Incremental program cost, shape (draws,), money.
        level: Coverage of the interval, 0 to 1.

    Returns:
        Estimate with the ratio of means as value and percentiles of the draws' ratios (linear interpolation) as
        interval; both None with a reason without draws, or where more than half of them cost nothing more.

    Raises:
        ValueError: Shapes differ, or a value is not finite.
    """
    method, estimand = "percentiles over joint draws", "return on incremental program cost"
    drawn = np.asarray(margin_draws, float).size
    if drawn == 0:
        return Estimate(None, None, method, estimand, 0, reason=NO_DRAWS)
    margin, cost = _paired(margin_draws=margin_draws, cost_draws=cost_draws, finite=True)
    paid = cost > 0.0
    margin, cost = margin[paid], cost[paid]
    free = drawn - len(cost)
    if free > MOST_LEFT_OUT * drawn:
        reason = f"in {free} of {drawn} draws the program costs nothing more than the baseline"
        return Estimate(None, None, method, estimand, drawn, reason=reason)
    low, high = np.quantile((margin - cost) / cost, [(1.0 - level) / 2.0, (1.0 + level) / 2.0]).tolist()
    spent = float(cost.mean())
    told = (f"{free} of {drawn} draws left out, in which the program costs nothing more than the baseline.",) if free else ()
    return Estimate((float(margin.mean()) - spent) / spent, (low, high), method, estimand, len(cost), told)


def _before_after(margin: np.ndarray, launch_week: int | None, no_launch: str) -> BeforeAfter:
    """The reading over time, from the mean margin of each week, shape (weeks,)."""
    weeks = len(margin)
    if launch_week is None:
        return BeforeAfter(None, None, weeks, 0, no_launch)
    before = min(max(launch_week - 1, 0), weeks)
    after = weeks - before
    if before == 0:
        return BeforeAfter(None, None, 0, after, "launched in the first week: there is no week before it to compare with")
    if after == 0:
        return BeforeAfter(None, None, before, 0, "launched after the horizon ends")
    was, became = float(margin[:before].mean()), float(margin[before:].mean())
    if was <= 0.0:
        return BeforeAfter(None, (became - was) * after, before, after, "no margin before launch to compare with")
    return BeforeAfter(became / was - 1.0, (became - was) * after, before, after, None)


def _members_against_others(
    members: float, spent: float, otherwise: float, others: float, spent_by_others: float
) -> MembersAgainstOthers:
    """The reading over people, from means over replications."""
    if members <= 0.0:
        return MembersAgainstOthers(None, None, None, None, None, "nobody is a member")
    gain = spent - otherwise
    lift = gain / otherwise if otherwise > 0.0 else None
    if others <= 0.0:
        return MembersAgainstOthers(None, None, lift, gain, None, "everybody is a member: there is nobody to compare with")
    per_other = spent_by_others / others
    claimed = spent - per_other * members
    over = claimed / gain if gain > 0.0 else None
    reasons = [
        "non-members bring no margin to compare with" if per_other <= 0.0 else "",
        "the same people bring no margin in the baseline" if lift is None else "",
        "the true gain is not above 0" if over is None else "",
    ]
    return MembersAgainstOthers(
        claimed_lift=spent / members / per_other - 1.0 if per_other > 0.0 else None,
        claimed_gain=claimed,
        true_lift=lift,
        true_gain=gain,
        overstated_by=over,
        reason="; ".join(one for one in reasons if one) or None,
    )


def _t(level: float, n: int) -> float:
    """Quantile of Student's t that gives a two-sided interval of `level` from n observations."""
    return float(stdtrit(n - 1, (1.0 + level) / 2.0))


def _paired(*, finite: bool = False, **columns: ArrayLike) -> list[np.ndarray]:
    """Columns as float arrays of one length, at least 1."""
    arrays = {name: np.asarray(one, float) for name, one in columns.items()}
    shapes = {name: one.shape for name, one in arrays.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 1 or shape[0] == 0 for shape in shapes.values()):
        raise ValueError(f"arrays must be paired row by row, one row a replication; shapes are {shapes}")
    lost = [name for name, one in arrays.items() if finite and not np.isfinite(one).all()]
    if lost:
        raise ValueError(f"{', '.join(lost)}: every row must be a finite number")
    return list(arrays.values())


def _weekly(money: ArrayLike) -> np.ndarray:
    """Money of each replication and week as a float array."""
    table = np.asarray(money, float)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise ValueError(f"weekly money must be finite, one row a replication and one column a week; its shape is {table.shape}")
    return table
