"""How numbers, verdicts and answers are said to a planner: one voice for terminal and page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import ceil, isfinite
from typing import Any

from ..compare import FEW_DRAWS, FEW_REPLICATIONS

MINUS, NOTHING, SPACE = "\u2212", "\u2013", "\u00a0"
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|\x9b[0-?]*[ -/]*[@-~]")
# Controls that turn the direction of text around could make a loss read as a gain.
TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
INITIALS = {"clv": "CLV", "cac": "CAC", "nps": "NPS", "ugc": "UGC", "sla": "SLA", "wom": "Word of mouth:"}

VIEWS = {
    "cash": "Money when it flows: a reward costs when it is redeemed; points not yet redeemed cost nothing so far.",
    "accrual": "Points are a debt from the sale on (IFRS 15): sales are deferred for them, and released at redemption.",
    "clv": "The cash view plus the margin still to come, after the horizon, from customers who are active at its end, less what "
    "the points they still hold will cost.",
}
VIEW_NAMES = {"cash": "cash view", "accrual": "accrual view", "clv": "CLV view"}

LIKELY, UNLIKELY = 0.9, 0.1


@dataclass(frozen=True)
class Verdict:
    """The answer in two words.

    Attributes:
        kind: "gain", "loss", "open" or "same".
        glyph: A mark that does not need color.
        words: The verdict.
    """

    kind: str
    glyph: str
    words: str


@dataclass(frozen=True)
class Figure:
    """A number that the answer rests on.

    Attributes:
        label: What it is.
        value: The number, said.
        note: What to know when reading it; may be empty.
    """

    label: str
    value: str
    note: str


def plain(text: Any, *, limit: int = 300) -> str:
    """A user's text as one line that cannot steer a terminal or turn the direction of what follows."""
    line = ESCAPES.sub("", str(text))
    line = "".join(
        " " if one in "\t\n\r\v\f\u0085\u2028\u2029" else one
        for one in line
        if one in "\t\n\r\v\f\u0085" or (one not in TURNS and unicodedata.category(one) not in ("Cc", "Cs", "Cn", "Co"))
    )
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "\u2026"


def known(value: Any) -> float | None:
    """A number, or None for whatever is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)


def ends(interval: Any) -> tuple[float, float] | None:
    """An interval, or None for whatever is none."""
    if not isinstance(interval, Sequence) or isinstance(interval, str) or len(interval) != 2:
        return None
    low, high = known(interval[0]), known(interval[1])
    return None if low is None or high is None else (low, high)


def decimals(size: float) -> int:
    """Digits after the point that a number of this size deserves."""
    size = abs(size)
    return 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4


def number(value: Any, *, digits: int | None = None, signed: bool = False) -> str:
    """A number with thousands separators and a true minus sign."""
    value = known(value)
    if value is None:
        return NOTHING
    said = f"{abs(value):,.{decimals(value) if digits is None else digits}f}"
    # Rounded to nothing, it has no sign.
    sign = "" if not re.search("[1-9]", said) else MINUS if value < 0 else "+" if signed else ""
    return sign + said


def many(count: Any, noun: str) -> str:
    """How many of something, in the singular or plural."""
    return f"{number(count, digits=0)} {noun}{'' if count == 1 else 's'}"


def percent(value: Any, *, digits: int | None = None, signed: bool = False, unit: str = "%") -> str:
    """A fraction in percent, or a difference of shares in points."""
    value = known(value)
    if value is None:
        return NOTHING
    size = abs(100 * value)
    if digits is None:
        digits = 0 if size >= 100 or size == 0 else 1 if size >= 1 else 2 if size >= 0.1 else 3
    return f"{number(100 * value, digits=digits, signed=signed)}{SPACE}{unit}"


def money(value: Any, currency: str, *, signed: bool = False) -> str:
    """Money with its currency."""
    value = known(value)
    if value is None:
        return NOTHING
    digits = 0 if abs(value) >= 100 or value == 0 else 2
    return f"{number(value, digits=digits, signed=signed)}{SPACE}{currency}"


def span(interval: Any, say: Callable[[float], str] = number) -> str:
    """An interval, its unit said once."""
    found = ends(interval)
    if found is None:
        return NOTHING
    return between(say(found[0]), say(found[1]))


def between(start: str, end: str) -> str:
    """From one number to another, a unit that both have said once."""
    first, _, unit = start.rpartition(SPACE)
    return f"{first if first and end.endswith(SPACE + unit) else start} to {end}"


def setting(value: Any) -> str:
    """A parameter's value as it stands in a scenario file."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if known(value) is not None:
        return f"{value:.4g}".replace("-", MINUS) if abs(value) < 1e5 else number(value)
    return NOTHING if isinstance(value, float) else plain(value, limit=60)


