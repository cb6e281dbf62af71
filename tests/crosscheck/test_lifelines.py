"""Our survival estimators beside those of lifelines on golden data. Tolerance: 1e-10 relative, of the fitted hazard 1e-6.

lifelines wants an older pandas than ours: `make crosscheck` runs this in an environment of its own.
"""

from __future__ import annotations

from typing import Any

import golden_kinds
import numpy as np
import pandas as pd
import pytest

from regulars.analysis.estimators import Sample
from regulars.analysis.estimators.survival import Survival, log_rank, retention_curves

lifelines: Any = pytest.importorskip("lifelines", reason="lifelines is not installed: make crosscheck")
statistics: Any = pytest.importorskip("lifelines.statistics")
utils: Any = pytest.importorskip("lifelines.utils")


@pytest.fixture(scope="module")
def frame():
    return pd.read_csv(golden_kinds.GOLDEN / "ab" / "c16_churn_survival" / "data.csv")


def arm(frame, name):
    rows = frame[frame["arm"] == name]
    return np.asarray(rows["months"], float), np.asarray(rows["churned"], float)


def samples(frame):
    return [Sample(dict(zip(("duration", "event"), arm(frame, name), strict=True))) for name in ("control", "treatment")]


@pytest.mark.parametrize("at", [0, 1])
def test_kaplan_meier_agrees(frame, at):
    fitted = lifelines.KaplanMeierFitter().fit(*arm(frame, ("control", "treatment")[at]))
    curve = retention_curves(*samples(frame))[at]
    for month in range(1, 7):
        assert curve.share(month) == pytest.approx(float(fitted.predict(month)), rel=1e-10)


def test_log_rank_agrees(frame):
    (first, first_left), (second, second_left) = arm(frame, "control"), arm(frame, "treatment")
    theirs = statistics.logrank_test(first, second, event_observed_A=first_left, event_observed_B=second_left)
    mine = log_rank(*retention_curves(*samples(frame)))
    assert mine.chi2 == pytest.approx(theirs.test_statistic, rel=1e-10)
    assert mine.p_value == pytest.approx(theirs.p_value, rel=1e-10)


def test_cox_agrees(frame):
    """Efron's treatment of ties in both."""
    table = frame[["months", "churned"]].assign(treatment=(frame["arm"] == "treatment").astype(float))
    theirs = lifelines.CoxPHFitter().fit(table, "months", "churned")
    details = Survival(horizon=6).details(*samples(frame), alpha=0.05)
    assert details["cox_loghr_efron"] == pytest.approx(float(theirs.params_["treatment"]), rel=1e-6)
    assert details["cox_se_efron"] == pytest.approx(float(theirs.standard_errors_["treatment"]), rel=1e-6)


def test_restricted_mean_agrees(frame):
    details = Survival(horizon=6).details(*samples(frame), alpha=0.05)
    for name in ("control", "treatment"):
        fitted = lifelines.KaplanMeierFitter().fit(*arm(frame, name))
        assert details[f"rmst6_{name}"] == pytest.approx(float(utils.restricted_mean_survival_time(fitted, t=6)), rel=1e-8)
