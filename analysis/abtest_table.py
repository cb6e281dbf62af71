"""An analysis for a terminal: health first, then every metric of every arm, guardrails, weeks, and the rows that took part."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import friends, stages
from .estimate import Estimate

if TYPE_CHECKING:
    from .abtest import Analysis, Comparison, GuardrailAnswer

WIDTH = 110
MOST_WEEKS = 12
"""Weeks that are listed; the JSON has all."""
SIGNS = {"ok": "ok  ", "warn": "WARN", "bad": "BAD "}


def table(analysis: Analysis) -> str:
    """The whole answer as lines of text."""
    lines = [*_decisions(analysis), *_wrapped("", _headline(analysis)), "", "Can the test be trusted?"]
    for light in analysis.lights:
        lines += _wrapped(f"  {SIGNS[light.level]}  ", f"{light.name.replace('_', ' ')}: {printable(light.sentence)}")
    several = len(analysis.arms) > 2
    lines += ["", _effects_title(analysis)]
    heads = ["metric", *(["arm"] if several else []), "control", "treatment", "difference", "relative", "p", "adjusted p", ""]
    rows = [
        [printable(name), *([printable(arm)] if several else []), *_row(one, analysis.plan.alpha)]
        for name, by_arm in analysis.comparisons.items()
        for arm, one in by_arm.items()
    ]
    lines += _laid(heads, rows)
    lines += [f"  {one}" for one in _methods(analysis)]
    if analysis.guardrails:
        lines += ["", f"Guardrails (one-sided at {analysis.plan.alpha:g}{', at this look by itself' if analysis.look else ''})"]
        for name, by_arm in analysis.guardrails.items():
            for arm, one in by_arm.items():
                lines += _wrapped("  ", _guardrail(printable(name), printable(arm) if several else "", one))
    for name, by_arm in analysis.weeks.items():
        for arm, one in by_arm.items():
            shown = ", ".join(f"{week.week:g}: {number(week.difference)}" for week in one.weeks[:MOST_WEEKS])
            more = f", and {len(one.weeks) - MOST_WEEKS} more" if len(one.weeks) > MOST_WEEKS else ""
            trend = "" if one.p_value is None else f"; trend {number(one.slope)} a week, {p_words(one.p_value)}"
            who = f" of {printable(arm)}" if several else ""
            lines += ["", *_wrapped("", f"Effect on {printable(name)}{who} by week: {shown}{more}{trend}")]
    if analysis.saturation is not None:
        lines += ["", *(printable(one) for one in stages.lines(analysis.saturation))]
    if analysis.interference is not None:
        lines += ["", *(printable(one) for one in friends.lines(analysis.interference))]
    told = {light.sentence for light in analysis.lights}
    rest = [one for one in analysis.warnings if one not in told]
    if rest:
        lines += ["", "Also"]
        for one in rest:
            lines += _wrapped("  ! ", printable(one))
    lines += ["", *_wrapped("", _rows(analysis))]
    return "\n".join(line.rstrip() for line in lines)


def _decisions(analysis: Analysis) -> list[str]:
    """The answer in money, the best arm first, and what each choice is worth."""
    found = sorted((analysis.decision or {}).items(), key=lambda pair: -pair[1].expected_profit)
    if not found:
        return []
    bad = any(light.level == "bad" for light in analysis.lights)
    lines: list[str] = []
    for arm, one in found:
        who = f"{printable(arm)}: " if len(found) > 1 else ""
        lines += _wrapped("", f"{who}{printable(one.sentence)}{' DO NOT RELY ON IT: see what is BAD below.' if bad else ''}")
        rows = [[name, f"{choice.expected_profit:,.0f}", f"{choice.expected_regret:,.0f}"] for name, choice in one.choices.items()]
        lines += _laid(["", "expected profit", "expected regret"], rows)
    return [*lines, ""]


def _headline(analysis: Analysis) -> str:
    name, by_arm = next(iter(analysis.comparisons.items()))
    arm, one = min(by_arm.items(), key=lambda pair: 2.0 if pair[1].p_adjusted is None else pair[1].p_adjusted)
    found = one.contrast.difference
    what = f"{printable(arm)} against {printable(analysis.plan.control)}"
    if found.value is None:
        return f"{what}: no answer on {printable(name)}: {printable(found.reason or '')}."
    size = number(found.value, sign=True)
    share = one.contrast.relative.value
    relative = "" if share is None else f" ({100 * share:+.3g} %)"
    p_value = one.p_adjusted
    if p_value is None:
        verdict = "nothing shows how sure that is"
    elif p_value < analysis.plan.alpha:
        verdict = f"more than chance explains (adjusted {p_words(p_value)})"
    else:
        verdict = f"chance alone may explain it (adjusted {p_words(p_value)})"
    trust = "" if all(light.level != "bad" for light in analysis.lights) else " DO NOT RELY ON IT: see what is BAD below."
    return f"{what}: {printable(name)} {size}{relative}, {verdict}.{trust}"


def _effects_title(analysis: Analysis) -> str:
    look = analysis.look
    level = f"{100 * (1 - analysis.plan.alpha):g} % intervals"
    if look is None:
        return f"Effects ({level})"
    if look.nominal is None:
        return f"Effects ({level} that hold at any time)"
    return f"Effects ({level} over all looks: those of this one are {100 * (1 - look.nominal):.7g} %)"


def _row(one: Comparison, alpha: float) -> list[str]:
    contrast = one.contrast
    sign = "" if one.p_adjusted is None or one.p_adjusted >= alpha else "*"
    return [
        number(contrast.control.value),
        number(contrast.treatment.value),
        _with_interval(contrast.difference),
        _with_interval(contrast.relative, share=True),
        p_text(one.p_value),
        p_text(one.p_adjusted),
        sign,
    ]


def _with_interval(estimate: Estimate, *, share: bool = False) -> str:
    if estimate.value is None:
        return "-"

    def text(value: float) -> str:
        return f"{100 * value:+.3g} %" if share else number(value, sign=True)

    if estimate.interval is None:
        return text(estimate.value)
    low, high = estimate.interval
    return f"{text(estimate.value)} [{text(low)}, {text(high)}]"


def _methods(analysis: Analysis) -> list[str]:
    found: dict[str, list[str]] = {}
    for name, by_arm in analysis.comparisons.items():
        for one in by_arm.values():
            relative = one.contrast.relative
            if one.contrast.difference.value is None:
                continue
            words = one.contrast.difference.method
            if relative.value is not None:
                words += f"; relative: {relative.method}"
            beside = ", ".join(f"{key.replace('_', ' ')} {p_words(value)}" for key, value in one.contrast.beside.items())
            found.setdefault(words + (f"; beside: {beside}" if beside else ""), []).append(printable(name))
    lines = [line for words, names in found.items() for line in _wrapped("", f"{', '.join(dict.fromkeys(names))}: {words}.")]
    count = sum(one.p_value is not None for by_arm in analysis.comparisons.values() for one in by_arm.values())
    if count > 1:
        words = f"* adjusted p below {analysis.plan.alpha:g}; {analysis.plan.multiplicity} over {count} comparisons."
        words += " Intervals are of each by itself."
        lines += _wrapped("", words)
    return lines


def _guardrail(name: str, arm: str, one: GuardrailAnswer) -> str:
    head = f"{name}{' of ' + arm if arm else ''} {one.guardrail.rule}: "
    test = one.test
    if test is None:
        return f"{head}no answer, {one.reason}."
    side = "at least" if one.guardrail.signed < 0 else "at most"
    bound = f"{100 * test.bound:+.3g} %" if one.guardrail.relative else number(test.bound, sign=True)
    seen = one.contrast.relative.value if one.guardrail.relative else one.contrast.difference.value
    moved = "-" if seen is None else f"{100 * seen:+.3g} %" if one.guardrail.relative else number(seen, sign=True)
    verdict = "holds" if test.holds else "HARM IS SHOWN" if one.harmed else "not shown to hold"
    return f"{head}{verdict} (change {moved}, {side} {bound}; {p_words(test.p_value)})."


def _rows(analysis: Analysis) -> str:
    dropped = sum(analysis.dropped.values())
    text = f"{analysis.rows_read:,} rows read, {analysis.rows_read - dropped:,} analyzed"
    if dropped:
        text += f", {dropped:,} left out ({'; '.join(f'{count:,} {printable(why)}' for why, count in analysis.dropped.items())})"
    lacking = "; ".join(
        f"{printable(name)}: " + ", ".join(f"{count:,} of {printable(arm)}" for arm, count in by_arm.items())
        for name, by_arm in analysis.missing.items()
    )
    return f"{text}.{f' Without an outcome: {lacking}.' if lacking else ''}"


def number(value: float | None, *, sign: bool = False) -> str:
    """Four digits that count."""
    if value is None:
        return "-"
    digits = f"{value:+,.4g}" if sign else f"{value:,.4g}"
    if "e+" in digits:
        digits = f"{value:+,.0f}" if sign else f"{value:,.0f}"
    return digits


def p_words(value: float | None) -> str:
    """A p-value with its letter."""
    return f"p {p_text(value)}" if p_text(value).startswith("<") else f"p = {p_text(value)}"


def p_text(value: float | None) -> str:
    """A p-value."""
    return "-" if value is None else "<0.0001" if value < 0.0001 else f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def printable(text: str) -> str:
    """Text of users, which must not steer the terminal."""
    return "".join(one if one.isprintable() else " " for one in text)


def _laid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    left = {at for at, head in enumerate(heads) if head in ("metric", "arm", "")}

    def line(row: Sequence[str]) -> str:
        cells = enumerate(zip(row, widths, strict=True))
        return "  " + "  ".join(cell.ljust(width) if at in left else cell.rjust(width) for at, (cell, width) in cells)

    return [line(row) for row in (heads, *rows)]


def _wrapped(mark: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark)) or [mark]
