from __future__ import annotations

from pathlib import Path
from typing import Any

from regulars.analysis.estimators.estimator import Sample
from regulars.analysis.estimators.ratio import Ratio

from ._arms import arms


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    samples = [Sample({"numerator": arm["orders"], "denominator": arm["sessions"]}) for arm in arms(folder)]
    return Ratio().details(*samples, alpha=params["alpha"])
