import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from regulars.analysis.report import print_answer, print_calibration, print_kpis, print_loops
from regulars.analysis.report.table import COST_KPIS
from regulars.analysis.report.words import MINUS, NOTHING, SPACE
from regulars.sim.world.ledger import PROGRAM_COSTS

FIXTURE = Path(__file__).with_name("document.json")
DOCUMENT = json.loads(FIXTURE.read_text(encoding="utf-8"))
NAME = DOCUMENT["scenarios"][1]["name"]


def printed(document, width=120, **more):
    out = io.StringIO()
    print_answer(document, Console(file=out, width=width, **more))
    return out.getvalue()


def run(document, width=80, currency="USD"):
    out = io.StringIO()
    print_kpis(document, currency, Console(file=out, width=width))
    return out.getvalue().replace(SPACE, " ").replace(MINUS, "-")


def calibration(document, width=80, notes=()):
    out = io.StringIO()
    print_calibration(document, notes, Console(file=out, width=width))
    return out.getvalue().replace(SPACE, " ").replace(MINUS, "-")


def grown(thing: Any, name: str = "") -> Any:
    """The document in a currency of which 10,000 are one dollar."""
    if isinstance(thing, dict):
        return {key: grown(value, key) for key, value in thing.items()}
    if isinstance(thing, list):
        return [grown(value, name) for value in thing]
    return thing * 10_000 if isinstance(thing, float) and abs(thing) > 50 and name != "week" else thing


def alone(thing: Any, name: str = "") -> Any:
    """The document of one replication: nothing has an interval or a deviation."""
    if name in ("ci95", "ci95_luck", "ci95_all", "sd", "probability_of_loss", "probability_of_loss_error", "low_all", "high_all"):
        return None
    if isinstance(thing, dict):
        return {key: alone(value, key) for key, value in thing.items()}
    return [alone(value) for value in thing] if isinstance(thing, list) else thing


def numbers(text):
    return set(re.findall(r"\d[\d,.]*\d|\d", text))


RUN: dict[str, Any] = {
    "scenario": "shop", "seed": 1, "replications": 20, "weeks": 52, "people": 10_000, "run_dir": "runs/a",
    "kpis": {
        "revenue": {"mean": 1_234_567.8, "sd": 4321.9, "ci95": [1_230_000.4, 1_239_000.2], "unit": "money"},
        "retention_rate": {"mean": 0.6864, "sd": 0.0123, "ci95": [0.68, 0.6931], "unit": "share"},
        "orders": {"mean": 54_321.0, "sd": 210.0, "ci95": [54_100.0, 54_500.0], "unit": "orders"},
        "referrals": None,
    },
}  # fmt: skip
FITS: dict[str, Any] = {
    "customers": 2357, "orders": 6696, "repairs": {"same_day": {"count": 223, "message": "orders merged"}},
    "bgnbd": {"r": 0.24259, "alpha": 4.41357, "a": 0.79292, "b": 2.42589, "log_likelihood": -9582.43,
              "se": {"r": 0.012557, "alpha": 0.378222, "a": 0.185732, "b": 0.705405}},
    "pareto_nbd": {"r": 0.553275, "alpha": 10.5776, "s": 0.606205, "beta": 11.6677, "log_likelihood": -9594.98,
                   "se": {"r": 0.0476284, "alpha": 0.842723, "s": 0.187273, "beta": 6.2108}},
    "gamma_gamma": {"p": 6.24951, "q": 3.74423, "v": 15.4437, "log_likelihood": -4055.92,
                    "se": {"p": 1.19032, "q": 0.29018, "v": None}},
    "holdout": [{"week": at, "actual": 500 * at, "bgnbd": 505.0 * at, "pareto_nbd": 495.0 * at, "simulated": None} for at in range(1, 14)],
}  # fmt: skip


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
        f"{100 * row['probability_of_loss']:.1f} %",
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


def test_large_amounts_are_told_to_their_last_digit_in_a_narrow_terminal():
    big = grown(DOCUMENT)
    wide, narrow = (printed(big, width) for width in (250, 80))
    assert "+472,615,000 to +528,742,000" in wide
    assert numbers(wide) - numbers(narrow) == set()
    assert max(cell_len(line.rstrip()) for line in narrow.splitlines()) <= 80


def test_what_is_discounted_and_what_is_not_is_said():
    text = printed(DOCUMENT).replace(SPACE, " ")
    assert "discounted profit gain, USD" in text and "over 52 weeks, discounted" in text
    assert text.count("Money in this table and in the readings above it is not discounted.") == 3


def test_the_sensitivity_table_names_the_replications_it_is_made_of():
    note = "This table is made of 3 replications of 20, and shifted"
    assert printed(DOCUMENT).replace(SPACE, " ").count(note) == 3
    assert note not in printed(DOCUMENT | {"sensitivity_replications": None})


