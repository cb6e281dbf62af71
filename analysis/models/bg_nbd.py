"""BG/NBD: customers order at their own rate until a silent drop-out that may follow any order.

Source: Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way: An Alternative to the Pareto/NBD Model",
Marketing Science 24(2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaln, gammaln

from .fit import Fit
from .repeat_buying import RepeatBuying, fit_histories

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)


@dataclass(frozen=True)
class BgNbd(RepeatBuying):
    """Beta-geometric drop-out and negative binomial orders.

    Order rates are Gamma(shape r, rate alpha) over customers; the probability to leave after an order is Beta(a, b).
    The first order cannot be followed by drop-out before a repeat.

    Attributes:
        r: Shape of the order rates, > 0.
        alpha: Rate of the order rates in weeks, > 0; the mean is r / alpha orders a week.
        a, b: Shapes of the drop-out probability, > 0; the mean is a / (a + b).
    """

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Log-likelihood of each customer's history, shape (n,)."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        x = np.asarray(frequency, float)
        common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
        staying = -(r + x) * np.log(alpha + age)
        left = np.log(a) - np.log(np.where(x > 0, b + x - 1.0, 1.0)) - (r + x) * np.log(alpha + recency)
        return common + np.where(x > 0, np.logaddexp(staying, left), staying)

    def expected_repeats(self, weeks: np.ndarray) -> np.ndarray:
        """Expected repeat orders of a new customer in the first `weeks`, same shape."""
        weeks = np.asarray(weeks, float)
        return _mean_orders(self.r, self.alpha, self.a, self.b, np.ravel(weeks)).reshape(weeks.shape)

    def repeats_variance(self, weeks: np.ndarray) -> np.ndarray:
        """Variance over customers of the repeat orders in the first `weeks`, same shape.

        With drop-out p and rate L, E[X (X - 1)] = 2 (1 - p) E[1 - exp(-pLt) (1 + pLt)] / p^2 (own derivation: two orders
        at u < v happen at the rate L^2 (1 - p) exp(-pLv)).
        """
        r, weeks = self.r, np.asarray(weeks, float)
        time = np.ravel(weeks) / self.alpha

        def pairs(p: np.ndarray) -> np.ndarray:
            y = p * time[:, None]
            exact = -np.expm1(-r * np.log1p(y)) - r * y * np.exp(-(r + 1.0) * np.log1p(y))
            # Below, the difference would be all rounding; two terms of its series are exact to 1e-8.
            near = r * (r + 1.0) * y**2 * (0.5 - (r + 2.0) * y / 3.0)
            return 2.0 * (1.0 - p) * np.where((r + 2.0) * y < 1e-4, near, exact) / p**2

        factorial = _over_drop_out(pairs, self.a, np.full(len(time), self.b), (r + 2.0) * time)
        mean = _mean_orders(r, self.alpha, self.a, self.b, np.ravel(weeks))
        return (factorial + mean - mean**2).reshape(weeks.shape)

    def probability_alive(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Probability that the customer will ever order again, given the history, shape (n,)."""
        x = np.asarray(frequency, float)
        log_odds_left = (
            np.log(self.a)
            - np.log(np.where(x > 0, self.b + x - 1.0, 1.0))
            + (self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + recency))
        )
        return np.where(x > 0, np.exp(-np.logaddexp(0.0, log_odds_left)), 1.0)

    def expected_future(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray, weeks: float) -> np.ndarray:
        """Expected orders in the next `weeks`, given the history, shape (n,).

        Who is alive has rate ~ Gamma(r + x, alpha + age) and drop-out ~ Beta(a, b + x), and goes on as if new.
        """
        x = np.asarray(frequency, float)
        alive = self.probability_alive(frequency, recency, age)
        ahead = _mean_orders(self.r + x, self.alpha + np.asarray(age, float), self.a, self.b + x, np.full(x.shape, weeks))
        return alive * ahead

    def histogram(self, weeks: np.ndarray, largest: int) -> np.ndarray:
        """Probability of 0, 1, ... repeat orders in the first `weeks`.

        Args:
            weeks: Length of observation of each customer, shape (n,).
            largest: The last class, which holds this many repeat orders or more.

        Returns:
            Shape (n, largest + 1); each row sums to 1.
        """
        r, a, b = self.r, self.a, self.b
        time = np.asarray(weeks, float)[:, None]
        share = time / (self.alpha + time)
        x = np.arange(largest, dtype=float)[None, :]
        # share ** 0 is 1 even for a customer of age 0.
        orders = np.exp(gammaln(r + x) - gammaln(r) - gammaln(x + 1.0) + r * np.log1p(-share)) * share**x
        survived = np.exp(betaln(a, b + x) - betaln(a, b))
        left = np.where(x > 0, np.exp(betaln(a + 1.0, b + np.maximum(x, 1.0) - 1.0) - betaln(a, b)), 0.0)
        at_least = np.where(x > 0, betainc(np.maximum(x, 1.0), r, share), 1.0)
        below = survived * orders + left * at_least
        return np.column_stack([below, np.maximum(1.0 - below.sum(axis=1), 0.0)])


