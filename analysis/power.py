"""How many customers a test needs, and what it can find with those it has.

Sizes are numbers of units per arm and not rounded: a plan rounds up. Tests are two-sided with arms of equal size. The formulas
by the normal distribution leave out the probability of rejecting on the wrong side, below 1e-6 where power is 0.8 or more.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit
from scipy.stats import nct

from .roots import crossing

ProportionMethod = Literal["unpooled", "pooled_null", "arcsine"]
MeanMethod = Literal["normal", "t"]


def _quantiles(alpha: float, power: float) -> tuple[float, float]:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha:g}")
    if not alpha < power < 1.0:
        raise ValueError(f"power must lie between alpha and 1, not at {power:g}")
    return -float(ndtri(alpha / 2.0)), float(ndtri(power))


def _proportions(control: float, treatment: float) -> None:
    if not (0.0 < control < 1.0 and 0.0 < treatment < 1.0):
        raise ValueError(f"proportions must lie between 0 and 1, not at {control:g} and {treatment:g}")
    if control == treatment:
        raise ValueError("no sample finds an effect of 0")


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not 0.0 < value < np.inf:
            raise ValueError(f"{name.replace('_', ' ')} must be above 0, not {value:g}")


def proportion_size(
    control: float, treatment: float, *, alpha: float = 0.05, power: float = 0.8, method: ProportionMethod = "unpooled"
) -> float:
    """Units per arm to tell two proportions apart.

    With d the difference, q = 1 - p, m the mean proportion and z the normal quantiles of alpha / 2 and of power:

        unpooled     (z_a + z_b)^2 (p_c q_c + p_t q_t) / d^2
        pooled_null  (z_a sqrt(2 m (1 - m)) + z_b sqrt(p_c q_c + p_t q_t))^2 / d^2
        arcsine      (z_a + z_b)^2 / (2 asin sqrt(p_t) - 2 asin sqrt(p_c))^2 * 2

    Raises:
        ValueError: Proportions outside 0-1 or equal, alpha or power out of range, an unknown method.

    Source: Fleiss, Levin & Paik (2003), chapter 4; arcsine: Cohen (1988), chapter 6.
    """
    z_alpha, z_power = _quantiles(alpha, power)
    _proportions(control, treatment)
    spread = control * (1.0 - control) + treatment * (1.0 - treatment)
    if method == "unpooled":
        return (z_alpha + z_power) ** 2 * spread / (treatment - control) ** 2
    if method == "pooled_null":
        mean = (control + treatment) / 2.0
        return float((z_alpha * np.sqrt(2.0 * mean * (1.0 - mean)) + z_power * np.sqrt(spread)) ** 2 / (treatment - control) ** 2)
    if method == "arcsine":
        effect = 2.0 * np.arcsin(np.sqrt(treatment)) - 2.0 * np.arcsin(np.sqrt(control))
        return float(2.0 * (z_alpha + z_power) ** 2 / effect**2)
    raise ValueError(f"no method {method!r} (there: unpooled, pooled_null, arcsine)")


def proportion_power(
    control: float, treatment: float, size: float, *, alpha: float = 0.05, method: ProportionMethod = "unpooled"
) -> float:
    """Probability to find the difference of two proportions with `size` units per arm; the inverse of `proportion_size`.

    Raises:
        ValueError: Proportions outside 0-1 or equal, a size not above 0, alpha out of range, an unknown method.
    """
    z_alpha, _ = _quantiles(alpha, (1.0 + alpha) / 2.0)
    _proportions(control, treatment)
    _positive(size=size)
    spread = float(np.sqrt(control * (1.0 - control) + treatment * (1.0 - treatment)))
    distance = abs(treatment - control) * float(np.sqrt(size))
    if method == "unpooled":
        return float(ndtr(distance / spread - z_alpha))
    if method == "pooled_null":
        mean = (control + treatment) / 2.0
        return float(ndtr((distance - z_alpha * np.sqrt(2.0 * mean * (1.0 - mean))) / spread))
    if method == "arcsine":
        effect = abs(2.0 * np.arcsin(np.sqrt(treatment)) - 2.0 * np.arcsin(np.sqrt(control)))
        return float(ndtr(effect * np.sqrt(size / 2.0) - z_alpha))
    raise ValueError(f"no method {method!r} (there: unpooled, pooled_null, arcsine)")


def proportion_effect(
    control: float, size: float, *, alpha: float = 0.05, power: float = 0.8, method: ProportionMethod = "unpooled"
) -> float:
    """Smallest rise of a proportion that `size` units per arm find.

    Returns:
        Treatment less control, above 0.

    Raises:
        ValueError: No proportion up to 1 is far enough from the control, or as `proportion_size`.
    """
    _quantiles(alpha, power)
    _positive(size=size)
    _proportions(control, 1.0 - 1e-12)

    def excess(treatment: float) -> float:
        return proportion_size(control, treatment, alpha=alpha, power=power, method=method) - size

    highest = 1.0 - 1e-12
    if excess(highest) > 0.0:
        raise ValueError(f"{size:g} units per arm find no rise from {control:g}")
    return crossing(excess, control * (1.0 + 1e-9), highest) - control


def mean_size(effect: float, sd: float, *, alpha: float = 0.05, power: float = 0.8, method: MeanMethod = "normal") -> float:
    """Units per arm to find a difference of means: 2 (z_a + z_b)^2 sd^2 / effect^2, or by the noncentral t distribution.

    Args:
        effect: Difference of the means, not 0.
        sd: Standard deviation of one unit, in the same unit.
        alpha: Two-sided level.
        power: Wanted.
        method: `normal`, or `t` for the power of Student's test with 2 n - 2 degrees of freedom, both sides counted.

    Raises:
        ValueError: No effect, no spread, alpha or power out of range, an unknown method.
    """
    z_alpha, z_power = _quantiles(alpha, power)
    _positive(sd=sd, size_of_the_effect=abs(effect))
    normal = 2.0 * ((z_alpha + z_power) * sd / effect) ** 2
    if method == "normal":
        return normal
    if method != "t":
        raise ValueError(f"no method {method!r} (there: normal, t)")

    def excess(size: float) -> float:
        return mean_power(effect, sd, size, alpha=alpha, method="t") - power

    # Two units per arm are the fewest that Student's test is made of.
    return 2.0 if excess(2.0) >= 0.0 else crossing(excess, 2.0, 2.0 * normal + 60.0 / alpha)


def mean_power(effect: float, sd: float, size: float, *, alpha: float = 0.05, method: MeanMethod = "normal") -> float:
    """Probability to find a difference of means with `size` units per arm; arguments as `mean_size`.

    Raises:
        ValueError: No effect, no spread, too small a size, alpha out of range, an unknown method.
    """
    z_alpha, _ = _quantiles(alpha, (1.0 + alpha) / 2.0)
    _positive(sd=sd, size_of_the_effect=abs(effect), size=size)
    shift = abs(effect) / sd * float(np.sqrt(size / 2.0))
    if method == "normal":
        return float(ndtr(shift - z_alpha))
    if method != "t":
        raise ValueError(f"no method {method!r} (there: normal, t)")
    if size < 2.0:
        raise ValueError("Student's test needs two units or more per arm")
    df = 2.0 * size - 2.0
    edge = -float(stdtrit(df, alpha / 2.0))
    if df > 1e6:
        # Student's t is normal to seven digits, and scipy's noncentral one is slow or absent.
        return float(ndtr(shift - edge) + ndtr(-shift - edge))
    near, far = float(nct.sf(edge, df, shift)), float(nct.cdf(-edge, df, shift))
    # Far out, where scipy's distribution ends, the near side is all but certain and the far side impossible.
    return (float(ndtr(shift - edge)) if np.isnan(near) else near) + (0.0 if np.isnan(far) else far)


def mean_effect(sd: float, size: float, *, alpha: float = 0.05, power: float = 0.8, method: MeanMethod = "normal") -> float:
    """Smallest difference of means that `size` units per arm find: (z_a + z_b) sd sqrt(2 / n), or by the noncentral t distribution.

    Raises:
        ValueError: No spread, too small a size, alpha or power out of range, an unknown method.
    """
    z_alpha, z_power = _quantiles(alpha, power)
    _positive(sd=sd, size=size)
    normal = (z_alpha + z_power) * sd * float(np.sqrt(2.0 / size))
    if method == "normal":
        return normal

    def excess(effect: float) -> float:
        return mean_power(effect, sd, size, alpha=alpha, method=method) - power

    high = 2.0 * normal
    while excess(high) < 0.0:
        high *= 2.0
    return crossing(excess, 1e-6 * normal, high)


def design_effect(cluster_size: float, intracluster_correlation: float) -> float:
    """By how much clusters inflate the sample: 1 + (size - 1) correlation.

    Raises:
        ValueError: Clusters of less than one unit, or a correlation outside 0-1.

    Source: Kish (1965), Survey Sampling.
    """
    if not 1.0 <= cluster_size < np.inf:
        raise ValueError(f"a cluster has one unit or more, not {cluster_size:g}")
    if not 0.0 <= intracluster_correlation <= 1.0:
        raise ValueError(f"an intracluster correlation lies within 0-1, not at {intracluster_correlation:g}")
    return 1.0 + (cluster_size - 1.0) * intracluster_correlation


def cluster_size(
    effect: float, sd: float, *, units_per_cluster: float, intracluster_correlation: float, alpha: float = 0.05, power: float = 0.8
) -> tuple[float, float]:
    """Units and clusters per arm where whole clusters are assigned: `mean_size` times the design effect.

    Returns:
        Units per arm, and clusters per arm.

    Raises:
        ValueError: As `mean_size` and `design_effect`.
    """
    units = mean_size(effect, sd, alpha=alpha, power=power) * design_effect(units_per_cluster, intracluster_correlation)
    return units, units / units_per_cluster


def rule_of_16(sd: float, effect: float) -> float:
    """Units per arm by the rule of thumb 16 sd^2 / effect^2, for a power of 0.8 at the level 0.05.

    Raises:
        ValueError: No spread or no effect.

    Source: Lehr (1992); Kohavi et al. (2009), Controlled experiments on the web, DMKD 18.
    """
    _positive(sd=sd, size_of_the_effect=abs(effect))
    return 16.0 * (sd / effect) ** 2


def retention_size(monthly_churn: float, relative_change: float, months: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Customers per arm to see a change of churn in the share retained at a month, everybody enrolled on day 1.

    S_c = (1 - churn)^months, S_t = (1 - churn (1 + change))^months;
    n = (z_a + z_b)^2 (S_c (1 - S_c) + S_t (1 - S_t)) / (S_c - S_t)^2.

    Args:
        monthly_churn: Share of the control that leaves each month.
        relative_change: Of that share by the program, -0.1 for a tenth less.
        months: Length of the pilot.
        alpha: Two-sided level.
        power: Wanted.

    Raises:
        ValueError: Churn outside 0-1 in an arm, no months, no change, alpha or power out of range.
    """
    changed = monthly_churn * (1.0 + relative_change)
    if not (0.0 < monthly_churn < 1.0 and 0.0 < changed < 1.0):
        raise ValueError(f"monthly churn must lie between 0 and 1 in both arms, not at {monthly_churn:g} and {changed:g}")
    _positive(months=months)
    return proportion_size((1.0 - monthly_churn) ** months, (1.0 - changed) ** months, alpha=alpha, power=power)


