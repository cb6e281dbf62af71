"""An analysis as one plain document: what `abtest analyze --json` prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .estimate import Estimate
from .estimators.estimator import Contrast

if TYPE_CHECKING:
    from .abtest import Analysis, Comparison, GuardrailAnswer


def document(analysis: Analysis) -> dict[str, Any]:
    """Plain data without NaN: health, metrics, guardrails, warnings, and what rows took part."""
    ratio = analysis.light("sample_ratio")
    found: dict[str, Any] = {
        "health": {
            "srm_p_value": None if ratio is None else ratio.numbers["p_value"],
            "lights": [{"name": one.name, "level": one.level, "sentence": one.sentence} for one in analysis.lights],
            **{one.name: one.numbers for one in analysis.lights if one.numbers},
        },
        "metrics": {
            name: {arm: _comparison(one) for arm, one in by_arm.items()} for name, by_arm in analysis.comparisons.items()
        },
        "guardrails": {
            name: {arm: _guardrail(one) for arm, one in by_arm.items()} for name, by_arm in analysis.guardrails.items()
        },
        "warnings": list(analysis.warnings),
        "rows": {
            "read": analysis.rows_read,
            "analyzed": analysis.rows_read - sum(analysis.dropped.values()),
            "dropped": dict(analysis.dropped),
            "missing_outcomes": {name: dict(by_arm) for name, by_arm in analysis.missing.items()},
            "assigned": dict(analysis.assigned),
        },
        "alpha": analysis.plan.alpha,
        "multiplicity": analysis.plan.multiplicity,
    }
    if analysis.weeks:
        found["weeks"] = {
            name: {
                arm: {
                    "slope": one.slope,
                    "p_value": one.p_value,
                    "effects": [{"week": week.week, "difference": week.difference, "ci": week.interval, "n": week.n} for week in one.weeks],
                }
                for arm, one in by_arm.items()
            }
            for name, by_arm in analysis.weeks.items()
        }
    if analysis.details is not None:
        found["details"] = analysis.details
    if analysis.interference is not None:
        found["interference"] = analysis.interference
    if analysis.saturation is not None:
        found["saturation"] = analysis.saturation
    if analysis.decision is not None:
        found["decision"] = analysis.decision
    return plain(found)


def plain(value: Any) -> Any:
    """Data that JSON knows; a number that is not finite is null."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    return value


def _contrast(contrast: Contrast) -> dict[str, Any]:
    gap = contrast.gap
    return {
        "control": contrast.control.value,
        "treatment": contrast.treatment.value,
        "difference": contrast.difference.value,
        "ci": _interval(contrast.difference),
        "relative": contrast.relative.value,
        "relative_ci": _interval(contrast.relative),
        "standard_error": None if gap is None else gap.se,
        "method": contrast.difference.method,
        "relative_method": contrast.relative.method,
        "estimand": contrast.difference.estimand,
        "n": contrast.difference.n,
        "n_control": contrast.control.n,
        "n_treatment": contrast.treatment.n,
        "assumptions": contrast.difference.assumptions,
        "reason": contrast.difference.reason,
        "relative_reason": contrast.relative.reason,
        "beside": contrast.beside,
        "warnings": contrast.warnings,
    }


def _interval(estimate: Estimate) -> tuple[float, float] | None:
    """The interval; None where it has no end."""
    return None if estimate.interval is None or not np.isfinite(estimate.interval).all() else estimate.interval


def _comparison(one: Comparison) -> dict[str, Any]:
    return {**_contrast(one.contrast), "p_value": one.p_value, "p_adjusted": one.p_adjusted}


def _guardrail(one: GuardrailAnswer) -> dict[str, Any]:
    test = one.test
    return {
        **_contrast(one.contrast),
        "rule": one.guardrail.rule,
        "margin": one.guardrail.signed,
        "margin_is_relative": one.guardrail.relative,
        "holds": None if test is None else test.holds,
        "harmed": one.harmed,
        "bound": None if test is None else test.bound,
        "p_value": None if test is None else test.p_value,
        "reason": one.reason,
    }
