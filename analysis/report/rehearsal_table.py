"""A rehearsal for a terminal: which design tells the truth, and what each costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .table import lay, open_console, say
from .words import NOTHING, SPACE, known, many, money, number, percent, plain

if TYPE_CHECKING:
    from rich.console import Console

PLUS_MINUS = "\u00b1"
CLOSE = 0.1
"""Part of the truth by which an estimate may be off on average before that is pointed out (assumed)."""
RATES = ("coverage", "false_positive_rate", "power", "wrong_sign")
KINDS = {
    "gained": "ordered\nmore",
    "subsidized": "rewarded,\nno more",
    "untouched": "un-\nchanged",
    "lost": "ordered\nless",
}


def print_rehearsal(document: Mapping[str, Any], console: Console | None = None) -> None:
    """Print what `abtest rehearse --json` gives as a strategist reads it: the answer, then truth, designs, money and people."""
    out, currency = console or open_console(), str(document.get("currency") or "")
    designs = document["designs"]
    for line in answer(document):
        say(out, line, bold=True)
    for name, one in designs.items():
        say(out, "")
        people = number(one["customers"]["value"], digits=0)
        say(out, f"{plain(name)}: {one['randomize']}, {many(one['weeks'], 'week')}, {people} customers")
        say(out, f"  Truth sought: {one['estimand']}.")
        if len(one["arms"]) > 2:
            control, treatment = (plain(arm) for arm in one["compared"])
            others = ", ".join(plain(arm) for arm in one["arms"][2:])
            say(out, f"  {treatment} is compared with {control}; {others}: put first among the treatments to rehearse.")
        for metric in one["metrics"]:
            _metric(out, metric, one)
        _looks(out, one)
        _money(out, one, currency)
    if document.get("frontier"):
        say(out, "")
        _frontier(out, document, currency)
    say(out, "")
    _individuals(out, designs, currency)
    over = many(document["worlds"], "world")
    say(out, f"{PLUS_MINUS}: Monte-Carlo error over {over}. False positives: the same people and arms, nobody treated.")


def answer(document: Mapping[str, Any]) -> list[str]:
    """One or two sentences: which design, and how far off the others would be."""
    designs = document["designs"]
    rows = document.get("frontier") or [_only(designs)]
    rows = [row for row in rows if row and row["within_budget"]]
    if not rows:
        return ["No design is within the budget, or none could be read."]
    best = rows[0]
    found = designs[best["design"]]["estimators"][best["estimator"]]
    which = f"{plain(best['design'])} read by {best['estimator']}"
    first = f"Best of {many(len(designs), 'design')}: {which}." if len(designs) > 1 else f"Best reading: {which}."
    told = [f"{first} {_off(known(found['relative_bias']['value']), known(found['relative_bias']['mc_se']))}"]
    if known(found["power"]["value"]) is not None:
        told[0] += f" It finds the effect in {percent(found['power']['value'])} of worlds."
    worse = []
    for name, one in designs.items():
        for estimator, figures in one["estimators"].items():
            bias, error = (known(figures["relative_bias"][part]) for part in ("value", "mc_se"))
            if (name, estimator) == (best["design"], best["estimator"]) or figures["sees"] != "total":
                continue
            if bias is not None and abs(bias) > max(CLOSE, 2.0 * (error or 0.0)):
                worse.append(f"{plain(name)} by {estimator} {percent(bias, signed=True)}")
    if worse:
        told.append(f"Off on average by: {'; '.join(worse)}.")
    return told


def _only(designs: Mapping[str, Any]) -> dict[str, Any] | None:
    name, one = next(iter(designs.items()))
    errors = {each: known(figures["rmse"]["value"]) for each, figures in one["estimators"].items() if figures["sees"] == "total"}
    told = {each: error for each, error in errors.items() if error is not None}
    return {"design": name, "estimator": min(told, key=told.__getitem__), "within_budget": True} if told else None


def _off(bias: float | None, error: float | None) -> str:
    if bias is None or (error is not None and error > 1.0):
        return "The effect is too small to say how far off it is."
    if error is None or 2.0 * error > CLOSE:
        unsure = "" if error is None else f" ({PLUS_MINUS}{SPACE}{percent(2.0 * error)})"
        return f"On average it shows {percent(1.0 + bias)}{unsure} of the effect: more worlds would tell how far off it is."
    if abs(bias) <= CLOSE:
        return f"On average it shows the effect within {percent(CLOSE, digits=0)}."
    return f"On average it shows {percent(1.0 + bias)} of the effect."


def _metric(out: Console, metric: str, design: Mapping[str, Any]) -> None:
    truth = design["truth"][metric]
    there = [part for part in ("total", "direct", "spillover") if known(truth[part]["value"]) is not None]
    parts = ", ".join(f"{part} {_pm(truth[part], line=SPACE)}" for part in there)
    say(out, "")
    say(out, f"  {plain(metric)}, true effect per customer: {parts}")
    heads = ("  read by", "bias", "RMSE", "cover-\nage", "false\npos.", "power", "wrong\nsign", "exag-\ngeration")
    rows = []
    for name, one in design["metrics"][metric].items():
        off = one["relative_bias"]
        exaggeration = None if _next_to_nothing(off) else known(one["exaggeration"]["value"])
        rows.append(
            (
                f"  {name}",
                _pm(off, share=True),
                _pm(one["rmse"]),
                *(_pm(one[rate], share=True) for rate in RATES),
                NOTHING if exaggeration is None else f"{number(exaggeration, digits=2)}x",
            )
        )
    lay(out, heads, rows, left=heads[:1])
    for name, one in design["metrics"][metric].items():
        for reason, count in one["reasons"].items():
            say(out, f"  ! {name}: in {count:,} worlds {plain(reason)}.")


def _next_to_nothing(part: Mapping[str, Any]) -> bool:
    """Whether a truth is so small that parts and multiples of it say nothing."""
    error = known(part.get("mc_se"))
    return error is not None and error > 1.0


def _looks(out: Console, design: Mapping[str, Any]) -> None:
    looks = design.get("looks")
    if not looks:
        return
    say(out, "")
    early = ", ".join(str(week) for week in looks["weeks"][:-1])
    power, weeks, false, naive = (
        _pm(looks[name], share=name != "mean_weeks", line=SPACE)
        for name in ("power", "mean_weeks", "false_positive_rate", "false_positive_rate_if_each_is_read_by_itself")
    )
    say(
        out,
        f"  Looked at after week {early} too (O'Brien-Fleming): finds the effect in {power}, ends after {weeks} weeks on average; false "
        f"positives {false}, and {naive} if each look were read by itself.",
    )


def _money(out: Console, design: Mapping[str, Any], currency: str) -> None:
    decision = design["decision"]
    say(out, "")
    if not decision["estimators"]:
        say(out, f"  No decision in money: {decision.get('reason') or 'no estimator is after the roll-out effect'}.")
        return
    say(out, f"  Profit of the decision, {currency}: {decision['rule']}")
    heads = ("  decided by", "rolls\nout", "profit", "regret", "if sig-\nnificant", "profit then")
    rows = [
        (f"  {words}", percent(share), _pm(decision[rule], unit=True), _regret(decision, rule), NOTHING, NOTHING)
        for rule, words, share in (("always", "always roll out", 1.0), ("never", "never", 0.0))
    ]
    for name, one in decision["estimators"].items():
        by = one["by_significance"]
        rows.append(
            (
                f"  {name}", percent(one["rolled_out"]["value"]), _pm(one["profit"], unit=True), _pm(one["regret"], unit=True),
                percent(by["rolled_out"]["value"]), _pm(by["profit"], unit=True),
            )
        )  # fmt: skip
    rows.append(("  knowing the truth", NOTHING, _pm(decision["perfect"], unit=True), number(0), NOTHING, NOTHING))
    lay(out, heads, rows, left=heads[:1])


def _regret(decision: Mapping[str, Any], rule: str) -> str:
    return number(decision["perfect"]["value"] - decision[rule]["value"], digits=0)


def _frontier(out: Console, document: Mapping[str, Any], currency: str) -> None:
    budget = document.get("budget")
    within = "" if budget is None else f" within a budget of {money(budget, currency)}"
    say(out, f"Designs{within}, the least regret first; on the front: none costs less and errs less")
    heads = ("design", "read by", f"cost of the\ntest, {currency}", "RMSE", f"regret,\n{currency}", "on the front")
    rows = [
        (
            plain(row["design"]), row["estimator"], number(row["test_cost"], digits=0), _pm(row["rmse"]),
            NOTHING if row["regret"] is None else _pm(row["regret"], unit=True),
            "beyond the budget" if not row["within_budget"] else "yes" if row["on_front"] else "no",
        )
        for row in document["frontier"]
    ]  # fmt: skip
    lay(out, heads, rows, left=(heads[0], heads[1], heads[5]))


def _individuals(out: Console, designs: Mapping[str, Any], currency: str) -> None:
    """Once for each roll-out: designs of one roll-out share it."""
    told: list[Any] = []
    for name, one in designs.items():
        table = one["individuals"]
        if table is None or table in told:
            continue
        told.append(table)
        say(out, f"Who: each customer with the roll-out of {plain(name)} against the same one without; amounts in {currency} a head")
        heads = ("customers", *KINDS.values(), "gainers'\nmargin", "wasted\ndiscounts")
        rows = [
            (
                "all" if segment == "all" else plain(segment),
                *(_pm(kinds[kind]["share"], share=True) for kind in KINDS),
                _pm(kinds["gained"]["margin"]),
                _pm(kinds["subsidized"]["discounts"]),
            )
            for segment, kinds in table.items()
        ]
        lay(out, heads, rows, left=heads[:1])


def _pm(figure: Mapping[str, Any], *, share: bool = False, unit: bool = False, line: str = "\n") -> str:
    """A figure with its Monte-Carlo error, which stands under it where columns are narrow."""
    value, error = known(figure.get("value")), known(figure.get("mc_se"))
    if value is None or (share and _next_to_nothing(figure)):
        return NOTHING
    whole = unit and abs(value) >= 10
    told = percent(value, digits=0 if value == 1.0 else 1) if share else number(value, digits=0 if whole else None)
    if error is None or error == 0.0:
        return told
    digits = 1 if share else 0 if unit and abs(error) >= 10 else None
    return f"{told}{line}{PLUS_MINUS}{number(100 * error if share else error, digits=digits)}"
