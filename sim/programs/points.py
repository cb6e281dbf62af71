"""Points: members earn points on orders, redeem them for rewards, and lose what they do not use."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import field_validator, model_validator

from ..core.component import Program
from ..core.declare import Fact, Fields, Parameters, field, flow, group, param, stock, stream, word
from ..core.draws import exp32, log32, uniform, uniform_pair
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import MONEY, WEEKS_PER_YEAR, money, payable
from ..world.audience import Audience
from ..world.birthdays import BIRTHDAY, celebrates
from ..world.customers import ACTIVE, CHURNED
from ..world.events import Refunds
from ..world.goals import show_goal
from ..world.ledger import MOST_MONEY, PointsLiability, TooLarge, allocate
from ..world.market import Market
from ..world.quantities import PLAN
from ..world.workers import marked
from ..world.world import World

f32, f64, i32, i64, u8, u16 = np.float32, np.float64, np.int32, np.int64, np.uint8, np.uint16
_ZERO, _ONE = f32(0.0), f32(1.0)
_MOST = 2_000_000_000
_FAR = f32(1.0e9)


class Reward(Parameters):
    """One line of the redemption catalog."""

    points: int = param(unit="points", low=1, high=1_000_000_000, doc="Price in points.", source="plan")
    face_value: float = param(unit="money", low=0.0, high=1e9, doc="What it is worth to a member.", source="plan")
    unit_cost: float = param(unit="money", low=0.0, high=1e9, role="cost", doc="What it costs the firm.", source="plan")

    _payable = field_validator("face_value", "unit_cost")(payable)


class Window(Parameters):
    """Weeks in which points are multiplied."""

    start_week: int = param(unit="week", low=1, high=2000, doc="First week.", source="plan")
    weeks: int = param(1, unit="weeks", low=1, high=2000, doc="Length.", source="plan")
    multiplier: float = param(2.0, unit="1", low=0.0, high=100.0, doc="Factor on points earned.", source="practice: double points")


class Threshold(Parameters):
    """Points for every full step of spending."""

    step: float = param(
        100.0, unit="money", low=0.01, high=1e9, doc="Spending that earns once.", source="practice: 10 points per 100"
    )
    points: int = param(
        10, unit="points", low=0, high=1_000_000, doc="Points for each full step.", source="practice: 10 points per 100"
    )
    mode: Literal["per_order", "accumulated"] = param(
        "per_order", unit="", doc="per_order: remainders of an order are lost; accumulated: they carry over.", source="plan"
    )


class Delayed(Parameters):
    """Extra points on large orders, credited later."""

    min_order: float = param(500.0, unit="money", low=0.0, high=1e9, doc="Least order value.", source="practice: 500 yuan")
    multiplier: float = param(
        2.0, unit="1", low=1.0, high=100.0, doc="Points of the order, all told.", source="practice: double points"
    )
    mode: Literal["total", "extra"] = param(
        "total", unit="", doc="total: multiplier x points in all; extra: multiplier x points on top.", source="plan"
    )
    delay_days: int = param(
        1, unit="days", low=1, high=364, doc="Days until the extra points are credited.", source="practice: next day"
    )
    repeats: Literal["every", "first"] = param(
        "every", unit="", doc="every: each large order; first: only a member's first one.", source="plan"
    )


class Birthday(Parameters):
    """Points multiplied around a member's birthday."""

    multiplier: float = param(2.0, unit="1", low=0.0, high=100.0, doc="Factor on points earned.", source="practice: double points")
    weeks: int = param(1, unit="weeks", low=1, high=52, doc="Length of the window, which begins in the birthday's week.", source="plan")


class Enrollment(Parameters):
    """Who joins: offered with each order, chosen by what the program would be worth to the customer."""

    intercept: float = param(
        -1.5,
        unit="logit",
        low=-6.0,
        high=4.0,
        doc="Log-odds of joining at an order when nothing is to be gained.",
        plausible=(-3.0, 0.5),
        source="assumed",
    )
    value_slope: float = param(
        0.1,
        unit="logit per money",
        low=0.0,
        high=2.0,
        doc="Log-odds per unit of reward value expected a year.",
        plausible=(0.0, 0.4),
        source="assumed; heavier buyers join first, Leenheer et al. 2007",
    )
    progress_slope: float = param(
        1.0,
        unit="logit",
        low=0.0,
        high=5.0,
        doc="Log-odds for a welcome gift that already pays the cheapest reward.",
        plausible=(0.0, 3.0),
        source="assumed",
    )
    opening_share: float = param(
        0.0, unit="share", low=0.0, high=1.0, doc="Part of the known customers who are members at launch.", source="plan"
    )
    opening_points: float = param(
        0.0, unit="points", low=0.0, high=1e6, doc="Mean balance of those at launch (exponential).", source="plan"
    )


