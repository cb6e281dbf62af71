"""Tiers: customers rise by what they buy and do within a window, are reviewed, and may fall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..core.component import Program
from ..core.declare import Fact, Fields, Parameters, Total, field, flow, group, param, stock, stream, word
from ..core.draws import uniform
from ..core.kernel import kernel
from ..core.links import Link, link, mean_lag
from ..core.units import charge, decay, mean_decay, money
from ..world.audience import Audience
from ..world.birthdays import BIRTHDAY, WEEK, YEAR, celebrates, since
from ..world.customers import ACTIVE
from ..world.market import Market
from ..world.workers import marked
from ..world.world import World

f32, i32, i64, u8, u16, u32 = np.float32, np.int32, np.int64, np.uint8, np.uint16, np.uint32
_ZERO, _ONE = f32(0.0), f32(1.0)

MOST_TIERS = 8
PARTS = 4
CRITERIA = ("spend", "orders", "interactions")
_RING = {name: tuple(f"{name}_{at}" for at in range(1, PARTS + 1)) for name in CRITERIA}
_MEMBERS = tuple(f"members_in_tier_{rank}" for rank in range(1, MOST_TIERS + 1))

NEVER, ONE_STEP, TO_EARNED = 0, 1, 2
_DOWNGRADES = {"never": NEVER, "one_step": ONE_STEP, "to_earned": TO_EARNED}


class Gift(Parameters):
    """Something a tier gives every year, on days of the person's own."""

    unit_cost: float = param(unit="money", low=0.0, high=1e9, role="cost", doc="What it costs the firm.", source="plan")
    per_year: float = param(1.0, unit="1/year", low=0.1, high=52.0, doc="Times a year.", source="plan")
    care: float = param(
        0.05,
        unit="share",
        low=0.0,
        high=0.3,
        role="effect",
        neutral=0.0,
        doc="Part of the way to full attachment that the gift moves its receiver.",
        plausible=(0.0, 0.15),
        source="assumed",
    )


class Birthday(Parameters):
    """What a tier gives for a birthday."""

    multiplier: float = param(
        1.0,
        unit="1",
        low=0.0,
        high=100.0,
        role="effect",
        neutral=1.0,
        doc="Factor on points earned in the birthday window.",
        source="plan; practice: double points",
    )
    weeks: int = param(1, unit="weeks", low=1, high=52, doc="Length of the window, which begins in the birthday's week.", source="plan")
    unit_cost: float = param(0.0, unit="money", low=0.0, high=1e9, role="cost", doc="What gift or card costs the firm.", source="plan")
    care: float = param(
        0.05,
        unit="share",
        low=0.0,
        high=0.3,
        role="effect",
        neutral=0.0,
        doc="Part of the way to full attachment that being thought of moves the person.",
        plausible=(0.0, 0.15),
        source="assumed",
    )


class Tier(Parameters):
    """One tier: what it asks within the window, and all that it gives; nothing is inherited from the tiers below."""

    spend: float = param(0.0, unit="money", low=0.0, high=1e9, doc="Spending asked; 0 asks none.", source="plan")
    orders: int = param(0, unit="orders", low=0, high=10_000, doc="Orders asked; 0 asks none.", source="plan")
    interactions: int = param(0, unit="interactions", low=0, high=60_000, doc="Interactions asked; 0 asks none.", source="plan")
    points_multiplier: float = param(
        1.0,
        unit="1",
        low=0.0,
        high=100.0,
        role="effect",
        neutral=1.0,
        doc="Factor on points earned in a step that begins with the tier held.",
        source="plan",
    )
    interaction_points: float = param(
        0.0,
        unit="points",
        low=0.0,
        high=10_000.0,
        role="effect",
        neutral=0.0,
        doc="Points for one interaction; at 0 the points program's own number holds.",
        source="plan; practice: 1, 2, 3, 5 from ordinary to diamond",
    )
    priority: int = param(
        0, unit="1", low=0, high=250, role="effect", neutral=0.0, doc="Priority at the service desk; the highest is served first.",
        source="plan",
    )  # fmt: skip
    display: bool = param(False, unit="", doc="Whether the tier shows: frame, badge or mark.", source="plan")
    gifts: dict[str, Gift] = group("Gifts by name.", dict)
    birthday: Birthday | None = group("What the tier gives for a birthday, if anything.", lambda: None)


