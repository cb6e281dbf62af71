"""Pictures of the campaigns."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from .drawing import BLUE, GRID, INK, QUIET, SKY, VERMILION, band, head, line, note, percent, spelled
from .markets import STAY, market, weekly


def community(axes: Axes) -> str:
    """Orders of those who belong to the community after a year, against the same people on the same luck without one; all behaviors on
    (mean of 8 runs of 5,000 customers, 95 % interval shaded). Published: members spend 19 % more after joining, in part by self-
    selection."""
    behaviors = {**STAY, "satisfaction": {}, "loyalty": {}}
    edges, runs, joined = np.arange(0, 53, 4), [], []
    for replication in range(8):
        both = [
            market(behaviors, weeks=52, customers=5000, replication=replication, sections=sections)
            for sections in ({"campaigns": {"circle": {"type": "community"}}}, {})
        ]
        counts = [[one.world.customers.n_orders.copy()] for one in both]
        for _ in edges[1:]:
            for one, found in zip(both, counts, strict=True):
                one.run(4)
                found.append(one.world.customers.n_orders.copy())
        member = both[0].world.owned["campaigns.circle"].member.astype(bool)
        mine, other = (np.diff([found[member].sum() for found in each]) for each in counts)
        runs.append(mine / other - 1.0)
        joined.append(member.mean())
    weeks = edges[1:] - 2
    mean = band(axes, weeks, runs, BLUE)
    line(axes, weeks, mean, "", BLUE, marker="o")
    note(axes, weeks[-1], mean[-1], f"{mean[-1]:+.0%}", color=BLUE, shift=(0, 12), ha="right")
    axes.axhline(0.19, color=INK, linewidth=1.2, linestyle=(0, (2, 2)))
    note(axes, 50, 0.19, "published, self-selection included: +19 %", color=INK, shift=(0, 3), ha="right", strong=False)
    axes.set_ylim(0.0, 0.23)
    percent(axes, signed=True)
    head(axes, "orders of members against the same people without", "week")
    return f"The true lift of members grows to {mean[-1]:+.0%} in a year; the published one is +19 %."


def discount(axes: Axes) -> str:
    """Orders by week under a fifth off for two weeks, against the same weeks without, on the same luck (mean of 30 runs of 5,000
    customers, 95 % interval shaded). Part of what the sale gains is missing in the weeks after."""
    sale = {"campaigns": {"sale": {"type": "discount", "depth": 0.2, "start_week": 5, "weeks": 2}}}
    weeks, runs = np.arange(1, 19), []
    for replication in range(30):
        mine, other = (
            weekly(market(STAY, weeks=18, customers=5000, replication=replication, sections=sections).run(), "orders")
            for sections in (sale, {})
        )
        runs.append(mine / other - 1.0)
    axes.axvspan(4.5, 6.5, color="#f4ead6", linewidth=0)
    mean = band(axes, weeks, runs, BLUE)
    axes.axhline(0.0, color=INK, linewidth=1.0)
    line(axes, weeks, mean, "", BLUE, marker="o")
    low = 6 + int(np.argmin(mean[6:]))
    note(axes, 6, mean[5], f"sale: {mean[4:6].mean():+.0%}", color=BLUE, shift=(14, -2), va="center")
    note(axes, weeks[low], mean[low], f"dip: {mean[low]:+.0%}", color=VERMILION, shift=(14, -8))
    axes.margins(y=0.12)
    percent(axes, signed=True)
    head(axes, "orders against the same weeks without the sale", "week")
    return f"Orders rise by {mean[4:6].mean():.0%} in the sale and fall by {-mean[low]:.0%} below their level after it."


def push(axes: Axes) -> str:
    """What one click adds to the order rate of a customer, week by week, at the defaults. Half of it is left a week later, so that in the
    long run a click is worth twice its first week."""
    mail = {"campaigns": {"mail": {"type": "push", "every_weeks": 104, "click_through": 0.5}}}
    one = market(STAY, weeks=9, customers=2000, sections=mail)
    found = []
    for _ in range(9):
        one.step()
        found.append(float(np.expm1(one.world.rates.log_purchase.max())))
    first = int(np.argmax(found))
    shares = np.array(found[first : first + 7])
    axes.bar(range(1, len(shares) + 1), shares, color=[BLUE] + [SKY] * (len(shares) - 1), width=0.7)
    for week, share in enumerate(shares[:4], 1):
        note(axes, week, share, f"{share:+.0%}", color=INK, shift=(0, 2), ha="center")
    axes.margins(y=0.15)
    axes.set_xticks(range(1, 8))
    percent(axes, signed=True)
    head(axes, "orders of who clicked", "week after the click")
    return f"A click adds {shares[0]:.0%} to the order rate in its first week, {shares[1]:.0%} in the second, and so on by halves."


def user_content(axes: Axes) -> str:
    """Visits of prospects by week: those that would come anyway, and those that posts of customers bring; 5,000 customers are asked to
    post for half a year, at the defaults. Posts are seen for a while after the campaign has ended."""
    posts = {"campaigns": {"posts": {"type": "user_content", "weeks": 26, "typical_loyalty": 0.5}}}
    one = market(STAY, weeks=39, customers=5000, prospects=5000, sections=posts).run()
    content, natural = weekly(one, "content_visits"), weekly(one, "natural_visits")
    weeks = np.arange(1, 40)
    axes.stackplot(weeks, natural - content, content, colors=(GRID, BLUE))
    axes.axvline(26.5, color=INK, linewidth=1.0, linestyle=(0, (2, 2)))
    peak = content[25] / natural[25]
    top = natural.max()
    note(axes, 26.5, 1.02 * top, "campaign ends", color=QUIET, shift=(4, 0), va="top", strong=False)
    axes.text(13, (natural - content / 2)[12], spelled(f"by posts: {peak:.0%} of all"), color="white", ha="center", va="center",
              fontweight="bold", fontsize=9.5)  # fmt: skip
    axes.text(20, (natural - content)[12] / 2, "anyway", color=INK, ha="center", va="center", fontweight="bold", fontsize=9.5)
    axes.margins(x=0.0)
    axes.set_ylim(0.0, 1.08 * top)
    head(axes, "visits of prospects a week", "week")
    return f"Posts bring {peak:.0%} of the visits of prospects in the last week of the campaign, and fewer from then on."


