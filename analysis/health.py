"""Whether a test can be trusted before its effects are read: sizes of the arms, balance, missing outcomes, outliers, clusters, looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy.stats import chi2_contingency

from .cluster import WANTED
from .estimators.estimator import Contrast, Sample
from .estimators.mean import Mean
from .looks import Look
from .multiplicity import adjust
from .plan import Metric, Plan
from .rows import Rows
from .srm import ALARM, by_arm
from .weeks import WeekEffects

NOTICE = 0.01
"""Family-wise p-value below which imbalance or unequal missing outcomes deserve a look; below `ALARM` something is broken (assumed)."""
SWAY = 0.5
"""Standard errors by which one value may move a difference before it deserves a look (assumed)."""

Level = Literal["ok", "warn", "bad"]


@dataclass(frozen=True)
class Light:
    """One question about the health of a test.

    Attributes:
        name: What was asked, such as ``sample_ratio``.
        level: ``ok``, ``warn`` where a reader must know, ``bad`` where effects must not be trusted.
        sentence: The answer in words, with what to do.
        numbers: What it rests on.
    """

    name: str
    level: Level
    sentence: str
    numbers: Mapping[str, Any] = field(default_factory=dict[str, Any])


def level_of(p_value: float | None) -> Level:
    """The light of a check's p-value."""
    if p_value is None:
        return "ok"
    return "bad" if p_value < ALARM else "warn" if p_value < NOTICE else "ok"


def sample_ratio(rows: Rows, plan: Plan) -> Light:
    """Whether the arms have the shares of units, or clusters, that the plan says."""
    counts = dict(zip(rows.arms, rows.assigned, strict=True))
    shares = plan.expected_shares
    weights = None if shares is None else {name: shares[name] for name in counts}
    found = by_arm(counts, weights)
    what = "clusters" if plan.cluster not in (None, plan.unit) else "units"
    seen = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    expected = dict(zip(counts, found.expected, strict=True))
    numbers = {"p_value": found.p_value, "chi2": found.chi2, "df": found.df, "assigned": counts, "expected": expected}
    if shares is None:
        level: Level = "warn" if found.broken else "ok"
        sentence = f"{what} in the arms: {seen}; the plan states no expected_shares, against equal ones p = {found.p_value:.2g}"
        if found.broken:
            sentence += ": state expected_shares, so that a broken assignment is told from a planned one"
        return Light("sample_ratio", level, sentence + ".", numbers)
    if not found.broken:
        return Light("sample_ratio", "ok", f"{what} in the arms are as planned: {seen} (p = {found.p_value:.2g}).", numbers)
    wanted = ", ".join(f"{name} {count:,.0f}" for name, count in expected.items())
    sentence = (
        f"{what} in the arms are not as planned: {seen} where {wanted} were expected (p = {found.p_value:.2g})."
        " Find out who is missing before reading any effect."
    )
    return Light("sample_ratio", "bad", sentence, numbers)


def balance(rows: Rows, plan: Plan) -> Light | None:
    """Whether what was known before the test is alike in the arms; None where the plan names nothing of that kind."""
    columns = dict.fromkeys(plan.covariates)
    columns |= dict.fromkeys(one.columns["covariate"] for _, one in plan.measured() if "covariate" in one.columns)
    found: list[dict[str, Any]] = []
    for name in columns:
        metric = Metric("mean", {"value": name})
        for at, contrast in _against_control(rows, metric, lambda one: Mean("welch").contrast(*one, alpha=0.05)):
            sd = contrast.control.sd
            gap = contrast.difference.value
            found.append({
                "covariate": name, "arm": rows.arms[at], "control": contrast.control.value, "treatment": contrast.treatment.value,
                "standardized_difference": None if gap is None or not sd else gap / sd, "p_value": contrast.p_value,
            })  # fmt: skip
    if not found:
        return None
    worst = _family(found)
    names = ", ".join(columns)
    numbers = {"covariates": found, "p_value": worst}
    level = level_of(worst)
    if level == "ok":
        told = "" if worst is None else f" (smallest adjusted p = {worst:.2g})"
        return Light("balance", "ok", f"before the test the arms were alike in {names}{told}.", numbers)
    apart = [one for one in found if (one["p_adjusted"] or 1.0) < NOTICE]
    shown = "; ".join(f"{one['covariate']} of {one['arm']} is {one['standardized_difference'] or 0:+.2f} sd from control" for one in apart)
    sentence = f"before the test the arms already differed: {shown} (adjusted p = {worst:.2g}). Check the assignment; adjust by it."
    return Light("balance", level, sentence, numbers)


