"""Means: revenue, margin, orders a customer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ..cluster import cluster_details
from ..permutation import SEED, permutation_p
from ..two_arms import (
    NO_UNITS,
    Arm,
    Gap,
    difference,
    mean_arm,
    relative_details,
    two_sided,
    why_no_interval,
)
from .contrast import CLUSTER_DF, CLUSTERS, INDEPENDENT, LARGE, RELATIVE, contrast_of_arms, contrast_of_clusters, refused
from .cuped import CONSTANT, CONSTANT_IN_ARM, Column, adjusted, ancova_arms, cuped_details, lin_arms, theta_pooled
from .estimator import Contrast, Estimator, Sample
from .poststrat import poststrat_details, stratified_arms

EQUAL_SPREAD = "Both arms have the same variance."
LIN, ANCOVA = "Lin regression, HC2", "analysis of covariance, HC2"
COVARIATE = "The covariate was known before the test and the arm cannot change it."
STRATA = "Strata were known before the test and the arm cannot change them."


def welch(control: np.ndarray, treatment: np.ndarray) -> Gap:
    """Difference in means without assuming equal variances; degrees of freedom by Welch.

    Raises:
        ValueError: An arm has fewer than two units, or nothing varies.

    Source: Welch (1947).
    """
    return difference(mean_arm(control), mean_arm(treatment))


def pooled(control: np.ndarray, treatment: np.ndarray) -> Gap:
    """Difference in means with one variance for both arms and n_c + n_t - 2 degrees of freedom (Student).

    Raises:
        ValueError: An arm has fewer than two units, or nothing varies.
    """
    return difference(*_one_variance(mean_arm(control), mean_arm(treatment)), df=len(control) + len(treatment) - 2)


def _one_variance(control: Arm, treatment: Arm) -> tuple[Arm, Arm]:
    if control.sd is None or treatment.sd is None:
        return control, treatment
    df = control.n + treatment.n - 2
    variance = ((control.n - 1) * control.sd**2 + (treatment.n - 1) * treatment.sd**2) / df
    first, second = (replace(one, variance=variance / one.n, df=df, sd=math.sqrt(variance)) for one in (control, treatment))
    return first, second


def winsorized(control: np.ndarray, treatment: np.ndarray, upper: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Both arms capped at one value, the quantile `upper` of all units together, and that cap.

    A cap of its own for each arm would cut a real effect in the upper tail away.

    Raises:
        ValueError: `upper` is not above 0 and at most 1.
    """
    if not 0 < upper <= 1:
        raise ValueError(f"winsorize = {upper}: must be above 0 and at most 1")
    cap = float(np.quantile(np.concatenate([control, treatment]), upper))
    return np.minimum(control, cap), np.minimum(treatment, cap), cap


def mean_permutation_p(control: np.ndarray, treatment: np.ndarray, *, permutations: int = 10_000, seed: int = SEED) -> float:
    """Two-sided p-value of the difference in means under shuffled arms; exact where assignments are few."""
    values = np.concatenate([control, treatment])
    treated = np.repeat([False, True], [len(control), len(treatment)])
    return permutation_p(values, np.ones(len(values)), treated, permutations=permutations, seed=seed)


