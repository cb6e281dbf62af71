"""Periods of a switchback, each as one unit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .reading import Answer, Reading, Test, answer_of, compared


class Periods(Reading):
    """Difference of periods with and without the treatment, by Welch, each period counting its weeks after the washout.

    The weekly difference counts for every week of the test. What treatment leaves behind in the next period biases it toward 0.
    Source: Bojinov, Simchi-Levi & Zhao (2023), Management Science 69(7).
    """

    name = "periods"
    fits = ("switchback",)
    default_for = ("switchback",)

    def read(self, test: Test) -> Answer:
        weekly = test.by_week().sum(axis=1) / len(test.outcome)
        ends = [one - 1 for one in (*test.assigned.first_weeks, len(weekly) + 1)]
        values = np.array([weekly[first + test.washout_weeks : last].mean() for first, last in pairwise(ends)]) * len(weekly)
        return answer_of(compared("mean", {"value": values}, test.assigned.arms[:, 0], alpha=test.alpha))
