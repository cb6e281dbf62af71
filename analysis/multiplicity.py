"""p-values adjusted for asking several questions at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from statsmodels.stats.multitest import multipletests

METHODS = {
    "bonferroni": "bonferroni",
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "bh": "fdr_bh",
    "by": "fdr_by",
    "sidak": "sidak",
    "holm_sidak": "holm-sidak",
}
"""Name in a plan: name in statsmodels."""


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
    # statsmodels warns about log(0) in the Sidak forms where p is 1; the adjusted value, 1, is right.
    with np.errstate(divide="ignore"):
        adjusted = np.asarray(multipletests(list(p_values), method=METHODS[method])[1], dtype=float)
    return [float(p) for p in np.minimum(adjusted, 1.0)]
