"""Speed of A/B tests: analysis of a large table, bounds of a test with looks, rehearsal of a design."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from regulars.abtest import analyze, rehearse
from regulars.analysis.sequential import bounds
from regulars.scenarios import Scenario, load

ROWS = 1_000_000
WORLDS, PEOPLE, WEEKS = 200, 10_000, 26
QUICK = 20
"""Worlds of a first look, whose time is multiplied."""
MAIL = {"campaigns": {"mail": {"type": "push", "start_week": 5, "every_weeks": 1, "mode": "tagged"}}}
DESIGNS: dict[str, dict[str, Any]] = {
    "individual": {"randomize": "individual"},
    "cluster": {"randomize": "cluster", "clusters": 60},
}
PLAN = {
    "unit": "customer", "arm": "arm", "control": "control", "expected_shares": {"control": 0.5, "treatment": 0.5},
    "metrics": {
        "margin": {"kind": "mean", "column": "margin", "covariate": "before"},
        "orders": {"kind": "mean", "column": "orders"},
        "retained": {"kind": "proportion", "column": "retained"},
        "basket": {"kind": "ratio", "numerator": "margin", "denominator": "orders"},
        "churn": {"kind": "survival", "duration": "months", "event": "churned", "horizon": 6},
    },
}  # fmt: skip


def seconds(work: Callable[[], Any]) -> float:
    """Time that a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def table() -> pd.DataFrame:
    """A test of a million customers with five outcomes."""
    luck = np.random.default_rng(1)
    treated = luck.integers(0, 2, ROWS)
    columns = {
        "customer": np.arange(ROWS), "arm": np.where(treated == 1, "treatment", "control"), "before": luck.gamma(2.0, 10.0, ROWS),
        "orders": 1 + luck.poisson(2.0, ROWS), "retained": luck.integers(0, 2, ROWS), "months": luck.integers(1, 13, ROWS),
        "churned": luck.integers(0, 2, ROWS),
    }  # fmt: skip
    return pd.DataFrame(columns | {"margin": columns["before"] + luck.normal(0.1 * treated, 5.0)})


def shop() -> Scenario:
    """A market of ten thousand people in which customers talk."""
    return load("library:tea_brand/broadcast").with_values({"market.customers": PEOPLE // 2, "market.prospects": PEOPLE // 2})


def measure_tests(*, quick: bool) -> Iterator[tuple[str, float]]:
    """Figures by name, in seconds."""
    frame = table()
    yield "analysis", seconds(lambda: analyze(frame, PLAN))
    # Once, so that tables of nodes are laid out.
    bounds([0.5, 1.0])
    yield "looks", seconds(lambda: bounds([0.2, 0.4, 0.6, 0.8, 1.0], spending="obrien_fleming"))
    worlds = QUICK if quick else WORLDS
    for name, one in DESIGNS.items():
        design = {**one, "start_week": 5, "weeks": WEEKS, "arms": {"treatment": MAIL}}
        yield f"rehearsal {name}", seconds(lambda design=design: rehearse(shop(), design, worlds=worlds)) * WORLDS / worlds
