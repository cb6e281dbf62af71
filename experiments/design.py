"""Design of an A/B test: who gets what, when, for how long, and how it will be read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from regulars.scenarios.faults import Fault, choice, validated
from regulars.scenarios.population import place, placed
from regulars.scenarios.problem import Problem, ScenarioError, suggestion
from regulars.scenarios.reader import Node, plain, read_file
from regulars.scenarios.resolve import NAME
from regulars.sim.core.declare import Parameters, group, param

from .assignment.assignment import Assignment
from .assignment.cluster import Cluster
from .assignment.individual import Individual
from .assignment.saturation import Saturation
from .assignment.staggered import Staggered
from .assignment.switchback import Switchback
from .decision_section import DecisionSection
from .readings import readings
from .worlds import MEASURES

ASSIGNMENTS: dict[str, type[Assignment]] = {
    "individual": Individual, "cluster": Cluster, "saturation": Saturation, "switchback": Switchback, "staggered": Staggered
}  # fmt: skip
SHARE = Annotated[float, Field(gt=0.0, lt=1.0)]


class Metric(Parameters):
    """What is measured of each customer."""

    column: Literal["orders", "spend", "margin", "bought", "retained"] = param(
        unit="", doc="Column of a test: " + "; ".join(f"{name}: {text}" for name, text in MEASURES.items()), source="plan"
    )
    kind: Literal["mean", "proportion"] = param("mean", unit="", doc="How arms are compared.", source="plan")


class Head(Parameters):
    """What every design says, however it assigns."""

    shares: dict[str, SHARE] = group(
        "Share of units of each arm by name, the control first; all together 1.", lambda: {"control": 0.5, "treatment": 0.5}
    )
    start_week: int = param(1, unit="week", low=1, high=1999, doc="First week of the test.", source="plan")
    weeks: int = param(26, unit="weeks", low=1, high=520, doc="Length of the test.", source="plan")
    looks: list[Annotated[int, Field(ge=1)]] = param([], unit="weeks", doc="Weeks of the test at whose end it is looked at.", source="plan")
    arms: dict[str, dict[str, Any]] = group("What each arm has other than the scenario: sections of a scenario, by arm.")
    capacity: Literal["fixed", "scaled"] = param(
        "fixed", unit="", doc="Whether budgets and staff of the treatment are those of the roll-out, or the arm's share of them.",
        source="plan",
    )  # fmt: skip
    metrics: dict[str, Metric] = group(
        "What is compared, the first is primary.",
        lambda: {"margin": Metric(column="margin"), "retained": Metric(column="retained", kind="proportion")},
    )
    estimators: list[str] = param([], unit="", doc="Estimators by name; none: those that fit the design.", source="plan")
    alpha: float = param(0.05, unit="probability", low=1e-6, high=0.5, doc="Two-sided level of tests and intervals.", source="plan")
    power: float = param(0.8, unit="probability", low=0.5, high=0.999, doc="Wanted probability to find the effect.", source="plan")
    effect: float | None = param(
        None, unit="share", low=-1.0, high=100.0, doc="Effect to find, relative to the control; none: the simulated one.", source="plan"
    )
    decision: DecisionSection | None = group("What is decided after the test, in money; none: nothing is said of it.", lambda: None)


@dataclass(frozen=True)
class Design:
    """A checked design.

    Attributes:
        name: What the file calls it.
        assignment: Who gets which arm.
        head: All else.
        tree: The file it stands in, for the places of errors that only a scenario shows; None where it was made in Python.
        path: Keys under which it stands there.
    """

    name: str
    assignment: Assignment
    head: Head
    tree: Node | None = field(default=None, compare=False, repr=False)
    path: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def kind(self) -> str:
        """How it assigns."""
        return next(name for name, one in ASSIGNMENTS.items() if isinstance(self.assignment, one))

    @property
    def control(self) -> str:
        """Name of the control arm."""
        return next(iter(self.head.shares))


def read_designs(path: str | os.PathLike[str]) -> dict[str, Design]:
    """Designs of a file, by name: one, named by the file's stem, or a map under `designs`.

    Raises:
        ScenarioError: With all that is wrong.
    """
    file, problems = Path(path), list[Problem]()
    tree = read_file(file, str(path), problems)
    return checked(plain(tree), tree, file.stem, problems)


def designs_of(data: Mapping[str, Any], name: str = "design") -> dict[str, Design]:
    """Designs from plain data, as a file holds them.

    Raises:
        ScenarioError: With all that is wrong.
    """
    from regulars.scenarios.problem import Place
    from regulars.scenarios.reader import plant

    return checked(dict(data), plant(dict(data), Place(name)), name, [])


def checked(data: Any, tree: Node, name: str, problems: list[Problem]) -> dict[str, Design]:
    """Designs of a tree."""
    faults: list[Fault] = []
    found: dict[str, Design | None] = {}
    if not isinstance(data, dict) or not data:
        rule = "must be a design, {randomize: individual, arms: {control: {}, treatment: {...}}}, or `designs:` with several."
        faults.append(Fault((), rule))
    elif "designs" in data:
        for one in data.keys() - {"designs"}:
            faults.append(Fault((one,), "beside `designs` there is nothing else: put it into each design.", of_key=True))
        several = data["designs"]
        if not isinstance(several, dict) or not several:
            faults.append(Fault(("designs",), "must be a map of names to designs.", value=several))
        else:
            for one, given in several.items():
                if not NAME.fullmatch(str(one)):
                    faults.append(Fault(("designs", str(one)), "a name is made of a-z, 0-9 and _, and begins with a letter.", of_key=True))
                found[one] = _design(str(one), given, ("designs", str(one)), faults)
    else:
        found[name] = _design(name, data, (), faults)
    if problems or faults:
        raise ScenarioError([*problems, *placed(faults, tree)])
    return {one: replace(design, tree=tree, path=("designs", one) if "designs" in data else ()) for one, design in found.items() if design}


def in_arm(design: Design, arm: str, error: ScenarioError) -> ScenarioError:
    """What is wrong with an arm's settings in a scenario, at its place in the design's file."""
    told = []
    for one in error.errors:
        path = (*design.path, "arms", arm, *one.dotted.split("."))
        prefix = ".".join((*design.path, "arms", arm))
        at = Problem(design.name, 1, 1, "", "") if design.tree is None else place(Fault(path, ""), design.tree)
        told.append(replace(at, dotted=".".join(path), message=f"{prefix}.{one.message}"))
    return ScenarioError(told)


def _design(name: str, data: Any, path: tuple[str, ...], faults: list[Fault]) -> Design | None:
    if not isinstance(data, dict):
        faults.append(Fault(path, "must be a design: a map with `randomize` and `arms`.", value=data))
        return None
    kind = data.get("randomize", "individual")
    if kind not in ASSIGNMENTS:
        faults.append(Fault((*path, "randomize"), choice(kind, list(ASSIGNMENTS)), value=kind))
        return None
    chosen = ASSIGNMENTS[kind]
    known = [*chosen.model_fields, *Head.model_fields]
    for one in data:
        if one not in known:
            faults.append(Fault((*path, one), f"a design with randomize: {kind} has no such name. {suggestion(one, known)}", of_key=True))
    before = len(faults)
    assignment = validated(chosen, {one: data[one] for one in data if one in chosen.model_fields}, path, faults)
    head = validated(Head, {one: data[one] for one in data if one in Head.model_fields}, path, faults)
    if head is not None:
        faults.extend(_contradictions(head, path))
        faults.extend(_estimators(head, kind, path))
    return Design(name, assignment, head) if head is not None and len(faults) == before else None


def _estimators(head: Head, kind: str, path: tuple[str, ...]) -> list[Fault]:
    """Estimators that do not exist, or cannot read what the design assigns."""
    found = []
    known = readings()
    fitting = [name for name, one in known.items() if kind in one.fits]
    for at, name in enumerate(head.estimators):
        where = (*path, "estimators", str(at))
        if name not in known:
            found.append(Fault(where, f"there is no such estimator. {suggestion(name, fitting)}", value=name))
        elif name not in fitting:
            found.append(Fault(where, f"cannot read a test with randomize: {kind}. There: {', '.join(fitting)}.", value=name))
        elif name in head.estimators[:at]:
            found.append(Fault(where, "stands there twice.", value=name))
    return found


def _contradictions(head: Head, path: tuple[str, ...]) -> list[Fault]:
    """What no one value tells."""
    found = []
    if abs(sum(head.shares.values()) - 1.0) > 1e-9:
        found.append(Fault((*path, "shares"), f"must add up to 1, not {sum(head.shares.values()):g}."))
    if len(head.shares) < 2:
        found.append(Fault((*path, "shares"), "a test has two arms at least, such as {control: 0.5, treatment: 0.5}."))
    if head.effect == 0.0:
        found.append(Fault((*path, "effect"), "no sample finds an effect of 0; leave it out to take the simulated one.", value=0.0))
    if head.decision is not None:
        found.extend(Fault((*path, "decision", *inner), rule) for inner, rule in head.decision.contradictions())
    for name in head.arms:
        if name not in head.shares:
            found.append(Fault((*path, "arms", name), f"shares has no such arm. {suggestion(name, head.shares)}", of_key=True))
    treated = [name for name in list(head.shares)[1:] if not head.arms.get(name)]
    if treated:
        rule = f"{', '.join(treated)} has nothing that the scenario has not: say what the arm gets, or use --aa."
        found.append(Fault((*path, "arms"), rule))
    for at, week in enumerate(head.looks):
        if week > head.weeks:
            found.append(Fault((*path, "looks", str(at)), f"the test ends after week {head.weeks}.", value=week))
        elif at and week <= head.looks[at - 1]:
            found.append(Fault((*path, "looks", str(at)), "looks come one after the other.", value=week))
    return found
