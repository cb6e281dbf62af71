"""Proportions: retained or not, converted or not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

import numpy as np
from scipy import special, stats

from ..cluster import cluster_details
from ..estimate import Estimate
from ..permutation import SEED
from ..two_arms import CONTROL_NOT_POSITIVE, NO_SPREAD, NO_UNITS, Arm, Gap, quantile, two_sided
from .contrast import CLUSTER_DF, CLUSTERS, INDEPENDENT, contrast_of_arms, contrast_of_clusters, refused
from .estimator import Contrast, Estimator, Sample
from .poststrat import TOO_FEW, stratified_arms

NO_EVENTS = "nobody in treatment has it, so the ratio to control has no logarithm"
MANY = "Each arm has both those who have it and those who do not, several of either."

Counts = tuple[int, int]
"""How many have it, and how many units there are."""


def wilson(counts: Counts, *, alpha: float) -> tuple[float, float]:
    """Score interval of one proportion; stays within 0 to 1 and is not empty at the ends.

    Source: Wilson (1927).
    """
    hits, n = counts
    z = quantile(1 - alpha / 2, math.inf)
    share, spread = hits / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / spread
    half = z / spread * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At the ends the interval begins at 0 or ends at 1, up to rounding.
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == n else middle + half)


def newcombe(control: Counts, treatment: Counts, *, alpha: float) -> tuple[float, float]:
    """Interval of the difference of two proportions from the Wilson intervals of each.

    Source: Newcombe (1998), method 10.
    """
    (low_c, high_c), (low_t, high_t) = wilson(control, alpha=alpha), wilson(treatment, alpha=alpha)
    share_c, share_t = control[0] / control[1], treatment[0] / treatment[1]
    parted = share_t - share_c
    return parted - math.hypot(share_t - low_t, high_c - share_c), parted + math.hypot(high_t - share_t, share_c - low_c)


def pooled_z(control: Counts, treatment: Counts) -> float | None:
    """Difference in standard errors under one proportion for both; its square is Pearson's chi-squared. None where all are alike."""
    share = (control[0] + treatment[0]) / (control[1] + treatment[1])
    variance = share * (1 - share) * (1 / control[1] + 1 / treatment[1])
    return (treatment[0] / treatment[1] - control[0] / control[1]) / math.sqrt(variance) if variance > 0 else None


def wald(control: Counts, treatment: Counts) -> Gap:
    """Difference with standard error sqrt(p_c (1 - p_c) / n_c + p_t (1 - p_t) / n_t), normal.

    Raises:
        ValueError: Nothing varies within the arms.
    """
    shares = [hits / n for hits, n in (control, treatment)]
    variance = sum(share * (1 - share) / n for share, (_, n) in zip(shares, (control, treatment), strict=True))
    if variance <= 0:
        raise ValueError(NO_SPREAD)
    return Gap(shares[1] - shares[0], math.sqrt(variance), math.inf)


def log_risk_ratio(control: Counts, treatment: Counts) -> Gap:
    """Logarithm of the ratio of two proportions with standard error sqrt(1/x_c - 1/n_c + 1/x_t - 1/n_t).

    Raises:
        ValueError: Nobody in an arm has it, or everybody in both.

    Source: Katz, Baptista, Azen & Pike (1978).
    """
    if not control[0]:
        raise ValueError(CONTROL_NOT_POSITIVE)
    if not treatment[0]:
        raise ValueError(NO_EVENTS)
    variance = sum(1 / hits - 1 / n for hits, n in (control, treatment))
    if variance <= 0:
        raise ValueError(NO_SPREAD)
    return Gap(math.log(treatment[0] / treatment[1] * control[1] / control[0]), math.sqrt(variance), math.inf)


def fisher_p(control: Counts, treatment: Counts) -> float:
    """Two-sided p-value of Fisher's exact test: all tables at most as probable as the one seen."""
    table = [[hits, n - hits] for hits, n in (treatment, control)]
    return float(np.asarray(stats.fisher_exact(table))[1])


