"""Two-stage designs in the analysis of a test by its plan: shares of treated by cluster, effects by level, and the lines that tell them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd

from .columns import as_numbers
from .data_faults import DataError, DataFault, nearest
from .estimators.contrast import refused
from .estimators.cuped import adjusted, theta_pooled
from .estimators.estimator import Contrast
from .friends import KINDS
from .plan import Metric, Plan
from .rows import Rows
from .saturation import SaturationEffects, saturation_effects


@dataclass(frozen=True, eq=False)
class Stages:
    """What each row's cluster was given.

    Attributes:
        level: Share of treated that the cluster was to have, shape (rows,), in the order of `Rows`.
        cluster: Code of the cluster, shape (rows,).
    """

    level: np.ndarray
    cluster: np.ndarray


def stages_of(frame: pd.DataFrame, rows: Rows, plan: Plan) -> Stages:
    """Levels and clusters of the rows that take part.

    Raises:
        DataError: A column that is not there, rows without a cluster or level, a level that is no share, or more arms than two.
    """
    faults, names = list[DataFault](), [str(one) for one in frame.columns]
    for key, column in (("cluster", plan.cluster), ("saturation", plan.saturation)):
        if column not in names:
            faults.append(DataFault(f"the data have no column '{column}'. {nearest(str(column), names)}", (key,)))
    if len(rows.arms) > 2:
        faults.append(DataFault(f"a two-stage design has two arms, and the data have {len(rows.arms)}: {', '.join(rows.arms)}.", ("arm",)))
    if faults:
        raise DataError(faults)
    levels, wrong = as_numbers(cast("pd.Series", frame[str(plan.saturation)]))
    named = cast("pd.Series", frame[str(plan.cluster)])
    # An empty text is a missing name.
    code = np.where((named.astype(str).str.strip() == "").to_numpy(bool), -1, pd.factorize(named)[0])
    bad = (np.zeros(len(frame), bool) if wrong is None else wrong) | ~((levels >= 0.0) & (levels <= 1.0))
    for column, key, odd, rule in (
        (plan.saturation, "saturation", bad, "must hold the share of treated that the row's cluster was to have, from 0 to 1"),
        (plan.cluster, "cluster", code < 0, "must name the cluster of each row"),
    ):
        found = rows.order[odd[rows.order]]
        if len(found):
            first = int(found.min())
            message = f"column '{column}' {rule}; {len(found):,} rows do not, row {first + 1:,} the first."
            faults.append(DataFault(message, (key,), column, first))
    if faults:
        raise DataError(faults)
    return Stages(levels[rows.order], code[rows.order])


def effects_by_level(rows: Rows, metric: Metric, stages: Stages, *, alpha: float) -> SaturationEffects:
    """Effects of a metric by level, after taking away what a covariate foretold.

    Raises:
        ValueError: The metric is no mean or proportion, or the levels are not those of the assignment; one sentence says which.
    """
    if metric.kind not in KINDS:
        raise ValueError(f"effects by level are read of a {' or a '.join(KINDS)}, not of a {metric.kind}")
    samples = [rows.sample(metric, at) for at in (0, 1)]
    present = [rows.present(metric, at) for at in (0, 1)]
    keep = np.concatenate([np.ones(len(samples[at]), bool) if one is None else one for at, one in enumerate(present)])
    values = samples[0]["value"], samples[1]["value"]
    if "covariate" in metric.columns:
        covariate = samples[0]["covariate"], samples[1]["covariate"]
        values = adjusted(values, covariate, theta_pooled(values, covariate))
    treated = np.repeat([0.0, 1.0], [len(one) for one in values])
    return saturation_effects(np.concatenate(values), treated, stages.level[keep], stages.cluster[keep], alpha=alpha)


def direct_contrast(rows: Rows, metric: Metric, stages: Stages, *, alpha: float) -> Contrast:
    """Treated against untreated of the same level, over all levels that have both."""
    try:
        found = effects_by_level(rows, metric, stages, alpha=alpha).pooled_direct
    except ValueError as error:
        return refused(str(error), len(rows))
    words = f"direct effect at equal shares of treated, {found.difference.method}"
    return replace(found, difference=replace(found.difference, method=words))


def two_stage(rows: Rows, plan: Plan, stages: Stages, *, alpha: float) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Effects by level of each metric as plain values, or why there are none; and what the reader can act on, each sentence once."""
    found: dict[str, Any] = {}
    warnings: dict[str, None] = {}
    for name, metric in plan.metrics.items():
        try:
            one = effects_by_level(rows, metric, stages, alpha=alpha)
        except ValueError as error:
            found[name] = {"reason": str(error)}
            continue
        found[name] = {
            "levels": [{"share": at.share, "clusters": at.clusters, "units": at.units, "treated": at.treated} for at in one.levels],
            **{
                part: {f"{share:g}": _plain(contrast) for share, contrast in getattr(one, part).items()}
                for part in ("direct", "spillover", "total", "overall")
            },
            "pooled_direct": _plain(one.pooled_direct),
            "pooled_spillover": _plain(one.pooled_spillover),
        }
        warnings |= dict.fromkeys(f"saturation: {sentence}." for sentence in one.warnings)
    if plan.week is not None:
        warnings["saturation: effects by week are not read in a two-stage design."] = None
    return found, tuple(warnings)


def _plain(one: Contrast) -> dict[str, Any]:
    gap = one.difference
    return {
        "difference": gap.value,
        "ci": None if gap.interval is None else list(gap.interval),
        "p_value": one.p_value,
        "method": gap.method,
        "estimand": gap.estimand,
        "n": gap.n,
        "reason": gap.reason,
    }


def single(plan: Plan) -> Plan:
    """The plan as far as rows go: within clusters of two stages, units were assigned one by one."""
    return plan if plan.saturation is None else replace(plan, cluster=None, saturation=None)


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Effects by level for a terminal, one line each; without warnings."""
    yield "By share of treated in the cluster (no adjustment for looking at several)"
    for name, one in found.items():
        if "reason" in one:
            yield f"  {name}: {one['reason']}"
            continue
        levels = (f"{at['share']:g} ({at['clusters']} clusters, {at['treated']:,} of {at['units']:,} units)" for at in one["levels"])
        shares = ", ".join(levels)
        lowest = f"{one['levels'][0]['share']:g}"
        yield f"  {name}: levels {shares}"
        for part, words in (
            ("direct", "direct: treated against untreated of level"),
            ("spillover", f"spillover: untreated against those of level {lowest}, at level"),
            ("total", f"total: treated against untreated of level {lowest}, at level"),
            ("overall", f"overall: everybody against level {lowest}, at level"),
        ):
            for share, effect in one[part].items():
                if effect["difference"] is not None:
                    yield f"    {words} {share}  {_said(effect)}"


def _said(one: Mapping[str, Any]) -> str:
    if one["ci"] is None:
        return f"{one['difference']:+.4g} no interval: {one['reason']}"
    return f"{one['difference']:+.4g} [{one['ci'][0]:+.4g}, {one['ci'][1]:+.4g}]  p = {one['p_value']:.2g}"
