"""A/B tests: size and duration, designs tried on simulated truth, and the analysis of the user's own or of simulated data.

from regulars import abtest
found = abtest.analyze(frame, "plan.yaml")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regulars.experiments.abtest_data import analyze, write_report
    from regulars.experiments.abtest_plan import read_plan
    from regulars.experiments.assignment.assign import assign
    from regulars.experiments.design import designs_of, read_designs
    from regulars.experiments.practice import simulate
    from regulars.experiments.rehearse import rehearse
    from regulars.experiments.sizing import plan
    from regulars.experiments.value import value

FACE: dict[str, tuple[str, str]] = {
    "analyze": ("regulars.experiments.abtest_data", "The data of a test, analyzed by its plan."),
    "assign": ("regulars.experiments.assignment.assign", "Arms of customers by the hash of salt and id, the same anywhere."),
    "designs_of": ("regulars.experiments.design", "Checked designs of a test from plain data."),
    "plan": ("regulars.experiments.sizing", "Size and duration of designs, from the scenario's own simulation."),
    "read_designs": ("regulars.experiments.design", "Checked designs of a test from their file."),
    "read_plan": ("regulars.experiments.abtest_plan", "The checked plan of a test from its file."),
    "rehearse": ("regulars.experiments.rehearse", "Designs of a test, tried on worlds whose truth is known."),
    "simulate": ("regulars.experiments.practice", "The data of one simulated test, as a firm would have them."),
    "write_report": ("regulars.experiments.abtest_data", "The answer of an analysis as one HTML page."),
    "value": ("regulars.experiments.value", "What a test is worth in money, with its bias."),
}
"""Public names: where each lives, and what it is for. Modules are imported when a name is first used."""

__all__ = ["analyze", "assign", "designs_of", "plan", "read_designs", "read_plan", "rehearse", "simulate", "value", "write_report"]


def __getattr__(name: str) -> Any:
    if name not in FACE:
        raise AttributeError(f"module 'regulars.abtest' has no attribute {name!r}; it has {', '.join(FACE)}")
    return getattr(importlib.import_module(FACE[name][0]), name)


def __dir__() -> list[str]:
    return sorted(FACE)
