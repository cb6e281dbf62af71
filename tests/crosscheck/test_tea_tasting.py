"""Our estimators beside those of tea-tasting, an independent implementation, on golden data. Tolerance: 1e-10 relative, unless stated."""

from __future__ import annotations

import math
from typing import Any

import golden_kinds
import numpy as np
import pandas as pd
import pytest

from regulars.analysis import srm
from regulars.analysis.estimators import Sample
from regulars.analysis.estimators.mean import Mean
from regulars.analysis.estimators.proportion import Proportion
from regulars.analysis.estimators.ratio import Ratio

tea_tasting: Any = pytest.importorskip("tea_tasting", reason="tea-tasting is not installed: pip install tea-tasting")
CLOSE = 1e-10


def data(case: str) -> pd.DataFrame:
    return pd.read_csv(golden_kinds.GOLDEN / "ab" / case / "data.csv")


def theirs(frame: pd.DataFrame, metric: Any) -> Any:
    return tea_tasting.Experiment({"metric": metric}, "arm").analyze(frame, control="control")["metric"]


def ours(frame: pd.DataFrame, estimator: Any, **columns: str) -> Any:
    def sample(arm: str) -> Sample:
        rows = frame[frame["arm"] == arm]
        return Sample({role: np.asarray(rows[column], float) for role, column in columns.items()})

    return estimator.contrast(sample("control"), sample("treatment"), alpha=0.05)


def agree(mine: Any, other: Any) -> None:
    """Values, difference, its interval and p-value, and the relative difference with its interval on the log scale."""
    assert mine.control.value == pytest.approx(other.control, rel=CLOSE)
    assert mine.treatment.value == pytest.approx(other.treatment, rel=CLOSE)
    assert mine.difference.value == pytest.approx(other.effect_size, rel=CLOSE)
    assert mine.difference.interval == pytest.approx((other.effect_size_ci_lower, other.effect_size_ci_upper), rel=CLOSE)
    assert mine.p_value == pytest.approx(other.pvalue, rel=CLOSE)
    assert mine.relative.value == pytest.approx(other.rel_effect_size, rel=CLOSE)
    assert mine.relative.interval == pytest.approx((other.rel_effect_size_ci_lower, other.rel_effect_size_ci_upper), rel=CLOSE)


def test_welch_agrees():
    frame = data("c01_mean")
    agree(ours(frame, Mean(), value="revenue"), theirs(frame, tea_tasting.Mean("revenue")))


def test_pooled_variance_agrees():
    frame = data("c01_mean")
    mine, other = ours(frame, Mean("pooled"), value="revenue"), theirs(frame, tea_tasting.Mean("revenue", equal_var=True))
    assert mine.difference.interval == pytest.approx((other.effect_size_ci_lower, other.effect_size_ci_upper), rel=CLOSE)
    assert mine.p_value == pytest.approx(other.pvalue, rel=CLOSE)


def test_cuped_agrees():
    frame = data("c04_cuped")
    agree(ours(frame, Mean("cuped"), value="post", covariate="pre"), theirs(frame, tea_tasting.Mean("post", "pre")))


def test_ratios_agree():
    frame = data("ratio_orders_per_session")
    agree(ours(frame, Ratio(), numerator="orders", denominator="sessions"), theirs(frame, tea_tasting.RatioOfMeans("orders", "sessions")))


def test_proportions_agree():
    """p-value of the pooled z test, without correction."""
    counts = data("c02_proportion")
    rows = [(arm, float(at < kept)) for arm, n, kept in counts.itertuples(index=False) for at in range(n)]
    frame = pd.DataFrame(rows, columns=["arm", "retained"])
    mine = ours(frame, Proportion(), value="retained")
    other = theirs(frame, tea_tasting.Proportion("retained", method="norm", correction=False))
    assert mine.difference.value == pytest.approx(other.effect_size, rel=CLOSE)
    assert mine.p_value == pytest.approx(other.pvalue, rel=1e-8)


@pytest.mark.parametrize(("method", "test"), [("binom", srm.exact_p), ("norm", srm.normal_p)])
def test_sample_ratios_agree(method, test):
    """The two-arm example of Kohavi, Tang & Xu (P06), scaled to a hundredth."""
    control, treatment = 8216, 8155
    frame = pd.DataFrame({"arm": ["control"] * control + ["treatment"] * treatment})
    other = theirs(frame, tea_tasting.SampleRatio(method=method))
    assert math.isclose(test(control, treatment), other.pvalue, rel_tol=1e-9)