class Mean(Estimator):
    """Difference in means.

    Without a method asked for, the columns decide: CUPED where there is a covariate, post-stratification where there are strata
    (of the adjusted values where there are both), else Welch. With clusters the variance is CR2, whatever the adjustment.

    Options: `relative` (log, delta, fieller); `winsorize`, the quantile of all units at which both arms are capped;
    `permutations`, how many shuffles make a permutation p beside the p-value (0 for none); `seed` of the shuffles.
    """

    kind = "mean"
    optional_roles = ("covariate",)
    methods = ("welch", "pooled", "normal", "cuped", "lin", "ancova", "poststratified")
    settings: ClassVar[Mapping[str, Any] | None] = {"relative": "log", "winsorize": None, "permutations": 0, "seed": SEED}

    def __init__(self, method: str | None = None, **options: Any) -> None:
        super().__init__(method, **options)
        self.chosen = method is not None
        if self.options["relative"] not in RELATIVE:
            raise ValueError(f"{self.kind}: relative = {self.options['relative']!r}: must be one of {', '.join(RELATIVE)}")

    def contrast(self, control: Sample, treatment: Sample, *, alpha: float) -> Contrast:
        if not len(control) or not len(treatment):
            return refused(NO_UNITS, len(control) + len(treatment))
        values = self._values(control, treatment)
        warnings: list[str] = []
        words: list[str] = []
        assumptions = [INDEPENDENT, LARGE] if control.cluster is None else [CLUSTERS, CLUSTER_DF]
        steps = self._steps(control)
        clustered = control.cluster is not None and treatment.cluster is not None
        if clustered and {"lin", "ancova", "poststratified"} & set(steps):
            if self.chosen:
                raise ValueError(f"{self.kind}: method {self.method} cannot be applied to clusters: take cuped or welch")
            steps.remove("poststratified")
            warnings.append("strata are left out: they are not used together with clusters")
        beside: dict[str, float] = {}
        covariance, df = 0.0, None
        arms: tuple[Arm, Arm] | None = None
        # Where the adjustment fails, the plain mean still answers.
        try:
            if "cuped" in steps:
                covariate = _covariate(control, treatment)
                values = adjusted(values, covariate, theta_pooled(values, covariate))
                words.append("CUPED")
            elif "lin" in steps:
                arms = lin_arms(values, _covariate(control, treatment))
                words.append(LIN)
            elif "ancova" in steps:
                below, above, covariance = ancova_arms(values, _covariate(control, treatment))
                arms, df = (below, above), below.df
                words.append(ANCOVA)
        except ValueError as error:
            if str(error) not in (CONSTANT, CONSTANT_IN_ARM):
                return refused(str(error), len(control) + len(treatment))
            warnings.append(str(error))
        if words:
            assumptions.append(COVARIATE)
        adjusted_by = " adjusted by its covariate" if words else ""
        if arms is None and clustered:
            return self._of_clusters(values, control, treatment, alpha, words, assumptions, warnings, adjusted_by)
        if arms is None and "poststratified" in steps:
            try:
                arms = stratified_arms(values, _strata(control, treatment))
                words.append("post-stratified")
                assumptions.append(STRATA)
            except ValueError as error:
                warnings.append(str(error))
        if arms is None:
            arms = mean_arm(values[0]), mean_arm(values[1])
            if self.method == "pooled":
                arms = _one_variance(*arms)
                df = arms[0].df
                assumptions.append(EQUAL_SPREAD)
            elif self.method == "normal":
                arms = replace(arms[0], df=math.inf), replace(arms[1], df=math.inf)
            words.append({"pooled": "pooled t", "normal": "normal"}.get(self.method, "Welch t"))
        if self.options["permutations"]:
            if words[0] in (LIN, ANCOVA):
                # A slope over both arms is the same for every shuffle, so this test is exact.
                covariate = _covariate(control, treatment)
                values = adjusted(values, covariate, theta_pooled(values, covariate))
            beside["permutation"] = mean_permutation_p(
                *values, permutations=self.options["permutations"], seed=self.options["seed"]
            )
        return contrast_of_arms(
            *arms,
            alpha=alpha,
            method=", ".join(words),
            quantity=self._quantity() + adjusted_by,
            relative=self.options["relative"],
            assumptions=tuple(assumptions),
            warnings=tuple(warnings),
            beside=beside,
            df=df,
            covariance=covariance,
        )

    def _of_clusters(
        self,
        values: Column,
        control: Sample,
        treatment: Sample,
        alpha: float,
        words: list[str],
        assumptions: list[str],
        warnings: list[str],
        adjusted_by: str,
    ) -> Contrast:
        return contrast_of_clusters(
            values,
            _clusters(control, treatment),
            alpha=alpha,
            method=", ".join([*words, "CR2, Satterthwaite t"]),
            quantity=self._quantity() + adjusted_by,
            relative=self.options["relative"],
            assumptions=tuple(assumptions),
            warnings=tuple(warnings),
            permutations=self.options["permutations"],
            seed=self.options["seed"],
        )

    def _steps(self, sample: Sample) -> list[str]:
        """Adjustments to make: the one asked for, else what the columns allow."""
        if self.chosen:
            if self.method in ("cuped", "lin", "ancova") and "covariate" not in sample.columns:
                raise ValueError(f"{self.kind}: method {self.method} needs a covariate")
            if self.method == "poststratified" and sample.stratum is None:
                raise ValueError(f"{self.kind}: method poststratified needs strata")
            return [self.method]
        found = ["cuped"] if "covariate" in sample.columns else []
        return [*found, "poststratified"] if sample.stratum is not None else found

    def _values(self, control: Sample, treatment: Sample) -> Column:
        values = control["value"], treatment["value"]
        if self.options["winsorize"] is None:
            return values
        return winsorized(*values, self.options["winsorize"])[:2]

    def _quantity(self) -> str:
        return "mean" if self.options["winsorize"] is None else f"mean capped at the {self.options['winsorize']:g} quantile"

    def details(self, control: Sample, treatment: Sample, *, alpha: float) -> dict[str, Any]:
        if not len(control) or not len(treatment):
            return {}
        found = mean_details(control["value"], treatment["value"], alpha=alpha)
        values = self._values(control, treatment)
        if self.options["winsorize"] is not None:
            cap = winsorized(control["value"], treatment["value"], self.options["winsorize"])[2]
            found["winsor_cap"] = cap
            if why_no_interval(mean_arm(values[0]), mean_arm(values[1])) is None:
                gap = welch(*values)
                found |= {"winsor_diff": gap.value, "winsor_se": gap.se, "winsor_p": gap.p_value}
        if self.options["permutations"]:
            found["permutation_p_mean"] = mean_permutation_p(
                *values, permutations=self.options["permutations"], seed=self.options["seed"]
            )
        if "covariate" in control.columns:
            found |= cuped_details(values, _covariate(control, treatment), alpha=alpha)
        if control.stratum is not None:
            found |= poststrat_details(values, _strata(control, treatment), alpha=alpha)
        if control.cluster is not None:
            groups = _clusters(control, treatment)
            found |= cluster_details((values[0], groups[0]), (values[1], groups[1]))
        return found


