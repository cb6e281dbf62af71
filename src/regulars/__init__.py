"""Regulars: will this loyalty program pay, before we launch it?

import regulars as rg
change = rg.compare("library:online_shop/baseline", ["library:online_shop/points"])
change.report("answer.html")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regulars.experiments.calibrate import calibrate
    from regulars.experiments.compare import compare
    from regulars.experiments.loops import loops
    from regulars.experiments.run import run
    from regulars.scenarios import ScenarioError, load
    from regulars.sim.model import LoyaltyModel

FACE = {
    "LoyaltyModel": ("regulars.sim.model", "One market, week by week; a mesa.Model."),
    "ScenarioError": ("regulars.scenarios", "What is wrong with a scenario, all of it at once."),
    "calibrate": ("regulars.experiments.calibrate", "A customer population from a log of orders."),
    "compare": ("regulars.experiments.compare", "Scenarios against a baseline on the same luck."),
    "load": ("regulars.scenarios", "A checked scenario from a file or the library."),
    "loops": ("regulars.experiments.loops", "The feedback loops of a scenario, and what each contributes."),
    "run": ("regulars.experiments.run", "One scenario over some replications."),
}
"""Public names: where each lives, and what it is for. Modules are imported when a name is first used."""

__all__ = ["LoyaltyModel", "ScenarioError", "calibrate", "compare", "load", "loops", "run"]


def __getattr__(name: str) -> Any:
    if name not in FACE:
        raise AttributeError(f"module 'regulars' has no attribute {name!r}; it has {', '.join(FACE)}")
    return getattr(importlib.import_module(FACE[name][0]), name)


def __dir__() -> list[str]:
    return sorted(FACE)
