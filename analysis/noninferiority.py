"""Whether a guardrail holds: the program does no more harm than a margin allows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from .two_arms import Arm, relative_fieller, satterthwaite


@dataclass(frozen=True)
class NonInferiority:
    """A one-sided answer.

    Attributes:
        holds: Whether the bound is on the right side of the margin.
        difference: Treatment less control.
        standard_error: Of what is tested: the difference, or treatment less (1 + margin) control.
        margin: The margin in the unit of the metric, with its sign.
        z: Distance from the margin in standard errors, above 0 on the right side.
        p_value: One-sided, of harm at the margin or beyond.
        bound: One-sided confidence bound of the difference (of the relative difference for a relative margin): below where the
            margin is negative, above where it is positive.
    """

    holds: bool
    difference: float
    standard_error: float
    margin: float
    z: float
    p_value: float
    bound: float


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests.

    Attributes:
        holds: Whether both are rejected: the difference lies within the margin.
        p_value: The larger of the two p-values.
        interval: The 1 - 2 alpha interval of the difference, which lies within the margin where `holds`.
    """

    holds: bool
    p_value: float
    interval: tuple[float, float]


def _tail(z: float, df: float | None) -> float:
    return float(ndtr(-z) if df is None else stdtr(df, -z))


def _quantile(alpha: float, df: float | None) -> float:
    if not 0.0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, not {alpha:g}")
    return -float(ndtri(alpha) if df is None else stdtrit(df, alpha))


def _check(difference: float, standard_error: float) -> None:
    if not (np.isfinite(difference) and 0.0 < standard_error < np.inf):
        raise ValueError("a margin is tested on a difference with a standard error above 0: the arms show no spread")


def noninferiority(
    difference: float, standard_error: float, margin: float, *, alpha: float = 0.05, df: float | None = None
) -> NonInferiority:
    """Wald test that the difference lies on the right side of an absolute margin.

    A negative margin is how far the metric may fall (more is better), a positive one how far it may rise (less is better):
    z = (difference - margin) / error for the first, (margin - difference) / error for the second.

    Args:
        difference: Treatment less control.
        standard_error: Of the difference.
        margin: In the unit of the metric, not 0.
        alpha: One-sided level.
        df: Degrees of freedom of Student's t; the normal distribution where None.

    Raises:
        ValueError: No margin, no spread, or alpha not between 0 and 0.5.

    Source: Schumi & Wittes (2011), Through the looking glass: understanding non-inferiority, Trials 12.
    """
    _check(difference, standard_error)
    if margin == 0.0 or not np.isfinite(margin):
        raise ValueError("a margin must be a number below 0 (the metric may fall so far) or above 0 (it may rise so far)")
    side = -1.0 if margin > 0.0 else 1.0
    z = side * (difference - margin) / standard_error
    p_value = _tail(z, df)
    bound = difference - side * _quantile(alpha, df) * standard_error
    return NonInferiority(p_value < alpha, difference, standard_error, margin, z, p_value, bound)


def noninferiority_of_means(
    means: tuple[float, float],
    variances: tuple[float, float],
    sizes: tuple[int, int],
    margin: float,
    *,
    relative: bool = False,
    alpha: float = 0.05,
) -> NonInferiority:
    """Welch's test that the mean has not gone beyond a margin; pairs are (control, treatment).

    A relative margin m is a fraction of the control mean, which is itself estimated: tested is treatment less (1 + m) control,
    with variance v_t / n_t + (1 + m)^2 v_c / n_c; the bound is Fieller's.

    Args:
        means: Mean of each arm.
        variances: Variance of each arm, with divisor n - 1.
        sizes: Units of each arm, at least 2.
        margin: Signed as in `noninferiority`; a fraction of the control mean where `relative`.
        relative: Whether the margin is relative.
        alpha: One-sided level.

    Raises:
        ValueError: Too few units, no spread, no margin, a relative margin of -1 or less, or a control mean that is not above 0.
    """
    if min(sizes) < 2:
        raise ValueError("each arm needs two units or more")
    squares = (variances[0] / sizes[0], variances[1] / sizes[1])
    return _of_arms(means, squares, sizes, margin, relative=relative, alpha=alpha)


def noninferiority_of_proportions(
    successes: tuple[int, int], sizes: tuple[int, int], margin: float, *, relative: bool = False, alpha: float = 0.05
) -> NonInferiority:
    """Wald test that a proportion has not gone beyond a margin, with unpooled errors; pairs are (control, treatment).

    Args:
        successes: Units with the property in each arm.
        sizes: Units of each arm.
        margin: Signed as in `noninferiority`; a fraction of the control proportion where `relative`.
        relative: Whether the margin is relative.
        alpha: One-sided level.

    Raises:
        ValueError: Counts that cannot be, no spread, no margin, a relative margin of -1 or less, or a control proportion of 0.
    """
    if min(sizes) < 1 or not all(0 <= count <= size for count, size in zip(successes, sizes, strict=True)):
        raise ValueError("a proportion needs units, and no more successes than units")
    shares = (successes[0] / sizes[0], successes[1] / sizes[1])
    squares = (shares[0] * (1.0 - shares[0]) / sizes[0], shares[1] * (1.0 - shares[1]) / sizes[1])
    return _of_arms(shares, squares, None, margin, relative=relative, alpha=alpha)