def probability_better(control: Counts, treatment: Counts, *, prior: tuple[float, float] = (1.0, 1.0)) -> float:
    """Posterior probability that the proportion under treatment is the higher one, with independent beta priors.

    Integral of the density of treatment times the distribution of control, by Gauss-Legendre quadrature.
    """
    above, below = ((prior[0] + hits, prior[1] + n - hits) for hits, n in (treatment, control))
    ends = float(special.betaincinv(*above, 1e-15)), float(special.betainccinv(*above, 1e-15))
    nodes, weights = special.roots_legendre(400)
    at = ends[0] + (ends[1] - ends[0]) * (nodes + 1) / 2
    density = np.exp(special.xlogy(above[0] - 1, at) + special.xlog1py(above[1] - 1, -at) - special.betaln(*above))
    found = float((weights * density * special.betainc(*below, at)).sum()) * (ends[1] - ends[0]) / 2
    return min(1.0, max(0.0, found))


class Proportion(Estimator):
    """Difference of two proportions; values are 0 or 1.

    Methods: `newcombe` takes the p-value of the pooled z test, `wald` the unpooled one, `fisher` the exact one beside Newcombe's
    interval; `poststratified` weights strata by their share of all units. The relative interval is that of the risk ratio on the log
    scale. With clusters the variance is CR2, whatever the method.

    Options: `permutations`, how many shuffles of clusters make a permutation p beside the p-value where clusters are 40 or more;
    `seed` of the shuffles.
    """

    kind = "proportion"
    methods = ("newcombe", "wald", "fisher", "poststratified")
    settings: ClassVar[Mapping[str, Any] | None] = {"permutations": 0, "seed": SEED}

    def contrast(self, control: Sample, treatment: Sample, *, alpha: float) -> Contrast:
        if not len(control) or not len(treatment):
            return refused(NO_UNITS, len(control) + len(treatment))
        counts = _count(control), _count(treatment)
        if control.cluster is not None and treatment.cluster is not None:
            if self.method == "poststratified":
                raise ValueError("proportion: method poststratified cannot be applied to clusters")
            return contrast_of_clusters(
                (control["value"], treatment["value"]),
                (control.cluster, treatment.cluster),
                alpha=alpha,
                method="CR2, Satterthwaite t",
                quantity="proportion",
                relative="log",
                assumptions=(CLUSTERS, CLUSTER_DF),
                permutations=self.options["permutations"],
                seed=self.options["seed"],
            )
        if self.method == "poststratified":
            return _poststratified(control, treatment, alpha=alpha)
        return self._of_counts(*counts, alpha=alpha)

    def _of_counts(self, control: Counts, treatment: Counts, *, alpha: float) -> Contrast:
        n = control[1] + treatment[1]
        below, above = (
            Estimate(
                hits / units,
                wilson((hits, units), alpha=alpha),
                "Wilson",
                f"proportion in {name}",
                units,
                (INDEPENDENT,),
                _sd(hits, units),
            )
            for (hits, units), name in ((control, "control"), (treatment, "treatment"))
        )
        parted = treatment[0] / treatment[1] - control[0] / control[1]
        interval, reason = None, None
        z = pooled_z(control, treatment)
        p_value, method = (1.0 if z is None else two_sided(z, math.inf)), "Newcombe interval, pooled z"
        if self.method == "wald":
            method = "Wald interval, unpooled z"
            try:
                gap = wald(control, treatment)
                interval, p_value = gap.interval(alpha), gap.p_value
            except ValueError as error:
                reason, p_value = str(error), None
        else:
            interval = newcombe(control, treatment, alpha=alpha)
            if self.method == "fisher":
                p_value, method = fisher_p(control, treatment), "Newcombe interval, Fisher exact"
        warnings = ()
        if self.method != "fisher" and min(control[0], control[1] - control[0], treatment[0], treatment[1] - treatment[0]) < 5:
            warnings = ("fewer than 5 units in an arm have it, or lack it; the p-value is rough: take method fisher",)
        estimand = "proportion, treatment less control"
        return Contrast(
            below,
            above,
            Estimate(parted, interval, method, estimand, n, (INDEPENDENT, MANY), reason=reason),
            _relative(control, treatment, alpha=alpha),
            p_value,
            warnings,
            arms=(_arm(control), _arm(treatment)),
        )

    def details(self, control: Sample, treatment: Sample, *, alpha: float) -> dict[str, Any]:
        if not len(control) or not len(treatment):
            return {}
        found = proportion_details(_count(control), _count(treatment), alpha=alpha)
        if control.cluster is not None and treatment.cluster is not None:
            found |= cluster_details((control["value"], control.cluster), (treatment["value"], treatment.cluster))
        return found


