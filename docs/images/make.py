"""Makes answer.svg, the picture of the README: the product's own chart of `examples/stars.yaml`, with both bands.

    python docs/images/make.py [--draws 200] [--out docs/images/answer.svg]

The inner band is what luck leaves of the mean, as in every report. The outer band holds 95 % of joint draws of luck and
uncertain parameters; it is computed here, with the draws that `compare` makes, since `compare` keeps their totals only.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

import numpy as np

import regulars as rg
from regulars.analysis.report.charts import fan
from regulars.experiments.executors import run_all, split_threads
from regulars.experiments.job import Job, execute
from regulars.experiments.results import weekly_values
from regulars.experiments.uncertainty import applied, draw_values, uncertain

HERE = Path(__file__).resolve().parent
BASE, PLAN = "library:online_shop/baseline", HERE.parents[1] / "examples" / "stars.yaml"
SEED = 1


def cash_draws(draws: int) -> np.ndarray:
    """Cumulative incremental cash over joint draws, shape (draws, weeks)."""
    scenarios = [rg.load(BASE), rg.load(PLAN)]
    values = draw_values(uncertain(scenarios), scenarios, draws, SEED)
    workers, inside = split_threads(None, draws)

    def one(at: int) -> np.ndarray:
        outcomes = execute(Job([applied(each, values[at]) for each in scenarios], SEED, at, inside, False, False))
        before, after = (weekly_values(each)["profit"][:, -1] for each in outcomes)
        return (after - before).cumsum()

    return np.stack(run_all(one, range(draws), workers))


def standing_alone(chart: str) -> str:
    """A chart of the page as a file: with its own size, font and white ground, so that it reads on a dark page too."""
    found = re.match(r'<svg viewBox="0 0 ([\d.]+) ([\d.]+)"', chart)
    if found is None:
        raise ValueError("not a chart of the report")
    width, height = (float(one) for one in found.groups())
    scale = 720 / width
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{scale * height:.0f}" font-family="Helvetica, Arial, sans-serif" '
        f'viewBox="0 0 {width:g} {height:g}"'
    )
    chart = root + chart[found.end() :]
    return chart.replace("</desc>", f'</desc><rect width="{width:g}" height="{height:g}" fill="#ffffff" />', 1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--draws", type=int, default=200)
    options.add_argument("--out", type=Path, default=HERE / "answer.svg")
    given = options.parse_args()
    document = rg.compare(BASE, [str(PLAN)], seed=SEED, draws=0, sensitivity=False).document
    low, high = np.quantile(cash_draws(given.draws), (0.025, 0.975), axis=0)
    row = document["scenarios"][0]
    row["weekly"].update(low_all=low.tolist(), high_all=high.tolist())
    given.out.write_text(standing_alone(fan(row, document["currency"])) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
