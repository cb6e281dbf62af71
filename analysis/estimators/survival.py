"""How long customers stay, when many have not left yet: retention at a horizon, time kept, and the hazard of leaving."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import chi2, norm

from ..estimate import Estimate
from ..two_arms import Arm
from .contrast import CLUSTER_DF, CLUSTERS, contrast_of_clusters
from .estimator import Contrast, Estimator, Sample

ASSUMPTIONS = ("Those not seen to leave left observation for reasons that have nothing to do with staying.", "Customers are independent.")
SAME = 1e-9
"""Times as close as this, relatively, are one time."""


@dataclass(frozen=True, eq=False)
class RetentionCurve:
    """Kaplan-Meier curve of one arm.

    Attributes:
        times: Times at which somebody in either arm left, increasing.
        at_risk: Customers still observed just before each time.
        left: Customers who left at each time.
        n: Customers.
        longest: Longest observation.
    """

    times: np.ndarray
    at_risk: np.ndarray
    left: np.ndarray
    n: int
    longest: float

    @cached_property
    def retained(self) -> np.ndarray:
        """Share still there after each time: the product of 1 - left / at_risk (Kaplan & Meier 1958)."""
        return np.cumprod(1.0 - self.left / np.maximum(self.at_risk, 1))

    @cached_property
    def terms(self) -> np.ndarray:
        """Terms left / (at_risk (at_risk - left)) of Greenwood's sum, 0 where nobody remains."""
        stay = self.at_risk - self.left
        return np.where(stay > 0, self.left / np.maximum(self.at_risk * stay, 1.0), 0.0)

    def share(self, time: np.ndarray | float) -> np.ndarray:
        """Share still there after each of `time`."""
        place = np.searchsorted(self.times, np.asarray(time, float) * (1.0 + SAME), side="right")
        return np.concatenate([[1.0], self.retained])[place]

    def relative_variance(self, time: np.ndarray | float) -> np.ndarray:
        """Greenwood's sum up to each of `time`: the variance of the log of the share still there."""
        place = np.searchsorted(self.times, np.asarray(time, float) * (1.0 + SAME), side="right")
        return np.concatenate([[0.0], np.cumsum(self.terms)])[place]

    def standard_error(self, time: np.ndarray | float) -> np.ndarray:
        """Greenwood's standard error of the share still there after each of `time`."""
        return self.share(time) * np.sqrt(self.relative_variance(time))

    def restricted_mean(self, horizon: float) -> tuple[float, float]:
        """Mean time kept up to `horizon`, which is the area under the curve, and its standard error.

        The variance is the sum over times of (area from there to the horizon)^2 left / (at_risk (at_risk - left)).

        Source: Klein & Moeschberger (2003), Survival Analysis, section 4.5.
        """
        inside = self.times < horizon * (1.0 - SAME)
        edges = np.concatenate([[0.0], self.times[inside], [horizon]])
        areas = np.diff(edges) * np.concatenate([[1.0], self.retained[inside]])
        ahead = np.cumsum(areas[::-1])[::-1][1:]
        return float(areas.sum()), float(np.sqrt(np.sum(ahead**2 * self.terms[inside])))

    def reaches(self, horizon: float) -> bool:
        """Whether the curve is known at `horizon`: somebody was observed that long."""
        return self.longest * (1.0 + SAME) >= horizon


def retention_curves(control: Sample, treatment: Sample) -> tuple[RetentionCurve, RetentionCurve]:
    """Kaplan-Meier curves of two arms on the times at which somebody left.

    Args:
        control, treatment: Roles `duration` (time observed, 0 or more) and `event` (1 where the customer left, else 0).

    Raises:
        ValueError: Durations or events that cannot be, or an empty arm.
    """
    for sample in (control, treatment):
        if not len(sample):
            raise ValueError("an arm has no customers")
        if not np.all(np.isfinite(sample["duration"])) or sample["duration"].min() < 0.0:
            raise ValueError("durations must be numbers of 0 or more")
        if not np.all((sample["event"] == 0.0) | (sample["event"] == 1.0)):
            raise ValueError("events must be 1 where the customer left and 0 where observation ended before")
    ends = [np.sort(sample["duration"][sample["event"] == 1.0]) for sample in (control, treatment)]
    times = np.unique(np.concatenate(ends))

    def curve(sample: Sample, end: np.ndarray) -> RetentionCurve:
        durations = np.sort(sample["duration"])
        return RetentionCurve(
            times=times,
            at_risk=len(durations) - np.searchsorted(durations, times, side="left").astype(float),
            left=(np.searchsorted(end, times, side="right") - np.searchsorted(end, times, side="left")).astype(float),
            n=len(durations),
            longest=float(durations[-1]),
        )

    return curve(control, ends[0]), curve(treatment, ends[1])


