"""Birthdays and other keyed days of the year: computed from the person's own draw, never stored.

Days are counted in quarters, of which a week has 28 and a year 1461, so that each year of a person has exactly one such day
and no week counts it twice.
"""

from __future__ import annotations

import numpy as np

from ..core.declare import stream
from ..core.draws import uniform
from ..core.kernel import kernel

f32, i64 = np.float32, np.int64

BIRTHDAY = stream("birthdays.day", per="person", doc="Day of the year on which a person was born.")

WEEK, YEAR = 28, 1461
"""Quarters of a day in a week and in a year."""

_YEAR = i64(YEAR)


@kernel
def since(luck, period, week):
    """Quarters of a day from the latest return of a person's own day to the end of `week`; below `WEEK` if it fell in that week.

    Args:
        luck: The person's uniform, which says where in the period the day lies.
        period: Quarters of a day from return to return.
        week: The week, from 1.
    """
    return (i64(28) * i64(week) - i64(1) - i64(luck * f32(period))) % i64(period)


@kernel
def celebrates(key, person, week, weeks):
    """Whether the person's birthday fell in `week` or in the `weeks` - 1 before it; `key` is that of `BIRTHDAY`."""
    return since(uniform(key, person, 0, 0), _YEAR, week) < i64(28) * i64(weeks)