class Demotion(Parameters):
    """The sting of losing a tier."""

    care: float = param(
        0.10,
        unit="share",
        low=0.0,
        high=0.5,
        role="effect",
        neutral=0.0,
        doc="Part of their attachment that the demoted lose.",
        plausible=(0.0, 0.25),
        source="assumed; direction Wagner, Hennig-Thurau & Rudolph 2009, Journal of Marketing 73(3)",
    )
    attrition: float = param(
        0.2,
        unit="log",
        low=0.0,
        high=2.0,
        role="effect",
        neutral=0.0,
        doc="Log-term on the attrition hazard of the demoted, just after.",
        plausible=(0.0, 0.5),
        source="assumed; direction Wagner, Hennig-Thurau & Rudolph 2009, Journal of Marketing 73(3)",
    )
    half_life_weeks: float = param(
        26.0,
        unit="weeks",
        low=1.0,
        high=520.0,
        doc="Weeks until half of that term is gone.",
        plausible=(8.0, 52.0),
        source="assumed",
    )


class Status(Parameters):
    """What a tier that shows does."""

    care: float = param(
        0.001,
        unit="share/week",
        low=0.0,
        high=0.02,
        role="effect",
        neutral=0.0,
        doc="Part of the way to full attachment that a week of a displayed tier moves its holder, times the share of members below.",
        plausible=(0.0, 0.003),
        source="assumed; status grows with the tiers below, Dreze & Nunes 2009, Journal of Consumer Research 35(6)",
    )
    visibility: float = param(
        1.0,
        unit="1",
        low=1.0,
        high=3.0,
        role="effect",
        neutral=1.0,
        doc="Factor of a displayed tier on telling others of an order.",
        plausible=(1.0, 1.5),
        source="assumed; no size is known, so that it is off unless set",
    )


def _ring(name: str, at: int) -> Any:
    """One part of the window, of which there are `PARTS`; the arrays are there only for what some tier asks."""
    dtype, unit = (u32, "units of money") if name == "spend" else (u16, name)
    return field(dtype, default=0, unit=unit, low=0, optional=True, doc=f"Counted {name} in part {at} of the window.")