def influenced(curve: RetentionCurve, sample: Sample, horizon: float) -> np.ndarray:
    """A value for each customer whose mean is the share still there after `horizon` and whose spread is that of its error.

    S + n S sum over times t_j up to the horizon of (at risk) d_j / (Y_j (Y_j - d_j)) - (leaves) 1 / (Y_j - d_j): the derivative of the
    product-limit estimate by the customer's weight; with one customer a cluster its variance is Greenwood's up to 1 / n.

    Args:
        curve: Of the customers in `sample`, above 0 at `horizon`.
        sample: Roles `duration` and `event`.
        horizon: In the unit of the durations.

    Source: Reid (1981), Influence functions for censored data; with clusters: Ying & Wei (1994).
    """
    inside = curve.times <= horizon * (1.0 + SAME)
    at_risk, left, times = curve.at_risk[inside], curve.left[inside], curve.times[inside]
    stay = at_risk - left
    paid = np.concatenate([[0.0], np.cumsum(left / (at_risk * stay))])
    found = paid[np.searchsorted(times, sample["duration"], side="right")]
    leaves = (sample["event"] == 1.0) & (sample["duration"] <= horizon * (1.0 + SAME))
    found[leaves] -= 1.0 / stay[np.searchsorted(times, sample["duration"][leaves])]
    share = float(curve.share(horizon))
    return share + share * len(sample) * found


@dataclass(frozen=True)
class LogRank:
    """Whether customers of the two arms leave at the same pace.

    Attributes:
        observed: Customers of the treatment who left.
        expected: How many would have left at the pace of both arms together.
        variance: Hypergeometric variance of `observed`.
        chi2: (observed - expected)^2 / variance; None where nothing can differ.
        p_value: From the chi-squared distribution with 1 degree of freedom; None with `chi2`.
    """

    observed: float
    expected: float
    variance: float
    chi2: float | None
    p_value: float | None


def log_rank(control: RetentionCurve, treatment: RetentionCurve) -> LogRank:
    """Log-rank test over all of the data.

    Source: Mantel (1966); Peto & Peto (1972).
    """
    both, left = control.at_risk + treatment.at_risk, control.left + treatment.left
    share = treatment.at_risk / both
    observed, expected = float(treatment.left.sum()), float(np.sum(left * share))
    variance = float(np.sum(left * share * (1.0 - share) * (both - left) / np.maximum(both - 1.0, 1.0)))
    if variance <= 0.0:
        return LogRank(observed, expected, variance, None, None)
    statistic = (observed - expected) ** 2 / variance
    return LogRank(observed, expected, variance, statistic, float(chi2.sf(statistic, 1)))


