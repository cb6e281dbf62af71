"""What is valid and yet hardly meant is told in one line, whatever the command."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from regulars import cli
from regulars.experiments.compare import compare
from regulars.experiments.loops import loops
from regulars.experiments.run import run
from regulars.scenarios import from_tree, validate_files
from regulars.scenarios.hints import hints

LINE = "campaigns.news starts in week 10, after the horizon of 4 weeks."
MARKET = "horizon_weeks: 4\nmarket: {customers: 100, prospects: 0}\n"


@pytest.fixture(autouse=True)
def _two_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("plain.yaml").write_text(f"name: Plain\n{MARKET}")
    Path("late.yaml").write_text(f"name: Late\n{MARKET}campaigns:\n  news: {{type: push, start_week: 10}}\n")


@pytest.mark.parametrize(
    "words",
    [["validate", "late.yaml"], ["run", "late.yaml", "--replications", "1"], ["loops", "late.yaml", "--replications", "2"],
     ["compare", "plain.yaml", "late.yaml", "--replications", "2", "--draws", "0"]],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_plan_that_begins_after_the_horizon_is_told_in_one_line_by_every_command(words):
    answer = CliRunner().invoke(cli.app, words, prog_name="regulars")
    assert answer.exit_code == 0, answer.output
    assert f"  ! {LINE}\n" in answer.stdout


def test_documents_hold_the_same_line():
    late, plain = "late.yaml", "plain.yaml"
    assert validate_files([late, plain])["files"][late]["warnings"] == [LINE]
    assert validate_files([plain])["files"][plain]["warnings"] == []
    assert run(late, replications=1).document()["warnings"] == [LINE]
    assert LINE in loops(late, replications=2).document["warnings"]
    assert LINE in compare(plain, late, replications=2, draws=0).document["scenarios"][0]["warnings"]


def test_the_last_week_of_the_horizon_is_in_time():
    tree = {"name": "x", "horizon_weeks": 4, "market": {"customers": 100}}
    assert not hints(from_tree({**tree, "campaigns": {"news": {"type": "push", "start_week": 4}}}))
    assert hints(from_tree({**tree, "horizon_weeks": 1, "campaigns": {"news": {"type": "push", "start_week": 2}}})) == [
        "campaigns.news starts in week 2, after the horizon of 1 week."
    ]