class Tiers(Program):
    """Tiers by spending, orders or interactions within a window, with reviews, benefits and the sting of demotion.

        demotion:  attachment x (1 - care);  term on log_attrition = + attrition 2^(-weeks since / half-life)
        status:    attachment moves to full by care x share of members below, a week

    A customer enters with the first order from the launch on, into the lowest tier if that asks nothing. The window is kept in
    four parts: the running one and the three before it, so it reaches back between 3/4 of its length and all of it, and exactly
    all of it as a part closes, which is when reviews are held. An order sent back no longer counts as spending in the part that
    its value was counted in, if it was counted at all and that part is still kept.
    Moves follow from closing values and hold from the next step on.
    At a review whoever has earned more rises, and whoever has earned less for more reviews in a row than the grace falls.
    A gift f times a year comes on days of the person's own, for as long as the books know a holder: the firm cannot
    tell who has silently left.
    Source: program structure Dreze & Nunes (2009), Journal of Consumer Research 35(6); demotion Wagner, Hennig-Thurau & Rudolph
    (2009), Journal of Marketing 73(3); sizes assumed.
    """

    facts = (
        Fact(
            "Losing a tier makes customers leave who would have stayed.",
            "Wagner, Hennig-Thurau & Rudolph (2009), Journal of Marketing 73(3), direction; size assumed",
            "wiring",
            "tests/sim/programs/test_tiers.py::test_demotion_drives_people_out_and_takes_their_attachment",
        ),
    )
    unpublished = "The sizes of demotion, status and gifts have no published number that this project knows: they are assumed."

    type = "tiers"
    reads = ("status", "segment", "interactions")
    writes = ("tier", "points_factor", "interaction_points", "priority", "care", "talkativeness")
    totals = (
        flow("tier_entries", unit="people", doc="Customers who entered the tiers."),
        flow("tier_upgrades", unit="moves", doc="Moves to a higher tier."),
        flow("tier_downgrades", unit="moves", doc="Moves to a lower tier."),
        flow("tier_gifts", unit="gifts", doc="Gifts of tiers, those for birthdays included."),
        *(stock(name, unit="people", doc=f"Truly active holders of tier {rank}, 1 the lowest.")
          for rank, name in enumerate(_MEMBERS, 1)),
    )  # fmt: skip

    JOIN = stream("tiers.join", per="person", doc="Whether a customer would take part at all.")
    GIFT = stream("tiers.gift", per="person", doc="On which days of the year gifts come.")

    class State(Fields):
        open: Any = field(u8, default=0, unit="", low=0, high=1, doc="Whether the person would enter with an order.")
        member: Any = field(u8, default=0, unit="", low=0, high=1, doc="Whether the person has entered.")
        below: Any = field(u8, default=0, unit="reviews", doc="Reviews in a row at which less was earned than is held.")
        sting: Any = field(f32, default=0.0, unit="log", low=0, optional=True, doc="Term of demotion on attrition that is left.")
        spend_1, spend_2, spend_3, spend_4 = (_ring("spend", at) for at in range(1, PARTS + 1))
        orders_1, orders_2, orders_3, orders_4 = (_ring("orders", at) for at in range(1, PARTS + 1))
        interactions_1, interactions_2, interactions_3, interactions_4 = (_ring("interactions", at) for at in range(1, PARTS + 1))

    class Params(Parameters):
        type: Literal["tiers"] = param("tiers", unit="", doc="Kind of program.", source="name")
        audience: Audience = group("To whom the tiers are open.", Audience)
        joins: float = param(
            1.0, unit="share", low=0.0, high=1.0, doc="Part of the audience who take part; all where no choice is asked.", source="plan"
        )
        start_week: int = param(1, unit="week", low=1, high=2000, doc="Week of the launch.", source="plan")
        tiers: dict[str, Tier] = group("Tiers by name, the lowest first.")
        criteria: Literal["all", "any"] = param(
            "all", unit="", doc="all: a tier asks for every criterion it gives; any: for one of them.", source="plan"
        )
        window_weeks: int = param(52, unit="weeks", low=4, high=520, doc="Weeks within which criteria count.", source="practice: a year")
        review_weeks: int = param(13, unit="weeks", low=1, high=520, doc="Weeks from review to review.", source="practice: a quarter")
        upgrade: Literal["at_once", "at_review"] = param(
            "at_once", unit="", doc="at_once: a tier is held from the step after it was earned; at_review: from the next review.",
            source="plan",
        )  # fmt: skip
        downgrade: Literal["never", "one_step", "to_earned"] = param(
            "to_earned", unit="", source="plan",
            doc="Fall of those who are reviewed below their tier. never: none; one_step: by one tier; to_earned: to what they earned.",
        )  # fmt: skip
        grace_reviews: int = param(0, unit="reviews", low=0, high=100, doc="Reviews in a row below that are forgiven.", source="plan")
        demotion: Demotion = group("The sting of losing a tier.", Demotion)
        status: Status = group("What showing a tier does.", Status)
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost at launch.", source="plan")
        weekly_cost: float = param(0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Platform and staff a week.", source="plan")

    def __init__(self, params: Any = None, name: str | None = None) -> None:
        super().__init__(params, name)
        # Shared arrays that nothing here fills need not be there.
        reads = [one for one in self.reads if one != "interactions" or one in self._asked]
        vars(self).update(reads=tuple(reads), writes=tuple(self._written()), totals=tuple(self._counted()))

    def _written(self) -> Iterable[str]:
        tiers, status = self._tiers, self.params.status
        shown = any(one.display for one in tiers)
        birthdays = [one.birthday for one in tiers if one.birthday is not None]
        yield "tier"
        if any(one.points_multiplier != 1.0 for one in tiers) or any(one.multiplier != 1.0 for one in birthdays):
            yield "points_factor"
        if any(one.interaction_points for one in tiers):
            yield "interaction_points"
        if any(one.priority for one in tiers):
            yield "priority"
        gifts = [gift for one in tiers for gift in one.gifts.values()]
        if self.params.demotion.care or any(one.care for one in (*gifts, *birthdays)) or (shown and status.care):
            yield "care"
        if shown and status.visibility != 1.0:
            yield "talkativeness"

    def _counted(self) -> Iterable[Total]:
        unused = max(MOST_TIERS - len(self.params.tiers), 0)
        return type(self).totals[: len(type(self).totals) - unused]

    @cached_property
    def _tiers(self) -> list[Tier]:
        return list(self.params.tiers.values())

    @property
    def links(self) -> tuple[Link, ...]:
        params, tiers = self.params, self.params.tiers.values()
        waits = params.review_weeks / 2.0 if params.upgrade == "at_review" else 0.0
        found = [
            link("tier", "points_factor", +1, "tiers.*.points_multiplier"),
            link("tier", "points_factor", +1, "tiers.*.birthday.multiplier"),
            link("tier", "interaction_points", +1, "tiers.*.interaction_points"),
            link("tier", "priority", +1, "tiers.*.priority"),
            link("tier", "care", +1, "tiers.*.gifts.*.care"),
            link("tier", "care", +1, "tiers.*.birthday.care"),
        ]
        for source, criterion in (("orders", "orders"), ("orders", "spend"), ("order_value", "spend"), ("interactions", "interactions")):
            if any(getattr(one, criterion) for one in tiers):
                found.append(link(source, "tier", +1, delay=waits))
        if any(one.spend for one in tiers):
            found.append(link("refunds", "tier", -1, delay=waits))
        if any(one.display for one in tiers):
            found.append(link("tier", "care", +1, "status.care"))
            found.append(link("tier", "talkativeness", +1, "status.visibility"))
        if params.downgrade != "never":
            reviews = params.review_weeks / 2.0
            found.append(link("tier", "care", +1, "demotion.care", delay=reviews))
            found.append(link("tier", "attrition", -1, "demotion.attrition", delay=reviews + mean_lag(params.demotion.half_life_weeks)))
        return tuple(dict.fromkeys(found))

    @property
    def first_week(self) -> int:
        return self.params.start_week

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        return {"tier": tuple(self.params.tiers), "tiers program": (self.name,)}

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        params = self.params
        for path, message in params.audience.problems(market, names):
            yield f"audience.{path}", message
        if params.audience.changes:
            yield "audience", "who enters the tiers is picked once, by segment or share: people leave cells and stages as they go on"
        programs = names.get("tiers program", ())
        if len(programs) > 1:
            yield "", f"a person holds one tier, so a scenario has one program of type tiers (there: {', '.join(programs)})"
        if not 1 <= len(params.tiers) <= MOST_TIERS:
            yield "tiers", f"needs 1 to {MOST_TIERS} tiers, not {len(params.tiers)}"
        below = None
        for name, tier in params.tiers.items():
            fault = None if below is None else _not_above(params.tiers[below], tier)
            if fault:
                yield f"tiers.{name}", f"must ask more than {below!r} before it, the lowest first: {fault}"
            below = name
        if params.window_weeks % PARTS:
            near = max(params.window_weeks // PARTS * PARTS, PARTS)
            yield "window_weeks", f"{params.window_weeks} is no multiple of the {PARTS} parts that are kept. Nearest right value: {near}"
        elif params.review_weeks > params.window_weeks:
            lengths = f"{params.review_weeks} is longer than window_weeks ({params.window_weeks})"
            yield "review_weeks", f"{lengths}: what was bought in between would never count"
        elif params.review_weeks % (params.window_weeks // PARTS):
            part = params.window_weeks // PARTS
            choices = ", ".join(str(part * n) for n in range(1, PARTS))
            yield "review_weeks", f"{params.review_weeks} is no whole number of quarters of window_weeks: {choices} or {PARTS * part} are"

    @cached_property
    def _asked(self) -> list[str]:
        """Criteria that some tier gives."""
        return [name for name in CRITERIA if any(getattr(one, name) for one in self._tiers)]

    @cached_property
    def _unit(self) -> int:
        """Integer money in one unit of counted spending: 1, and more only where the highest tier asks over 200,000."""
        unit = 1
        while money(max(one.spend for one in self._tiers)) // unit >= 2**31:
            unit *= 10
        return unit

    @cached_property
    def _thresholds(self) -> dict[str, np.ndarray]:
        """What each tier asks, by criterion; of `any`, 0 asks for nothing it could be earned by."""
        tiers, unit, found = self._tiers, self._unit, {}
        for name in self._asked:
            asks = [(money(one.spend) + unit // 2) // unit if name == "spend" else getattr(one, name) for one in tiers]
            if self.params.criteria == "any":
                free = [all(getattr(one, each) == 0 for each in CRITERIA) for one in tiers]
                asks = [2**62 if ask == 0 and not none else ask for ask, none in zip(asks, free, strict=True)]
            found[name] = np.array(asks, np.int64)
        return found

    @cached_property
    def _floor(self) -> int:
        """The tier that entering gives."""
        return int(all(getattr(self._tiers[0], each) == 0 for each in CRITERIA))

    def _parts(self, world: World, name: str) -> list[np.ndarray]:
        """The parts of the window, the running one first, then from the oldest on."""
        own, quarter = world.own(self), self.params.window_weeks // PARTS
        running = (world.calendar.week - self.params.start_week) // quarter % PARTS
        ring = [getattr(own, part) for part in _RING[name]]
        return ring[running:] + ring[:running]

    @cached_property
    def _tables(self) -> dict[str, np.ndarray]:
        """What each tier does to the shared fields, by field."""
        tiers, seen = self._tiers, self.params.status.visibility
        return {
            "points_factor": self._by_tier((one.points_multiplier for one in tiers), 1.0),
            "interaction_points": self._by_tier(one.interaction_points for one in tiers),
            "talkativeness": self._by_tier((seen if one.display else 1.0 for one in tiers), 1.0),
        }

    def _by_tier(self, values: Iterable[float], nobody: float = 0.0) -> np.ndarray:
        return np.array([nobody, *values], np.float32)

    def arrive(self, world: World) -> None:
        params, calendar = self.params, world.calendar
        if calendar.week < params.start_week:
            return
        if calendar.opens_week:
            if calendar.week == params.start_week:
                self._launch(world)
            world.ledger.post("program_fixed_cost", money(params.weekly_cost))
        customers, tables = world.customers, self._tables
        if any(one.points_multiplier != 1.0 for one in self._tiers):
            world.each(multiply, customers.points_factor, customers.tier, tables["points_factor"])
        if "interaction_points" in self.writes:
            world.each(raise_to, customers.interaction_points, customers.tier, tables["interaction_points"])
        if "talkativeness" in self.writes:
            world.each(multiply, customers.talkativeness, customers.tier, tables["talkativeness"])
        self._celebrate(world)
        if calendar.opens_week:
            self._give(world)
            self._honor(world)

    def _launch(self, world: World) -> None:
        params, own = self.params, world.own(self)
        own.open[:] = params.audience.mask(world, self.name)
        if params.joins < 1.0:
            world.each(ask_to_join, own.open, world.key(self.JOIN), np.uint64(word(self.name)), f32(params.joins))
        own.provide(f"{name}_{at}" for name in self._asked for at in range(1, PARTS + 1))
        world.ledger.post("program_fixed_cost", money(params.setup_cost))

    def _celebrate(self, world: World) -> None:
        """Birthdays: points in the window; gift and care as its first week opens."""
        customers, week = world.customers, world.calendar.week
        given = [one.birthday for one in self._tiers]
        if not any(given):
            return
        factors = self._by_tier((one.multiplier if one else 1.0 for one in given), 1.0)
        if (factors != 1.0).any():
            weeks = np.array([0, *(one.weeks if one else 0 for one in given)], np.int64)
            world.each(multiply_on_birthdays, customers.points_factor, customers.tier, world.key(BIRTHDAY), week, factors, weeks)
        if not world.calendar.opens_week:
            return
        for rank, one in enumerate(given, 1):
            if one is not None and (one.unit_cost or one.care):
                self._hand_out(world, rank, world.key(BIRTHDAY), 0, YEAR, one)

    def _give(self, world: World) -> None:
        """The gifts of the year."""
        for rank, tier in enumerate(self._tiers, 1):
            for name, gift in tier.gifts.items():
                period = max(round(YEAR / gift.per_year), WEEK)
                self._hand_out(world, rank, world.key(self.GIFT), word(f"{self.name}.{rank}.{name}"), period, gift)

    def _hand_out(self, world: World, rank: int, key: Any, occasion: int, period: int, gift: Gift | Birthday) -> None:
        customers = world.customers
        given = world.tally(
            hand_out,
            1,
            customers.care,
            customers.tier,
            customers.status,
            customers.segment,
            key,
            np.uint64(occasion),
            u8(rank),
            i64(world.calendar.week),
            i64(period),
            f32(gift.care),
        )[:, 0]
        world.totals.add("tier_gifts", given)
        world.ledger.post("reward_cost", charge(given, gift.unit_cost))

    def _honor(self, world: World) -> None:
        """Care of showing a tier, by the share of last week's members who stand below it."""
        params, totals, tiers = self.params, world.totals, self._tiers
        if params.status.care == 0.0 or totals.weeks == 0 or not any(one.display for one in tiers):
            return
        last = totals.data[totals.weeks - 1]
        holders = [int(last[totals.place[name]].sum()) for name in _MEMBERS[: len(tiers)]]
        everyone = max(sum(holders), 1)
        care = [params.status.care * sum(holders[:at]) / everyone if one.display else 0.0 for at, one in enumerate(tiers)]
        world.each(honor, world.customers.care, world.customers.tier, world.customers.status, self._by_tier(care))

    def weigh(self, world: World) -> None:
        sting = world.own(self).sting
        if not sting.size:
            return
        kept, dt = decay(self.params.demotion.half_life_weeks, 1.0), world.calendar.dt
        world.each(ache, world.rates.log_attrition, sting, f32(mean_decay(kept, dt)), f32(kept**dt))

    def settle(self, world: World) -> None:
        params, calendar = self.params, world.calendar
        if calendar.week < params.start_week:
            return
        self._count(world)
        if params.upgrade == "at_once":
            self._promote(world)
        passed = calendar.week - params.start_week + 1
        if (calendar.step + 1) % calendar.steps_per_week:
            return
        if passed % params.review_weeks == 0:
            self._review(world)
        if passed % (params.window_weeks // PARTS) == 0:
            for name in self._asked:
                oldest = self._parts(world, name)[1]
                oldest.fill(0)

    def _count(self, world: World) -> None:
        """Let this step's customers in, and count what they did in the running part of the window."""
        own, customers, events = world.own(self), world.customers, world.events
        if len(events):
            entered = np.empty(len(events), np.int32)
            n = world.over(enter, len(events), entered, own.member, customers.tier, own.open, events.person, u8(self._floor))
            world.totals.add("tier_entries", world.by_segment(entered[:n]))
            self._serve(world, entered[:n])
        for name in self._asked:
            part = self._parts(world, name)[0]
            if name == "interactions":
                if customers.interactions.size:
                    world.each(count_interactions, part, own.member, customers.interactions)
            elif name == "spend":
                counted = events.receipts[self.address] = np.zeros(len(events), np.int64)
                world.over(
                    count_spend, len(events), part, counted, own.member, events.person, events.value, i64(self._unit), i64(2**32 - 1)
                )
                self._take_off(world)
            else:
                world.over(count_orders, len(events), part, own.member, events.person, i64(2**16 - 1))

    def _take_off(self, world: World) -> None:
        """Orders sent back count no longer."""
        refunds, params = world.refunds, self.params
        counted = refunds.receipt(self.address)
        if not counted.any():
            return
        quarter = params.window_weeks // PARTS
        parts_ago = (world.calendar.week - params.start_week) // quarter - (refunds.week - params.start_week) // quarter
        running, *earlier = self._parts(world, "spend")
        world.over(take_off, len(refunds), running, *reversed(earlier), refunds.person, counted, parts_ago)

    def _earned(self, world: World, people: np.ndarray) -> np.ndarray:
        """The tier that each of `people` has earned within the window, as it stands."""
        every = self.params.criteria == "all"
        asked = self._asked
        earned = np.full(len(people), len(self._tiers) if every and asked else self._floor, np.uint8)
        for name in asked:
            world.over(judge, len(people), earned, people, *self._parts(world, name), self._thresholds[name], every)
        return earned

    def _promote(self, world: World) -> None:
        customers, asked = world.customers, self._asked
        people = world.events.person
        if "interactions" in asked and customers.interactions.size:
            people = np.concatenate([people, np.flatnonzero(customers.interactions).astype(np.int32)])
        people = people[world.own(self).member[people] != 0]
        if not asked or not len(people):
            return
        raised = np.empty(len(people), np.int32)
        n = world.over(promote, len(people), raised, customers.tier, people, self._earned(world, people))
        self._book(world, raised[:n], raised[:0])

    def _review(self, world: World) -> None:
        params, own, customers = self.params, world.own(self), world.customers
        people = marked(own.member)
        raised, lowered = np.empty(len(people), np.int32), np.empty(len(people), np.int32)
        counts = np.zeros(2, np.int64)
        world.over(
            review,
            len(people),
            counts,
            raised,
            lowered,
            customers.tier,
            own.below,
            people,
            self._earned(world, people),
            _DOWNGRADES[params.downgrade],
            params.grace_reviews,
        )
        self._book(world, raised[: counts[0]], lowered[: counts[1]])

    def _book(self, world: World, raised: np.ndarray, lowered: np.ndarray) -> None:
        """What moves bring with them."""
        customers, demotion, own = world.customers, self.params.demotion, world.own(self)
        if len(raised):
            world.totals.add("tier_upgrades", world.by_segment(raised))
            self._serve(world, raised)
        if not len(lowered):
            return
        world.totals.add("tier_downgrades", world.by_segment(lowered))
        self._serve(world, lowered)
        if demotion.care > 0.0:
            world.over(hurt, len(lowered), customers.care, customers.status, lowered, f32(demotion.care))
        if demotion.attrition > 0.0:
            own.provide({"sting"})
            world.over(add_sting, len(lowered), own.sting, lowered, f32(demotion.attrition))

    def _serve(self, world: World, people: np.ndarray) -> None:
        """Priority at the service desk of those who have moved."""
        if "priority" in self.writes and len(people):
            ranks = np.array([0, *(one.priority for one in self._tiers)], np.uint8)
            world.over(set_priority, len(people), world.customers.priority, world.customers.tier, people, ranks)

    def record(self, world: World) -> None:
        tiers, customers = len(self._tiers), world.customers
        counts = world.tally(count_holders, tiers + 1, customers.tier, customers.status, customers.segment)
        world.totals.set_each(_MEMBERS[:tiers], counts[:, 1:])


def _not_above(below: Tier, tier: Tier) -> str | None:
    """Why a tier does not ask more than the one below it, or None if it does."""
    for name in CRITERIA:
        asks, asked = getattr(tier, name), getattr(below, name)
        if asks < asked:
            return f"{name} {asks:g} is below {asked:g}"
    if all(getattr(tier, name) == getattr(below, name) for name in CRITERIA):
        return "both ask the same"
    return None


@kernel
def ask_to_join(open, key, name, share, start, stop):
    """Close the program to those who would not take part."""
    for i in range(start, stop):
        if open[i] != 0 and uniform(key, i, 0, name) >= share:
            open[i] = u8(0)


@kernel
def multiply(factor, tier, values, start, stop):
    """Multiply a shared factor by that of the tier held."""
    for i in range(start, stop):
        factor[i] *= values[tier[i]]


@kernel
def raise_to(points, tier, values, start, stop):
    """At least what the tier held gives."""
    for i in range(start, stop):
        points[i] = max(points[i], values[tier[i]])


@kernel
def multiply_on_birthdays(factor, tier, key, week, values, weeks, start, stop):
    """Multiply points by the tier's factor in the window that begins in the birthday's week."""
    for i in range(start, stop):
        held = tier[i]
        if values[held] != _ONE and celebrates(key, i, week, weeks[held]):
            factor[i] *= values[held]


@kernel
def hand_out(counts, care, tier, status, segment, key, occasion, rank, week, period, gain, start, stop):
    """Give to the holders of one tier whose own day falls in this week; count gifts by segment."""
    for i in range(start, stop):
        if tier[i] == rank and since(uniform(key, i, occasion, 0), period, week) < i64(28):
            counts[segment[i], 0] += 1
            if gain > _ZERO and status[i] == ACTIVE:
                care[i] += gain


@kernel
def honor(care, tier, status, values, start, stop):
    """Care of being seen with the tier held."""
    for i in range(start, stop):
        care[i] += values[tier[i]] * f32(status[i] == ACTIVE)


@kernel
def ache(log_attrition, sting, on_average, keep, start, stop):
    """Term of demotion on the attrition hazard, and its decay over the step."""
    for i in range(start, stop):
        log_attrition[i] += sting[i] * on_average
        left = sting[i] * keep
        sting[i] = left if left > f32(1.0e-4) else _ZERO


@kernel
def enter(entered, member, tier, open, person, floor, start, stop):
    """Who enters with an order, into the tier that asks nothing; returns how many."""
    n = 0
    for e in range(start, stop):
        i = person[e]
        if open[i] != 0 and member[i] == 0:
            member[i] = u8(1)
            tier[i] = floor
            entered[n] = i
            n += 1
    return n


@kernel
def count_orders(part, member, person, most, start, stop):
    """Count members' orders in the running part; a part that is full stays so, at no less than any tier asks."""
    for e in range(start, stop):
        i = person[e]
        if member[i] != 0:
            part[i] = min(i64(part[i]) + 1, most)


@kernel
def count_spend(part, counted, member, person, value, unit, most, start, stop):
    """Count members' spending likewise; `counted` is what each order adds."""
    for e in range(start, stop):
        i = person[e]
        if member[i] != 0:
            counted[e] = min((value[e] + unit // i64(2)) // unit, most - i64(part[i]))
            part[i] += counted[e]


@kernel
def take_off(first, second, third, fourth, person, counted, parts_ago, start, stop):
    """Take what orders sent back had added off the part they were counted in: the running one, or so many before it."""
    for k in range(start, stop):
        i = person[k]
        if parts_ago[k] == 0:
            first[i] -= min(first[i], counted[k])
        elif parts_ago[k] == 1:
            second[i] -= min(second[i], counted[k])
        elif parts_ago[k] == 2:
            third[i] -= min(third[i], counted[k])
        elif parts_ago[k] == 3:
            fourth[i] -= min(fourth[i], counted[k])


@kernel
def count_interactions(part, member, interactions, start, stop):
    """Count members' interactions in the running part."""
    for i in range(start, stop):
        if member[i] != 0 and interactions[i] != 0:
            part[i] = min(i64(part[i]) + i64(interactions[i]), i64(65535))


@kernel
def judge(earned, people, first, second, third, fourth, thresholds, every, start, stop):
    """Highest tier whose threshold the sum over the window reaches: of all criteria the least, or of any the most."""
    for k in range(start, stop):
        i = people[k]
        counted = i64(first[i]) + i64(second[i]) + i64(third[i]) + i64(fourth[i])
        rank = 0
        for t in range(thresholds.size):
            if counted >= thresholds[t]:
                rank = t + 1
        earned[k] = u8(min(i64(earned[k]), rank) if every else max(i64(earned[k]), rank))


@kernel
def promote(raised, tier, people, earned, start, stop):
    """Raise who has earned more; a person who stands twice in `people` rises once. Returns how many."""
    n = 0
    for k in range(start, stop):
        i = people[k]
        if earned[k] > tier[i]:
            tier[i] = earned[k]
            raised[n] = i
            n += 1
    return n


@kernel
def review(counts, raised, lowered, tier, below, people, earned, downgrade, grace, start, stop):
    """Raise who has earned more, lower who has earned less for more reviews in a row than are forgiven."""
    for k in range(start, stop):
        i = people[k]
        if earned[k] >= tier[i]:
            below[i] = u8(0)
            if earned[k] > tier[i]:
                tier[i] = earned[k]
                raised[counts[0]] = i
                counts[0] += 1
        elif downgrade != NEVER:
            below[i] = u8(min(i64(below[i]) + 1, 255))
            if i64(below[i]) > grace:
                tier[i] = earned[k] if downgrade == TO_EARNED else u8(tier[i] - u8(1))
                below[i] = u8(0)
                lowered[counts[1]] = i
                counts[1] += 1


@kernel
def hurt(care, status, people, loss, start, stop):
    """Take attachment from those who lost a tier."""
    for k in range(start, stop):
        if status[people[k]] == ACTIVE:
            care[people[k]] -= loss


@kernel
def add_sting(sting, people, term, start, stop):
    """Add the term of a demotion to what is left of earlier ones."""
    for k in range(start, stop):
        sting[people[k]] += term


@kernel
def set_priority(priority, tier, people, ranks, start, stop):
    """Priority of the tier held."""
    for k in range(start, stop):
        priority[people[k]] = ranks[tier[people[k]]]


@kernel
def count_holders(counts, tier, status, segment, start, stop):
    """Active holders by segment and tier; who is neither counts as tier 0, since a branch would cost more than the count."""
    for i in range(start, stop):
        counts[segment[i], i64(tier[i]) * i64(status[i] == ACTIVE)] += 1