def cox(control: RetentionCurve, treatment: RetentionCurve, *, alpha: float = 0.05) -> Estimate:
    """Log hazard ratio of leaving, treatment over control, by Cox's partial likelihood with Efron's treatment of ties.

    At a time where d leave, the l-th denominator (l = 0..d-1) takes l/d of those who leave out of the risk set.

    Returns:
        Estimate with a Wald interval from the observed information; refused where nobody left in one of the arms.

    Source: Cox (1972); Efron (1977), JASA 72(359).
    """
    method, estimand = "Cox regression, Efron ties, Wald interval", "log hazard ratio of leaving, treatment over control"
    n = control.n + treatment.n
    for name, one in (("control", control), ("treatment", treatment)):
        if not one.left.sum():
            return Estimate(None, None, method, estimand, n, reason=f"nobody in the {name} arm left, so that no hazard ratio exists")
    deaths = (control.left + treatment.left).astype(np.int64)
    row = np.repeat(np.arange(len(deaths)), deaths)
    starts = np.cumsum(deaths) - deaths
    gone = (np.arange(len(row)) - starts[row]) / deaths[row]
    risk_control = control.at_risk[row] - gone * control.left[row]
    risk_treatment = treatment.at_risk[row] - gone * treatment.left[row]
    observed, log_ratio, information = float(treatment.left.sum()), 0.0, 0.0
    for _ in range(50):
        weighted = risk_treatment * np.exp(log_ratio)
        share = weighted / (risk_control + weighted)
        information = float(np.sum(share * (1.0 - share)))
        if information <= 0.0:
            break
        step = (observed - float(share.sum())) / information
        log_ratio += float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-12:
            break
    if information <= 0.0 or abs(log_ratio) > 20.0:
        return Estimate(None, None, method, estimand, n, reason="the arms never had customers at risk of leaving at the same time")
    error = information**-0.5
    half = -float(ndtri(alpha / 2)) * error
    proportional = "The hazards of the arms are proportional over time."
    return Estimate(log_ratio, (log_ratio - half, log_ratio + half), method, estimand, n, (*ASSUMPTIONS, proportional))


