"""A real experiment: Cai, de Janvry & Sadoulet (2015), insurance among rice farmers in China, from the package `causaldata`.

Published numbers: Huntington-Klein (2021), The Effect, chapter on instrumental variables, which prints the code of its table: first stage
0.118 (0.034), second stage 0.791 (figures recalled; its specification is computed here and gives them to the printed digit).
"""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from regulars.analysis.cluster import cluster_details
from regulars.analysis.estimators.mean import Mean

causaldata: Any = pytest.importorskip("causaldata", reason="causaldata is not installed: pip install causaldata")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "social_insurance.py"
CONTROLS = "male + age + agpop + ricearea_2010 + literacy + intensive + risk_averse + disaster_prob + C(village)"


@pytest.fixture(scope="module")
def example() -> Any:
    spec = importlib.util.spec_from_file_location("social_insurance", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def frame(example):
    return example.farmers()


def contrast(example: Any, frame: Any, column: str, cluster: str | None) -> Any:
    return Mean().contrast(*example.samples(frame, column, cluster=cluster), alpha=0.05)


def test_the_data_are_those_of_the_published_table():
    raw: Any = causaldata.social_insure.load_pandas().data.dropna()
    groups = {"groups": pd.factorize(raw["address"])[0]}
    first, reduced = (
        smf.ols(f"{outcome} ~ default + {CONTROLS}", raw).fit(cov_type="cluster", cov_kwds=groups)
        for outcome in ("pre_takeup_rate", "takeup_survey")
    )
    assert round(first.params["default"], 3) == 0.118 and round(first.bse["default"], 3) == 0.034
    assert round(reduced.params["default"] / first.params["default"], 3) == 0.791


def test_villages_were_assigned_and_not_farmers(frame):
    assert (frame.groupby("village")["offer"].nunique() == 1).all()
    assert frame["village"].nunique() == 166 and len(frame) == 1410


def test_our_interval_by_village_holds_the_published_first_stage(example, frame):
    found = contrast(example, frame, "first_round", "village")
    low, high = found.difference.interval
    assert low < 0.118 < high
    # Half of the interval is the quantile of t times our standard error, near the published 0.034 of an adjusted difference.
    assert (high - low) / 2 / 1.977 == pytest.approx(0.034, rel=0.15)


def test_cluster_errors_are_those_of_statsmodels(example, frame):
    control, treatment = example.samples(frame, "second_round", cluster="village")
    found = cluster_details((control["value"], control.cluster), (treatment["value"], treatment.cluster))
    table = frame.assign(treated=(frame["offer"] == "opt_out").astype(float))
    groups = {"groups": pd.factorize(table["village"])[0]}
    theirs = smf.ols("second_round ~ treated", table).fit(cov_type="cluster", cov_kwds=groups, use_t=True)
    assert found["diff_ols"] == pytest.approx(theirs.params["treated"], rel=1e-10)
    assert found["se_cr1"] == pytest.approx(theirs.bse["treated"], rel=1e-10)
    assert found["p_cr1_t_G_minus_1"] == pytest.approx(theirs.pvalues["treated"], rel=1e-8)


@pytest.mark.parametrize(("column", "times"), [("first_round", 1e24), ("second_round", 20.0)])
def test_rows_taken_for_units_make_chance_look_far_less_likely(example, frame, column, times):
    by_row, by_village = (contrast(example, frame, column, cluster) for cluster in (None, "village"))
    assert by_row.difference.value == pytest.approx(by_village.difference.value)
    assert by_village.p_value > times * by_row.p_value
    assert np.diff(by_village.difference.interval) > 1.25 * np.diff(by_row.difference.interval)


def test_the_example_runs_and_writes_what_its_plan_names(example, frame, tmp_path, monkeypatch, capsys):
    from ruamel.yaml import YAML

    monkeypatch.setattr("sys.argv", ["social_insurance.py", str(tmp_path / "farmers.csv")])
    example.main()
    printed = capsys.readouterr().out
    assert "1,410 farmers in 166 villages" in printed and "by villages" in printed
    plan = YAML(typ="safe").load(EXAMPLE.with_suffix(".yaml"))
    written = pd.read_csv(tmp_path / "farmers.csv")
    named = {plan["unit"], plan["arm"], plan["cluster"], *(one["column"] for one in plan["metrics"].values())}
    assert named <= set(written.columns) and plan["control"] in set(written[plan["arm"]])
