"""Referral: customers invite people they know, and who comes that way is another kind of customer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.component import Behavior
from ..core.declare import Fact, Fields, Parameters, field, flow, param, stream
from ..core.draws import exp32, log32, uniform, uniform_pair
from ..core.kernel import kernel
from ..core.links import Link, link, mean_lag
from ..core.units import WEEKS_PER_YEAR, hazard
from ..world.customers import ACTIVE, NOBODY, PROSPECT
from ..world.network import is_weak, neighbor
from ..world.workers import marked
from ..world.world import World

f32, i32, i64, u8, u16 = np.float32, np.int32, np.int64, np.uint8, np.uint16
_ZERO, _ONE = f32(0.0), f32(1.0)
_NEVER = f32(1.0e30)


class Invitations:
    """Invitations on their way and in people's hands, and who has come or brought somebody that way.

    Attributes:
        steps: Senders, receivers and appeal of the invitations of each step of this week, to arrive as the next one opens.
        receivers, appeal: Invitations that lie before prospects this week.
        friends: Customers who came by referral.
        referrers: Customers a friend of whom has come, each once, in rising order.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[np.ndarray, ...]] = []
        self.receivers, self.appeal = np.empty(0, np.int32), np.empty(0, np.float32)
        self.friends = self.referrers = np.empty(0, np.int32)

    def copy(self) -> Invitations:
        # Arrays are replaced, never changed in place.
        twin = Invitations()
        twin.__dict__.update(self.__dict__)
        twin.steps = list(self.steps)
        return twin