def test_few_draws_give_the_neutral_sign_and_no_sharp_risk():
    text = printed(DOCUMENT | {"draws": 20, "scenarios": [{**DOCUMENT["scenarios"][0], "probability_of_loss": 1.0}]})
    text = text.replace(SPACE, " ")
    assert "\u25c6 Points would lose" in text and text.count("over 85 %") == 2


def test_a_return_that_does_not_exist_has_its_reason():
    reason = DOCUMENT["scenarios"][2]["roi"]["reason"]
    assert printed(DOCUMENT).count(f"Newsletter: no ROI, {reason}") == 1


@pytest.mark.parametrize("width", [80, 120])
def test_one_replication_has_no_interval_and_no_made_up_number(width):
    text = printed(alone(DOCUMENT) | {"replications": 1, "draws": 0}, width)
    assert "1 paired replication," in text and "one replication, no interval" in text.replace("\n", " ")
    assert " to " not in text.partition("what drives")[0].partition("profit gain")[2].partition("Before")[0]
    assert not re.search(r"\b(nan|None|inf)\b", text)


def test_columns_stand_in_line_beside_chinese_names():
    table = [line.rstrip() for line in printed(DOCUMENT).splitlines() if re.match("(ROI |payback|probability of loss  )", line)]
    name = next(line for line in printed(DOCUMENT).splitlines() if re.match(f" +Points +{NAME} +Newsletter", line))
    third = cell_len(name[: name.index("Newsletter")])
    for line in table:
        spare, at = "", 0
        while at < len(line) and cell_len(spare) < third:
            spare, at = spare + line[at], at + 1
        assert spare.endswith("  ") and not line[at:].startswith(" ")


@pytest.mark.parametrize("width", [80, 120])
def test_a_run_tells_each_kpi_with_interval_deviation_and_unit(width):
    text = run(RUN, width)
    assert re.search(r"Revenue +1,234,568 +1,230,000 to 1,239,000 +4,322 +USD", text)
    assert re.search(r"Retention rate +68.6 % +68.0 to 69.3 % +1.23 +share", text)
    assert "Not in this scenario: Referrals." in text and "Files: runs/a" in text


def test_a_run_of_one_replication_has_no_interval():
    kpis = {name: one and one | {"sd": None, "ci95": None} for name, one in RUN["kpis"].items()}
    text = run(RUN | {"replications": 1, "kpis": kpis})
    assert "1 replication," in text and re.search(f"Revenue +1,234,568 +{NOTHING} +{NOTHING} +USD", text)
    assert "nan" not in text and "None" not in text


def test_a_run_says_nothing_of_what_is_no_number():
    one = {"mean": float("nan"), "sd": float("inf"), "ci95": [float("nan")] * 2, "unit": "money"}
    assert re.search(f"Revenue +{NOTHING} +{NOTHING} +{NOTHING} +USD", run(RUN | {"kpis": {"revenue": one}}))


def test_a_run_treats_all_that_is_absent_alike():
    nothing = {"mean": 0.0, "sd": 0.0, "ci95": [0.0, 0.0], "unit": "moves"}
    kpis = {**RUN["kpis"], "tier_downgrades": nothing, "win_back_contacts": nothing, "won_back_customers": nothing, "tickets": nothing,
            "service_cost": nothing | {"unit": "money"}, "members_in_tier_1": None}  # fmt: skip
    said = run({**RUN, "kpis": kpis, "absent": ["members_in_tier_1", "tier_downgrades", "win_back_contacts"]}, 200)
    assert not re.search("^(Tier downgrades|Win back contacts|Won back customers|Service cost|Members in tier 1)", said, re.M)
    assert "Not in this scenario: Referrals, Tier downgrades, Win back contacts, Won back customers, Service cost, Members in" in said
    assert re.search("^Tickets +0 +0 to 0", said, re.M), "a desk that nobody asks is a result"


def test_names_of_a_run_steer_nothing():
    text = run(RUN | {"scenario": "[red]a\x1b[2J", "run_dir": "[bold]b\x07"}, currency="[u]\x1b]0;t\x07")
    assert "[red]a:" in text and "[bold]b" in text and "[u]" in text
    assert not set(text) & set("\x1b\x07")


@pytest.mark.parametrize("width", [80, 120])
def test_a_calibration_tells_fits_and_backtest_whole(width):
    text = calibration(FITS, width, ["Mind [b]this[/b]\x1b[2J."])
    for name in ("bgnbd", "pareto_nbd", "gamma_gamma"):
        fit = FITS[name]
        assert f"{fit['log_likelihood']:,.1f}" in text
        told = [f"{key} {fit[key]:.4g} ({NOTHING if error is None else f'{error:.4g}'})" for key, error in fit["se"].items()]
        assert [one for one in told if one not in " ".join(text.split())] == []
    assert {"6,500", "6,565", "6,435", "+1.0 %", "-1.0 %"} <= set(re.findall(r"[-+]?[\d,.]+(?: %)?", text))
    assert "223 orders merged" in text and "! Mind [b]this[/b]." in text and "\x1b" not in text and "nan" not in text
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width


