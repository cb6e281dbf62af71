"""Who a program, campaign or feedback action is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import model_validator

from ..core.declare import Parameters, group, param, stream, word
from ..core.draws import uniform
from ..core.kernel import kernel
from ..core.units import MONEY, WEEKS_PER_YEAR

if TYPE_CHECKING:
    from .market import Market

f32, f64, u8 = np.float32, np.float64, np.uint8

MEMBER = stream("audience.share", per="person", doc="Whether a person belongs to the share an action is for.")
HOLD_OUT = stream("audience.hold_out", per="person", doc="Whether a person belongs to the hold-out, for whom no action is meant.")

ARM = stream("audience.arm", per="person", doc="Which arm of an A/B test a person belongs to.")

STAGES = ("growth", "maturity", "decline")
ANY, LESS, MORE = 0, 1, 2
_SIDES = {None: ANY, "far": LESS, "near": MORE, "low": LESS, "high": MORE}
_CELLS = {
    "high_value": {"recency": "near", "frequency": "high", "monetary": "high"},
    "dormant": {"recency": "far", "frequency": "low", "monetary": "low"},
    "potential": {"recency": "near", "frequency": "low", "monetary": "low"},
}


class Cell(Parameters):
    """A cell of recency, frequency and monetary value; cut-offs are those of `market.rfm`.

    In YAML a name alone (``rfm: dormant``) or any of the three sides (``rfm: {recency: near, frequency: high}``).
    """

    cell: Literal["high_value", "dormant", "potential"] | None = param(
        None,
        unit="",
        doc="high_value: near, high, high; dormant: far, low, low; potential: near, low, low.",
        source="RFM practice as in the texts this project models",
    )
    recency: Literal["near", "far"] | None = param(None, unit="", doc="Whether the last order is near.", source="plan")
    frequency: Literal["high", "low"] | None = param(None, unit="", doc="Whether orders are frequent.", source="plan")
    monetary: Literal["high", "low"] | None = param(None, unit="", doc="Whether orders are large.", source="plan")

    @model_validator(mode="before")
    @classmethod
    def _accept_name(cls, value: Any) -> Any:
        return {"cell": value} if isinstance(value, str) else value

    @property
    def sides(self) -> dict[str, str | None]:
        """The side wanted of each of recency, frequency and monetary value; None where both will do."""
        own = {"recency": self.recency, "frequency": self.frequency, "monetary": self.monetary}
        named = _CELLS[self.cell] if self.cell else {}
        return {name: named.get(name, side) for name, side in own.items()}

    def problems(self) -> Iterator[tuple[str, str]]:
        """Relative path and message of what cannot be meant."""
        if not any(self.sides.values()):
            yield "", f"name a cell ({', '.join(_CELLS)}) or a side of recency, frequency or monetary"
        for name, side in (("recency", self.recency), ("frequency", self.frequency), ("monetary", self.monetary)):
            if self.cell and side and side != _CELLS[self.cell][name]:
                yield name, f"{side} contradicts the cell {self.cell}, where it is {_CELLS[self.cell][name]}: nobody would be left"


class Audience(Parameters):
    """People picked by segment, tier, RFM cell, stage of life and share; everyone where nothing is said.

    The share is drawn once a person and keyed by the action's name, so it is the same people in every week and arm. Tier,
    cell and stage change as customers live and take in nobody who has not ordered; they are told from what a firm has on
    record: orders, their dates and values. People of `market.hold_out` never belong.
    """

    segment: list[str] | None = param(None, unit="", doc="Only these segments.", source="plan")
    tier: list[str] | None = param(None, unit="", doc="Only who holds one of these tiers now.", source="plan")
    rfm: Cell | None = group("Only who is in this cell of recency, frequency and monetary value now, if given.", lambda: None)
    stage: list[Literal["growth", "maturity", "decline"]] | None = param(
        None, unit="", doc="Only who is in one of these stages of life now; see `market.lifecycle`.", source="plan"
    )
    arm: list[str] | None = param(None, unit="", doc="Only these arms of an A/B test; see `market.arms`.", source="plan")
    share: float = param(1.0, unit="share", low=0.0, high=1.0, doc="Only this part of them, drawn at random.", source="plan")

    @model_validator(mode="before")
    @classmethod
    def _accept_all(cls, value: Any) -> Any:
        return {} if value == "all" else value

    @property
    def changes(self) -> bool:
        """Whether people come to belong, or cease to, as they live; else the first `mask` holds for good."""
        return self.tier is not None or self.rfm is not None or self.stage is not None or self.arm is not None

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the shared fields of customers that tell who belongs."""
        found = ["segment"]
        if self.tier is not None:
            found.append("tier")
        if self.arm is not None:
            found.append("arm")
        if self.rfm is not None or self.stage is not None:
            found += ["joined", "last_order", "n_orders", "orders_before", "spent"]
        return tuple(found)

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
        """Relative path and message of each name that the scenario does not have, and of what nobody could be."""
        for path, chosen in (("segment", self.segment), ("tier", self.tier), ("stage", self.stage), ("arm", self.arm)):
            if chosen is not None and not chosen:
                yield path, f"an empty list means nobody; leave {path} out to mean everyone"
        if self.share == 0.0:
            yield "share", "0 means nobody; leave the action out, or leave share out to mean everyone"
        for name in self.segment or ():
            if name not in market.segments:
                known = ", ".join(market.segments) or "none"
                yield "segment", f"no segment {name!r} in market.segments (there: {known})"
        known = [one for one in self.segment or () if one in market.segments]
        if known and len(known) == len(self.segment or ()) and not any(market.segments[one].share for one in known):
            yield "segment", f"market.segments gives {', '.join(known)} a share of 0: nobody would be left"
        tiers = names.get("tier", ())
        for name in self.tier or ():
            if name not in tiers:
                known = f"there: {', '.join(tiers)}" if tiers else "no program of type tiers is there"
                yield "tier", f"no tier {name!r} in the scenario ({known})"
        for name in self.arm or ():
            if name not in market.arms:
                known = f"there: {', '.join(market.arms)}" if market.arms else "market.arms is empty"
                yield "arm", f"no arm {name!r} in the scenario ({known})"
        if self.rfm is not None:
            for path, message in self.rfm.problems():
                yield f"rfm.{path}".rstrip("."), message
            growing = market.lifecycle.growth_weeks <= market.rfm.recency_weeks and set(self.stage or ()) == {"growth"}
            if growing and self.rfm.sides["recency"] == "far":
                yield "stage", (
                    f"growth ends {market.lifecycle.growth_weeks:g} weeks after the first order (market.lifecycle), when recency is still "
                    f"near (market.rfm: {market.rfm.recency_weeks:g} weeks): nobody would be left"
                )

    def mask(self, world: Any, name: str) -> np.ndarray:
        """1 where a person belongs now, uint8 of shape (people,); never for people of the hold-out."""
        customers, market = world.customers, world.market
        mask = np.ones(world.people, np.uint8)
        if self.tier is not None:
            ranks = np.zeros(256, np.uint8)
            ranks[[world.names["tier"].index(one) + 1 for one in self.tier]] = 1
            world.each(keep_codes, mask, customers.tier, ranks)
        if self.arm is not None:
            codes = np.zeros(256, np.uint8)
            codes[[list(market.arms).index(one) + 1 for one in self.arm]] = 1
            world.each(keep_codes, mask, customers.arm, codes)
        if self.rfm is not None or self.stage is not None:
            sides = self.rfm.sides if self.rfm is not None else {}
            least = market.rfm.order_value
            world.each(
                keep_observed,
                mask,
                customers.joined,
                customers.last_order,
                customers.n_orders,
                customers.orders_before,
                customers.spent,
                np.array([self.stage is None or one in self.stage for one in STAGES], np.uint8),
                *(_SIDES[sides.get(one)] for one in ("recency", "frequency", "monetary")),
                f32(world.calendar.now),
                f32(market.rfm.recency_weeks),
                f32(market.rfm.orders_per_year / WEEKS_PER_YEAR),
                f32(market.rfm.least_weeks),
                f64((world.population.mean_basket if least is None else least) * MONEY),
                f32(market.lifecycle.growth_weeks),
                f32(market.lifecycle.decline_gaps),
                f32(1.0 / max(world.population.mean_rate, 1e-9)),
            )
        chosen = np.ones(len(world.segments), np.uint8)
        if self.segment is not None:
            chosen[:] = [one in self.segment for one in world.segments]
        world.each(
            pick_audience,
            mask,
            customers.segment,
            chosen,
            f32(self.share),
            np.uint64(word(name)),
            f32(market.hold_out),
            world.key(MEMBER),
            world.key(HOLD_OUT),
        )
        return mask


