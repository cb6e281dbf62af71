"""The shared rates: every component adds its own named term, the `live` kernel reads the sum."""

from __future__ import annotations

import numpy as np

LOG_RATES = ("log_purchase", "log_order_value", "log_attrition")


class Rates:
    """Terms of this step, one array over people each.

    Attributes:
        log_purchase: Added to the log of the base purchase rate.
        purchase: The rate itself, per week: base times exp of the terms; filled as `live` begins.
        log_order_value: Added to the log of the order value.
        log_attrition: Added to the log of the base attrition hazard.
        acquisition: Hazard by which a prospect is won in this step, shape (causes, people): causes add as hazards, and
            from `live` on each row holds the sum up to its cause.
        causes: Names of the causes, in the order of the rows; a customer's `acquired_by` is the row plus 1.
    """

    def __init__(self, people: int, causes: tuple[str, ...]) -> None:
        self.causes = causes
        self.log_purchase = np.zeros(people, np.float32)
        self.purchase = np.zeros(people, np.float32)
        self.log_order_value = np.zeros(people, np.float32)
        self.log_attrition = np.zeros(people, np.float32)
        self.acquisition = np.zeros((len(causes), people), np.float32)
        self.terms: dict[str, dict[str, np.ndarray]] | None = None

    def clear(self) -> None:
        """Set all terms to 0, as `weigh` begins."""
        for array in (self.log_purchase, self.log_order_value, self.log_attrition, self.acquisition):
            array.fill(0.0)
        if self.terms is not None:
            self.terms = {}

    def cause(self, name: str) -> np.ndarray:
        """The acquisition hazards of one cause, shape (people,)."""
        return self.acquisition[self.causes.index(name)]

    def snapshot(self) -> dict[str, np.ndarray]:
        """A copy of the sums so far, to keep one component's terms apart (``trace=True``)."""
        return {name: getattr(self, name).copy() for name in (*LOG_RATES, "acquisition")}
