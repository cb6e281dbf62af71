"""Ratios of sums, such as orders per visit, where the unit of assignment is the customer and not the visit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..cluster import cluster_details
from ..permutation import SEED, permutation_p
from ..two_arms import NO_UNITS, Arm, difference, mean_arm, relative_details, why_no_interval
from .contrast import CLUSTER_DF, CLUSTERS, INDEPENDENT, LARGE, RELATIVE, contrast_of_arms, contrast_of_clusters, refused
from .estimator import Contrast, Estimator, Sample

NO_DENOMINATOR = "the denominators of an arm do not add up to more than 0"
DELTA = "The mean denominator is far from 0, measured in its standard errors."


def linearized(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """A value for each unit whose mean is the ratio R = sum(numerator) / sum(denominator) and whose spread is its delta-method one.

    R + (numerator - R denominator) / mean(denominator). The variance of its mean is, to first order, that of R.

    Raises:
        ValueError: The denominators do not add up to more than 0.

    Source: Deng, Knoblich & Lu (2018); Budylin et al. (2018).
    """
    total = float(denominator.sum())
    if total <= 0:
        raise ValueError(NO_DENOMINATOR)
    ratio = float(numerator.sum()) / total
    return ratio + (numerator - ratio * denominator) / (total / len(denominator))


def ratio_arm(numerator: np.ndarray, denominator: np.ndarray) -> Arm:
    """Ratio of sums with delta-method variance (ddof 1) and n - 1 degrees of freedom, n the units.

    (s_a^2 - 2 R s_ab + R^2 s_b^2) / (n mean(b)^2).

    Raises:
        ValueError: No units, or the denominators do not add up to more than 0.
    """
    if not len(numerator):
        raise ValueError(NO_UNITS)
    return mean_arm(linearized(numerator, denominator))


class Ratio(Estimator):
    """Difference of ratios of sums by the delta method.

    Options: `relative` (log, delta, fieller); `permutations`, how many shuffles of units make a permutation p beside the p-value
    (0 for none); `seed` of the shuffles. Strata are not used.
    """

    kind = "ratio"
    roles = ("numerator", "denominator")
    methods = ("delta",)
    settings: ClassVar[Mapping[str, Any] | None] = {"relative": "log", "permutations": 0, "seed": SEED}

    def __init__(self, method: str | None = None, **options: Any) -> None:
        super().__init__(method, **options)
        if self.options["relative"] not in RELATIVE:
            raise ValueError(f"{self.kind}: relative = {self.options['relative']!r}: must be one of {', '.join(RELATIVE)}")

    def contrast(self, control: Sample, treatment: Sample, *, alpha: float) -> Contrast:
        n = len(control) + len(treatment)
        if not len(control) or not len(treatment):
            return refused(NO_UNITS, n)
        parts = _parts(control), _parts(treatment)
        try:
            values = linearized(*parts[0]), linearized(*parts[1])
        except ValueError as error:
            return refused(str(error), n)
        quantity, relative = "ratio of sums", self.options["relative"]
        permutations, seed = self.options["permutations"], self.options["seed"]
        if control.cluster is not None and treatment.cluster is not None:
            return contrast_of_clusters(
                values,
                (control.cluster, treatment.cluster),
                alpha=alpha,
                method="delta method, CR2, Satterthwaite t",
                quantity=quantity,
                relative=relative,
                assumptions=(CLUSTERS, CLUSTER_DF, DELTA),
                permutations=permutations,
                seed=seed,
                parts=parts,
            )
        beside: dict[str, float] = {}
        if permutations:
            beside["permutation"] = ratio_permutation_p(*parts, permutations=permutations, seed=seed)
        return contrast_of_arms(
            mean_arm(values[0]),
            mean_arm(values[1]),
            alpha=alpha,
            method="delta method, Welch t",
            quantity=quantity,
            relative=relative,
            assumptions=(INDEPENDENT, LARGE, DELTA),
            beside=beside,
        )

    def details(self, control: Sample, treatment: Sample, *, alpha: float) -> dict[str, Any]:
        try:
            below, above = ratio_arm(*_parts(control)), ratio_arm(*_parts(treatment))
        except ValueError:
            return {}
        found: dict[str, Any] = {"ratio_control": below.value, "ratio_treatment": above.value, "diff": above.value - below.value}
        found |= relative_details(below, above, alpha=alpha)
        if why_no_interval(below, above) is None:
            gap = difference(below, above)
            found |= {"se": gap.se, "df": gap.df, "p": gap.p_value, "ci": list(gap.interval(alpha))}
        naive = sum(one.value * (1 - one.value) / float(arm["denominator"].sum()) for one, arm in ((below, control), (above, treatment)))
        if naive >= 0:
            found["naive_se_as_proportion"] = math.sqrt(naive)
        if control.cluster is not None and treatment.cluster is not None:
            lines = [(linearized(*_parts(arm)), arm.cluster) for arm in (control, treatment)]
            found |= cluster_details(*((values, cluster) for values, cluster in lines if cluster is not None))
        return found


def ratio_permutation_p(
    control: tuple[np.ndarray, np.ndarray],
    treatment: tuple[np.ndarray, np.ndarray],
    *,
    permutations: int = 10_000,
    seed: int = SEED,
) -> float:
    """Two-sided p-value of the difference in ratios under shuffled arms.

    Args:
        control, treatment: Numerator and denominator of the units of an arm.
    """
    numerator, denominator = (np.concatenate(pair) for pair in zip(control, treatment, strict=True))
    treated = np.repeat([False, True], [len(control[0]), len(treatment[0])])
    return permutation_p(numerator, denominator, treated, permutations=permutations, seed=seed)


def _parts(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    return sample["numerator"], sample["denominator"]
