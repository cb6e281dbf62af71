"""Non-inferiority and equivalence of two proportions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from regulars.analysis.noninferiority import equivalence, noninferiority_of_proportions


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Every quantity of the kind; a margin without a sign is how far retention may fall."""
    frame = pd.read_csv(folder / "data.csv").set_index("arm").loc[["control", "treatment"]]
    retained, n = (frame[column].to_numpy(int).tolist() for column in ("retained", "n"))
    alpha = params["alpha"]
    test = noninferiority_of_proportions((retained[0], retained[1]), (n[0], n[1]), -abs(params["margin_abs"]), alpha=alpha)
    both = equivalence(test.difference, test.standard_error, abs(params["tost_margin_abs"]), alpha=alpha)
    at_95 = noninferiority_of_proportions((retained[0], retained[1]), (n[0], n[1]), -abs(params["margin_abs"]), alpha=0.05)
    return {
        "diff": test.difference,
        "se": test.standard_error,
        "z_noninf": test.z,
        "p_noninf_wald": test.p_value,
        "lower_95_one_sided": at_95.bound,
        "p_tost_wald": both.p_value,
    }
