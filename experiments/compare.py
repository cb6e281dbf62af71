"""`compare`: what scenarios change against a baseline, replication by replication, down to the money."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from regulars.analysis.compare import (
    FEW_DRAWS,
    NO_LAUNCH,
    break_even,
    cumulative_band,
    loss_probability,
    naive_readings,
    paired_difference,
    payback_week,
    return_on_cost,
    roi_interval,
    waterfall,
)
from regulars.analysis.report import words
from regulars.analysis.report.words import SPACE, many, percent
from regulars.scenarios.check import DEFAULT
from regulars.scenarios.hints import hints
from regulars.scenarios.scenario import Scenario
from regulars.sim.core.arguments import one_of

from .cautions import few_replications, left_tickets
from .claims import claim_rows
from .executors import Kind, Run, crew, split_threads, suited
from .gains import VIEWS, Gains, gains_of
from .job import Job, Members, Outcome, execute, same_people
from .outputs import MANIFEST, check_kind, replaced, write_bytes
from .results import absent_kpis, kpi_frame, kpi_units, kpi_values, manifest, plain, weekly_frame, weekly_values, write_json, write_parquet
from .run import Progress, as_scenario, check_settings, replicate
from .sensitivity import REPLICATIONS as SENSITIVITY_REPLICATIONS
from .sensitivity import sensitivity as sensitivity_tables
from .uncertainty import draw_values, uncertain

if TYPE_CHECKING:
    import pandas as pd

_COSTS = {
    "discounts": "discounts given",
    "reward_cost": "rewards",
    "campaign_cost": "campaigns",
    "acquisition_cost": "acquisition",
    "service_cost": "service",
    "program_fixed_cost": "fixed program cost",
}


@dataclass(frozen=True)
class Drawn:
    """What a scenario gains over joint draws of what is not known.

    Attributes:
        gains: By view, one a draw.
        cash: Cumulative incremental cash, shape (draws, weeks).
        claimed: KPIs that the scenario has claims on, of the baseline and of itself, one a draw.
        values: Parameters by path, one a draw: the scenario's, and the baseline's where the scenario has none.
    """

    gains: dict[str, Gains]
    cash: np.ndarray
    claimed: dict[str, tuple[np.ndarray, np.ndarray]]
    values: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Comparison:
    """Scenarios against a baseline.

    Attributes:
        document: The whole answer as plain data; see `docs/reading_the_answer.md`.
        outcomes: By scenario (baseline first), then replication.
        scenarios: The baseline first.
        drawn: Of each scenario but the baseline; empty without draws.
    """

    document: dict[str, Any]
    outcomes: tuple[tuple[Outcome, ...], ...]
    scenarios: tuple[Scenario, ...]
    drawn: tuple[Drawn, ...] = ()

    @property
    def draws(self) -> pd.DataFrame:
        """One row a scenario and draw: gains in the scenario's view and in cash, and a column for each drawn parameter's path."""
        import pandas as pd

        frames = [draws_frame(*one) for one in zip(self.scenarios[1:], self.drawn, strict=False)]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def report(self, path: str | Path) -> Path:
        """Write the answer as one HTML page.

        Args:
            path: Must end in .html or .htm and be no file that the scenarios were read from.

        Raises:
            OutputError: It must not be written there.
            OSError: It could not be written; nothing is half-written.
        """
        from regulars.analysis.report import render

        files = [file for one in self.scenarios for file in one.files]
        check_kind("report", Path(path), ".html", ".htm", inputs=files)
        write_bytes(Path(path), render(self.document).encode())
        return Path(path)

    def __repr__(self) -> str:
        rows = self.document["scenarios"]
        told = [f"Against {self.document['baseline_name']}:", *(f"  {words.answer(one, self.document)}" for one in rows)]
        return words.plain(told[0]) + "".join(f"\n{one}" for one in told[1:])

    def _repr_html_(self) -> str:
        from regulars.analysis.report import render

        return render(self.document)


def compare(
    baseline: Scenario | str,
    others: Scenario | str | Sequence[Scenario | str],
    *,
    replications: int = 20,
    seed: int = 1,
    draws: int = 200,
    sensitivity: bool = True,
    weeks: int | None = None,
    threads: int | None = None,
    executor: Kind | Literal["auto"] = "threads",
    progress: Callable[[str, int], Progress] | None = None,
    command: str | None = None,
) -> Comparison:
    """Compare scenarios with a baseline on the same customers and the same luck.

    Args:
        baseline: What happens without.
        others: What might be done; one scenario or several.
        replications: Independent repetitions of luck, each paired.
        seed: Key of all luck.
        draws: Joint draws of what is not known, each with luck of its own; 0 leaves their results null.
        sensitivity: Whether each assumed parameter is moved through its range, one at a time.
        weeks: Run so many weeks instead of the scenarios' horizon.
        threads: Threads, or processes, in all; the result does not depend on it.
        executor: Who computes draws and sensitivity: threads, processes (several times faster on small markets; a script needs
            ``if __name__ == "__main__":`` around its calls, or it would begin anew in each of them), or whichever is sooner.
        progress: Makes a ticker for a task, from its name and its weeks in all.
        command: What the reader types to get the same; from the command line if not given.

    Raises:
        ScenarioError: A scenario is not valid.
        NotComparable: Horizons or currencies differ, or there is nothing to compare with the baseline.
        ValueError: A number is out of its range, or there is no such executor.
    """
    if isinstance(others, Scenario | str):
        others = [others]
    check_settings(replications=replications, seed=seed, draws=draws, weeks=weeks, threads=threads)
    one_of("executor", executor, ("auto", *get_args(Kind)))
    scenarios = _told_apart(_comparable([as_scenario(one, weeks) for one in (baseline, *others)]))
    work = sum(one.horizon_weeks for one in scenarios)
    ticker = progress("replications", work * replications) if progress else None
    rows, timing = replicate(scenarios, replications, seed, threads, digest=False, progress=ticker)
    outcomes = tuple(tuple(row[at] for row in rows) for at in range(len(scenarios)))
    unknown, few = uncertain(scenarios), min(replications, SENSITIVITY_REPLICATIONS)
    values = [kpi_values(one) for one in outcomes]
    parts, names = [], _names(scenarios)
    swings: list[list[dict[str, Any]]] = [[] for _ in scenarios[1:]]
    drawn: list[Drawn] | None = None
    if draws:
        workers, inside = split_threads(threads, draws)
        people = max(one.market.people for one in scenarios)
        if executor == "auto":
            executor = suited(people, people * work * draws, workers)
        with crew(workers, executor) as run:
            drawn_values = [draw_values(one, mine.values(), draws, seed) for one, mine in zip(scenarios, unknown, strict=True)]
            drawn = _draw(Draws(scenarios, drawn_values, seed, inside), run, progress)
            if sensitivity:
                headline = {at: gains_of(outcomes[0], one, scenarios[at].economics.view) for at, one in enumerate(outcomes) if at}
                swings = sensitivity_tables(scenarios, headline, unknown, few, seed, run, workers * inside, progress)
    for at, scenario in enumerate(scenarios[1:], start=1):
        part = _answer(scenarios[0], scenario, outcomes[0], outcomes[at], values[0], values[at])
        part["name"] = names[at]
        _add_risk(part, None if drawn is None else drawn[at - 1])
        part["claims"] = claim_rows(scenario, values[at], values[0], {} if drawn is None else drawn[at - 1].claimed)
        mine = {**unknown[0], **unknown[at]}
        part["uncertain"] = [
            {name: getattr(one, name) for name in ("path", "unit", "low", "high", "default", "source")}
            for _, one in sorted(mine.items())
            if not one.choices
        ]
        part["sensitivity"] = swings[at - 1]
        widened = [path for path, one in sorted(mine.items()) if one.widened]
        tickets = [f"In the baseline {one}" for one in left_tickets(values[0])] + left_tickets(values[at])
        part["warnings"] = [*_set_up(scenarios[0], scenario, widened), *tickets, *_warnings(part, replications, draws)]
        parts.append(part)
    first = scenarios[0]
    document = {
        "baseline": first.id,
        "baseline_name": names[0],
        "seed": seed,
        "replications": replications,
        "draws": draws,
        "sensitivity_replications": few if draws and sensitivity else None,
        "weeks": first.horizon_weeks,
        "people": first.market.people,
        "currency": first.currency,
        "run_dir": None,
        "command": command or shlex.join(["regulars", *sys.argv[1:]]),
        "version": metadata.version("regulars"),
        "timing": timing,
        "absent": absent_kpis([one[0] for one in outcomes]),
        "scenarios": parts,
    }
    return Comparison(document, outcomes, tuple(scenarios), tuple(drawn or ()))


def save(comparison: Comparison, folder: Path) -> Comparison:
    """Write tables, manifest and report into `folder`, in place of an earlier run's; the comparison that knows where they are."""
    import pandas as pd

    pairs = list(zip(comparison.scenarios, comparison.outcomes, strict=True))
    document = {**comparison.document, "run_dir": str(folder)}
    facts = {name: document[name] for name in ("seed", "replications", "draws")}
    saved = replace(comparison, document=document)
    with replaced(folder) as fresh:
        write_parquet(fresh / "kpis.parquet", pd.concat([kpi_frame(*one) for one in pairs], ignore_index=True))
        write_parquet(fresh / "weekly.parquet", pd.concat([weekly_frame(*one) for one in pairs], ignore_index=True))
        if comparison.drawn:
            write_parquet(fresh / "draws.parquet", comparison.draws)
        write_json(fresh / "comparison.json", document)
        saved.report(fresh / "report.html")
        write_json(fresh / MANIFEST, manifest(comparison.scenarios, str(document["command"]), **facts))
    return saved


