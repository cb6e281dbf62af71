"""Gamma-gamma: how much an order is worth, customer by customer.

Source: Fader, Hardie & Lee (2005), "RFM and CLV: Using Iso-Value Curves for Customer Base Analysis", Journal of Marketing
Research 42(4); Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from .fit import Fit, maximize


@dataclass(frozen=True)
class GammaGamma:
    """Order values spread about each customer's own mean, and these means over customers.

    Values of one customer are Gamma(shape p, rate nu), and nu is Gamma(shape q, rate v) over customers. Spend is taken to
    be independent of how often the customer orders.

    Attributes:
        p: Shape of the values of one customer, > 0.
        q: Shape over customers, > 0; the population has a mean only above 1.
        v: Rate over customers in money, > 0.
    """

    p: float
    q: float
    v: float

    def log_likelihood(self, orders: np.ndarray, mean_value: np.ndarray) -> np.ndarray:
        """Log-likelihood of each customer's mean order value, shape (n,).

        Args:
            orders: Orders that the mean is over, >= 1, shape (n,).
            mean_value: Mean value of these orders, > 0, shape (n,).
        """
        p, q, v = self.p, self.q, self.v
        x, m = np.asarray(orders, float), np.asarray(mean_value, float)
        return (
            gammaln(p * x + q)
            - gammaln(p * x)
            - gammaln(q)
            + q * np.log(v)
            + (p * x - 1.0) * np.log(m)
            + p * x * np.log(x)
            - (p * x + q) * np.log(v + m * x)
        )

    @property
    def mean_value(self) -> float:
        """Mean order value of the population; infinite for q of 1 or less."""
        return self.p * self.v / (self.q - 1.0) if self.q > 1.0 else float("inf")

    def expected_value(self, orders: np.ndarray, mean_value: np.ndarray) -> np.ndarray:
        """Expected value of a customer's next orders, given those seen, shape (n,); infinite while p x + q is 1 or less.

        Args:
            orders: Orders seen, 0 or more, shape (n,).
            mean_value: Their mean value (any number for 0 orders), shape (n,).
        """
        x, m = np.asarray(orders, float), np.asarray(mean_value, float)
        spread = self.p * x + self.q - 1.0
        seen = np.where(x > 0, m * x, 0.0)
        return np.where(spread > 0, self.p * (self.v + seen) / np.where(spread > 0, spread, 1.0), np.inf)


def fit(orders: np.ndarray, mean_value: np.ndarray) -> Fit[GammaGamma]:
    """Fit gamma-gamma to the mean order values of customers.

    Args:
        orders: Orders that the mean is over, >= 1, shape (n,).
        mean_value: Mean value of these orders, > 0, shape (n,).

    Returns:
        Fit of p, q, v.

    Raises:
        ValueError: No customers, counts below 1, or values that are not above 0.
    """
    x, m = np.asarray(orders, float), np.asarray(mean_value, float)
    if not (x.ndim == 1 and x.shape == m.shape and len(x)):
        raise ValueError("orders and mean_value must be of one length, one value a customer")
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(m)) and np.all(x >= 1) and np.all(m > 0)):
        raise ValueError("orders must be 1 or more and mean_value above 0 for every customer")
    rows, weight = np.unique(np.column_stack([x, m]), axis=0, return_counts=True)
    # The unit of money is free: fitted on values of mean 1, so that the range of v suits every currency.
    unit = float(m.mean())

    def total(one: GammaGamma) -> float:
        return float(weight @ GammaGamma(one.p, one.q, one.v * unit).log_likelihood(rows[:, 0], rows[:, 1]))

    found = maximize(GammaGamma, [(4.0, 4.0, 0.75), (1.5, 6.0, 3.0)], total, customers=len(x))
    model = GammaGamma(found.model.p, found.model.q, found.model.v * unit)
    errors = found.standard_errors | {"v": found.standard_errors["v"] * unit}
    return Fit(model, errors, found.covariance, found.log_likelihood, found.converged, found.customers)
