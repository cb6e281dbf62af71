"""The plain difference of the arms, customer by customer."""

from __future__ import annotations

from .reading import Answer, Reading, Test, answer_of, compared


class Difference(Reading):
    """Difference of the arms at the end, as if customers had been assigned one by one and did not talk to one another."""

    name = "difference"
    fits = ("individual", "cluster", "saturation", "staggered")
    default_for = ("individual", "cluster", "saturation")

    def read(self, test: Test) -> Answer:
        return answer_of(compared(test.kind, {"value": test.outcome}, test.assigned.arms[-1], alpha=test.alpha))
