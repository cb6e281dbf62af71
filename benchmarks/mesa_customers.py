"""The same market as plain Mesa: every customer an agent, ties as lists of agents, `AgentSet.do` once a week.

Written as one would write it in Mesa with care for speed, from the same formulas and parameters as the components of
`regulars`, with random numbers of its own. It serves as the yardstick of `make bench` and as a second opinion: its yearly
totals agree with those of `LoyaltyModel` within Monte Carlo error (tests/benchmarks/test_mesa_customers.py).

Covered: purchase, gamma-gamma spend, beta-geometric attrition, satisfaction, loyalty, word of mouth over strong and weak
ties, organic acquisition, contact fatigue, a points program (enrollment, accrual, redemption, expiry) and push messages.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from math import exp, log, log1p
from typing import Any

import mesa

PROSPECT, ACTIVE, CHURNED = 1, 2, 3
WEEKS_PER_YEAR = 365.25 / 7


class Rules:
    """Constants of a week, worked out once from the components' parameters."""

    def __init__(self, components: Iterable[Any]) -> None:
        by_type = {one.type: one.params for one in components}
        self.purchase, self.spend, self.attrition = by_type["purchase"], by_type["spend"], by_type["attrition"]
        self.weighs_exposure = self.attrition.exposure == "base"

        satisfaction = self.satisfaction = by_type["satisfaction"]
        surprise_sd = satisfaction.spread * (2.0 / (2.0 - satisfaction.adapting)) ** 0.5
        self.centre = (1.0 - satisfaction.loss_ratio) * surprise_sd * 0.3989422804014327
        self.satisfaction_return = 1.0 - 0.5 ** (1.0 / satisfaction.half_life)

        loyalty = self.loyalty = by_type["loyalty"]
        weights = (loyalty.affective_weight, loyalty.behavioral_weight, loyalty.cognitive_weight)
        self.weight_a, self.weight_b, self.weight_c = (one / sum(weights) for one in weights)
        self.forget_a = 1.0 - 0.5 ** (1.0 / loyalty.affective_half_life)
        self.keep_b = 0.5 ** (1.0 / loyalty.behavioral_half_life)
        self.forget_c = 1.0 - 0.5 ** (1.0 / loyalty.cognitive_half_life)
        self.fresh_order = (1.0 - self.keep_b) / self.keep_b

        word = self.word = by_type["word_of_mouth"]
        self.strong_hazard, self.weak_hazard = -log1p(-word.strong), -log1p(-word.weak)
        self.organic_hazard = -log1p(-by_type["organic_acquisition"].probability)

        self.fatigue = by_type["contact_fatigue"]
        self.load_kept = exp(-1.0)
        self.load_felt = 1.0 - exp(-1.0)

        push = self.push = by_type["push"]
        self.click = push.click_through * (push.relevance if push.mode == "tagged" else 1.0)
        speed = -log(push.carryover)
        self.goodwill_on_average = (1.0 - push.carryover) / speed

        points = self.points = by_type["points"]
        rewards = sorted(points.catalog.values(), key=lambda one: (one.points, -one.face_value))
        self.prices = [one.points for one in rewards]
        self.reward_costs = [one.unit_cost for one in rewards]
        point_value = sum(one.face_value / one.points for one in rewards) / len(rewards)
        enrollment = points.enrollment
        self.join_intercept = enrollment.intercept + enrollment.progress_slope * min(1.0, points.welcome_points / self.prices[0])
        self.join_slope = enrollment.value_slope * WEEKS_PER_YEAR * points.per_money * point_value
        self.redemption_hazard = points.redemption.rate * (1.0 - points.redemption.friction)
        self.stockpilers = points.redemption.stockpilers
        self.takes_all = points.redemption.takes == "all"
        self.expiry = points.expiry_weeks


