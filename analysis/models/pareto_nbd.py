"""Pareto/NBD: customers order at their own rate until a silent drop-out that may come at any moment.

Source: Schmittlein, Morrison & Colombo (1987), "Counting Your Customers: Who Are They and What Will They Do Next?",
Management Science 33(1); form of the likelihood: Fader & Hardie (2005), "A Note on Deriving the Pareto/NBD Model and
Related Expressions".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import exprel, gammaln, logsumexp

from .fit import Fit
from .repeat_buying import RepeatBuying, fit_histories

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


@dataclass(frozen=True)
class ParetoNbd(RepeatBuying):
    """Pareto lifetimes and negative binomial orders.

    Order rates are Gamma(shape r, rate alpha) over customers, hazards of leaving Gamma(shape s, rate beta).

    Attributes:
        r: Shape of the order rates, > 0.
        alpha: Rate of the order rates in weeks, > 0; the mean is r / alpha orders a week.
        s: Shape of the hazards of leaving, > 0.
        beta: Rate of the hazards of leaving in weeks, > 0; the mean is s / beta a week.
    """

    r: float
    alpha: float
    s: float
    beta: float

    def log_likelihood(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Log-likelihood of each customer's history, shape (n,)."""
        staying, left = self._parts(frequency, recency, age)
        x = np.asarray(frequency, float)
        common = gammaln(self.r + x) - gammaln(self.r) + self.r * np.log(self.alpha) + self.s * np.log(self.beta)
        return common + np.logaddexp(staying, left)

    def expected_repeats(self, weeks: np.ndarray) -> np.ndarray:
        """Expected repeat orders of a new customer in the first `weeks`, same shape."""
        return self.r / self.alpha * _weeks_alive(self.s, self.beta, np.asarray(weeks, float))

    def probability_alive(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Probability that the customer is still there, given the history, shape (n,)."""
        staying, left = self._parts(frequency, recency, age)
        return np.exp(-np.logaddexp(0.0, left - staying))

    def expected_future(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray, weeks: float) -> np.ndarray:
        """Expected orders in the next `weeks`, given the history, shape (n,).

        Who is alive has rate ~ Gamma(r + x, alpha + age) and hazard ~ Gamma(s, beta + age).
        """
        x, age = np.asarray(frequency, float), np.asarray(age, float)
        rate = (self.r + x) / (self.alpha + age)
        return self.probability_alive(x, recency, age) * rate * _weeks_alive(self.s, self.beta + age, np.full(age.shape, weeks))

    def _parts(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-likelihood, up to what is common, of being still there and of having left since the last order.

        The second is the integral of s (alpha + y)^-(r + x) (beta + y)^-(s + 1) over the time y of leaving, from recency to
        age. The published form is a difference of two hypergeometric functions, in two branches by which of alpha and
        beta is larger; it cancels for long histories. On w = log((m + y) / (m + recency)), m the smaller of the two, the
        integrand is smooth for every parameter, and Gauss-Legendre is exact to 1e-10 or better.
        """
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        x, recency, age = (np.asarray(one, float) for one in (frequency, recency, age))
        staying = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
        start = min(alpha, beta) + recency
        # Beyond `until` the integrand is under exp(-40) of its start.
        until = np.minimum.reduce(
            [
                age - recency,
                (alpha + recency) * np.expm1(np.minimum(40.0 / (r + x), 500.0)),
                (beta + recency) * np.expm1(min(40.0 / (s + 1.0), 500.0)),
            ]
        )
        span = np.log1p(until / start)[:, None]
        w = span * (_NODES + 1.0) / 2.0
        y = start[:, None] * np.expm1(w)
        exponent = w - (r + x)[:, None] * np.log1p(y / (alpha + recency)[:, None]) - (s + 1.0) * np.log1p(y / (beta + recency)[:, None])
        with np.errstate(divide="ignore"):  # No time to have left in: log 0 is minus infinity, as it should be.
            area = logsumexp(exponent, axis=1, b=span / 2.0 * _WEIGHTS)
        at_recency = -(r + x) * np.log(alpha + recency) - (s + 1.0) * np.log(beta + recency)
        return staying, np.log(s) + at_recency + np.log(start) + area


def fit(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> Fit[ParetoNbd]:
    """Fit Pareto/NBD to the histories of customers.

    Args:
        frequency: Repeat orders of each customer, shape (n,).
        recency: Weeks from first to last order, 0 without a repeat, shape (n,).
        age: Weeks from first order to the end of observation, shape (n,).

    Returns:
        Fit of r, alpha, s, beta.

    Raises:
        ValueError: Histories that cannot be, or without any repeat order.
    """
    return fit_histories(ParetoNbd, lambda weeks: [(0.6, weeks / 3, 0.6, weeks / 3), (1.5, weeks, 1.0, 2 * weeks)], frequency, recency, age)


def _weeks_alive(s: float, beta: np.ndarray | float, weeks: np.ndarray) -> np.ndarray:
    """Expected part of the next `weeks` before leaving: the integral of (1 + y / beta)^-s, also at s = 1."""
    log_growth = np.log1p(weeks / beta)
    return beta * log_growth * exprel((1.0 - s) * log_growth)
