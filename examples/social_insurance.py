"""A real experiment where people talk: rice farmers, weather insurance, and the unit of analysis.

    pip install causaldata
    python examples/social_insurance.py [farmers.csv]

In 2010 rice farmers in China were offered insurance in two rounds of meetings. In the first round some villages had to opt in and others
to opt out; the farmers here came in the second round, with no default of their own. What moved them is what their neighbors had done: the
difference between the two kinds of villages is pure spillover, which a test that assigned single farmers could not have seen.

Villages were assigned, not farmers. Both readings are printed; only the one by village means what it says.

Data: Cai, de Janvry & Sadoulet (2015), Social Networks and the Decision to Insure, American Economic Journal: Applied Economics 7(2),
81-108, as the package `causaldata` ships them (social_insure). That defaults varied by village: AEA RCT Registry, trial 1747.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd

from regulars.analysis.cluster import by_cluster, design_effect, intracluster_correlation, mean_cluster_size
from regulars.analysis.estimators import Contrast, Sample
from regulars.analysis.estimators.mean import Mean

ROUNDS = {"second_round": "bought, second round", "first_round": "share of the village who bought in the first"}


def farmers() -> pd.DataFrame:
    """One row a farmer of the second round: village, what the village's first round had been offered, and who bought."""
    import causaldata

    raw: Any = causaldata.social_insure.load_pandas().data
    return pd.DataFrame(
        {
            "farmer": np.arange(1, len(raw) + 1),
            "village": raw["address"],
            "offer": np.where(raw["default"] == 1, "opt_out", "opt_in"),
            "second_round": raw["takeup_survey"].astype(int),
            "first_round": raw["pre_takeup_rate"],
        }
    )


def samples(frame: pd.DataFrame, column: str, *, cluster: str | None) -> tuple[Sample, Sample]:
    """Villages that had to opt in, and those that had to opt out."""
    code = None if cluster is None else pd.factorize(frame[cluster])[0].astype(np.int64)
    arms = [(frame["offer"] == one).to_numpy() for one in ("opt_in", "opt_out")]
    values = frame[column].to_numpy(np.float64)
    control, treatment = (Sample({"value": values[at]}, None if code is None else code[at]) for at in arms)
    return control, treatment


def said(found: Contrast) -> str:
    """Difference, interval and p-value of a contrast, or why there is none."""
    if found.difference.value is None or found.difference.interval is None or found.p_value is None:
        return str(found.difference.reason)
    low, high = found.difference.interval
    return f"{found.difference.value:+.3f}  95 % interval {low:+.3f} to {high:+.3f}  p = {found.p_value:.1g}"


def main() -> None:
    frame = farmers()
    if len(sys.argv) > 1:
        frame.to_csv(sys.argv[1], index=False)
        print(f"{len(frame):,} farmers written to {sys.argv[1]}")
    print(f"{len(frame):,} farmers in {frame['village'].nunique()} villages\n")
    for column, words in ROUNDS.items():
        print(words)
        for cluster, unit in ((None, "farmers (wrong)"), ("village", "villages")):
            found = Mean().contrast(*samples(frame, column, cluster=cluster), alpha=0.05)
            print(f"  by {unit:16} {said(found)}")
        sums = [by_cluster(one["value"], one.cluster) for one in samples(frame, column, cluster="village") if one.cluster is not None]
        correlation = intracluster_correlation(*sums)
        if correlation is not None:
            inflation = design_effect(correlation, mean_cluster_size(*sums))
            print(f"  correlation within villages {correlation:.2f}: {len(frame):,} farmers are worth {len(frame) / inflation:,.0f}\n")
    print("Published, with controls and effects of administrative villages: first round +0.118 (standard error 0.034).")


if __name__ == "__main__":
    main()
