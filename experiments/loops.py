"""`loops`: which feedback loops a scenario holds, and what each contributes, by cutting one after the other on the same luck."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.analysis.compare import paired_difference, share_made
from regulars.scenarios.hints import hints
from regulars.scenarios.scenario import Scenario
from regulars.sim.core.links import Cut, Loop, at_work, effects, find_loops
from regulars.sim.world.quantities import LIFE, QUANTITIES

from .cautions import few_replications, left_tickets
from .job import Outcome
from .results import kpi_units, kpi_values, plain
from .run import Progress, as_scenario, check_settings, replicate

if TYPE_CHECKING:
    import pandas as pd

WORTH = ("profit", "retention_rate", "new_customers", "orders")
"""What a loop is worth is told in these KPIs."""


@dataclass(frozen=True)
class LoopAccounts:
    """What each feedback loop of a scenario contributes.

    Attributes:
        document: The whole answer as plain data; what `loops --json` prints.
        loops: The loops, in the order of the document.
        scenarios: The scenario, then it with each loop cut, then with all of them cut if there are several.
        outcomes: By scenario, then replication; empty if there is no loop.
    """

    document: dict[str, Any]
    loops: tuple[Loop, ...]
    scenarios: tuple[Scenario, ...]
    outcomes: tuple[tuple[Outcome, ...], ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a loop: path, sign, delay, gain, and mean and interval of its worth by KPI."""
        import pandas as pd

        rows = []
        for one in self.document["loops"]:
            row: dict[str, Any] = {"loop": one["name"], "path": " -> ".join(one["path"]), "sign": one["sign"]}
            row |= {"delay_weeks": one["delay_weeks"], "gain": one["gain"]["value"] if one["gain"] else None}
            for kpi, worth in one["worth"].items():
                low, high = (worth["ci95"] if worth else None) or (None, None)
                row |= {kpi: worth["mean"] if worth else None, f"{kpi}_low": low, f"{kpi}_high": high}
            rows.append(row)
        return pd.DataFrame(rows).set_index("loop") if rows else pd.DataFrame()

    def __repr__(self) -> str:
        import io

        from rich.console import Console

        from regulars.analysis.report import print_loops

        out = io.StringIO()
        print_loops(self.document, Console(file=out, width=100))
        return out.getvalue().rstrip()

    def _repr_html_(self) -> str:
        from html import escape

        from regulars.analysis.report import words

        told = [*self.document["warnings"], words.loops_verdict(self.document) if self.loops else "No feedback loop."]
        title = words.plain(self.document["name"] or self.document["scenario"])
        lines = "".join(f"<p>{escape(words.plain(one))}</p>" for one in told)
        return f"<h3>{escape(title)}</h3>{lines}{self.frame.to_html(float_format='{:.4g}'.format) if self.loops else ''}"


def loops(
    scenario: Scenario | str,
    *,
    replications: int = 20,
    seed: int = 1,
    weeks: int | None = None,
    threads: int | None = None,
    progress: Callable[[str, int], Progress] | None = None,
    command: str | None = None,
) -> LoopAccounts:
    """Find the feedback loops of a scenario, cut each in turn, and say what it contributes.

    A cut sets the effect through which a loop acts to its neutral value and changes nothing else: same people, same ties,
    same luck. Worth is intact less cut, paired, replication by replication; so it holds all that passes through that effect.
    Worths of loops do not add up, as a loop may feed another; what all are worth together stands beside them. Path, sign and
    delay of a row are those of the shortest loop that its cut ends; where the cut ends loops of the other sign too, `counter` is
    the shortest of these, and the worth is the net of both.

    Args:
        scenario: Checked scenario, path, or ``library:NAME``.
        replications: Independent repetitions of luck, each paired.
        seed: Key of all luck.
        weeks: Run so many weeks instead of the scenario's horizon.
        threads: Threads in all; the result does not depend on it.
        progress: Makes a ticker for a task, from its name and its weeks in all.
        command: What the reader types to get the same; from the command line if not given.

    Raises:
        ScenarioError: The scenario is not valid.
        ValueError: A number is out of its range.

    Source: loop deactivation Ford (1999), System Dynamics Review 15(1).
    """
    check_settings(replications=replications, seed=seed, weeks=weeks, threads=threads)
    scenario = as_scenario(scenario, weeks)
    found = active_loops(scenario)
    cuts = [neutral_values(scenario, one.cut) for one in found]
    if len(found) > 1:
        cuts.append({path: value for one in cuts for path, value in one.items()})
    scenarios = [scenario, *(scenario.with_values(one) for one in cuts)]
    rows: list[list[Outcome]] = []
    timing: dict[str, float] = {}
    if found:
        ticker = progress("replications", scenario.horizon_weeks * len(scenarios) * replications) if progress else None
        rows, timing = replicate(scenarios, replications, seed, threads, digest=False, progress=ticker)
    outcomes = tuple(tuple(row[at] for row in rows) for at in range(len(scenarios) if found else 0))
    values = [kpi_values(one) for one in outcomes]
    accounts = [
        {
            "name": name,
            "path": list(one.path),
            "sign": one.sign,
            "delay_weeks": round(one.delay, 4),
            "counter": _counter(one),
            "worth": _worth(values[0], values[at]),
            "gain": _gain(one, outcomes[0], outcomes[at]),
            "cut": cuts[at - 1],
        }
        for at, (one, name) in enumerate(zip(found, loop_names(found), strict=True), start=1)
    ]
    together = {"worth": _worth(values[0], values[-1]), "cut": cuts[-1]} if found else None
    document = {
        "scenario": scenario.id,
        "name": scenario.name,
        "seed": seed,
        "replications": replications,
        "weeks": scenario.horizon_weeks,
        "people": scenario.market.people,
        "currency": scenario.currency,
        "loops": accounts,
        "together": together,
        "warnings": [*hints(scenario), *(few_replications(replications) if found else []), *(left_tickets(values[0]) if found else [])],
        "command": command or shlex.join(["regulars", *sys.argv[1:]]),
        "version": metadata.version("regulars"),
        "timing": timing,
    }
    return LoopAccounts(document, tuple(found), tuple(scenarios), outcomes)


