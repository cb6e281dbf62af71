"""Stepped roll-outs: those who have turned to treatment against those who have not yet."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from regulars.analysis.two_arms import Gap

from .reading import TREATMENT, Answer, Reading, Test


@dataclass(frozen=True)
class _Cohort:
    """Groups that turned together: those in the cohort, and its first week of treatment, from 0."""

    members: np.ndarray
    first: int


class Staggered(Reading):
    """Difference in differences with those not yet treated as controls, week by week, for every cohort.

        effect(g, t) = [Y_g(t) - mean Y_g before g] - [Y_C(t) - mean Y_C before g],  C: not treated in week t

    Weekly outcomes per customer; the weeks before a cohort turned are its base. The mean over all cohorts and weeks with controls,
    weighted by the cohort's customers, counts for every week of the test. Standard error: the sandwich over clusters (customers where
    these were assigned one by one), Student's t with clusters less 1 degrees of freedom.
    Source: Callaway & Sant'Anna (2021), Journal of Econometrics 225(2), not-yet-treated controls; all earlier weeks as base: Borusyak,
    Jaravel & Spiess (2024), Review of Economic Studies 91(6), in the case without covariates.
    """

    name = "staggered"
    fits = ("staggered",)
    default_for = ("staggered",)

    def read(self, test: Test) -> Answer:
        weekly, sums = test.weekly, test.by_week()
        weeks, sizes = len(sums), weekly.sizes.astype(float)
        treated = weekly.arms == TREATMENT
        first = np.where(treated.any(axis=0), treated.argmax(axis=0), weeks)
        cells = [
            (_Cohort(np.flatnonzero(first == begun), begun), week)
            for begun in np.unique(first[(first > 0) & (first < weeks)]).tolist()
            for week in range(begun, weeks)
            if (first > week).any()
        ]
        if not cells:
            raise ValueError("no week has customers that are treated and others that are not yet: take more steps, or a longer test")
        total = sum(sizes[cohort.members].sum() for cohort, _ in cells)
        value, influence = 0.0, np.zeros(len(sizes))
        for cohort, week in cells:
            change = sums[week] / sizes - sums[: cohort.first].mean(axis=0) / sizes
            share = sizes[cohort.members].sum() / total
            for sign, rows in ((1.0, cohort.members), (-1.0, np.flatnonzero(first > week))):
                part = sizes[rows] / sizes[rows].sum()
                mean = float(part @ change[rows])
                value += sign * share * mean
                influence[rows] += sign * share * part * (change[rows] - mean)
        if weekly.cluster is not None:
            influence = np.bincount(weekly.cluster, influence)
            influence = influence[np.bincount(weekly.cluster) > 0]
        n = len(influence)
        se = math.sqrt(float(influence @ influence) * n / (n - 1)) if n > 2 else 0.0
        if se == 0.0:
            return Answer(value * weeks, reason="too few clusters, or none that differ, to say how sure this is")
        gap = Gap(value * weeks, se * weeks, n - 1.0)
        return Answer(gap.value, *gap.interval(test.alpha), gap.p_value)