def probability(value: Any, draws: Any) -> str:
    """A share of draws as a probability, without a precision that so many draws cannot give.

    Where no draw or every draw has it, the 95 % bound of the rule of three: 3 over the draws, in whole percent.

    Source: Hanley & Lippman-Hand (1983), "If nothing goes wrong, is everything all right?", JAMA 249(13).
    """
    value, drawn = known(value), known(draws) or 0.0
    if value is None:
        return NOTHING
    if value in (0.0, 1.0):
        bound = ceil(300.0 / drawn) if drawn else 100
        if bound >= 100:
            return "unknown"
        return f"under {bound}{SPACE}%" if value == 0.0 else f"over {100 - bound}{SPACE}%"
    step = Decimal(1) if UNLIKELY <= value <= LIKELY else Decimal("0.1")
    said = (100 * Decimal(repr(value))).quantize(step, ROUND_HALF_UP)
    if said in (0, 100):
        return f"over 99.9{SPACE}%" if said else f"under 0.1{SPACE}%"
    return f"{said}{SPACE}%"


def quantity(unit: str, currency: str, size: float) -> Callable[..., str]:
    """How to say a difference or a level of a KPI of this unit, all numbers of a row with the same digits."""
    if unit == "share":
        digits = 1 if abs(size) >= 0.01 or size == 0 else 2 if abs(size) >= 0.001 else 3
        return lambda value, *, level=False: percent(value, digits=digits, signed=not level, unit="%" if level else "pts")
    digits = (0 if abs(size) >= 100 or size == 0 else 2) if unit == "money" else decimals(size)
    return lambda value, *, level=False: number(value, digits=digits, signed=not level)


def kpi_name(name: str) -> str:
    """A KPI's name for people."""
    words = [INITIALS.get(word, word) for word in plain(name).split("_") if word]
    said = " ".join(words)
    return said[:1].upper() + said[1:]


def kpi_unit(unit: str, currency: str) -> str:
    """A KPI's unit for people."""
    return {"money": currency, "share": "share"}.get(unit, plain(unit, limit=30))


def loop_sign(sign: Any, *, mixed: bool = False) -> str:
    """The sign of a feedback loop in words; mixed if its cut ends loops of both."""
    if mixed:
        return "mixed"
    return "reinforcing" if known(sign) == 1 else "balancing"


def loop_share(gain: Mapping[str, Any]) -> str:
    """What a feedback loop makes of the flow it feeds; empty where that is not known."""
    share, of = known(gain.get("value")), plain(gain.get("of") or "").replace("_", " ")
    if share is None or not of:
        return ""
    if abs(share) < 0.0005:
        return f"leaves {of} as they are"
    return f"makes {percent(share, digits=1)} of {of}" if share > 0.0 else f"keeps {of} {percent(-share, digits=1)} lower"


def cut_parameters(loop: Mapping[str, Any]) -> list[str]:
    """Parameters that the cut of a loop neutralizes, one that segments have of their own counted once."""
    paths = (plain(one).split(".") for one in loop.get("cut") or {})
    return list(dict.fromkeys(".".join(one[3:] if one[:2] == ["market", "segments"] else one) for one in paths))


def loop_name(loop: Mapping[str, Any]) -> str:
    """What a loop is called in a table, with a sign where its cut neutralizes several parameters.

    A loop called by its component alone gets a ``*``; one called by its first effect is told to have more.
    """
    name, others = plain(loop.get("name") or "", limit=60), len(cut_parameters(loop)) - 1
    if others < 1:
        return name
    return f"{name} +{others} more" if "." in name else f"{name}.*"


