"""`regulars abtest analyze` keeps its contract: strict JSON, a table, exit codes, errors with their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from regulars import cli

PLAN = """\
unit: customer_id
arm: arm
control: control
metrics:
  margin: {kind: mean, column: margin, covariate: margin_pre}
  retained: {kind: proportion, column: retained}
  order_rate: {kind: ratio, numerator: orders, denominator: visits}
  churn: {kind: survival, duration: months, event: churned, horizon: 6}
guardrails: {complaints: {kind: mean, column: complaints, margin: 0.05, relative: true, better: lower}}
cluster: store
strata: tier
expected_shares: {control: 0.5, treatment: 0.5}
alpha: 0.05
multiplicity: holm
looks: {spending: obrien_fleming, planned: 5, taken: 1}
"""


@pytest.fixture(autouse=True)
def _a_test_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng, n = np.random.default_rng(3), 2000
    store = rng.integers(0, 60, n)
    arm = np.where(store % 2 == 0, "control", "treatment")
    before = rng.gamma(2, 10, n)
    pd.DataFrame({
        "customer_id": np.arange(n), "arm": arm, "store": store, "tier": rng.choice(["gold", "silver"], n), "margin_pre": before,
        "margin": before + rng.normal(0, 5, n) + 1.5 * (arm == "treatment"), "retained": rng.integers(0, 2, n),
        "orders": rng.poisson(2, n), "visits": rng.poisson(8, n) + 1, "months": rng.integers(1, 9, n),
        "churned": rng.integers(0, 2, n), "complaints": rng.poisson(0.3, n),
    }).to_csv("data.csv", index=False)  # fmt: skip
    Path("plan.yaml").write_text(PLAN)


def regulars(*words: str) -> Any:
    return CliRunner().invoke(cli.app, ["abtest", "analyze", *words], prog_name="regulars")


def strict(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_json_holds_every_promised_place() -> None:
    answer = regulars("data.csv", "--plan", "plan.yaml", "--json", "--details")
    assert answer.exit_code == 0, answer.stderr
    document = strict(answer.stdout)
    assert 0 < document["health"]["srm_p_value"] <= 1
    places = {"control", "treatment", "difference", "ci", "p_value", "p_adjusted", "relative", "relative_ci", "method", "estimand", "n"}
    for name in ("margin", "retained", "order_rate", "churn"):
        assert places <= set(document["metrics"][name]["treatment"])
        assert document["metrics"][name]["treatment"]["p_value"] is not None
    assert document["details"]["margin"]["treatment"]["theta_all"] == pytest.approx(1.0, abs=0.1)
    assert document["guardrails"]["complaints"]["treatment"]["rule"] == "must not rise by 5 % of control or more"
    assert isinstance(document["warnings"], list)


def test_the_same_from_python() -> None:
    from regulars import abtest

    document = strict(regulars("data.csv", "--plan", "plan.yaml", "--json").stdout)
    found = abtest.analyze(pd.read_csv("data.csv"), "plan.yaml").document()
    assert json.loads(json.dumps(found)) == document


def test_the_table_answers_first_and_shows_health_and_rows() -> None:
    text = regulars("data.csv", "--plan", "plan.yaml").stdout
    assert text.startswith("treatment against control: margin +")
    for words in ("Can the test be trusted?", "sample ratio", "look 1 of 5 planned", "Guardrails", "2,000 rows read, 2,000 analyzed"):
        assert words in text


def test_details_are_printed_by_their_names() -> None:
    assert "theta_all:" in regulars("data.csv", "--plan", "plan.yaml", "--details").stdout


def test_a_plan_without_its_stores_is_warned_loudly() -> None:
    Path("plan.yaml").write_text(PLAN.replace("cluster: store\n", ""))
    document = strict(regulars("data.csv", "--plan", "plan.yaml", "--json").stdout)
    assert document["warnings"][0].startswith("ROWS ARE NOT THE UNITS OF ASSIGNMENT")


def test_all_errors_go_to_standard_error_with_their_places() -> None:
    Path("plan.yaml").write_text(PLAN.replace("alpha: 0.05", "alpha: 5").replace("kind: ratio", "kind: rate"))
    answer = regulars("data.csv", "--plan", "plan.yaml", "--json")
    assert answer.exit_code == 2
    assert answer.stdout == ""
    lines = answer.stderr.splitlines()
    assert lines[0].startswith("plan.yaml:7:22: metrics.order_rate.kind = rate: must be")
    assert lines[1].startswith("plan.yaml:13:8: alpha = 5: must be a number above 0 and below 0.5")


@pytest.mark.parametrize(
    "words", [("nothing.csv", "--plan", "plan.yaml"), ("data.csv", "--plan", "nothing.yaml"), ("data.csv",), (".", "--plan", "plan.yaml")]
)
def test_files_that_are_not_there_end_with_2_and_no_traceback(words) -> None:
    answer = regulars(*words)
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output
    assert answer.stderr


def test_a_report_must_be_a_page() -> None:
    answer = regulars("data.csv", "--plan", "plan.yaml", "--report", "data.csv")
    assert answer.exit_code == 2
    assert "must end in .html" in answer.stderr
