"""What is valid in a scenario and yet hardly meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scenario import Scenario


def hints(scenario: Scenario) -> list[str]:
    """What to look at before the numbers are believed, one sentence each: parts that begin after the horizon."""
    weeks = scenario.horizon_weeks
    return [
        f"{one.address} starts in week {one.first_week}, after the horizon of {weeks:,} week{'' if weeks == 1 else 's'}."
        for one in scenario.components
        if one.first_week > weeks
    ]
