"""The planner's answer in a terminal: difference first, with its interval; the same document as the page.

Text of users is laid out as plain text, never as markup, and cannot steer the terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import words
from .words import MINUS, NOTHING, known, number, percent, plain, setting, span

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST_SWINGS = 8
"""Parameters shown here; the page and the JSON show all."""

LABEL, COLUMN = 30, 21
"""Width of the words beside a table of scenarios, and of one scenario with an interval on one line."""

GAP = 3
"""Between two columns."""

LEAST = 14
"""Width below which words beside numbers could no longer be read."""

# Signs that a terminal without Unicode cannot show, in letters that it can.
POORER = str.maketrans(
    {MINUS: "-", NOTHING: "-", words.SPACE: " ", "\u2026": "...", "\u25b2": "^", "\u25bc": "v", "\u25c6": "*", "\u25c7": "~"}
)

COST_KPIS = ("reward_cost", "campaign_cost", "service_cost", "acquisition_cost", "program_fixed_cost")
MONEY_KPIS = ("revenue", "gross_margin", *COST_KPIS, "profit", "points_liability")
"""Gross margin less the costs is profit."""
CUSTOMER_KPIS = (
    "orders",
    "active_customers",
    "retention_rate",
    "latent_retention_rate",
    "new_customers",
    "satisfaction",
    "loyalty",
    "members",
)
DESK_KPIS = (
    "tickets",
    "first_response_minutes",
    "resolution_hours",
    "abandonment_rate",
    "tickets_open",
    "agent_utilization",
)


def print_answer(document: Mapping[str, Any], console: Console | None = None) -> None:
    """Print a comparison.

    Args:
        document: What `compare --json` prints.
        console: Where to; standard output if None.
    """
    out = console or open_console()
    rows: Sequence[Mapping[str, Any]] = document.get("scenarios") or []
    abreast = max(1, (out.width - LABEL) // COLUMN)
    say(out, _facts(document))
    for row in rows:
        verdict = words.verdict(row, document)
        say(out, "")
        say(out, f"{verdict.glyph} {words.answer(row, document)}", bold=True)
        for warning in row.get("warnings") or []:
            say(out, f"  ! {plain(warning, limit=400)}")
    for at in range(0, len(rows), abreast):
        say(out, "")
        out.print(_side_by_side(rows[at : at + abreast], document))
    for row in rows:
        if (row.get("roi") or {}).get("reason"):
            say(out, f"  {words.scenario_name(row)}: no ROI, {plain(row['roi']['reason'])}")
    for row in rows:
        say(out, "")
        say(out, words.scenario_name(row), bold=True)
        for sentence in words.naive_sentences(row, document):
            say(out, f"  {sentence}")
        say(out, "")
        _differences(out, row, document)
        if row.get("claims"):
            say(out, "")
            _claims(out, row, document)
        if row.get("sensitivity"):
            say(out, "")
            _swings(out, row, document)
            if words.sensitivity_note(document):
                say(out, f"  {words.sensitivity_note(document)}")
            left = len(row["sensitivity"]) - MOST_SWINGS
            if left > 0:
                say(out, f"  {left} more parameters swing the answer less; the report and --json hold them all.")


def print_kpis(document: Mapping[str, Any], currency: str, console: Console | None = None) -> None:
    """Print the KPIs of one scenario.

    Args:
        document: What `run --json` prints.
        currency: Currency of all money.
        console: Where to; standard output if None.
    """
    out = console or open_console()
    said = ", ".join(
        (
            words.many(document.get("weeks"), "week"),
            f"{number(document.get('people'), digits=0)} people",
            words.many(document.get("replications"), "replication"),
            f"seed {plain(document.get('seed', NOTHING))}",
        )
    )
    say(out, f"{plain(document.get('scenario') or 'scenario')}: {said}")
    for warning in document.get("warnings") or ():
        say(out, f"  ! {plain(warning, limit=400)}")
    rows: list[tuple[str, ...]] = []
    absent: set[str] = set(document.get("absent") or ())
    # The books have every line, and every customer may come back: 0 where nothing does it.
    idle = (*COST_KPIS, "won_back_customers") if "win_back_contacts" in absent else COST_KPIS
    kpis = document.get("kpis") or {}
    absent |= {name for name in idle if not any((kpis.get(name) or {}).get(key) for key in ("mean", "sd"))}
    for name, one in kpis.items():
        if not one or name in absent:
            continue
        unit = str(one.get("unit") or "")
        size = known(one.get("mean")) or 0.0

        def level(value: float, unit: str = unit, size: float = size) -> str:
            return words.quantity(unit, currency, size)(value, level=True)

        sd = known(one.get("sd"))
        spread = number(100 * sd, digits=2) if unit == "share" and sd is not None else number(sd)
        mean = NOTHING if known(one.get("mean")) is None else level(size)
        rows.append((words.kpi_name(name), mean, span(one.get("ci95"), level), spread, words.kpi_unit(unit, plain(currency, limit=12))))
    lay(out, ("KPI", "mean", "95 % interval", "sd", "unit"), rows, left=("KPI", "unit"))
    if document.get("claims"):
        say(out, "")
        _claims(out, document, {"currency": currency})
        say(out, "")
    missing = [words.kpi_name(name) for name, one in kpis.items() if not one or name in absent]
    if missing:
        say(out, f"Not in this scenario: {', '.join(missing)}.")
    if document.get("run_dir"):
        say(out, f"Files: {plain(document['run_dir'])}")


def print_calibration(document: Mapping[str, Any], notes: Sequence[str], console: Console | None = None) -> None:
    """Print fits and backtest of a calibration.

    Args:
        document: What `calibrate --json` prints.
        notes: What to know when reading it.
        console: Where to; standard output if None.
    """
    out = console or open_console()
    say(out, f"{number(document['customers'], digits=0)} customers, {number(document['orders'], digits=0)} orders")
    for repair in (document.get("repairs") or {}).values():
        say(out, f"  repaired: {number(repair['count'], digits=0)} {plain(repair['message'])}")
    if document.get("train_until"):
        say(out, f"Training fit, orders up to {plain(document['train_until'])}:")
    table = _table(("model", "left"), ("parameters (standard error), rates per week", "left"), ("log-likelihood", "right"))
    for name, label in (("bgnbd", "BG/NBD"), ("pareto_nbd", "Pareto/NBD"), ("gamma_gamma", "gamma-gamma")):
        fit = document.get(name) or {}
        errors = fit.get("se") or {}
        parameters = [key for key in fit if key not in ("se", "log_likelihood")]
        said = [f"{key} {_fitted(fit[key])} ({_fitted(errors.get(key))})" for key in parameters]
        pairs = "\n".join(", ".join(said[at : at + 2]) for at in range(0, len(said), 2))
        _row(table, label, pairs, number(fit.get("log_likelihood"), digits=1))
    out.print(table)
    holdout = document.get("holdout") or []
    if holdout:
        say(out, "")
        say(out, "Backtest: cumulative repeat orders of the training customers, simulated with all behaviors on; miss against the log")
        _backtest(out, holdout)
    for note in notes:
        say(out, f"  ! {plain(note, limit=400)}")
    if document.get("population"):
        _population(out, document["population"])


def print_loops(document: Mapping[str, Any], console: Console | None = None, *, everything: bool = False) -> None:
    """Print the feedback loops of a scenario and what each contributes.

    Args:
        document: What `loops --json` prints.
        console: Where to; standard output if None.
        everything: Whether loops are shown, too, that luck alone could make of nothing.
    """
    out = console or open_console()
    found: Sequence[Mapping[str, Any]] = sorted(document.get("loops") or [], key=words.loop_size, reverse=True)
    said = ", ".join(
        (
            words.many(document.get("weeks"), "week"),
            f"{number(document.get('people'), digits=0)} people",
            words.many(document.get("replications"), "paired replication"),
        )
    )
    say(out, f"{plain(document.get('name') or document.get('scenario') or 'scenario')}: {said}")
    for warning in document.get("warnings") or ():
        say(out, f"  ! {plain(warning, limit=400)}")
    if not found:
        say(out, "No feedback loop: no effect that is switched on leads back to where it comes from.")
        return
    say(out, words.loops_verdict(document), bold=True)
    say(out, "What is there because of each loop: intact less cut, on the same luck.")
    say(out, "")
    currency = words.currency_of(document)
    heads = ("loop", f"profit, {currency}", "95 % by luck", "retention", "95 % by luck")
    shown = [one for one in found if everything or words.loop_tells(one)]
    rows = [_loop_row(words.loop_name(one), one, currency) for one in shown]
    if len(found) > 1:
        rows.append(_loop_row("all together", document["together"], currency))
    if rows:
        lay(out, heads, rows, left=heads[:1])
    left = len(found) - len(shown)
    if left:
        them = ("is", "it") if left == 1 else ("are", "them")
        say(out, f"{words.many(left, 'more loop' if shown else 'loop')} {them[0]} worth nothing measurable: --all shows {them[1]}.")
    if shown:
        say(out, "")
    for one in shown:
        counter, share = one.get("counter"), words.loop_share(one.get("gain") or {})
        sign = words.loop_sign(one["sign"], mixed=bool(counter))
        facts = filter(None, (sign, None if counter else _after(one), share))
        say(out, f"  {words.loop_name(one)}: {', '.join(facts)}" + ("" if counter else f": {_around(one)}"))
        for way in (one, counter) if counter else ():
            say(out, f"    {words.loop_sign(way['sign'])}, {_after(way)}: {_around(way)}")
    if any(len(words.cut_parameters(one)) > 1 for one in shown):
        say(out, "* or +n more: the cut neutralizes several parameters; --json names them all.")
    if len(found) > 1:
        say(out, "Worths do not add up to that of all together: loops share links and feed each other.")


def _after(loop: Mapping[str, Any]) -> str:
    delay = known(loop.get("delay_weeks")) or 0.0
    return f"after about {words.many(round(delay), 'week')}" if delay >= 0.5 else "within the week"


def _around(loop: Mapping[str, Any]) -> str:
    return " > ".join(plain(name, limit=60) for name in (*loop["path"], loop["path"][0]))


def _loop_row(name: str, account: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    cells = [plain(name, limit=60)]
    for kpi in ("profit", "retention_rate"):
        one = account["worth"].get(kpi) or {}
        mean = known(one.get("mean"))
        say = words.quantity(str(one.get("unit") or ""), currency, mean or 0.0)
        cells += [NOTHING, NOTHING] if mean is None else [say(mean), span(one.get("ci95"), say)]
    return tuple(cells)


def _population(out: Console, population: Mapping[str, Any]) -> None:
    """What a population file holds, which is not the fit that the table shows."""
    whole = f"the fit to the whole log, orders up to {plain(population['until'])}"
    if population.get("file"):
        say(out, f"Population: {plain(population['file'])}")
        say(out, f"  It holds {whole}, not the training fit above:")
    else:
        say(out, f"With --out FILE.yaml a population is written. It holds {whole}, not the training fit above:")
    errors = population.get("standard_errors") or {}
    parts = [population.get(name) or {} for name in ("purchase", "attrition", "spend")]
    fitted = [f"{key} {_fitted(part[key])} ({_fitted(errors.get(key))})" for part in parts for key in part if key in errors]
    say(out, f"  {', '.join(fitted)}")
    rates = {name: population.get(name) or {} for name in ("purchase", "attrition")}
    offsets = [f"{name} {_fitted(rate['offset'])}" for name, rate in rates.items() if "offset" in rate]
    if offsets:
        say(out, f"  offsets that keep these orders with all behaviors on: {', '.join(offsets)}")


class _Poor:
    """Standard output that cannot show every sign: says what it can instead of failing."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        said = text.translate(POORER).encode(self._stream.encoding, "replace").decode(self._stream.encoding)
        return self._stream.write(said)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def open_console() -> Console:
    from rich.console import Console

    rich = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    stream: Any = None if rich else _Poor(sys.stdout)
    return Console(file=stream, highlight=False, markup=False, emoji=False)


