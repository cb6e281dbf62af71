"""Golden A/B cases: what public functions find in a case, against what is expected of it."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
ANCHORS: dict[str, dict[str, Any]] = {
    one["id"]: one for one in json.loads((GOLDEN / "ab" / "published_anchors.json").read_text(encoding="utf-8"))
}


def expected(case: str) -> dict[str, dict[str, Any]]:
    """Expected quantities of a case, each with `value` and `tolerance`."""
    return json.loads((GOLDEN / "ab" / case / "expected.json").read_text(encoding="utf-8"))["expected"]


def found(case: str) -> dict[str, Any]:
    """Quantities of a case by the public functions."""
    if str(GOLDEN) not in sys.path:
        sys.path.insert(0, str(GOLDEN))
    return importlib.import_module("quantities").quantities(GOLDEN / "ab" / case)


def misses(case: str) -> list[str]:
    """Quantities that are absent or outside their tolerance, one line each."""
    ours, lines = found(case), []
    for name, one in expected(case).items():
        if name not in ours:
            lines.append(f"{name}: absent")
            continue
        tolerance = one["tolerance"]
        close = np.shape(ours[name]) == np.shape(one["value"]) and np.allclose(
            ours[name], one["value"], rtol=tolerance.get("rtol", 0.0), atol=tolerance.get("atol", 1e-12)
        )
        if not close:
            lines.append(f"{name}: {ours[name]}, not {one['value']}")
    return lines
