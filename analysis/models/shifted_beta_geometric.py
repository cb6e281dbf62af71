"""Shifted beta-geometric: how many customers under contract renew, period after period.

Source: Fader & Hardie (2007), "How to Project Customer Retention", Journal of Interactive Marketing 21(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from .fit import Fit, maximize


@dataclass(frozen=True)
class ShiftedBetaGeometric:
    """Each customer leaves at every renewal with an own probability, Beta(alpha, beta) over customers.

    Retention rises with tenure although nobody changes: those likely to leave have left.

    Attributes:
        alpha, beta: Shapes of the probability to leave at a renewal, > 0; the mean is alpha / (alpha + beta).
    """

    alpha: float
    beta: float

    def survival(self, periods: np.ndarray) -> np.ndarray:
        """Share of customers still there after so many renewals, same shape; 1 after 0."""
        return np.exp(betaln(self.alpha, self.beta + np.asarray(periods, float)) - betaln(self.alpha, self.beta))

    def leaving(self, periods: np.ndarray) -> np.ndarray:
        """Share of all customers who leave at the renewal of this number, from 1, same shape."""
        n = np.asarray(periods, float)
        return np.exp(betaln(self.alpha + 1.0, self.beta + n - 1.0) - betaln(self.alpha, self.beta))

    def retention(self, periods: np.ndarray) -> np.ndarray:
        """Share of those at the door who renew at the renewal of this number, from 1, same shape."""
        n = np.asarray(periods, float)
        return (self.beta + n - 1.0) / (self.alpha + self.beta + n - 1.0)

    def log_likelihood(self, left: np.ndarray, remaining: float) -> float:
        """Log-likelihood of a cohort's renewals.

        Args:
            left: Customers who left at renewal 1, 2, ..., shape (n,).
            remaining: Customers still there after the last of them.
        """
        left = np.asarray(left, float)
        n = np.arange(1, len(left) + 1)
        log_leaving = betaln(self.alpha + 1.0, self.beta + n - 1.0) - betaln(self.alpha, self.beta)
        log_staying = betaln(self.alpha, self.beta + len(left)) - betaln(self.alpha, self.beta)
        return float(left @ log_leaving + remaining * log_staying)


def fit(survivors: np.ndarray) -> Fit[ShiftedBetaGeometric]:
    """Fit a shifted beta-geometric to the survivors of one cohort.

    Args:
        survivors: Customers still there after 0, 1, 2, ... renewals, at least 3 values, never rising, shape (n,).

    Returns:
        Fit of alpha and beta.

    Raises:
        ValueError: Fewer than 3 values, rising or negative ones, or a cohort that nobody left.
    """
    survivors = np.asarray(survivors, float)
    if survivors.ndim != 1 or len(survivors) < 3 or not np.all(np.isfinite(survivors)):
        raise ValueError("survivors must be 3 or more finite numbers: after 0, 1, 2, ... renewals")
    left = -np.diff(survivors)
    if np.any(left < 0) or survivors[-1] < 0:
        raise ValueError("survivors must be 0 or more and never rise")
    if not left.sum() > 0:
        raise ValueError("nobody left this cohort: leaving cannot be estimated")
    return maximize(
        ShiftedBetaGeometric,
        [(1.0, 1.0), (0.5, 3.0)],
        lambda one: one.log_likelihood(left, float(survivors[-1])),
        customers=max(round(float(survivors[0])), 1),
    )


def constant_retention_value(retention: float, *, discount: float, margin: float = 1.0) -> float:
    """Value of a customer whose retention never changes: m r / (1 + i - r), cash at the end of each period.

    Args:
        retention: Probability to renew each period, 0 to below 1 + discount.
        discount: Discount rate per period, >= 0.
        margin: Margin per period, earned by who renews.

    Raises:
        ValueError: Retention at or beyond 1 + discount: the value is infinite.

    Source: Gupta & Lehmann (2003), "Customers as Assets", Journal of Interactive Marketing 17(1).
    """
    if not 0.0 <= retention < 1.0 + discount:
        raise ValueError(f"retention = {retention}: must be 0 to below 1 + discount ({1.0 + discount})")
    return margin * retention / (1.0 + discount - retention)