class Redemption(Parameters):
    """When members redeem."""

    rate: float = param(
        7 / 60,
        unit="1/week",
        low=7 / 180,
        high=0.5,
        doc="Rate of redeeming while the balance pays the wanted reward.",
        source="assumed; checked by breakage: about a third of points unredeemed in the United States",
    )
    friction: float = param(
        0.1,
        unit="share",
        low=0.0,
        high=1.0,
        doc="Part of redemptions lost to a cumbersome process.",
        plausible=(0.0, 0.4),
        source="assumed",
    )
    stockpilers: float = param(
        0.3,
        unit="share",
        low=0.0,
        high=1.0,
        doc="Members who redeem at a fifth of the rate.",
        plausible=(0.1, 0.6),
        source="assumed; stockpiling even in linear programs, Stourm, Bradlow & Fader 2015",
    )
    takes: Literal["one", "all"] = param(
        "all",
        unit="",
        doc="all: as many of the wanted reward as the balance pays; one: a single reward at a time.",
        source="plan; with all, breakage after three years comes near the third of Colloquy 2011, with one it lies above",
    )
    full_worth: float = param(
        0.25,
        unit="share",
        low=0.01,
        high=2.0,
        doc="Face value redeemed at once, as part of a mean order, that pleases in full; less pleases in proportion.",
        plausible=(0.1, 0.6),
        source="assumed; keeps trifles from buying loyalty",
    )


class Queue:
    """Small state of the program: what is credited later, what expires when, and the points liability."""

    def __init__(self) -> None:
        # Step in which they are credited, then by order whose it is, its number and the points.
        self.delayed: deque[tuple[int, np.ndarray, np.ndarray, np.ndarray]] = deque()
        self.log: deque[tuple[int, np.ndarray, np.ndarray]] = deque()
        self.liability = PointsLiability()
        self.redeemed = 0
        self.opening = 0

    def copy(self) -> Queue:
        twin = Queue()
        twin.delayed, twin.log = deque(self.delayed), deque(self.log)
        twin.liability = replace(self.liability)
        twin.redeemed, twin.opening = self.redeemed, self.opening
        return twin


