"""Quantiles, such as the median spend: what typical customers do, whatever the largest ones do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy import stats

from ..estimate import Estimate
from ..permutation import SEED
from ..two_arms import CONTROL_NOT_POSITIVE, NO_SPREAD, NO_UNITS, ONE_UNIT, Arm
from .contrast import INDEPENDENT, refused
from .estimator import Contrast, Estimator, Sample
from .mean import mean_permutation_p

IN_CLUSTERS = "units were assigned in clusters, and the bootstrap of a quantile draws units: take kind mean"
CONTROL_REACHES_ZERO = "the quantile of control is 0 or below in some resamples: there is nothing to be relative to"
BOOTSTRAP = "Each arm has many units near the quantile, of different values."


def bootstrap_quantiles(values: np.ndarray, q: float, *, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """The quantile, linearly interpolated, of `resamples` samples of the same size drawn with replacement, shape (resamples,).

    A resample is `values` at n uniform ranks, so its order statistics are the sorted values at the order statistics of n
    uniforms. Only the two that the quantile lies between are drawn: the k-th is Beta(k, n + 1 - k), and the next one parts what
    is left above it by Beta(1, n - k). The distribution is that of the full bootstrap, at a cost that does not grow with n.

    Source: Efron (1979); David & Nagaraja (2003), order statistics of uniforms.
    """
    n, ordered = len(values), np.sort(values)
    place = (n - 1) * q
    rank = min(int(place), n - 2) + 1
    lower = rng.beta(rank, n + 1 - rank, resamples)
    upper = lower + (1 - lower) * rng.beta(1, n - rank, resamples)
    # A uniform that rounds to 1 would stand one past the last value.
    below, above = (ordered[np.minimum((n * one).astype(np.int64), n - 1)] for one in (lower, upper))
    return below + (place - (rank - 1)) * (above - below)


def mann_whitney_p(control: np.ndarray, treatment: np.ndarray) -> float | None:
    """Two-sided p-value that neither arm tends to higher values; normal with continuity and ties corrected. None if all are equal.

    Source: Mann & Whitney (1947).
    """
    if min(control.min(), treatment.min()) == max(control.max(), treatment.max()):
        return None
    return float(stats.mannwhitneyu(treatment, control, alternative="two-sided", method="asymptotic").pvalue)


class Quantile(Estimator):
    """Difference of a quantile with a bootstrap percentile interval.

    Methods: `bootstrap` takes twice the smaller share of resamples on either side of 0 as p-value; `mann_whitney` the p-value of the
    rank test, which asks for a shift of the whole distribution.

    Options: `q`, the quantile, above 0 and below 1; `resamples`; `seed` of resamples and shuffles; `permutations`, how many shuffles
    make the permutation p of the mean in the details.
    """

    kind = "quantile"
    methods = ("bootstrap", "mann_whitney")
    settings: ClassVar[Mapping[str, Any] | None] = {"q": 0.5, "resamples": 10_000, "seed": SEED, "permutations": 10_000}

    def __init__(self, method: str | None = None, **options: Any) -> None:
        super().__init__(method, **options)
        if not 0 < self.options["q"] < 1:
            raise ValueError(f"quantile: q = {self.options['q']}: must be above 0 and below 1")

    def contrast(self, control: Sample, treatment: Sample, *, alpha: float) -> Contrast:
        n, q = len(control) + len(treatment), self.options["q"]
        if not len(control) or not len(treatment):
            return refused(NO_UNITS, n)
        values = control["value"], treatment["value"]
        below, above = (float(np.quantile(one, q)) for one in values)
        name = "median" if q == 0.5 else f"{q:g} quantile"
        reason = IN_CLUSTERS if control.cluster is not None else ONE_UNIT if min(map(len, values)) < 2 else None
        if reason is None and all(one.min() == one.max() for one in values):
            reason = NO_SPREAD
        p_mann_whitney = mann_whitney_p(*values)
        if reason:
            known = Estimate(below, None, "quantile", f"{name} in control", len(control), reason=reason)
            other = Estimate(above, None, "quantile", f"{name} in treatment", len(treatment), reason=reason)
            parted = Estimate(above - below, None, "quantile", f"{name}, treatment less control", n, reason=reason)
            relative = _relative(below, above, None, alpha, name, n, reason)
            return Contrast(known, other, parted, relative, None)
        draws = self._draws(*values)
        gaps = draws[1] - draws[0]
        method = "bootstrap percentile"
        p_value = min(1.0, 2 * (1 + float(min((gaps <= 0).sum(), (gaps >= 0).sum()))) / (1 + len(gaps)))
        beside = {} if p_mann_whitney is None else {"mann_whitney": p_mann_whitney}
        if self.method == "mann_whitney":
            p_value, beside, method = p_mann_whitney, {"bootstrap": p_value}, "bootstrap percentile, Mann-Whitney p"
        known, other = (
            Estimate(value, ends(draw, alpha), method, f"{name} in {arm}", len(one), (INDEPENDENT, BOOTSTRAP))
            for value, draw, arm, one in zip((below, above), draws, ("control", "treatment"), values, strict=True)
        )
        spreads = [float(one.var(ddof=1)) for one in draws]
        arms = Arm(below, spreads[0], math.inf, len(control)), Arm(above, spreads[1], math.inf, len(treatment))
        parted = Estimate(above - below, ends(gaps, alpha), method, f"{name}, treatment less control", n, (INDEPENDENT, BOOTSTRAP))
        return Contrast(known, other, parted, _relative(below, above, draws, alpha, name, n, None), p_value, (), beside, arms)

    def _draws(self, control: np.ndarray, treatment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rng, resamples = np.random.default_rng(self.options["seed"]), self.options["resamples"]
        first, second = (bootstrap_quantiles(one, self.options["q"], resamples=resamples, rng=rng) for one in (control, treatment))
        return first, second

    def details(self, control: Sample, treatment: Sample, *, alpha: float) -> dict[str, Any]:
        values, q = (control["value"], treatment["value"]), self.options["q"]
        if not min(map(len, values)):
            return {}
        below, above = (float(np.quantile(one, q)) for one in values)
        name = f"q{100 * q:g}"
        found: dict[str, Any] = {f"{name}_control": below, f"{name}_treatment": above, f"{name}_diff": above - below}
        p_mann_whitney = mann_whitney_p(*values)
        if p_mann_whitney is not None:
            found["mannwhitney_p"] = p_mann_whitney
        if min(map(len, values)) > 1 and control.cluster is None:
            first, second = self._draws(*values)
            found |= {"boot_percentile_ci": list(ends(second - first, alpha)), "boot_se": float((second - first).std(ddof=1))}
            found["permutation_p_mean"] = mean_permutation_p(
                *values, permutations=self.options["permutations"], seed=self.options["seed"]
            )
        return found


def ends(draws: np.ndarray, alpha: float) -> tuple[float, float]:
    """Percentile interval of bootstrap draws, of coverage 1 - alpha."""
    low, high = np.quantile(draws, [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)


def _relative(
    below: float, above: float, draws: tuple[np.ndarray, np.ndarray] | None, alpha: float, name: str, n: int, reason: str | None
) -> Estimate:
    method, estimand = "bootstrap percentile", f"{name}, treatment less control over control"
    if below <= 0:
        return Estimate(None, None, method, estimand, n, reason=CONTROL_NOT_POSITIVE)
    if draws is not None and draws[0].min() <= 0:
        draws, reason = None, CONTROL_REACHES_ZERO
    interval = None if draws is None else ends(draws[1] / draws[0] - 1, alpha)
    return Estimate(above / below - 1, interval, method, estimand, n, () if interval is None else (INDEPENDENT, BOOTSTRAP), reason=reason)
