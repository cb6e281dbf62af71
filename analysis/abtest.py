"""The analysis of a test by its plan: one code for the user's own data and for simulated ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from .cluster import WANTED
from .decision import Decision, decide
from .estimators.contrast import refused
from .estimators.estimator import Contrast, Sample
from .friends import effects_on_edges
from .health import (
    Light,
    balance,
    enough_clusters,
    looks_as_planned,
    missing_outcomes,
    outliers,
    over_time,
    sample_ratio,
    units_of_assignment,
)
from .looks import Look, always_valid, at_look
from .multiplicity import adjust
from .nested import constant_within
from .noninferiority import NonInferiority, noninferiority_of_arms
from .plan import Guardrail, Metric, Plan
from .rows import Rows, rows_of
from .stages import Stages, direct_contrast, single, stages_of, two_stage
from .weeks import WeekEffects, effects_by_week


@dataclass(frozen=True)
class Comparison:
    """One metric of one arm against control.

    Attributes:
        contrast: The estimates, with intervals at the level of this look.
        p_value: Two-sided, at this look: it may be held against the plan's alpha whatever the number of looks; None where refused.
        p_adjusted: `p_value` adjusted over the family of all metrics and arms; None where refused.
    """

    contrast: Contrast
    p_value: float | None
    p_adjusted: float | None = None


@dataclass(frozen=True)
class GuardrailAnswer:
    """Whether one arm keeps to a guardrail.

    Attributes:
        guardrail: As planned.
        contrast: The estimates.
        test: The test of the margin; None where refused.
        harmed: Whether the whole two-sided interval lies beyond the margin, so that harm is shown; None where refused.
        reason: Why there is no test; None where there is one.
    """

    guardrail: Guardrail
    contrast: Contrast
    test: NonInferiority | None
    harmed: bool | None
    reason: str | None = None


@dataclass(frozen=True)
class Analysis:
    """What a test says.

    Attributes:
        plan: By which it was analyzed.
        arms: Names, the control first.
        assigned: Units, or clusters, in each arm.
        comparisons: By metric and treatment arm; the first metric is primary.
        guardrails: By guardrail and treatment arm.
        lights: Health of the test, worst first.
        look: Level of this look; None where the plan has one look.
        weeks: Effects by week, by metric and arm; empty without a week in the plan.
        rows_read: Rows of the data.
        dropped: Rows that take no part, by why.
        missing: Rows without an outcome, by metric and arm; those have some.
        warnings: What a reader must know, the loudest first.
        details: Every quantity the methods computed, by metric, arm and name; None where not asked for.
        interference: What a list of ties adds; None without.
        decision: What to do, in money, by treatment arm, from the primary metric; None where the plan has no stakes.
        saturation: Effects by share of treated in the cluster; None in designs of one stage. `comparisons` then holds direct effects.
    """

    plan: Plan
    arms: tuple[str, ...]
    assigned: Mapping[str, int]
    comparisons: Mapping[str, Mapping[str, Comparison]]
    guardrails: Mapping[str, Mapping[str, GuardrailAnswer]]
    lights: tuple[Light, ...]
    look: Look | None
    weeks: Mapping[str, Mapping[str, WeekEffects]]
    rows_read: int
    dropped: Mapping[str, int]
    missing: Mapping[str, Mapping[str, int]]
    warnings: tuple[str, ...] = ()
    details: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None
    interference: Mapping[str, Any] | None = None
    decision: Mapping[str, Decision] | None = None
    saturation: Mapping[str, Any] | None = None

    def light(self, name: str) -> Light | None:
        """One light by its name."""
        return next((one for one in self.lights if one.name == name), None)

    def document(self) -> dict[str, Any]:
        """As `--json` prints it: plain data without NaN."""
        from .abtest_document import document

        return document(self)

    def _repr_html_(self) -> str:
        from html import escape

        from .report import render_test

        return f'<iframe srcdoc="{escape(render_test(self))}" width="100%" height="800" style="border:0"></iframe>'

    def table(self) -> str:
        """As the command prints it."""
        from .abtest_table import table

        return table(self)


def analyze(
    frame: pd.DataFrame, plan: Plan, *, details: bool = False, edges: tuple[np.ndarray, np.ndarray] | None = None
) -> Analysis:
    """Analyze the data of a test by its plan.

    Args:
        frame: One row a unit of assignment, or several, which are then a cluster.
        plan: What the columns mean and how they are compared.
        details: Whether to give every quantity that the methods can compute.
        edges: Names of the two ends of each tie between units; None where nobody knows.

    Raises:
        DataError: Data that the plan does not fit, with all that is wrong.
    """
    given, plan = plan, single(plan)
    rows = rows_of(frame, plan)
    stages = None if given.saturation is None else stages_of(frame, rows, given)
    look = None if plan.looks is None else at_look(plan.looks, alpha=plan.alpha, assigned=sum(rows.assigned))
    raw = {
        name: {at: _contrast(rows, metric, at, plan.alpha, look, stages) for at in _treated(rows)} for name, metric in plan.metrics.items()
    }
    comparisons = _adjusted(raw, rows, plan, look)
    guardrails = {
        name: {rows.arms[at]: _guarded(rows, one, at, plan, stages) for at in _treated(rows)} for name, one in plan.guardrails.items()
    }
    weeks, decision = _weeks(rows, plan) if stages is None else {}, _decision(comparisons, plan)
    nested = list(constant_within(frame, rows, plan)) if given.cluster in (None, given.unit) else []
    lights = _lights(rows, plan, raw, guardrails, look, weeks, nested)
    missing = {
        one["metric"].partition(".")[2]: {arm: count for arm, count in one["missing"].items() if count}
        for light in lights
        if light.name == "missing_outcomes"
        for one in light.numbers["metrics"]
    }
    level = plan.alpha if look is None or look.nominal is None else look.nominal
    with_friends, cautions = (None, ()) if edges is None else effects_on_edges(rows, given, edges, alpha=level)
    by_level = None
    if stages is not None:
        by_level, told = two_stage(rows, plan, stages, alpha=level)
        cautions = (*told, *cautions)
    return Analysis(
        plan=given,
        arms=rows.arms,
        assigned=dict(zip(rows.arms, rows.assigned, strict=True)),
        comparisons=comparisons,
        guardrails=guardrails,
        lights=lights,
        look=look,
        weeks=weeks,
        rows_read=len(frame),
        dropped=rows.dropped,
        missing=missing,
        warnings=(*_warnings(rows, plan, lights, comparisons, guardrails, decision), *cautions),
        details=_details(rows, plan) if details else None,
        interference=with_friends,
        saturation=by_level,
        decision=decision,
    )


def _treated(rows: Rows) -> range:
    return range(1, len(rows.arms))


def _samples(rows: Rows, metric: Metric, at: int) -> tuple[Sample, Sample]:
    return rows.sample(metric, 0), rows.sample(metric, at)


def _contrast(rows: Rows, metric: Metric, at: int, alpha: float, look: Look | None, stages: Stages | None) -> Contrast:
    """One arm against control; the estimator's refusal is an answer too."""
    control, treatment = _samples(rows, metric, at)
    try:
        level = alpha if look is None or look.nominal is None else look.nominal
        if stages is not None:
            found = direct_contrast(rows, metric, stages, alpha=level)
        else:
            found = metric.estimator().contrast(control, treatment, alpha=level)
    except ValueError as error:
        return refused(str(error), len(control) + len(treatment))
    if look is not None and look.nominal is None:
        return always_valid(found, alpha=alpha, tuned_at=look.tuned_at)
    if look is not None:
        words = f"{found.difference.method}, look {look.look} of {look.planned} by {look.spending} spending"
        found = replace(found, difference=replace(found.difference, method=words))
    resamples = metric.estimator().options.get("resamples")
    if metric.kind == "quantile" and resamples is not None and level * resamples < 20:
        reason = f"the level of this look, {level:.2g}, is too small for {resamples:,} resamples: take more, or wait for a later look"
        return replace(
            found,
            difference=replace(found.difference, interval=None, reason=reason),
            relative=replace(found.relative, interval=None, reason=reason),
        )
    return found


