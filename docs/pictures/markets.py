"""The small markets that the pictures are drawn from."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from regulars.scenarios import from_tree, load
from regulars.sim.model import LoyaltyModel

STAY: dict[str, Any] = {"purchase": {"r": 2.0, "alpha": 8.0}, "attrition": {"type": "none"}}
"""An order in four weeks on average, and nobody leaves."""

SHOP = "library:online_shop/baseline"


def market(
    behaviors: dict[str, Any], *, weeks: int, replication: int = 0, sections: dict[str, Any] | None = None, **people: Any
) -> LoyaltyModel:
    """A market of one's own; `people` are keys of the section market, `sections` other sections of the scenario."""
    tree = {
        "name": "picture", "horizon_weeks": weeks, "market": {"start": "cohort", **people}, "behaviors": behaviors, **(sections or {}),
    }  # fmt: skip
    return LoyaltyModel(from_tree(tree), replication=replication, collect=False)


def shop(changes: dict[str, Any] | None = None, *, replication: int = 0) -> LoyaltyModel:
    """The online shop of the library with changes by dotted path."""
    return LoyaltyModel(load(SHOP).with_values(changes or {}), replication=replication, collect=False)


def weekly(one: LoyaltyModel, total: str) -> np.ndarray:
    """A total of the whole market, one number a week."""
    return getattr(one.weekly(), total)[:, -1]


@cache
def _log() -> tuple[tuple[str, date, float], ...]:
    text = (resources.files("regulars.scenarios") / "library/online_shop/cdnow_sample.csv").read_text("utf-8")
    return tuple(
        (row["customer_id"], date.fromisoformat(row["date"]), float(row["dollars"])) for row in csv.DictReader(text.splitlines())
    )


def cdnow_orders() -> np.ndarray:
    """Order values of the CDNOW sample that are above 0."""
    return np.array([value for _, _, value in _log() if value > 0])


def cdnow_repeats(weeks: int) -> np.ndarray:
    """Repeat orders, in days with an order, of each customer of the CDNOW sample in the first weeks of 1997."""
    days: dict[str, set[date]] = {}
    for customer, day, _ in _log():
        if (day - date(1997, 1, 1)).days < 7 * weeks:
            days.setdefault(customer, set()).add(day)
    return np.array([len(one) - 1 for one in days.values()])


def cdnow_cohort(behaviors: dict[str, Any], *, weeks: int, replication: int = 0) -> LoyaltyModel:
    """The customers of the CDNOW sample from their first orders on."""
    first: dict[str, date] = {}
    for customer, day, _ in _log():
        first[customer] = min(day, first.get(customer, day))
    histories = np.zeros((len(first), 5))
    histories[:, 0] = [((day - date(1997, 1, 1)).days + 1) / 7.0 for day in first.values()]
    tree = {"name": "cohort", "horizon_weeks": weeks, "market": {"customers": len(first), "start": "cohort"}, "behaviors": behaviors}
    return LoyaltyModel(replace(from_tree(tree), histories=histories), replication=replication, collect=False)
