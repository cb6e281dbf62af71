"""Kinds of files that people write: scenarios, populations, plans and designs of tests."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from regulars.scenarios import validate_files as validate_scenarios


def validate_files(paths: Iterable[str | os.PathLike[str]]) -> dict[str, Any]:
    """What ``regulars validate --json`` prints: what each file is, whether it is valid, and what is wrong with it."""
    return validate_scenarios(paths, {"design of a test": (DESIGN, _design), "plan of a test": (PLAN, _plan)})


DESIGN = frozenset({"randomize", "designs"})
PLAN = frozenset({"unit", "arm", "metrics", "expected_shares"})
"""Keys that no scenario has at its top."""


def _design(path: str) -> Any:
    # What reads a design knows the model, which takes long to load.
    from .design import read_designs

    return read_designs(path)


def _plan(path: str) -> Any:
    from .abtest_plan import read_plan

    return read_plan(path)
