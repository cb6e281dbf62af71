import copy
import json
import re
from pathlib import Path

import matplotlib
import pytest

from regulars.analysis.report import charts

DOCUMENT = json.loads(Path(__file__).with_name("document.json").read_text(encoding="utf-8"))
LOSES, GAINS, FREE = DOCUMENT["scenarios"]
OF_ONE = [charts.fan, charts.waterfall, charts.readings, charts.tornado]


def changed(row, **more):
    return copy.deepcopy(row) | more


@pytest.mark.parametrize("chart", OF_ONE)
def test_a_chart_is_an_image_with_a_name_and_a_description(chart):
    svg = chart(LOSES, "USD")
    assert re.match(r'<svg viewBox="[0-9. ]+" role="img" class="chart"><title>[^<]*Points</title><desc>[^<]+</desc>', svg)


@pytest.mark.parametrize("chart", OF_ONE)
def test_colors_are_colors(chart):
    found = set(re.findall(r"(?:fill|stroke)(?::\s*|=\")([^;\"]+)", chart(LOSES, "USD")))
    odd = [one for one in found if not re.fullmatch(r"#[0-9a-f]{6}|none|#[0-9a-f]{3}|url\(#[\w-]+\)|white|black", one)]
    assert found and not odd


@pytest.mark.parametrize("chart", OF_ONE)
def test_what_is_referred_to_is_there(chart):
    svg = chart(LOSES, "USD")
    used = set(re.findall(r"url\(#([\w-]+)\)|href=\"#([\w-]+)\"", svg))
    assert {one or other for one, other in used} <= set(re.findall(r'\bid="([\w-]+)"', svg))


def test_charts_of_one_page_share_no_ids():
    ids = [re.findall(r'\bid="([\w-]+)"', chart(row, "USD")) for chart in OF_ONE for row in (LOSES, GAINS)]
    flat = [one for some in ids for one in some]
    assert flat and len(flat) == len(set(flat))


def test_a_readers_own_matplotlib_settings_change_nothing():
    before = charts.waterfall(LOSES, "USD")
    with matplotlib.rc_context({"font.size": 30, "text.usetex": False, "axes.facecolor": "red", "svg.hashsalt": None}):
        assert charts.waterfall(LOSES, "USD") == before
        assert matplotlib.rcParams["font.size"] == 30


def test_names_with_dollars_are_no_formulas():
    svg = charts.overview(DOCUMENT | {"scenarios": [changed(LOSES, name="$5 off $10 \\frac{"), GAINS]}, "USD")
    assert "$5 off $10 \\frac{" in svg


def test_chinese_names_stay_text():
    assert GAINS["name"] in charts.overview(DOCUMENT, "USD")


def test_fan_without_interval_or_payback_is_a_line():
    weekly = {"week": [1, 2, 3], "cumulative_cash": {"mean": [-1.0, 0.0, 2.0], "low": None, "high": None}}
    assert charts.fan(changed(LOSES, weekly=weekly, payback_week=None), "USD").count("<title>") == 1


def test_nothing_is_drawn_from_nothing():
    nothing = {"scenario": "x", "weekly": None, "waterfall": [], "naive": None, "sensitivity": None, "differences": {}}
    assert [chart(nothing, "USD") for chart in OF_ONE] == ["", "", "", ""]
    assert charts.overview({"scenarios": [nothing]}, "USD") == ""


def test_the_largest_swings_are_drawn_and_no_more():
    one = LOSES["sensitivity"][0]
    svg = charts.tornado(changed(LOSES, sensitivity=[{**one, "path": f"some.parameter{at}"} for at in range(30)]), "USD")
    assert "some.parameter9" in svg and "some.parameter10" not in svg


def test_two_ends_on_one_side_of_the_default_are_both_drawn():
    one = LOSES["sensitivity"][0] | {"low": 3, "high": 7, "profit_low": -10.0, "profit_high": -20.0, "profit_default": -5.0}
    svg = charts.tornado(changed(LOSES, sensitivity=[one]), "USD")
    assert re.search(r">3</text>", svg) and re.search(r">7</text>", svg)


def test_waterfall_tells_each_line_and_leaves_out_costs_that_nobody_has():
    lines = [{"line": name, "mean": mean, "ci95": None} for name, mean in (("margin", 90.0), ("rewards", 0.0), ("profit", 90.0))]
    svg = charts.waterfall(changed(LOSES, waterfall=lines), "USD")
    assert ">margin</text>" in svg and ">profit</text>" in svg and ">rewards</text>" not in svg
