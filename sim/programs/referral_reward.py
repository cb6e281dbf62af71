"""Referral reward: the firm rewards who brings a friend, and the friend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from ..core.component import Program
from ..core.declare import Fact, Fields, Parameters, field, flow, group, param, stream, word
from ..core.draws import exp32, uniform
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import charge, money
from ..world.audience import Audience
from ..world.customers import ACTIVE
from ..world.market import Market
from ..world.quantities import PLAN
from ..world.world import World

f32, i64, u8, u16 = np.float32, np.int64, np.uint8, np.uint16


class ReferralReward(Program):
    """A reward to the customer for each friend who comes by invitation, up to a cap, and one to the friend.

        rate of inviting x exp(pull w)                      while the customer can still earn the reward
        hazard by which an invitation wins x exp(appeal w)  for the friend's reward
        w = face value / mean order value, at most 1

    Both rewards are due with the friend's first order. Of all claims the share `fraud` are for friends who do not exist. Those who
    would have invited anyway are paid too. How people invite is behavior `referral`, which has to be on.
    Source: two-sided rewards as in Garnefeld et al. (2013), Journal of Marketing 77(4), and Schmitt, Skiera & Van den Bulte (2011), Journal
    of Marketing 75(1); rewards raise the likelihood of referring: Ryu & Feick (2007), Journal of Marketing 71(1), direction.
    """

    facts = (
        Fact(
            "Referred customers of a bank are worth 16 to 25 % more, over six years EUR 40; at a reward of EUR 25 the ROI is roughly .6.",
            "Schmitt, Skiera & Van den Bulte (2011), Journal of Marketing 75(1), and (2013), GfK Marketing Intelligence Review 5(1)",
            "wiring",
            "tests/sim/programs/test_referral_reward.py::test_the_reward_for_referred_customers_pays_as_much_as_published",
        ),
    )
    unpublished = "How many more invitations a reward brings has no published size: pull and appeal are assumed."

    type = "referral_reward"
    reads = ("status", "segment", "acquired_by", "invited_by", "invitation_pull", "invitation_appeal")
    writes = ("invitation_pull", "invitation_appeal")
    totals = (
        flow("referral_rewards", unit="rewards", doc="Friends for whom a referrer was rewarded, invented ones included."),
        flow("referral_fraud", unit="rewards", doc="Rewards for friends who do not exist."),
    )

    FRAUD = stream("referral_reward.fraud", per="life", doc="Whether a referrer also claims a friend who does not exist.")

    class State(Fields):
        audience: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether the person is offered the reward.")
        claims: Any = field(np.uint16, default=0, unit="rewards", doc="Rewards the person has had for friends.")

    class Params(Parameters):
        type: Literal["referral_reward"] = param("referral_reward", unit="", doc="Kind of program.", source="name")
        audience: Audience = group("Who is offered the reward.", Audience)
        start_week: int = param(1, unit="week", low=1, high=2000, doc="First week of the offer.", source="plan")
        weeks: int | None = param(None, unit="weeks", low=1, high=2000, doc="Length; to the horizon if not given.", source="plan")
        referrer_reward: float = param(
            5.0, unit="money", low=0.0, high=1e6, doc="Face value of the reward for bringing a friend.", source="plan"
        )
        friend_reward: float = param(5.0, unit="money", low=0.0, high=1e6, doc="Face value of the friend's reward.", source="plan")
        cost_share: float = param(
            1.0, unit="share", low=0.0, high=2.0, role="cost", doc="What a reward costs the firm, per face value.", source="plan"
        )
        cap: int = param(10, unit="rewards", low=1, high=65535, doc="Friends for whom one customer is rewarded.", source="plan")
        pull: float = param(
            1.1,
            unit="log",
            low=0.0,
            high=3.0,
            role="effect",
            neutral=0.0,
            doc="Log-term of a reward of full worth on the rate of inviting.",
            plausible=(0.2, 1.4),
            source="assumed; claim of a tea-brand case: growth by members to 3x, read as ln 3 of a reward worth an order",
        )
        appeal: float = param(
            0.4,
            unit="log",
            low=0.0,
            high=3.0,
            role="effect",
            neutral=0.0,
            doc="Log-term of a friend's reward of full worth on the hazard by which an invitation wins.",
            plausible=(0.0, 1.0),
            source="assumed",
        )
        full_worth: float = param(
            1.0,
            unit="orders",
            low=0.05,
            high=20.0,
            doc="Face value with full effect, in mean order values; less works in proportion.",
            plausible=(0.3, 2.0),
            source="assumed",
        )
        fraud: float = param(
            0.02,
            unit="share",
            low=0.0,
            high=0.5,
            role="cost",
            doc="Part of the claims that are for friends who do not exist.",
            plausible=(0.0, 0.1),
            source="assumed",
        )
        weekly_cost: float = param(0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Running cost a week.", source="plan")
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost at the start.", source="plan")

    @property
    def links(self) -> tuple[Link, ...]:
        return (
            link(PLAN, "invitation_pull", +1, "pull"),
            link(PLAN, "invitation_appeal", +1, "appeal"),
            # Friends who came use up the cap, and who has reached it is no longer drawn.
            link("acquisition", "invitation_pull", -1, "pull"),
        )

    @property
    def first_week(self) -> int:
        return self.params.start_week

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        for path, message in self.params.audience.problems(market, names):
            yield f"audience.{path}", message
        if "referral" not in names.get("cause", ()):
            yield "type", "nobody invites anybody: switch on behaviors.referral, such as referral: {}"

    def _runs(self, world: World) -> bool:
        params, week = self.params, world.calendar.week
        return week >= params.start_week and (params.weeks is None or week < params.start_week + params.weeks)

    def arrive(self, world: World) -> None:
        params, calendar, own = self.params, world.calendar, world.own(self)
        if not self._runs(world):
            return
        if calendar.opens_week:
            starts = calendar.week == params.start_week
            if starts or params.audience.changes:
                own.audience[:] = params.audience.mask(world, self.name)
            if starts:
                world.ledger.post("program_fixed_cost", money(params.setup_cost))
            world.ledger.post("program_fixed_cost", money(params.weekly_cost))
        full = max(params.full_worth * world.population.mean_basket, 1e-9)
        world.each(
            announce,
            world.customers.invitation_pull,
            world.customers.invitation_appeal,
            own.audience,
            own.claims,
            params.cap,
            f32(exp32(f32(params.pull * min(params.referrer_reward / full, 1.0)))),
            f32(exp32(f32(params.appeal * min(params.friend_reward / full, 1.0)))),
        )

    def settle(self, world: World) -> None:
        params, customers, own, acquired = self.params, world.customers, world.own(self), world.events.acquired
        if not (self._runs(world) and len(acquired) and "referral" in world.rates.causes):
            return
        rewards = np.zeros((3, len(acquired)), np.int64)
        world.over(
            claim,
            len(acquired),
            *rewards,
            own.claims,
            own.audience,
            customers.status,
            customers.acquired_by,
            customers.invited_by,
            acquired,
            world.rates.causes.index("referral") + 1,
            params.cap,
            world.key(self.FRAUD),
            np.uint64(word(self.name)),
            f32(params.fraud / (1.0 - params.fraud)),
        )
        to_referrers, to_friends, invented = rewards
        world.totals.add("referral_rewards", world.by_segment(acquired, to_referrers))
        world.totals.add("referral_fraud", world.by_segment(acquired, invented))
        for given, reward in ((to_referrers, params.referrer_reward), (to_friends, params.friend_reward)):
            world.ledger.post("acquisition_cost", charge(world.by_segment(acquired, given), reward * params.cost_share))


@kernel
def announce(pull, appeal, audience, claims, cap, more, dearer, start, stop):
    """What the rewards do to the inviting of those who are offered them and can still earn one."""
    for i in range(start, stop):
        pull[i] *= more if audience[i] != 0 and claims[i] < cap else f32(1.0)
        appeal[i] *= dearer if audience[i] != 0 else f32(1.0)


@kernel
def claim(
    to_referrer, to_friend, invented, claims, audience, status, acquired_by, invited_by, acquired, cause, cap, key, name, odds, start, stop
):
    """Rewards due for each new customer: to the referrer if still there and below the cap, to the friend, and for an invented friend."""
    for k in range(start, stop):
        i = acquired[k]
        if acquired_by[i] != cause or invited_by[i] < 0 or audience[invited_by[i]] == 0:
            continue
        to_friend[k] = 1
        referrer = invited_by[i]
        if status[referrer] != ACTIVE:
            continue
        if claims[referrer] < cap:
            claims[referrer] += u16(1)
            to_referrer[k] = 1
        if claims[referrer] < cap and uniform(key, i, 0, name) < odds:
            claims[referrer] += u16(1)
            to_referrer[k] += 1
            to_friend[k] += 1
            invented[k] = 1