def test_a_calibration_tells_which_fit_is_shown_and_which_is_written():
    people = {
        "file": "shop/people.yaml", "until": "1998-06-30", "purchase": {"r": 0.2536, "alpha": 5.447, "offset": 0.006},
        "attrition": {"type": "beta_geometric", "a": 0.6074, "b": 2.647, "offset": -0.044},
        "spend": {"type": "gamma_gamma", "p": 4.683, "q": 4.19, "v": 24.39},
        "standard_errors": dict.fromkeys(("r", "alpha", "a", "b", "p", "q", "v")),
    }  # fmt: skip
    text = calibration(FITS | {"train_until": "1997-09-30", "population": people}, 120)
    shown, _, written = text.partition("Population: shop/people.yaml\n")
    assert "Training fit, orders up to 1997-09-30:" in shown and "r 0.2426" in shown and "0.2536" not in shown
    assert "the whole log, orders up to 1998-06-30, not the training fit" in written
    assert f"r 0.2536 ({NOTHING}), alpha 5.447 ({NOTHING})" in written and "v 24.39" in written and "gamma_gamma" not in written
    assert "purchase 0.006, attrition -0.044" in written
    assert "With --out FILE.yaml a population is written" in calibration(FITS | {"population": people | {"file": None}}, 120)


def test_text_of_users_is_neither_markup_nor_control():
    row = DOCUMENT["scenarios"][0] | {"name": "[red]x[/red] :bomb: \x1b[31mred\x07\x9b2J\u202e", "warnings": ["[link=http://x]y[/link]\x1b]0;t\x07"]}
    text = printed(DOCUMENT | {"scenarios": [row], "currency": "[b]\x1b"}, force_terminal=True, color_system=None)
    assert text.count("[red]x[/red] :bomb: red") == 3 and "[link=http://x]y[/link]" in text
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
    assert b"Points would lose 15,625 USD over 52 weeks, discounted (95 % -16,771 to" in found.stdout


def loop(name: str, profit: float | None, *, sign: int = 1, gain: float | None = 0.25) -> dict[str, Any]:
    worth = None if profit is None else {"mean": profit, "ci95": [profit - 10.0, profit + 10.0], "unit": "money"}
    return {
        "name": name, "path": ["praise", "acquisition"], "sign": sign, "delay_weeks": 1.0,
        "worth": {"profit": worth, "retention_rate": None}, "gain": None if gain is None else {"of": "new_customers", "value": gain},
    }  # fmt: skip


def accounts(*loops: dict[str, Any], width: int = 100, everything: bool = False) -> str:
    out = io.StringIO()
    together = {"worth": {"profit": {"mean": 5.0, "ci95": None, "unit": "money"}, "retention_rate": None}} if loops else None
    document = {"name": "Shop", "weeks": 52, "people": 700, "replications": 4, "currency": "EUR", "loops": loops, "together": together}
    print_loops(document, Console(file=out, width=width), everything=everything)
    return out.getvalue().replace(SPACE, " ").replace(MINUS, "-")


def test_loops_stand_by_what_they_move_with_sign_delay_and_path_in_words():
    said = accounts(loop("small", 20.0), loop("large", -300.0, sign=-1, gain=-0.5), width=120)
    assert said.index("large") < said.index("small")
    assert "large: balancing, after about 1 week, keeps new customers 50.0 % lower: praise > acquisition > praise" in said
    assert "small: reinforcing, after about 1 week, makes 25.0 % of new customers: praise > acquisition > praise" in said
    assert re.search(r"large +-300 +-310 to -290", said)
    assert "all together" in said and "do not add up" in said


def test_a_cut_that_ends_loops_of_both_signs_claims_neither():
    both = loop("talk", 20.0) | {"counter": {"path": ["criticism", "acquisition"], "sign": -1, "delay_weeks": 30.0}}
    said = accounts(both, width=120)
    assert "talk: mixed, makes 25.0 % of new customers\n" in said
    assert "    reinforcing, after about 1 week: praise > acquisition > praise" in said
    assert "    balancing, after about 30 weeks: criticism > acquisition > criticism" in said


def test_one_loop_has_no_sum_and_none_is_said_in_a_line():
    assert "together" not in accounts(loop("only", 20.0, gain=None))
    assert "No feedback loop" in accounts()