def draws_frame(scenario: Scenario, drawn: Drawn) -> pd.DataFrame:
    """Joint draws as a table: scenario, draw, view, gains in this view, gains in cash, parameters by path."""
    import pandas as pd

    columns: dict[str, Any] = {"scenario": scenario.id, "draw": np.arange(len(drawn.cash)), "view": scenario.economics.view}
    for prefix, gains in (("", drawn.gains[scenario.economics.view]), ("cash_", drawn.gains["cash"])):
        columns |= {
            f"{prefix}discounted_margin": gains.margin,
            f"{prefix}discounted_program_cost": gains.cost,
            f"{prefix}discounted_profit": gains.profit,
        }
    columns |= {path: [one[path] for one in drawn.values] for path in sorted(drawn.values[0])}
    return pd.DataFrame(columns)


class NotComparable(ValueError):
    """Scenarios whose numbers cannot stand side by side."""


def _comparable(scenarios: list[Scenario]) -> list[Scenario]:
    first = scenarios[0]
    if len(scenarios) < 2:
        raise NotComparable(f"{first.id}: nothing to compare it with; give at least one other scenario.")
    least, found = min(one.horizon_weeks for one in scenarios), []
    for one in scenarios[1:]:
        for name, hint in (("horizon_weeks", f" Use --weeks {least}."), ("currency", "")):
            wanted, value = getattr(first, name), getattr(one, name)
            if value != wanted:
                found.append(f"{_place(one, name)}: {name} = {value}: must be {wanted} as in the baseline {first.id}.{hint}")
    if found:
        raise NotComparable("\n".join(dict.fromkeys(found)))
    return scenarios


