"""Pictures of the programs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ACTIVE

from .drawing import BLUE, GREEN, INK, ORANGE, SKY, VERMILION, band, head, line, note, percent
from .markets import STAY, market, weekly

LASTING = {"type": "beta_geometric", "a": 0.001, "b": 1000.0}
VOUCHER = {"voucher": {"points": 100, "face_value": 5.0, "unit_cost": 3.0}}


def points(axes: Axes) -> str:
    """What has become of all points issued so far: 5,000 customers who order every four weeks on average, points good for a year, all
    else at the defaults. What expires is breakage; what is on accounts is owed."""
    behaviors = {"purchase": {"r": 1.0, "alpha": 4.0}, "attrition": LASTING}
    stars = {"type": "points", "catalog": VOUCHER, "expiry_weeks": 52}
    one = market(behaviors, weeks=156, customers=5000, sections={"programs": {"stars": stars}}).run()
    weeks = np.arange(1, 157)
    redeemed, expired = (weekly(one, f"points_{name}").cumsum() / 1e3 for name in ("redeemed", "expired"))
    owed = weekly(one, "points_outstanding") / 1e3
    axes.stackplot(weeks, redeemed, owed, expired, colors=(BLUE, SKY, ORANGE))
    issued = (redeemed + owed + expired)[-1]
    parts = (redeemed, 0.0, "redeemed", BLUE), (owed, redeemed, "still owed", SKY), (expired, redeemed + owed, "expired", "#8a5f00")
    for part, base, label, color in parts:
        note(axes, 156, (part / 2 + base)[-1], f"{label} {part[-1] / issued:.0%}", color=color, shift=(4, 0), va="center")
    axes.set_xlim(0, 212)
    axes.set_xticks([0, 52, 104, 156])
    head(axes, "thousand points", "week of the program")
    return f"After three years {redeemed[-1] / issued:.0%} of points are redeemed, {expired[-1] / issued:.0%} expired, the rest is owed."


def referral_reward(axes: Axes) -> str:
    """Friends who come by invitation of 4,000 customers, with a reward of 5 for both sides (mean order 20) and without, on the same luck
    (mean of 10 runs, 95 % interval shaded)."""
    behaviors = {**STAY, "spend": {"type": "lognormal", "mean_log": 2.77}, "referral": {"typical_loyalty": 0.5}}
    weeks, runs = np.arange(1, 53), {True: [], False: []}
    for replication in range(10):
        for rewarded, found in runs.items():
            sections = {"programs": {"friends": {"type": "referral_reward"}}} if rewarded else {}
            one = market(behaviors, weeks=52, customers=4000, prospects=20_000, replication=replication, sections=sections).run()
            found.append(weekly(one, "acquired_by_referral").cumsum())
    mine, other = band(axes, weeks, runs[True], BLUE), band(axes, weeks, runs[False], VERMILION)
    line(axes, weeks, mine, f"with reward: {mine[-1]:.0f}", BLUE, at=36, shift=(-8, 6))
    line(axes, weeks, other, f"without: {other[-1]:.0f}", VERMILION, at=36, shift=(6, -8), ha="left", dashed=True)
    head(axes, "friends won since the start", "week")
    return f"In a year {mine[-1]:.0f} friends come with the reward and {other[-1]:.0f} without."


def stamp_card(axes: Axes) -> str:
    """Of 10,000 car-wash cards each, the share filled, with goal gradient on: eight stamps, and ten of which two are given. Both ask for
    eight washes. Diamonds: 150 cards each in the experiment of Nunes & Dreze (2006)."""
    behaviors = {"purchase": {"r": 5.0, "alpha": 29.65}, "attrition": LASTING, "goal_gradient": {
        "attainability": "full", "endowment": 1.1, "reset": 0.0, "strengthening": 0.0, "reward_effect": 0.0}}  # fmt: skip
    weeks, ends = np.arange(1, 27), []
    for stamps, given, label, color, published in ((10, 2, "10 stamps, 2 given", GREEN, 0.34), (8, 0, "8 stamps", BLUE, 0.19)):
        card = {
            "type": "stamp_card", "face_value": 10.0, "unit_cost": 2.0, "opening_share": 1.0, "recurring": False, "weeks": 26,
            "stamps": stamps, "given": given,
        }  # fmt: skip
        one = market(behaviors, weeks=26, customers=10_000, sections={"programs": {"card": card}})
        filled = []
        for _ in weeks:
            one.step()
            filled.append(one.world.owned["programs.card"].cards_filled.mean())
        line(axes, weeks, filled, f"{label}: {filled[-1]:.0%}", color, at=20 if given else 15,
             shift=(-8, 4) if given else (10, -10), ha="right" if given else "left", dashed=not given)  # fmt: skip
        axes.plot([26.6], [published], color=INK, marker="D", markersize=6, linestyle="none", clip_on=False)
        ends.append(f"{filled[-1]:.0%} of the cards of {label}")
    note(axes, 26.6, 0.34, "observed", color=INK, shift=(-8, 4), ha="right")
    axes.set_xlim(0, 27)
    percent(axes)
    head(axes, "cards filled", "week")
    return f"{' and '.join(ends)} are filled in 26 weeks; observed 34 and 19 %."


def tiers(axes: Axes) -> str:
    """Customers who lose their tier at the first review that takes one, and how many of them have left in the weeks after: with the sting
    of demotion at its defaults, and the same people without it."""
    behaviors: dict[str, Any] = {
        "purchase": {"r": 2.0, "alpha": 6.0}, "attrition": {"type": "pareto", "s": 2.0, "beta": 100.0}, "satisfaction": {}, "loyalty": {},
    }  # fmt: skip
    club = {"type": "tiers", "tiers": {"member": {}, "gold": {"spend": 250.0}}, "window_weeks": 24, "review_weeks": 12}
    weeks, left = np.arange(27), {}
    for sting in ({}, {"demotion": {"care": 0.0, "attrition": 0.0}}):
        one = market(behaviors, weeks=80, customers=60_000, sections={"programs": {"club": {**club, **sting}}})
        fallen = _demoted(one)
        left[not sting] = [0.0]
        for _ in weeks[1:]:
            one.step()
            left[not sting].append(float((one.world.customers.status[fallen] != ACTIVE).mean()))
    mine, other = left[True], left[False]
    line(axes, weeks, mine, f"demoted: {mine[-1]:.1%}", VERMILION, at=20, shift=(-8, 6))
    line(axes, weeks, other, f"without the sting: {other[-1]:.1%}", BLUE, at=13, shift=(8, -10), ha="left", dashed=True)
    axes.set_ylim(bottom=0.0)
    percent(axes)
    head(axes, "have left", "weeks after losing the tier")
    return f"{mine[-1]:.1%} of {len(fallen):,} demoted have left after 26 weeks, {other[-1]:.1%} without the sting."


def _demoted(one: LoyaltyModel) -> np.ndarray:
    """Runs up to the first demotions; the customers demoted then who are still there."""
    before = one.world.customers.tier.copy()
    while not one.world.totals.weeks or not weekly(one, "tier_downgrades").any():
        before = one.world.customers.tier.copy()
        one.step()
    customers = one.world.customers
    return np.flatnonzero((customers.tier < before) & (customers.status == ACTIVE))
