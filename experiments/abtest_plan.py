"""Reads the plan of a test: checked whole, all errors at once, each with its place in the file and the nearest right answer."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regulars.analysis.decision import Stakes
from regulars.analysis.estimators import Estimator, estimators
from regulars.analysis.estimators.contrast import RELATIVE
from regulars.analysis.multiplicity import METHODS
from regulars.analysis.plan import Guardrail, Looks, Metric, Plan, key_of
from regulars.scenarios.faults import Fault, choice, validated
from regulars.scenarios.population import placed
from regulars.scenarios.problem import Place, Problem, ScenarioError, suggestion
from regulars.scenarios.reader import Node, plain, plant, read_file

from .decision_section import DecisionSection

Path_ = tuple[str, ...]
SPENDINGS = ("obrien_fleming", "pocock", "power", "always_valid")
MOST_LOOKS = 100
NAMES = (
    "unit", "arm", "control", "metrics", "guardrails", "cluster", "strata", "covariates", "expected_shares", "alpha", "multiplicity",
    "looks", "week", "decision", "saturation",
)  # fmt: skip
OWN_RULES = {"survival": {"horizon": None}}
"""Options, with their defaults, of the estimators that check them themselves."""


@dataclass(frozen=True)
class PlanFile:
    """A checked plan, and where each part of it stands.

    Attributes:
        plan: The plan.
        tree: The file's tree; None where the plan came as a `Plan`.
        label: The file as people name it.
    """

    plan: Plan
    tree: Node | None
    label: str

    def place(self, faults: list[Fault]) -> list[Problem]:
        """Faults with their place in the plan."""
        return placed(faults, self.tree or plant({}, Place(self.label)))


def read_plan(path: str | os.PathLike[str]) -> PlanFile:
    """The plan of a YAML file.

    Raises:
        ScenarioError: With all that is wrong.
        OSError: The file cannot be read.
    """
    problems: list[Problem] = []
    tree = read_file(Path(path), str(path), problems)
    return _checked(plain(tree), tree, str(path), problems)


def plan_of(plan: str | os.PathLike[str] | Mapping[str, Any] | Plan) -> PlanFile:
    """A plan from a file, from plain data as a file holds them, or as it is.

    Raises:
        ScenarioError: With all that is wrong.
    """
    if isinstance(plan, Plan):
        return PlanFile(plan, None, "plan")
    if isinstance(plan, str | os.PathLike):
        return read_plan(plan)
    data = dict(plan) if isinstance(plan, Mapping) else plan
    return _checked(data, plant(data, Place("plan")), "plan", [])


def _checked(data: Any, tree: Node, label: str, problems: list[Problem]) -> PlanFile:
    reader = _Reader()
    found = reader.plan(data)
    if problems or reader.faults or found is None:
        raise ScenarioError([*problems, *placed(reader.faults, tree)])
    return PlanFile(found, tree, label)


class _Reader:
    """One reading: collects what is wrong and goes on."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def tell(self, path: Path_, rule: str, value: Any = ..., *, of_key: bool = False) -> None:
        self.faults.append(Fault(path, rule, of_key, value))

    def plan(self, data: Any) -> Plan | None:
        """The plan, or None after telling what is wrong."""
        if not isinstance(data, dict) or not data:
            self.tell((), "must be a plan: a map with unit, arm, control and metrics.")
            return None
        self.known(data, NAMES, ())
        unit, arm = self.column(data, "unit", "the unit of assignment"), self.column(data, "arm", "the arm")
        control = self.name(data, "control", "the arm that the others are compared with")
        cluster, week, saturation = (self.column(data, one) for one in ("cluster", "week", "saturation"))
        if saturation and not cluster:
            self.tell(("saturation",), "needs `cluster`, the column of the clusters that were given these shares of treated.", saturation)
        strata, covariates = self.columns(data, "strata"), self.columns(data, "covariates")
        if unit and unit == arm:
            self.tell(("arm",), f"must be another column than unit, {unit}.", arm)
        metrics: dict[str, Metric] = {}
        for name, given in self.named(data, "metrics", needed=True).items():
            metric = self.metric(("metrics", name), given, arm, clustered=cluster is not None, stratified=bool(strata))
            if metric is not None:
                metrics[name] = metric
        guardrails: dict[str, Guardrail] = {}
        for name, given in self.named(data, "guardrails").items():
            guardrail = self.guardrail(("guardrails", name), given, arm, clustered=cluster is not None, stratified=bool(strata))
            if guardrail is not None:
                guardrails[name] = guardrail
        shares = self.shares(data, control)
        alpha = self.number(data, "alpha", (), 0.05, low=0.0, high=0.5)
        multiplicity = self.choice(data, "multiplicity", (), "holm", tuple(METHODS))
        looks = self.looks(data)
        decision = self.stakes(data)
        if self.faults or not (unit and arm and control):
            return None
        return Plan(
            unit, arm, control, metrics, guardrails, cluster, strata, covariates, shares, alpha, multiplicity, looks, week, decision,
            saturation,
        )  # fmt: skip

    def stakes(self, data: Mapping[str, Any]) -> Stakes | None:
        given = data.get("decision")
        if given is None:
            return None
        if not isinstance(given, dict):
            self.tell(("decision",), "must be a map: what a roll-out is worth and costs, such as {customers: 200000, value: 1}.", given)
            return None
        section = validated(DecisionSection, given, ("decision",), self.faults)
        if section is None:
            return None
        contradictions = section.contradictions()
        for path, rule in contradictions:
            self.tell(("decision", *path), rule)
        return None if contradictions else section.stakes()

    def known(self, data: Mapping[str, Any], names: Sequence[str], path: Path_) -> None:
        for one in data:
            if one not in names:
                self.tell((*path, str(one)), f"no such name here. {suggestion(one, names)}", of_key=True)

    def text(self, value: Any, path: Path_, what: str) -> str | None:
        """A name; whole numbers and yes or no are what their text is."""
        if isinstance(value, bool | int):
            return str(value)
        if not isinstance(value, str):
            self.tell(path, f"must be {what}, as text.", value)
        elif not value.strip():
            self.tell(path, f"must be {what}, not an empty text.", value)
        else:
            return value
        return None

    def name(self, data: Mapping[str, Any], key: str, doc: str) -> str | None:
        if data.get(key) is None:
            self.tell((key,), f"missing. {doc[:1].upper()}{doc[1:]}.")
            return None
        return self.text(data[key], (key,), doc)

    def column(self, data: Mapping[str, Any], key: str, doc: str = "") -> str | None:
        """The name of a column; optional without `doc`."""
        if data.get(key) is None:
            if doc:
                self.tell((key,), f"missing. The column of {doc}.")
            return None
        return self.text(data[key], (key,), "the name of a column")

    def columns(self, data: Mapping[str, Any], key: str) -> tuple[str, ...]:
        given = data.get(key)
        if given is None:
            return ()
        several = given if isinstance(given, list) else [given]
        paths = [(key, str(at)) if isinstance(given, list) else (key,) for at in range(len(several))]
        found = [self.text(one, path, "the name of a column") for one, path in zip(several, paths, strict=True)]
        return tuple(dict.fromkeys(one for one in found if one))

    def named(self, data: Mapping[str, Any], key: str, *, needed: bool = False) -> dict[str, Any]:
        given = data.get(key)
        if given is None and not needed:
            return {}
        if given is None:
            self.tell((key,), "missing. What is compared, such as {margin: {kind: mean, column: margin}}; the first is primary.")
        elif not isinstance(given, dict) or (needed and not given):
            self.tell((key,), "must be a map of names to metrics, such as {margin: {kind: mean, column: margin}}.", given)
        else:
            return given
        return {}

    def metric(
        self, path: Path_, given: Any, arm: str | None, *, clustered: bool, stratified: bool, beside: tuple[str, ...] = ()
    ) -> Metric | None:
        """One metric; `beside` are names that are no concern of the metric."""
        if not isinstance(given, dict):
            self.tell(path, "must be a map, such as {kind: mean, column: margin}.", given)
            return None
        before, kinds = len(self.faults), estimators()
        kind = given.get("kind")
        if kind is None:
            self.tell((*path, "kind"), f"missing. One of {', '.join(kinds)}.")
        elif not isinstance(kind, str) or kind not in kinds:
            self.tell((*path, "kind"), choice(kind, list(kinds)), kind)
        if not isinstance(kind, str) or kind not in kinds:
            return None
        chosen = kinds[kind]
        settings = dict(chosen.settings if chosen.settings is not None else OWN_RULES.get(kind, {}))
        roles = {role: key_of(role) for role in (*chosen.roles, *chosen.optional_roles)}
        own = {name: default for name, default in settings.items() if name not in beside}
        self.known(given, ["kind", *roles.values(), "method", *own, *beside], path)
        columns: dict[str, str] = {}
        for role, key in roles.items():
            if given.get(key) is None:
                if role in chosen.roles:
                    self.tell((*path, key), f"missing. A {kind} needs the column of its {role}.")
                continue
            column = self.text(given[key], (*path, key), "the name of a column")
            if column is not None and column == arm:
                self.tell((*path, key), "must be another column than the arm's.", column)
            elif column is not None:
                columns[role] = column
        method = given.get("method")
        if method is not None and method not in chosen.methods:
            self.tell((*path, "method"), choice(method, list(chosen.methods)), method)
        elif method is not None:
            self.fits(path, kind, method, columns, clustered=clustered, stratified=stratified)
        options = {name: given[name] for name in own if given.get(name) is not None}
        for name, value in options.items():
            rule = OPTIONS[name](value)
            if rule:
                self.tell((*path, name), rule, value)
        if kind == "survival" and given.get("horizon") is None:
            self.tell((*path, "horizon"), "missing. The time at which retention is compared, in the unit of the durations.")
        if len(self.faults) > before:
            return None
        metric = Metric(kind, columns, method, options)
        self.accepted(path, metric.estimator)
        return metric if len(self.faults) == before else None

    def accepted(self, path: Path_, estimator: Callable[[], Estimator]) -> None:
        """Whatever else the estimator refuses."""
        try:
            estimator()
        except ValueError as error:
            self.tell(path, f"{error}.")

    def fits(self, path: Path_, kind: str, method: str, columns: Mapping[str, str], *, clustered: bool, stratified: bool) -> None:
        """What a method needs of the rest of the plan."""
        if kind == "mean" and method in ("cuped", "lin", "ancova") and "covariate" not in columns:
            self.tell((*path, "method"), "needs a covariate: add `covariate:` with a column known before the test.", method)
        if method == "poststratified" and not stratified:
            self.tell((*path, "method"), "needs strata: add `strata:` to the plan.", method)
        if clustered and method in ("lin", "ancova", "poststratified"):
            self.tell((*path, "method"), "cannot be applied to clusters: take cuped or leave it out.", method)

    def guardrail(self, path: Path_, given: Any, arm: str | None, *, clustered: bool, stratified: bool) -> Guardrail | None:
        before = len(self.faults)
        metric = self.metric(path, given, arm, clustered=clustered, stratified=stratified, beside=("margin", "relative", "better"))
        if not isinstance(given, dict):
            return None
        relative, margin, better = given.get("relative", False), given.get("margin"), given.get("better")
        if not isinstance(relative, bool):
            self.tell((*path, "relative"), "must be true (a fraction of control) or false (the unit of the metric).", relative)
        if margin is None:
            self.tell((*path, "margin"), "missing. How far it may move: below 0 how far it may fall, above 0 how far it may rise.")
        elif not _is_number(margin) or not margin:
            self.tell((*path, "margin"), "must be a number below 0 (it may fall so far) or above 0 (it may rise so far).", margin)
        elif relative is True and abs(margin) >= 1:
            rule = "must lie within -1 to 1 where relative: a fraction of control, such as -0.02 for 2 %."
            self.tell((*path, "margin"), rule, margin)
        if better is not None and better not in ("higher", "lower"):
            self.tell((*path, "better"), choice(better, ["higher", "lower"]), better)
        if metric is None or margin is None or len(self.faults) > before:
            return None
        return Guardrail(metric, float(margin), relative, better)

    def shares(self, data: Mapping[str, Any], control: str | None) -> dict[str, float] | None:
        given = data.get("expected_shares")
        if given is None:
            return None
        if not isinstance(given, dict) or len(given) < 2:
            rule = "must be a map of two arms or more to their share, such as {control: 0.5, treatment: 0.5}."
            self.tell(("expected_shares",), rule, given)
            return None
        wrong = [name for name, share in given.items() if not _is_number(share) or not 0 < share < 1]
        for name in wrong:
            self.tell(("expected_shares", str(name)), "must be above 0 and below 1.", given[name])
        found = {str(name): share for name, share in given.items()}
        if not wrong and abs(sum(found.values()) - 1.0) > 0.005:
            self.tell(("expected_shares",), f"must add up to 1, not {sum(found.values()):g}.")
        if control is not None and control not in found:
            self.tell(("expected_shares",), f"has no share of the control, '{control}'. {suggestion(control, found)}")
        return found

    def number(
        self, data: Mapping[str, Any], key: str, path: Path_, default: float, *, low: float, high: float = math.inf
    ) -> float:
        """A number strictly between two others."""
        value = data.get(key)
        if value is None:
            return default
        if _is_number(value) and low < value < high:
            return float(value)
        bounds = f"above {low:g} and below {high:g}" if high < math.inf else f"above {low:g}"
        self.tell((*path, key), f"must be a number {bounds}. Default: {default:g}.", value)
        return default

    def whole(self, data: Mapping[str, Any], key: str, path: Path_, default: int | None, *, high: int, doc: str = "") -> int | None:
        value = data.get(key)
        if value is None:
            if doc:
                self.tell((*path, key), f"missing. {doc}")
            return default
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= high:
            return value
        self.tell((*path, key), f"must be a whole number of 1 to {high:,}.", value)
        return default

    def choice(self, data: Mapping[str, Any], key: str, path: Path_, default: str, allowed: tuple[str, ...]) -> Any:
        value = data.get(key)
        if value is None or value in allowed:
            return default if value is None else value
        self.tell((*path, key), choice(value, list(allowed)), value)
        return default

    def looks(self, data: Mapping[str, Any]) -> Looks | None:
        given = data.get("looks")
        if given is None:
            return None
        if not isinstance(given, dict):
            self.tell(("looks",), "must be a map, such as {spending: obrien_fleming, planned: 5, taken: 1}.", given)
            return None
        path = ("looks",)
        self.known(given, ("spending", "planned", "taken", "information", "units", "rho", "tuned_at"), path)
        planned = self.whole(given, "planned", path, 1, high=MOST_LOOKS, doc="Looks in all, the last one included.") or 1
        taken = self.whole(given, "taken", path, 1, high=10_000) or 1
        units = self.whole(given, "units", path, None, high=10**12)
        spending = self.choice(given, "spending", path, "obrien_fleming", SPENDINGS)
        rho, tuned_at = self.number(given, "rho", path, 3.0, low=0.0), self.number(given, "tuned_at", path, 5_000.0, low=0.0)
        information = given.get("information")
        if information is not None and not (
            isinstance(information, list)
            and len(information) == planned
            and all(map(_is_number, information))
            and all(low < high for low, high in zip([0.0, *information], [*information, 1.0 + 1e-9], strict=True))
        ):
            rule = f"must be {planned} fractions that grow, above 0 and at most 1, one a planned look."
            self.tell((*path, "information"), rule, information)
            information = None
        return Looks(planned, taken, spending, None if information is None else tuple(information), units, rho, tuned_at)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _between(rule: str, holds: Callable[[Any], bool], *, whole: bool = False) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        fits = _is_number(value) and (not whole or isinstance(value, int)) and holds(value)
        return "" if fits else f"must be {rule}."

    return check


OPTIONS: dict[str, Callable[[Any], str]] = {
    "relative": lambda value: "" if value in RELATIVE else choice(value, list(RELATIVE)),
    "winsorize": _between("a quantile above 0 and at most 1, such as 0.99", lambda value: 0 < value <= 1),
    "permutations": _between("a whole number of 0 to 1,000,000", lambda value: 0 <= value <= 1_000_000, whole=True),
    "seed": _between("a whole number of 0 or more", lambda value: 0 <= value < 2**32, whole=True),
    "q": _between("a quantile above 0 and below 1, such as 0.5 for the median", lambda value: 0 < value < 1),
    "resamples": _between("a whole number of 100 to 1,000,000", lambda value: 100 <= value <= 1_000_000, whole=True),
    "horizon": _between("a number above 0, in the unit of the durations", lambda value: value > 0),
}
"""What each option of a metric must be: the rule that is broken, or nothing."""