def active_loops(scenario: Scenario) -> list[Loop]:
    """The feedback loops whose every link is at work in a scenario, each with a cut of its own."""
    market = scenario.market
    # Without prospects nobody can be won.
    still = () if market.prospects + market.newcomers > 0 else ("acquisition",)
    return find_loops(at_work(scenario.components, LIFE, network=market.network.type != "none", still=still))


def loop_names(found: Sequence[Loop]) -> list[str]:
    """A short name for each: what the scenario calls its component, with the effect that is cut where one has several loops."""
    parts = [one.cut.address.partition(".")[2] for one in found]
    names = [
        part if parts.count(part) == 1 else ".".join([part, *(word for word in one.cut.by[0].split(".") if word != "*")])
        for part, one in zip(parts, found, strict=True)
    ]
    return [f"{one.cut.address}.{one.cut.by[0]}" if names.count(name) > 1 else name for name, one in zip(names, found, strict=True)]


def neutral_values(scenario: Scenario, cut: Cut) -> dict[str, Any]:
    """Neutral value by dotted path of every effect of a cut that is not neutral, those of segments included."""
    component = scenario.component(cut.address)
    if component is None:
        raise KeyError(cut.address)
    kind, name = cut.address.split(".", 1)
    homes = [(cut.address, component.params)]
    homes += [(f"market.segments.{segment}.{kind}.{name}", params) for segment, params in component.overrides.items()]
    found: dict[str, Any] = {}
    for home, params in homes:
        for by in cut.by:
            for path, value, neutral in effects(params, by):
                where = f"{home}.{path}"
                # A segment that says nothing of its own has what all have.
                if value != neutral and (home == cut.address or _given(scenario.tree, where)):
                    found[where] = type(value)(neutral)
    return found


def _given(tree: Mapping[str, Any], path: str) -> bool:
    at: Any = tree
    for name in path.split("."):
        if not isinstance(at, Mapping) or name not in at:
            return False
        at = at[name]
    return True


def _worth(intact: Mapping[str, np.ndarray], cut: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What is there with the loop and not without, by KPI; None where a KPI has no value."""
    units, found = kpi_units(), {}
    for name in WORTH:
        gain = paired_difference(cut[name], intact[name])
        parts = {"mean": gain.mean, "sd": gain.sd, "ci95": plain(gain.ci95), "relative": gain.relative, "unit": units[name]}
        found[name] = None if gain.mean is None else parts
    return found


def _counter(loop: Loop) -> dict[str, Any] | None:
    """The shortest loop of the other sign that ends with the same cut."""
    if (other := loop.counter) is None:
        return None
    return {"path": list(other.path), "sign": other.sign, "delay_weeks": round(other.delay, 4)}


def _gain(loop: Loop, intact: Sequence[Outcome], cut: Sequence[Outcome]) -> dict[str, Any] | None:
    """The share of the flow that the loop makes: of the first counted flow that the link that is cut leads to."""
    targets = [*loop.path[1:], loop.path[0]]
    totals = [QUANTITIES[one].total for one in targets if one in QUANTITIES]
    total = next((one for one in totals if one and all(one in outcome.series for outcome in (*intact, *cut))), None)
    if total is None:
        return None
    having, left = (np.array([_total(one, total) for one in outcomes]) for outcomes in (intact, cut))
    found = share_made(having, left)
    return {"of": total, "value": found.value, "ci95": plain(found.interval), "reason": found.reason}


def _total(outcome: Outcome, name: str) -> float:
    return float(getattr(outcome.series.summed(), name)[0, -1])
