"""A real experiment: Cai, de Janvry & Sadoulet (2015), insurance among rice farmers in China, from the package `causaldata`.

Published numbers: Huntington-Klein (2021), The Effect, chapter on instrumental variables, which prints the code of its table: first stage
0.118 (0.034), second stage 0.791 (figures recalled; its specification is computed here and gives them to the printed digit).
"""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from typer.testing import CliRunner

from regulars import cli
from regulars.abtest import analyze

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


@pytest.fixture(scope="module")
def right(example, frame) -> Any:
    return analyze(frame, example.plan(by_village=True), details=True)


@pytest.fixture(scope="module")
def wrong(example, frame) -> Any:
    return analyze(frame, example.plan(by_village=False))


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


def test_our_interval_by_village_holds_the_published_first_stage(right):
    low, high = right.comparisons["first_round"]["opt_out"].contrast.difference.interval
    assert low < 0.118 < high
    # Half of the interval is a quantile of t, 1.977, times a standard error near the published 0.034 of an adjusted difference.
    assert (high - low) / 2 / 1.977 == pytest.approx(0.034, rel=0.15)


def test_cluster_errors_are_those_of_statsmodels(right, frame):
    table = frame.assign(treated=(frame["offer"] == "opt_out").astype(float))
    groups = {"groups": pd.factorize(table["village"])[0]}
    for name in ("first_round", "second_round"):
        theirs = smf.ols(f"{name} ~ treated", table).fit(cov_type="cluster", cov_kwds=groups, use_t=True)
        ours = right.details[name]["opt_out"]
        assert ours["diff_ols"] == pytest.approx(theirs.params["treated"], rel=1e-10)
        assert ours["se_cr1"] == pytest.approx(theirs.bse["treated"], rel=1e-10)
        assert ours["p_cr1_t_G_minus_1"] == pytest.approx(theirs.pvalues["treated"], rel=1e-8)


@pytest.mark.parametrize(("metric", "times"), [("first_round", 1e24), ("second_round", 20.0)])
def test_rows_taken_for_units_make_chance_look_far_less_likely(right, wrong, metric, times):
    by_village, by_row = (one.comparisons[metric]["opt_out"] for one in (right, wrong))
    assert by_row.contrast.difference.value == pytest.approx(by_village.contrast.difference.value)
    assert by_village.p_value > times * by_row.p_value
    assert np.diff(by_village.contrast.difference.interval) > 1.25 * np.diff(by_row.contrast.difference.interval)


def test_rows_taken_for_units_are_told_loudly_and_only_then(right, wrong):
    light = wrong.light("units_of_assignment")
    assert light.level == "bad" and "'village'" in light.sentence and "cluster: village" in light.sentence
    assert right.light("units_of_assignment").level == "ok"


def test_the_example_runs_and_writes_what_the_command_reads(right, tmp_path, monkeypatch, capsys, example):
    monkeypatch.setattr("sys.argv", ["social_insurance.py", str(tmp_path / "farmers.csv")])
    example.main()
    printed = capsys.readouterr().out
    assert "ROWS ARE NOT THE UNITS OF ASSIGNMENT" in printed and "by farmer  +0.145" in printed
    done = CliRunner().invoke(cli.app, ["abtest", "analyze", str(tmp_path / "farmers.csv"), "--plan", str(example.PLAN), "--json"])
    assert done.exit_code == 0, done.stderr
    metrics = json.loads(done.stdout)["metrics"]
    for name, by_arm in right.comparisons.items():
        assert metrics[name]["opt_out"]["difference"] == pytest.approx(by_arm["opt_out"].contrast.difference.value, rel=1e-12)
        assert metrics[name]["opt_out"]["p_value"] == pytest.approx(by_arm["opt_out"].p_value, rel=1e-9)
