"""Weeks and steps."""

from __future__ import annotations

import pytest

from regulars.sim.world.calendar import Calendar


def test_a_week_in_weeks_is_one_step():
    calendar = Calendar(3)
    seen = []
    for _ in range(3):
        seen += [(calendar.week, calendar.now, calendar.opens_week) for _ in calendar.steps()]
    assert seen == [(1, 0.0, True), (2, 1.0, True), (3, 2.0, True)]


def test_a_week_in_days_is_seven_steps_of_which_one_opens_it():
    calendar = Calendar(2, 1)
    seen = []
    for _ in range(2):
        seen += [(calendar.week, calendar.opens_week) for _ in calendar.steps()]
    assert seen == [(1, True), *[(1, False)] * 6, (2, True), *[(2, False)] * 6]
    assert (calendar.now, calendar.dt) == (2.0, pytest.approx(1 / 7))
