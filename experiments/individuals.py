"""What a roll-out does to whom: each customer with it and without it, on the same luck."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .worlds import World

GROUPS = {
    "gained": "ordered more",
    "subsidized": "got rewards or discounts and ordered no more",
    "untouched": "got nothing and ordered as without",
    "lost": "ordered less",
}
"""Kinds of customers by what the roll-out did to them, each customer in one."""


@dataclass(frozen=True)
class Individuals:
    """Customers on record as the test begins, under everybody treated against nobody treated.

    Attributes:
        segments: Names of the segments.
        size: Customers of each segment, shape (segments,).
        people: Customers by kind, in the order of `GROUPS`, and segment, shape (4, segments); None in markets of daily steps, where
            rewards are not seen.
        margin: Margin that they leave more than without, before program costs, by kind and segment.
        discounts: Discounts that they take more than without, by kind and segment.
        rewards: Rewards that they redeem more than without, by worth, by kind and segment.
    """

    segments: tuple[str, ...]
    size: np.ndarray
    people: np.ndarray | None
    margin: np.ndarray | None = None
    discounts: np.ndarray | None = None
    rewards: np.ndarray | None = None


def individuals(world: World) -> Individuals:
    """Who gains and who is subsidized, from the counterfactual pair of every customer."""
    n = len(world.segments)
    size = np.bincount(world.segment, minlength=n)
    if not world.everybody.given:
        return Individuals(world.segments, size, None)
    change = {name: world.everybody.columns[name] - world.nobody.columns[name] for name in ("orders", "margin")}
    given = {name: world.everybody.given[name] - world.nobody.given[name] for name in ("discounts", "rewards")}
    got = (given["discounts"] > 0.0) | (given["rewards"] > 0.0)
    kind = np.select([change["orders"] > 0.0, change["orders"] < 0.0, got], [0, 3, 1], 2)
    cell = kind * n + world.segment

    def of(values: np.ndarray) -> np.ndarray:
        return np.bincount(cell, values, minlength=4 * n).reshape(4, n)

    return Individuals(
        world.segments, size, of(np.ones(len(cell))), of(change["margin"]), of(given["discounts"]), of(given["rewards"])
    )
