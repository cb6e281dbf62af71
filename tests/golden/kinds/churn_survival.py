"""Churn with censoring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from regulars.analysis.estimators.estimator import Sample
from regulars.analysis.estimators.survival import Survival


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Every quantity of the kind."""
    frame = pd.read_csv(folder / "data.csv")
    arms = {
        str(name): Sample({"duration": rows["months"].to_numpy(float), "event": rows["churned"].to_numpy(float)})
        for name, rows in frame.groupby("arm")
    }
    estimator = Survival(horizon=params["rmst_horizon"])
    return estimator.details(arms["control"], arms["treatment"], alpha=params["alpha"])
