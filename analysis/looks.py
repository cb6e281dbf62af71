"""At what level a look at a running test may be read, and what an unplanned look does to false positives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr, ndtri

from .estimators.estimator import Contrast
from .plan import Looks
from .sequential import Spending, bounds, confidence_sequence, crossing_probabilities, naive_false_positive_rate, spent

APART = 0.05
"""Information further than this from the plan's is another moment than the planned one (assumed)."""
TIMING = "Looks depend on information only, not on what was seen."


@dataclass(frozen=True)
class Look:
    """What a look may conclude.

    Attributes:
        look: Number of the look, from 1.
        planned: Looks that the plan has.
        spending: As in the plan.
        information: Fractions of the planned information at the looks up to this one; those beyond the plan are left out.
        alpha: Two-sided level of all looks together.
        nominal: Two-sided level at which this look's intervals and p-values are read; None where they are always valid.
        bound: |Z| above which a difference is significant over all looks; None where intervals are always valid.
        spent: False positives allowed up to here; None where intervals are always valid.
        on_plan: Whether the look is one of the planned ones, at its planned moment.
        naive_false_positive_rate: How often a useless program would look significant by now if each look were read at `alpha`.
        sentence: All that in words.
        rho: Exponent of the `power` spending function.
        tuned_at: Units at which always-valid intervals are narrowest.
    """

    look: int
    planned: int
    spending: str
    information: tuple[float, ...]
    alpha: float
    nominal: float | None
    bound: float | None
    spent: float | None
    on_plan: bool
    naive_false_positive_rate: float
    sentence: str
    rho: float = 3.0
    tuned_at: float = 5_000.0

    def repeated_p(self, p_value: float) -> float:
        """p-value that may be held against `alpha` whatever the number of looks: the level of all looks at which this one just rejects.

        Args:
            p_value: The ordinary one of this look.

        Source: Jennison & Turnbull (2000), section 9.3.
        """
        if self.planned == 1:
            return p_value
        statistic = -float(ndtri(min(max(p_value, 1e-300), 1.0) / 2.0))
        found = _levels(self.information, self.spending, self.alpha, self.rho)
        low, high = float(found.x[0]), float(found.x[-1])
        if statistic <= low:
            return 1.0
        return float(min(1.0, np.exp(found(min(statistic, high)))))


@lru_cache(maxsize=64)
def _levels(information: tuple[float, ...], spending: str, alpha: float, rho: float) -> PchipInterpolator:
    """Log of the level of all looks by the bound of |Z| at the last of them; `alpha` is one of its knots."""
    levels = np.unique(np.concatenate([np.geomspace(1e-12, 0.3, 22), np.linspace(0.35, 0.99, 8), [alpha]]))
    limits = [float(bounds(information, spending=cast("Spending", spending), alpha=float(one), rho=rho)[-1]) for one in levels]
    order = np.argsort(limits)
    at, first = np.unique(np.array(limits)[order], return_index=True)
    return PchipInterpolator(at, np.log(levels[order])[first], extrapolate=False)


@lru_cache(maxsize=64)
def at_look(looks: Looks, *, alpha: float, assigned: int) -> Look:
    """The level of the look that was taken last.

    Args:
        looks: Of the plan.
        alpha: Two-sided level of all looks together.
        assigned: Units, or clusters, assigned so far.
    """
    naive = naive_false_positive_rate(min(looks.taken, 200), alpha=alpha)
    words = f"look {looks.taken} of {looks.planned} planned"
    plan, extra = list(looks.fractions), looks.taken > looks.planned
    if looks.spending == "always_valid":
        sentence = f"{words}: intervals are always valid and may be read at any time"
        return Look(looks.taken, looks.planned, looks.spending, tuple(plan), alpha, None, None, None, True, naive, sentence,
                    looks.rho, looks.tuned_at)  # fmt: skip
    spending = looks.spending
    if extra:
        return _beyond(looks, spending, alpha, naive, plan)
    on_plan, note = True, ""
    if looks.units is not None:
        real = assigned / looks.units
        if abs(real - plan[-1]) > APART:
            on_plan = False
            note = f", planned at {plan[-1]:.0%} of the information and taken at {real:.0%}"
        last = looks.taken == looks.planned
        # The last look spends what is left, however many units it has.
        plan = [one * (1.0 if last or real > 1.0 else real) / plan[-1] for one in plan]
    limits = bounds(plan, spending=spending, alpha=alpha, rho=looks.rho)
    used = float(spent(plan, spending=spending, alpha=alpha, rho=looks.rho)[-1])
    bound = float(limits[-1])
    nominal = float(2.0 * ndtr(-bound))
    sentence = f"{words}{note}: significant below an ordinary p of {nominal:.3g} ({spending} spending)"
    if not on_plan:
        sentence += (
            f"; an unplanned moment: the bound is that of the moment taken, which keeps false positives at {alpha:.0%} only if the"
            f" moment was not chosen by what was seen; {looks.taken} looks at an ordinary {alpha:.0%} each would bring them to {naive:.1%}"
        )
    return Look(looks.taken, looks.planned, spending, tuple(plan), alpha, nominal, bound, used, on_plan, naive, sentence,
                looks.rho, looks.tuned_at)  # fmt: skip


def _beyond(looks: Looks, spending: Spending, alpha: float, naive: float, plan: list[float]) -> Look:
    """A look after the last planned one: nothing is left to spend, so that only a confidence sequence still answers."""
    step = 1.0 / looks.planned
    times = [*plan, *(1.0 + step * (at + 1) for at in range(min(looks.taken - looks.planned, 200)))]
    ordinary = [-float(ndtri(alpha / 2.0))] * (len(times) - len(plan))
    limits = [*bounds(plan, spending=spending, alpha=alpha, rho=looks.rho), *ordinary]
    seen = float(crossing_probabilities(times, limits).sum())
    sentence = (
        f"look {looks.taken} is unplanned: the plan has {looks.planned} and its {alpha:.0%} of false positives are spent; read at an"
        f" ordinary {alpha:.0%} this look would bring them to {seen:.1%}, so intervals and p-values are always-valid ones (with the planned"
        f" looks at most {2 * alpha:.0%})"
    )
    return Look(looks.taken, looks.planned, spending, tuple(plan), alpha, None, None, alpha, False, naive, sentence,
                looks.rho, looks.tuned_at)  # fmt: skip


def always_valid(contrast: Contrast, *, alpha: float, tuned_at: float) -> Contrast:
    """The contrast with an interval and a p-value that hold at every moment; the relative interval is left out.

    Source: Waudby-Smith et al., arXiv 2103.06476.
    """
    gap = contrast.gap
    if gap is None:
        return contrast
    found = confidence_sequence(gap.value, gap.se, contrast.difference.n, tuned_at=tuned_at, alpha=alpha)
    words = f"{contrast.difference.method}, {found.estimate.method}"
    assumptions = (*contrast.difference.assumptions, *found.estimate.assumptions[1:])
    return replace(
        contrast,
        difference=replace(contrast.difference, interval=found.estimate.interval, method=words, assumptions=assumptions),
        relative=replace(contrast.relative, interval=None, reason="a confidence sequence is given for the difference only"),
        p_value=found.p_value,
    )
