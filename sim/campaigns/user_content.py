"""Content by customers: the firm asks for posts, and prospects see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from ..core.component import Campaign
from ..core.declare import Fact, Fields, Parameters, field, flow, group, param, stream, word
from ..core.draws import exp32, log32, uniform
from ..core.kernel import kernel
from ..core.links import Link, link, mean_lag
from ..core.units import charge, decay, hazard, money
from ..world.audience import Audience
from ..world.customers import ACTIVE, PROSPECT
from ..world.market import Market
from ..world.quantities import PLAN
from ..world.workers import marked
from ..world.world import World

f32, i64, u8, u16 = np.float32, np.int64, np.uint8, np.uint16
_ZERO, _ONE = f32(0.0), f32(1.0)
_FINE = f32(2.0**16)
_MOST = i64(250)


class Shelf:
    """What has been posted and can still be seen.

    Attributes:
        fresh, fresh_quality: Posts of this week, which are seen from the next one on, and the sum of their quality.
        posts, quality: Posts seen this week, older ones in part, and the sum of their quality.
        hazard: Hazard a week by which they win a prospect.
    """

    def __init__(self) -> None:
        self.fresh = self.fresh_quality = self.posts = self.quality = self.hazard = 0.0

    def copy(self) -> Shelf:
        twin = Shelf()
        twin.__dict__.update(self.__dict__)
        return twin


class UserContent(Campaign):
    """Customers post photos, reviews and tutorials; posts are seen for a while, and some of the prospects who see them come.

        posts a week of a customer = -log(1 - posting) loyalty / typical_loyalty x exp(pull), if there are prizes
        visits of prospects V = N s (1 - exp(-views P / (N s)))
        P(a visit wins) = 1 - (1 - convert)^quality,  quality = (the writer's satisfaction / usual satisfaction)^valence

    P posts are seen a week, N prospects are there, s is the saturation; of posts half are still seen after `lifetime_weeks`, from the
    week after on. Beside them prospects make `natural` visits a week, which acquire nobody here (see behavior
    `organic_acquisition`): they are what the share of content is measured by.
    Source: valence elasticity .42 of You, Vadakkepatt & Joshi (2015), Journal of Marketing 79(2); the rest assumed.
    """

    facts = (
        Fact(
            "Sales follow the valence of what customers write with an elasticity of .42 (51 studies).",
            "You, Vadakkepatt & Joshi (2015), Journal of Marketing 79(2)",
            "wiring",
            "tests/sim/campaigns/test_user_content.py::test_satisfied_customers_write_what_wins_more",
        ),
    )
    unpublished = "How often customers post, how many see it and how many of those come is assumed."

    type = "user_content"
    reads = ("status", "segment", "loyalty", "satisfaction", "usual_satisfaction", "interactions")
    writes = ("interactions",)
    cause = "user_content"
    totals = (
        flow("content_posts", unit="posts", doc="Posts of customers about the firm."),
        flow("content_visits", unit="visits", doc="Visits of prospects that customers' posts brought."),
        flow("natural_visits", unit="visits", doc="Visits of prospects that no paid contact brought, those by posts included."),
    )

    GAP = stream("user_content.gap", per="post", doc="Unit exponential until the person's next post.")

    class State(Fields):
        audience: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether the person is asked to post.")
        post_clock: Any = field(np.float32, default=0.0, unit="1", doc="Posting rate still to pass until the next post.")
        posts: Any = field(np.uint16, default=0, unit="posts", doc="Posts of the person so far.")

    class Params(Parameters):
        type: Literal["user_content"] = param("user_content", unit="", doc="Kind of campaign.", source="name")
        audience: Audience = group("Who is asked to post.", Audience)
        start_week: int = param(1, unit="week", low=1, high=2000, doc="First week of the campaign.", source="plan")
        weeks: int | None = param(None, unit="weeks", low=1, high=2000, doc="Length; to the horizon if not given.", source="plan")
        posting: float = param(
            0.01,
            unit="probability",
            low=0.0,
            high=0.9,
            role="effect",
            neutral=0.0,
            doc="Probability that a customer of typical loyalty posts in a week, without prizes.",
            plausible=(0.002, 0.05),
            source="assumed",
        )
        typical_loyalty: float = param(
            0.55, unit="share", low=0.1, high=0.9, doc="Loyalty at which posting is as stated.", plausible=(0.5, 0.6), source="assumed"
        )
        prizes: int = param(0, unit="prizes/week", low=0, high=1_000_000, doc="Prizes drawn a week among posts.", source="plan")
        pull: float = param(
            0.7,
            unit="log",
            low=0.0,
            high=3.0,
            role="effect",
            neutral=0.0,
            doc="Log-term of there being prizes on the rate of posting.",
            plausible=(0.1, 1.4),
            source="assumed",
        )
        lifetime_weeks: float = param(
            1.0,
            unit="weeks",
            low=0.05,
            high=104.0,
            doc="Weeks after which half of a post's visits a week are left.",
            plausible=(0.3, 8.0),
            source="assumed",
        )
        views: float = param(
            5.0,
            unit="visits/week",
            low=0.0,
            high=1e4,
            role="effect",
            neutral=0.0,
            doc="Visits of prospects that a fresh post brings in its first week of being seen.",
            plausible=(1.0, 20.0),
            source="assumed",
        )
        saturation: float = param(
            0.2,
            unit="visits/week",
            low=0.001,
            high=100.0,
            doc="Visits a week of a prospect that posts can bring at most.",
            plausible=(0.05, 1.0),
            source="assumed",
        )
        natural: float = param(
            0.05,
            unit="visits/week",
            low=0.0,
            high=100.0,
            doc="Visits a week of a prospect that neither posts nor paid contacts bring.",
            plausible=(0.01, 0.5),
            source="assumed; data of the firm's site or shops",
        )
        convert: float = param(
            0.01,
            unit="probability",
            low=0.0,
            high=0.9,
            role="effect",
            neutral=0.0,
            doc="Probability that a visit brought by posts wins the prospect.",
            plausible=(0.002, 0.03),
            source="assumed",
        )
        valence: float = param(
            0.42,
            unit="1",
            low=0.0,
            high=2.0,
            role="effect",
            neutral=0.0,
            doc="Elasticity of what a post wins in the satisfaction of who writes it.",
            plausible=(0.2, 0.9),
            source="You, Vadakkepatt & Joshi 2015: elasticity of sales in the valence of electronic word of mouth .42",
        )
        prize_cost: float = param(0.0, unit="money", low=0.0, high=1e6, role="cost", doc="Cost of one prize.", source="plan")
        weekly_cost: float = param(
            0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Topics, screening and display, a week.", source="plan"
        )
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost at the start.", source="plan")

    @property
    def links(self) -> tuple[Link, ...]:
        params = self.params
        posts, seen = f"{self.name}.posts", mean_lag(params.lifetime_weeks)
        found = [link("customers", posts, +1, "posting", delay=1.0), link("loyalty", posts, +1, "posting", delay=1.0)]
        if params.posting > 0.0:
            found.append(link(posts, "interactions", +1))
            if params.prizes:
                found.append(link(PLAN, posts, +1, "pull"))
            found.append(link(posts, "acquisition", +1, "convert", needs=("views",), delay=seen))
            found.append(link("satisfaction", "acquisition", +1, "valence", needs=("convert", "views"), delay=1.0 + seen))
        return tuple(found)

    @property
    def first_week(self) -> int:
        return self.params.start_week

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        for path, message in self.params.audience.problems(market, names):
            yield f"audience.{path}", message

    def _runs(self, world: World) -> bool:
        params, week = self.params, world.calendar.week
        return week >= params.start_week and (params.weeks is None or week < params.start_week + params.weeks)

    def arrive(self, world: World) -> None:
        params, calendar = self.params, world.calendar
        if calendar.week < params.start_week or not calendar.opens_week:
            return
        if calendar.week == params.start_week:
            own = world.own(self)
            own.audience[:] = params.audience.mask(world, self.name)
            world.each(wait_to_post, own.post_clock, world.key(self.GAP), np.uint64(word(self.name)))
            world.ledger.post("campaign_cost", money(params.setup_cost))
        elif params.audience.changes:
            world.own(self).audience[:] = params.audience.mask(world, self.name)
        self._show(world)
        if self._runs(world):
            self._ask(world)

    def _show(self, world: World) -> None:
        """What is posted by now brings visits of prospects."""
        params, shelf = self.params, world.note(self, Shelf)
        left = decay(params.lifetime_weeks, 1.0)
        shelf.posts, shelf.quality = left * shelf.posts + shelf.fresh, left * shelf.quality + shelf.fresh_quality
        shelf.fresh = shelf.fresh_quality = shelf.hazard = 0.0
        prospects = world.tally(count_prospects, 1, world.customers.status, world.customers.segment)[:, 0]
        most = params.saturation * int(prospects.sum())
        a_head = 0.0
        if shelf.posts > 0.0 and most > 0.0:
            a_head = params.saturation * (1.0 - float(exp32(f32(-params.views * shelf.posts / most))))
            shelf.hazard = a_head * hazard(params.convert) * shelf.quality / shelf.posts
        by_posts = np.rint(prospects * a_head).astype(np.int64)
        world.totals.add("content_visits", by_posts)
        world.totals.add("natural_visits", by_posts + np.rint(prospects * params.natural).astype(np.int64))

    def _ask(self, world: World) -> None:
        """Customers post; what they post is seen from next week on."""
        params, customers, own, shelf = self.params, world.customers, world.own(self), world.note(self, Shelf)
        world.ledger.post("campaign_cost", money(params.weekly_cost) + charge(params.prizes, params.prize_cost))
        rate = hazard(params.posting) / params.typical_loyalty * float(exp32(f32(params.pull if params.prizes else 0.0)))
        posting = np.empty(world.people, np.uint8)
        world.each(wish_to_post, posting, own.post_clock, own.audience, customers.status, customers.loyalty, f32(rate))
        writers = marked(posting)
        if not len(writers):
            return
        quality = world.over(
            write,
            len(writers),
            own.post_clock,
            own.posts,
            customers.interactions,
            customers.satisfaction,
            customers.usual_satisfaction,
            writers,
            world.key(self.GAP),
            np.uint64(word(self.name)),
            f32(params.valence),
        )
        shelf.fresh, shelf.fresh_quality = float(len(writers)), int(quality) / float(_FINE)
        world.totals.add("content_posts", world.by_segment(writers))

    def weigh(self, world: World) -> None:
        if world.calendar.week < self.params.start_week:
            return
        step = world.note(self, Shelf).hazard * world.calendar.dt
        if step > 0.0:
            world.each(see_posts, world.rates.cause("user_content"), world.customers.status, f32(step))


@kernel
def wait_to_post(post_clock, key, name, start, stop):
    """How much posting rate passes before each person's first post."""
    for i in range(start, stop):
        post_clock[i] = -log32(uniform(key, i, 1, name))


@kernel
def count_prospects(counts, status, segment, start, stop):
    """Prospects by segment."""
    for s in range(counts.shape[0]):
        total = i64(0)
        for i in range(start, stop):
            total += i64(1) if status[i] == PROSPECT and segment[i] == s else i64(0)
        counts[s, 0] += total


@kernel
def wish_to_post(posting, post_clock, audience, status, loyalty, rate, start, stop):
    """Mark customers whose next post is due; at most one a week, a second one waits."""
    for i in range(start, stop):
        asked = audience[i] != 0 and status[i] == ACTIVE
        left = post_clock[i] - (rate * loyalty[i] if asked else _ZERO)
        posting[i] = u8(1) if asked and left <= _ZERO else u8(0)
        post_clock[i] = left


@kernel
def write(post_clock, posts, interactions, satisfaction, usual, writers, key, name, valence, start, stop):
    """The posts of this week; returns the sum of their quality, in parts of 2**-16."""
    total = i64(0)
    for k in range(start, stop):
        i = writers[k]
        posts[i] = u16(min(i64(posts[i]) + 1, 65535))
        post_clock[i] -= log32(uniform(key, i, 1 + i64(posts[i]), name))
        interactions[i] = u8(min(i64(interactions[i]) + 1, _MOST))
        tone = max(satisfaction[i], _ONE) / max(usual[i], _ONE)
        total += i64(exp32(valence * log32(tone)) * _FINE)
    return total


@kernel
def see_posts(acquisition, status, step, start, stop):
    """The hazard of every prospect who may see posts."""
    for i in range(start, stop):
        acquisition[i] += step if status[i] == PROSPECT else _ZERO
