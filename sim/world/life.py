"""The `live` phase: orders, exits and acquisitions from unit-rate clocks.

A person's next order comes when the accumulated purchase rate passes a keyed unit-mean gap; the exit when the
accumulated attrition hazard passes one keyed unit exponential a life; a prospect is won when the accumulated
acquisition hazard does. The n-th order therefore meets the same luck in every scenario, whatever the week it falls in,
and a scenario that only speeds people up harms nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..core.declare import stream
from ..core.draws import exp32, gamma_table, log32, log_quantile, quantile, uniform
from ..core.kernel import kernel
from ..core.units import MONEY
from .customers import ABSENT, ACTIVE, CHURNED, PROSPECT
from .events import ORDER_ROOM

f32, f64, i32, i64, u8, u64 = np.float32, np.float64, np.int32, np.int64, np.uint8, np.uint64

GAP = stream("life.gap", per="order", doc="Unit-mean gap to the next order; the clock of purchases.")
VALUE = stream("life.value", per="order", doc="Value of an order within the person's own distribution.")
LIFE = stream("life.exit", per="life", doc="Unit exponential of attrition hazard that a life lasts.")
ACQUISITION = stream("life.acquisition", per="life", doc="Unit exponential of acquisition hazard until a prospect is won.")
RETURN = stream("life.return", per="life", doc="Unit exponential of win-back hazard until a departed customer returns.")
CAUSE = stream("life.cause", per="life", doc="Which cause won the customer, in proportion to the hazards.")

NEVER, PER_ORDER, PER_WEEK, PER_RENEWAL = 0, 1, 2, 3

_MONEY = f64(MONEY)
_HUGE = f32(1.0e30)
_MOST = f32(256.0)
_ONE, _ZERO = f32(1.0), f32(0.0)


@dataclass
class Life:
    """How people live: what `purchase`, `spend` and `attrition` lay down when the world is founded.

    Attributes:
        gap_table: Log-quantiles of the unit-mean gap between orders.
        value_table: Log-quantiles of order value relative to the person's own scale.
        attrition: One of `NEVER`, `PER_ORDER` (beta-geometric), `PER_WEEK` (Pareto), `PER_RENEWAL` (contractual).
        exposure_per_order: In per-order mode: True lets each order carry the full hazard (literal BG/NBD), False weighs
            it by base rate over current rate, so that selling more often does not by itself end more lives.
        period_weeks: Weeks from renewal to renewal.
    """

    gap_table: np.ndarray = field(default_factory=lambda: gamma_table(1.0))
    value_table: np.ndarray = field(default_factory=lambda: np.zeros(4096, np.float32))
    attrition: int = NEVER
    exposure_per_order: bool = False
    period_weeks: float = 52.0


@kernel
def set_pace(purchase, purchase_rate, log_purchase, start, stop):
    """The purchase rate in force: base rate times exp of all terms, at most 256 a week."""
    for i in range(start, stop):
        purchase[i] = min(purchase_rate[i] * exp32(log_purchase[i]), _MOST)


@kernel
def pass_time(
    busy,
    order_clock,
    status_clock,
    status,
    purchase,
    attrition_hazard,
    log_attrition,
    acquisition,
    enters,
    attrition,
    now,
    dt,
    start,
    stop,
):
    """Let the step pass for all to whom nothing happens, and mark the others as busy.

    In most weeks most people do nothing. This loop has no branch that the compiler could not turn into vector code.
    """
    step, end = f32(dt), f32(now + dt)
    weekly, renewing = attrition == PER_WEEK, attrition == PER_RENEWAL
    for i in range(start, stop):
        state = status[i]
        active, waiting = state == ACTIVE, state == PROSPECT or state == CHURNED
        passed = purchase[i] * step if active else _ZERO
        hazard = acquisition[i] if waiting else _ZERO
        if weekly:
            hazard = attrition_hazard[i] * exp32(log_attrition[i]) * step if active else hazard
        acts = active and (renewing or order_clock[i] <= passed or (weekly and status_clock[i] <= hazard))
        acts = acts or (waiting and status_clock[i] <= hazard) or (state == ABSENT and enters[i] < end)
        busy[i] = u8(1) if acts else u8(0)
        order_clock[i] -= _ZERO if acts else passed
        status_clock[i] -= _ZERO if acts else hazard


@kernel
def live(
    order_person,
    order_value,
    order_number,
    order_time,
    exits,
    acquired,
    returned,
    counts,
    status,
    order_clock,
    status_clock,
    n_orders,
    joined,
    last_order,
    acquired_by,
    returns,
    spent,
    purchase_rate,
    attrition_hazard,
    log_basket,
    enters,
    purchase,
    log_order_value,
    log_attrition,
    acquisition,
    busy,
    gap_table,
    value_table,
    gap_key,
    value_key,
    life_key,
    return_key,
    cause_key,
    attrition,
    exposure_per_order,
    period,
    now,
    dt,
    start,
    stop,
):
    """One step of the busy people; returns the place in `busy` of the first not served for want of room in the buffers.

    Purchase, exit and renewal of a person are interleaved in continuous time within the step.
    """
    end = f32(now + dt)
    n_causes = acquisition.shape[0]
    for k in range(start, stop):
        if counts[0] + ORDER_ROOM > order_person.size:
            return k
        if counts[1] + 1 > exits.size or counts[2] + 1 > acquired.size or counts[4] + 1 > returned.size:
            return k
        i = busy[k]
        state = status[i]
        left = f32(dt)
        if state == ABSENT:
            left = min(f32(dt), end - enters[i])
            if joined[i] >= _ZERO:
                # A cohort's customer: the first order is the entry itself and is not counted.
                state = u8(ACTIVE)
                joined[i] = enters[i]
                last_order[i] = enters[i]
                counts[3] += 1
            else:
                state = u8(PROSPECT)
            status[i] = state
        if state == PROSPECT or state == CHURNED:
            hazard = acquisition[n_causes - 1, i] * (left / f32(dt))
            if status_clock[i] > hazard:
                status_clock[i] -= hazard
                continue
            share = status_clock[i] / hazard
            whole = hazard * f32(dt) / left
            left = left * (_ONE - share)
            status[i] = u8(ACTIVE)
            if state == PROSPECT:
                pick = uniform(cause_key, i, 0, 0) * whole
                cause = 0
                while cause + 1 < n_causes and pick >= acquisition[cause, i]:
                    cause += 1
                acquired_by[i] = u8(cause + 1)
                joined[i] = end - left
                acquired[counts[2]] = i
                counts[2] += 1
            else:
                returns[i] = u8(min(i64(returns[i]) + 1, 255))
                returned[counts[4]] = i
                counts[4] += 1
            status_clock[i] = -log32(uniform(life_key, i, 1 + i64(returns[i]), 0))
            n_orders[i] += 1
            number = n_orders[i]
            value = log_basket[i] + log_order_value[i] + log_quantile(value_table, uniform(value_key, i, number, 0))
            units = i64(np.rint(f64(exp32(min(value, f32(25.0)))) * _MONEY))
            at = counts[0]
            order_person[at] = i
            order_value[at] = units
            order_number[at] = number
            order_time[at] = end - left
            counts[0] = at + 1
            spent[i] += units
            last_order[i] = end - left
            order_clock[i] = quantile(gap_table, uniform(gap_key, i, number + 1, 0))
        rate = purchase[i]
        hazard_rate = _ZERO
        if attrition == PER_WEEK:
            hazard_rate = attrition_hazard[i] * exp32(log_attrition[i])
        renewal_in = _HUGE
        if attrition == PER_RENEWAL:
            tenure = f64(end) - f64(left) - f64(joined[i])
            due = np.floor((tenure + f64(left)) / period)
            if due > np.floor(tenure / period):
                renewal_in = f32(due * period - tenure)
        while True:
            ordering = order_clock[i] <= rate * left
            until_order = order_clock[i] / rate if ordering else _HUGE
            leaving = status_clock[i] <= hazard_rate * left
            until_exit = status_clock[i] / hazard_rate if leaving else _HUGE
            if renewal_in <= left and renewal_in <= until_order and renewal_in <= until_exit:
                order_clock[i] -= rate * renewal_in
                left -= renewal_in
                renewal_in = _HUGE
                status_clock[i] -= attrition_hazard[i] * exp32(log_attrition[i])
                if status_clock[i] <= _ZERO:
                    status[i] = u8(CHURNED)
                    exits[counts[1]] = i
                    counts[1] += 1
                    break
                continue
            if leaving and until_exit < until_order:
                status[i] = u8(CHURNED)
                exits[counts[1]] = i
                counts[1] += 1
                break
            if not ordering:
                order_clock[i] -= rate * left
                status_clock[i] -= hazard_rate * left
                break
            left -= until_order
            if renewal_in < _HUGE:
                renewal_in -= until_order
            status_clock[i] -= hazard_rate * until_order
            n_orders[i] += 1
            number = n_orders[i]
            value = log_basket[i] + log_order_value[i] + log_quantile(value_table, uniform(value_key, i, number, 0))
            units = i64(np.rint(f64(exp32(min(value, f32(25.0)))) * _MONEY))
            at = counts[0]
            order_person[at] = i
            order_value[at] = units
            order_number[at] = number
            order_time[at] = end - left
            counts[0] = at + 1
            spent[i] += units
            last_order[i] = end - left
            order_clock[i] = quantile(gap_table, uniform(gap_key, i, number + 1, 0))
            if attrition == PER_ORDER:
                weight = _ONE if exposure_per_order else purchase_rate[i] / rate
                status_clock[i] -= attrition_hazard[i] * exp32(log_attrition[i]) * weight
                if status_clock[i] <= _ZERO:
                    status[i] = u8(CHURNED)
                    exits[counts[1]] = i
                    counts[1] += 1
                    break
        if status[i] == CHURNED:
            status_clock[i] = -log32(uniform(return_key, i, i64(returns[i]), 0))
    return stop
