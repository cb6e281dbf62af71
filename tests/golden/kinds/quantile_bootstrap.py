from __future__ import annotations

from pathlib import Path
from typing import Any

from regulars.analysis.estimators.estimator import Sample
from regulars.analysis.estimators.mean import Mean
from regulars.analysis.estimators.quantile import Quantile

from ._arms import arms


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    samples = [Sample({"value": arm["value"]}) for arm in arms(folder)]
    capped = Mean(winsorize=params["winsor_upper_q"]).details(*samples, alpha=params["alpha"])
    estimator = Quantile(q=params["q"], resamples=params["resamples"], permutations=params["resamples"])
    found = estimator.details(*samples, alpha=params["alpha"])
    return found | {name: value for name, value in capped.items() if name.startswith("winsor_")}
