from __future__ import annotations

from pathlib import Path
from typing import Any

from regulars.analysis.estimators.estimator import Sample
from regulars.analysis.estimators.mean import Mean

from ._arms import arms


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    samples = [Sample({"value": arm["post"], "covariate": arm["pre"]}) for arm in arms(folder)]
    return Mean("cuped").details(*samples, alpha=params["alpha"])