def _adjusted(
    raw: Mapping[str, Mapping[int, Contrast]], rows: Rows, plan: Plan, look: Look | None
) -> dict[str, dict[str, Comparison]]:
    found: dict[str, dict[str, Comparison]] = {}
    for name, by_arm in raw.items():
        found[name] = {}
        for at, contrast in by_arm.items():
            p_value = contrast.p_value
            if p_value is not None and look is not None and look.nominal is not None:
                p_value = look.repeated_p(p_value)
            found[name][rows.arms[at]] = Comparison(contrast, p_value)
    family = [(name, arm) for name, by_arm in found.items() for arm, one in by_arm.items() if one.p_value is not None]
    values = [float(found[name][arm].p_value or 0.0) for name, arm in family]
    for (name, arm), p_value in zip(family, adjust(values, plan.multiplicity), strict=True):
        found[name][arm] = replace(found[name][arm], p_adjusted=p_value)
    return found


def _guarded(rows: Rows, guardrail: Guardrail, at: int, plan: Plan, stages: Stages | None) -> GuardrailAnswer:
    contrast = _contrast(rows, guardrail.metric, at, plan.alpha, None, stages)
    if contrast.arms is None or contrast.gap is None:
        reason = contrast.difference.reason or "the method gives no standard error"
        return GuardrailAnswer(guardrail, contrast, None, None, reason)
    try:
        test = noninferiority_of_arms(
            *contrast.arms, guardrail.signed, relative=guardrail.relative, alpha=plan.alpha, df=contrast.df, covariance=contrast.covariance
        )
    except ValueError as error:
        return GuardrailAnswer(guardrail, contrast, None, None, str(error))
    # The test of harm at the margin, from the other side.
    return GuardrailAnswer(guardrail, contrast, test, 1.0 - test.p_value < plan.alpha / 2)