def mean_details(control: np.ndarray, treatment: np.ndarray, *, alpha: float) -> dict[str, Any]:
    """Every quantity of a two-sample mean, by name; only those that the data allow."""
    below, above = mean_arm(control), mean_arm(treatment)
    found: dict[str, Any] = {"mean_control": below.value, "mean_treatment": above.value, "n_control": below.n, "n_treatment": above.n}
    found["diff"] = above.value - below.value
    if below.sd is not None and above.sd is not None:
        found |= {"var_control": below.sd**2, "var_treatment": above.sd**2}
    if why_no_interval(below, above):
        return found | relative_details(below, above, alpha=alpha)
    gap, one = difference(below, above), pooled(control, treatment)
    found |= {"se_welch": gap.se, "t_welch": gap.statistic, "df_welch": gap.df, "p_welch": gap.p_value}
    found["ci_welch"] = list(gap.interval(alpha))
    found |= {"t_pooled": one.statistic, "p_pooled": one.p_value, "ci_pooled": list(one.interval(alpha))}
    found["p_normal"] = two_sided(gap.statistic, math.inf)
    return found | relative_details(below, above, alpha=alpha)


def _covariate(control: Sample, treatment: Sample) -> Column:
    return control["covariate"], treatment["covariate"]


def _strata(control: Sample, treatment: Sample) -> Column:
    if control.stratum is None or treatment.stratum is None:
        raise ValueError("strata are missing in an arm")
    return control.stratum, treatment.stratum


def _clusters(control: Sample, treatment: Sample) -> Column:
    if control.cluster is None or treatment.cluster is None:
        raise ValueError("clusters are missing in an arm")
    return control.cluster, treatment.cluster
