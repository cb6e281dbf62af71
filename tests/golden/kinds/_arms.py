"""Columns of a case's data, arm by arm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def arms(folder: Path, *, by: str = "arm", names: tuple[object, object] = ("control", "treatment")) -> list[dict[str, np.ndarray]]:
    """Columns of control and of treatment; numbers as float64, text as codes that both share."""
    data = pd.read_csv(folder / "data.csv")
    arm = np.asarray(data[by])
    found: list[dict[str, np.ndarray]] = [{}, {}]
    for column in data.columns.drop(by):
        values = np.asarray(data[column])
        values = values.astype(float) if values.dtype.kind in "iuf" else np.unique(values.astype(str), return_inverse=True)[1]
        for one, name in zip(found, names, strict=True):
            one[column] = values[arm == name]
    return found