def test_accounts_fit_a_narrow_terminal():
    said = accounts(loop("a_long_name.and_its_effect", 123456.0), loop("other", None), width=40)
    assert "123,456" in said and max(map(cell_len, said.splitlines())) <= 40


def test_a_verdict_on_all_loops_stands_on_top_with_the_strongest():
    def verdict(*loops: dict[str, Any]) -> str:
        return accounts(*loops, width=200).splitlines()[1]

    said = verdict(loop("small", 20.0), loop("large", -300.0, sign=-1), loop("noise", 9.0))
    assert said == "The 3 loops together contribute +5.00 EUR to profit; the strongest is large (-300 EUR)."
    assert verdict(loop("noise", 9.0), loop("none", 0.0)).endswith("none by itself moves profit by more than luck.")
    assert verdict(loop("only", 9.0)) == "The one loop, only, contributes +9.00 EUR to profit (no more than luck)."


def test_loops_that_luck_could_make_of_nothing_are_counted_and_shown_on_request():
    steady = {"mean": 0.01, "ci95": [0.005, 0.015], "unit": "share"}
    kept = loop("kept", 3.0) | {"worth": {"profit": loop("x", 3.0)["worth"]["profit"], "retention_rate": steady}}
    found = (loop("large", 300.0), kept, loop("noise", 9.0), loop("hum", -9.0))
    few, everything = accounts(*found, width=150), accounts(*found, width=150, everything=True)
    assert "large" in few and "kept" in few and "noise" not in few and "hum" not in few
    assert "2 more loops are worth nothing measurable: --all shows them." in few
    assert "noise" in everything and "hum" in everything and "--all" not in everything
    assert "1 loop is worth nothing measurable: --all shows it." in accounts(loop("noise", 9.0))


def test_a_cut_of_several_parameters_says_so():
    several = {f"behaviors.word_of_mouth.{one}": 0.0 for one in ("strong", "weak")}
    by_segment = {"behaviors.loyalty.effect": 0.0, "market.segments.town.behaviors.loyalty.effect": 0.0}
    said = accounts(
        loop("word_of_mouth", 50.0) | {"cut": several},
        loop("desk.wait", 40.0) | {"cut": {**several, "behaviors.word_of_mouth.ill": 0.0}},
        loop("loyalty.effect", 30.0) | {"cut": by_segment},
        width=150,
    )
    assert re.search(r"^word_of_mouth\.\* +\+50", said, re.M) and "  word_of_mouth.*: reinforcing" in said
    assert re.search(r"^desk\.wait \+2 more +\+40", said, re.M)
    assert re.search(r"^loyalty\.effect +\+30", said, re.M), "a segment's own value is the same parameter"
    assert "--json names them all" in said and "--json" not in accounts(loop("loyalty.effect", 30.0) | {"cut": by_segment})


CLAIM = {
    "name": "repurchase", "kpi": "repurchase_rate", "unit": "share", "wording": "up 40 %", "reading": "relative",
    "bound": "exact",
    "claimed": 0.4, "simulated": 0.021, "ci95": [0.018, 0.024], "ci95_all": [-0.05, 0.12], "verdict": "above", "reason": None,
    "source": "a deck",
}  # fmt: skip
CLAIMS = [
    CLAIM,
    {**CLAIM, "reading": "points", "simulated": 0.0127, "ci95_all": [-0.03, 0.072], "verdict": "not_possible", "reason": "1.27 is above 1"},
    {**CLAIM, "name": "growth", "kpi": "referrals", "unit": "people", "reading": "by_multiple", "claimed": 3.0, "simulated": 0.93},
    {**CLAIM, "name": "activity", "reading": "level", "bound": "at_least", "claimed": 0.6, "simulated": 0.364, "verdict": "unknown"},
]


@pytest.mark.parametrize("width", [80, 120])
def test_claims_stand_beside_what_was_simulated(width):
    text = printed(DOCUMENT | {"scenarios": [{**DOCUMENT["scenarios"][0], "claims": CLAIMS}]}, width)
    lines, text = text.splitlines(), text.replace(SPACE, " ").replace(MINUS, "-")
    assert max(cell_len(line.rstrip()) for line in lines) <= width
    said = " ".join(text.split())
    for one in ("+40.0 %", "+2.1 %", "-5.0 to +12.0 %", "\u25b2 above", "+40.0 pts", "-3.0 to +7.2 pts", "x not possible", "+3 x",
                "+0.93 x", "least", "60.0 %", "36.4 %", "Repurchase: 1.27 is above 1.", "A claim is no part"):  # fmt: skip
        assert one in said, one


def test_the_cost_rows_are_all_the_ledger_knows_that_gross_margin_does_not_hold():
    """Profit is gross margin less these rows, so a new line of program costs must become a row."""
    assert {*COST_KPIS, "discounts"} == set(PROGRAM_COSTS)
