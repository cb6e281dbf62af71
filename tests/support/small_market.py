"""A small market with every component switched on, for tests that ask something of all of them.

A component that comes later is picked up from the catalog. It is made with its defaults; where a kind demands more
than that, `EXAMPLES` says what.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from regulars.sim import catalog
from regulars.sim.core.component import SECTIONS, Component, Kpi, registry
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.market import Economics, Market

LAUNCH = 3
"""Week in which programs and campaigns start, so that short runs see them before and after."""

EXAMPLES: dict[tuple[str, str], dict[str, Any]] = {
    ("program", "points"): {
        "per_money": 2.0,
        "threshold": {"step": 50.0, "points": 10, "mode": "accumulated"},
        "windows": {"double": {"start_week": LAUNCH + 2, "weeks": 2}},
        "delayed": {"min_order": 60.0, "delay_days": 8},
        "birthday": {"weeks": 8},
        "per_interaction": 1.0,
        "interaction_cap": 2,
        "welcome_points": 40,
        "catalog": {
            "voucher": {"points": 60, "face_value": 5.0, "unit_cost": 3.5},
            "hamper": {"points": 240, "face_value": 22.0, "unit_cost": 12.0},
        },
        "enrollment": {"opening_share": 0.3, "opening_points": 80.0},
        "redemption": {"rate": 0.4},
        "expiry_weeks": 4,
        "setup_cost": 100.0,
        "weekly_cost": 10.0,
    },
    ("behavior", "referral"): {"intend": 0.9, "refer": 0.9, "convert": 0.5},
    ("program", "referral_reward"): {"cap": 2, "fraud": 0.2, "weekly_cost": 3.0, "setup_cost": 30.0},
    ("campaign", "discount"): {
        "depth": 0.6,
        "bundle": {"buy": 1, "get": 1},
        "coupon": {"use": 0.6, "uses": 3, "targeting": "past_spend"},
        "min_spend": 10.0,
        "budget": 600.0,
        "weeks": 3,
        "every_weeks": 4,
        "setup_cost": 20.0,
        "weekly_cost": 5.0,
    },
    ("program", "tiers"): {
        "joins": 0.9,
        "tiers": {
            "ordinary": {"interaction_points": 1.0},
            "silver": {
                "spend": 30.0,
                "orders": 1,
                "points_multiplier": 1.25,
                "birthday": {"multiplier": 2.0, "weeks": 6, "unit_cost": 2.0},
            },
            "gold": {
                "spend": 60.0,
                "orders": 2,
                "interactions": 1,
                "points_multiplier": 1.5,
                "interaction_points": 3.0,
                "priority": 2,
                "display": True,
                "gifts": {"surprise": {"unit_cost": 4.0, "per_year": 26.0}},
            },
        },
        "criteria": "any",
        "window_weeks": 4,
        "review_weeks": 2,
        "downgrade": "one_step",
        "status": {"visibility": 1.5},
        "setup_cost": 50.0,
        "weekly_cost": 5.0,
    },
    ("program", "stamp_card"): {
        "stamps": 4,
        "given": 1,
        "expiry_weeks": 5,
        "weeks": 8,
        "opening_share": 0.3,
        "face_value": 5.0,
        "unit_cost": 2.0,
        "setup_cost": 20.0,
        "weekly_cost": 2.0,
    },
    ("campaign", "community"): {
        "join": 0.3,
        "activity": 0.7,
        "contagion": 1.0,
        "events": {"draw": {"start_week": LAUNCH + 2, "weeks": 2, "cost": 10.0}},
        "moderated": False,
        "content_cost": 4.0,
        "member_cost": 0.1,
        "setup_cost": 25.0,
    },
    ("environment", "returns"): {"share": 0.3, "delay_weeks": 1.0},
    ("environment", "seasonality"): {"peaks": {"spring": {"week": 6, "height": 0.8, "width": 1.5}}},
    ("campaign", "user_content"): {"posting": 0.3, "convert": 0.3, "prizes": 1, "prize_cost": 2.0, "weekly_cost": 3.0, "setup_cost": 15.0},
    ("behavior", "satisfaction"): {"failure_rate": 0.1},
    ("feedback", "service_desk"): {
        "shifts": {
            "day": {"opens": 9.0, "closes": 12.0, "agents": 1},
            "night": {"days": ["fri", "sun"], "opens": 22.0, "closes": 30.0, "agents": 2},
        },
        "contacts": {"per_order": 0.3, "per_failure": 0.9, "per_week": 0.05, "per_negative_message": 0.2},
        "patience_minutes": 2000.0,
        "service_minutes": 12.0,
        "auto_reply": {"share": 0.9, "hands_over": 0.9, "annoyance": 1.0, "cost": 0.1},
        "complex": {"share": 0.3, "hours": 60.0},
        "recovery": {"success": 0.5, "paradox": True, "cost": 2.0},
        "threshold": {"contacts": 2},
        "wage": 15.0,
        "ticket_cost": 0.5,
        "weekly_cost": 3.0,
        "setup_cost": 20.0,
    },
    ("feedback", "churn_warning"): {
        "intercept": -2.0, "survey": {"response": 0.6}, "capacity": 40, "lost_gaps": 20.0, "keep_weeks": 3.0, "horizon_weeks": 3,
        "setup_cost": 12.0, "weekly_cost": 2.0,
    },
    ("feedback", "intervention"): {"capacity": 30, "rest_weeks": 3.0, "sleeping_dogs": 0.1, "setup_cost": 8.0, "weekly_cost": 1.0},
    ("feedback", "win_back"): {
        "acceptance": 0.5, "attempts": 2, "every_weeks": 2.0, "capacity": 60, "offers": {"silent": "both"}, "price_share": 0.1,
        "setup_cost": 9.0, "weekly_cost": 1.0,
    },
    ("campaign", "push"): {"to": "everyone", "acquisition": 0.2, "weekly_cost": 5.0, "setup_cost": 20.0},
}
"""Parameters that show all of a component at work, where its defaults do not make a valid or a lively one."""


@dataclass(frozen=True)
class Setting:
    """What `LoyaltyModel` needs of a scenario."""

    components: tuple[Component, ...]
    market: Market
    horizon_weeks: int = 12
    step_days: int = 7
    economics: Economics = field(default_factory=Economics)
    histories: np.ndarray | None = None
    edges: tuple[np.ndarray, ...] | None = None

    @property
    def kpis(self) -> tuple[Kpi, ...]:
        return tuple(one() for one in catalog.kpis())


def example(component: type[Component], changes: Mapping[str, Any] | None = None) -> Component:
    """One component as the small market has it; `changes` are top-level parameters."""
    values = dict(EXAMPLES.get((component.kind, component.type), {}))
    if "start_week" in component.Params.model_fields:
        values.setdefault("start_week", LAUNCH)
    values.update(changes or {})
    try:
        params = component.Params.model_validate(values)
    except ValueError as error:
        raise AssertionError(
            f"{component.kind} {component.type!r} does not stand on its defaults: give small_market.EXAMPLES one. {error}"
        ) from error
    return component(params, component.type)


def every_component(**variants: str) -> tuple[Component, ...]:
    """One of every type in the catalog; of behaviors with alternatives the default, or the one named."""
    found: dict[tuple[str, str], type[Component]] = {}
    for one in catalog.components():
        if one.variant is None or one.variant == variants.get(one.type) or (one.default_variant and one.type not in variants):
            found.setdefault((one.kind, one.type), one)
    return in_order(example(one) for one in found.values())


@contextmanager
def unregistered() -> Generator[None]:
    """Component classes made in here are not in the catalog afterwards."""
    before = dict(registry)
    try:
        yield
    finally:
        registry.clear()
        registry.update(before)


def in_order(components: Iterable[Component]) -> tuple[Component, ...]:
    """Components in canonical order: kind, then name."""
    kinds = list(SECTIONS)
    return tuple(sorted(components, key=lambda one: (kinds.index(one.kind), one.name)))


def alternatives() -> list[dict[str, str]]:
    """The default variants, and every other variant with all else as by default; as keywords of `every_component`."""
    others = [{one.type: one.variant} for one in catalog.components() if one.variant is not None and not one.default_variant]
    return [{}, *others]


def setting(
    components: Iterable[Component] | None = None, *, customers: int = 400, prospects: int = 400, weeks: int = 12, step_days: int = 7
) -> Setting:
    """The small market: quick buyers in two segments, and others who enter later."""
    market = Market.model_validate(
        {
            "customers": customers,
            "prospects": prospects,
            "newcomers": prospects // 10,
            "network": {"type": "small_world", "strong_ties": 4, "weak_ties": 4},
            "segments": {"town": {"share": 0.6}, "country": {"share": 0.4}},
        }
    )
    chosen = every_component() if components is None else tuple(components)
    return Setting(tuple(_quicker(one) for one in chosen), market, weeks, step_days)


def _quicker(component: Component) -> Component:
    """Buyers who order every other week, so that a dozen weeks hold a story; others as they are."""
    if component.type != "purchase":
        return component
    return type(component)(component.params.model_copy(update={"r": 1.0, "alpha": 2.0}), component.name)


def model(scenario: Setting | None = None, **options: Any) -> LoyaltyModel:
    """A model of the small market that collects nothing but its totals."""
    return LoyaltyModel(scenario or setting(), collect=False, **options)


def differing(left: LoyaltyModel, right: LoyaltyModel) -> list[str]:
    """Names of the fields and totals whose bytes differ between two models."""
    mine, other = left.digests(), right.digests()
    return sorted(name for name in mine.keys() | other.keys() if mine.get(name) != other.get(name))
