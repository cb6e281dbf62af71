"""Pictures of the behaviors."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from regulars.sim.behaviors.contact_fatigue import ContactFatigue
from regulars.sim.behaviors.loyalty import Loyalty, add_loyalty
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ACTIVE
from regulars.sim.world.network import WEAK_BIT, assemble

from .drawing import BLUE, GREEN, INK, QUIET, SKY, VERMILION, band, head, line, note, percent
from .markets import STAY, cdnow_cohort, cdnow_orders, cdnow_repeats, market, shop, weekly

f32, i32, u8 = np.float32, np.int32, np.uint8

BG = {"purchase": {"r": 0.243, "alpha": 4.414}, "attrition": {"type": "beta_geometric", "a": 0.793, "b": 2.426}}
LASTING = {"type": "beta_geometric", "a": 0.001, "b": 1000.0}


def purchase(axes: Axes) -> str:
    """Repeat orders within 39 weeks of the 2,357 customers of the CDNOW sample: simulated (mean of 20 runs) and observed. Most buy once,
    few buy often."""
    runs = []
    for replication in range(20):
        orders = cdnow_cohort(BG, weeks=39, replication=replication).run().world.customers.n_orders
        runs.append(np.bincount(np.minimum(orders, 7), minlength=8))
    found, observed = np.mean(runs, axis=0), np.bincount(np.minimum(cdnow_repeats(39), 7), minlength=8)
    axes.bar(range(8), found, color=SKY, width=0.7)
    axes.plot(range(8), observed, color=INK, marker="D", markersize=5, linestyle="none")
    note(axes, 0, found[0], "simulated", color=SKY, shift=(24, -22))
    note(axes, 1, observed[1], "observed", color=INK, shift=(8, 8))
    head(axes, "customers, of 2,357", "repeat orders in 39 weeks")
    axes.set_xticks(range(8), [*map(str, range(7)), "7+"])
    return f"{found[0]:.0f} of 2,357 simulated customers make no repeat order within 39 weeks, {observed[0]} did."


def spend(axes: Axes) -> str:
    """How order values spread: both variants at their defaults, and the orders of the CDNOW sample. The gamma-gamma default was fitted to
    repeat buyers."""
    edges = np.geomspace(3.0, 250.0, 33)
    middle = np.sqrt(edges[1:] * edges[:-1])

    def share(values: np.ndarray) -> np.ndarray:
        return np.histogram(values, edges)[0] / len(values)

    observed = share(cdnow_orders())
    axes.bar(middle, observed, width=np.diff(edges), color="#d5dae0")
    tops = {}
    for variant, color in (("gamma_gamma", BLUE), ("lognormal", VERMILION)):
        one = market({**STAY, "purchase": {"r": 50.0, "alpha": 50.0}, "spend": {"type": variant}}, weeks=3, customers=60_000)
        one.run(2)
        tops[variant] = share(one.world.events.value / 10_000)
        line(axes, middle, tops[variant], "", color, dashed=variant == "lognormal")
    note(axes, middle[7], tops["gamma_gamma"][7], "gamma_gamma", color=BLUE, shift=(-6, 4), ha="right")
    note(axes, middle[23], tops["lognormal"][23], "lognormal", color=VERMILION, shift=(14, 14))
    top = int(np.argmax(observed))
    note(axes, middle[top], observed[top], "observed", color=QUIET, shift=(8, -2), va="center")
    axes.set_xscale("log")
    axes.set_xticks([5, 10, 20, 50, 100, 200], ["5", "10", "20", "50", "100", "200"])
    axes.minorticks_off()
    percent(axes)
    head(axes, "share of orders", "order value, dollars")
    return "Order values are skewed to the right; both variants follow the observed spread around 25 dollars."


def attrition(axes: Axes) -> str:
    """Of 20,000 new customers, the share who have not left, by variant at its defaults (orders at CDNOW's rates). Contracts end only at
    renewals; in all three those likely to leave leave first."""
    share = {}
    for variant, color in (("renewal", GREEN), ("beta_geometric", BLUE), ("pareto", VERMILION)):
        one = market({**BG, "attrition": {"type": variant}}, weeks=160, customers=20_000).run()
        share[variant] = np.concatenate([[1.0], 1.0 - weekly(one, "exits").cumsum() / 20_000])
        line(axes, np.arange(161), share[variant], "", color, steps=variant == "renewal", dashed=variant == "pareto")
    note(axes, 52, 1.0, "renewal, every 52 weeks", color=GREEN, shift=(8, -4))
    note(axes, 104, share["beta_geometric"][104], "beta_geometric", color=BLUE, shift=(0, 8))
    note(axes, 60, share["pareto"][60], "pareto", color=VERMILION, shift=(0, -8))
    axes.set_ylim(0.0, 1.04)
    percent(axes)
    head(axes, "still customers", "weeks since the first order")
    return "; ".join(f"{name}: {values[104]:.0%} left after 104 weeks" for name, values in share.items()) + "."


def churn_contagion(axes: Axes) -> str:
    """The hazard of leaving of somebody of whose strong ties one has just left, in multiples of what it would be otherwise; at the defaults
    (1.797 at once, and 1.77 on average over the first day)."""
    ties = np.array([(1, 0), (6, 3)], np.uint32).ravel()
    ties[3] |= WEAK_BIT
    behaviors = {**STAY, "attrition": {"type": "pareto", "s": 0.001, "beta": 1000.0}, "churn_contagion": {}}
    setting = market(behaviors, weeks=12, customers=8, network={"type": "none"}, sections={"step_days": 1}).setting
    weeks, courses = np.arange(57) / 7.0, {}
    for loyalty in (0.55, 0.8):
        one = LoyaltyModel(setting, collect=False, network=assemble(ties, 8, mutual=False))
        one.world.customers.loyalty[:] = loyalty
        one.world.events.exits = np.array([1, 6], i32)
        found = []
        for _ in weeks:
            one.arrive()
            one.weigh()
            one.world.events.clear()
            found.append(np.exp(one.world.rates.log_attrition[[0, 3]].astype(float)))
        courses[loyalty] = np.array(found)
    strong, weak, loyal = courses[0.55][:, 0], courses[0.55][:, 1], courses[0.8][:, 0]
    axes.axhline(1.0, color=INK, linewidth=1.0)
    line(axes, weeks, strong, "", BLUE)
    note(axes, 2.2, 1.62, f"usual loyalty (0.55): \u00d7 {strong[0]:.2f}", color=BLUE)
    line(axes, weeks, loyal, "", GREEN, dashed=True)
    note(axes, 2.2, 1.5, f"loyal customer (0.80): \u00d7 {loyal[0]:.2f}", color=GREEN)
    axes.yaxis.set_major_formatter(lambda value, _: f"\u00d7 {value:g}")
    axes.set_ylim(0.95, 1.9)
    axes.margins(x=0.02)
    head(axes, "hazard of leaving, in multiples of the usual", "weeks after the neighbor left")
    return f"A strong tie that has just left multiplies the hazard by {strong[0]:.2f}, a weak one by {weak[0]:.2f}; both fade in weeks."


def contact_fatigue(axes: Axes) -> str:
    """What is left of the response to a message if the firm writes so many times every week, at the defaults."""
    contacts, left = np.arange(9), []
    for n in contacts:
        one = market({**STAY, "contact_fatigue": {"opt_out": 0.0}}, weeks=20, customers=1)
        for _ in range(20):
            one.arrive()
            one.world.customers.contacts[:] = n
            one.respond()
        left.append(float(one.world.customers.receptiveness[0]))
    cap = ContactFatigue.Params().cap
    line(axes, contacts, left, "", BLUE, marker="o")
    note(axes, cap, left[int(cap)], f"up to {cap:g} a week: no loss", color=QUIET, shift=(8, 4), strong=False)
    note(axes, 4, left[4], f"4 a week: {left[4]:.0%}", color=BLUE, shift=(8, 6))
    axes.set_ylim(0.0, 1.12)
    percent(axes)
    head(axes, "response to a message", "messages a week")
    return f"Response is full up to {cap:g} messages a week and {left[4]:.0%} of it at 4."


GOAL = {"attainability": "full", "endowment": 0.0, "reset": 0.0, "strengthening": 0.0, "reward_effect": 0.0}


@cache
def _gaps(stamps: int, given: int, gradient: bool, endowment: float) -> np.ndarray:
    """Mean gap before each order from the second to the tenth on a card, in own usual gaps."""
    card = {
        "type": "stamp_card", "face_value": 10.0, "unit_cost": 2.0, "opening_share": 1.0, "stamps": stamps, "given": given,
        "recurring": False,
    }  # fmt: skip
    behaviors: dict[str, Any] = {"purchase": {"r": 100.0, "alpha": 1000.0, "timing_shape": 20.0}, "attrition": LASTING}
    behaviors["goal_gradient"] = {**GOAL, "endowment": endowment} if gradient else "off"
    one = market(behaviors, weeks=190, customers=1000, sections={"programs": {"card": card}})
    times = np.full((1000, 10), np.nan)
    for _ in range(190):
        one.step()
        events = one.world.events
        early = events.number <= 10
        times[events.person[early], events.number[early] - 1] = events.time[early]
    return np.nanmean(np.diff(times), axis=0)


def goal_gradient(axes: Axes) -> str:
    """The gap between purchases of 1,000 holders of a coffee card, against the same orders without goal gradient. The nearer the reward,
    the shorter the gap; with a head start of two stamps it is shorter from the beginning."""
    usual = _gaps(10, 0, False, 0.0)
    plain, gift = _gaps(10, 0, True, 1.1) / usual, _gaps(12, 2, True, 1.1) / usual
    left = np.arange(9, 0, -1)
    line(axes, left, plain, "10 stamps", BLUE, at=2, shift=(4, 6), ha="left", marker="o")
    line(axes, left, gift, "12 stamps, 2 given", GREEN, at=4, shift=(-2, -6), marker="s", ha="right")
    note(axes, 1, plain[-1], f"last against first\n\u2212{1 - plain[-1] / plain[0]:.0%}", color=BLUE, shift=(0, 20), ha="right")
    axes.axhline(1.0, color=INK, linewidth=1.0)
    note(axes, 0.8, 1.0, "without goal gradient", color=QUIET, shift=(0, 2), ha="right", strong=False)
    axes.set_xlim(9.4, 0.6)
    axes.set_ylim(0.55, 1.1)
    percent(axes)
    head(axes, "gap between purchases", "stamps still missing before the purchase")
    return f"The last gap of a ten-stamp card is {1 - plain[-1] / plain[0]:.0%} shorter than the first; two given stamps shorten all."


def loyalty(axes: Axes) -> str:
    """What loyalty above or below a person's own start does to orders and to the hazard of leaving, at the defaults."""
    above = np.linspace(-0.2, 0.2, 41).astype(f32)
    purchase, leaving = np.zeros(41, f32), np.zeros(41, f32)
    params = Loyalty.Params()
    add_loyalty(
        purchase, leaving, np.full(41, ACTIVE, u8), f32(0.5) + above, np.full(41, 50.0, f32), f32(params.effect),
        f32(params.attrition_effect), f32(0.5 * 2 / 3), f32(1 / 300), 0, 41,
    )  # fmt: skip
    orders, hazard = np.expm1(purchase), np.expm1(leaving)
    axes.axhline(0.0, color=INK, linewidth=1.0)
    axes.axvline(0.0, color=INK, linewidth=1.0)
    line(axes, above, orders, "", BLUE)
    line(axes, above, hazard, "", VERMILION, dashed=True)
    note(axes, 0.1, orders[30], f"orders\n{orders[30]:+.0%} at +0.10", color=BLUE, shift=(-4, 8), ha="center")
    note(axes, 0.1, hazard[30], f"leaving\n{hazard[30]:+.0%} at +0.10", color=VERMILION,
         shift=(-14, -8), ha="center")  # fmt: skip
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.1f}".replace("-", "\u2212") if round(value, 6) else "0")
    percent(axes, signed=True)
    head(axes, "change in orders, and in the hazard of leaving", "loyalty (0 to 1) above the own start")
    return f"Loyalty .10 above the own start brings {orders[30]:+.0%} orders and {hazard[30]:+.0%} of the hazard of leaving."


