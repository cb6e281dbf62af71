"""Draws the people: base rates for everyone, and for customers with a history their latent state given it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.declare import stream
from ..core.draws import exp32, gamma_table, log32, log_quantile, normal32, quantile, uniform, uniform_pair
from ..core.kernel import kernel
from .customers import ABSENT, ACTIVE, CHURNED, PROSPECT
from .life import ACQUISITION, GAP, LIFE, NEVER, PER_ORDER, PER_RENEWAL, PER_WEEK, RETURN
from .workers import marked

f32, f64, i32, i64, u8, u16, u64 = np.float32, np.float64, np.int32, np.int64, np.uint8, np.uint16, np.uint64

RATE = stream("population.rate", per="person", doc="Base purchase rate.")
LEAVING = stream("population.attrition", per="person", doc="Base attrition hazard.")
BASKET = stream("population.basket", per="person", doc="Own scale of order value.")
ALIVE = stream("population.alive", per="person", doc="Whether a customer with this history is still there.")
PLACE = stream("population.place", per="person", doc="Who of the market are customers, prospects and later entrants.")
HISTORY = stream("population.history", per="person", doc="Age of a customer without a record; entry of a newcomer.")
WHO = stream("population.who", per="person", doc="Which recorded history a customer gets.")
PAST = stream("population.past", per="order", doc="Gaps between orders before the start.")

HISTORY_COLUMNS = ("entry_week", "frequency", "recency_weeks", "age_weeks", "mean_value")

LOGNORMAL, GAMMA_GAMMA = 0, 1
_ONE, _ZERO, _HALF = f32(1.0), f32(0.0), f32(0.5)
_LEAST = f32(1.0e-12)


@dataclass
class Population:
    """Distributions from which people are drawn, laid down by `purchase`, `spend` and `attrition`.

    Attributes:
        rate_shape, rate_scale: Base purchase rate ~ Gamma(shape r, rate alpha) per week; nobody orders by default.
        rate_offset: Log factor on every base purchase rate, fitted so that behaviors in balance keep the calibration.
        timing_shape: Shape of the gaps between orders; 1 is Poisson, k is Erlang-k.
        attrition: `NEVER`, `PER_ORDER`, `PER_WEEK` or `PER_RENEWAL`.
        attrition_first, attrition_second: (a, b) of the beta per order, (s, beta) of the gamma per week, (alpha, beta)
            of the beta per renewal.
        attrition_offset: Log factor on every base attrition hazard.
        spend: `LOGNORMAL` or `GAMMA_GAMMA`.
        spend_first, spend_second, spend_third: (mean log, between-person sd, within-person sd) or (p, q, v).
    """

    rate_shape: float = 1.0
    rate_scale: float = float("inf")
    rate_offset: float = 0.0
    timing_shape: float = 1.0
    attrition: int = NEVER
    attrition_first: float = 1.0
    attrition_second: float = 1.0
    attrition_offset: float = 0.0
    spend: int = LOGNORMAL
    spend_first: float = 0.0
    spend_second: float = 0.0
    spend_third: float = 0.0

    @property
    def mean_rate(self) -> float:
        """Mean base purchase rate of a new customer, per week."""
        return self.rate_shape / self.rate_scale

    @property
    def mean_basket(self) -> float:
        """Mean order value over people and orders, money."""
        first, second, third = self.spend_first, self.spend_second, self.spend_third
        if self.spend == GAMMA_GAMMA:
            return first * third / (second - 1.0)
        return float(exp32(f32(first + 0.5 * (second**2 + third**2))))

    @property
    def mean_order(self) -> float:
        """Mean value of a person's orders in terms of the own scale, whose log is `Customers.log_basket`."""
        return self.spend_first if self.spend == GAMMA_GAMMA else float(exp32(f32(0.5 * self.spend_third**2)))

    def alive_probability(self, histories: np.ndarray) -> np.ndarray:
        """Probability that a customer with each history is still there, shape (histories,).

        Args:
            histories: Columns as `HISTORY_COLUMNS`.

        Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), for beta-geometric; Schmittlein, Morrison &
        Colombo (1987), Management Science 33(1), for Pareto.
        """
        x, recency, age = (histories[:, at].astype(np.float64) for at in (1, 2, 3))
        r, alpha, a, b = self.rate_shape, self.rate_scale, self.attrition_first, self.attrition_second
        if self.attrition == PER_ORDER:
            with np.errstate(over="ignore"):  # Infinite odds of having left are as good as certain.
                odds = a / np.maximum(b + x - 1.0, 1e-9) * ((alpha + age) / (alpha + recency)) ** (r + x)
            return np.where(x > 0, 1.0 / (1.0 + odds), 1.0)
        if self.attrition == PER_WEEK:
            return _pareto_alive(x, recency, age, r, alpha, a, b)
        return np.ones(len(histories))

    def draw(self, world: Any, people: np.ndarray, histories: np.ndarray | None, rows: np.ndarray | None) -> None:
        """Draw base rates of everyone the world is narrowed to, and the past of its customers.

        Args:
            world: The world whose customers are filled.
            people: The customers, int32.
            histories: Recorded histories (columns as `HISTORY_COLUMNS`), or None to let customers live a simulated past.
            rows: Which history each customer has, shape (len(people),), or None.
        """
        customers = world.customers
        world.each(
            draw_base,
            customers.purchase_rate,
            customers.attrition_hazard,
            customers.log_basket,
            customers.order_clock,
            customers.status_clock,
            customers.status,
            gamma_table(self.rate_shape),
            f32(self.rate_scale),
            *self._attrition_tables(),
            *self._spend_tables(),
            gamma_table(self.timing_shape, 1.0),
            i64(self.attrition),
            i64(self.spend),
            *(world.key(one) for one in (RATE, LEAVING, BASKET, GAP, LIFE, ACQUISITION)),
        )
        if world.market.start == "base":
            self._give_past(world, people, histories, rows)
            world.each(wait_departed, customers.status_clock, customers.status, world.key(RETURN))
        elif histories is not None:
            entry = histories[rows, 0]
            customers.enters[people] = entry
            customers.status[people[entry > 0.0]] = ABSENT
        world.each(
            shift_base, customers.purchase_rate, customers.attrition_hazard, f32(self.rate_offset), f32(self.attrition_offset)
        )

    def _attrition_tables(self) -> tuple[Any, ...]:
        if self.attrition == NEVER:
            return gamma_table(1.0), gamma_table(1.0), f32(1.0)
        if self.attrition == PER_WEEK:
            return gamma_table(self.attrition_first), gamma_table(1.0), f32(self.attrition_second)
        return gamma_table(self.attrition_first), gamma_table(self.attrition_second), f32(1.0)

    def _spend_tables(self) -> tuple[Any, ...]:
        shape = self.spend_second if self.spend == GAMMA_GAMMA else 1.0
        return gamma_table(shape), f32(self.spend_first), f32(self.spend_second), f32(self.spend_third)

    def _give_past(self, world: Any, people: np.ndarray, histories: np.ndarray | None, rows: np.ndarray | None) -> None:
        customers, market = world.customers, world.market
        scale = f32(self.rate_scale)
        common = (
            customers.status,
            customers.joined,
            customers.last_order,
            customers.orders_before,
            customers.order_clock,
            customers.purchase_rate,
            customers.attrition_hazard,
            customers.log_basket,
        )
        if histories is None:
            world.over(
                live_past,
                len(people),
                *common[:5],
                customers.status_clock,
                customers.purchase_rate,
                customers.attrition_hazard,
                people,
                gamma_table(self.timing_shape, 1.0),
                i64(self.attrition),
                f32(market.history_weeks),
                f64(world.life.period_weeks),
                world.key(HISTORY),
                world.key(PAST),
            )
            return
        chosen = np.ascontiguousarray(histories[rows], dtype=np.float32)
        alive = self.alive_probability(histories)[rows].astype(np.float32)
        world.over(
            draw_posterior,
            len(people),
            *common,
            people,
            chosen,
            alive,
            gamma_table(self.rate_shape),
            scale,
            *self._attrition_tables(),
            *self._spend_tables(),
            i64(self.attrition),
            i64(self.spend),
            f32(world.life.period_weeks),
            *(world.key(one) for one in (RATE, LEAVING, BASKET, ALIVE)),
        )
        if self.timing_shape != 1.0:
            _residual_gaps(customers, people, chosen, self.timing_shape, world)