class Customer(mesa.Agent):
    """One person: prospect, active or churned."""

    def __init__(self, model: MesaMarket, status: int) -> None:
        super().__init__(model)
        rules, luck = model.rules, model.random
        self.status = status
        self.strong: list[Customer] = []
        self.weak: list[Customer] = []
        self.rate = max(luck.gammavariate(rules.purchase.r, 1.0) / rules.purchase.alpha, 1e-12)
        self.hazard = -log1p(-min(luck.betavariate(rules.attrition.a, rules.attrition.b), 1.0 - 1e-12))
        self.basket = rules.spend.v / luck.gammavariate(rules.spend.q, 1.0)
        self.order_clock = luck.expovariate(1.0)
        self.status_clock = luck.expovariate(1.0)
        self.orders = 0
        self.orders_before = 0

        self.usual = min(max(luck.gauss(rules.satisfaction.mean, rules.satisfaction.between), 5.0), 95.0)
        self.satisfaction = self.expectation = self.usual
        self.affective, self.recent_rate, self.cognitive = 0.5, self.rate, self.usual / 100.0
        self.loyalty = self.start_loyalty = (
            0.5 * (rules.weight_a + rules.weight_b) + rules.weight_c * self.cognitive
        )
        self.heard_strong = self.heard_weak = self.heard_negative = 0

        self.is_member = False
        self.balance = 0
        self.lots: deque[list[int]] = deque()
        self.redeem_clock = 0.0
        self.wanted = min(int(luck.random() * len(rules.prices)), len(rules.prices) - 1)
        self.redeem_hazard = rules.redemption_hazard * (0.2 if luck.random() < rules.stockpilers else 1.0)
        self.rewarded = False

        self.goodwill = 0.0
        self.load = 0.0
        self.receptiveness = 1.0

    def live_past(self, weeks: float) -> None:
        """A customer's orders before the start, from a first one up to `weeks` ago."""
        age, time, gap, luck = weeks * self.random.random(), 0.0, self.order_clock, self.random
        self.orders_before = 1
        while time + gap / self.rate <= age:
            time += gap / self.rate
            self.orders_before += 1
            gap = luck.expovariate(1.0)
            self.status_clock -= self.hazard
            if self.status_clock <= 0.0:
                self.status = CHURNED
                return
        self.order_clock = gap - self.rate * (age - time)

    def week(self) -> None:
        """One week of this person; messages to others are left with the model for the next week."""
        model: Any = self.model
        contacts = self.take_message(model) if model.writes_this_week and self.status != PROSPECT else 0
        if self.status != CHURNED:
            orders = self.live(model)
            if self.status == PROSPECT:
                self.heard_strong = self.heard_weak = self.heard_negative = 0
                return
            rewarded = self.rewarded
            self.rewarded = False
            surprises = self.experience(model, orders, rewarded)
            if self.is_member and self.lots and model.runs_points:
                self.use_points(model)
            if orders:
                if model.runs_points:
                    self.earn(model, orders)
                self.learn(model.rules, len(orders))
            if self.status == ACTIVE:
                self.change_loyalty(model.rules, rewarded)
            if surprises:
                self.tell(model, surprises)
        elif self.lots and model.runs_points:
            self.expire(model)
        if contacts or self.load:
            self.tire(model, contacts)
        self.heard_strong = self.heard_weak = self.heard_negative = 0

    def take_message(self, model: MesaMarket) -> int:
        if self.receptiveness == 0.0:
            return 0
        totals, rules = model.totals, model.rules
        totals["contacts_sent"] += 1
        if self.random.random() < rules.click * self.receptiveness:
            totals["clicks"] += 1
            self.goodwill = min(self.goodwill + rules.push.effect, rules.push.ceiling)
        return 1

    def live(self, model: MesaMarket) -> list[float]:
        """Values of this week's orders; exit and acquisition on the way."""
        rules, totals, expovariate = model.rules, model.totals, self.random.expovariate
        log_purchase = log_attrition = 0.0
        if self.goodwill > 1e-4:
            log_purchase += self.goodwill * rules.goodwill_on_average
            self.goodwill *= rules.push.carryover
        left = 1.0
        values: list[float] = []
        if self.status == PROSPECT:
            heard = self.persuasion(rules) if self.heard_strong or self.heard_weak else 0.0
            hazard = rules.organic_hazard + heard
            if self.status_clock > hazard:
                self.status_clock -= hazard
                return values
            left -= self.status_clock / hazard
            totals["new_customers"] += 1
            totals["wom_acquired"] += self.random.random() * hazard >= rules.organic_hazard
            self.status, self.status_clock, self.order_clock = ACTIVE, expovariate(1.0), expovariate(1.0)
            values.append(self.basket * self.random.gammavariate(rules.spend.p, 1.0))
        else:
            above, better = self.loyalty - self.start_loyalty, (self.satisfaction - self.usual) / 10.0
            log_purchase += rules.loyalty.effect * above + rules.satisfaction.effect * better
            log_attrition = -rules.loyalty.attrition_effect * above - rules.satisfaction.attrition_effect * better
        speed = exp(log_purchase) if log_purchase else 1.0
        rate = self.rate * speed
        while self.order_clock <= rate * left:
            left -= self.order_clock / rate
            values.append(self.basket * self.random.gammavariate(rules.spend.p, 1.0))
            self.order_clock = expovariate(1.0)
            self.status_clock -= self.hazard * exp(log_attrition) / (speed if rules.weighs_exposure else 1.0)
            if self.status_clock <= 0.0:
                self.status = CHURNED
                totals["exits"] += 1
                break
        else:
            self.order_clock -= rate * left
        if values:
            self.orders += len(values)
            totals["orders"] += len(values)
            totals["revenue"] += sum(values)
        return values

    def persuasion(self, rules: Rules) -> float:
        """Hazard of being won by what the ties said."""
        good = self.heard_strong + self.heard_weak
        left = max(good - rules.word.negative_weight * self.heard_negative, 0.0)
        counted = rules.word.saturation * (1.0 - exp(-left / rules.word.saturation))
        return counted / good * (self.heard_strong * rules.strong_hazard + self.heard_weak * rules.weak_hazard)

    def experience(self, model: MesaMarket, orders: list[float], rewarded: bool) -> list[float]:
        """Satisfaction and expectation after this week; surprise of each order."""
        rules, params, random = model.rules, model.rules.satisfaction, self.random
        if self.status == ACTIVE:
            level = self.satisfaction + rules.satisfaction_return * (self.usual - self.satisfaction)
            if rewarded:
                level += params.reward_gain
            self.satisfaction = min(max(level, 0.0), 100.0)
            heard = self.heard_strong + self.heard_weak - self.heard_negative
            if heard:
                self.expectation = min(max(self.expectation + params.message_effect * heard, 0.0), 100.0)
        surprises = []
        for _ in orders:
            quality = self.usual + params.quality_shift + random.gauss(0.0, params.spread)
            if params.failure_rate and random.random() < params.failure_rate:
                quality -= params.failure_depth
            surprise = quality - self.expectation
            change = surprise if surprise > 0.0 else params.loss_ratio * surprise
            self.satisfaction = min(max(self.satisfaction + params.learning * (change - rules.centre), 0.0), 100.0)
            self.expectation = min(max(self.expectation + params.adapting * surprise, 0.0), 100.0)
            surprises.append(surprise)
        return surprises

    def expire(self, model: MesaMarket) -> None:
        while self.lots and self.lots[0][0] <= model.week_number:
            points = self.lots.popleft()[1]
            self.balance -= points
            model.totals["points_expired"] += points

    def use_points(self, model: MesaMarket) -> None:
        """Expiry of what is due, then the rewards that the balance pays, from the oldest points."""
        self.expire(model)
        rules = model.rules
        price = rules.prices[self.wanted]
        if self.status != ACTIVE or self.balance < price:
            return
        if self.redeem_clock > self.redeem_hazard:
            self.redeem_clock -= self.redeem_hazard
            return
        self.redeem_clock = self.random.expovariate(1.0)
        self.rewarded = True
        number = self.balance // price if rules.takes_all else 1
        due = number * price
        self.balance -= due
        model.totals["rewards_redeemed"] += number
        model.totals["points_redeemed"] += due
        model.totals["reward_cost"] += number * rules.reward_costs[self.wanted]
        while due:
            lot = self.lots[0]
            if lot[1] > due:
                lot[1] -= due
                break
            due -= lot[1]
            self.lots.popleft()

    def earn(self, model: MesaMarket, orders: list[float]) -> None:
        """Joining, and points of each order."""
        rules, points = model.rules, 0
        for value in orders:
            if not self.is_member:
                odds = rules.join_intercept + rules.join_slope * self.rate * value
                if self.random.random() >= 1.0 / (1.0 + exp(-min(odds, 80.0))):
                    continue
                self.is_member = True
                self.redeem_clock = self.random.expovariate(1.0)
                points += rules.points.welcome_points
                model.totals["enrolled"] += 1
            points += round(rules.points.per_money * value)
        if points:
            self.balance += points
            model.totals["points_issued"] += points
            self.lots.append([model.week_number + rules.expiry if rules.expiry else 10**9, points])

    def learn(self, rules: Rules, orders: int) -> None:
        lessons = self.orders + self.orders_before + rules.loyalty.learning
        for _ in range(orders):
            self.cognitive += (self.satisfaction / 100.0 - self.cognitive) / lessons
        self.recent_rate += rules.fresh_order * orders

    def change_loyalty(self, rules: Rules, rewarded: bool) -> None:
        a = self.affective + rules.forget_a * (0.5 - self.affective)
        b = self.recent_rate * rules.keep_b
        c = self.cognitive + rules.forget_c * (self.usual / 100.0 - self.cognitive)
        if rewarded:
            gain = rules.loyalty.reward_gain
            b += gain * self.rate
            c += (1.0 - c) * min(0.5 * gain, 1.0)
            a += (1.0 - a) * min(0.25 * gain, 1.0)
        good, ill = self.heard_strong + self.heard_weak, self.heard_negative
        if good or ill:
            c += (1.0 - c) * min(rules.loyalty.message_effect * good, 1.0)
            c -= c * min(rules.loyalty.message_effect * ill, 1.0)
        self.affective, self.recent_rate, self.cognitive = a, b, c
        self.loyalty = rules.weight_a * a + rules.weight_b * b / (b + self.rate) + rules.weight_c * c

    def tell(self, model: MesaMarket, surprises: list[float]) -> None:
        word, said = model.rules.word, 0
        for surprise in surprises:
            if said < word.cap and self.random.random() < word.base + word.surprise / 100.0 * abs(surprise):
                said += 1
                model.outbox.append((self, surprise >= 0.0))

    def tire(self, model: MesaMarket, contacts: int) -> None:
        if self.receptiveness == 0.0:
            return
        fatigue = model.rules.fatigue
        felt, kept = model.rules.load_felt, model.rules.load_kept
        self.load += contacts
        above = felt * self.load - fatigue.cap
        if contacts and above > 1e-3 and self.random.random() < 1.0 - exp(-fatigue.opt_out * above):
            self.receptiveness = 0.0
            model.totals["opted_out"] += 1
            return
        self.load *= kept
        if self.load < 0.01:
            self.load = 0.0
        above = felt / kept * self.load - fatigue.cap
        self.receptiveness = max(exp(-fatigue.tiring * above), 1e-6) if above > 0.0 else 1.0


