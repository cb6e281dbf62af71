"""Makes answer.svg, the picture of the README: the chart that the report draws of `examples/stars.yaml`.

    python docs/images/make.py [--draws 200] [--out docs/images/answer.svg]
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

import regulars as rg
from regulars.analysis.report.charts import fan

HERE = Path(__file__).resolve().parent
BASE, PLAN = "library:online_shop/baseline", HERE.parents[1] / "examples" / "stars.yaml"
WIDTH = 720


def standing_alone(chart: str) -> str:
    """A chart of the page as a file: with its own size, font and white ground, so that it reads on a dark page too."""
    found = re.match(r'<svg viewBox="0 0 ([\d.]+) ([\d.]+)"', chart)
    if found is None:
        raise ValueError("not a chart of the report")
    width, height = (float(one) for one in found.groups())
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{WIDTH / width * height:.0f}" '
        f'font-family="DejaVu Sans, Verdana, sans-serif" viewBox="0 0 {width:g} {height:g}"'
    )
    ground = f'<rect width="{width:g}" height="{height:g}" fill="#ffffff" />'
    return (root + chart[found.end() :]).replace("</desc>", f"</desc>{ground}", 1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--draws", type=int, default=200)
    options.add_argument("--out", type=Path, default=HERE / "answer.svg")
    given = options.parse_args()
    document = rg.compare(BASE, [str(PLAN)], draws=given.draws, sensitivity=False).document
    chart = fan(document["scenarios"][0], document["currency"])
    given.out.write_text(standing_alone(chart) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
