"""A rehearsal as one plain document: what `abtest rehearse --json` prints. Every number with its Monte-Carlo error over the worlds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.analysis.operating import Figure, operating_characteristics, share

from .design import Design
from .frontier import frontier
from .individuals import GROUPS, Individuals
from .readings import readings
from .rehearse import estimators_of

if TYPE_CHECKING:
    from .rehearse import Rehearsal

PARTS = ("total", "direct", "spillover")
MONEY = ("margin", "spend")
"""Columns from which a decision on profit can be taken."""
RULE = "roll out where the margin that the test shows, for all customers, exceeds the program cost that it shows"


def document(rehearsal: Rehearsal) -> dict[str, Any]:
    """Truth, designs, and the frontier where there are several or a budget."""
    designs = {name: _design(rehearsal, name, one) for name, one in rehearsal.designs.items()}
    first = next(iter(designs.values()))
    found: dict[str, Any] = {
        "scenario": rehearsal.scenario.id,
        "currency": rehearsal.scenario.currency,
        "worlds": rehearsal.worlds,
        "truth": first["truth"],
        "designs": designs,
    }
    if len(designs) > 1 or rehearsal.budget is not None:
        found["frontier"] = frontier(designs, budget=rehearsal.budget)
        found["budget"] = rehearsal.budget
    return found


def _design(rehearsal: Rehearsal, name: str, design: Design) -> dict[str, Any]:
    head, known = design.head, readings()
    names = estimators_of(design)
    by_metric: dict[str, dict[str, Any]] = {}
    for metric in head.metrics:
        by_metric[metric] = {}
        for estimator in names:
            key = (name, estimator, metric)
            estimate, low, high, p_value, null_p, aim = rehearsal.readings[key]
            figures = operating_characteristics(estimate, low, high, p_value, aim, null_p, alpha=head.alpha)
            by_metric[metric][estimator] = {
                **{one: _plain(figure) for one, figure in figures.items()},
                "sees": known[estimator].sees,
                "truth": summary(aim),
                "estimate": summary(estimate),
                "reasons": rehearsal.reasons[key],
            }
    primary = next(iter(head.metrics))
    gain, cost, test_cost, units, shown = rehearsal.money[name]
    return {
        "randomize": design.kind,
        "compared": list(head.shares)[:2],
        "arms": list(head.shares),
        "weeks": head.weeks,
        "alpha": head.alpha,
        "customers": summary(units),
        "estimand": f"effect of the roll-out on a customer over {head.weeks} weeks, at {head.capacity} capacity",
        "capacity": head.capacity,
        "primary": primary,
        "estimators": by_metric[primary],
        "metrics": by_metric,
        "truth": {metric: {part: summary(rehearsal.truths[name, metric][at]) for at, part in enumerate(PARTS)} for metric in head.metrics},
        "test_cost": summary(test_cost),
        "roll_out_cost": summary(cost),
        "decision": _decision(rehearsal, name, design, names, (gain, units, shown)),
        "over_time": _over_time(rehearsal.over_time.get(name)),
        "looks": _looks(rehearsal.looked.get(name), design),
        "individuals": _individuals(rehearsal.individuals[name]),
    }


def _decision(rehearsal: Rehearsal, name: str, design: Design, names: Sequence[str], money: tuple[np.ndarray, ...]) -> dict[str, Any]:
    """What each estimator leads to, against deciding without a test and against knowing the truth."""
    gain, units, shown = money
    metric = next((one for one, each in design.head.metrics.items() if each.column in MONEY), None)
    best = np.maximum(gain, 0.0)
    never = {"value": 0.0, "mc_se": 0.0}
    found: dict[str, Any] = {"rule": RULE, "always": summary(gain), "never": never, "perfect": summary(best), "estimators": {}}
    if metric is None:
        found["reason"] = f"none of the design's metrics is money: add one with column {' or '.join(MONEY)}"
        return found
    worth = 1.0 if design.head.metrics[metric].column == "margin" else rehearsal.scenario.economics.gross_margin
    known = readings()
    for estimator in names:
        if known[estimator].sees != "total":
            continue
        estimate, _, _, p_value, _, _ = rehearsal.readings[name, estimator, metric]
        rules = {
            "expected": estimate * worth * units > shown,
            "significant": (p_value < design.head.alpha) & (estimate > 0.0),
        }
        told = {rule: _taken(np.where(np.isfinite(estimate), rolled, False), gain, best) for rule, rolled in rules.items()}
        found["estimators"][estimator] = told["expected"] | {"by_significance": told["significant"]}
    return found


def _taken(rolled: np.ndarray, gain: np.ndarray, best: np.ndarray) -> dict[str, Any]:
    profit = np.where(rolled, gain, 0.0)
    return {"rolled_out": summary(rolled.astype(np.float64)), "profit": summary(profit), "regret": summary(best - profit)}


def _looks(looked: np.ndarray | None, design: Design) -> dict[str, Any] | None:
    """A test that may end at a look: how often it finds the effect and how soon, and how often it finds what is not there."""
    if looked is None:
        return None
    ended, found, null, naive = looked
    return {
        "weeks": [week for week in design.head.looks if week < design.head.weeks] + [design.head.weeks],
        "spending": "obrien_fleming",
        "mean_weeks": summary(ended),
        "power": share_of(found),
        "false_positive_rate": share_of(null),
        "false_positive_rate_if_each_is_read_by_itself": share_of(naive),
    }


def share_of(hits: np.ndarray) -> dict[str, float | None]:
    """A share of worlds with its binomial error."""
    return _plain(share(hits))


def _over_time(course: np.ndarray | None) -> list[dict[str, Any]] | None:
    """Effects from the start of the test to each week: how the bias grows or fades with the length of the test."""
    if course is None:
        return None
    truth, estimate = course
    return [
        {"week": week, "truth": summary(true), "estimate": summary(shown), "bias": summary(shown - true)}
        for week, (true, shown) in enumerate(zip(truth, estimate, strict=True), start=1)
    ]


def _individuals(lived: Sequence[Individuals]) -> dict[str, Any] | None:
    """By segment, and for all: how many customers of each kind, and what one of them brings and gets."""
    people = [one.people for one in lived]
    if any(one is None for one in people):
        return None
    size = np.stack([one.size for one in lived])
    tables = {name: np.stack([getattr(one, name) for one in lived]) for name in ("people", "margin", "discounts", "rewards")}
    found = {}
    for at, segment in enumerate((*lived[0].segments, "all")):
        pick = slice(None) if segment == "all" else slice(at, at + 1)
        there, cells = size[:, pick].sum(axis=1), {name: table[:, :, pick].sum(axis=2) for name, table in tables.items()}
        found[segment] = {
            kind: {
                "share": summary(_over(cells["people"][:, row], there)),
                **{name: summary(_over(cells[name][:, row], cells["people"][:, row])) for name in ("margin", "discounts", "rewards")},
            }
            for row, kind in enumerate(GROUPS)
        }
        if len(lived[0].segments) == 1:
            return {"all": found[segment]}
    return found


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def summary(values: np.ndarray) -> dict[str, float | None]:
    """Mean over the worlds that have the number, with its Monte-Carlo error."""
    values = values[np.isfinite(values)]
    if not len(values):
        return {"value": None, "mc_se": None}
    return {"value": float(values.mean()), "mc_se": float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None}


def _plain(figure: Figure) -> dict[str, float | None]:
    return {"value": figure.value, "mc_se": figure.mc_se}
