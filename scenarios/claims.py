"""Claims: what others state about a case, kept beside the results and out of the model.

A sentence such as "repurchase up 40 %" can mean several numbers, so a claim lists each reading with its own value. The
comparison shows all of them beside what it simulates; which one is right is for the reader to judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from regulars.sim import catalog
from regulars.sim.core.component import Kpi
from regulars.sim.core.declare import Parameters, group, param

from .faults import Fault
from .problem import suggestion


class Readings(Parameters):
    """What the words of a claim may mean, all against the baseline of the comparison but for `level`."""

    relative: float | None = param(None, unit="share", doc="Change as a fraction of the baseline: .4 is 40 % more.", source="claim")
    points: float | None = param(
        None, unit="unit of the KPI", doc="Change in the KPI's own unit: .4 is 40 points of a share.", source="claim"
    )
    level: float | None = param(None, unit="unit of the KPI", doc="The KPI itself.", source="claim")
    to_multiple: float | None = param(None, unit="1", low=0, doc="To so many times the baseline.", source="claim")
    by_multiple: float | None = param(None, unit="1", low=-1, doc="By so many times the baseline: 2 ends at three times.", source="claim")

    @model_validator(mode="after")
    def _says_something(self) -> Readings:
        if not self.given():
            raise ValueError("needs at least one reading with its value, such as {relative: 0.4}")
        return self

    def given(self) -> dict[str, float]:
        """The readings that are given, in the order of their declaration."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class Claim(Parameters):
    """A number that others have stated about the case."""

    kpi: str = param(unit="", doc="KPI it is about, by a name of `regulars catalog kpis`.", source="claim")
    readings: Readings = group("What the words may mean, each with its value.")
    base: float | None = param(
        None, unit="unit of the KPI", doc="The KPI before, as stated; checks whether a reading is possible.", source="claim"
    )
    bound: Literal["exact", "at_least", "at_most"] = param(
        "exact", unit="", doc="Whether the value itself, at least or at most so much is claimed.", source="claim"
    )
    wording: Annotated[str, Field(max_length=500)] = param("", unit="", doc="The words of the claim.", source="claim")
    source: Annotated[str, Field(min_length=1, max_length=500)] = param(unit="", doc="Who states it.", source="claim")


def target(reading: str, value: float, base: float) -> float:
    """The KPI that a reading asks for, from a base."""
    if reading == "level":
        return value
    if reading == "points":
        return base + value
    if reading == "to_multiple":
        return base * value
    # By so many times is a relative change; of a KPI below 0, such as a loss, upwards.
    return base + abs(base) * value


def impossible(kpi: str, reading: str, value: float, base: float, bound: str = "exact") -> str | None:
    """Why no plan could bring the KPI from this base to where a reading wants it; None if one could.

    At most so much holds trivially above the most there is, at least so much below the least.
    """
    low, high = _sides(kpi, bound)
    wanted = target(reading, value, base)
    if high is not None and wanted > high + 1e-9 * abs(high):
        said = f"{kpi} would be {wanted:.4g}, above {high:g}, the most there is"
        if reading == "level" or base < 0.0:
            return said
        most = {"points": high - value, "to_multiple": high / value}.get(reading, high / (1.0 + value))
        return f"{said}; possible from {most:.4g} or less" if low is None or most >= low else said
    if low is not None and wanted < low - 1e-9 * max(1.0, abs(low)):
        return f"{kpi} would be {wanted:.4g}, below {low:g}, the least there is"
    return None


def _sides(name: str, bound: str) -> tuple[float | None, float | None]:
    low, high = _kpis()[name].bounds
    return None if bound == "at_least" else low, None if bound == "at_most" else high


def _kpis() -> dict[str, type[Kpi]]:
    return {one.type: one for one in catalog.kpis()}


def faults(claims: Mapping[str, Claim]) -> Iterator[Fault]:
    """What is wrong with claims by themselves: no such KPI, or a reading that no market could bring."""
    known = _kpis()
    for name, claim in claims.items():
        if claim.kpi not in known:
            rule = f"no such KPI. {suggestion(claim.kpi, list(known))}"
            yield Fault(("claims", name, "kpi"), rule, value=claim.kpi)
            continue
        low, high = known[claim.kpi].bounds
        if claim.base is not None:
            why = impossible(claim.kpi, "level", claim.base, claim.base)
            if why:
                yield Fault(("claims", name, "base"), f"not possible: {why}.", value=_whole(claim.base))
                continue
        for reading, value in claim.readings.given().items():
            path = ("claims", name, "readings", reading)
            why = None
            falls = claim.bound != "at_least"
            tested = claim.bound != ("at_most" if value > 0 else "at_least")
            if claim.base is not None or reading == "level":
                why = impossible(claim.kpi, reading, value, claim.base or 0.0, claim.bound)
            elif reading == "points" and tested and low is not None and high is not None and abs(value) > high - low:
                why = f"{claim.kpi} lies within {low:g} to {high:g}"
            elif reading == "relative" and low is not None and low >= 0.0 and value < -1.0 and falls:
                why = f"{claim.kpi} would be below {low:g}"
            if why:
                start = "" if claim.base is None or reading == "level" else f" from a base of {claim.base:g}"
                yield Fault(path, f"not possible{start}: {why}.", value=_whole(value))


def _whole(value: float) -> float:
    """A value as people wrote it."""
    return int(value) if value.is_integer() else value