def _place(scenario: Scenario, path: str) -> str:
    """Where a value is written; the top of the file where it is a default."""
    origin = scenario.origin.get(path, DEFAULT)
    return f"{scenario.source.label}:1:1" if origin == DEFAULT else f"{origin}:1"


def _told_apart(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Scenarios whose ids name one each, in tables as in the manifest; files of one stem get their place beside it."""
    ids = [one.id for one in scenarios]
    return [
        replace(one, id=f"{one.id}#{ids[: at + 1].count(one.id)}") if ids.count(one.id) > 1 else one for at, one in enumerate(scenarios)
    ]


def _names(scenarios: Sequence[Scenario]) -> list[str]:
    """What people call each scenario; where two have one title, the id tells them apart."""
    titles = [one.name for one in scenarios]
    return [f"{one.name} ({one.id})" if titles.count(one.name) > 1 else one.name for one in scenarios]


def _answer(
    baseline: Scenario,
    scenario: Scenario,
    before: Sequence[Outcome],
    after: Sequence[Outcome],
    base_values: dict[str, np.ndarray],
    values: dict[str, np.ndarray],
) -> dict[str, Any]:
    units = kpi_units()
    differences: dict[str, Any] = {}
    unpaired: dict[str, Any] = {}
    for name, mine in values.items():
        found = paired_difference(base_values[name], mine)
        differences[name] = None if found.mean is None else {**plain(found), "unit": units[name]}
        if found.mean is None and np.isfinite([*base_values[name], *mine]).any():
            sides = (("baseline", base_values[name]), ("scenario", mine))
            unpaired[name] = {side: _mean(one) for side, one in sides} | {"unit": units[name]}
    weeks = scenario.horizon_weeks
    view = scenario.economics.view
    views = {one: _view(gains_of(before, after, one), one, weeks) for one in VIEWS}
    cash = _cash(before, after)
    gains, shown = gains_of(before, after, "cash"), gains_of(before, after, view)
    base_margin = np.array([float(one.series.summed().discounted_margin[0, -1]) for one in before])
    return {
        "scenario": scenario.id,
        "name": scenario.name,
        "description": scenario.description,
        "differences": differences,
        "unpaired": unpaired,
        "roi": views[view],
        "views": views,
        "payback_week": payback_week(cash),
        "break_even": plain(break_even(shown.margin, shown.cost, base_margin)),
        "naive": _naive(baseline, scenario, before, after),
        "waterfall": _waterfall(before, after, gains, scenario.economics.discount_rate_per_year),
        "weekly": {"week": list(range(1, weeks + 1)), "cumulative_cash": plain(cumulative_band(cash))},
    }


def _mean(values: np.ndarray) -> float | None:
    """Mean over the replications that have a value; None if none has."""
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else None


def _cash(before: Sequence[Outcome], after: Sequence[Outcome]) -> np.ndarray:
    """Incremental cash by week, shape (replications, weeks)."""
    return np.stack([_weekly(b, "profit") - _weekly(a, "profit") for a, b in zip(before, after, strict=True)])


def _weekly(one: Outcome, kpi: str) -> np.ndarray:
    return weekly_values(one)[kpi][:, -1]


def _margin(one: Outcome) -> np.ndarray:
    """Margin before program costs by week, shape (weeks,): the KPI less discounts, which are a cost of the program."""
    return _weekly(one, "gross_margin") + one.series.discounts[:, -1]


def _view(gains: Gains, view: str, weeks: int) -> dict[str, Any]:
    """Return on cost and profit in one view of the money, over luck; risk is added from the draws."""
    found = return_on_cost(gains.margin, gains.cost)
    profit = paired_difference(np.zeros_like(gains.profit), gains.profit)
    return {
        "value": found.value,
        "ci95_luck": plain(found.interval),
        "ci95_all": None,
        "view": view,
        "horizon_weeks": weeks,
        "reason": found.reason if found.value is None else None,
        "profit": {"mean": profit.mean, "sd": profit.sd, "ci95": plain(profit.ci95), "ci95_all": None},
        "probability_of_loss": None,
        "probability_of_loss_error": None,
    }


def _waterfall(before: Sequence[Outcome], after: Sequence[Outcome], gains: Gains, rate: float) -> list[dict[str, Any]]:
    """From incremental discounted margin over each cost that differs to incremental discounted profit; cash view."""
    costs = {}
    for name, label in _COSTS.items():
        gain = np.array([_discounted(b, name, rate) - _discounted(a, name, rate) for a, b in zip(before, after, strict=True)])
        if gain.any():
            costs[label] = gain
    return [plain(one) for one in waterfall(gains.margin, costs)]


def _discounted(one: Outcome, line: str, rate: float) -> float:
    """A cost line discounted as `discounted_program_cost` is: from the middle of each week."""
    from regulars.sim.core.units import discount_factor

    amounts = getattr(one.series, line)[:, -1]
    return float(amounts @ np.array([discount_factor(rate, week + 0.5) for week in range(len(amounts))]))


def _naive(baseline: Scenario, scenario: Scenario, before: Sequence[Outcome], after: Sequence[Outcome]) -> dict[str, Any]:
    from regulars.sim.core.units import MONEY

    margin = np.stack([_margin(one) for one in after])
    usual = np.array([_margin(one).sum() for one in before])
    share = scenario.economics.gross_margin / MONEY
    planned = any(baseline.tree[section] != scenario.tree[section] for section in ("programs", "campaigns", "feedback"))
    members = [one.members or Members(0, 0, 0, 0, 0, 0) for one in after]
    found = naive_readings(
        weekly_margin=margin,
        launch_week=_first_difference(before, after) if planned else None,
        members=[one.n_members for one in members],
        members_margin=[one.members_revenue * share for one in members],
        members_margin_in_baseline=[one.members_baseline * share for one in members],
        others=[one.n_others for one in members],
        others_margin=[one.others_revenue * share for one in members],
        margin_gain=margin.sum(axis=1) - usual,
        baseline_margin=usual,
        no_launch=NO_LAUNCH if planned else "both scenarios have the same plan: nothing is launched",
    )
    return plain(found)


def _first_difference(before: Sequence[Outcome], after: Sequence[Outcome]) -> int | None:
    """First week, from 1, in which the scenario's money differs from the baseline's: its launch, as a reader would see it."""
    weeks = np.zeros(len(before[0].totals), bool)
    for a, b in zip(before, after, strict=True):
        for name in ("revenue", *_COSTS):
            weeks |= getattr(a.series, name)[:, -1] != getattr(b.series, name)[:, -1]
    return int(np.argmax(weeks)) + 1 if weeks.any() else None


@dataclass(frozen=True)
class Draws:
    """Joint draws of what is not known; a task for workers, who may be other processes.

    Attributes:
        scenarios: The baseline first.
        values: Of each scenario, by draw, then path.
        seed: Key of all luck; the draw's number is its replication, so luck differs too.
        threads: Threads of each run.
    """

    scenarios: Sequence[Scenario]
    values: Sequence[Sequence[Mapping[str, Any]]]
    seed: int
    threads: int

    def __call__(self, at: int) -> list[Outcome]:
        changed = [scenario.with_values(mine[at]) for scenario, mine in zip(self.scenarios, self.values, strict=True)]
        return execute(Job(changed, self.seed, at, self.threads, digest=False))


def _draw(draws: Draws, run: Run, progress: Callable[[str, int], Progress] | None) -> list[Drawn]:
    """What each scenario gains over joint draws."""
    scenarios, n = draws.scenarios, len(draws.values[0])
    weeks = sum(one.horizon_weeks for one in scenarios)
    tick = progress("uncertainty", weeks * n) if progress else None
    rows = run(draws, range(n), None if tick is None else lambda _: tick(weeks))
    found = []
    for at in range(1, len(scenarios)):
        before, after = [row[0] for row in rows], [row[at] for row in rows]
        views = {view: gains_of(before, after, view) for view in VIEWS}
        values = [{**usual, **own} for usual, own in zip(draws.values[0], draws.values[at], strict=True)]
        found.append(Drawn(views, _cash(before, after).cumsum(axis=1), _claimed(scenarios[at], before, after), values))
    return found


def _claimed(scenario: Scenario, before: Sequence[Outcome], after: Sequence[Outcome]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """KPIs that the scenario has claims on, before and after."""
    if not scenario.claims:
        return {}
    old, new = kpi_values(before), kpi_values(after)
    return {name: (old[name], new[name]) for name in {one.kpi for one in scenario.claims.values()}}


def _add_risk(part: dict[str, Any], drawn: Drawn | None) -> None:
    """Add to an answer what the joint draws say of its risk, in each view of the money."""
    if drawn is not None:
        ends = [2.5, 97.5]
        for view, one in part["views"].items():
            gains = drawn.gains[view]
            if one["value"] is not None:
                one["ci95_all"] = plain(roi_interval(gains.margin, gains.cost).interval)
            one["profit"]["ci95_all"] = np.percentile(gains.profit, ends).tolist()
            loss = loss_probability(gains.profit)
            one["probability_of_loss"], one["probability_of_loss_error"] = loss.value, loss.error
        part["differences"]["discounted_profit"]["ci95_all"] = part["views"]["cash"]["profit"]["ci95_all"]
        part["weekly"]["low_all"], part["weekly"]["high_all"] = np.percentile(drawn.cash, ends, axis=0).tolist()
    for name in ("probability_of_loss", "probability_of_loss_error"):
        part[name] = part["roi"][name]


def _set_up(baseline: Scenario, scenario: Scenario, widened: Sequence[str]) -> list[str]:
    """What in the scenarios themselves keeps the difference from being what a planner takes it for."""
    found = []
    differing = _differing(baseline, scenario)
    if differing:
        found.append(
            f"Not only plans differ from the baseline, but also {_listed(differing)}: the difference is not the plan's alone."
        )
    found += hints(scenario)
    desks = [any(part.type == "service_desk" for part in one.components) for one in (baseline, scenario)]
    if desks[0] != desks[1]:
        found.append(
            "Only one of the two has a service desk, and questions come with it: without one nobody asks or waits. What a desk is worth "
            "shows between desks with more and with fewer agents."
        )
    if widened:
        several = len(widened) > 1
        found.append(
            f"The range{'s' if several else ''} under uncertainties of {_listed(widened)} {'do' if several else 'does'} not hold the "
            f"value in use and {'were' if several else 'was'} widened to it."
        )
    return found


def _differing(baseline: Scenario, scenario: Scenario) -> list[str]:
    """Sections of the market, its behaviors and its economics in which two scenarios differ."""
    found = []
    for section in ("market", "economics", "behaviors"):
        mine, theirs = (one.tree[section] for one in (baseline, scenario))
        # Whom a plan leaves out on purpose is a part of the plan.
        names = sorted((mine.keys() | theirs.keys()) - {"hold_out"})
        found += [f"{section}.{name}" for name in names if mine.get(name) != theirs.get(name)]
    if not found and (baseline.population != scenario.population or not same_people(baseline, scenario)):
        found.append("the files of market.population or market.network")
    return found


def _listed(names: Sequence[str]) -> str:
    """At most three names, and how many more there are."""
    if len(names) > 3:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _warnings(part: dict[str, Any], replications: int, draws: int) -> list[str]:
    """What to know before the numbers are quoted."""
    found = []
    sold = [part["differences"][name] for name in ("orders", "revenue")]
    if part["break_even"]["margin_needed"] > 0.0 and all(one is not None and one["mean"] == 0.0 == (one["sd"] or 0.0) for one in sold):
        found.append(
            "The plan costs money and no order changes within the horizon. Rewards act through behaviors.satisfaction and "
            "behaviors.loyalty, messages through their effect: see that they are on."
        )
    found += few_replications(replications)
    interval = part["roi"]["profit"]["ci95"]
    if interval and interval[0] <= 0.0 <= interval[1] and interval[0] < interval[1]:
        found.append("Luck alone could explain the difference in profit; add replications or customers.")
    if draws == 0:
        found.append("No draws of uncertain parameters: the interval knows luck only, not ignorance.")
    elif draws < FEW_DRAWS:
        said = f"{many(draws, 'draw')} of uncertain parameters: the probability of loss is rough and no verdict is clear"
        found.append(f"{said}; use {FEW_DRAWS} or more.")
    mean, risk = part["roi"]["profit"]["mean"], part["probability_of_loss"]
    if mean and risk is not None and (mean < 0.0) == (risk < 0.5) and risk != 0.5:
        does, draws_do, most = ("loses", "gains", 1.0 - risk) if mean < 0.0 else ("gains", "loses", risk)
        said = percent(most).replace(SPACE, " ")
        found.append(
            f"At the values in use the plan {does}, and {draws_do} in {said} of the draws of uncertain parameters: the values in "
            "use are no middle of what is thought possible."
        )
    gains = {view: one["profit"]["mean"] > 0.0 for view, one in part["views"].items() if one["profit"]["mean"]}
    if len(set(gains.values())) > 1:
        said = ", ".join(f"{view} {'gains' if gain else 'loses'}" for view, gain in gains.items())
        found.append(f"The answer changes sign with the view: {said}.")
    if any(one["switching_value"] is not None for one in part["sensitivity"]):
        count = sum(one["switching_value"] is not None for one in part["sensitivity"])
        found.append(f"{count} assumed parameter{'s' if count > 1 else ''} can turn the answer within the stated range.")
    return found
