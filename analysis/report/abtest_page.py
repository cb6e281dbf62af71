"""A test's answer as one HTML page that stands alone: no script, no address, nothing to load.

It leads with what to do, in money, and ends with what the test could not see. Equal analyses give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..abtest_table import number as few_digits
from ..abtest_table import p_text
from ..decision import Decision, Stakes
from ..estimate import Estimate
from ..plan import Plan
from . import abtest_charts as charts
from .page import environment, markup
from .words import NOTHING, many, money, number, percent, plain, span

if TYPE_CHECKING:
    from ..abtest import Analysis, Comparison, GuardrailAnswer
    from ..health import Light

MOST_TEXT = 2000
LIGHTS = {"ok": ("\u25cf", "in order"), "warn": ("\u25b2", "read this first"), "bad": ("\u2716", "do not trust the effects")}
QUESTIONS = {
    "units_of_assignment": "Are rows what was assigned?",
    "sample_ratio": "Have the arms the sizes that were planned?",
    "balance": "Were the arms alike before the test?",
    "missing_outcomes": "Are outcomes missing?",
    "clusters": "Are there enough clusters?",
    "outliers": "Do single rows carry the effect?",
    "looks": "Was it looked at as planned?",
    "over_time": "Does the effect change with time?",
    "guardrails": "Do the guardrails hold?",
}
"""What each light answers."""
KINDS = {"roll out": ("gain", "\u25b2", "Roll out"), "stop": ("loss", "\u25bc", "Stop"), "extend": ("open", "\u25c6", "Extend the test")}


def render(analysis: Analysis, *, command: str = "", version: str = "") -> str:
    """The page of an analysis.

    Args:
        analysis: What `analyze` gives.
        command: How to get the same again.
        version: Of the program.

    Returns:
        One self-contained HTML document.
    """
    return environment().get_template("abtest_page.jinja").render(_view(analysis, command, version)) + "\n"


def _view(analysis: Analysis, command: str, version: str) -> dict[str, Any]:
    """The analysis with everything said: the template decides where words stand, never what they are."""
    plan, several = analysis.plan, len(analysis.arms) > 2
    primary = next(iter(analysis.comparisons))
    treated = [plain(one, limit=60) for one in analysis.arms[1:]]
    what = f"{_listed(treated)} against {plain(plan.control, limit=60)}"
    return {
        "title": f"A/B test: {what}",
        "what": what,
        "facts": _facts(analysis),
        "answers": list(_answers(analysis)),
        "bad": [_light(one) for one in analysis.lights if one.level == "bad"],
        "lights": [_light(one) for one in analysis.lights],
        "level": percent(1.0 - plan.alpha, digits=0),
        "several": several,
        "effects": [_effect(name, arm, one, plan) for name, by_arm in analysis.comparisons.items() for arm, one in by_arm.items()],
        "forest": markup(charts.forest(list(_forest(analysis, several=several)))),
        "family": _family(analysis),
        "guardrails": [_guardrail(name, arm, one) for name, by_arm in analysis.guardrails.items() for arm, one in by_arm.items()],
        "alpha": f"{plan.alpha:g}",
        "weeks": list(_weeks(analysis, primary, several=several)),
        "look": None if analysis.look is None else _sentence(analysis.look.sentence),
        "looks": _looks(analysis),
        "choices": list(_choices(analysis)),
        "unseen": list(_unseen(analysis)),
        "warnings": [plain(one, limit=MOST_TEXT) for one in analysis.warnings],
        "planned": _planned(analysis),
        "methods": list(_methods(analysis)),
        "assumptions": list(_assumptions(analysis)),
        "command": plain(command, limit=MOST_TEXT),
        "version": plain(version),
    }


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _facts(analysis: Analysis) -> list[str]:
    what = "clusters" if analysis.plan.cluster not in (None, analysis.plan.unit) else "units"
    return [
        f"{number(analysis.rows_read, digits=0)} rows read",
        *(f"{plain(arm, limit=40)}: {number(count, digits=0)} {what}" for arm, count in analysis.assigned.items()),
        f"primary metric: {plain(next(iter(analysis.comparisons)), limit=60)}",
    ]


def _answers(analysis: Analysis) -> Iterator[dict[str, str]]:
    """A card for each arm, the most profitable first."""
    decided = analysis.decision or {}
    primary = next(iter(analysis.comparisons))
    arms = analysis.comparisons[primary]
    for arm in sorted(arms, key=lambda one: -decided[one].expected_profit if one in decided else 0.0):
        effect = f"{plain(primary, limit=60)} {_said(arms[arm].contrast.difference)}, {_certainty(arms[arm], analysis.plan.alpha)}"
        name = plain(arm, limit=60)
        if arm not in decided:
            why = arms[arm].contrast.difference.reason
            words = f"{name}: {effect}." if why is None else f"{name}: no answer on {plain(primary, limit=60)}, {plain(why)}."
            yield {"kind": "open", "glyph": "\u25c6", "verdict": "Measured, not valued", "said": words, "note": NO_STAKES}
            continue
        kind, glyph, verdict = KINDS[decided[arm].action]
        verdict = f"{verdict}: {name}" if len(arms) > 1 else verdict
        said = plain(decided[arm].sentence, limit=600)
        yield {"kind": kind, "glyph": glyph, "verdict": verdict, "said": said, "note": f"Measured: {effect}."}


NO_STAKES = "The plan says nothing of customers, value and cost (section decision), so there is no answer in money."


def _certainty(one: Comparison, alpha: float) -> str:
    if one.p_adjusted is None:
        return "nothing shows how sure that is"
    if one.p_adjusted < alpha:
        return f"more than chance explains (adjusted p {_p(one.p_adjusted)})"
    return f"chance alone may explain it (adjusted p {_p(one.p_adjusted)})"


def _p(value: float | None) -> str:
    told = p_text(value)
    return told if told.startswith("<") else f"= {told}"


def _light(one: Light) -> dict[str, str]:
    glyph, level = LIGHTS[one.level]
    question = QUESTIONS.get(one.name, one.name.replace("_", " "))
    return {"level": one.level, "glyph": glyph, "says": level, "question": question, "sentence": _sentence(one.sentence)}


def _sentence(text: str) -> str:
    told = plain(text, limit=MOST_TEXT)
    return told[:1].upper() + told[1:]


def _said(one: Estimate, *, share: bool = False) -> str:
    """A value with its interval."""
    if one.value is None:
        return NOTHING
    say = _percent if share else _signed
    return say(one.value) if one.interval is None else f"{say(one.value)} ({span(one.interval, say)})"


def _signed(value: float) -> str:
    return few_digits(value, sign=True).replace("-", "\u2212")


def _percent(value: float) -> str:
    return percent(value, signed=True)


def _effect(name: str, arm: str, one: Comparison, plan: Plan) -> dict[str, Any]:
    contrast = one.contrast
    difference = contrast.difference
    per_thousand = NOTHING if difference.value is None else _signed(1000 * difference.value)
    return {
        "metric": plain(name, limit=60),
        "arm": plain(arm, limit=60),
        "control": few_digits(contrast.control.value),
        "treatment": few_digits(contrast.treatment.value),
        "difference": NOTHING if difference.value is None else _signed(difference.value),
        "interval": span(difference.interval, _signed),
        "relative": NOTHING if contrast.relative.value is None else _percent(contrast.relative.value),
        "relative_interval": span(contrast.relative.interval, _percent),
        "p": p_text(one.p_adjusted),
        "clear": one.p_adjusted is not None and one.p_adjusted < plan.alpha,
        "per_thousand": per_thousand,
        "reason": plain(difference.reason or "", limit=300),
    }


def _forest(analysis: Analysis, *, several: bool) -> Iterator[charts.Effect]:
    for name, by_arm in analysis.comparisons.items():
        for arm, one in by_arm.items():
            relative = one.contrast.relative
            if relative.value is not None and relative.interval is not None:
                label = f"{plain(name, limit=60)}, {plain(arm, limit=40)}" if several else plain(name, limit=60)
                yield charts.Effect(label, relative.value, relative.interval, _said(relative, share=True))


def _family(analysis: Analysis) -> str:
    count = sum(one.p_value is not None for by_arm in analysis.comparisons.values() for one in by_arm.values())
    if count < 2:
        return ""
    return f"p is adjusted over {many(count, 'comparison')} ({analysis.plan.multiplicity}); intervals are of each by itself."


def _guardrail(name: str, arm: str, one: GuardrailAnswer) -> dict[str, str]:
    test = one.test
    relative = one.guardrail.relative
    seen = one.contrast.relative.value if relative else one.contrast.difference.value
    if test is None:
        verdict, bound, p_value = f"no answer: {plain(one.reason or '', limit=200)}", NOTHING, NOTHING
    else:
        verdict = "holds" if test.holds else "harm is shown" if one.harmed else "not shown to hold"
        bound = _percent(test.bound) if relative else _signed(test.bound)
        p_value = p_text(test.p_value)
    return {
        "name": plain(name, limit=60),
        "arm": plain(arm, limit=60),
        "rule": plain(one.guardrail.rule, limit=200),
        "change": NOTHING if seen is None else _percent(seen) if relative else _signed(seen),
        "bound": bound,
        "p": p_value,
        "verdict": verdict,
    }


def _weeks(analysis: Analysis, primary: str, *, several: bool) -> Iterator[dict[str, Any]]:
    for name, by_arm in analysis.weeks.items():
        for arm, effects in by_arm.items():
            title = f"{plain(name, limit=60)}, {plain(arm, limit=40)}" if several else plain(name, limit=60)
            trend = "too few weeks or units to call it a trend"
            if effects.p_value is not None:
                trend = f"trend {_signed(effects.slope)} a week (p {_p(effects.p_value)})"
            decided = (analysis.decision or {}).get(arm)
            pays = decided.threshold if decided is not None and name == primary else None
            if pays is not None:
                below = [f"{one.week:g}" for one in effects.weeks if one.difference is not None and one.difference < pays]
                trend += f"; alone, {_weeks_below(below, len(effects.weeks))} would have said that a roll-out does not pay"
            yield {"title": title, "chart": markup(charts.by_week(title, effects, pays)), "trend": trend}


def _weeks_below(weeks: list[str], whole: int) -> str:
    if not weeks:
        return "no week"
    if len(weeks) == whole:
        return "every week"
    return f"week{'s' if len(weeks) > 1 else ''} {', '.join(weeks[:12])}{' and more' if len(weeks) > 12 else ''}"


def _looks(analysis: Analysis) -> list[dict[str, str]]:
    """The looks taken: information and, of the last one, at what p it is read."""
    look = analysis.look
    if look is None:
        return []
    rows = [{"look": str(at), "information": percent(part, digits=0), "bound": ""} for at, part in enumerate(look.information, start=1)]
    if rows and look.nominal is not None:
        rows[-1]["bound"] = p_text(look.nominal)
    return rows


def _choices(analysis: Analysis) -> Iterator[dict[str, Any]]:
    """Rows of the decision table."""
    stakes = analysis.plan.decision
    if stakes is None:
        return
    for arm, one in (analysis.decision or {}).items():
        for name, choice in one.choices.items():
            yield {
                "arm": plain(arm, limit=60),
                "choice": name,
                "best": name == one.action,
                "profit": f"{number(choice.expected_profit, digits=0, signed=True)} {stakes.currency}".strip(),
                "regret": f"{number(choice.expected_regret, digits=0)} {stakes.currency}".strip(),
                "note": _choice_note(name, one, stakes),
            }


def _choice_note(name: str, one: Decision, stakes: Stakes) -> str:
    if name == "roll out":
        risk = one.probability_of_loss
        loss = "less than 1\u00a0%" if risk < 0.005 else "more than 99\u00a0%" if risk > 0.995 else percent(risk, digits=0)
        pays = "" if one.threshold is None else f"; pays from an observed difference of {_signed(one.threshold)}"
        ends = span(one.interval, lambda end: number(end, digits=0, signed=True))
        return f"{percent(one.level, digits=0)} interval {ends}; {loss} risk of loss{pays}"
    if name == "extend" and stakes.extension is not None and one.evsi is not None:
        more = stakes.extension
        cost, worth = money(more.cost, stakes.currency), money(one.evsi, stakes.currency)
        return f"{number(more.units, digits=0)} more units over {more.weeks:g} weeks for {cost}: what they tell is worth {worth}"
    return "what is done today goes on"


def _unseen(analysis: Analysis) -> Iterator[str]:
    """What the test could not see, one sentence each."""
    plan, stakes = analysis.plan, analysis.plan.decision
    if analysis.interference is None and analysis.saturation is None:
        if stakes is not None and stakes.dampening:
            yield (
                f"Customers talk across the arms. By the design's rehearsal the test sees {percent(1.0 - stakes.dampening)} of the "
                f"effect of a roll-out (standard deviation {percent(stakes.dampening_sd)}); the answer in money allows for it, the table "
                "of effects does not."
            )
        else:
            yield (
                "What customers of one arm told those of the other. Nothing here says how far the difference falls short of a roll-out, or "
                "exceeds it: rehearse the design (regulars abtest rehearse), or analyze with the list of who knows whom (--edges)."
            )
    if stakes is not None and stakes.horizon_weeks is not None:
        yield (
            f"Time after the test. The answer in money takes the effect for {stakes.horizon_weeks:g} weeks as that of the test: habits, "
            "novelty and competitors may change it."
        )
    else:
        yield "Time after the test: whether the effect stays, fades with its novelty or builds up."
    yield (
        "Rewards that were promised and not yet claimed. Points and vouchers that fall due after the test cost money that its outcomes "
        "do not hold, unless the metric counts them when they are earned."
    )
    yield "Customers who came after the assignment, and those whom the program would have brought: only assigned units are compared."
    yield (
        "Who gains and who does not: no segment was declared before the test, so what differs between segments would be explored, "
        "not tested."
    )
    gone = sum(analysis.dropped.values())
    if gone:
        told = "; ".join(f"{number(count, digits=0)} {plain(why)}" for why, count in analysis.dropped.items())
        yield f"{many(gone, 'row')} that took no part: {told}."
    missing = {name: sum(by_arm.values()) for name, by_arm in analysis.missing.items() if by_arm}
    if missing:
        told = ", ".join(f"{plain(name, limit=60)} of {number(count, digits=0)}" for name, count in missing.items())
        yield f"Outcomes that are missing: {told}."
    if plan.looks is not None and analysis.look is not None and not analysis.look.on_plan:
        yield "What would have been found at the planned moments: this look was not one of them."


def _planned(analysis: Analysis) -> list[tuple[str, str, str]]:
    """Plan against what happened."""
    plan, counts = analysis.plan, analysis.assigned
    whole = sum(counts.values()) or 1
    shares = ", ".join(f"{plain(arm, limit=40)} {percent(count / whole)}" for arm, count in counts.items())
    wanted = NOTHING
    if plan.expected_shares is not None:
        wanted = ", ".join(f"{plain(arm, limit=40)} {percent(share)}" for arm, share in plan.expected_shares.items())
    rows = [
        ("Unit of assignment", plain(plan.cluster or plan.unit, limit=60), f"{number(whole, digits=0)} of them"),
        ("Shares of the arms", wanted, shares),
        ("Primary metric", plain(next(iter(plan.metrics)), limit=60), "as planned"),
        ("Level, adjustment", f"{plan.alpha:g}, {plan.multiplicity}", "as planned"),
    ]
    if plan.looks is not None and analysis.look is not None:
        taken = "as planned" if analysis.look.on_plan else "NOT as planned"
        rows.append(("Looks", f"{plan.looks.planned}, {plan.looks.spending.replace('_', ' ')}", f"look {analysis.look.look}, {taken}"))
    rows.append(("Strata", _names(plan.strata), "as planned" if plan.strata else NOTHING))
    return rows


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(plain(one, limit=60) for one in names) or NOTHING


def _methods(analysis: Analysis) -> Iterator[dict[str, str]]:
    for name, by_arm in analysis.comparisons.items():
        for arm, one in by_arm.items():
            found = one.contrast.difference
            beside = ", ".join(f"{key.replace('_', ' ')} p {_p(value)}" for key, value in one.contrast.beside.items())
            yield {
                "metric": plain(name, limit=60),
                "arm": plain(arm, limit=60),
                "estimand": plain(found.estimand, limit=300),
                "method": plain(found.method, limit=300),
                "relative": plain(one.contrast.relative.method, limit=200),
                "n": number(found.n, digits=0),
                "beside": beside or NOTHING,
            }


def _assumptions(analysis: Analysis) -> Iterator[str]:
    told: dict[str, None] = {}
    for by_arm in analysis.comparisons.values():
        for one in by_arm.values():
            told |= dict.fromkeys(one.contrast.difference.assumptions)
    yield from (plain(one, limit=300) for one in told)

