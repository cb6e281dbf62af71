"""p-values adjusted for asking several questions at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def _step_down(raw: np.ndarray) -> np.ndarray:
    """No p-value is adjusted below a smaller one's."""
    return np.maximum.accumulate(raw)


def _step_up(raw: np.ndarray) -> np.ndarray:
    """No p-value is adjusted above a larger one's."""
    return np.minimum.accumulate(raw[::-1])[::-1]


def _sidak(p: np.ndarray, questions: np.ndarray | int) -> np.ndarray:
    # expm1 and log1p keep the digits of small p-values; log1p(-1) is minus infinity, which gives 1 as it should.
    with np.errstate(divide="ignore"):
        return -np.expm1(questions * np.log1p(-p))


# From ascending p-values and their ranks 1 to m.
METHODS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "bonferroni": lambda p, rank: p * len(p),
    "holm": lambda p, rank: _step_down(p * (len(p) + 1 - rank)),
    "hochberg": lambda p, rank: _step_up(p * (len(p) + 1 - rank)),
    "bh": lambda p, rank: _step_up(p * len(p) / rank),
    "by": lambda p, rank: _step_up(p * len(p) / rank * (1 / rank).sum()),
    "sidak": lambda p, rank: _sidak(p, len(p)),
    "holm_sidak": lambda p, rank: _step_down(_sidak(p, len(p) + 1 - rank)),
}


def adjust(p_values: Sequence[float], method: str = "holm") -> list[float]:
    """p-values that may be held against the level of the whole family, in the order given.

    Bonferroni, Holm, Sidak and Holm-Sidak bound the probability of any false alarm in the family, whatever the truth
    (the two Sidak ones want independent or positively dependent tests); Hochberg does so for independent or positively
    dependent tests; `bh` and `by` bound the expected share of false alarms among the findings, `by` under any dependence.

    Args:
        p_values: One for each question, 0 to 1.
        method: One of `METHODS`.

    Returns:
        Adjusted p-values, at most 1; an empty family gives an empty list.

    Raises:
        ValueError: Unknown method, or a p-value outside 0 to 1.

    Source: Holm (1979); Hochberg (1988); Sidak (1967); Benjamini & Hochberg (1995); Benjamini & Yekutieli (2001).
    """
    if method not in METHODS:
        raise ValueError(f"multiplicity {method!r}: must be one of {', '.join(METHODS)}")
    outside = [p for p in p_values if not 0 <= p <= 1]
    if outside:
        raise ValueError(f"p-value {outside[0]}: must be 0 to 1")
    if not len(p_values):
        return []
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(METHODS[method](p[order], np.arange(1, len(p) + 1)), 1.0)
    return [float(one) for one in adjusted]