def organic_acquisition(axes: Axes) -> str:
    """Of 20,000 prospects, the share won by week, at three weekly probabilities; nothing else wins them."""
    weeks = np.arange(53)
    ends = []
    for probability, color in ((0.01, GREEN), (0.005, BLUE), (0.002, VERMILION)):
        behaviors = {"purchase": {}, "organic_acquisition": {"probability": probability}}
        won = weekly(market(behaviors, weeks=52, customers=0, prospects=20_000).run(), "new_customers").cumsum() / 20_000
        share = np.concatenate([[0.0], won])
        line(axes, weeks, share, f"{100 * probability:g} % a week", color, at=40, shift=(-4, 6))
        ends.append(f"{share[-1]:.0%} at {probability:g} a week")
    percent(axes)
    head(axes, "prospects won", "week")
    return f"After a year {', '.join(ends)}."


def referral(axes: Axes) -> str:
    """A year of 4,000 customers who stay, at the defaults: how many of 1,000 would recommend, did, and how many friends came."""
    behaviors = {**STAY, "referral": {"typical_loyalty": 0.5}}
    one = market(behaviors, weeks=52, customers=4000, prospects=30_000).run()
    own, customers = one.world.owned["behaviors.referral"], one.world.customers
    first = (customers.acquired_by == 0) & (customers.status == ACTIVE)
    made = own.invitations[first].sum()
    won = one.world.totals.so_far("acquired_by_referral") / one.world.totals.so_far("invitations") * made
    rows = [
        ("would recommend", (own.invitation_clock[first] < 1e29).sum()), ("invite somebody", (own.invitations[first] > 0).sum()),
        ("invitations made", made), ("friends who come", won),
    ]  # fmt: skip
    axes.grid(visible=False)
    for at, (label, count) in enumerate(rows):
        share = 1000.0 * count / first.sum()
        axes.barh(at, share, height=0.55, color=(SKY, SKY, SKY, BLUE)[at])
        note(axes, share, at, f"{share:.0f}", color=INK, shift=(4, 0), va="center")
        note(axes, 0, at - 0.28, label, color=QUIET, shift=(1, 1), strong=False)
    axes.set_yticks([])
    axes.set_ylim(3.5, -0.75)
    axes.margins(x=0.12)
    head(axes, "in a year, of 1,000 customers", "")
    return "; ".join(f"{label}: {1000.0 * count / first.sum():.0f}" for label, count in rows) + "."


