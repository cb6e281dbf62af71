"""Data of a test from files: what is read, and what is told where they cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from regulars import abtest
from regulars.experiments.abtest_data import read_data
from regulars.scenarios import ScenarioError

PLAN: dict[str, Any] = {"unit": "u", "arm": "arm", "control": "c", "metrics": {"m": {"kind": "mean", "column": "m"}}}
ROWS = "u,arm,m\n" + "".join(f"{at},{'ct'[at % 2]},{at % 7}.5\n" for at in range(40))


def file(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def told(path: Path, plan: object = PLAN) -> str:
    with pytest.raises(ScenarioError) as error:
        abtest.analyze(path, plan)  # type: ignore[arg-type]
    return str(error.value)


@pytest.mark.parametrize(
    "text", [ROWS, "\ufeff" + ROWS, ROWS.replace(",", ";"), ROWS.replace(",", "\t"), ROWS.replace("\n", "\r\n"), ROWS.rstrip("\n")]
)
def test_csv_files_of_any_common_form_say_the_same(tmp_path, text):
    frame = read_data(file(tmp_path, text))
    assert list(frame.columns) == ["u", "arm", "m"]
    assert frame["m"].tolist() == [at % 7 + 0.5 for at in range(40)]


def test_csv_parquet_and_frame_give_one_answer(tmp_path):
    frame = pd.read_csv(file(tmp_path, ROWS))
    frame.to_parquet(tmp_path / "data.parquet")
    answers = [abtest.analyze(one, PLAN).document() for one in (frame, tmp_path / "data.csv", str(tmp_path / "data.parquet"))]
    assert answers[0] == answers[1] == answers[2]


def test_an_arm_called_na_is_an_arm(tmp_path):
    data = file(tmp_path, ROWS.replace(",t,", ",NA,"))
    assert abtest.analyze(data, PLAN).arms == ("c", "NA")


def test_quoted_names_with_separators_and_lines_are_kept(tmp_path):
    data = file(tmp_path, ROWS.replace(",t,", ',"new, with\nbreak",'))
    assert abtest.analyze(data, PLAN).arms == ("c", "new, with\nbreak")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("u,arm,m\n", "the data have no rows"),
        ("\n1,2,3\n", "the first line must name the columns"),
        (b"\xff\xfeu\x00,\x00\x00", "no text in UTF-8 or GB 18030"),
        (b"u,arm,m\n1,contr\xff\xffl,2\n", "no text in UTF-8 or GB 18030"),
        (ROWS + "1,2\n", "data.csv:42:1: the row has 2 fields where the line of names has 3"),
        (ROWS.replace("3.5", "abc", 1), "data.csv:5:3: column 'm' must hold numbers, not 'abc' in row 4"),
        (ROWS.replace("3.5", "inf", 1), "must hold finite numbers"),
        ("u,arm,m,m\n1,c,2,3\n2,t,3,4\n", "data.csv:1:3: column 'm' stands 2 times"),
    ],
)
def test_files_that_cannot_be_used_are_refused_with_their_place(tmp_path, text, says):
    assert says in told(file(tmp_path, text))


def test_a_number_that_turns_to_text_late_in_a_long_file_is_named(tmp_path):
    text = "u,arm,m\n" + "".join(f"{at},{'ct'[at % 2]},{at % 7}.5\n" for at in range(300_000)) + "300001,c,abc\n"
    assert "'abc' in row 300,001" in told(file(tmp_path, text))


def test_a_parquet_file_that_is_none_is_refused(tmp_path):
    assert "not a Parquet file" in told(file(tmp_path, "u,arm,m\n", "data.parquet"))


def test_a_folder_is_refused(tmp_path):
    assert "must be a file" in told(tmp_path)


def test_parquet_with_categories_and_nullable_columns_is_read(tmp_path):
    frame = pd.DataFrame({
        "u": pd.array(np.arange(40), dtype="Int64"), "arm": pd.Categorical(["c", "t"] * 20),
        "m": pd.array([None, *range(39)], dtype="Int32"), "kept": pd.array([True, False] * 20, dtype="boolean"),
    })  # fmt: skip
    frame.to_parquet(tmp_path / "data.parquet")
    plan = {**PLAN, "metrics": {**PLAN["metrics"], "kept": {"kind": "proportion", "column": "kept"}}}
    found = abtest.analyze(tmp_path / "data.parquet", plan)
    assert found.missing == {"m": {"c": 1}}
    assert found.comparisons["kept"]["t"].contrast.control.value == 1.0


def test_errors_of_plan_and_of_data_come_at_once(tmp_path):
    says = told(file(tmp_path, ""), {**PLAN, "alpha": 7})
    assert "the file is empty" in says
    assert "alpha = 7" in says


def test_a_plan_that_does_not_fit_the_data_is_told_at_its_line(tmp_path):
    plan = file(tmp_path, "unit: u\narm: arm\ncontrol: c\nmetrics:\n  m: {kind: mean, column: margin}\n", "plan.yaml")
    assert f"{plan}:5:27: metrics.m.column: the data have no column 'margin'" in told(file(tmp_path, ROWS), plan)


def test_what_is_no_frame_is_refused():
    with pytest.raises(ScenarioError, match="must be a pandas DataFrame"):
        abtest.analyze([1, 2], PLAN)  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_a_file_of_chinese_names_is_read_whatever_its_encoding(tmp_path, encoding):
    """And said, unless it is UTF-8."""
    rows = "\n".join(f"{at},{'活动' if at % 2 else '对照'},{at % 7}" for at in range(60))
    path = tmp_path / "数据.csv"
    path.write_bytes(f"顾客,组,利润\n{rows}\n".encode(encoding))
    plan = {"unit": "顾客", "arm": "组", "control": "对照", "metrics": {"利润": {"kind": "mean", "column": "利润"}}}
    found = abtest.analyze(path, plan)
    assert found.arms == ("对照", "活动") and found.rows_read == 60
    assert any("not UTF-8" in one for one in found.warnings) == (encoding != "utf-8-sig")