def missing_outcomes(rows: Rows, plan: Plan) -> Light:
    """How many outcomes are missing in each arm, and whether the arms differ in that."""
    found: list[dict[str, Any]] = []
    for path, metric in plan.measured():
        present = [rows.present(metric, at) for at in range(len(rows.arms))]
        gone = [0 if one is None else int((~one).sum()) for one in present]
        if not any(gone):
            continue
        sizes = np.diff(rows.starts)
        flags = [np.zeros(size) if one is None else (~one).astype(float) for one, size in zip(present, sizes, strict=True)]
        p_value: float | None
        if rows.cluster is None:
            kept = [[size - count for size, count in zip(sizes, gone, strict=True)], gone]
            p_value = float(np.asarray(chi2_contingency(np.array(kept), correction=False)[1])) if min(map(sum, kept)) else None
        else:
            codes = [rows.cluster[rows.part(at)] for at in range(len(rows.arms))]
            values = [
                Mean().contrast(Sample({"value": flags[0]}, codes[0]), Sample({"value": flags[at]}, codes[at]), alpha=0.05).p_value
                for at in range(1, len(rows.arms))
            ]
            told = [one for one in values if one is not None]
            p_value = min(adjust(told)) if told else None
        found.append({
            "metric": ".".join(path), "p_value": p_value,
            "missing": dict(zip(rows.arms, gone, strict=True)),
            "share": {name: count / size for name, count, size in zip(rows.arms, gone, sizes.tolist(), strict=True) if size},
        })  # fmt: skip
    if not found:
        return Light("missing_outcomes", "ok", "no outcome is missing.", {"metrics": []})
    worst = _family(found)
    shown = "; ".join(
        f"{one['metric'].removeprefix('metrics.')}: " + ", ".join(f"{name} {share:.1%}" for name, share in one["share"].items())
        for one in found
    )
    level = level_of(worst)
    sentence = f"rows without an outcome are left out of its metric ({shown})"
    if level == "ok":
        return Light("missing_outcomes", "ok", f"{sentence}; the arms do not differ in that.", {"metrics": found, "p_value": worst})
    sentence = f"{sentence}; the arms differ in that (adjusted p = {worst:.2g}), so that who is left no longer compares. Find out why."
    return Light("missing_outcomes", level, sentence, {"metrics": found, "p_value": worst})


def outliers(rows: Rows, contrasts: Mapping[str, tuple[Metric, Mapping[int, Contrast]]]) -> Light | None:
    """Whether one row moves a difference by a good part of its error.

    Args:
        rows: The data.
        contrasts: Of each metric by the number of its arm.
    """
    found: list[dict[str, Any]] = []
    looked = False
    for name, (metric, by_arm_) in contrasts.items():
        if metric.kind != "mean" or rows.cluster is not None or metric.options.get("winsorize") is not None:
            continue
        column = rows.numbers[metric.columns["value"]]
        for at, contrast in by_arm_.items():
            error = contrast.gap.se if contrast.gap is not None else 0.0
            looked = looked or error > 0.0
            for arm in (0, at):
                part = column[rows.part(arm)]
                known = int(np.count_nonzero(~np.isnan(part)))
                if known < 2 or not error:
                    continue
                middle = float(np.nanmean(part))
                far = max((int(np.nanargmax(part)), int(np.nanargmin(part))), key=lambda row: abs(float(part[row]) - middle))
                sway = abs(float(part[far]) - middle) / (known - 1) / error
                if sway > SWAY:
                    where = int(rows.order[rows.part(arm)][far])
                    found.append({"metric": name, "arm": rows.arms[arm], "value": float(part[far]), "row": where + 1, "sway": sway})
    if not looked:
        return None
    if not found:
        return Light("outliers", "ok", f"no single row moves a difference by more than {SWAY:g} of its standard error.", {"rows": []})
    one = max(found, key=lambda row: row["sway"])
    sentence = (
        f"one row moves the difference in {one['metric']} by {one['sway']:.1f} of its standard error: {one['value']:,.6g} in row"
        f" {one['row']:,} ({one['arm']}). Check it; `winsorize: 0.99` caps such values in both arms alike."
    )
    return Light("outliers", "warn", sentence, {"rows": found})