class Referral(Behavior):
    """Customers invite a prospect they know; a friend who comes spends more and stays longer, and so does who brought the friend.

        invitations a year of who would recommend = -log(1 - refer) loyalty / typical_loyalty x pull of a reward
        P(an invitation wins) = 1 - (1 - convert)^(appeal of a reward)
        friend:    order value x 1 + margin exp(-t / margin_weeks);  attrition hazard x friend_attrition
        referrer:  attrition hazard x referrer_attrition;  purchase rate x (1 + referrer_purchase)

    A share `intend` of people would recommend. An invitation goes to one tie who is no customer yet, strong ties first, and works
    in the week after. t counts weeks since the friend joined; the friend's lower hazard lasts while the referrer is a customer. What a
    referrer gains as a friend has come fades on the log scale with referrer_half_life.
    Source: funnel Kumar, Petersen & Leone (2007), Harvard Business Review 85(10), financial firm; friends Schmitt, Skiera & Van den Bulte
    (2011), Journal of Marketing 75(1), and Van den Bulte, Bayer, Skiera & Schmitt (2018), Journal of Marketing Research 55(1); referrers
    Garnefeld, Eggert, Helm & Tax (2013), Journal of Marketing 77(4).
    """

    facts = (
        Fact(
            "Of the customers of a financial firm 68 % would recommend and 33 % do; 14 % of those referred become customers.",
            "Kumar, Petersen & Leone (2007), Harvard Business Review 85(10)",
            "wiring",
            "tests/sim/behaviors/test_referral.py::test_the_funnel_is_that_of_kumar",
        ),
        Fact(
            "What customers spend hardly tells what their referrals are worth (correlation below .3).",
            "Kumar, Petersen & Leone (2007), direction",
            "emergent",
            "tests/sim/behaviors/test_referral.py::test_customer_value_hardly_tells_who_refers",
        ),
        Fact(
            "The margin of referred customers is higher at first (25 %), and erodes.",
            "Schmitt, Skiera & Van den Bulte (2011), Journal of Marketing 75(1)",
            "wiring",
            "tests/sim/behaviors/test_referral.py::test_a_friend_spends_more_at_first_and_less_so_with_time",
        ),
        Fact(
            "Referred customers stay longer only as long as their referrer does.",
            "Van den Bulte et al. (2018), Journal of Marketing Research 55(1)",
            "wiring",
            "tests/sim/behaviors/test_referral.py::test_a_friend_stays_longer_only_while_the_referrer_does",
        ),
    )

    type = "referral"
    reads = ("status", "loyalty", "acquired_by", "joined", "invitation_pull", "invitation_appeal", "invited_by")
    writes = ("invited_by",)
    cause = "referral"
    uses_ties = True
    totals = (
        flow("invitations", unit="invitations", doc="Invitations of customers to prospects."),
        flow("inviters", unit="people", doc="Customers who invited somebody for the first time."),
    )

    INTEND = stream("referral.intend", per="person", doc="Whether the person would recommend at all.")
    GAP = stream("referral.gap", per="invitation", doc="Unit exponential until the person's next invitation.")
    CHOICE = stream("referral.choice", per="invitation", doc="Whom the person invites.")

    class State(Fields):
        invitation_clock: Any = field(
            np.float32, default=1.0e30, unit="1", doc="Invitation rate still to pass until the next invitation; huge: never."
        )
        attempts: Any = field(np.uint16, default=0, unit="invitations", doc="Times the person wished to invite somebody.")
        invitations: Any = field(np.uint16, default=0, unit="invitations", doc="Times the person found somebody to invite.")
        friends: Any = field(np.uint16, default=0, unit="people", doc="Friends of the person who have come.")
        friend_came: Any = field(np.float32, default=NOBODY, unit="week", doc="Time at which the latest friend had come.")

    class Params(Parameters):
        intend: float = param(
            0.68,
            unit="share",
            low=0.0,
            high=1.0,
            doc="People who would recommend the firm.",
            source="Kumar, Petersen & Leone 2007, financial firm; telecom .81",
        )
        refer: float = param(
            0.485,
            unit="share",
            low=0.0,
            high=0.95,
            role="effect",
            neutral=0.0,
            doc="Part of those who would recommend that invite somebody within a year, without reward.",
            plausible=(0.2, 0.6),
            source="Kumar, Petersen & Leone 2007, financial firm: .33 of all customers, .68 intend; telecom .30 of .81; read as in a year",
        )
        convert: float = param(
            0.14,
            unit="probability",
            low=0.0,
            high=0.9,
            role="effect",
            neutral=0.0,
            doc="Probability that an invitation wins the prospect, without reward.",
            plausible=(0.05, 0.2),
            source="Kumar, Petersen & Leone 2007, financial firm; telecom .12",
        )
        typical_loyalty: float = param(
            0.55,
            unit="share",
            low=0.1,
            high=0.9,
            doc="Loyalty at which the rate of inviting is as stated.",
            plausible=(0.5, 0.6),
            source="assumed; loyalty of an average customer in balance",
        )
        margin: float = param(
            0.25,
            unit="1",
            low=0.0,
            high=1.0,
            role="effect",
            neutral=0.0,
            doc="What a referred customer spends more as a new customer, in parts.",
            plausible=(0.1, 0.35),
            source="Schmitt, Skiera & Van den Bulte 2011: margin higher, but eroding",
        )
        margin_weeks: float = param(
            104.0,
            unit="weeks",
            low=1.0,
            high=1040.0,
            doc="Weeks in which that falls to 1 / e.",
            plausible=(52.0, 156.0),
            source="assumed; gone after about three years in Schmitt, Skiera & Van den Bulte 2011",
        )
        friend_attrition: float = param(
            0.82,
            unit="1",
            low=0.2,
            high=1.0,
            role="effect",
            neutral=1.0,
            doc="Factor on a referred customer's attrition hazard while the referrer is a customer.",
            plausible=(0.7, 1.0),
            source="Schmitt, Skiera & Van den Bulte 2011: 18 %; only while the referrer stays, Van den Bulte et al. 2018",
        )
        referrer_attrition: float = param(
            0.59,
            unit="1",
            low=0.2,
            high=1.0,
            role="effect",
            neutral=1.0,
            doc="Factor on the attrition hazard of who has just brought a friend.",
            plausible=(0.34, 1.0),
            source="half, on the log scale, of Garnefeld et al. 2013: 19 to 7 % a year against matched customers",
        )
        referrer_purchase: float = param(
            0.057,
            unit="1",
            low=0.0,
            high=0.5,
            role="effect",
            neutral=0.0,
            doc="Orders more of who has just brought a friend, in parts.",
            plausible=(0.0, 0.114),
            source="half of the revenue of Garnefeld et al. 2013: 11.4 % against matched customers",
        )
        referrer_half_life: float = param(
            52.0,
            unit="weeks",
            low=1.0,
            high=1040.0,
            doc="Weeks in which half of what inviting does to the referrer is gone.",
            plausible=(13.0, 104.0),
            source="assumed; Garnefeld et al. 2013 look at a year",
        )

    @property
    def links(self) -> tuple[Link, ...]:
        params = self.params
        if params.refer == 0.0 or params.convert == 0.0:
            return ()
        invitations, friends = f"{self.name}.invitations", f"{self.name}.friends"
        lasts = mean_lag(params.referrer_half_life)
        # An invitation arrives in the week after.
        return (
            link("customers", invitations, +1, "refer", delay=1.0, ties=True),
            link("loyalty", invitations, +1, "refer", delay=1.0, ties=True),
            link("invitation_pull", invitations, +1, "refer", delay=1.0, ties=True),
            link(invitations, "acquisition", +1, "convert"),
            link("invitation_appeal", "acquisition", +1, "convert"),
            link("acquisition", friends, +1, "convert"),
            link(friends, "order_value", +1, "margin", delay=params.margin_weeks),
            link(friends, "attrition", -1, "friend_attrition"),
            link(friends, "attrition", -1, "referrer_attrition", delay=lasts),
            link(friends, "purchase", +1, "referrer_purchase", delay=lasts),
        )

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        return {"cause": ("referral",)}

    def begin(self, world: World) -> None:
        own = world.own(self)
        world.each(intend, own.invitation_clock, world.key(self.INTEND), world.key(self.GAP), f32(self.params.intend))

    def arrive(self, world: World) -> None:
        if not world.calendar.opens_week:
            return
        note = world.note(self, Invitations)
        sent, note.steps = note.steps, []
        if not sent:
            _, note.receivers, note.appeal = _NOTHING
            return
        senders, note.receivers, note.appeal = (np.concatenate(one) for one in zip(*sent, strict=True))
        world.over(hand_over, len(senders), world.customers.invited_by, world.customers.status, senders, note.receivers)
        world.totals.add("invitations", world.by_segment(senders))

    def weigh(self, world: World) -> None:
        customers, rates, params, own = world.customers, world.rates, self.params, world.own(self)
        note, now = world.note(self, Invitations), world.calendar.now + 0.5 * world.calendar.dt
        world.over(
            invite,
            len(note.receivers),
            rates.cause("referral"),
            customers.status,
            note.receivers,
            note.appeal,
            f32(hazard(params.convert) * world.calendar.dt),
        )
        world.over(
            befriend,
            len(note.friends),
            rates.log_order_value,
            rates.log_attrition,
            customers.status,
            customers.joined,
            customers.invited_by,
            note.friends,
            f32(now),
            f32(params.margin),
            f32(-1.0 / params.margin_weeks),
            f32(log32(f32(params.friend_attrition))),
        )
        world.over(
            commit,
            len(note.referrers),
            rates.log_purchase,
            rates.log_attrition,
            own.friend_came,
            note.referrers,
            f32(now),
            f32(-_LN2 / params.referrer_half_life),
            f32(log32(f32(1.0 + params.referrer_purchase))),
            f32(log32(f32(params.referrer_attrition))),
        )

    def settle(self, world: World) -> None:
        self._welcome(world)
        self._write(world)

    def _welcome(self, world: World) -> None:
        """Note who has come, and by whom."""
        customers, own, acquired = world.customers, world.own(self), world.events.acquired
        came = acquired[customers.acquired_by[acquired] == world.rates.causes.index("referral") + 1]
        if not len(came):
            return
        note = world.note(self, Invitations)
        referrers = customers.invited_by[came]
        note.friends = np.concatenate([note.friends, came])
        note.referrers = np.union1d(note.referrers, referrers)
        world.over(thank, len(came), own.friends, own.friend_came, referrers, f32(world.calendar.now + world.calendar.dt))

    def _write(self, world: World) -> None:
        """Invitations of this step, which arrive as the next week opens."""
        params, customers, own = self.params, world.customers, world.own(self)
        network = world.network
        if params.refer == 0.0 or params.convert == 0.0 or network is None:
            return
        wishing = np.empty(world.people, np.uint8)
        pull, appeal = customers.invitation_pull, customers.invitation_appeal
        yearly = hazard(params.refer)
        world.each(
            wish,
            wishing,
            own.invitation_clock,
            customers.status,
            customers.loyalty,
            pull,
            pull.size > 0,
            f32(yearly / WEEKS_PER_YEAR / params.typical_loyalty * world.calendar.dt),
        )
        senders = marked(wishing)
        receivers = np.empty(len(senders), np.int32)
        first = world.over(
            choose,
            len(senders),
            receivers,
            own.invitation_clock,
            own.attempts,
            own.invitations,
            customers.status,
            network.ties,
            network.starts,
            senders,
            world.key(self.GAP),
            world.key(self.CHOICE),
        )
        world.totals.add("inviters", int(first))
        found = receivers >= 0
        senders, receivers = senders[found], receivers[found]
        with_appeal = appeal[senders] if appeal.size else np.ones(len(senders), np.float32)
        world.note(self, Invitations).steps.append((senders, receivers, with_appeal))