class Survival(Estimator):
    """Share of customers still there after `horizon`, or time kept up to it.

    Options:
        horizon: In the unit of the durations, above 0 and at most the longest observation of each arm.

    Methods: `kaplan_meier` compares retention at the horizon with Greenwood's errors; `log_rank` takes the same difference and
    the p-value of the log-rank test; `restricted_mean` compares the mean time kept up to the horizon.
    """

    kind = "survival"
    roles = ("duration", "event")
    methods = ("kaplan_meier", "log_rank", "restricted_mean")

    @property
    def horizon(self) -> float:
        """The horizon.

        Raises:
            ValueError: It is missing or not above 0.
        """
        horizon = self.options.get("horizon")
        if isinstance(horizon, bool) or not isinstance(horizon, int | float) or not 0.0 < horizon < np.inf:
            raise ValueError("a survival metric needs a horizon above 0, in the unit of its durations")
        return float(horizon)

    def contrast(self, control: Sample, treatment: Sample, *, alpha: float) -> Contrast:
        """Difference of retention, or of mean time kept, with an interval of coverage 1 - alpha.

        An arm's interval is on the log-log scale (Kalbfleisch & Prentice 2002), the relative one on the log scale.

        With clusters the variance of the retention is CR2, of each customer's influence on the curve.

        Raises:
            ValueError: No horizon, an unknown method, one that knows no clusters, or columns that are no durations and events.
        """
        if self.method not in self.methods:
            raise ValueError(f"survival has no method {self.method!r} (there: {', '.join(self.methods)})")
        horizon, curves = self.horizon, retention_curves(control, treatment)
        short = [name for name, one in zip(("control", "treatment"), curves, strict=True) if not one.reaches(horizon)]
        if short:
            longest = min(one.longest for one in curves)
            reason = f"the horizon {horizon:g} lies beyond the data of {' and '.join(short)}: nobody there was observed past {longest:g}"
            return self._refused(curves, reason)
        if control.cluster is not None and treatment.cluster is not None:
            return self._of_clusters(curves, control, treatment, alpha=alpha)
        test = log_rank(*curves)
        if self.method == "restricted_mean":
            return self._time_kept(*curves, alpha=alpha)
        found = self._retained(*curves, alpha=alpha)
        if self.method == "log_rank":
            return replace(found, p_value=test.p_value)
        return found if test.p_value is None else replace(found, beside={"log_rank": test.p_value})

    def details(self, control: Sample, treatment: Sample, *, alpha: float) -> dict[str, Any]:
        """Log-rank, Kaplan-Meier, restricted mean and Cox quantities; those beyond the data or without information are left out."""
        horizon, (base, other) = self.horizon, retention_curves(control, treatment)
        test, ratio = log_rank(base, other), cox(base, other, alpha=alpha)
        found: dict[str, Any] = {
            "logrank_observed_treatment": test.observed,
            "logrank_expected_treatment": test.expected,
            "logrank_variance": test.variance,
            "logrank_chi2": test.chi2,
            "logrank_p": test.p_value,
        }
        if ratio.value is not None and ratio.interval is not None:
            error = (ratio.interval[1] - ratio.interval[0]) / (-2.0 * float(ndtri(alpha / 2)))
            found |= {"cox_loghr_efron": ratio.value, "cox_se_efron": error}
        if base.reaches(horizon) and other.reaches(horizon):
            at, steps = f"{horizon:g}", np.arange(1.0, np.floor(horizon) + 1.0)
            for name, one in (("control", base), ("treatment", other)):
                mean, error = one.restricted_mean(horizon)
                found[f"km_{name}_1_to_{at}"] = one.share(steps).tolist()
                found[f"km_se_{name}_1_to_{at}"] = one.standard_error(steps).tolist()
                found[f"rmst{at}_{name}"], found[f"rmst{at}_se_{name}"] = mean, error
            found[f"rmst{at}_diff"] = found[f"rmst{at}_treatment"] - found[f"rmst{at}_control"]
            found[f"rmst{at}_diff_se"] = float(np.hypot(found[f"rmst{at}_se_control"], found[f"rmst{at}_se_treatment"]))
            found[f"retained_month{at}_diff"] = float(other.share(horizon) - base.share(horizon))
            found[f"retained_month{at}_diff_se"] = float(np.hypot(base.standard_error(horizon), other.standard_error(horizon)))
        return {name: value for name, value in found.items() if value is not None}

    def _of_clusters(
        self, curves: tuple[RetentionCurve, RetentionCurve], control: Sample, treatment: Sample, *, alpha: float
    ) -> Contrast:
        if control.cluster is None or treatment.cluster is None or self.method != "kaplan_meier":
            raise ValueError(f"survival: method {self.method} cannot be applied to clusters: take kaplan_meier")
        short = [one for one in curves if one.share(self.horizon) <= 0.0]
        if short:
            return self._refused(curves, "everybody in an arm left within the horizon, so that the curve says nothing about its error")
        samples = control, treatment
        own = [influenced(curve, sample, self.horizon) for curve, sample in zip(curves, samples, strict=True)]
        together = Sample({role: np.concatenate([one[role] for one in samples]) for role in self.roles})
        pooled = influenced(retention_curves(together, together)[0], together, self.horizon)
        moved = pooled[: len(control)], pooled[len(control) :]
        return contrast_of_clusters(
            (own[0], own[1]),
            (control.cluster, treatment.cluster),
            alpha=alpha,
            method="Kaplan-Meier, CR2 of influences, Satterthwaite t",
            quantity=self._words()[1],
            relative="log",
            assumptions=(ASSUMPTIONS[0], CLUSTERS, CLUSTER_DF),
            parts=((moved[0], np.ones(len(control))), (moved[1], np.ones(len(treatment)))),
        )

    def _words(self) -> tuple[str, str]:
        if self.method == "restricted_mean":
            return "restricted mean, Greenwood errors", f"mean time kept up to {self.horizon:g}"
        method = "Kaplan-Meier, Greenwood errors" + (", p by log-rank" if self.method == "log_rank" else "")
        return method, f"share still there after {self.horizon:g}"

    def _refused(self, curves: tuple[RetentionCurve, RetentionCurve], reason: str) -> Contrast:
        method, estimand = self._words()
        one, other = (Estimate(None, None, method, estimand, each.n, reason=reason) for each in curves)
        both = Estimate(None, None, method, estimand, one.n + other.n, reason=reason)
        return Contrast(one, other, both, both, None)

    def _retained(self, control: RetentionCurve, treatment: RetentionCurve, *, alpha: float) -> Contrast:
        horizon, warnings = self.horizon, []
        shares = [float(one.share(horizon)) for one in (control, treatment)]
        errors = [float(one.standard_error(horizon)) for one in (control, treatment)]
        logs = [float(np.sqrt(one.relative_variance(horizon))) for one in (control, treatment)]
        z = -float(ndtri(alpha / 2))
        method, estimand = self._words()

        def arm(one: RetentionCurve, share: float, log_error: float) -> Estimate:
            if not 0.0 < share < 1.0:
                reason = f"{'nobody' if share else 'everybody'} left within the horizon, so that the curve says nothing about its error"
                return Estimate(share, None, f"{method}, log-log interval", estimand, one.n, ASSUMPTIONS, reason=reason)
            spread = np.exp(z * log_error / np.log(share))
            return Estimate(
                share, (float(share ** (1 / spread)), float(share**spread)), f"{method}, log-log interval", estimand, one.n, ASSUMPTIONS
            )

        arms = [arm(one, share, error) for one, share, error in zip((control, treatment), shares, logs, strict=True)]
        for name, error in zip(("control", "treatment"), errors, strict=True):
            if error == 0.0 and max(errors) > 0.0:
                warnings.append(f"The curve of {name} has no error of its own, so that the interval is too narrow.")
        difference, relative, p_value = _differences(
            (shares[0], shares[1]), (errors[0], errors[1]), (logs[0], logs[1]), control.n + treatment.n, (method, estimand), z
        )
        return Contrast(
            arms[0], arms[1], difference, relative, p_value, tuple(warnings),
            arms=(Arm(shares[0], errors[0] ** 2, np.inf, control.n), Arm(shares[1], errors[1] ** 2, np.inf, treatment.n)),
        )  # fmt: skip

    def _time_kept(self, control: RetentionCurve, treatment: RetentionCurve, *, alpha: float) -> Contrast:
        (mean, error), (other, its_error) = (one.restricted_mean(self.horizon) for one in (control, treatment))
        z = -float(ndtri(alpha / 2))
        method, estimand = self._words()

        def arm(one: RetentionCurve, value: float, wrong: float) -> Estimate:
            if wrong == 0.0:
                reason = "nobody left before the horizon, so that nothing is known about the spread"
                return Estimate(value, None, method, estimand, one.n, ASSUMPTIONS, reason=reason)
            return Estimate(value, (value - z * wrong, value + z * wrong), method, estimand, one.n, ASSUMPTIONS)

        logs = tuple(one / value if value > 0.0 else 0.0 for one, value in ((error, mean), (its_error, other)))
        difference, relative, p_value = _differences(
            (mean, other), (error, its_error), (logs[0], logs[1]), control.n + treatment.n, (method, estimand), z
        )
        both = Arm(mean, error**2, np.inf, control.n), Arm(other, its_error**2, np.inf, treatment.n)
        return Contrast(arm(control, mean, error), arm(treatment, other, its_error), difference, relative, p_value, arms=both)


