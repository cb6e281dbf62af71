"""A/B tests: size and duration, designs tried on simulated truth, and the analysis of the user's own or of simulated data.

from regulars import abtest
found = abtest.analyze(frame, "plan.yaml")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

FACE: dict[str, tuple[str, str]] = {}
"""Public names: where each lives, and what it is for. Modules are imported when a name is first used."""


def __getattr__(name: str) -> Any:
    if name not in FACE:
        raise AttributeError(f"module 'regulars.abtest' has no attribute {name!r}; it has {', '.join(FACE)}")
    return getattr(importlib.import_module(FACE[name][0]), name)


def __dir__() -> list[str]:
    return sorted(FACE)
