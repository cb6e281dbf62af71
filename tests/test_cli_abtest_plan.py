"""`regulars abtest plan`: one document, a table, and errors as one line each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regulars.cli import app

DESIGN = """\
randomize: individual
start_week: 3
weeks: 8
looks: [4, 8]
arms: {treatment: {campaigns: {mail: {type: push, start_week: 3, every_weeks: 1, mode: tagged}}}}
"""
SMALL = ["--set", "market.customers=300", "--set", "market.prospects=300", "--set", "horizon_weeks=12", "--worlds", "2", "--threads", "1"]


def plan(folder: Path, design: str, *more: str):
    path = folder / "mail.yaml"
    path.write_text(design, encoding="utf-8")
    return CliRunner().invoke(app, ["abtest", "plan", "library:tea_brand/broadcast", "--design", str(path), *SMALL, *more])


def test_json_is_one_document_with_sizes_duration_and_warnings(tmp_path):
    found = plan(tmp_path, DESIGN, "--json")
    assert found.exit_code == 0, found.output
    design = json.loads(found.stdout)["designs"]["mail"]
    assert design["looks_inflation"] > 1.0 and len(design["traffic"]) == 8
    assert {"minimum_detectable_effect", "customers_needed", "weeks_needed", "by_week"} <= set(design["metrics"]["margin"])
    assert any("3 to 6 months" in one for one in design["warnings"])


def test_equal_arguments_give_equal_plans(tmp_path):
    assert plan(tmp_path, DESIGN, "--json").stdout == plan(tmp_path, DESIGN, "--json").stdout
    assert plan(tmp_path, DESIGN, "--json").stdout != plan(tmp_path, DESIGN, "--json", "--seed", "2").stdout


def test_value_adds_what_the_test_is_worth(tmp_path):
    found = plan(tmp_path, DESIGN, "--value", "--draws", "6", "--cost", "10")
    assert found.exit_code == 0, found.output
    assert "Value of a test before it is run: 6 worlds" in found.stdout and "perfect information" in found.stdout
    document = json.loads(plan(tmp_path, DESIGN, "--value", "--draws", "6", "--json").stdout)
    assert {"evpi", "formula", "believed", "corrected"} <= set(document["value"]["designs"]["mail"]["estimators"]["difference"])


@pytest.mark.parametrize(
    ("design", "part"),
    [
        (DESIGN.replace("individual", "cluster") + "clusters: 1\n", "clusters = 1"),
        (DESIGN + "efect: 0.1\n", "Did you mean 'effect'?"),
        (DESIGN + "effect: 0\n", "no sample finds an effect of 0"),
        (DESIGN + "decision: {customers: many}\n", "decision.customers = many"),
        ("", "must be a design"),
    ],
)
def test_a_bad_design_is_one_line_with_its_place(tmp_path, design, part):
    found = plan(tmp_path, design)
    assert found.exit_code == 2
    assert part in found.stderr and "mail.yaml" in found.stderr and "Traceback" not in found.output


def test_a_market_without_customers_is_one_line(tmp_path):
    found = plan(tmp_path, DESIGN, "--set", "market.customers=1", "--set", "market.prospects=0")
    assert found.exit_code == 2 and "too few for a test" in found.stderr and "Traceback" not in found.output