def _differences(
    values: tuple[float, float],
    errors: tuple[float, float],
    logs: tuple[float, float],
    n: int,
    words: tuple[str, str],
    z: float,
) -> tuple[Estimate, Estimate, float | None]:
    """Wald difference, ratio less 1 on the log scale, and the two-sided p-value of the difference."""
    (base, other), (method, estimand) = values, words
    difference, error = other - base, float(np.hypot(*errors))
    what = f"difference in {estimand}, treatment less control"
    if error > 0.0:
        absolute = Estimate(difference, (difference - z * error, difference + z * error), method, what, n, ASSUMPTIONS)
        p_value = float(2.0 * norm.sf(abs(difference) / error))
    else:
        reason = "neither curve has any error: nobody, or everybody, left before the horizon"
        absolute, p_value = Estimate(difference, None, method, what, n, ASSUMPTIONS, reason=reason), None
    method, what = f"{method}, log ratio", f"relative difference in {estimand}, treatment over control less 1"
    if base <= 0.0:
        return absolute, Estimate(None, None, method, what, n, reason="control is not above 0"), p_value
    ratio, log_error = other / base, float(np.hypot(*logs))
    if ratio <= 0.0 or log_error == 0.0:
        reason = "the ratio has no error of its own on the log scale"
        return absolute, Estimate(ratio - 1.0, None, method, what, n, ASSUMPTIONS, reason=reason), p_value
    ends = (ratio * float(np.exp(-z * log_error)) - 1.0, ratio * float(np.exp(z * log_error)) - 1.0)
    return absolute, Estimate(ratio - 1.0, ends, method, what, n, ASSUMPTIONS), p_value