def assign_arms(world: Any) -> None:
    """Give everyone an arm by the shares of `market.arms`; without arms nobody has one."""
    arms = world.market.arms
    if arms:
        ends = np.cumsum(list(arms.values())).astype(np.float32)
        world.each(draw_arms, world.customers.arm, ends, world.key(ARM))


@kernel
def keep_codes(mask, codes, wanted, start, stop):
    """Leave those with one of the wanted codes, of a tier or of an arm."""
    for i in range(start, stop):
        mask[i] &= wanted[codes[i]]


@kernel
def draw_arms(arm, ends, key, start, stop):
    """The arm of each person: the first whose shares, added up, exceed a uniform."""
    for i in range(start, stop):
        luck = uniform(key, i, 0, 0)
        code = 0
        while code < ends.size - 1 and luck >= ends[code]:
            code += 1
        arm[i] = u8(code + 1)


@kernel
def keep_observed(
    mask,
    joined,
    last_order,
    n_orders,
    orders_before,
    spent,
    stages,
    recency,
    frequency,
    monetary,
    now,
    near,
    often,
    least_weeks,
    large,
    growing,
    declining,
    mean_gap,
    start,
    stop,
):
    """Leave the customers whose recency, frequency, monetary value and stage are those wanted; a loop without branches."""
    in_growth, in_maturity, in_decline = stages[0] != 0, stages[1] != 0, stages[2] != 0
    for i in range(start, stop):
        # Who has not ordered yet has joined in the distant past, or will in the future.
        fits = (mask[i] != 0) & (last_order[i] >= f32(-1.0e8)) & (joined[i] <= now)
        silent, tenure = now - last_order[i], now - joined[i]
        orders = max(f32(n_orders[i]) + f32(orders_before[i]), f32(1.0))
        is_near = silent <= near
        is_often = orders >= often * max(tenure, least_weeks)
        is_large = (n_orders[i] > 0) & (f64(spent[i]) >= large * f64(n_orders[i]))
        declines = silent * orders > declining * (last_order[i] - joined[i] + mean_gap)
        grows = tenure < growing
        fits &= (declines & in_decline) | (~declines & ((grows & in_growth) | (~grows & in_maturity)))
        fits &= (recency == ANY) | (is_near == (recency == MORE))
        fits &= (frequency == ANY) | (is_often == (frequency == MORE))
        fits &= (monetary == ANY) | (is_large == (monetary == MORE))
        mask[i] = u8(1) if fits else u8(0)


@kernel
def pick_audience(mask, segment, chosen, share, name, hold_out, key, hold_out_key, start, stop):
    """Leave the chosen segments' members whose keyed draw falls within the share and who are not held out."""
    for i in range(start, stop):
        belongs = mask[i] != 0 and chosen[segment[i]] != 0
        if belongs and share < f32(1.0):
            belongs = uniform(key, i, 0, name) < share
        if belongs and hold_out > f32(0.0):
            belongs = uniform(hold_out_key, i, 0, 0) >= hold_out
        mask[i] = u8(1) if belongs else u8(0)