def _worth(account: Mapping[str, Any] | None, kpi: str) -> Mapping[str, Any]:
    return ((account or {}).get("worth") or {}).get(kpi) or {}


def loop_size(account: Mapping[str, Any]) -> float:
    """How much profit a loop moves, either way."""
    return abs(known(_worth(account, "profit").get("mean")) or 0.0)


def loop_tells(account: Mapping[str, Any], *kpis: str) -> bool:
    """Whether a loop is worth anything that luck alone could not explain; one replication cannot rule it out."""
    for kpi in kpis or ("profit", "retention_rate"):
        one = _worth(account, kpi)
        interval, mean = ends(one.get("ci95")), known(one.get("mean"))
        if mean and (interval is None or not interval[0] <= 0.0 <= interval[1]):
            return True
    return False


def loops_verdict(document: Mapping[str, Any]) -> str:
    """What the loops of a scenario contribute together, and which is the strongest, in one sentence."""
    found = sorted(document.get("loops") or [], key=loop_size, reverse=True)
    whole = document.get("together") if len(found) > 1 else found[0]
    currency, parts = currency_of(document), []
    for kpi, name in (("profit", "to profit"), ("retention_rate", "to retention")):
        one = _worth(whole, kpi)
        mean = known(one.get("mean"))
        if mean is None:
            continue
        amount = money(mean, currency, signed=True) if kpi == "profit" else quantity("share", currency, mean)(mean)
        interval = ends(one.get("ci95"))
        luck = interval is not None and interval[0] <= 0.0 <= interval[1]
        parts.append(f"{amount} {name}" + (" (no more than luck)" if luck else ""))
    if not parts:
        return f"{many(len(found), 'loop')}: what {'it is' if len(found) == 1 else 'they are'} worth is not known."
    start = f"The {len(found)} loops together contribute" if len(found) > 1 else f"The one loop, {loop_name(found[0])}, contributes"
    said = f"{start} {' and '.join(parts)}"
    if len(found) > 1:
        best = next((one for one in found if loop_tells(one, "profit")), None)
        if best is None:
            return f"{said}; none by itself moves profit by more than luck."
        said += f"; the strongest is {loop_name(best)} ({money(_worth(best, 'profit').get('mean'), currency, signed=True)})"
    return said + "."


def scenario_name(row: Mapping[str, Any]) -> str:
    """What people call a scenario."""
    return plain(row.get("name") or row.get("scenario") or "scenario", limit=120)


def currency_of(document: Mapping[str, Any]) -> str:
    """The currency, as it stands behind every amount."""
    return plain(document.get("currency") or "money", limit=12)