def satisfaction(axes: Axes) -> str:
    """What one order does to satisfaction, by how far it was above or below what was expected (4,000 customers, means of classes).
    Falling short weighs twice as much as exceeding; the curve lies above 0 in the middle so that satisfaction holds its level on
    average."""
    one = market({**STAY, "purchase": {"r": 40.0, "alpha": 40.0}, "satisfaction": {"half_life": 104.0}}, weeks=6, customers=4000)
    gaps, moves = [], []
    for _ in range(6):
        before = one.world.customers.satisfaction.copy()
        one.step()
        events = one.world.events
        who, first, counts = np.unique(events.person, return_index=True, return_counts=True)
        once = who[counts == 1]
        inside = (one.world.customers.satisfaction[once] > 0) & (one.world.customers.satisfaction[once] < 100)
        gaps.append(events.disconfirmation[first[counts == 1]][inside])
        moves.append((one.world.customers.satisfaction - before)[once][inside])
    gap, move = np.concatenate(gaps), np.concatenate(moves)
    edges = np.arange(-35.0, 36.0, 5.0)
    place = np.digitize(gap, edges)
    middle = (edges[1:] + edges[:-1]) / 2
    mean = np.array([move[place == at].mean() for at in range(1, len(edges))])
    axes.axhline(0.0, color=INK, linewidth=1.0)
    axes.axvline(0.0, color=INK, linewidth=1.0)
    line(axes, middle, mean, "", BLUE, marker="o")
    left, right = np.argmin(abs(middle + 22.5)), np.argmin(abs(middle - 22.5))
    note(axes, middle[left], mean[left], f"{mean[left]:+.1f}", color=VERMILION, shift=(8, -4))
    note(axes, middle[right], mean[right], f"{mean[right]:+.1f}", color=GREEN, shift=(0, 8), ha="center")
    note(axes, -20, 2, "worse than expected", color=QUIET, ha="center", strong=False)
    note(axes, 19, -4, "better than expected", color=QUIET, ha="center", strong=False)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:+g}".replace("-", "\u2212") if value else "0")
    head(axes, "change in satisfaction, points of 100", "quality of the order less expectation, points")
    return f"An order 22.5 points below expectation moves satisfaction by {mean[left]:.1f} points, one as far above by {mean[right]:+.1f}."


def word_of_mouth(axes: Axes) -> str:
    """Prospects whom word of mouth brings to the online shop in addition: customers won with it less those won without, on the same luck
    (mean of 20 runs, 95 % interval shaded)."""
    weeks, more, without = np.arange(1, 53), [], []
    for replication in range(20):
        mine, other = (
            weekly(shop(changes, replication=replication).run(), "new_customers").cumsum()
            for changes in ({}, {"behaviors.word_of_mouth": "off"})
        )
        more.append(mine - other)
        without.append(other[-1])
    mean = band(axes, weeks, more, BLUE)
    line(axes, weeks, mean, "", BLUE)
    share = mean[-1] / np.mean(without)
    note(axes, 52, mean[-1], f"{mean[-1]:+.0f}, {share:+.0%}", color=BLUE, shift=(-8, 10), ha="right")
    axes.axhline(0.0, color=INK, linewidth=1.0)
    note(axes, 52, 0.0, f"without word of mouth, {np.mean(without):.0f} in a year", color=QUIET, shift=(0, 3), ha="right", strong=False)
    head(axes, "customers won in addition", "week")
    return f"After a year word of mouth has brought {mean[-1]:.0f} customers on top of {np.mean(without):.0f}."