def fit(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> Fit[BgNbd]:
    """Fit BG/NBD to the histories of customers.

    Args:
        frequency: Repeat orders of each customer, shape (n,).
        recency: Weeks from first to last order, 0 without a repeat, shape (n,).
        age: Weeks from first order to the end of observation, shape (n,).

    Returns:
        Fit of r, alpha, a, b.

    Raises:
        ValueError: Histories that cannot be, or without any repeat order.
    """
    return fit_histories(BgNbd, lambda weeks: [(0.5, weeks / 4, 0.8, 2.5), (1.5, weeks / 2, 0.2, 3.0)], frequency, recency, age)


def _mean_orders(r: np.ndarray | float, alpha: np.ndarray | float, a: float, b: np.ndarray | float, weeks: np.ndarray) -> np.ndarray:
    """Expected orders in `weeks` of someone alive: the mean of (1 - exp(-p rate weeks)) / p, shape (n,).

    The published form, by the Gaussian hypergeometric function, is 0/0 at a = 1 and near-singular about it; this integral
    over the drop-out probability has no such place.
    """
    r, alpha, b = (np.broadcast_to(np.asarray(one, float), weeks.shape) for one in (r, alpha, b))
    time = weeks / alpha

    def orders(p: np.ndarray) -> np.ndarray:
        return -np.expm1(-r[:, None] * np.log1p(p * time[:, None])) / p

    return _over_drop_out(orders, a, b, (r + 1.0) * time)


def _over_drop_out(g: Callable[[np.ndarray], np.ndarray], a: float, b: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Mean of g(p) over p ~ Beta(a, b), one b a row, by Gauss-Legendre on the logit of p.

    Args:
        g: Function of p, shape (n, nodes) to same shape; smooth at both ends.
        a, b: Shapes of the beta, scalar and shape (n,).
        slope: Size of the logarithmic slope of g at p = 0, shape (n,): how near 0 it may be taken as constant.
    """
    low = np.log(1e-9) - np.log1p(slope + b)
    high = -np.log(1e-9) + np.log1p(slope + a)
    peak = np.clip(np.log(a) - np.log(b), low, high)
    (low, low_open), (high, high_open) = _reach(a, b, peak, low), _reach(a, b, peak, high)
    half = (high - low)[:, None] / 2.0
    logit = (high + low)[:, None] / 2.0 + half * _NODES
    density = np.exp(-a * np.logaddexp(0.0, -logit) - b[:, None] * np.logaddexp(0.0, logit) - betaln(a, b)[:, None])
    inner = (density * g(1.0 / (1.0 + np.exp(-logit))) * half) @ _WEIGHTS
    # What lies outside an open end, where g is constant and the beta a plain power.
    ends = g(1.0 / (1.0 + np.exp(-np.column_stack([low, high]))))
    below = np.exp(np.where(low_open, a * low - betaln(a, b), -np.inf)) / a * ends[:, 0]
    above = np.exp(np.where(high_open, -b * high - betaln(a, b), -np.inf)) / b * ends[:, 1]
    return inner + below + above


def _reach(a: float, b: np.ndarray, peak: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where between peak and end the beta's density has fallen to exp(-40) of its peak; the end, open, if it never does."""

    def height(logit: np.ndarray) -> np.ndarray:
        return -a * np.logaddexp(0.0, -logit) - b * np.logaddexp(0.0, logit)

    floor = height(peak) - 40.0
    near, far = np.zeros_like(peak), np.ones_like(peak)
    whole = height(end) > floor
    for _ in range(30):
        middle = (near + far) / 2.0
        high = height(peak + middle * (end - peak)) > floor
        near, far = np.where(high, middle, near), np.where(high, far, middle)
    return np.where(whole, end, peak + far * (end - peak)), whole