class MesaMarket(mesa.Model):
    """The market of a scenario, agent by agent.

    Attributes:
        totals: Sums since the start.
        outbox: Who told of an order last week, and whether well.
    """

    def __init__(self, scenario: Any, *, seed: int = 1) -> None:
        """Draw the people and tie them.

        Args:
            scenario: As for `LoyaltyModel`; newcomers, segments and histories are not covered.
            seed: Of Mesa's own random numbers, and of the network, which is drawn as for `LoyaltyModel`.
        """
        super().__init__(rng=seed)
        market = scenario.market
        if market.newcomers or scenario.histories is not None or scenario.step_days != 7:
            raise ValueError("the plain Mesa market takes weeks of customers and prospects without recorded histories")
        self.rules = Rules(scenario.components)
        self.week_number = 0
        self.totals: defaultdict[str, float] = defaultdict(float)
        self.outbox: list[tuple[Customer, bool]] = []
        places = [ACTIVE] * market.customers + [PROSPECT] * market.prospects
        self.random.shuffle(places)
        people = [Customer(self, status) for status in places]
        for one in people:
            if one.status == ACTIVE:
                one.live_past(market.history_weeks)
        network = market.network.build(market.people, seed)
        starts = network.starts.tolist()
        weak, receivers = network.weak, network.receivers
        for at, one in enumerate(people):
            row = slice(starts[at], starts[at + 1])
            one.strong = [people[other] for other in receivers[row][~weak[row]].tolist()]
            one.weak = [people[other] for other in receivers[row][weak[row]].tolist()]

    def step(self) -> None:
        """One week."""
        self.week_number += 1
        week, rules = self.week_number, self.rules
        self.runs_points = week >= rules.points.start_week
        due = week - rules.push.start_week
        self.writes_this_week = due >= 0 and due % rules.push.every_weeks == 0
        self.deliver()
        self.agents.do("week")

    def deliver(self) -> None:
        """Messages of last week reach the ties."""
        messages, self.outbox = self.outbox, []
        for sender, is_good in messages:
            self.totals["messages_sent"] += len(sender.strong) + len(sender.weak)
            if is_good:
                for other in sender.strong:
                    other.heard_strong += 1
                for other in sender.weak:
                    other.heard_weak += 1
            else:
                for other in sender.strong:
                    other.heard_negative += 1
                for other in sender.weak:
                    other.heard_negative += 1

    def summary(self) -> dict[str, float]:
        """Sums since the start, and the state at the end."""
        everyone: list[Any] = list(self.agents)
        there = [one for one in everyone if one.status == ACTIVE]
        return {
            **self.totals,
            "active": len(there),
            "members": sum(one.is_member for one in there),
            "satisfaction_sum": sum(one.satisfaction for one in there),
            "loyalty_sum": sum(one.loyalty for one in there),
        }


