"""Looking at a running test more than once without deceiving oneself.

Group-sequential bounds keep the false positives of all looks together at alpha; a confidence sequence holds at every look at once.

The statistic at information t (a fraction of that planned) is S(t) = Z sqrt(t), a Brownian motion. Its density on the region where
the test goes on is carried from look to look by Gauss-Legendre quadrature (Armitage, McPherson & Rowe 1969; Jennison & Turnbull
2000, chapter 19).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr, ndtri

from .estimate import Estimate
from .roots import crossing

Spending = Literal["obrien_fleming", "pocock", "power"]
Convention = Literal["per_side", "total"]
Side = Literal["both", "above"]
FARTHEST = 38.0
"""No bound lies farther out: the tail of the normal distribution ends here in floating point."""
WIDEST = 9.0
"""Standard deviations beyond which no path is followed; their probability is 2e-19."""


@lru_cache(maxsize=64)
def _nodes(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(n)


class _Path:
    """Density of S where the test has not stopped, moved from look to look."""

    def __init__(self, drift: float = 0.0) -> None:
        self.drift = drift  # Expected S at information 1.
        self.information = 0.0
        self.points, self.mass = np.zeros(1), np.ones(1)

    def tails(self, information: float, bound: float) -> tuple[float, float]:
        """Probabilities of going on until now and then lying above the bound, and below minus the bound, on the scale of Z."""
        step = np.sqrt(information - self.information)
        mean = self.points + self.drift * (information - self.information)
        edge = bound * np.sqrt(information)
        return float(self.mass @ ndtr((mean - edge) / step)), float(self.mass @ ndtr((-edge - mean) / step))

    def move(self, information: float, bound: float) -> None:
        """Go on to the next look, with those paths only that lie within the bound there."""
        spread = WIDEST * np.sqrt(information)
        middle = self.drift * information
        low = max(-bound * np.sqrt(information), middle - spread)
        high = min(bound * np.sqrt(information), middle + spread)
        step = np.sqrt(information - self.information)
        # Nodes lie closer than the step's standard deviation, where the rule gains digits with every node.
        nodes, weights = _nodes(int(32 + 5.0 * max(high - low, 0.0) / step))
        points = low + (high - low) * (nodes + 1.0) / 2.0
        mean = self.points + self.drift * (information - self.information)
        density = np.exp(-0.5 * ((points[:, None] - mean[None, :]) / step) ** 2) @ self.mass / (step * np.sqrt(2.0 * np.pi))
        self.points, self.mass, self.information = points, density * weights * (high - low) / 2.0, information


def _checked(information: Sequence[float] | np.ndarray) -> np.ndarray:
    looks = np.asarray(information, float)
    if looks.ndim != 1 or not len(looks) or not np.all(np.isfinite(looks)) or looks[0] <= 0.0 or np.any(np.diff(looks) <= 0.0):
        raise ValueError("information at the looks must be numbers above 0 that grow from look to look")
    return looks


def _check_alpha(alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha:g}")


def crossing_probabilities(
    information: Sequence[float] | np.ndarray, bounds: Sequence[float] | np.ndarray, *, drift: float = 0.0, side: Side = "both"
) -> np.ndarray:
    """Probability that |Z| first exceeds its bound at each look.

    Args:
        information: At each look, increasing, in any unit.
        bounds: Of |Z| at each look.
        drift: Expected Z at information 1, in the same unit: 0 where there is no effect.
        side: Whether to count either side or only Z above its bound; the test stops on either side all the same.

    Returns:
        Shape (looks,); the sum is the probability of ever rejecting.

    Raises:
        ValueError: Information that does not grow, or bounds of another number or not above 0.
    """
    looks, limits = _checked(information), np.asarray(bounds, float)
    if limits.shape != looks.shape or not np.all(limits > 0.0):
        raise ValueError("each look needs one bound above 0")
    # On the scale of the last look, which leaves Z as it is.
    path, scale, found = _Path(drift * float(np.sqrt(looks[-1]))), looks / looks[-1], np.empty(len(looks))
    for at, (time, bound) in enumerate(zip(scale, limits, strict=True)):
        above, below = path.tails(time, bound)
        found[at] = above + below if side == "both" else above
        if at + 1 < len(looks):
            path.move(time, bound)
    return found


def naive_false_positive_rate(looks: int, *, alpha: float = 0.05) -> float:
    """Probability that a useless program looks significant at one of so many equally spaced looks, each taken at level alpha.

    Source: Armitage, McPherson & Rowe (1969), JRSS A 132. It is not 1 - (1 - alpha)^looks, since looks share their data.

    Raises:
        ValueError: Fewer than one look, or alpha not between 0 and 1.
    """
    _check_alpha(alpha)
    if looks < 1:
        raise ValueError(f"a test has at least one look, not {looks}")
    return float(crossing_probabilities(np.arange(1, looks + 1), np.full(looks, -ndtri(alpha / 2.0))).sum())


def _constant(looks: int, alpha: float, shape: Callable[[np.ndarray], np.ndarray]) -> float:
    _check_alpha(alpha)
    if looks < 1:
        raise ValueError(f"a test has at least one look, not {looks}")
    steps = np.arange(1, looks + 1)
    weights = shape(steps / looks)

    def excess(constant: float) -> float:
        return float(crossing_probabilities(steps, constant * weights).sum()) - alpha

    once = -float(ndtri(alpha / 2.0))
    # At least the bound of one look, at most that of as many looks with nothing in common.
    return crossing(excess, once * (1.0 - 1e-9), -float(ndtri(alpha / 2.0 / looks)) * (1.0 + 1e-9))


def pocock_constant(looks: int, *, alpha: float = 0.05) -> float:
    """The one bound of |Z| for so many equally spaced looks.

    Source: Pocock (1977), Biometrika 64(2).

    Raises:
        ValueError: Fewer than one look, or alpha not between 0 and 1.
    """
    return _constant(looks, alpha, np.ones_like)


def obrien_fleming_constant(looks: int, *, alpha: float = 0.05) -> float:
    """The bound of |Z| at the last of equally spaced looks; at share t of the information it is this over sqrt(t).

    Source: O'Brien & Fleming (1979), Biometrics 35(3).

    Raises:
        ValueError: Fewer than one look, or alpha not between 0 and 1.
    """
    return _constant(looks, alpha, lambda share: share**-0.5)


def spent(
    information: Sequence[float] | np.ndarray,
    *,
    spending: Spending = "obrien_fleming",
    alpha: float = 0.05,
    convention: Convention = "per_side",
    rho: float = 3.0,
) -> np.ndarray:
    """False positives allowed up to each look, of both sides together.

    obrien_fleming: 2 (1 - Phi(z / sqrt(t))); pocock: a log(1 + (e - 1) t); power: a t^rho. Per side these are taken at a = alpha / 2
    and doubled, as gsDesign and SAS do; in the convention `total` once at a = alpha. Only obrien_fleming differs between the two.

    Args:
        information: Fractions of that planned, increasing, above 0 and at most 1.
        spending: The function.
        alpha: Two-sided level of all looks.
        convention: How alpha enters.
        rho: Exponent of `power`, above 0.

    Raises:
        ValueError: Information outside 0-1 or not growing, an unknown function or convention, alpha or rho out of range.

    Source: Lan & DeMets (1983), Biometrika 70(3); power family: Kim & DeMets (1987), Biometrika 74(1).
    """
    _check_alpha(alpha)
    share = _checked(information)
    if share[-1] > 1.0 + 1e-12:
        raise ValueError(f"information of {share[-1]:g} exceeds that planned: plan again before looking")
    share = np.minimum(share, 1.0)
    if convention not in ("per_side", "total"):
        raise ValueError(f"no convention {convention!r} (there: per_side, total)")
    sides = 2.0 if convention == "per_side" else 1.0
    each = alpha / sides
    if spending == "obrien_fleming":
        return sides * 2.0 * ndtr(ndtri(each / 2.0) / np.sqrt(share))
    if spending == "pocock":
        return sides * each * np.log1p((np.e - 1.0) * share)
    if spending == "power":
        if not 0.0 < rho < np.inf:
            raise ValueError(f"rho must be above 0, not {rho:g}")
        return sides * each * share**rho
    raise ValueError(f"no spending function {spending!r} (there: obrien_fleming, pocock, power)")


def bounds(
    information: Sequence[float] | np.ndarray,
    *,
    spending: Spending = "obrien_fleming",
    alpha: float = 0.05,
    convention: Convention = "per_side",
    rho: float = 3.0,
) -> np.ndarray:
    """Bounds of |Z| at each look that spend alpha as a function of information.

    A bound rests on the looks up to it only, so that later looks may come at other times than planned.

    Args:
        information: Fractions of that planned, increasing, above 0 and at most 1.
        spending, alpha, convention, rho: As in `spent`.

    Returns:
        Shape (looks,); 38, where floating point ends, for a look that may spend next to nothing.

    Raises:
        ValueError: As `spent`.
    """
    share = _checked(information)
    allowed = np.diff(spent(share, spending=spending, alpha=alpha, convention=convention, rho=rho), prepend=0.0)
    path, found = _Path(), np.full(len(share), FARTHEST)
    for at, (time, gain) in enumerate(zip(share.tolist(), allowed.tolist(), strict=True)):

        def excess(bound: float, time: float = time, gain: float = gain) -> float:
            return float(np.log(max(2.0 * path.tails(time, bound)[0], 1e-320)) - np.log(gain))

        if gain > 1e-300 and excess(FARTHEST) < 0.0:
            found[at] = crossing(excess, 0.0, FARTHEST)
        if at + 1 < len(share):
            path.move(time, float(found[at]))
    return found


def inflation(
    information: Sequence[float] | np.ndarray, limits: Sequence[float] | np.ndarray, *, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Largest sample of a group-sequential test over that of a test with one look and the same power.

    In both, power is the probability to reject on the side where the effect lies; the one look has (z_(1-alpha/2) + z_power)^2.

    Args:
        information: At each look, increasing.
        limits: Bounds of |Z| at each look, of total level alpha.
        power: Wanted, above alpha and below 1.
        alpha: Two-sided level.

    Raises:
        ValueError: Power or alpha out of range, or impossible looks.

    Source: Jennison & Turnbull (2000), section 2.3; the convention is that of gsDesign and of SAS SEQDESIGN.
    """
    _check_alpha(alpha)
    if not alpha < power < 1.0:
        raise ValueError(f"power must lie between alpha and 1, not at {power:g}")
    looks = _checked(information)
    share = looks / looks[-1]

    def excess(drift: float) -> float:
        return float(crossing_probabilities(share, limits, drift=drift, side="above").sum()) - power

    once = float(ndtri(power) - ndtri(alpha / 2.0))
    return (crossing(excess, 0.5 * once, 3.0 * once) / once) ** 2


