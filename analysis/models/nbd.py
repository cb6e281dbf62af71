"""NBD: customers order at their own rate for ever. The yardstick that shows what drop-out explains.

Source: Ehrenberg (1959), "The Pattern of Consumer Purchases", Applied Statistics 8(1); as the model without death beside
BG/NBD: Fader, Hardie & Lee (2005), Marketing Science 24(2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, gammaln

from .fit import Fit
from .repeat_buying import RepeatBuying, fit_histories


@dataclass(frozen=True)
class Nbd(RepeatBuying):
    """Negative binomial orders, nobody leaves.

    Attributes:
        r: Shape of the order rates, > 0.
        alpha: Rate of the order rates in weeks, > 0; the mean is r / alpha orders a week.
    """

    r: float
    alpha: float

    def log_likelihood(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Log-likelihood of each customer's history (of the order times, as in the other models), shape (n,)."""
        x = np.asarray(frequency, float)
        return (
            gammaln(self.r + x) - gammaln(self.r) + self.r * np.log(self.alpha) - (self.r + x) * np.log(self.alpha + np.asarray(age, float))
        )

    def expected_repeats(self, weeks: np.ndarray) -> np.ndarray:
        """Expected repeat orders of a new customer in the first `weeks`, same shape."""
        return self.r / self.alpha * np.asarray(weeks, float)

    def probability_alive(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
        """1 for every customer, shape (n,)."""
        return np.ones(np.shape(frequency))

    def expected_future(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray, weeks: float) -> np.ndarray:
        """Expected orders in the next `weeks`, given the history, shape (n,)."""
        return (self.r + np.asarray(frequency, float)) / (self.alpha + np.asarray(age, float)) * weeks

    def histogram(self, weeks: np.ndarray, largest: int) -> np.ndarray:
        """Probability of 0, 1, ... repeat orders in the first `weeks`.

        Args:
            weeks: Length of observation of each customer, shape (n,).
            largest: The last class, which holds this many repeat orders or more.

        Returns:
            Shape (n, largest + 1); each row sums to 1.
        """
        time = np.asarray(weeks, float)[:, None]
        share = time / (self.alpha + time)
        at_least = np.column_stack([np.ones_like(share), betainc(np.arange(1.0, largest + 1.0)[None, :], self.r, share)])
        return at_least - np.column_stack([at_least[:, 1:], np.zeros_like(share)])


def fit(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> Fit[Nbd]:
    """Fit NBD to the histories of customers.

    Args:
        frequency: Repeat orders of each customer, shape (n,).
        recency: Weeks from first to last order, 0 without a repeat, shape (n,).
        age: Weeks from first order to the end of observation, shape (n,).

    Returns:
        Fit of r and alpha.

    Raises:
        ValueError: Histories that cannot be, or without any repeat order.
    """
    return fit_histories(Nbd, lambda weeks: [(0.5, weeks / 3), (2.0, weeks)], frequency, recency, age)
