"""What causes and effects are told in: the quantities that components' links may name, and the links of life itself."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.links import link


@dataclass(frozen=True)
class Quantity:
    """A quantity of a causal-loop diagram.

    Attributes:
        doc: What it is, for all people together.
        fields: Shared fields of customers that hold it.
        total: Weekly total that counts it, if it is a flow that is counted.
    """

    doc: str
    fields: tuple[str, ...] = ()
    total: str | None = None


PLAN = "plan"

QUANTITIES = {
    PLAN: Quantity("What nothing in the market changes: the calendar, and what the firm has decided."),
    "customers": Quantity("Customers who have not left.", ("status",)),
    "purchase": Quantity("How fast they order."),
    "order_value": Quantity("What an order is worth."),
    "attrition": Quantity("How readily they leave."),
    "orders": Quantity("Orders placed.", (), "orders"),
    "exits": Quantity("Customers who leave.", (), "exits"),
    "acquisition": Quantity("Prospects won.", (), "new_customers"),
    "won_back": Quantity("Customers who return after having left.", (), "won_back"),
    "surprise": Quantity("How an order's quality exceeds what was expected of it."),
    "satisfaction": Quantity("Satisfaction of customers.", ("satisfaction",)),
    "loyalty": Quantity("Loyalty of customers.", ("loyalty",)),
    "praise": Quantity("Good messages heard from ties.", ("heard_strong", "heard_weak"), "messages_sent"),
    "criticism": Quantity("Bad messages heard from ties.", ("heard_negative",), "messages_sent"),
    "talkativeness": Quantity("How readily customers tell others of an order.", ("talkativeness",)),
    "interactions": Quantity("Likes, comments and shares.", ("interactions",)),
    "interaction_points": Quantity("Points for one interaction.", ("interaction_points",)),
    "contacts": Quantity("Messages of the firm that reach people.", ("contacts",), "contacts_sent"),
    "receptiveness": Quantity("How people respond to a message of the firm.", ("receptiveness",)),
    "consent": Quantity("People who still accept messages of the firm.", ("receptiveness",)),
    "rewards": Quantity("Rewards redeemed.", ("rewarded",), "rewards_redeemed"),
    "progress": Quantity("Way to the next reward, as shown.", ("progress",)),
    "gift": Quantity("Part of a goal that was given.", ("goal_gift",)),
    "goals_reached": Quantity("Goals reached before the open one.", ("goals_reached",)),
    "tier": Quantity("Tier held.", ("tier",)),
    "points_factor": Quantity("Factor on points earned.", ("points_factor",)),
    "priority": Quantity("Place in the service desk's queue.", ("priority",)),
    "failures": Quantity("Orders that failed."),
    "tickets": Quantity("Requests that reach the service desk.", (), "tickets"),
    "service": Quantity("Satisfaction added by service.", ("service",)),
    "care": Quantity("Attachment gained by care, community and recognition.", ("care",)),
    "invitation_pull": Quantity("How readily customers invite others, by a reward.", ("invitation_pull",)),
    "invitation_appeal": Quantity("How readily the invited come, by a reward.", ("invitation_appeal",)),
    "warnings": Quantity("Customers whom the firm is warned of.", ("warned",), "warnings"),
    "refunds": Quantity("Orders sent back.", (), "orders_returned"),
}
"""Quantities by name; a component's own are ``NAME.FIELD``, after one of its fields."""

LIFE = (
    link("purchase", "orders", +1),
    link("customers", "orders", +1),
    link("acquisition", "customers", +1),
    link("won_back", "customers", +1),
)
"""Links of the `live` phase; how customers leave stands with the behavior `attrition`."""
