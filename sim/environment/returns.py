"""Returns: some orders are sent back, and their money, their goods and their points with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np

from ..core.component import Environment
from ..core.declare import Parameters, flow, param, stream
from ..core.draws import exp32, log32, uniform_pair
from ..core.kernel import kernel
from ..core.links import Link, link
from ..world.events import Refunds
from ..world.ledger import cost_of_goods
from ..world.market import Market
from ..world.world import World

f32, i64 = np.float32, np.int64
_ONE = f32(1.0)


class Returns(Environment):
    """A share of orders comes back after a while: the firm repays what was paid and takes the goods at a salvage value.

        P(an order is sent back) = share
        delay ~ exponential with scale delay_weeks, cut off at window_weeks
        repaid = value - discounts;  goods taken back at salvage x their cost

    In the books the value counts against revenue, and the discount against discounts given: neither was real.

    With the order comes its receipt: programs take back what they gave for this very order, and nothing for one from before the
    program or the membership. Points are taken back, its stamp comes off a card that is still open, and tiers no longer count
    its value; referral rewards stay. Who returned an order has still ordered: orders, recency and experience stay.
    Source: assumed; surveys of U.S. retailers state returns of about a tenth of sales in shops and more online.
    """

    unpublished = (
        "Share, delay and salvage of returns are a firm's own numbers; no published pattern is claimed, and the defaults are assumed."
    )

    type = "returns"
    totals = (flow("orders_returned", unit="orders", doc="Orders sent back, in the week in which they are repaid."),)

    RETURN = stream("returns.order", per="order", doc="Whether an order is sent back, and after how long.")

    class Params(Parameters):
        type: Literal["returns"] = param("returns", unit="", doc="Kind of environment.", source="name")
        share: float = param(
            0.1,
            unit="share",
            low=0.0,
            high=1.0,
            role="effect",
            neutral=0.0,
            doc="Part of orders that are sent back.",
            plausible=(0.02, 0.3),
            source="assumed; about a tenth of retail sales, more online and in fashion",
        )
        delay_weeks: float = param(
            2.0,
            unit="weeks",
            low=0.1,
            high=26.0,
            doc="Scale of the time from order to repayment; the mean where there is no end to the right.",
            plausible=(1, 4),
            source="assumed",
        )
        window_weeks: float = param(
            30 / 7, unit="weeks", low=0.1, high=104.0, doc="Latest repayment after the order.", source="practice: 30 days"
        )
        salvage: float = param(
            0.8,
            unit="share",
            low=0.0,
            high=1.0,
            role="cost",
            doc="Worth of goods sent back, as a part of their cost.",
            plausible=(0.3, 1.0),
            source="assumed",
        )

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        return {"returns": (self.name,)}

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        there = names.get("returns", ())
        if len(there) > 1:
            yield "", f"every order would be sent back twice, so a scenario has returns once (there: {', '.join(there)})"

    @property
    def links(self) -> tuple[Link, ...]:
        return (link("orders", "refunds", +1, "share", delay=self.params.delay_weeks),)

    def arrive(self, world: World) -> None:
        parcels = world.note(self, Refunds)
        arrived = parcels.due <= world.calendar.now
        if not arrived.any():
            return
        back = parcels.pick(arrived)
        world.notes[self.address] = parcels.pick(~arrived)
        world.refunds.add(back)
        world.ledger.post("refunds", world.by_segment(back.person, back.value))
        world.ledger.take_back("discounts", world.by_segment(back.person, back.value - back.paid))
        cost = cost_of_goods(world.by_segment(back.person, back.value), world.economics.gross_margin)
        world.ledger.post("goods_returned", np.rint(cost * self.params.salvage).astype(np.int64))
        world.totals.add("orders_returned", world.by_segment(back.person))

    def respond(self, world: World) -> None:
        params, events = self.params, world.events
        if params.share == 0.0 or not len(events):
            return
        due = np.empty(len(events), np.float32)
        world.over(
            send_back,
            len(events),
            due,
            events.person,
            events.number,
            events.time,
            world.key(self.RETURN),
            f32(params.share),
            f32(params.delay_weeks),
            _ONE - exp32(f32(-params.window_weeks / params.delay_weeks)),
        )
        back = np.flatnonzero(due >= 0.0)
        columns = {
            "due": due[back], "person": events.person[back], "number": events.number[back],
            "week": np.full(len(back), world.calendar.week), "value": events.value[back],
            "paid": (events.value - events.discount)[back],
        }  # fmt: skip
        world.note(self, Refunds).add(Refunds(columns, {name: column[back] for name, column in events.receipts.items()}))


@kernel
def send_back(due, person, number, time, key, share, scale, within, start, stop):
    """When each order will have come back, in weeks from the start; -1 if it never does."""
    for e in range(start, stop):
        whether, when = uniform_pair(key, person[e], number[e], 0)
        due[e] = time[e] - scale * log32(_ONE - when * within) if whether < share else -_ONE
