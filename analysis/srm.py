"""Sample-ratio mismatch: whether customers came into the arms in the shares they were to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import binomtest, chi2

ALARM = 0.001
"""A p-value below this says that the assignment is broken; 0.05 would cry wolf in each twentieth healthy test.

Source: Kohavi, Tang & Xu (2020), Trustworthy Online Controlled Experiments, chapter 21."""


@dataclass(frozen=True)
class Mismatch:
    """Observed against expected numbers of customers.

    Attributes:
        chi2: Pearson's statistic.
        df: Its degrees of freedom, arms less 1.
        p_value: Probability of so large a mismatch if the assignment works.
        expected: Customers expected in each arm.
        broken: Whether `p_value` is below `ALARM`.
    """

    chi2: float
    df: int
    p_value: float
    expected: tuple[float, ...]
    broken: bool


def mismatch(counts: Sequence[int] | np.ndarray, weights: Sequence[float] | np.ndarray | None = None) -> Mismatch:
    """Pearson's test of the arms' sizes, sum of (observed - expected)^2 / expected.

    Args:
        counts: Customers of each arm, at least two arms.
        weights: Expected shares in the same order, in any unit; equal where None.

    Raises:
        ValueError: Counts that cannot be, nobody at all, or weights of another number or not above 0.

    Source: Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch, KDD.
    """
    observed = np.asarray(counts, float)
    if observed.ndim != 1 or len(observed) < 2 or not np.all(np.isfinite(observed)) or observed.min() < 0.0 or not observed.sum():
        raise ValueError("a sample ratio needs the numbers of customers of two arms or more, and somebody in one of them")
    shares = np.ones(len(observed)) if weights is None else np.asarray(weights, float)
    if shares.shape != observed.shape or not np.all(np.isfinite(shares)) or shares.min() <= 0.0:
        raise ValueError("each arm needs an expected share above 0")
    expected = observed.sum() * shares / shares.sum()
    statistic, df = float(np.sum((observed - expected) ** 2 / expected)), len(observed) - 1
    p_value = float(chi2.sf(statistic, df))
    return Mismatch(statistic, df, p_value, tuple(expected.tolist()), p_value < ALARM)


def by_arm(counts: Mapping[str, int], weights: Mapping[str, float] | None = None) -> Mismatch:
    """Pearson's test of arms by name, as `mismatch`.

    Raises:
        ValueError: Other arms in `weights` than in `counts`, or as `mismatch`.
    """
    if weights is None:
        return mismatch(list(counts.values()))
    if set(weights) != set(counts):
        raise ValueError(f"shares are expected of {', '.join(sorted(weights))}, customers are in {', '.join(sorted(counts))}")
    return mismatch(list(counts.values()), [weights[name] for name in counts])


def _two(control: int, treatment: int, ratio: float) -> tuple[int, float]:
    if control < 0 or treatment < 0 or not control + treatment:
        raise ValueError("a sample ratio needs the numbers of customers of both arms, and somebody in one of them")
    if not 0.0 < ratio < np.inf:
        raise ValueError(f"the expected ratio of treatment to control must be above 0, not {ratio:g}")
    return control + treatment, ratio / (1.0 + ratio)


def exact_p(control: int, treatment: int, *, ratio: float = 1.0) -> float:
    """Exact two-sided binomial p-value of two arms' sizes: all splits that are no likelier than the one seen.

    Args:
        control, treatment: Customers.
        ratio: Expected customers of treatment for each of control.

    Raises:
        ValueError: Nobody, or a ratio not above 0.
    """
    n, share = _two(control, treatment, ratio)
    return float(binomtest(treatment, n, share).pvalue)


def normal_p(control: int, treatment: int, *, ratio: float = 1.0) -> float:
    """Two-sided p-value of two arms' sizes by the normal distribution, half a customer nearer to what is expected.

    Args:
        control, treatment: Customers.
        ratio: Expected customers of treatment for each of control.

    Raises:
        ValueError: Nobody, or a ratio not above 0.
    """
    n, share = _two(control, treatment, ratio)
    off = max(abs(treatment - n * share) - 0.5, 0.0)
    return float(2.0 * ndtr(-off / np.sqrt(n * share * (1.0 - share))))