def log_rank_events(hazard_ratio: float, *, share_treatment: float = 0.5, alpha: float = 0.05, power: float = 0.8) -> float:
    """Customers who must leave, in both arms together, for the log-rank test to find a hazard ratio.

    (z_a + z_b)^2 / (share (1 - share) log(hazard ratio)^2)

    Raises:
        ValueError: A ratio not above 0 or equal to 1, a share, alpha or power out of range.

    Source: Schoenfeld (1981), Biometrika 68(1).
    """
    z_alpha, z_power = _quantiles(alpha, power)
    _positive(hazard_ratio=hazard_ratio)
    if hazard_ratio == 1.0:
        raise ValueError("no sample finds an effect of 0")
    if not 0.0 < share_treatment < 1.0:
        raise ValueError(f"the share of treatment must lie between 0 and 1, not at {share_treatment:g}")
    return float((z_alpha + z_power) ** 2 / (share_treatment * (1.0 - share_treatment) * np.log(hazard_ratio) ** 2))


def log_rank_size(
    hazard_ratio: float,
    left_control: float,
    left_treatment: float,
    *,
    share_treatment: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Customers in both arms together from whom so many leave as `log_rank_events` asks for.

    Args:
        hazard_ratio: Treatment over control.
        left_control, left_treatment: Share of each arm that leaves while observed.
        share_treatment: Share of customers in the treatment.
        alpha: Two-sided level.
        power: Wanted.

    Raises:
        ValueError: Shares outside 0-1 or both 0, or as `log_rank_events`.
    """
    events = log_rank_events(hazard_ratio, share_treatment=share_treatment, alpha=alpha, power=power)
    leaving = (1.0 - share_treatment) * left_control + share_treatment * left_treatment
    if not (0.0 <= left_control <= 1.0 and 0.0 <= left_treatment <= 1.0) or leaving == 0.0:
        raise ValueError("shares that leave must lie within 0-1, and somebody must leave")
    return events / leaving


def false_positive_risk(success_rate: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Probability that a program whose test came out significantly better does nothing.

    alpha / 2 (1 - w) / (alpha / 2 (1 - w) + power w), with w the share of tested programs that work.

    Args:
        success_rate: Share w, within 0-1.
        alpha: Two-sided level; half of it falls on the better side.
        power: Of the tests.

    Raises:
        ValueError: A share outside 0-1, alpha or power out of range.

    Source: Kohavi, Deng & Vermeer (2022), A/B Testing Intuition Busters, KDD.
    """
    _quantiles(alpha, power)
    if not 0.0 <= success_rate <= 1.0:
        raise ValueError(f"the share of programs that work lies within 0-1, not at {success_rate:g}")
    false = alpha / 2.0 * (1.0 - success_rate)
    return false / (false + power * success_rate)
