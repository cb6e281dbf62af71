"""Sample-ratio mismatch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from regulars.analysis import srm


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Every quantity of the kind."""
    frame = pd.read_csv(folder / "data.csv")
    counts = {str(arm): int(n) for arm, n in zip(frame["arm"], frame["n"], strict=True)}
    arms, two = srm.by_arm(counts, params["expected_weights"]), params["two_arm"]
    sizes = two["control"], two["treatment"]
    return {
        "chi2": arms.chi2,
        "df": arms.df,
        "p": arms.p_value,
        "two_arm_p_chi2": srm.mismatch(sizes, [1.0, two["ratio"]]).p_value,
        "two_arm_p_binom": srm.exact_p(*sizes, ratio=two["ratio"]),
        "two_arm_p_norm_cc": srm.normal_p(*sizes, ratio=two["ratio"]),
    }
