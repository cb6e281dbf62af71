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
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from regulars import abtest

PLAN = Path(__file__).with_suffix(".yaml")


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


def plan(*, by_village: bool) -> dict[str, Any]:
    """The plan beside this file; without its line `cluster` where farmers are taken for the units of assignment."""
    found = dict(YAML(typ="safe").load(PLAN))
    if not by_village:
        del found["cluster"]
    return found


def said(comparison: Any) -> str:
    """Difference, interval and p-value of a comparison."""
    low, high = comparison.contrast.difference.interval
    return f"{comparison.contrast.difference.value:+.3f}  [{low:+.3f}, {high:+.3f}]  p = {comparison.p_value:.1g}"


def main() -> None:
    frame = farmers()
    if len(sys.argv) > 1:
        frame.to_csv(sys.argv[1], index=False)
        print(f"{len(frame):,} farmers written to {sys.argv[1]}")
    right, wrong = (abtest.analyze(frame, plan(by_village=one)) for one in (True, False))
    print(right.table())
    print("\nHad the plan not said that villages were assigned:\n")
    print(f"! {wrong.warnings[0]}\n")
    for name in right.plan.metrics:
        print(f"{name:13} by village {said(right.comparisons[name]['opt_out'])}")
        print(f"{'':13} by farmer  {said(wrong.comparisons[name]['opt_out'])}")
    print("\nPublished, with controls and effects of administrative villages: first round +0.118, standard error 0.034.")


if __name__ == "__main__":
    main()