def _weeks(rows: Rows, plan: Plan) -> dict[str, dict[str, WeekEffects]]:
    found: dict[str, dict[str, WeekEffects]] = {}
    if rows.week is None:
        return found
    for name, metric in plan.metrics.items():
        by_arm = {rows.arms[at]: effects_by_week(rows, metric, at, alpha=plan.alpha) for at in _treated(rows)}
        told = {arm: one for arm, one in by_arm.items() if one is not None}
        if told:
            found[name] = told
    return found


def _lights(
    rows: Rows,
    plan: Plan,
    raw: Mapping[str, Mapping[int, Contrast]],
    guardrails: Mapping[str, Mapping[str, GuardrailAnswer]],
    look: Look | None,
    weeks: Mapping[str, Mapping[str, WeekEffects]],
    nested: list[tuple[str, int]],
) -> tuple[Light, ...]:
    lights = [
        units_of_assignment(rows, plan, nested),
        sample_ratio(rows, plan),
        balance(rows, plan),
        missing_outcomes(rows, plan),
        enough_clusters(rows, plan),
        outliers(rows, {name: (plan.metrics[name], by_arm) for name, by_arm in raw.items()}),
        looks_as_planned(look),
        over_time(weeks),
        _guardrail_light(guardrails),
    ]
    worst = ("bad", "warn", "ok")
    return tuple(sorted((one for one in lights if one is not None), key=lambda one: worst.index(one.level)))