def units_of_assignment(rows: Rows, plan: Plan, nested: list[tuple[str, int]]) -> Light:
    """Whether rows, or the plan's clusters, are what was assigned.

    Args:
        rows: The data.
        plan: The plan.
        nested: Columns whose values stand in one arm each, with how many values there are.
    """
    numbers = {"repeated_rows": rows.repeated, "identical_rows": rows.identical, "nested": dict(nested)}
    told: list[str] = []
    if nested:
        name, count = nested[0]
        others = "" if len(nested) == 1 else f" (so do {', '.join(one for one, _ in nested[1:])})"
        told.append(
            f"ROWS ARE NOT THE UNITS OF ASSIGNMENT: each of the {count:,} values of '{name}' stands in one arm only{others}, as if whole"
            f" ones had been assigned; intervals are then far too narrow. Add `cluster: {name}` to the plan"
        )
    if rows.repeated and plan.week is None:
        same = f", {rows.identical:,} of them alike in every column: remove those" if rows.identical else ""
        told.append(
            f"ROWS ARE NOT THE UNITS OF ASSIGNMENT: {rows.repeated:,} rows repeat a value of '{plan.unit}'{same}; each {plan.unit} is"
            f" taken as a cluster of its rows, which weighs it by them. Add `cluster: {plan.unit}` to the plan if that is meant, else"
            " give each one row"
        )
    if told:
        return Light("units_of_assignment", "bad", ". ".join(told) + ".", numbers)
    if rows.repeated:
        return Light("units_of_assignment", "ok", f"several rows a {plan.unit}, by {plan.week}: each is a cluster of its rows.", numbers)
    what = plan.unit if plan.cluster in (None, plan.unit) else f"{plan.cluster} as a whole"
    return Light("units_of_assignment", "ok", f"rows agree with an assignment by {what}.", numbers)


def enough_clusters(rows: Rows, plan: Plan) -> Light | None:
    """Whether there are clusters enough for their intervals; None where units were assigned one by one."""
    if rows.cluster is None or plan.cluster is None:
        return None
    least = min(rows.assigned[0] + one for one in rows.assigned[1:])
    if least >= WANTED:
        return Light("clusters", "ok", f"{sum(rows.assigned):,} clusters.", {"clusters": sum(rows.assigned)})
    sentence = f"{least} clusters; cluster-robust intervals want {WANTED} or more: read the permutation p beside, or add clusters."
    return Light("clusters", "warn", sentence, {"clusters": sum(rows.assigned)})


def looks_as_planned(look: Look | None) -> Light | None:
    """Whether the test is looked at when and as often as planned; None where the plan has one look."""
    if look is None:
        return None
    numbers = {"look": look.look, "planned": look.planned, "on_plan": look.on_plan, "information": list(look.information),
               "bound": look.bound, "nominal_p": look.nominal, "spent": look.spent,
               "naive_false_positive_rate": look.naive_false_positive_rate}  # fmt: skip
    level: Level = "ok" if look.on_plan else "bad" if look.look > look.planned else "warn"
    return Light("looks", level, f"{look.sentence}.", numbers)


def over_time(weeks: Mapping[str, Mapping[str, WeekEffects]]) -> Light | None:
    """Whether effects fade or build up; None without weeks."""
    trends: list[dict[str, Any]] = [
        {"metric": metric, "arm": arm, "slope": one.slope, "p_value": one.p_value}
        for metric, by_arm_ in weeks.items()
        for arm, one in by_arm_.items()
        if one.p_value is not None
    ]
    if not trends:
        return None
    worst = _family(trends)
    numbers = {"trends": trends, "p_value": worst}
    if worst is None or worst >= 0.05:
        return Light("over_time", "ok", "no effect shows a trend over the weeks.", numbers)
    one = min(trends, key=lambda row: row["p_value"])
    effects = weeks[one["metric"]][one["arm"]]
    fades = effects.mean * effects.slope < 0
    sentence = (
        f"the effect on {one['metric']} of {one['arm']} {'fades' if fades else 'builds up'} over the weeks ({one['slope']:+.3g} a week,"
        f" adjusted p = {worst:.2g}): {'novelty, so that the average promises too much' if fades else 'the average promises too little'};"
        " run on until it settles."
    )
    return Light("over_time", "warn", sentence, numbers)


def _against_control(rows: Rows, metric: Metric, contrast: Callable[[tuple[Sample, Sample]], Contrast]) -> Iterator[tuple[int, Contrast]]:
    control = rows.sample(metric, 0)
    for at in range(1, len(rows.arms)):
        treatment = rows.sample(metric, at)
        if len(control) and len(treatment):
            yield at, contrast((Sample(control.columns, control.cluster), Sample(treatment.columns, treatment.cluster)))


def _family(found: list[dict[str, Any]]) -> float | None:
    """Adds `p_adjusted` (Holm) to each and gives the smallest."""
    told = [one for one in found if one["p_value"] is not None]
    for one in found:
        one["p_adjusted"] = None
    for one, p_value in zip(told, adjust([one["p_value"] for one in told]), strict=True):
        one["p_adjusted"] = p_value
    return min((one["p_adjusted"] for one in told), default=None)