def draw_people(world: Any, histories: np.ndarray | None) -> None:
    """Draw everyone in the market: status, base rates, and the customers' past, each stretch of segments in its own way.

    Args:
        world: The world whose customers are filled.
        histories: Recorded histories (columns as `HISTORY_COLUMNS`), or None to let customers live a simulated past.
    """
    _place(world)
    people = marked(world.customers.status == ACTIVE)
    rows = None if histories is None else _rows(world, people, len(histories))
    for segment, start, stop in world.stretches():
        a, b = np.searchsorted(people, (start, stop))
        with world.within(segment, start, stop):
            world.population.draw(world, people[a:b], histories, None if rows is None else rows[a:b])


def _rows(world: Any, people: np.ndarray, histories: int) -> np.ndarray:
    """Which history each customer gets: every one equally often, up to one, in an order that ties know nothing of."""
    order = np.empty(world.people, np.uint64)
    world.each(draw_place, order, world.key(WHO))
    rows = np.empty(len(people), np.int64)
    rows[np.argsort(order[people], kind="stable")] = (np.arange(len(people), dtype=np.int64) * histories) // max(len(people), 1)
    return rows


def _place(world: Any) -> None:
    """Decide who are customers, prospects and later entrants: exact numbers, spread at random over the rows."""
    market, customers = world.market, world.customers
    people = market.people
    if market.prospects == 0 and market.newcomers == 0:
        customers.status[:] = ACTIVE
    else:
        order = np.empty(people, np.uint64)
        world.each(draw_place, order, world.key(PLACE))
        rank = np.argsort(order, kind="stable")
        customers.status[:] = PROSPECT
        customers.status[rank[: market.customers]] = ACTIVE
        late = rank[market.customers + market.prospects :]
        customers.status[late] = ABSENT
        span = f32(world.calendar.horizon_weeks)
        customers.enters[late] = (np.arange(len(late), dtype=np.float32) + f32(0.5)) / f32(max(len(late), 1)) * span
    present = customers.status == ACTIVE
    customers.joined[present] = 0.0
    customers.last_order[present] = 0.0
    customers.orders_before[present] = 1