def _guardrail_light(guardrails: Mapping[str, Mapping[str, GuardrailAnswer]]) -> Light | None:
    if not guardrails:
        return None
    told = [(name, arm, one) for name, by_arm in guardrails.items() for arm, one in by_arm.items()]
    harmed = [f"{name} of {arm} {one.guardrail.rule}, and has" for name, arm, one in told if one.harmed]
    if harmed:
        return Light("guardrails", "bad", f"harm beyond the margin is shown: {'; '.join(harmed)}.")
    open_ = [f"{name} of {arm} {one.guardrail.rule}" for name, arm, one in told if one.test is None or not one.test.holds]
    if open_:
        return Light("guardrails", "warn", f"not shown to hold: {'; '.join(open_)}. No harm is shown either: more units would tell.")
    return Light("guardrails", "ok", f"all guardrails hold: {', '.join(guardrails)}.")


def _warnings(
    rows: Rows,
    plan: Plan,
    lights: tuple[Light, ...],
    comparisons: Mapping[str, Mapping[str, Comparison]],
    guardrails: Mapping[str, Mapping[str, GuardrailAnswer]],
    decision: Mapping[str, Decision] | None,
) -> tuple[str, ...]:
    found = [one.sentence for one in lights if one.level != "ok"]
    for why, count in rows.dropped.items():
        found.append(f"{count:,} {why}, are left out.")
    if rows.filled:
        found.append(f"{rows.filled:,} rows without a stratum make a stratum of their own.")
    for name, metric in plan.metrics.items():
        column = metric.columns.get("covariate")
        lacking = 0 if column is None else int(np.isnan(rows.numbers[column]).sum())
        if lacking:
            found.append(f"{name}: {lacking:,} rows without {column}, its covariate, take its mean.")
    if rows.week is not None and np.isnan(rows.week).any():
        found.append(f"{int(np.isnan(rows.week).sum()):,} rows without {plan.week}, the week, are left out of effects by week.")
    contrasts = [(name, arm, one.contrast) for name, by_arm in comparisons.items() for arm, one in by_arm.items()]
    contrasts += [(name, arm, one.contrast) for name, by_arm in guardrails.items() for arm, one in by_arm.items()]
    few = [one for one in lights if one.name == "clusters" and one.level != "ok"]
    for name, arm, contrast in contrasts:
        if contrast.difference.reason:
            found.append(f"{name} of {arm}: no interval, {contrast.difference.reason}.")
        # What the light of clusters says already is not said once a metric.
        found += [f"{name} of {arm}: {one}." for one in contrast.warnings if not (few and f"want {WANTED}" in one)]
    for name, by_arm in guardrails.items():
        for arm, one in by_arm.items():
            if one.reason and one.reason != one.contrast.difference.reason:
                found.append(f"guardrail {name} of {arm}: no answer, {one.reason}.")
    if decision is not None:
        name, by_arm = next(iter(comparisons.items()))
        undecided = [arm for arm in by_arm if arm not in decision]
        found += [f"no decision on {arm}: {name} has no error there, or the plan's stakes are beyond numbers." for arm in undecided]
    return tuple(dict.fromkeys(found))


def _decision(comparisons: Mapping[str, Mapping[str, Comparison]], plan: Plan) -> dict[str, Decision] | None:
    """What each arm is worth, from the primary metric; an arm without an error of its own gets no decision."""
    if plan.decision is None:
        return None
    found: dict[str, Decision] = {}
    for arm, one in next(iter(comparisons.values())).items():
        gap = one.contrast.gap
        if gap is not None:
            try:
                found[arm] = decide(gap.value, gap.se, plan.decision, units=float(one.contrast.difference.n))
            except (ValueError, ArithmeticError):
                # Stakes beyond what numbers can hold.
                continue
    return found


def _details(rows: Rows, plan: Plan) -> dict[str, dict[str, dict[str, Any]]]:
    measured = {path[-1]: metric for path, metric in reversed([*plan.measured()])}
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name in [*plan.metrics, *(one for one in plan.guardrails if one not in plan.metrics)]:
        found[name] = {}
        for at in _treated(rows):
            try:
                quantities = measured[name].estimator().details(*_samples(rows, measured[name], at), alpha=plan.alpha)
            except ValueError as error:
                quantities = {"reason": str(error)}
            found[name][rows.arms[at]] = quantities
    return found
