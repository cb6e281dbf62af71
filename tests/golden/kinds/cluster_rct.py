from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from regulars.analysis.cluster import cluster_details

from ._arms import arms


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    return cluster_details(*((arm["spend"], arm["cluster"].astype(np.int64)) for arm in arms(folder, by="treated", names=(0, 1))))
