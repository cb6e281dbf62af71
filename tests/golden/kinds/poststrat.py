from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from regulars.analysis.estimators.estimator import Sample
from regulars.analysis.estimators.mean import Mean

from ._arms import arms


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    samples = [Sample({"value": arm["margin"]}, stratum=arm["tier"].astype(np.int64)) for arm in arms(folder)]
    return Mean("poststratified").details(*samples, alpha=params["alpha"])
