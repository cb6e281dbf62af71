"""The page of a test: led by the answer in money, ended by what the test could not see, and true to the analysis."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from regulars.abtest import analyze, write_report
from regulars.analysis.report import render_test
from regulars.experiments.outputs import OutputError

PLAN: dict[str, Any] = {
    "unit": "customer", "arm": "arm", "control": "control", "cluster": "customer", "week": "week",
    "metrics": {
        "margin": {"kind": "mean", "column": "margin", "covariate": "before"},
        "bought": {"kind": "proportion", "column": "bought"},
    },
    "guardrails": {"complaints": {"kind": "mean", "column": "complaints", "margin": 0.05, "relative": True, "better": "lower"}},
    "expected_shares": {"control": 0.5, "treatment": 0.5},
    "looks": {"spending": "obrien_fleming", "planned": 4, "taken": 2},
    "decision": {
        "customers": 200000, "cost_per_customer": 0.35, "fixed_cost": 20000, "test_weeks": 1, "horizon_weeks": 52, "currency": "CNY",
        "dampening": 0.2, "dampening_sd": 0.1, "prior": {"mean": 0, "sd": 1}, "extension": {"weeks": 8, "units": 4000, "cost": 12000},
    },
}  # fmt: skip


def data(n: int = 600, effect: float = 0.3, names: tuple[str, str] = ("control", "treatment")) -> pd.DataFrame:
    luck = np.random.default_rng(4)
    customer, week = np.repeat(np.arange(n), 6), np.tile(np.arange(1, 7), n)
    treated, kind = luck.integers(0, 2, n), luck.normal(size=n)
    margin = 2.0 + 0.4 * kind[customer] + effect * treated[customer] + luck.normal(size=6 * n)
    columns = {"customer": customer, "week": week, "arm": np.array(names)[treated][customer], "margin": margin}
    complaints = luck.poisson(0.1, 6 * n)
    return pd.DataFrame({**columns, "before": 10 + 2 * kind[customer], "bought": (margin > 2.2) * 1, "complaints": complaints})


class Page(HTMLParser):
    """Elements, and all text outside of styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._quiet = "", 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._quiet += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag == "style"

    def handle_data(self, data: str) -> None:
        self.text += "" if self._quiet else data


@pytest.fixture(scope="module")
def found() -> Any:
    return analyze(data(), PLAN)


@pytest.fixture(scope="module")
def page(found) -> Page:
    return Page(render_test(found, command="regulars abtest analyze data.csv --plan plan.yaml", version="9.9"))


def test_it_is_led_by_the_answer_in_money_and_ends_with_what_the_test_could_not_see(found, page):
    heads = [one["id"] for tag, one in page.tags if tag == "section"]
    assert heads == ["answer", "trust", "effects", "time", "appendix", "unseen"]
    assert page.text.index(found.decision["treatment"].sentence) < page.text.index("Can the test be trusted?")
    last = page.text.partition("What the test could not see")[2]
    for told in ("Customers talk across the arms", "80.0", "Time after the test", "Rewards that were promised", "no segment was declared"):
        assert told in last


def test_it_stands_alone(page):
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form"}
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert all(str(attributes.get(name, "#")).startswith("#") for name in ("href", "src"))
    assert "http" not in page.text


def test_its_numbers_are_those_of_the_analysis(found, page):
    plain = page.text.replace("\u2212", "-").replace("\u00a0", " ")
    for by_arm in found.comparisons.values():
        difference = by_arm["treatment"].contrast.difference
        for value in (difference.value, *difference.interval):
            assert f"{value:+,.4g}" in plain
    decision = found.decision["treatment"]
    for choice in decision.choices.values():
        assert f"{choice.expected_profit:+,.0f}".replace("+0", "0") in plain
        assert f"{choice.expected_regret:,.0f}" in plain
    for light in found.lights:
        assert light.sentence[1:] in page.text


def test_equal_analyses_give_equal_bytes(found):
    assert render_test(found) == render_test(analyze(data(), PLAN))


def test_names_of_users_are_text_and_nothing_else():
    names = ("control", "<script>alert(1)</script>\u202e&<b>")
    plan = {**PLAN, "expected_shares": None, "metrics": {"<img src=x>利潤": PLAN["metrics"]["margin"]}}
    plan.pop("expected_shares")
    shown = Page(render_test(analyze(data(names=names), plan)))
    assert not {tag for tag, _ in shown.tags} & {"script", "img", "b>"}
    assert "<script>alert(1)</script>" in shown.text and "利潤" in shown.text
    assert "\u202e" not in shown.text


def test_without_stakes_it_says_that_there_is_no_answer_in_money():
    plan = {key: one for key, one in PLAN.items() if key not in ("decision", "looks", "week", "guardrails")}
    shown = Page(render_test(analyze(data(), plan)))
    assert "no answer in money" in shown.text and "What could be done" not in shown.text
    assert "rehearse the design" in shown.text and "names no column of weeks" in shown.text


def test_a_broken_test_is_not_to_be_relied_on():
    frame = data()
    some = frame.query("arm != 'control' or customer % 3 > 0")
    shown = Page(render_test(analyze(some, PLAN)))
    answer = shown.text.partition("The answer")[2].partition("Can the test")[0]
    assert "Do not rely on it." in answer and "not as planned" in answer


def test_a_report_is_written_whole_and_over_nothing_else(found, tmp_path):
    path = write_report(found, tmp_path / "test.html", command="again")
    assert re.search(r"<pre[^>]*>again</pre>", path.read_text(encoding="utf-8"))
    with pytest.raises(OutputError, match=re.escape("must end in .html or .htm")):
        write_report(found, tmp_path / "test.csv")