def profit(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Incremental discounted profit in the scenario's view of money, as ROI and risk are; empty where there is none."""
    return (row.get("roi") or {}).get("profit") or (row.get("differences") or {}).get("discounted_profit") or {}


def verdict(row: Mapping[str, Any], document: Mapping[str, Any]) -> Verdict:
    """Whether the program gains, over all that is uncertain where that was drawn, over luck alone where not.

    Of few replications or draws no verdict is clear.
    """
    mean, interval, risk = known(profit(row).get("mean")), ends(profit(row).get("ci95")), known(row.get("probability_of_loss"))
    if mean is None:
        return Verdict("open", "\u25c6", "No answer")
    if mean == 0 and interval in (None, (0.0, 0.0)):
        return Verdict("same", "=", "No difference")
    if risk is not None:
        gains, loses = risk <= UNLIKELY, risk >= LIKELY
    else:
        gains, loses = interval is not None and interval[0] > 0, interval is not None and interval[1] < 0
    replications, draws = (known(document.get(name)) or 0.0 for name in ("replications", "draws"))
    if replications < FEW_REPLICATIONS:
        return Verdict("open", "\u25c6", f"Cannot tell from {many(replications, 'replication')}: {FEW_REPLICATIONS} or more are needed")
    if risk is not None and draws < FEW_DRAWS:
        return Verdict("open", "\u25c6", f"Cannot tell from {many(draws, 'draw')}: {FEW_DRAWS} or more are needed")
    if gains:
        return Verdict("gain", "\u25b2", "Likely to gain")
    if loses:
        return Verdict("loss", "\u25bc", "Likely to lose")
    return Verdict("open", "\u25c6", "Could go either way")


def answer(row: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """The answer in one sentence: how much, over what horizon, how sure."""
    name, currency, weeks = scenario_name(row), currency_of(document), document.get("weeks")
    mean, interval = known(profit(row).get("mean")), ends(profit(row).get("ci95"))
    over = f"over {many(weeks, 'week')}"
    counted = f"{over}, discounted"
    view = str((row.get("roi") or {}).get("view") or "cash")
    if view != "cash":
        counted += f", in the {VIEW_NAMES.get(view, plain(view, limit=20))}"
    if mean is None:
        return f"{name}: no discounted profit was computed, so there is no answer."
    if verdict(row, document).kind == "same":
        return f"{name} would make no difference to profit {over}."
    if interval is None:
        sure = "one replication, no interval"
    else:
        sure = f"95{SPACE}% {span(interval)} by luck alone"
    amount = money(abs(mean), currency)
    if interval is not None and interval[0] <= 0.0 <= interval[1]:
        said = f"{name} would change profit by {money(mean, currency, signed=True)} {counted}, which luck could explain ({sure})"
    else:
        said = f"{name} would {'lose' if mean < 0 else 'gain'} {amount} {counted} ({sure})"
    if known(row.get("probability_of_loss")) is not None:
        said += f"; probability of loss {probability(row['probability_of_loss'], document.get('draws'))}, uncertain parameters included"
    return said + "."


def roi_value(roi: Mapping[str, Any] | None) -> str:
    """Return on cost, or why there is none."""
    if not roi or known(roi.get("value")) is None:
        return "none"
    return percent(roi["value"], signed=True)


def roi_note(roi: Mapping[str, Any] | None) -> str:
    """Intervals, view and horizon of a return on cost."""
    if not roi:
        return ""
    parts = []
    if known(roi.get("value")) is None:
        parts.append(plain(roi.get("reason") or "no reason given"))
    if ends(roi.get("ci95_luck")):
        parts.append(f"95{SPACE}% {span(roi['ci95_luck'], percent)} by luck")
    if ends(roi.get("ci95_all")):
        parts.append(f"{span(roi['ci95_all'], percent)} with uncertain parameters")
    view = str(roi.get("view") or "")
    parts.append(f"{VIEW_NAMES.get(view, plain(view, limit=40))}, {many(roi.get('horizon_weeks'), 'week')}")
    return "; ".join(parts)


def payback(row: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """When the money is back."""
    week = known(row.get("payback_week"))
    if week is not None:
        # Whatever falls below 0 is back in week 2 at the soonest.
        return f"never below{SPACE}0" if week == 1 else f"week {number(week, digits=0)}"
    cash = (row.get("differences") or {}).get("profit") or {}
    if cash.get("mean") == 0 and cash.get("sd") in (0, None):
        return "nothing to pay back"
    return f"not within {many(document.get('weeks'), 'week')}"


def figures(row: Mapping[str, Any], document: Mapping[str, Any]) -> list[Figure]:
    """The numbers that the answer rests on, most important first."""
    currency, gain, even = currency_of(document), profit(row), row.get("break_even") or {}
    sure = f"95{SPACE}% {span(gain.get('ci95'))} by luck" if ends(gain.get("ci95")) else "one replication: no interval"
    if ends(gain.get("ci95_all")):
        sure += f"; {span(gain['ci95_all'])} with uncertain parameters"
    back = "first week from which cumulative incremental cash stays at or above 0"
    if known(row.get("payback_week")) == 1:
        back = "mean cumulative incremental cash stays at or above 0 throughout"
    told = [
        Figure("Incremental discounted profit", money(gain.get("mean"), currency, signed=True), sure),
        Figure("Return on cost (ROI)", roi_value(row.get("roi")), roi_note(row.get("roi"))),
        Figure(
            "Probability of loss",
            probability(row.get("probability_of_loss"), document.get("draws")),
            f"over {many(document.get('draws'), 'joint draw')} of luck and uncertain parameters, \u00b1{SPACE}"
            f"{percent(row.get('probability_of_loss_error'), digits=1, unit='points')}"
            if known(row.get("probability_of_loss")) is not None
            else "unknown: no uncertain parameters were drawn",
        ),
        Figure("Payback", payback(row, document), back),
    ]
    needs, brings = (percent(even.get(lift), signed=True) for lift in ("required_lift", "achieved_lift"))
    if known(even.get("achieved_over_required")) is None:
        told.append(Figure("Share of break-even reached", NOTHING, "nothing more is spent than in the baseline"))
    else:
        reached = percent(even["achieved_over_required"], digits=0)
        told.append(Figure("Share of break-even reached", reached, f"needs {needs} discounted margin, brings {brings}"))
    return told


def sensitivity_note(document: Mapping[str, Any]) -> str:
    """What the sensitivity table is made of; empty where nobody says."""
    few, all_of_them = known(document.get("sensitivity_replications")), known(document.get("replications")) or 0.0
    if few is None or few >= all_of_them:
        return ""
    return (
        f"This table is made of {many(few, 'replication')} of {number(all_of_them, digits=0)}, and shifted so that profit with all "
        "parameters as they are is the one above: what a value changes rests on fewer replications than the answer."
    )


def naive_sentences(row: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """What everyday readings would have claimed, and the truth beside them."""
    naive, currency = row.get("naive") or {}, currency_of(document)
    told = []
    before, members, truth = (naive.get(part) or {} for part in ("before_after", "members", "truth"))
    if known(before.get("claimed_lift")) is not None:
        told.append(
            f"Before and after launch: would have claimed {percent(before['claimed_lift'], signed=True)} margin "
            f"({money(before.get('claimed_gain'), currency, signed=True)})."
        )
    elif before:
        told.append(f"Before and after launch: no claim, {plain(before.get('reason') or 'not computed')}.")
    if known(members.get("claimed_lift")) is not None:
        said = (
            f"Members against non-members: would have claimed {percent(members['claimed_lift'], signed=True)} margin "
            f"({money(members.get('claimed_gain'), currency, signed=True)}); the same people without the program: "
            f"{percent(members.get('true_lift'), signed=True)} ({money(members.get('true_gain'), currency, signed=True)})"
        )
        if known(members.get("overstated_by")) is not None:
            times = members["overstated_by"]
            said += f", overstated {number(times, digits=1 if abs(times) < 100 else 0)} times"
        told.append(said + ".")
    elif members:
        told.append(f"Members against non-members: no claim, {plain(members.get('reason') or 'not computed')}.")
    if known(truth.get("gain")) is not None:
        told.append(
            f"The truth, everyone counted: {percent(truth.get('lift'), signed=True)} margin before program costs "
            f"({money(truth['gain'], currency, signed=True)})."
        )
    return told


def reading(difference: Mapping[str, Any]) -> str:
    """Whether a difference stands out from luck."""
    mean, interval = known(difference.get("mean")), ends(difference.get("ci95"))
    if mean is None:
        return NOTHING
    if mean == 0 and interval in (None, (0.0, 0.0)):
        return "= same"
    if interval is None:
        return "one replication"
    if interval[0] > 0:
        return "\u25b2 clear rise"
    if interval[1] < 0:
        return "\u25bc clear fall"
    return "\u25c7 within luck"


def kpi_row(name: str, difference: Mapping[str, Any], currency: str) -> dict[str, str]:
    """One row of the table of KPI differences, said; of what only one side has, its level there."""
    interval = ends(difference.get("ci95"))
    size = max(abs(one) for one in (known(difference.get("mean")) or 0.0, *(interval or ())))
    unit = str(difference.get("unit") or "")
    say = quantity(unit, currency, size)
    level = quantity(unit, currency, known(difference.get("baseline")) or 0.0)
    here = known(difference.get("scenario"))
    return {
        "name": kpi_name(name),
        "unit": kpi_unit(unit, currency),
        "baseline": level(difference.get("baseline"), level=True),
        "difference": say(difference.get("mean")) if here is None else f"at {quantity(unit, currency, here)(here, level=True)}",
        "interval": span(interval, say),
        "relative": percent(difference.get("relative"), signed=True),
        "reading": reading(difference),
    }


READING_NAMES = {
    "relative": "relative change",
    "points": "change in points",
    "level": "level",
    "to_multiple": "to so many times",
    "by_multiple": "by so many times",
}
CLAIM_VERDICTS = {
    "within": "= within",
    "above": "\u25b2 above",
    "below": "\u25bc below",
    "kept": "= kept",
    "broken": "\u25bc broken",
    "open": "\u25c7 open",
    "not_possible": "x not possible",
    "unknown": "\u25c7 unknown",
}
BOUNDS = {"at_least": ", at least", "at_most": ", at most"}


def claim_row(claim: Mapping[str, Any], currency: str) -> dict[str, str]:
    """One reading of a claim beside the simulation, said."""
    reading, unit = str(claim.get("reading") or ""), str(claim.get("unit") or "")

    def say(value: Any) -> str:
        if known(value) is None:
            return NOTHING
        if reading == "relative":
            return percent(value, signed=True)
        if reading in ("to_multiple", "by_multiple"):
            digits = 0 if float(value).is_integer() else 2
            return f"{number(value, digits=digits, signed=reading == 'by_multiple')}{SPACE}x"
        said = quantity(unit, currency, known(value) or 0.0)(value, level=reading == "level")
        return f"{said}{SPACE}{currency}" if unit == "money" else said

    interval = claim.get("ci95_all") or claim.get("ci95")
    named = {"points": "change in points" if unit in ("share", "points") else f"change in {kpi_unit(unit, currency)}"}
    if unit not in ("share", "money"):
        named["level"] = f"level in {kpi_unit(unit, currency)}"
    told = str(claim.get("verdict") or "")
    return {
        "name": kpi_name(str(claim.get("name") or "")),
        "kpi": kpi_name(str(claim.get("kpi") or "")),
        "reading": (named.get(reading) or READING_NAMES.get(reading, plain(reading, limit=60))) + BOUNDS.get(str(claim.get("bound")), ""),
        "claimed": say(claim.get("claimed")),
        "simulated": say(claim.get("simulated")),
        "interval": span(interval, say),
        "verdict": CLAIM_VERDICTS.get(told, NOTHING),
        "reason": plain(claim.get("reason") or "", limit=200),
    }


def claim_note(claims: Sequence[Mapping[str, Any]]) -> str:
    """What the intervals of a table of claims hold."""
    told = f"Intervals are 95{SPACE}% by luck alone."
    if any(ends(one.get("ci95_all")) for one in claims):
        told = f"Intervals hold 95{SPACE}% of draws of luck and uncertain parameters."
    cautions = dict.fromkeys(plain(one["caution"]) for one in claims if one.get("caution"))
    return " ".join((*cautions, told, "A claim is no part of the model."))


def limits(document: Mapping[str, Any]) -> list[str]:
    """What the numbers cannot tell, in words for someone who has to defend them."""
    replications, draws = known(document.get("replications")) or 0, known(document.get("draws")) or 0
    told = [
        "These are answers of a model, not of your market. They hold as far as customers behave as the scenario says; the "
        "parameters under \u201cAssumptions\u201d are where it could be wrong.",
        "Ranges of assumed parameters are judgements. The probability of loss is as good as these ranges are.",
        "The sensitivity table moves one parameter at a time; parameters that matter only together show in the probability of "
        "loss alone.",
        f"Money after week {number(document.get('weeks'), digits=0)} counts in the CLV view only. Set-up costs weigh more the "
        "shorter the horizon.",
        "Competitors, prices and seasons do what the scenario says. A reaction to the launch that is not in the scenario is not "
        "in the answer.",
        "Only a test with a control group can show what the program does to real customers.",
    ]
    if not draws:
        told.insert(0, "No uncertain parameters were drawn: intervals are for luck alone, the probability of loss is unknown.")
    if replications < FEW_REPLICATIONS:
        rough = "missing" if replications < 2 else "wide and rough"
        told.insert(0, f"Only {many(replications, 'replication')}: intervals for luck are {rough}.")
    return told
