import copy
import json
import math
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from regulars.analysis.report import page
from regulars.analysis.report.words import MINUS, SPACE, plain

FOLDER = Path(page.__file__).parent
DOCUMENT = json.loads(Path(__file__).with_name("document.json").read_text(encoding="utf-8"))
VOID = {"meta", "wbr", "br"}

PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "</svg><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</desc><script>alert(1)</script>",
    "</text><a href='javascript:alert(1)'>x</a>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "]]><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "<!--<img src=--><img src=x onerror=alert(1)>",
    "\"><img src=x onerror=alert(1)>",
    "'><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' onfocus='alert(1)' autofocus='",
    "` onmouseover=alert(1) `",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
    "<iframe src=\"https://evil.example\"></iframe>",
    "<object data=\"https://evil.example\"></object>",
    "<embed src=https://evil.example>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<form action=https://evil.example><input name=x></form>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<div style=\"background:url(https://evil.example/x.png)\">",
    "<details open ontoggle=alert(1)>",
    "<math><mtext></mtext><script>alert(1)</script></math>",
    "<foreignObject><script>alert(1)</script></foreignObject>",
    "<image href=https://evil.example/x.png>",
    "<use href=\"data:image/svg+xml,<svg id='x'/>#x\">",
    "<animate onbegin=alert(1) attributeName=x>",
    "{{ 7 * 7 }}{% include 'style.jinja' %}{{ self }}",
    "${7*7} #{7*7} $\\frac{1}{$",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\u2028<script>alert(1)</script>\u2029",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "\x1b[31m<script>alert(1)</script>",
    "\u202e>tpircs<",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<script>alert(1)</script>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
]


