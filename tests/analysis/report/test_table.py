import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from regulars.analysis.report import print_answer
from regulars.analysis.report.words import MINUS, SPACE

FIXTURE = Path(__file__).with_name("document.json")
DOCUMENT = json.loads(FIXTURE.read_text(encoding="utf-8"))
NAME = DOCUMENT["scenarios"][1]["name"]


def printed(document, width=120, **more):
    out = io.StringIO()
    print_answer(document, Console(file=out, width=width, **more))
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    wide = [line for line in printed(DOCUMENT, width).splitlines() if cell_len(line.rstrip()) > width]
    assert wide == []


@pytest.mark.parametrize("width", [80, 120])
def test_numbers_are_never_torn_from_their_units_or_cut(width):
    text = printed(DOCUMENT, width)
    assert "\u2026" not in text
    assert not any(line.strip().startswith(("%", "pts")) for line in text.splitlines())


def test_the_answer_of_each_scenario_stands_first():
    lines = [line for line in printed(DOCUMENT).splitlines() if line.startswith(("▼", "◆", "▲", "="))]
    assert [line[:10] for line in lines] == ["▼ Points w", "◆ " + NAME[:8], "◆ Newslett"]


def test_the_numbers_of_the_document_are_there():
    text = printed(DOCUMENT).replace(SPACE, " ").replace(MINUS, "-")
    row = DOCUMENT["scenarios"][0]
    expected = [
        f"{row['differences']['discounted_profit']['mean']:,.0f}",
        f"{100 * row['roi']['value']:.1f} %",
        f"{100 * row['probability_of_loss']:.0f} %",
        f"{row['differences']['revenue']['mean']:+,.0f}",
        f"{row['sensitivity'][0]['profit_low']:,.0f}",
        f"{100 * row['views']['accrual']['value']:.1f} %",
        f"+{100 * row['break_even']['required_lift']:.1f} %",
        "week 27",
        "none",
    ]
    assert [one for one in expected if one not in text] == []


def test_many_scenarios_stand_in_as_many_tables_as_the_width_asks_for():
    many = DOCUMENT | {"scenarios": [{**DOCUMENT["scenarios"][0], "name": f"Plan {at}"} for at in range(7)]}
    text = printed(many, 80)
    assert text.count("probability of loss  ") == 4
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= 80


def test_text_of_users_is_neither_markup_nor_control():
    row = DOCUMENT["scenarios"][0] | {"name": "[red]x[/red] :bomb: \x1b[31mred\x07\x9b2J\u202e", "warnings": ["[link=http://x]y[/link]\x1b]0;t\x07"]}
    text = printed(DOCUMENT | {"scenarios": [row], "currency": "[b]\x1b"}, force_terminal=True, color_system=None)
    assert "[red]x[/red] :bomb: red" in text and "[link=http://x]y[/link]" in text
    kept = text.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert not set(kept) & set("\x1b\x07\x9b\u202e")


def test_without_color_nothing_is_lost(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in printed(DOCUMENT, force_terminal=True)


def test_a_document_of_the_contracts_keys_alone_is_printed():
    row = {"scenario": "points", "differences": {}, "break_even": {}, "naive": {}}
    row |= dict.fromkeys(("roi", "payback_week", "probability_of_loss"))
    text = printed({"baseline": "base", "seed": 1, "replications": 2, "run_dir": None, "scenarios": [row]})
    assert "points" in text and "None" not in text and "nan" not in text


def test_output_that_cannot_show_every_sign_still_tells_the_answer():
    code = (
        "import json; from regulars.analysis.report import print_answer;"
        f"print_answer(json.load(open({str(FIXTURE)!r}, encoding='utf-8')))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={"PYTHONIOENCODING": "cp1252", "COLUMNS": "80"}, check=True
    )
    assert b"Points would lose 15,625 USD over 52 weeks (95 % -16,771 to -14,480 by luck" in found.stdout