def proportion_details(control: Counts, treatment: Counts, *, alpha: float) -> dict[str, Any]:
    """Every quantity of two proportions, by name; only those that the data allow."""
    found: dict[str, Any] = {"p_control": control[0] / control[1], "p_treatment": treatment[0] / treatment[1]}
    found["diff"] = found["p_treatment"] - found["p_control"]
    z = pooled_z(control, treatment)
    if z is not None:
        found |= {"z_pooled": z, "p_z_pooled": two_sided(z, math.inf), "chi2_pearson": z**2}
    try:
        gap = wald(control, treatment)
        found |= {"z_unpooled": gap.statistic, "p_z_unpooled": gap.p_value, "ci_wald": list(gap.interval(alpha))}
    except ValueError:
        pass
    found["ci_newcombe"] = list(newcombe(control, treatment, alpha=alpha))
    found |= {"wilson_control": list(wilson(control, alpha=alpha)), "wilson_treatment": list(wilson(treatment, alpha=alpha))}
    if control[0]:
        found["risk_ratio"] = found["p_treatment"] / found["p_control"]
    with suppress(ValueError):
        found["risk_ratio_ci_log"] = [math.exp(end) for end in log_risk_ratio(control, treatment).interval(alpha)]
    found["p_fisher"] = fisher_p(control, treatment)
    found["bayes_p_treatment_better_beta11"] = probability_better(control, treatment)
    return found


def _relative(control: Counts, treatment: Counts, *, alpha: float) -> Estimate:
    method, estimand, n = "log risk ratio", "proportion, treatment less control over control", control[1] + treatment[1]
    assumptions = (INDEPENDENT, MANY)
    if not control[0]:
        return Estimate(None, None, method, estimand, n, assumptions, reason=CONTROL_NOT_POSITIVE)
    value = treatment[0] / treatment[1] * control[1] / control[0] - 1
    try:
        low, high = log_risk_ratio(control, treatment).interval(alpha)
    except ValueError as error:
        return Estimate(value, None, method, estimand, n, assumptions, reason=str(error))
    return Estimate(value, (math.expm1(low), math.expm1(high)), method, estimand, n, assumptions)


def _poststratified(control: Sample, treatment: Sample, *, alpha: float) -> Contrast:
    if control.stratum is None or treatment.stratum is None:
        raise ValueError("proportion: method poststratified needs strata")
    try:
        arms = stratified_arms((control["value"], treatment["value"]), (control.stratum, treatment.stratum))
    except ValueError:
        return refused(TOO_FEW, len(control) + len(treatment))
    return contrast_of_arms(
        *arms, alpha=alpha, method="post-stratified", quantity="proportion", relative="log", assumptions=(INDEPENDENT, MANY)
    )


def _arm(counts: Counts) -> Arm:
    hits, n = counts
    return Arm(hits / n, hits / n * (1 - hits / n) / n, math.inf, n, _sd(hits, n))


def _sd(hits: int, n: int) -> float:
    return math.sqrt(hits / n * (1 - hits / n))


def _count(sample: Sample) -> Counts:
    values = sample["value"]
    hits = int(np.count_nonzero(values == 1.0))
    if hits + int(np.count_nonzero(values == 0.0)) != len(values):
        raise ValueError("a proportion wants values of 0 and 1 only: take kind mean for others")
    return hits, len(values)