_LN2 = 0.6931471805599453
_NOTHING = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32))


@kernel
def intend(invitation_clock, intend_key, gap_key, share, start, stop):
    """Who would recommend, and how long until the first invitation."""
    for i in range(start, stop):
        would = uniform(intend_key, i, 0, 0) < share
        invitation_clock[i] = -log32(uniform(gap_key, i, 1, 0)) if would else _NEVER


@kernel
def wish(wishing, invitation_clock, status, loyalty, pull, pulled, rate, start, stop):
    """Mark customers whose invitation is due in this step; at most one a step, a second one waits for the next."""
    if pulled:
        for i in range(start, stop):
            left = invitation_clock[i] - (rate * loyalty[i] * pull[i] if status[i] == ACTIVE else _ZERO)
            wishing[i] = u8(1) if left <= _ZERO and status[i] == ACTIVE else u8(0)
            invitation_clock[i] = left
    else:
        for i in range(start, stop):
            left = invitation_clock[i] - (rate * loyalty[i] if status[i] == ACTIVE else _ZERO)
            wishing[i] = u8(1) if left <= _ZERO and status[i] == ACTIVE else u8(0)
            invitation_clock[i] = left


@kernel
def choose(receivers, invitation_clock, attempts, invitations, status, ties, starts, senders, gap_key, choice_key, start, stop):
    """A tie of each sender who is no customer yet, strong ties first, -1 if there is none; returns who invite for the first time."""
    first_time = i64(0)
    for k in range(start, stop):
        sender = senders[k]
        attempts[sender] = u16(min(i64(attempts[sender]) + 1, 65535))
        invitation_clock[sender] -= log32(uniform(gap_key, sender, 1 + i64(attempts[sender]), 0))
        begin, end = starts[sender], starts[sender + 1]
        weak = begin
        while weak < end and not is_weak(ties[weak]):
            weak += 1
        among_strong, among_weak = uniform_pair(choice_key, sender, i64(attempts[sender]), 0)
        chosen = i64(-1)
        for part in range(2):
            low, high = (begin, weak) if part == 0 else (weak, end)
            luck = among_strong if part == 0 else among_weak
            size = high - low
            offset = min(i64(luck * f32(size)), size - 1)
            for step in range(size):
                if chosen >= 0:
                    break
                other = neighbor(ties[low + (offset + step) % size])
                if status[other] == PROSPECT:
                    chosen = other
        receivers[k] = i32(chosen)
        if chosen >= 0:
            first_time += i64(1) if invitations[sender] == 0 else i64(0)
            invitations[sender] = u16(min(i64(invitations[sender]) + 1, 65535))
    return first_time