def _pareto_alive(x: np.ndarray, recency: np.ndarray, age: np.ndarray, r: float, alpha: float, s: float, beta: float) -> np.ndarray:
    """Probability of being still there under Pareto/NBD, shape (histories,).

    The odds of having left are the integral of s ((alpha + age) / (alpha + y))^(r + x) ((beta + age) / (beta + y))^s /
    (beta + y) over the time y of leaving, from recency to age, taken by Gauss-Legendre on log(m + y), m the smaller of
    alpha and beta, in logarithms: the published hypergeometric form overflows for heavy buyers.
    """
    from scipy.special import expit, expm1, log1p, logsumexp, roots_legendre, xlogy

    nodes, weights = roots_legendre(64)
    start = min(alpha, beta) + recency
    # Beyond, the integrand is under exp(-40) of its start.
    until = np.minimum(age - recency, (alpha + recency) * expm1(np.minimum(40.0 / (r + x), 500.0)))
    span = log1p(until / start)[:, None]
    w = span * (nodes + 1.0) / 2.0
    y = recency[:, None] + start[:, None] * expm1(w)
    left = age[:, None] - y
    odds = (r + x)[:, None] * log1p(left / (alpha + y)) + s * log1p(left / (beta + y)) + w - xlogy(1.0, beta + y)
    with np.errstate(divide="ignore"):  # No time to have left in.
        area = np.asarray(logsumexp(odds, axis=1, b=s * start[:, None] * span / 2.0 * weights))
    return expit(-area)


def _residual_gaps(customers: Any, people: np.ndarray, histories: np.ndarray, shape: float, world: Any) -> None:
    """Gap left for regular buyers, given that none of it has ended since the last order."""
    from scipy.special import gammainc, gammaincinv

    waited = customers.purchase_rate[people].astype(np.float64) * (histories[:, 3] - histories[:, 2]) * shape
    luck = np.empty(world.people, np.float32)
    world.each(draw_uniform, luck, world.key(GAP))
    below = np.minimum(gammainc(shape, waited), 1.0 - 1e-9)
    gap = gammaincinv(shape, below + (1.0 - below) * luck[people]) - waited
    customers.order_clock[people] = np.maximum(gap / shape, 1e-9).astype(np.float32)


