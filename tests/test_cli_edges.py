"""`regulars abtest analyze --edges`: the answer and the errors of the command."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from regulars import cli

PLAN = "unit: customer\narm: arm\ncontrol: control\nmetrics: {orders: {kind: mean, column: orders}}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    luck, person = np.random.default_rng(5), np.arange(400)
    arm = np.where(luck.random(400) < 0.5, "treatment", "control")
    data = pd.DataFrame({"customer": person, "arm": arm, "orders": luck.normal(size=400)})
    data.to_csv(tmp_path / "data.csv", index=False)
    pd.DataFrame({"src": person, "dst": (person + 1) % 400}).to_csv(tmp_path / "edges.csv", index=False)
    (tmp_path / "plan.yaml").write_text(PLAN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def called(*more):
    return CliRunner().invoke(cli.app, ["abtest", "analyze", "data.csv", "--plan", "plan.yaml", *more])


@pytest.mark.usefixtures("folder")
def test_the_document_holds_what_the_edges_add():
    done = called("--edges", "edges.csv", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)["interference"]
    assert found["ties"] == 400 and found["metrics"]["orders"]["effects"]["total"]["ci"]


@pytest.mark.usefixtures("folder")
def test_the_table_tells_friends():
    done = called("--edges", "edges.csv")
    assert done.exit_code == 0 and "With friends (400 ties of 400 units from 400 edges)" in done.stdout


def test_wrong_edges_are_one_line_each_and_code_2(folder):
    (folder / "edges.csv").write_text("src,dst\n1\n2,3,4\n")
    for path, lines in (("edges.csv", 2), ("missing.csv", 1)):
        done = called("--edges", path)
        assert done.exit_code == 2 and not done.stdout
        told = done.stderr.strip().splitlines()
        assert len(told) == lines and all(one.startswith(f"{path}:") for one in told)