class Points(Program):
    """A points program: enrollment by choice, accrual, rewards, expiry first-in first-out, accrual accounting.

        P(join at an order) = logistic(intercept + value_slope x expected reward value a year + progress_slope x welcome share)
        points of an order = (per_money value + points of full threshold steps) x windows x birthday x tier
        redeeming hazard a week = rate (1 - friction), a fifth of it for stockpilers, while the balance pays the wanted reward
        outstanding = issued - redeemed - expired

    Each week: expire what is due; redeem from the opening balance; earn, rounded half to even on the order. Expiry needs no
    lots: with cumulative points `earned` and `used`, the points of a week that expires are those of its cumulative
    total not yet used. For an order sent back just the points are taken back that this order has earned, by the factors of its
    day, oldest first and as far as the balance goes; extra points of it that are still to be credited never are. Points owed
    are deferred revenue until they are redeemed or expire.
    Source: accounting IFRS 15 B39-B43; selection Leenheer et al. (2007), IJRM 24(1).
    """

    facts = (
        Fact(
            "A third of the points issued in the United States goes unredeemed; here 15 to 40 % after 36 months, over weekly to "
            "quarterly buyers. The default `redemption.takes: all` was chosen for it: with `one` it is 40 to 78 %.",
            "Colloquy (2011)",
            "wiring",
            "tests/sim/programs/test_points_goals.py::test_after_three_years_15_to_40_percent_of_points_are_unredeemed",
        ),
        Fact(
            "Heavier buyers join first, so that members buy more than others before the program could do anything.",
            "Leenheer et al. (2007), IJRM 24(1), direction",
            "wiring",
            "tests/sim/programs/test_points.py::test_heavier_buyers_join_first",
        ),
        Fact(
            "Of 100,000 of sales with 10,000 points, 95 % expected to be redeemed, 91,324 are revenue of the goods and 8,676 are "
            "deferred.",
            "IFRS 15, Example 52",
            "wiring",
            "tests/sim/world/test_ledger.py::test_points_are_deferred_and_released_as_ifrs_15_says",
        ),
    )

    type = "points"
    reads = (
        "status", "segment", "purchase_rate", "log_basket", "rewarded", "points_factor", "interactions", "interaction_points",
    )  # fmt: skip
    writes = ("rewarded", "progress", "goal_orders", "goal_weeks", "goals_reached", "goal_gift")
    totals = (
        flow("points_issued", unit="points", doc="Points credited, opening balances included, less those taken back for returns."),
        flow("points_reversed", unit="points", doc="Points taken back for orders sent back."),
        flow("points_redeemed", unit="points", doc="Points spent on rewards."),
        flow("points_expired", unit="points", doc="Points that ran out."),
        stock("points_outstanding", unit="points", doc="Points members hold."),
        stock("points_liability", unit="money", scale=MONEY, doc="Contract liability of outstanding points and stamps (IFRS 15)."),
        stock("points_liability_at_launch", unit="money", scale=MONEY, doc="Fair value of the balances handed over at launch."),
        stock("points_cost_owed", unit="money", scale=MONEY, doc="What outstanding points and stamps are expected to cost the firm."),
        flow("rewards_redeemed", unit="rewards", doc="Rewards handed out."),
        flow("reward_face_value", unit="money", scale=MONEY, doc="Worth to members of the rewards handed out."),
        flow("enrolled", unit="people", doc="Customers who joined a program."),
        stock("members", unit="people", doc="Members of a program who are truly active."),
    )

    JOIN = stream("points.join", per="order", doc="Whether a customer joins when asked at an order.")
    OPENING = stream("points.opening", per="person", doc="Who is a member at launch, and with what balance.")
    WANT = stream("points.want", per="person", doc="Which reward a member is after, and who stockpiles.")
    REDEEM = stream("points.redeem", per="redemption", doc="Unit exponential of redemption hazard until the next reward.")

    class State(Fields):
        member: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether the person is a member.")
        earned: Any = field(np.int32, default=0, unit="points", low=0, doc="Points credited so far.")
        used: Any = field(np.int32, default=0, unit="points", low=0, doc="Points redeemed or expired so far.")
        carried: Any = field(
            np.float32, default=0.0, unit="money", low=0, optional=True, doc="Spending not yet counted by a threshold that accumulates."
        )
        redeem_clock: Any = field(np.float32, default=1.0, unit="1", doc="Hazard still to pass until the next redemption.")
        redemptions: Any = field(np.uint16, default=0, unit="rewards", doc="Rewards redeemed so far.")
        redeemed_now: Any = field(np.float32, default=0.0, unit="rewards", low=0, doc="Rewards redeemed in this step, by worth.")
        audience: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether the program is open to the person.")
        doubled: Any = field(
            np.uint8, default=0, unit="", low=0, high=1, optional=True, doc="Whether the first large order has had its extra points."
        )
        wanted: Any = field(
            np.uint8, default=0, unit="", optional=True, doc="Which reward the person would be after, as its place by price."
        )
        from_launch: Any = field(
            np.uint8, default=0, unit="", low=0, high=1, optional=True, doc="Member since the launch, without the welcome gift there is."
        )

    class Params(Parameters):
        type: Literal["points"] = param("points", unit="", doc="Kind of program.", source="name")
        audience: Audience = group("To whom the program is open.", Audience)
        start_week: int = param(1, unit="week", low=1, high=2000, doc="Week of the launch.", source="plan")
        per_money: float = param(
            1.0, unit="points/money", low=0.0, high=1000.0, doc="Points per unit of money.", source="practice: 1 a yuan"
        )
        threshold: Threshold | None = group("Points per full step of spending, if any.", lambda: None)
        windows: dict[str, Window] = group("Weeks with multiplied points.", dict)
        delayed: Delayed | None = group("Extra points on large orders, credited later, if any.", lambda: None)
        birthday: Birthday | None = group("Points multiplied around a member's birthday, if so.", lambda: None)
        per_interaction: float = param(
            0.0,
            unit="points",
            low=0.0,
            high=10_000.0,
            doc="Points for one like, comment or share; a tier that gives a number of its own goes before it.",
            source="plan",
        )
        interaction_cap: int | None = param(
            None,
            unit="interactions/day",
            low=1,
            high=255,
            doc="Interactions a day that earn, taken together over a step; all of them if not given.",
            source="plan",
        )
        welcome_points: int = param(0, unit="points", low=0, high=1_000_000, doc="Gift on joining.", source="plan")
        catalog: dict[str, Reward] = group("Rewards by name.", dict)
        enrollment: Enrollment = group("Who joins.", Enrollment)
        redemption: Redemption = group("When members redeem.", Redemption)
        expiry_weeks: int | None = param(
            None,
            unit="weeks",
            low=1,
            high=520,
            doc="Weeks until points run out, first in first out; never if not given.",
            source="plan",
        )
        expected_redemption: float = param(
            0.7,
            unit="share",
            low=0.0,
            high=1.0,
            doc="Part of outstanding points the books expect to be redeemed.",
            plausible=(0.6, 0.9),
            source="assumed; a third unredeemed, Colloquy 2011",
        )
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost at launch.", source="plan")
        weekly_cost: float = param(
            0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Platform and staff a week.", source="plan"
        )

        @model_validator(mode="after")
        def _offers_something(self) -> Any:
            if not self.catalog:
                raise ValueError("catalog needs at least one reward")
            if len(self.catalog) > 200:
                raise ValueError("catalog holds at most 200 rewards")
            return self

    @property
    def links(self) -> tuple[Link, ...]:
        params = self.params
        # A balance that suffices is redeemed at `rate` a week; what was redeemed is felt in the week after.
        waits = 1.0 + (1.0 / params.redemption.rate if params.redemption.rate > 0.0 else 0.0)
        found = [link("orders", "progress", +1), link("orders", "goals_reached", +1), link("refunds", "progress", -1)]
        if params.welcome_points:
            found.append(link(PLAN, "gift", +1))
        if params.redemption.rate > 0.0 and params.catalog:
            found += [
                link("orders", "rewards", +1, delay=waits),
                link("order_value", "rewards", +1, delay=waits),
                link("points_factor", "rewards", +1, delay=waits),
                link("refunds", "rewards", -1, delay=waits),
                link("interaction_points", "rewards", +1, delay=waits),
                link("interactions", "rewards", +1, delay=waits),
                # What is redeemed is gone from the balance.
                link("rewards", "progress", -1),
            ]
        return tuple(found)

    @property
    def first_week(self) -> int:
        return self.params.start_week

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        for path, message in self.params.audience.problems(market, names):
            yield f"audience.{path}", message

    @cached_property
    def _rewards(self) -> list[Reward]:
        return sorted(self.params.catalog.values(), key=lambda one: (one.points, -one.face_value))

    @cached_property
    def _prices(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of each reward: points, integer money that it costs the firm and is worth to a member, and its face value."""
        rewards = self._rewards
        return (
            np.array([one.points for one in rewards], np.int32),
            np.array([money(one.unit_cost) for one in rewards], np.int64),
            np.array([money(one.face_value) for one in rewards], np.int64),
            np.array([one.face_value for one in rewards]),
        )

    @cached_property
    def _point_value(self) -> float:
        """Stand-alone value of a point: mean face value per point over the catalog."""
        rewards = self._rewards
        return sum(one.face_value / one.points for one in rewards) / len(rewards)

    def _points_per_money(self) -> float:
        """Points that a unit of money earns, thresholds counted as if none were missed."""
        threshold = self.params.threshold
        return self.params.per_money + (threshold.points / threshold.step if threshold else 0.0)

    def arrive(self, world: World) -> None:
        params, calendar = self.params, world.calendar
        if calendar.week < params.start_week:
            return
        own, customers, queue = world.own(self), world.customers, world.note(self, Queue)
        if calendar.week == params.start_week and calendar.opens_week:
            self._launch(world)
        elif params.audience.changes and calendar.opens_week:
            own.audience[:] = params.audience.mask(world, self.name)
        if calendar.opens_week:
            world.ledger.post("program_fixed_cost", money(params.weekly_cost))
        customers.rewarded += own.redeemed_now
        own.redeemed_now.fill(0.0)
        while queue.delayed and queue.delayed[0][0] <= calendar.step:
            _, people, _, points = queue.delayed.popleft()
            self._credit(world, people, points)
        if customers.progress.size:
            self._show_goals(world)

    def _show_goals(self, world: World) -> None:
        """Members see how far they are on the way to their next reward; what they have saved beyond one counts for the one after."""
        params, own, customers = self.params, world.own(self), world.customers
        per_scale = self._points_per_money() * world.population.mean_order
        if per_scale <= 0.0:
            return
        if len(params.catalog) > 1 and not own.wanted.size:
            own.provide({"wanted"})
            world.each(draw_wanted, own.wanted, world.key(self.WANT), np.uint64(word(self.name)), len(params.catalog))
        world.each(
            show_goals,
            customers.progress,
            customers.goal_orders,
            customers.goal_weeks,
            customers.goals_reached,
            customers.goal_gift,
            own.member,
            own.earned,
            own.used,
            own.redemptions,
            own.wanted,
            own.wanted.size > 0,
            own.from_launch,
            own.from_launch.size > 0,
            customers.status,
            customers.log_basket,
            self._prices[0],
            f32(max(per_scale, 1e-9)),
            i32(params.welcome_points),
            f32(params.expiry_weeks or 0),
        )

    def _launch(self, world: World) -> None:
        params, own, customers = self.params, world.own(self), world.customers
        own.audience[:] = params.audience.mask(world, self.name)
        if params.delayed is not None and params.delayed.repeats == "first":
            own.provide({"doubled"})
        if params.threshold is not None and params.threshold.mode == "accumulated":
            own.provide({"carried"})
        world.ledger.post("program_fixed_cost", money(params.setup_cost))
        enrollment = params.enrollment
        if enrollment.opening_share == 0.0:
            return
        counts = world.tally(
            open_accounts,
            2,
            own.member,
            own.earned,
            own.redeem_clock,
            own.audience,
            customers.status,
            customers.segment,
            world.key(self.OPENING),
            world.key(self.REDEEM),
            np.uint64(word(self.name)),
            f32(enrollment.opening_share),
            f32(enrollment.opening_points),
        )
        if params.welcome_points > 0:
            own.provide({"from_launch"})
            own.from_launch[:] = own.member
        issued = int(counts[:, 1].sum())
        world.totals.add("enrolled", counts[:, 0])
        world.totals.add("points_issued", counts[:, 1])
        world.ledger.post_points(self.address, issued=issued)
        queue = world.note(self, Queue)
        queue.opening = money(issued * self._point_value * params.expected_redemption)
        queue.liability.defer(queue.opening, issued)
        holders = marked(own.earned > 0)
        self._remember(world, holders, own.earned[holders])

    def settle(self, world: World) -> None:
        if world.calendar.week < self.params.start_week:
            return
        self._expire(world)
        self._take_back(world)
        self._redeem(world)
        self._reward_interactions(world)
        if len(world.events):
            self._earn(world)
        self._release(world)

    def _earn(self, world: World) -> None:
        """Points for this step's orders, of those who are members or become one with it."""
        params, own, calendar, events = self.params, world.own(self), world.calendar, world.events
        factor = np.full(len(events), self._multiplier(calendar.week))
        if world.customers.points_factor.size:
            factor *= world.customers.points_factor[events.person]
        if params.birthday is not None:
            birthday = params.birthday
            world.over(
                celebrate, len(events), factor, events.person, world.key(BIRTHDAY), calendar.week, birthday.weeks, f64(birthday.multiplier)
            )
        points = np.zeros(len(events), np.int64)
        later = np.zeros(len(events), np.int64)
        receipt = np.zeros(len(events), np.int64)
        sales = np.zeros(3, np.int64)
        threshold, delayed = params.threshold, params.delayed
        enrollment, rewards = params.enrollment, self._rewards
        accumulates = threshold is not None and threshold.mode == "accumulated"
        extra = 0.0 if delayed is None else delayed.multiplier - (1.0 if delayed.mode == "total" else 0.0)
        world.over(
            earn,
            len(events),
            points,
            later,
            receipt,
            sales,
            own.member,
            own.carried,
            own.doubled,
            own.redeem_clock,
            own.audience,
            world.customers.purchase_rate,
            events.person,
            events.value,
            events.number,
            factor,
            world.key(self.JOIN),
            world.key(self.REDEEM),
            np.uint64(word(self.name)),
            f64(params.per_money / MONEY),
            i64(money(threshold.step) if threshold else 0),
            i64(threshold.points if threshold else 0),
            accumulates,
            i64(money(delayed.min_order) if delayed else 0),
            f64(extra),
            delayed is not None and delayed.repeats == "first",
            i64(params.welcome_points),
            f32(enrollment.intercept + enrollment.progress_slope * min(1.0, params.welcome_points / rewards[0].points)),
            f32(enrollment.value_slope * WEEKS_PER_YEAR * self._points_per_money() * self._point_value / MONEY),
        )
        world.totals.add("enrolled", int(sales[1]))
        events.receipts[self.address] = receipt
        got = np.flatnonzero(points)
        self._credit(world, events.person[got], points[got])
        promised = int(points.sum() + later.sum())
        value = promised * self._point_value * params.expected_redemption
        queue = world.note(self, Queue)
        queue.liability.defer(allocate(float(sales[0]), money(value))[1], promised)
        waiting = np.flatnonzero(later)
        if len(waiting):
            steps = max(1, -(-delayed.delay_days // calendar.step_days)) if delayed else 1
            queue.delayed.append((calendar.step + steps, events.person[waiting], events.number[waiting], later[waiting]))

    def _reward_interactions(self, world: World) -> None:
        """Points for interactions, by the tier's number or the program's own; no sale bears them, so they are owed in full."""
        params, own, customers = self.params, world.own(self), world.customers
        by_tier = customers.interaction_points
        if not customers.interactions.size or not (by_tier.size or params.per_interaction > 0.0):
            return
        people = np.flatnonzero(customers.interactions).astype(np.int32)
        points = np.zeros(len(people), np.int64)
        cap = 255 if params.interaction_cap is None else params.interaction_cap * world.calendar.step_days
        world.over(
            reward_interactions,
            len(people),
            points,
            people,
            own.member,
            customers.interactions,
            by_tier,
            by_tier.size > 0,
            f32(params.per_interaction),
            i64(cap),
        )
        got = np.flatnonzero(points)
        self._credit(world, people[got], points[got])
        given = int(points.sum())
        world.note(self, Queue).liability.defer(money(given * self._point_value * params.expected_redemption), given)

    def _multiplier(self, week: int) -> float:
        """Product of the windows that are open."""
        factor = 1.0
        for one in self.params.windows.values():
            if one.start_week <= week < one.start_week + one.weeks:
                factor *= one.multiplier
        return factor

    def _credit(self, world: World, people: np.ndarray, points: np.ndarray) -> None:
        """Add points to members' accounts; `people` may repeat."""
        if not len(people):
            return
        own = world.own(self)
        if not world.over(add_points, len(people), own.earned, people, points, i64(_MOST)):
            raise TooLarge(f"{self.address}: a member has earned more than {_MOST:,} points: give fewer points that are worth more")
        world.totals.add("points_issued", world.by_segment(people, points))
        world.ledger.post_points(self.address, issued=int(points.sum()))
        holders = np.unique(people)
        self._remember(world, holders, own.earned[holders])

    def _remember(self, world: World, holders: np.ndarray, earned: np.ndarray) -> None:
        if self.params.expiry_weeks is not None:
            calendar = world.calendar
            due = calendar.step + self.params.expiry_weeks * calendar.steps_per_week
            world.note(self, Queue).log.append((due, holders.astype(np.int32), earned.astype(np.int32)))

    def _expire(self, world: World) -> None:
        own, queue = world.own(self), world.note(self, Queue)
        while queue.log and queue.log[0][0] <= world.calendar.step:
            _, holders, earned = queue.log.popleft()
            gone = np.maximum(earned - own.used[holders], 0)
            own.used[holders] += gone
            total = int(gone.sum(dtype=np.int64))
            if total:
                world.totals.add("points_expired", world.by_segment(holders, gone.astype(np.int64)))
                world.ledger.post_points(self.address, expired=total)

    def _take_back(self, world: World) -> None:
        own, refunds = world.own(self), world.refunds
        due = refunds.receipt(self.address)
        if not due.any():
            return
        queue = world.note(self, Queue)
        called_off = _call_off(queue, refunds)
        due = due - called_off
        taken = np.zeros(len(refunds), np.int64)
        world.over(take_back, len(refunds), taken, own.used, own.earned, refunds.person, due)
        by_segment = world.by_segment(refunds.person, taken)
        world.totals.add("points_reversed", by_segment)
        world.totals.add("points_issued", -by_segment)
        world.ledger.post_points(self.address, reversed=int(taken.sum()))
        queue.liability.take_back(int(taken.sum() + called_off.sum()))

    def _redeem(self, world: World) -> None:
        params, own, customers = self.params, world.own(self), world.customers
        redemption, (prices, costs, values, faces) = params.redemption, self._prices
        full = max(redemption.full_worth * world.population.mean_basket, 1e-9)
        worths = np.minimum(faces / full, 1.0).astype(np.float32)
        counts = world.tally(
            redeem,
            4,
            own.used,
            own.redeem_clock,
            own.redemptions,
            own.redeemed_now,
            own.member,
            own.earned,
            customers.status,
            customers.segment,
            prices,
            costs,
            values,
            worths,
            world.key(self.WANT),
            world.key(self.REDEEM),
            np.uint64(word(self.name)),
            f32(redemption.rate * (1.0 - redemption.friction) * world.calendar.dt),
            f32(redemption.stockpilers),
            redemption.takes == "all",
        )
        redeemed = int(counts[:, 1].sum())
        if not redeemed:
            return
        if redeemed * max((np.maximum(costs, values) / prices).tolist()) > MOST_MONEY:
            raise TooLarge(f"{self.address}: rewards add up to more money than the books can hold: lower unit_cost and face_value")
        world.totals.add("rewards_redeemed", counts[:, 0])
        world.totals.add("points_redeemed", counts[:, 1])
        world.totals.add("reward_face_value", counts[:, 3])
        world.ledger.post("reward_cost", counts[:, 2])
        world.ledger.post_points(self.address, redeemed=redeemed)
        world.note(self, Queue).redeemed += redeemed

    def _release(self, world: World) -> None:
        queue, left = world.note(self, Queue), world.ledger.points.get(self.address, 0)
        queue.liability.release(queue.redeemed, queue.redeemed + left * self.params.expected_redemption)

    def record(self, world: World) -> None:
        own, queue = world.own(self), world.note(self, Queue)
        counts = world.tally(count_members, 2, own.member, own.earned, own.used, world.customers.status, world.customers.segment)
        world.ledger.check_points(self.address, int(counts[:, 1].sum()))
        world.totals.add("members", counts[:, 0])
        world.totals.add("points_outstanding", counts[:, 1])
        world.totals.add("points_liability", round(queue.liability.liability))
        world.totals.add("points_liability_at_launch", queue.opening)
        rewards = self._rewards
        unit_cost = sum(one.unit_cost / one.points for one in rewards) / len(rewards)
        world.totals.add("points_cost_owed", money(int(counts[:, 1].sum()) * self.params.expected_redemption * unit_cost))


def _call_off(queue: Queue, refunds: Refunds) -> np.ndarray:
    """Extra points of orders sent back that were still to be credited, int64 by order; they are no longer."""
    found = np.zeros(len(refunds), np.int64)
    wanted = refunds.person.astype(np.int64) << 32 | refunds.number
    for at, (step, people, numbers, points) in enumerate(queue.delayed):
        waiting = people.astype(np.int64) << 32 | numbers
        _, back, there = np.intersect1d(wanted, waiting, assume_unique=True, return_indices=True)
        if len(back):
            found[back] = points[there]
            # Copies of the market share the columns.
            left = points.copy()
            left[there] = 0
            queue.delayed[at] = step, people, numbers, left
    return found


@kernel
def open_accounts(
    counts, member, earned, redeem_clock, audience, status, segment, key, redeem_key, name, share, mean, start, stop
):
    """Members at launch, with exponential balances."""
    for i in range(start, stop):
        if audience[i] == 0 or not (status[i] == ACTIVE or status[i] == CHURNED):
            continue
        joins, luck = uniform_pair(key, i, 0, name)
        if joins < share:
            member[i] = u8(1)
            points = i32(np.rint(f64(-log32(luck) * mean)))
            earned[i] = points
            redeem_clock[i] = -log32(uniform(redeem_key, i, 0, name))
            counts[segment[i], 0] += 1
            counts[segment[i], 1] += points


@kernel
def earn(
    points,
    later,
    receipt,
    sales,
    member,
    carried,
    doubled,
    redeem_clock,
    audience,
    purchase_rate,
    person,
    value,
    number,
    factor,
    join_key,
    redeem_key,
    name,
    per_unit,
    step,
    step_points,
    accumulates,
    min_order,
    extra,
    only_first,
    welcome,
    intercept,
    value_slope,
    start,
    stop,
):
    """Joining and points of each order, on its receipt without the welcome; `sales` gathers members' sales and how many joined."""
    for e in range(start, stop):
        i = person[e]
        if member[i] == 0:
            if audience[i] == 0:
                continue
            odds = intercept + value_slope * purchase_rate[i] * f32(value[e])
            if uniform(join_key, i, number[e], name) >= _ONE / (_ONE + exp32(-odds)):
                continue
            member[i] = u8(1)
            redeem_clock[i] = -log32(uniform(redeem_key, i, 0, name))
            points[e] += welcome
            sales[1] += 1
        sales[0] += value[e]
        base = np.rint(per_unit * f64(value[e]) * factor[e])
        if step > 0:
            if accumulates:
                counted = f64(carried[i]) * 10000.0 + f64(value[e])
                full = np.floor(counted / f64(step))
                carried[i] = f32((counted - full * f64(step)) / 10000.0)
            else:
                full = np.floor(f64(value[e]) / f64(step))
            base += np.rint(full * f64(step_points) * factor[e])
        points[e] += i64(base)
        receipt[e] = i64(base)
        if extra > 0.0 and value[e] >= min_order:
            if only_first:
                if doubled[i] != 0:
                    continue
                doubled[i] = u8(1)
            later[e] = i64(np.rint(base * extra))
            receipt[e] += later[e]


@kernel
def celebrate(factor, person, key, week, weeks, multiplier, start, stop):
    """Multiply the points of orders in the window that begins in the birthday's week."""
    for e in range(start, stop):
        if celebrates(key, person[e], week, weeks):
            factor[e] *= multiplier


@kernel
def reward_interactions(points, people, member, interactions, by_tier, tiered, per_interaction, cap, start, stop):
    """Points of members for what they did besides buying, rounded half to even over the step."""
    for k in range(start, stop):
        i = people[k]
        if member[i] != 0:
            rate = per_interaction
            if tiered and by_tier[i] > _ZERO:
                rate = by_tier[i]
            points[k] = i64(np.rint(f64(rate) * f64(min(i64(interactions[i]), cap))))


@kernel
def take_back(taken, used, earned, person, due, start, stop):
    """Take back what orders sent back have earned, as far as the balance goes; `person` may repeat."""
    for k in range(start, stop):
        i = person[k]
        taken[k] = min(due[k], i64(earned[i]) - i64(used[i]))
        used[i] += i32(taken[k])


@kernel
def add_points(earned, people, points, most, start, stop):
    """Credit points; False if an account would overflow."""
    for k in range(start, stop):
        i = people[k]
        total = i64(earned[i]) + points[k]
        if total > most:
            return False
        earned[i] = i32(total)
    return True


@kernel
def redeem(
    counts,
    used,
    redeem_clock,
    redemptions,
    redeemed_now,
    member,
    earned,
    status,
    segment,
    prices,
    costs,
    values,
    worths,
    want_key,
    redeem_key,
    name,
    hazard,
    stockpilers,
    takes_all,
    start,
    stop,
):
    """At most one visit to the catalog a step and member, once the hazard of redeeming has passed its clock."""
    for i in range(start, stop):
        if member[i] == 0 or status[i] != ACTIVE:
            continue
        balance = earned[i] - used[i]
        if balance < prices[0]:
            continue
        taste, patience = uniform_pair(want_key, i, 0, name)
        wanted = pick_reward(taste, prices.size)
        if balance < prices[wanted]:
            continue
        pressure = hazard * f32(0.2) if patience < stockpilers else hazard
        if redeem_clock[i] > pressure:
            redeem_clock[i] -= pressure
            continue
        number = balance // prices[wanted] if takes_all else i32(1)
        so_far = i64(redemptions[i]) + i64(number)
        redemptions[i] = u16(min(so_far, 65535))
        redeem_clock[i] = -log32(uniform(redeem_key, i, so_far, name))
        used[i] += number * prices[wanted]
        redeemed_now[i] = min(f32(number) * worths[wanted], _ONE)
        s = segment[i]
        counts[s, 0] += number
        counts[s, 1] += i64(number) * i64(prices[wanted])
        counts[s, 2] += i64(number) * costs[wanted]
        counts[s, 3] += i64(number) * values[wanted]


@kernel
def pick_reward(taste, rewards):
    """Place by price of the reward that a member of this taste is after."""
    return min(i64(taste * f32(rewards)), i64(rewards - 1))


@kernel
def draw_wanted(wanted, key, name, rewards, start, stop):
    """The reward that each person would be after."""
    for i in range(start, stop):
        taste, _ = uniform_pair(key, i, 0, name)
        wanted[i] = u8(pick_reward(taste, rewards))


@kernel
def show_goals(
    progress,
    goal_orders,
    goal_weeks,
    goals_reached,
    goal_gift,
    member,
    earned,
    used,
    redemptions,
    wanted,
    choosing,
    from_launch,
    launched,
    status,
    log_basket,
    prices,
    per_scale,
    welcome,
    weeks,
    start,
    stop,
):
    """The reward that each member is after, as a goal; its orders are own mean orders from the first point that was not given."""
    for i in range(start, stop):
        if member[i] == 0 or status[i] != ACTIVE:
            continue
        price = prices[i64(wanted[i]) if choosing else i64(0)]
        balance = earned[i] - used[i]
        saved = balance // price if balance >= price else i32(0)
        reached = i64(redemptions[i]) + i64(saved)
        welcomed = not launched or from_launch[i] == 0
        given = min(welcome, balance) if reached == 0 and welcomed else i32(0)
        orders = min(f32(price - given) / per_scale * exp32(-log_basket[i]), _FAR)
        shown, gift = f32(balance - saved * price) / f32(price), f32(given) / f32(price)
        show_goal(progress, goal_orders, goal_weeks, goals_reached, goal_gift, i, shown, orders, weeks, min(reached, 65535), gift)


@kernel
def count_members(counts, member, earned, used, status, segment, start, stop):
    """Active members and points held, by segment."""
    for i in range(start, stop):
        if member[i] != 0:
            s = segment[i]
            if status[i] == ACTIVE:
                counts[s, 0] += 1
            counts[s, 1] += earned[i] - used[i]
