"""`validate` tells what a file is by what stands in it, and reads each kind by its own rules."""

from __future__ import annotations

from pathlib import Path

from regulars.experiments.kinds import validate_files

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_each_example_is_what_it_is():
    mail = EXAMPLES / "mail_test"
    paths = [mail / "design.yaml", mail / "circles.yaml", mail / "plan.yaml", EXAMPLES / "social_insurance.yaml", EXAMPLES / "stars.yaml"]
    found = validate_files([*paths, "library:online_shop/points"])["files"].values()
    assert [one["kind"] for one in found] == ["design of a test"] * 2 + ["plan of a test"] * 2 + ["scenario"] * 2
    assert all(one["valid"] for one in found)


def test_errors_of_plans_and_designs_have_their_place(tmp_path: Path):
    plan, design = tmp_path / "plan.yaml", tmp_path / "design.yaml"
    plan.write_text("unit: id\narm: arm\ncontrol: a\nmetrics:\n  m: {kind: meen, column: m}\nalhpa: 0.05\n", encoding="utf-8")
    design.write_text("randomize: indiwidual\nweeks: 4\n", encoding="utf-8")
    told = {name: one["errors"] for name, one in validate_files([plan, design])["files"].items()}
    assert [(one["line"], one["path"]) for one in told[str(plan)]] == [(5, "metrics.m.kind"), (6, "alhpa")]
    assert "Did you mean 'alpha'?" in told[str(plan)][1]["message"]
    assert told[str(design)][0]["line"] == 1 and "individual" in told[str(design)][0]["message"]
