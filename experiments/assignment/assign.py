"""Arms for a firm's own customers, by the rule that rehearsals use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .assignment import by_shares, uniforms


class BadShares(ValueError):
    """Shares that are none."""


def assign(ids: Iterable[Any], shares: Mapping[str, float], *, salt: str) -> np.ndarray:
    """Arm of each id, a customer or a cluster, by the hash of salt and id.

    The first 53 bits of SHA-256 of the UTF-8 text ``salt:id``, as a number from 0 to 1, fall on the arm whose share of the line from 0
    to 1 holds them. Nothing is stored and no order matters: any system that can hash gives the same customer the same arm, today and
    next month. A new test takes a new salt, else the same people are treated again.

    Args:
        ids: What names each customer, or each cluster, for good; as text they must be alike wherever they are hashed.
        shares: Share of each arm by name, in this order; they add up to 1.
        salt: Names the test.

    Returns:
        Names of arms, shape (ids,).

    Raises:
        BadShares: No shares, some below 0, or shares that do not add up to 1.
    """
    values = list(shares.values())
    if not values or min(values) < 0.0 or abs(sum(values) - 1.0) > 1e-9:
        raise BadShares(f"shares must be 0 or more and add up to 1, not {sum(values):g}: {dict(shares)}")
    return np.array(list(shares))[by_shares(uniforms(salt, ids), shares).astype(np.int64) - 1]