def say(out: Console, line: str, *, bold: bool = False) -> None:
    """Print a line, folded at its spaces alone: a number and its unit stay together, later lines stand under the first."""
    from rich.cells import cell_len
    from rich.text import Text

    indent = line[: len(line) - len(line.lstrip(" "))] + ("  " if line.startswith(" ") else "")
    lines = [line[: len(line) - len(line.lstrip(" "))]]
    for word in filter(None, line.split(" ")):
        if not lines[-1].strip(" "):
            lines[-1] += word
        elif cell_len(f"{lines[-1]} {word}") <= out.width:
            lines[-1] += f" {word}"
        else:
            lines.append(indent + word)
    for one in lines:
        out.print(Text(one, style="bold" if bold else ""), soft_wrap=True)


def _table(*columns: tuple[str, str]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, justify in columns:
        # Numbers stay on one line; words give way.
        table.add_column(Text(name), justify="right" if justify == "right" else "left", no_wrap=justify == "right", overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    from rich.text import Text

    table.add_row(*(Text(cell) for cell in cells))


def lay(out: Console, heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[str]) -> None:
    """Print rows under their heads or, where the width cannot hold each number whole, one after the other."""
    from rich.cells import cell_len

    widest = max((cell_len(line) for row in rows for line in row[0].split("\n")), default=0)
    if _room(out, heads, rows) < min(widest, LEAST):
        for row in rows:
            named = row[0].replace("\n ", "")
            said = "; ".join(f"{_line(head)} {_line(cell)}" for head, cell in zip(heads[1:], row[1:], strict=True))
            say(out, f"  {named}: {said}")
        return
    table = _table(*((head, "left" if head in left else "right") for head in heads))
    for row in rows:
        _row(table, *row)
    out.print(table)


def _line(text: str) -> str:
    """Text of several lines as one."""
    return text.replace("-\n", "").replace("\n", " ")


def _room(out: Console, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Width that the numbers leave to the words in the first column."""
    from rich.cells import cell_len

    columns = zip(heads[1:], *(row[1:] for row in rows), strict=True)
    numbers = [max(cell_len(line) for cell in column for line in cell.split("\n")) for column in columns]
    return out.width - sum(numbers) - GAP * len(numbers)


def _facts(document: Mapping[str, Any]) -> str:
    parts = [
        words.many(document.get("weeks"), "week"),
        f"{number(document.get('people'), digits=0)} people",
        words.many(document.get("replications"), "paired replication"),
        f"{words.many(document.get('draws'), 'draw')} of uncertain parameters",
    ]
    return f"Against {plain(document.get('baseline_name') or document.get('baseline') or 'the baseline')}: {', '.join(parts)}"


def _side_by_side(rows: Sequence[Mapping[str, Any]], document: Mapping[str, Any]) -> Table:
    """One column a scenario: the numbers that the answer rests on."""
    currency = words.currency_of(document)
    table = _table(("", "left"), *((words.scenario_name(row), "left") for row in rows))

    def line(label: str, *cells: str) -> None:
        _row(table, label, *cells)

    line(f"discounted profit gain, {currency}", *(number(words.profit(row).get("mean"), signed=True) for row in rows))
    line("  95 % by luck", *(span(words.profit(row).get("ci95")) for row in rows))
    line("  with parameters", *(span(words.profit(row).get("ci95_all")) for row in rows))
    line("ROI", *(words.roi_value(row.get("roi")) for row in rows))
    line("  95 % by luck", *(span((row.get("roi") or {}).get("ci95_luck"), percent) for row in rows))
    line("  with parameters", *(span((row.get("roi") or {}).get("ci95_all"), percent) for row in rows))
    line("  view, horizon", *(_view(row) for row in rows))
    for name, label in (("cash", "ROI, cash view"), ("accrual", "ROI, accrual view"), ("clv", "ROI, CLV view")):
        if any((row.get("views") or {}).get(name) for row in rows):
            line(label, *(words.roi_value((row.get("views") or {}).get(name)) for row in rows))
    line("probability of loss", *(words.probability(row.get("probability_of_loss"), document.get("draws")) for row in rows))
    line("payback", *(words.payback(row, document) for row in rows))
    line("margin lift needed", *(percent((row.get("break_even") or {}).get("required_lift"), signed=True) for row in rows))
    line("margin lift brought", *(percent((row.get("break_even") or {}).get("achieved_lift"), signed=True) for row in rows))
    return table


def _view(row: Mapping[str, Any]) -> str:
    roi = row.get("roi") or {}
    view = str(roi.get("view") or "")
    return f"{words.VIEW_NAMES.get(view, plain(view, limit=20))}, {words.many(roi.get('horizon_weeks'), 'week')}"


def _differences(out: Console, row: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    rows: list[tuple[str, ...]] = []
    found, unpaired = row.get("differences") or {}, row.get("unpaired") or {}
    for name in _told_of(document):
        one = found.get(name)
        if not one or known(one.get("mean")) is None:
            one = unpaired.get(name)
        if one:
            said = words.kpi_row(name, one, words.currency_of(document))
            # "Orders, orders" says nothing twice.
            counted = one.get("unit") in ("share", "people", "orders", "tickets", "messages") or name.endswith(f"_{one.get('unit')}")
            label = said["name"] if counted else f"{said['name']}, {said['unit']}"
            rows.append((label, said["difference"], said["interval"], said["relative"], said["baseline"]))
    lay(out, ("KPI", "difference", "95 % by luck", "relative", "baseline"), rows, left=("KPI",))
    say(out, "  Money in this table and in the readings above it is not discounted.")


def _told_of(document: Mapping[str, Any]) -> list[str]:
    """KPIs of the table of differences, the same for all scenarios: without those that no scenario has, and costs that none has."""
    absent: set[str] = set(document.get("absent") or ())
    zero = {name for name in (*COST_KPIS, "points_liability", "members", "new_customers", "tickets") if _nowhere(name, document)}
    desk = () if "tickets" in absent | zero else DESK_KPIS
    return [name for name in (*MONEY_KPIS, *CUSTOMER_KPIS, *desk) if name not in absent | zero]


def _nowhere(name: str, document: Mapping[str, Any]) -> bool:
    """Whether a KPI is 0 in the baseline and in every scenario, or told by none."""
    found = [(row.get("differences") or {}).get(name) or {} for row in document.get("scenarios") or ()]
    return not any(one.get(key) for one in found for key in ("mean", "sd", "baseline"))


def _claims(out: Console, row: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """Each reading of each claim beside what was simulated."""
    rows: list[tuple[str, ...]] = []
    for one in row["claims"]:
        said = words.claim_row(one, words.currency_of(document))
        label = f"{said['name']}, {said['reading']}"
        rows.append((label, said["claimed"], said["simulated"], said["interval"], said["verdict"]))
    lay(out, ("claim", "claimed", "simulated", "95\u00a0%", "against model"), rows, left=("claim", "against model"))
    for one in row["claims"]:
        if one.get("reason"):
            say(out, f"  {words.kpi_name(str(one.get('name')))}: {plain(one['reason'])}.")
    say(out, f"  {words.claim_note(row['claims'])}")


def _swings(out: Console, row: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """What each parameter does to profit from the low to the high end of its range."""
    heads = ("what drives the answer", "range", f"discounted\nprofit, {words.currency_of(document)}", "turns at")
    rows: list[tuple[str, ...]] = []
    for one in row["sensitivity"][:MOST_SWINGS]:
        low, high = (number(one.get(f"profit_{end}"), signed=True) for end in ("low", "high"))
        turns = NOTHING if one.get("switching_value") is None else setting(one["switching_value"])
        reach = f"{setting(one.get('low'))} to {setting(one.get('high'))}"
        rows.append((f"{plain(one.get('path') or '')} = {setting(one.get('default'))}", reach, f"{low} to {high}", turns))
    room = _room(out, heads, rows)
    lay(out, heads, [(_fold(named, room), *numbers) for named, *numbers in rows], left=heads[:1])


def _fold(named: str, width: int) -> str:
    """A dotted path and its default on lines of this width, broken where a path has joints."""
    from rich.cells import cell_len

    path, _, default = named.rpartition(" = ")
    lines = [""]
    for part in (*re.findall(r"[^._]*[._]?", path)[:-1], f" = {default}"):
        if lines[-1].strip() and cell_len(lines[-1] + part) > width:
            lines.append(" ")
        lines[-1] += part
    return "\n".join(lines)


def _fitted(value: Any) -> str:
    found = known(value)
    return NOTHING if found is None else f"{found:.4g}".replace("-", MINUS)


def _backtest(out: Console, holdout: Sequence[Mapping[str, Any]]) -> None:
    """About eight weeks, the last one always."""
    rows: list[list[str]] = []
    step = max(1, len(holdout) // 6)
    for one in (*holdout[step - 1 : -1 : step], holdout[-1]):
        cells = [number(one["week"], digits=0), number(one["actual"], digits=0)]
        for model in ("bgnbd", "pareto_nbd", "simulated"):
            value, actual = known(one.get(model)), known(one.get("actual"))
            miss = None if value is None or not actual else value / actual - 1.0
            cells += [number(value, digits=0), percent(miss, signed=True, digits=1)]
        rows.append(cells)
    lay(out, ("week", "log", "BG/NBD", "miss", "Pareto/NBD", "miss", "simulated", "miss"), rows, left=())
