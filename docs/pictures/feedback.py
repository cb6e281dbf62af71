"""Pictures of the feedback loops."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from regulars.sim.core.queueing import erlang_a
from regulars.sim.world.customers import ACTIVE

from .drawing import BLUE, GREEN, INK, VERMILION, head, line, note, percent
from .markets import market, weekly

BUYERS: dict[str, Any] = {"purchase": {"r": 3.0, "alpha": 9.0}, "attrition": {"type": "pareto", "s": 2.0, "beta": 60.0}}
"""An order in three weeks on average; a thirtieth leaves each week."""


def churn_warning(axes: Axes) -> str:
    """How often warnings are right (precision) and how many of those who leave they find (recall), by the threshold of the score; a year
    of 6,000 customers who order every three weeks on average, without a survey."""
    thresholds = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
    precision, recall = [], []
    for threshold in thresholds:
        radar = {"feedback": {"radar": {"type": "churn_warning", "threshold": float(threshold), "survey": {"response": 0.0}}}}
        one = market(BUYERS, weeks=52, customers=6000, start="base", sections=radar).run()
        total = {name: weekly(one, name).sum() for name in ("warnings_right", "warnings_judged", "leavers_warned", "leavers_judged")}
        precision.append(total["warnings_right"] / total["warnings_judged"])
        recall.append(total["leavers_warned"] / total["leavers_judged"])
    line(axes, thresholds, precision, "warnings that are right", BLUE, at=6, shift=(4, -14), marker="o", ha="center")
    line(axes, thresholds, recall, "leavers found", VERMILION, at=2, shift=(0, 10), dashed=True, ha="left")
    axes.set_ylim(0.0, 1.08)
    percent(axes)
    head(axes, "share of warnings, and of leavers", "threshold of the score (0 to 1)")
    ends = [f"{name} from {course[0]:.0%} to {course[-1]:.0%}" for name, course in (("precision", precision), ("recall", recall))]
    return f"From the lowest to the highest threshold {' and '.join(ends)}."


def intervention(axes: Axes) -> str:
    """The hazard of leaving after one contact, against no contact, at the defaults: of who takes the offer, and of a sleeping dog whom
    the contact wakes. Both effects fade by halves."""
    call = {"type": "intervention", "success": 0.5, "sleeping_dogs": 0.1, "rest_weeks": 52.0}
    feedback = {"watch": {"type": "churn_warning", "survey": {"response": 0.0}}, "call": call}
    one = market(BUYERS, weeks=40, customers=3000, start="base", sections={"feedback": feedback})
    one.run(6)
    own = one.world.owned["feedback.call"]
    new = own.contacted == one.world.calendar.now - 1
    groups = {"helped": new & (own.kept > 0), "woken": new & (own.woken > 0)}
    courses: dict[str, list[float]] = {name: [] for name in groups}
    for _ in range(27):
        for name, who in groups.items():
            values = one.world.rates.log_attrition[who]
            courses[name].append(float(np.exp(values[np.argmax(abs(values))])) - 1.0)
        one.step()
    weeks = np.arange(27)
    axes.axhline(0.0, color=INK, linewidth=1.0)
    line(axes, weeks, courses["woken"], "woken by the contact", VERMILION, at=3, shift=(8, 4), ha="left", dashed=True)
    line(axes, weeks, courses["helped"], "takes the offer", BLUE, at=3, shift=(10, -6), ha="left")
    percent(axes, signed=True)
    head(axes, "change in the hazard of leaving", "weeks after the contact")
    return f"Who takes the offer has a hazard {courses['helped'][0]:+.0%} at first, who is woken {courses['woken'][0]:+.0%}."


def service_desk(axes: Axes) -> str:
    """Mean wait of those served at a desk of 7 agents around the clock (talks of 6 minutes, patience of 10), by load: tickets simulated
    one by one for a quarter (dots), and the Erlang-A formula (line). Beyond a load of about .8 waits grow quickly; then people give
    up."""
    week, around = 7 * 86_400.0, {"opens": 0.0, "closes": 24.0}
    loads = np.linspace(0.5, 1.4, 37)
    exact = [erlang_a(load * 7 / 360.0, 360.0, 7, 600.0) for load in loads]
    found = []
    for load in np.arange(0.5, 1.41, 0.1):
        desk = {
            "type": "service_desk", "opening": around, "shifts": {"all": {**around, "agents": 7}}, "service_minutes": 6.0,
            "patience_minutes": 10.0, "contacts": {"per_order": 1.0, "per_failure": 0.0, "per_negative_message": 0.0},
            "again": {"unsolved": 0.0, "late": 0.0, "abandoned": 0.0}, "auto_reply": None,
        }  # fmt: skip
        behaviors = {"purchase": {"r": 40.0, "alpha": 40.0}, "attrition": {"type": "none"}}
        people = round(load * 7 / 360.0 * week)
        one = market(behaviors, weeks=14, customers=people, network={"type": "none"}, sections={"feedback": {"desk": desk}}).run()
        tickets = weekly(one, "tickets")[2:].sum()
        found.append((
            tickets * 360.0 / 7 / week / 12, weekly(one, "first_response_seconds")[2:].sum() / weekly(one, "tickets_answered")[2:].sum(),
            weekly(one, "tickets_abandoned")[2:].sum() / tickets,
        ))  # fmt: skip
    line(axes, loads, [each.mean_wait_served for each in exact], "", BLUE)
    for load, wait, gone in found:
        axes.plot([load], [wait], color=INK, marker="o", markersize=5, linestyle="none")
        if round(10 * load) in (8, 10, 12):
            note(axes, load, wait, f"{gone:.0%} give up", color=VERMILION, shift=(-8, 8), ha="right")
    note(axes, 0.62, exact[5].mean_wait_served, "Erlang-A", color=BLUE, shift=(0, 6), ha="right")
    axes.set_ylim(bottom=0.0)
    head(axes, "seconds until an agent answers", "load: tickets x service time / staffed time")
    at = {round(10 * load): (wait, gone) for load, wait, gone in found}
    return f"At a load of .8 the mean wait is {at[8][0]:.0f} s, at 1 {at[10][0]:.0f} s, at 1.2 {at[12][0]:.0f} s; {at[12][1]:.0%} give up."


def win_back(axes: Axes) -> str:
    """What became of 8,000 customers' lapsed members by what they were offered: how many took the offer and returned, and how many of
    those are still there after a year. Both together win most and keep fewest."""
    for offer, color in (("upgrade", GREEN), ("discount", BLUE), ("both", VERMILION)):
        back = {"type": "win_back", "offers": dict.fromkeys(("silent", "service", "price"), offer), "acceptance": 0.2, "within_weeks": 30.0}
        behaviors = {**BUYERS, "attrition": {"type": "pareto", "s": 2.0, "beta": 40.0}}
        one = market(behaviors, weeks=60, customers=8000, start="base", sections={"feedback": {"back": back}}).run()
        returned = one.world.customers.returns > 0
        rate = weekly(one, "win_back_returns").sum() / weekly(one, "win_back_contacts").sum()
        kept = (one.world.customers.status[returned] == ACTIVE).mean()
        axes.plot([rate], [kept], color=color, marker="o", markersize=10, linestyle="none")
        note(axes, rate, kept, {"both": "both together"}.get(offer, offer), color=color, shift=(0, 9), ha="center")
    axes.margins(0.3, 0.35)
    percent(axes)
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    head(axes, "of the returned, still customers", "of those contacted, return")
    return "An upgrade wins fewest and keeps most, both together win most and keep fewest, a discount lies between."
