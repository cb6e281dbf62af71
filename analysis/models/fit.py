"""Maximum likelihood on the log scale of positive parameters, with the uncertainty that comes with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

import numpy as np

Model = TypeVar("Model")

# Beyond these a parameter has run away: the data say "no such heterogeneity", and no estimate exists.
LEAST_LOG, MOST_LOG = np.log(1e-4), np.log(1e5)
STEP = 3e-3  # Of a log parameter: rounding (1e-4) and truncation (1e-6) of second differences are both below notice.


@dataclass(frozen=True)
class Fit(Generic[Model]):
    """What the data say about a model: its best parameters, and how well they are known.

    Attributes:
        model: The model at its maximum-likelihood parameters.
        standard_errors: Of each parameter by name, from the observed information of the log parameters, carried over by
            the delta method; NaN where the likelihood has no proper peak.
        covariance: Of the LOG parameters, in the order of `names`, shape (k, k); None where there is no proper peak.
        log_likelihood: At the maximum, summed over customers.
        converged: Whether the likelihood has a proper peak, reached, away from the ends of the range.
        customers: Customers that the likelihood is summed over.
    """

    model: Model
    standard_errors: dict[str, float]
    covariance: np.ndarray | None
    log_likelihood: float
    converged: bool
    customers: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of the covariance."""
        return tuple(self.standard_errors)


def maximize(
    model: Callable[..., Any],
    starts: Sequence[Sequence[float]],
    log_likelihood: Callable[[Any], float],
    *,
    customers: int,
    rough: Callable[[Any], float] | None = None,
) -> Fit[Any]:
    """Find the parameters under which the data are most likely.

    A quasi-Newton climb from each start finds the hill, Newton steps the peak.

    Args:
        model: Dataclass of positive parameters.
        starts: Parameters to start from, one sequence each.
        log_likelihood: Log-likelihood of all data under a model.
        customers: How many customers the data hold.
        rough: Log-likelihood of a fair sample of the data, for the first climb; all data where None.

    Returns:
        The fit; `converged` is False, and standard errors are NaN, where the likelihood has no proper peak.
    """
    from scipy.optimize import minimize

    names = tuple(one.name for one in fields(model))  # type: ignore[arg-type]

    def total(logs: np.ndarray) -> float:
        return log_likelihood(model(*np.exp(logs).tolist()))

    def cost(logs: np.ndarray) -> float:
        value = (rough or log_likelihood)(model(*np.exp(logs).tolist())) / customers
        return -value if np.isfinite(value) else 1e10

    climbs = [
        minimize(cost, np.log(start), method="L-BFGS-B", jac="3-point", bounds=[(LEAST_LOG, MOST_LOG)] * len(names)) for start in starts
    ]
    logs = np.array(min(climbs, key=lambda climb: climb.fun).x)
    logs, best, covariance, settled = _climb(total, logs)
    inside = bool(np.all(logs > LEAST_LOG + 0.1) and np.all(logs < MOST_LOG - 0.1))
    if covariance is None or not inside:
        errors, covariance, settled = np.full(len(names), np.nan), None, False
    else:
        errors = np.exp(logs) * np.sqrt(np.diag(covariance))
    return Fit(
        model=model(*np.exp(logs).tolist()),
        standard_errors=dict(zip(names, errors.tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=best,
        converged=settled,
        customers=customers,
    )


def _climb(total: Callable[[np.ndarray], float], logs: np.ndarray) -> tuple[np.ndarray, float, np.ndarray | None, bool]:
    """Newton steps to the peak: where it is, its height, the inverse of its curvature, and whether it was reached."""
    best, covariance = total(logs), None
    for _ in range(20):
        slope, curvature = _derivatives(total, logs, best)
        covariance = _inverse(-curvature)
        if covariance is None:
            return logs, best, None, False
        step = covariance @ slope
        if slope @ step < 1e-7:  # Twice the log-likelihood still to be gained.
            return logs, best, covariance, True
        step *= min(1.0, 1.0 / float(np.max(np.abs(step))))
        for _ in range(12):
            there = np.clip(logs + step, LEAST_LOG, MOST_LOG)
            height = total(there)
            if height > best:
                break
            step /= 2.0
        else:
            # No step gains: the slope that is left is rounding, if it is small.
            return logs, best, covariance, bool(slope @ covariance @ slope < 1e-3)
        logs, best = there, height
    return logs, best, covariance, False


def _derivatives(total: Callable[[np.ndarray], float], logs: np.ndarray, here: float) -> tuple[np.ndarray, np.ndarray]:
    """Slope and curvature by central differences."""
    k = len(logs)
    steps = np.eye(k) * STEP
    up = np.array([total(logs + one) for one in steps])
    down = np.array([total(logs - one) for one in steps])
    curvature = np.diag((up - 2.0 * here + down) / STEP**2)
    for i in range(k):
        for j in range(i):
            both = total(logs + steps[i] + steps[j]) + total(logs - steps[i] - steps[j])
            cross = total(logs + steps[i] - steps[j]) + total(logs - steps[i] + steps[j])
            curvature[i, j] = curvature[j, i] = (both - cross) / (4.0 * STEP**2)
    return (up - down) / (2.0 * STEP), curvature


def _inverse(information: np.ndarray) -> np.ndarray | None:
    """Inverse of a positive definite matrix, None of any other."""
    if not np.all(np.isfinite(information)):
        return None
    values, vectors = np.linalg.eigh(information)
    if values[0] <= 1e-9 * max(values[-1], 1.0):
        return None
    return (vectors / values) @ vectors.T
