"""The shared arrays of people: one row a person, prospects and later entrants included; rows never move.

The row number is the person's id, which keys every draw and every tie. An array that only one component touches
stands with that component instead.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from ..core.declare import Fields, field

f32, i32, i64, u8, u16 = np.float32, np.int32, np.int64, np.uint8, np.uint16

ABSENT, PROSPECT, ACTIVE, CHURNED = 0, 1, 2, 3
STATUS = ("absent", "prospect", "active", "churned")

NOBODY = -1.0e9
"""Week of something that has never happened."""


class Customers(Fields):
    """What more than one component knows of a person."""

    status: Any = field(u8, default=PROSPECT, unit="", low=0, high=3, doc="True state: absent, prospect, active, churned.")
    segment: Any = field(u8, default=0, unit="", doc="Segment, as its place in the scenario's list.")
    arm: Any = field(u8, default=0, unit="", optional=True, doc="Arm of an A/B test, 1 the control; there with `market.arms` only.")
    acquired_by: Any = field(u8, default=0, unit="", doc="Cause that won the customer; 0 for those who were there.")
    enters: Any = field(f32, default=0.0, unit="week", doc="Time at which the person enters the market.")
    joined: Any = field(f32, default=NOBODY, unit="week", doc="Time of the first order; before the start if negative.")
    last_order: Any = field(f32, default=NOBODY, unit="week", doc="Time of the latest order.")
    orders_before: Any = field(u16, default=0, unit="orders", low=0, doc="Orders before the start, first one included.")
    n_orders: Any = field(i32, default=0, unit="orders", low=0, doc="Orders since the start.")
    spent: Any = field(i64, default=0, unit="money", low=0, doc="Order values since the start, before discounts.")

    purchase_rate: Any = field(f32, default=0.0, unit="1/week", low=0, doc="Base order rate, before any term.")
    attrition_hazard: Any = field(
        f32, default=0.0, unit="1", low=0, doc="Base hazard of leaving: per order, week or renewal, by kind of attrition."
    )
    log_basket: Any = field(f32, default=0.0, unit="log money", doc="Log of the person's own scale of order value.")
    order_clock: Any = field(f32, default=0.0, unit="1", doc="Accumulated purchase rate still to pass until the next order.")
    status_clock: Any = field(
        f32, default=0.0, unit="1", doc="Hazard still to pass until the status changes: acquisition or exit."
    )

    satisfaction: Any = field(f32, default=70.0, unit="points", low=0, high=100, doc="Overall satisfaction now.")
    usual_satisfaction: Any = field(
        f32, default=70.0, unit="points", low=0, high=100, doc="Own long-run satisfaction, to which it returns."
    )
    loyalty: Any = field(f32, default=0.5, unit="share", low=0, high=1, doc="Weighted affective, behavioral, cognitive loyalty.")
    heard_strong: Any = field(u16, default=0, unit="messages", weekly=True, doc="Positive messages from strong ties, heard this week.")
    heard_weak: Any = field(u16, default=0, unit="messages", weekly=True, doc="Positive messages from weak ties, heard this week.")
    heard_negative: Any = field(u16, default=0, unit="messages", weekly=True, doc="Negative messages from any tie, heard this week.")
    contacts: Any = field(u8, default=0, unit="contacts", fresh=True, doc="Messages of the firm that reach the person this step.")
    receptiveness: Any = field(
        f32, default=1.0, unit="1", low=0, high=1, doc="Factor on the response to a message of the firm; 1 if rested."
    )
    rewarded: Any = field(
        f32,
        default=0.0,
        unit="rewards",
        low=0,
        fresh=True,
        doc="Rewards redeemed in the step before; one of little worth counts in part.",
    )

    tier: Any = field(u8, default=0, unit="", optional=True, doc="Tier held, 1 the lowest; 0 without one.")
    points_factor: Any = field(
        f32, default=1.0, unit="1", low=0, optional=True, fresh=True, doc="Factor on points earned this step: tiers, birthdays."
    )
    priority: Any = field(u8, default=0, unit="", optional=True, doc="Priority at the service desk; the highest is served first.")
    progress: Any = field(
        f32, default=0.0, unit="share", low=0, high=1, optional=True, fresh=True, doc="Way to the next reward as shown; 0 without a goal."
    )
    goal_orders: Any = field(
        f32, default=0.0, unit="orders", low=0, optional=True, fresh=True, doc="Own mean orders that the goal takes from its start."
    )
    goal_weeks: Any = field(
        f32, default=0.0, unit="weeks", low=0, optional=True, fresh=True, doc="Weeks within which the goal must be reached."
    )
    goals_reached: Any = field(u16, default=0, unit="goals", optional=True, fresh=True, doc="Goals reached before the open one.")
    goal_gift: Any = field(
        f32, default=0.0, unit="share", low=0, high=1, optional=True, fresh=True, doc="Part of the open goal that was given as a gift."
    )
    service: Any = field(
        f32, default=0.0, unit="points", optional=True, fresh=True, doc="Satisfaction added by service since the step before."
    )
    care: Any = field(
        f32,
        default=0.0,
        unit="share",
        low=-1,
        high=1,
        optional=True,
        fresh=True,
        doc="Attachment gained this step by care, community or recognition; lost by betrayal if negative.",
    )
    talkativeness: Any = field(
        f32, default=1.0, unit="1", low=0, optional=True, fresh=True, doc="Factor on the probability of telling others of an order."
    )
    interactions: Any = field(
        u8, default=0, unit="interactions", optional=True, fresh=True, doc="Likes, comments and shares made since the step before."
    )
    interaction_points: Any = field(
        f32, default=0.0, unit="points", low=0, optional=True, fresh=True, doc="Points a tier gives for one interaction."
    )
    invitation_pull: Any = field(
        f32, default=1.0, unit="1", low=0, optional=True, fresh=True, doc="Factor on the rate at which the person invites others."
    )
    invitation_appeal: Any = field(
        f32, default=1.0, unit="1", low=0, optional=True, fresh=True, doc="Factor on the hazard by which the person's invitation wins."
    )
    invited_by: Any = field(i32, default=-1, unit="", optional=True, doc="Who last invited the person; -1 for nobody.")
    warned: Any = field(u8, default=0, unit="warnings", optional=True, doc="Churn warnings of the firm that stand.")
    returns: Any = field(u8, default=0, unit="", doc="Times the customer was won back after leaving.")

    def __getitem__(self, person: int) -> SimpleNamespace:
        """One person as a plain row with the same names, for reading."""
        return SimpleNamespace(**self.row(person))