def noninferiority_of_arms(
    control: Arm,
    treatment: Arm,
    margin: float,
    *,
    relative: bool = False,
    alpha: float = 0.05,
    df: float | None = None,
    covariance: float = 0.0,
) -> NonInferiority:
    """The test from any two arms with known sampling variances, such as adjusted means, ratios or arms of clusters.

    For a relative margin m tested is treatment less (1 + m) control, with variance v_t + (1 + m)^2 v_c - 2 (1 + m) cov; the bound is
    Fieller's.

    Args:
        control, treatment: The arms.
        margin: Signed as in `noninferiority`; a fraction of control where `relative`.
        relative: Whether the margin is relative.
        alpha: One-sided level.
        df: Degrees of freedom; Satterthwaite's of the two variances by default.
        covariance: Of the two values.

    Raises:
        ValueError: No spread, no margin, a relative margin of -1 or less, or a control that is not above 0 or too uncertain for one.
    """
    if relative and not margin > -1.0:
        raise ValueError(f"a relative margin must be above -1, not {margin:g}")
    if relative and control.value <= 0.0:
        raise ValueError("a relative margin needs a control above 0")
    factor = 1.0 + margin if relative else 1.0
    below, above = factor**2 * (control.variance or 0.0), treatment.variance or 0.0
    variance = below + above - 2.0 * factor * covariance
    if df is None and below + above > 0.0:
        df = satterthwaite(below, control.df, above, treatment.df)
    parted = treatment.value - control.value
    absolute = margin * control.value if relative else margin
    found = noninferiority(parted, float(np.sqrt(max(variance, 0.0))), absolute, alpha=alpha, df=df)
    if not relative:
        return found
    ends = relative_fieller(control, treatment, alpha=2.0 * alpha, df=df, covariance=covariance)
    return replace(found, bound=ends[0] if margin < 0.0 else ends[1])


def _of_arms(
    values: tuple[float, float],
    squares: tuple[float, float],
    sizes: tuple[int, int] | None,
    margin: float,
    *,
    relative: bool,
    alpha: float,
) -> NonInferiority:
    """The test from each arm's value and squared standard error; Student's t where sizes are given."""
    factor = 1.0
    if relative:
        if not margin > -1.0:
            raise ValueError(f"a relative margin must be above -1, not {margin:g}")
        if values[0] <= 0.0:
            raise ValueError("a relative margin needs a control above 0")
        factor = 1.0 + margin
    parts = (factor**2 * squares[0], squares[1])
    error = float(np.sqrt(sum(parts)))
    df = None
    if sizes is not None and error > 0.0:
        df = sum(parts) ** 2 / sum(part**2 / (size - 1) for part, size in zip(parts, sizes, strict=True))
    if not relative:
        return noninferiority(values[1] - values[0], error, margin, alpha=alpha, df=df)
    absolute = margin * values[0]
    test = noninferiority(values[1] - values[0], error, absolute, alpha=alpha, df=df)
    bound = _fieller(values, squares, _quantile(alpha, df), lower=margin < 0.0)
    return NonInferiority(test.holds, test.difference, error, absolute, test.z, test.p_value, bound)


def _fieller(values: tuple[float, float], squares: tuple[float, float], quantile: float, *, lower: bool) -> float:
    """Bound of treatment / control - 1 by Fieller: where the test of that margin turns.

    Raises:
        ValueError: The control is too uncertain for a bound.
    """
    control, treatment = values
    lead = control**2 - quantile**2 * squares[0]
    root = (control * treatment) ** 2 - lead * (treatment**2 - quantile**2 * squares[1])
    if lead <= 0.0 or root < 0.0:
        raise ValueError("the control is too uncertain for a relative margin: use an absolute one")
    return float((control * treatment - (1.0 if lower else -1.0) * np.sqrt(root)) / lead - 1.0)


def equivalence(difference: float, standard_error: float, margin: float, *, alpha: float = 0.05, df: float | None = None) -> Equivalence:
    """Two one-sided tests (TOST) that the difference lies within -+ margin.

    Args:
        difference: Treatment less control.
        standard_error: Of the difference.
        margin: In the unit of the metric, above 0.
        alpha: Level of each test.
        df: Degrees of freedom of Student's t; the normal distribution where None.

    Raises:
        ValueError: A margin not above 0, no spread, or alpha not between 0 and 0.5.

    Source: Schuirmann (1987), J. Pharmacokinetics and Biopharmaceutics 15(6).
    """
    _check(difference, standard_error)
    if not 0.0 < margin < np.inf:
        raise ValueError(f"an equivalence margin must be above 0, not {margin:g}")
    half = _quantile(alpha, df) * standard_error
    p_value = max(_tail((difference + margin) / standard_error, df), _tail((margin - difference) / standard_error, df))
    return Equivalence(p_value < alpha, p_value, (difference - half, difference + half))
