from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from regulars.analysis.multiplicity import METHODS, adjust


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    p_values = [float(p) for p in pd.read_csv(folder / "data.csv")["p"]]
    return {method: adjust(p_values, method) for method in METHODS}