@kernel
def draw_uniform(luck, key, start, stop):
    """The uniform of each person's first order."""
    for i in range(start, stop):
        luck[i] = uniform(key, i, 1, 0)


@kernel
def draw_place(order, key, start, stop):
    """A 46-bit key a person; its rank places the person."""
    for i in range(start, stop):
        first, second = uniform_pair(key, i, 0, 0)
        order[i] = u64(i64(first * f32(8388608.0))) * u64(8388608) + u64(i64(second * f32(8388608.0)))


@kernel
def erlang(key, person, first, count):
    """Sum of `count` unit exponentials: what observed events add to the shape of a gamma."""
    total = _ZERO
    for n in range(count):
        total -= log32(uniform(key, person, first + n, 0))
    return total


@kernel
def draw_base(
    purchase_rate,
    attrition_hazard,
    log_basket,
    order_clock,
    status_clock,
    status,
    rate_table,
    rate_scale,
    first_table,
    second_table,
    hazard_scale,
    basket_table,
    spend_first,
    spend_second,
    spend_third,
    gap_table,
    attrition,
    spend,
    rate_key,
    leaving_key,
    basket_key,
    gap_key,
    life_key,
    acquisition_key,
    start,
    stop,
):
    """Base rates and first clocks of everyone, as of a new customer."""
    for i in range(start, stop):
        purchase_rate[i] = quantile(rate_table, uniform(rate_key, i, 0, 0)) / rate_scale
        if attrition == NEVER:
            attrition_hazard[i] = _ZERO
        elif attrition == PER_WEEK:
            attrition_hazard[i] = quantile(first_table, uniform(leaving_key, i, 0, 0)) / hazard_scale
        else:
            leave, stay = uniform_pair(leaving_key, i, 0, 0)
            odds = exp32(log_quantile(first_table, leave) - log_quantile(second_table, _ONE - stay))
            attrition_hazard[i] = log32(_ONE + odds)
        u = uniform(basket_key, i, 0, 0)
        if spend == LOGNORMAL:
            log_basket[i] = spend_first + spend_second * normal32(u)
        else:
            log_basket[i] = log32(spend_third) - log_quantile(basket_table, _ONE - u)
        order_clock[i] = quantile(gap_table, uniform(gap_key, i, 1, 0))
        if status[i] == ACTIVE:
            status_clock[i] = -log32(uniform(life_key, i, 0, 0))
        else:
            status_clock[i] = -log32(uniform(acquisition_key, i, 0, 0))


@kernel
def wait_departed(status_clock, status, return_key, start, stop):
    """What it takes to win back each customer who has left before the start."""
    for i in range(start, stop):
        if status[i] == CHURNED:
            status_clock[i] = -log32(uniform(return_key, i, 0, 0))


@kernel
def shift_base(purchase_rate, attrition_hazard, rate_offset, attrition_offset, start, stop):
    """The fitted offsets, and a floor under rates that float32 could not divide by."""
    faster, shorter = exp32(rate_offset), exp32(attrition_offset)
    for i in range(start, stop):
        purchase_rate[i] = max(purchase_rate[i] * faster, _LEAST)
        attrition_hazard[i] = attrition_hazard[i] * shorter


