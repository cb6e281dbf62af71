"""`regulars abtest rehearse` keeps its contract: strict JSON, a table led by the answer, exit codes, errors with their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from regulars import abtest, cli

MAIL = "{treatment: {campaigns: {mail: {type: push, start_week: 3, every_weeks: 1, mode: tagged}}}}"
DESIGNS = f"""\
designs:
  people: {{randomize: individual, start_week: 3, weeks: 6, arms: {MAIL}}}
  towns: {{randomize: cluster, clusters: 30, start_week: 3, weeks: 6, arms: {MAIL}}}
"""
TEA = ("library:tea_brand/broadcast", "--set", "market.customers=600", "--set", "market.prospects=200")
FIGURES = ("bias", "relative_bias", "sd", "rmse", "coverage", "false_positive_rate", "power", "wrong_sign", "exaggeration")


@pytest.fixture(autouse=True)
def _a_design_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    Path("designs.yaml").write_text(DESIGNS)


def regulars(*words: str) -> Any:
    return CliRunner().invoke(cli.app, ["abtest", "rehearse", *words], prog_name="regulars")


def strict(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_json_holds_every_promised_place_and_is_the_same_for_any_number_of_threads_and_from_python() -> None:
    answers = [
        regulars(*TEA, "--design", "designs.yaml", "--worlds", "4", "--threads", threads, "--budget", "5", "--json") for threads in "12"
    ]
    assert [one.exit_code for one in answers] == [0, 0], answers[0].stderr
    assert answers[0].stdout == answers[1].stdout
    document = strict(answers[0].stdout)
    assert set(document["truth"]["margin"]) == {"total", "direct", "spillover"}
    for name in ("people", "towns"):
        for figures in document["designs"][name]["estimators"].values():
            assert all(set(figures[one]) == {"value", "mc_se"} for one in FIGURES)
        assert {"always", "never", "perfect", "estimators"} <= set(document["designs"][name]["decision"])
    assert {row["design"] for row in document["frontier"]} == {"people", "towns"} and document["budget"] == 5.0
    import regulars as rg

    scenario = rg.load(TEA[0]).with_values({"market.customers": 600, "market.prospects": 200})
    found = abtest.rehearse(scenario, "designs.yaml", worlds=4, threads=1, budget=5.0)
    assert json.loads(json.dumps(found.document)) == document


def test_the_table_answers_first_and_explains_its_errors_last() -> None:
    lines = regulars(*TEA, "--design", "designs.yaml", "--worlds", "4").stdout.strip().splitlines()
    assert lines[0].startswith("Best of 2 designs: ")
    assert any("Truth sought: effect of the roll-out on a customer over 6 weeks, at fixed capacity" in line for line in lines)
    text = "\n".join(lines)
    for words in ("cluster_robust", "always roll out", "knowing the truth", "on the front", "Who: each customer"):
        assert words in text
    assert "Monte-Carlo error over 4 worlds" in text
    assert max(map(len, lines)) <= 120


def test_a_rehearsal_of_nothing_finds_no_effect() -> None:
    document = strict(regulars(*TEA, "--design", "designs.yaml", "--worlds", "2", "--aa", "--json").stdout)
    assert document["truth"]["margin"]["total"] == {"value": 0.0, "mc_se": 0.0}


def test_all_errors_of_a_design_go_to_standard_error_with_their_places() -> None:
    Path("bad.yaml").write_text(
        DESIGNS.replace("clusters: 30", "clusters: 1, estimators: [cluster_robst]").replace("weeks: 6", "weeks: 0", 1)
    )
    answer = regulars(*TEA, "--design", "bad.yaml", "--json")
    assert answer.exit_code == 2
    assert answer.stdout == ""
    lines = answer.stderr.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("bad.yaml:2:") and "designs.people.weeks = 0" in lines[0]
    assert lines[1].startswith("bad.yaml:3:") and "designs.towns.clusters = 1" in lines[1]
    assert "Did you mean 'cluster_robust'?" in lines[2]


@pytest.mark.parametrize(
    ("design", "says"),
    [
        ("", "must be a design"),
        ("{randomize: individual}", "arms: missing"),
        ("{randomize: individual, arms: {treatment: {}}}", "treatment has nothing that the scenario has not"),
        (f"{{randomize: coin, arms: {MAIL}}}", "randomize = coin"),
        (f"{{randomize: individual, start_week: 5, arms: {MAIL}}}", "before the test in week 5"),
        (f"{{start_week: 3, weeks: 4, shares: {{control: 0.5, treatment: 0.6}}, arms: {MAIL}}}", "must add up to 1, not 1.1"),
        ("{start_week: 3, arms: {treatment: {behaviors: {loyalty: {effect: 2.0}}}}}", "arms"),
    ],
)
def test_a_design_that_cannot_be_is_refused_in_one_line(design: str, says: str) -> None:
    Path("bad.yaml").write_text(design)
    answer = regulars(*TEA, "--design", "bad.yaml", "--worlds", "1")
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output
    assert says in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def test_a_design_that_is_not_there_is_said() -> None:
    answer = regulars(*TEA, "--design", "nothing.yaml")
    assert answer.exit_code == 2
    assert "nothing.yaml" in answer.stderr and "Traceback" not in answer.output
