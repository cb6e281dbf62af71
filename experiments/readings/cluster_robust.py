"""The difference of arms that were given to whole clusters."""

from __future__ import annotations

from .reading import Answer, Reading, Test, answer_of, compared


class ClusterRobust(Reading):
    """Difference of the arms with CR2 variance and Satterthwaite degrees of freedom over the clusters that were assigned."""

    name = "cluster_robust"
    fits = ("cluster",)
    default_for = ("cluster",)

    def read(self, test: Test) -> Answer:
        kind = "mean" if test.kind == "proportion" else test.kind
        contrast = compared(kind, {"value": test.outcome}, test.assigned.arms[-1], alpha=test.alpha, cluster=test.assigned.cluster)
        return answer_of(contrast)
