"""What all models of repeat buying share: the history they read, and the cohort they forecast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .fit import Fit, maximize

ROUGH = 4_000  # Distinct histories that are enough to find the hill; the peak is found on all.


class RepeatBuying:
    """A model of when customers order again, and of whether they are still there.

    A history is three numbers a customer: `frequency`, repeat orders so far (the first is not one); `recency`, weeks from
    the first to the last order, 0 without a repeat; `age`, weeks from the first order to the end of observation.
    """

    def log_likelihood(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Log-likelihood of each customer's history, shape (n,)."""
        raise NotImplementedError

    def expected_repeats(self, weeks: np.ndarray) -> np.ndarray:
        """Expected repeat orders of a new customer in the first `weeks`, same shape."""
        raise NotImplementedError

    def probability_alive(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Probability that the customer will ever order again, given the history, shape (n,)."""
        raise NotImplementedError

    def expected_future(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray, weeks: float) -> np.ndarray:
        """Expected orders in the next `weeks`, given the history, shape (n,)."""
        raise NotImplementedError

    def cohort_repeats(self, entry: np.ndarray, weeks: np.ndarray) -> np.ndarray:
        """Expected cumulative repeat orders of customers who came at different times.

        Args:
            entry: Time of each first order in weeks, shape (n,).
            weeks: Times at which to read the sum, shape (m,).

        Returns:
            Repeat orders of all customers up to each time, shape (m,).
        """
        births, customers = np.unique(np.asarray(entry, float), return_counts=True)
        ages = np.maximum(np.asarray(weeks, float)[None, :] - births[:, None], 0.0)
        # Days are few: rounding lets equal ages of different cohorts share one evaluation.
        distinct_ages, place = np.unique(np.round(ages, 9), return_inverse=True)
        return customers @ self.expected_repeats(distinct_ages)[place].reshape(ages.shape)


def fit_histories(
    model: Callable[..., Any],
    starts: Callable[[float], Sequence[Sequence[float]]],
    frequency: np.ndarray,
    recency: np.ndarray,
    age: np.ndarray,
) -> Fit[Any]:
    """Fit a model of repeat buying to histories; customers with equal histories are summed as one.

    Args:
        model: Dataclass of positive parameters, a `RepeatBuying`.
        starts: Parameters to start from, given the mean age in weeks.
        frequency, recency, age: The histories, each of shape (n,).

    Raises:
        ValueError: Histories that cannot be, or without any repeat order.
    """
    frequency, recency, age = (np.asarray(one, float) for one in (frequency, recency, age))
    check_histories(frequency, recency, age)
    rows, weight = np.unique(np.column_stack([frequency, recency, age]), axis=0, return_counts=True)
    stride = -(-len(rows) // ROUGH)

    def summed(rows: np.ndarray, weight: np.ndarray) -> Callable[[Any], float]:
        return lambda one: float(weight @ one.log_likelihood(*rows.T))

    rough = summed(rows[::stride], weight[::stride] * (weight.sum() / weight[::stride].sum())) if stride > 1 else None
    return maximize(model, starts(float(age.mean()) + 1e-3), summed(rows, weight), customers=len(frequency), rough=rough)


def check_histories(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> None:
    """Refuse histories that cannot be.

    Raises:
        ValueError: What is wrong, and with how many customers.
    """
    if not (frequency.ndim == 1 and frequency.shape == recency.shape == age.shape and len(frequency)):
        raise ValueError("frequency, recency and age must be of one length, one value a customer")
    if not np.all(np.isfinite(frequency) & np.isfinite(recency) & np.isfinite(age)):
        raise ValueError("frequency, recency and age must be finite numbers")
    wrong = (frequency < 0) | (frequency % 1 != 0) | (recency < 0) | (recency > age) | ((frequency > 0) != (recency > 0))
    if np.any(wrong):
        raise ValueError(
            f"{int(wrong.sum())} customers have a history that cannot be: frequency must be a whole number from 0, "
            "recency must be 0 to age, and above 0 exactly with a repeat order"
        )
    if not np.any(frequency > 0):
        raise ValueError("no customer has a repeat order: repeat buying cannot be estimated")