@dataclass(frozen=True)
class Look:
    """What may be concluded at a look.

    Attributes:
        look: Number of the look, from 1.
        information: Fraction of that planned.
        bound: |Z| above which the difference is significant over all looks.
        nominal_p: Ordinary two-sided p-value that equals the bound.
        spent: False positives allowed up to here.
        z: Difference over its standard error.
        crossed: Whether |Z| exceeds the bound: the test may stop.
        repeated: The difference with its repeated confidence interval, difference -+ bound * standard error.
    """

    look: int
    information: float
    bound: float
    nominal_p: float
    spent: float
    z: float
    crossed: bool
    repeated: Estimate


def decide(
    difference: float,
    standard_error: float,
    *,
    information: Sequence[float] | np.ndarray,
    n: int = 0,
    estimand: str = "difference, treatment less control",
    spending: Spending = "obrien_fleming",
    alpha: float = 0.05,
    convention: Convention = "per_side",
    rho: float = 3.0,
) -> Look:
    """Adjusted decision at the latest look.

    Args:
        difference, standard_error: As estimated now.
        information: Fractions of that planned at all looks taken, the latest last.
        n: Units observed now.
        estimand: What `difference` is.
        spending, alpha, convention, rho: As in `spent`, and as planned.

    Raises:
        ValueError: A standard error not above 0, or as `spent`.

    Source: repeated intervals: Jennison & Turnbull (1989), JRSS B 51(3).
    """
    if not (np.isfinite(difference) and 0.0 < standard_error < np.inf):
        raise ValueError("a look needs a difference and a standard error above 0")
    plan: dict[str, Any] = {"spending": spending, "alpha": alpha, "convention": convention, "rho": rho}
    bound = float(bounds(information, **plan)[-1])
    half = bound * standard_error
    return Look(
        look=len(information),
        information=float(information[-1]),
        bound=bound,
        nominal_p=float(2.0 * ndtr(-bound)),
        spent=float(spent(information, **plan)[-1]),
        z=difference / standard_error,
        crossed=abs(difference) > half,
        repeated=Estimate(
            difference,
            (difference - half, difference + half),
            f"repeated confidence interval, {spending} spending",
            estimand,
            n,
            ("Looks depend on information only, not on what was seen.", "Spending is that of the plan."),
        ),
    )