class Reader(HTMLParser):
    """What a browser would see: tags in their order, attributes, text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.open, self.words, self.parents = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.parents.append(tuple(self.open))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words).replace(SPACE, " ").replace(MINUS, "-")

    def values(self, name):
        return [value for _, one, value in self.attributes if one == name]


@pytest.fixture(scope="module")
def benign():
    return Reader(page.render(DOCUMENT))


def small(payload):
    """A short comparison in which every text and every name is the payload."""

    def poisoned(thing: Any) -> Any:
        if isinstance(thing, dict):
            return {key: poisoned(value) for key, value in thing.items()}
        if isinstance(thing, list):
            return [poisoned(value) for value in thing]
        return payload if isinstance(thing, str) else thing

    document = poisoned(DOCUMENT)
    row = document["scenarios"][0]
    row["weekly"] = {"week": [1, 2], "cumulative_cash": {"mean": [-1.0, 1.0], "low": [-2.0, 0.0], "high": [0.0, 2.0]}}
    row["differences"] = {payload: row["differences"]["revenue"], "discounted_profit": row["differences"]["discounted_profit"]}
    row["views"] = {payload: row["views"]["cash"]}
    row["naive"]["before_after"]["claimed_lift"] = None
    row["sensitivity"] = row["sensitivity"][:2]
    return document | {"scenarios": [row, row]}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_of_users_becomes_more_than_text(payload, benign):
    found = Reader(page.render(small(payload)))
    assert set(found.tags) <= set(benign.tags)
    assert {name for _, name, _ in found.attributes} <= {name for _, name, _ in benign.attributes}
    assert all(value.startswith("#") for value in found.values("href"))
    assert not any(re.search(r"url\((?!#)", value) for name in ("style", "clip-path", "fill") for value in found.values(name))
    assert plain(payload)[:20] in " ".join(found.words)


def test_the_page_asks_for_nothing(benign):
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "base", "image"} & set(benign.tags)
    assert not [name for _, name, _ in benign.attributes if name.startswith("on") or name in ("src", "srcset", "action", "data")]
    assert all(value.startswith("#") for value in benign.values("href"))
    assert not re.search(r"https?://|@import|url\((?!#)", page.render(DOCUMENT))


def test_the_page_forbids_itself_to_ask_for_anything(benign):
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in benign.values("content")
    assert "Content-Security-Policy" in benign.values("http-equiv")


def test_equal_documents_give_equal_bytes():
    assert page.render(DOCUMENT) == page.render(copy.deepcopy(DOCUMENT))


def test_ten_scenarios_over_two_years_stay_below_a_megabyte():
    row = copy.deepcopy(DOCUMENT["scenarios"][0])
    weeks = list(range(1, 105))
    course = {name: [1234.5 * week + at for week in weeks] for at, name in enumerate(("mean", "low", "high"))}
    row["weekly"] = {"week": weeks, "cumulative_cash": course, "low_all": course["low"], "high_all": course["high"]}
    row["sensitivity"] = row["sensitivity"] * 3
    rows = [row | {"name": f"Plan {at}"} for at in range(10)]
    assert len(page.render(DOCUMENT | {"scenarios": rows}).encode()) < 1_000_000


def test_the_page_is_well_formed_and_named(benign):
    assert benign.open == []
    assert ("html", "lang", "en") in benign.attributes
    assert benign.tags.count("h1") == 1
    assert "Will it pay? Points, 會員積分與城市社群, Newsletter against Online shop" in benign.words


def test_ids_are_unique_and_links_lead_somewhere(benign):
    ids = benign.values("id")
    assert len(ids) == len(set(ids))
    assert {value[1:] for value in benign.values("href")} <= set(ids)
    assert set(benign.values("aria-labelledby")) <= set(ids)


def test_headings_skip_no_level(benign):
    levels = [int(tag[1]) for tag in benign.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_each_chart_is_an_image_with_name_and_description(benign):
    charts = [at for at, tag in enumerate(benign.tags) if tag == "svg"]
    assert len(charts) == 1 + 4 + 4 + 4
    assert all(benign.tags[at + 1 : at + 3] == ["title", "desc"] for at in charts)
    assert sum(tag == "svg" and (name, value) == ("role", "img") for tag, name, value in benign.attributes) == len(charts)


def test_each_table_has_a_caption_and_heads_with_a_scope(benign):
    tables = [at for at, tag in enumerate(benign.tags) if tag == "table"]
    assert tables and all(benign.tags[at + 1] == "caption" for at in tables)
    scopes = [value for tag, name, value in benign.attributes if (tag, name) == ("th", "scope")]
    assert len(scopes) == benign.tags.count("th") and set(scopes) == {"col", "row"}


def test_data_of_charts_are_folded_away(benign):
    folded = [at for at, tag in enumerate(benign.tags) if tag == "table" and "details" in benign.parents[at]]
    # Weekly cash, profit lines and KPIs of three scenarios.
    assert len(folded) == 9


@pytest.mark.parametrize("row", DOCUMENT["scenarios"], ids=lambda row: row["scenario"])
def test_all_numbers_of_the_tables_are_there(row, benign):
    text = benign.text
    cash = row["weekly"]["cumulative_cash"]
    expected = [f"{value:,.0f}" for name in ("mean", "low", "high") for value in cash[name] if abs(value) >= 0.5]
    expected += [f"{row['weekly'][name][-1]:,.0f}" for name in ("low_all", "high_all")]
    expected += [f"{line['mean']:+,.0f}" for line in row["waterfall"] if line["mean"]]
    expected += [f"{one[end]:+,.0f}" for one in row["sensitivity"] for end in ("profit_low", "profit_high")]
    expected += [f"{one['switching_value']:.4g}" for one in row["sensitivity"] if isinstance(one["switching_value"], float)]
    expected += [f"{100 * roi['value']:+.1f} %" for roi in row["views"].values() if roi["value"] is not None]
    expected += [f"{100 * row['probability_of_loss']:.1f} %".replace(".0 %", " %")]
    expected += [f"{row['naive']['members'][name]:+,.0f}" for name in ("claimed_gain", "true_gain")]
    for one in filter(None, row["differences"].values()):
        if one["unit"] == "money" and min(abs(one["mean"]), *(abs(end) for end in one["ci95"])) >= 100:
            expected += [f"{one['mean']:+,.0f}", *(f"{end:+,.0f}" for end in one["ci95"])]
    assert len(expected) > 180
    assert sorted({one for one in expected if one not in text}) == []


def test_the_page_says_what_the_sensitivity_table_is_made_of(benign):
    assert benign.text.count("This table is made of 3 replications of 20, and shifted") == 3
    assert "luck of this table" not in benign.text


def test_a_plan_whose_cash_never_falls_below_nothing_is_not_paid_back_in_a_week():
    row = copy.deepcopy(DOCUMENT["scenarios"][1]) | {"payback_week": 1}
    row["weekly"]["cumulative_cash"]["mean"] = [max(0.0, one) for one in row["weekly"]["cumulative_cash"]["mean"]]
    text = Reader(page.render(DOCUMENT | {"scenarios": [row]})).text
    assert "never below 0" in text and "Its mean never falls below 0." in text and "Never below 0." in text
    assert "week 1." not in text.lower() and "week 1 " not in text.lower()


def test_few_draws_leave_the_verdict_open():
    text = Reader(page.render(DOCUMENT | {"draws": 20})).text
    assert "Cannot tell from 20 draws: 50 or more are needed" in text and "Likely to lose" not in text


def test_sources_stand_beside_ranges(benign):
    for one in DOCUMENT["scenarios"][0]["sensitivity"]:
        assert one["source"] in benign.text


def test_the_page_says_what_it_cannot_tell_and_how_to_do_it_again(benign):
    assert "What this page cannot tell" in benign.words and DOCUMENT["command"] in benign.words


def test_each_scenario_names_its_view_where_they_differ():
    document = copy.deepcopy(DOCUMENT)
    told = "are in the cash view. ROI:"
    assert told in " ".join(page.render(document).split())
    document["scenarios"].append(copy.deepcopy(document["scenarios"][0]))
    document["scenarios"][-1]["roi"]["view"] = "accrual"
    text = " ".join(page.render(document).split())
    assert told not in text and "named under its ROI" in text
    table = text[text.index("<caption>Side by side") : text.index("</table>")]
    assert re.findall("<small>(cash|accrual) view</small>", table) == [one["roi"]["view"] for one in document["scenarios"]]


def test_views_that_disagree_are_pointed_out():
    document = copy.deepcopy(DOCUMENT)
    document["scenarios"][0]["views"]["clv"]["profit"]["mean"] = 200.0
    assert "The answer depends on the view" in page.render(document)
    assert "The answer depends on the view" not in page.render(DOCUMENT)


def broken(thing: Any) -> Any:
    """The document with every number turned into something that is none."""
    if isinstance(thing, dict):
        return {key: broken(value) for key, value in thing.items()}
    if isinstance(thing, list):
        return [broken(value) for value in thing]
    return (math.nan, math.inf, None)[int(abs(thing)) % 3] if isinstance(thing, float) else thing


def test_what_is_no_number_is_never_printed():
    text = Reader(page.render(broken(DOCUMENT))).text
    assert re.findall(r"\b(?:nan|NaN|inf|Infinity|None|undefined)\b", text) == []


def test_a_document_of_the_contracts_keys_alone_is_a_page():
    row = {
        "scenario": "points",
        "differences": {"profit": None},
        "roi": {"value": None, "ci95_luck": None, "ci95_all": None, "view": "cash", "horizon_weeks": 52, "reason": "no cost"},
        "payback_week": None,
        "probability_of_loss": None,
        "break_even": {},
        "naive": {},
    }
    found = Reader(page.render({"baseline": "base", "seed": 1, "replications": 1, "run_dir": None, "scenarios": [row]}))
    assert found.open == [] and "None" not in found.text
    assert Reader(page.render({"baseline": "base", "scenarios": []})).open == []


def test_words_can_be_read_on_their_ground():
    style = (FOLDER / "style.jinja").read_text(encoding="utf-8")
    colors = dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", style))

    def luminance(color):
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    # WCAG 2.2, success criterion 1.4.3: 4.5 to 1.
    for words in ("ink", "quiet", "gain", "loss", "open"):
        for ground in ("#ffffff", colors["wash"]):
            assert (luminance(ground) + 0.05) / (luminance(colors[words]) + 0.05) >= 4.5, (words, ground)


def test_claims_stand_beside_what_was_simulated(benign):
    claim = DOCUMENT["scenarios"][0]["claims"][0]
    assert (claim["claimed"], claim["simulated"]) == (0.3, 0.01953)
    for one in ("members buy 30 % more", "relative change", "+30.0 %", "+2.0 %", "\u25b2 above", "vendor brochure", "by luck alone"):
        assert one in benign.text, one