@kernel
def hand_over(invited_by, status, senders, receivers, start, stop):
    """Prospects remember who invited them; of several in one week the last."""
    for k in range(start, stop):
        i = receivers[k]
        if status[i] == PROSPECT:
            invited_by[i] = senders[k]


@kernel
def invite(acquisition, status, receivers, appeal, step, start, stop):
    """Hazard by which invitations win prospects."""
    for k in range(start, stop):
        i = receivers[k]
        if status[i] == PROSPECT:
            acquisition[i] += appeal[k] * step


@kernel
def befriend(log_order_value, log_attrition, status, joined, invited_by, friends, now, margin, forget, stay, start, stop):
    """Terms of who came by referral on the order value and, while the referrer is a customer, on the attrition hazard."""
    for k in range(start, stop):
        i = friends[k]
        log_order_value[i] += log32(_ONE + margin * exp32(forget * max(now - joined[i], _ZERO)))
        if status[invited_by[i]] == ACTIVE:
            log_attrition[i] += stay


@kernel
def commit(log_purchase, log_attrition, friend_came, referrers, now, forget, more, stay, start, stop):
    """Terms of having brought a friend on the referrer's own purchase rate and attrition hazard."""
    for k in range(start, stop):
        i = referrers[k]
        left = exp32(forget * max(now - friend_came[i], _ZERO))
        log_purchase[i] += more * left
        log_attrition[i] += stay * left


@kernel
def thank(friends, friend_came, referrers, time, start, stop):
    """Count the friend who has come for the one who brought the friend."""
    for k in range(start, stop):
        i = referrers[k]
        friends[i] = u16(min(i64(friends[i]) + 1, 65535))
        friend_came[i] = time
