from __future__ import annotations

from pathlib import Path
from typing import Any

from regulars.analysis.estimators.proportion import proportion_details

from ._arms import arms


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    control, treatment = ((int(arm["retained"][0]), int(arm["n"][0])) for arm in arms(folder))
    return proportion_details(control, treatment, alpha=params["alpha"])
