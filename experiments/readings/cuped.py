"""The difference of the arms after what customers did before the test."""

from __future__ import annotations

from .reading import Answer, Reading, Test, answer_of, compared


class Cuped(Reading):
    """CUPED with the theta of all units, on what was known of each customer before the test.

    Source: Deng, Xu, Kohavi & Walker (2013), Improving the Sensitivity of Online Controlled Experiments.
    """

    name = "cuped"
    fits = ("individual", "cluster")
    default_for = ("individual",)

    def read(self, test: Test) -> Answer:
        columns = {"value": test.outcome, "covariate": test.before}
        arm, cluster = test.assigned.arms[-1], test.assigned.cluster
        return answer_of(compared("mean", columns, arm, alpha=test.alpha, cluster=cluster, method="cuped"))