def mixing_sd(tuned_at: float, *, alpha: float = 0.05) -> float:
    """Parameter rho for which a confidence sequence is narrowest near so many units.

    rho = sqrt((-2 log alpha + log(-2 log alpha + 1)) / tuned_at)

    Raises:
        ValueError: `tuned_at` not above 0, or alpha out of range.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, arXiv 2103.06476, appendix B.
    """
    _check_alpha(alpha)
    if not 0.0 < tuned_at < np.inf:
        raise ValueError(f"a confidence sequence is tuned at a number of units above 0, not {tuned_at:g}")
    return float(np.sqrt((-2.0 * np.log(alpha) + np.log1p(-2.0 * np.log(alpha))) / tuned_at))


@dataclass(frozen=True)
class Always:
    """What may be concluded at any moment.

    Attributes:
        estimate: The difference with an interval that covers at every moment at once.
        p_value: Always-valid p-value.
    """

    estimate: Estimate
    p_value: float


def confidence_sequence(
    difference: float,
    standard_error: float,
    n: int,
    *,
    tuned_at: float,
    alpha: float = 0.05,
    estimand: str = "difference, treatment less control",
) -> Always:
    """Asymptotic confidence sequence: the interval may be read after every customer, as often as one likes.

    With n units, standard error e (Welch's for means) and rho tuned as in `mixing_sd`,

        half width = e sqrt(2 (n rho^2 + 1) / (n rho^2) log(sqrt(n rho^2 + 1) / alpha))
        p = min(1, sqrt(n rho^2 + 1) exp(-rho^2 n z^2 / (2 (n rho^2 + 1)))),  z = difference / e

    Args:
        difference, standard_error: As estimated now.
        n: Units of both arms together.
        tuned_at: Number of units at which the interval is to be narrowest; fixed before the test.
        alpha: Two-sided level.
        estimand: What `difference` is.

    Raises:
        ValueError: No units, a standard error not above 0, or as `mixing_sd`.

    Source: Waudby-Smith et al., arXiv 2103.06476, equations 9 and 155.
    """
    if n < 1 or not (np.isfinite(difference) and 0.0 < standard_error < np.inf):
        raise ValueError("a confidence sequence needs units, a difference and a standard error above 0")
    grown = n * mixing_sd(tuned_at, alpha=alpha) ** 2
    half = standard_error * float(np.sqrt(2.0 * (grown + 1.0) / grown * np.log(np.sqrt(grown + 1.0) / alpha)))
    exponent = grown * (difference / standard_error) ** 2 / (2.0 * (grown + 1.0))
    return Always(
        Estimate(
            difference,
            (difference - half, difference + half),
            f"asymptotic confidence sequence, tuned at {tuned_at:g} units",
            estimand,
            n,
            ("Units are independent.", "There are enough units for the central limit to hold at the first look."),
        ),
        float(min(1.0, np.exp(0.5 * np.log1p(grown) - exponent))),
    )
