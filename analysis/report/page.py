"""The planner's answer as one HTML page that stands alone: no script, no address, nothing to load.

A planner hands it to people who were not in the room, so it leads with the answer in words, shows what the answer rests on,
and says what it cannot tell. Equal documents give equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from . import charts, words
from .words import NOTHING, known, money, number, percent, plain, setting, span

MOST_TEXT = 2000


def render(document: Mapping[str, Any]) -> str:
    """The page of a comparison.

    Args:
        document: What `compare --json` prints; parts that are missing or null are left out of the page.

    Returns:
        One self-contained HTML document.
    """
    return environment().get_template("page.jinja").render(_view(document)) + "\n"


def environment() -> Any:
    """What turns the templates of this package into pages: user's text is escaped, a missing word is an error."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> str:
    """Text of a template of this package."""
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")


def _view(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with everything said: the template decides where words stand, never what they are."""
    currency = words.currency_of(document)
    rows = [_scenario(at, row, document, currency) for at, row in enumerate(document.get("scenarios") or [], start=1)]
    views = {row["roi_view"] for row in rows}
    baseline = plain(document.get("baseline_name") or document.get("baseline") or "the baseline", limit=120)
    return {
        "title": f"Will it pay? {', '.join(row['name'] for row in rows)} against {baseline}",
        "baseline": baseline,
        "currency": currency,
        "facts": _facts(document, currency),
        "scenarios": rows,
        "roi_view": views.pop() if len(views) == 1 else "",
        "overview": markup(charts.overview(document, currency)) if len(rows) > 1 else "",
        "assumptions": _assumptions(document.get("scenarios") or []),
        "sensitivity_note": words.sensitivity_note(document),
        "limits": words.limits(document),
        "command": plain(document.get("command") or "", limit=MOST_TEXT),
        "provenance": _provenance(document),
    }


def markup(svg: str) -> Any:
    """A chart as part of the page; its text was escaped when it was drawn."""
    from markupsafe import Markup

    return Markup(svg)  # noqa: S704 - written by charts alone, where every user's text went through an XML writer


def _facts(document: Mapping[str, Any], currency: str) -> list[str]:
    """What was simulated, in a few words each."""
    draws = known(document.get("draws"))
    told = [
        f"{number(document.get('weeks'), digits=0)} weeks",
        f"{number(document.get('people'), digits=0)} people in the market" if known(document.get("people")) is not None else "",
        f"{number(document.get('replications'), digits=0)} paired replications",
        f"{number(draws, digits=0)} draws of uncertain parameters" if draws else "no uncertain parameters drawn",
        f"amounts in {currency}",
    ]
    return [one for one in told if one]


def _provenance(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where the numbers come from."""
    pairs = [
        ("Program version", document.get("version")),
        ("Seed", document.get("seed")),
        ("Replications", document.get("replications")),
        ("Draws", document.get("draws")),
        ("Run folder", document.get("run_dir")),
    ]
    return [(label, plain(value, limit=MOST_TEXT)) for label, value in pairs if value is not None]


def _scenario(at: int, row: Mapping[str, Any], document: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """One scenario, said."""
    gain, roi, even = words.profit(row), row.get("roi") or {}, row.get("break_even") or {}
    absent: set[str] = set(document.get("absent") or ())
    unpaired = row.get("unpaired") or {}
    told = {name: None if name in absent else one or unpaired.get(name) for name, one in (row.get("differences") or {}).items()}
    return {
        "anchor": f"scenario-{at}",
        "name": words.scenario_name(row),
        "id": plain(row.get("scenario") or ""),
        "description": plain(row.get("description") or "", limit=MOST_TEXT),
        "answer": words.answer(row, document),
        "verdict": words.verdict(row, document),
        "figures": words.figures(row, document),
        "warnings": [plain(one, limit=MOST_TEXT) for one in row.get("warnings") or []],
        "profit": money(gain.get("mean"), currency, signed=True),
        "profit_interval": span(gain.get("ci95")),
        "roi": words.roi_value(roi),
        "roi_luck": span(roi.get("ci95_luck"), percent),
        "roi_all": span(roi.get("ci95_all"), percent),
        "roi_view": words.VIEW_NAMES.get(str(roi.get("view")), plain(roi.get("view") or NOTHING, limit=40)),
        "risk": words.probability(row.get("probability_of_loss"), document.get("draws")),
        "payback": words.payback(row, document),
        "reached": percent(even.get("achieved_over_required"), digits=0),
        "fan": markup(charts.fan(row, currency)),
        "fan_caption": _fan_caption(row, document),
        "weekly": _weekly(row),
        "waterfall": markup(charts.waterfall(row, currency)),
        "lines": _lines(row),
        "views": _views(row),
        "views_disagree": _views_disagree(row),
        "readings": markup(charts.readings(row, currency)),
        "naive": words.naive_sentences(row, document),
        "naive_rows": _naive_rows(row),
        "tornado": markup(charts.tornado(row, currency)),
        "tornado_rows": charts.MOST_ROWS,
        "sensitivity": _sensitivity(row),
        "turns": _turns(row),
        "kpis": [words.kpi_row(name, one, currency) for name, one in told.items() if one],
        "unmeasured": [words.kpi_name(name) for name, one in told.items() if not one],
        "claims": _claims(row, currency),
        "claim_note": words.claim_note(row.get("claims") or []),
    }


def _fan_caption(row: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """What to see in the course of cash."""
    week, weekly = known(row.get("payback_week")), row.get("weekly") or {}
    if week == 1:
        said = "Its mean never falls below 0."
    else:
        said = f"Paid back in week {number(week, digits=0)}." if week is not None else f"Payback: {words.payback(row, document)}."
    said += " The line is the mean over replications, the shade around it the 95\u00a0% interval of this mean."
    return said + (" Dashed edges hold 95\u00a0% of draws of luck and uncertain parameters." if weekly.get("low_all") else "")


def _weekly(row: Mapping[str, Any]) -> list[list[str]]:
    """Course of cumulative cash as a table."""
    weekly = row.get("weekly") or {}
    cash, weeks = weekly.get("cumulative_cash") or {}, weekly.get("week") or []
    courses = [cash.get("mean"), cash.get("low"), cash.get("high"), weekly.get("low_all"), weekly.get("high_all")]
    return [
        [
            number(week, digits=0),
            *(number(one[at], digits=0) if isinstance(one, Sequence) and len(one) == len(weeks) else NOTHING for one in courses),
        ]
        for at, week in enumerate(weeks)
    ]


def _lines(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Steps from margin to profit as a table."""
    return [
        (plain(one.get("line") or ""), number(one.get("mean"), digits=0, signed=True), span(one.get("ci95"), _whole))
        for one in row.get("waterfall") or []
    ]


def _whole(value: float) -> str:
    """Money without cents."""
    return number(value, digits=0)


def _views(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return on cost in each view of money."""
    return [
        {
            "name": words.VIEW_NAMES.get(str(name), plain(name, limit=40)),
            "roi": words.roi_value(roi),
            "reason": plain(roi.get("reason") or "") if known(roi.get("value")) is None else "",
            "luck": span(roi.get("ci95_luck"), percent),
            "all": span(roi.get("ci95_all"), percent),
            "weeks": number(roi.get("horizon_weeks"), digits=0),
            "counts": words.VIEWS.get(str(name), ""),
        }
        for name, roi in (row.get("views") or {}).items()
        if roi
    ]


def _views_disagree(row: Mapping[str, Any]) -> bool:
    """Whether the answer depends on the view of money."""
    values = [known(((one or {}).get("profit") or {}).get("mean")) for one in (row.get("views") or {}).values()]
    return len({value < 0 for value in values if value is not None}) > 1


def _naive_rows(row: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Claims of everyday readings beside the truth, as a table."""
    naive = row.get("naive") or {}
    before, members, truth = (naive.get(part) or {} for part in ("before_after", "members", "truth"))
    told = []
    for name, one, true_lift, true_gain in (
        ("Before and after launch", before, truth.get("lift"), truth.get("gain")),
        ("Members against non-members", members, members.get("true_lift"), members.get("true_gain")),
    ):
        if one:
            lifts = (percent(one.get("claimed_lift"), signed=True), percent(true_lift, signed=True))
            gains = (number(one.get("claimed_gain"), signed=True), number(true_gain, signed=True))
            told.append((name, lifts[0], gains[0], lifts[1], gains[1]))
    return told


def _sensitivity(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sensitivity table, said."""
    return [
        {
            "path": _parts(one.get("path")),
            "unit": "" if one.get("unit") in (None, "", "1") else plain(one["unit"], limit=30),
            "default": setting(one.get("default")),
            "range": words.between(setting(one.get("low")), setting(one.get("high"))),
            "profit": words.between(number(one.get("profit_low"), signed=True), number(one.get("profit_high"), signed=True)),
            "roi": words.between(percent(one.get("roi_low"), signed=True), percent(one.get("roi_high"), signed=True)),
            "switching": _switching(one),
            "source": plain(one.get("source") or "not stated", limit=MOST_TEXT),
        }
        for one in row.get("sensitivity") or []
    ]


def _parts(path: Any) -> list[str]:
    """A dotted path in pieces between which a line may break."""
    return re.findall(r"[^._]*[._]?", plain(path or ""))[:-1]


def _switching(one: Mapping[str, Any]) -> str:
    """Where the answer turns."""
    if one.get("switching_value") is None:
        return "not in range"
    return ("if " if one.get("kind") == "switch" else "at ") + setting(one["switching_value"])


def _turns(row: Mapping[str, Any]) -> str:
    """The sentence on what could turn the answer."""
    rows = row.get("sensitivity") or []
    turning = [one for one in rows if one.get("switching_value") is not None]
    if not rows:
        return ""
    if not turning:
        return "No parameter alone turns the answer within its range."
    told = [f"{plain(one.get('path') or '')} ({_switching(one)}; default {setting(one.get('default'))})" for one in turning[:5]]
    more = f", and {len(turning) - 5} more" if len(turning) > 5 else ""
    return f"Alone enough to turn a gain into a loss or a loss into a gain: {', '.join(told)}{more}."


def _claims(row: Mapping[str, Any], currency: str) -> list[dict[str, str]]:
    """What others claim beside what the simulation says, one row a reading."""
    return [
        {
            **words.claim_row(one, currency),
            "wording": plain(one.get("wording") or "", limit=MOST_TEXT),
            "source": plain(one.get("source") or "not stated", limit=MOST_TEXT),
        }
        for one in row.get("claims") or []
    ]


def _assumptions(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Uncertain parameters of all scenarios, each once."""
    told: dict[tuple[str, str, str, str], list[str]] = {}
    for row in rows:
        for one in row.get("uncertain") or []:
            key = (
                plain(one.get("path") or ""),
                setting(one.get("low")),
                setting(one.get("high")),
                plain(one.get("source") or "not stated", limit=MOST_TEXT),
            )
            told.setdefault(key, []).append(words.scenario_name(row))
    return [
        {
            "path": _parts(path),
            "low": low,
            "high": high,
            "source": source,
            "scenarios": "all" if len(names) == len(rows) else ", ".join(names),
        }
        for (path, low, high, source), names in sorted(told.items())
    ]