@kernel
def draw_posterior(
    status,
    joined,
    last_order,
    orders_before,
    order_clock,
    purchase_rate,
    attrition_hazard,
    log_basket,
    people,
    histories,
    alive,
    rate_table,
    rate_scale,
    first_table,
    second_table,
    hazard_scale,
    basket_table,
    spend_first,
    spend_second,
    spend_third,
    attrition,
    spend,
    period,
    rate_key,
    leaving_key,
    basket_key,
    alive_key,
    start,
    stop,
):
    """Latent state of customers given their recorded histories (conjugate updates).

    A customer who is still there has rate ~ Gamma(r + x, alpha + age) and drop-out ~ Beta(a, b + x); one who has left
    after the last order has Gamma(r + x, alpha + recency) and Beta(a + 1, b + x - 1) (the same form serves Pareto, where
    the moment of leaving is put at the last order).
    """
    for k in range(start, stop):
        i = people[k]
        x = i64(histories[k, 1])
        recency, age = histories[k, 2], histories[k, 3]
        stays = uniform(alive_key, i, 0, 0) < alive[k]
        status[i] = u8(ACTIVE) if stays else u8(CHURNED)
        joined[i] = -age
        last_order[i] = recency - age
        orders_before[i] = u16(min(x + 1, 65535))
        seen = age if stays else recency
        shape = quantile(rate_table, uniform(rate_key, i, 0, 0)) + erlang(rate_key, i, 1, x)
        purchase_rate[i] = shape / (rate_scale + seen)
        if attrition == PER_WEEK:
            hazard = quantile(first_table, uniform(leaving_key, i, 0, 0))
            if not stays:
                hazard += erlang(leaving_key, i, 1, 1)
            attrition_hazard[i] = hazard / (hazard_scale + seen)
        elif attrition != NEVER:
            leave, stay = uniform_pair(leaving_key, i, 0, 0)
            left = quantile(first_table, leave)
            kept = quantile(second_table, _ONE - stay)
            if stays:
                # What a life has survived: its repeat orders, or under contract its renewals.
                kept += erlang(leaving_key, i, 1, i64(age / period) if attrition == PER_RENEWAL else x)
            else:
                left += erlang(leaving_key, i, 1, 1)
                kept += erlang(leaving_key, i, 2, max(x - 1, 0))
            attrition_hazard[i] = log32(_ONE + left / max(kept, _LEAST))
        if x > 0 and histories[k, 4] > _ZERO:
            u = uniform(basket_key, i, 0, 0)
            if spend == LOGNORMAL:
                # Normal prior on the own mean log, x observations with the within-person spread.
                within = spend_third * spend_third
                between = spend_second * spend_second
                weight = between * f32(x) / max(between * f32(x) + within, _LEAST)
                mean = log32(histories[k, 4]) - _HALF * within
                spread = np.sqrt(max(between * (_ONE - weight), _ZERO))
                log_basket[i] = spend_first + weight * (mean - spend_first) + f32(spread) * normal32(u)
            else:
                # Own rate ~ Gamma(q + p x, v + x mean); p x is rounded up or down at random, right on average.
                more = i64(spend_first * f32(x) + uniform(basket_key, i, 0, 1))
                grown = quantile(basket_table, _ONE - u) + erlang(basket_key, i, 1, more)
                log_basket[i] = log32(spend_third + f32(x) * histories[k, 4]) - log32(grown)


@kernel
def live_past(
    status,
    joined,
    last_order,
    orders_before,
    order_clock,
    status_clock,
    purchase_rate,
    attrition_hazard,
    people,
    gap_table,
    attrition,
    history_weeks,
    period,
    history_key,
    past_key,
    start,
    stop,
):
    """Let customers without a record live from their first order to the start, at their base rates."""
    for k in range(start, stop):
        i = people[k]
        age = history_weeks * uniform(history_key, i, 0, 0)
        gap = quantile(gap_table, uniform(past_key, i, 0, 0))
        clock = -log32(uniform(history_key, i, 1, 0))
        rate, hazard = max(purchase_rate[i], _LEAST), attrition_hazard[i]
        time = _ZERO
        orders = 1
        gone = False
        ends = age
        if attrition == PER_WEEK:
            if clock <= hazard * age:
                gone = True
                ends = clock / hazard
            clock -= hazard * ends
        if attrition == PER_RENEWAL:
            for n in range(i64(f64(age) / period)):
                clock -= hazard
                if clock <= _ZERO:
                    gone = True
                    ends = f32(period * (n + 1))
                    break
        while True:
            step = gap / rate
            if time + step > ends:
                gap -= rate * (ends - time)
                break
            time += step
            orders += 1
            gap = quantile(gap_table, uniform(past_key, i, orders, 0))
            if attrition == PER_ORDER:
                clock -= hazard
                if clock <= _ZERO:
                    gone = True
                    break
        if gone:
            status[i] = u8(CHURNED)
        joined[i] = -age
        last_order[i] = time - age
        orders_before[i] = u16(min(orders, 65535))
        order_clock[i] = max(gap, f32(1.0e-9))
        status_clock[i] = max(clock, f32(1.0e-9))
