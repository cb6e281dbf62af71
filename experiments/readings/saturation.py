"""Two-stage designs: direct effect, spillover, and what all of it comes to."""

from __future__ import annotations

import numpy as np

from regulars.analysis.saturation import SaturationEffects, saturation_effects

from .reading import TREATMENT, Answer, Reading, Test, answer_of


class Saturation(Reading):
    """Everybody treated against nobody treated: the clusters of the highest against those of the lowest share."""

    name = "saturation"
    fits = ("saturation",)
    default_for = ("saturation",)

    def read(self, test: Test) -> Answer:
        return answer_of(_effects(test).roll_out)


class SaturationDirect(Reading):
    """Treated against untreated customers of the same clusters."""

    name = "saturation_direct"
    fits = ("saturation",)
    default_for = ("saturation",)
    sees = "direct"

    def read(self, test: Test) -> Answer:
        return answer_of(_effects(test).pooled_direct)

    def aim(self, test: Test, change: np.ndarray, total: float) -> float:
        levels, treated = _levels(test), _treated(test)
        both = [here for here in levels if treated[here].any() and not treated[here].all()]
        gaps = [change[here & treated].mean() - change[here & ~treated].mean() for here in both]
        return float(np.average(gaps, weights=[here.sum() for here in both])) if both else float("nan")


class SaturationSpillover(Reading):
    """Untreated customers of clusters with treated ones against those of clusters with the fewest."""

    name = "saturation_spillover"
    fits = ("saturation",)
    default_for = ("saturation",)
    sees = "spillover"

    def read(self, test: Test) -> Answer:
        return answer_of(_effects(test).pooled_spillover)

    def aim(self, test: Test, change: np.ndarray, total: float) -> float:
        lowest, *others = _levels(test)
        untreated = ~_treated(test)
        spilled = untreated & np.logical_or.reduce(others)
        base = untreated & lowest
        return float(change[spilled].mean() - change[base].mean()) if spilled.any() and base.any() else float("nan")


def _treated(test: Test) -> np.ndarray:
    return test.assigned.arms[-1] == TREATMENT


def _levels(test: Test) -> list[np.ndarray]:
    """Units of each share of treated, the lowest first."""
    shares = test.assigned.saturation
    return [] if shares is None else [shares == one for one in np.unique(shares)]


def _effects(test: Test) -> SaturationEffects:
    assigned = test.assigned
    if assigned.saturation is None or assigned.cluster is None:
        raise ValueError("the design has no clusters with shares of treated")
    return saturation_effects(test.outcome, _treated(test).astype(float), assigned.saturation, assigned.cluster, alpha=test.alpha)
