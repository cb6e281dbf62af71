from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from regulars.analysis.cluster import cluster_details


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    data = pd.read_csv(folder / "data.csv")
    arms = [data[data["treated"] == treated] for treated in (0, 1)]
    return cluster_details(*((arm["spend"].to_numpy(float), arm["cluster"].to_numpy()) for arm in arms))
