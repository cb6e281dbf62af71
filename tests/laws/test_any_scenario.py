"""Any valid scenario runs, and people, points and money add up; scenarios are drawn from the catalog's own ranges."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import numpy as np
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from regulars.scenarios import from_tree
from regulars.sim import catalog
from regulars.sim.core.component import Component
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ABSENT, ACTIVE, CHURNED, PROSPECT
from regulars.sim.world.ledger import LINES, PROGRAM_COSTS

UNHURRIED = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example)

EXTREME = {"catalog", "audience", "windows", "type", "threshold", "delayed", "start_week", "expiry_weeks", "offset", "welcome_points"}
"""Parameters that are drawn by hand below, or left alone."""

PART = st.floats(0, 1, exclude_min=True)
"""Share of an audience: that of nobody is refused."""

FOUNDATIONS = ("purchase", "attrition", "spend")
OWN = ("purchase", "satisfaction", "loyalty", "organic_acquisition", "contact_fatigue")
"""Behaviors that a segment may be given parameters of its own for; all of them stand in such a scenario."""

RATES = {"r": (0.05, 5.0), "alpha": (0.5, 50.0), "p": (1.0, 20.0), "q": (2.0, 20.0), "v": (1.0, 50.0), "mean_log": (0.0, 6.0),
         "between_sd": (0.0, 1.5), "within_sd": (0.0, 1.5), "a": (0.05, 20.0), "b": (0.05, 20.0), "s": (0.05, 20.0),
         "beta": (0.05, 50.0), "affective_weight": (0.1, 1.0)}  # fmt: skip
"""Ranges in which a person does not order a thousand times a week and the weights do not all vanish; the rest is the catalog's."""


def number(name: str, facts: dict[str, Any], integer: bool) -> st.SearchStrategy[Any]:
    low, high = RATES.get(name, (facts["low"], facts["high"]))
    if name in ("weekly_cost", "setup_cost", "contact_cost", "min_order"):
        high = 1000.0
    if integer:
        return st.integers(int(low), int(min(high, 60)))
    return st.floats(low, high)


def parameters(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the plain parameters of a section, each within its declared range."""
    drawn: dict[str, st.SearchStrategy[Any]] = {}
    for name, info in model.model_fields.items():
        facts = info.json_schema_extra
        if name in EXTREME or not isinstance(facts, dict):
            continue
        kind = info.annotation
        if get_origin(kind) is Literal:
            drawn[name] = st.sampled_from(get_args(kind))
        elif (kind is int or kind is float) and facts["low"] is not None and facts["high"] is not None:
            drawn[name] = number(name, facts, kind is int)
    return st.fixed_dictionaries({}, optional=drawn)


def section(component: type[Component], name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the plain parameters of a section inside a component's."""
    model = component.Params.model_fields[name].annotation
    assert isinstance(model, type) and issubclass(model, BaseModel)
    return parameters(model)


def typed(component: type[Component]) -> st.SearchStrategy[dict[str, Any]]:
    return parameters(component.Params).map(lambda values: values if component.variant is None else {"type": component.variant, **values})


def behaviors() -> st.SearchStrategy[dict[str, Any]]:
    by_type: dict[str, list[type[Component]]] = {}
    for one in catalog.components():
        if one.kind == "behavior":
            by_type.setdefault(one.type, []).append(one)
    choices = {name: st.one_of([typed(one) for one in variants]) for name, variants in by_type.items()}
    needed = {name: choices.pop(name) for name in FOUNDATIONS}
    return st.fixed_dictionaries(needed, optional=choices)


AMOUNT = st.floats(0, 50).map(lambda amount: round(amount, 4))
"""Money in the steps in which it is counted."""
REWARD = st.fixed_dictionaries(
    {"points": st.integers(1, 300), "face_value": AMOUNT, "unit_cost": AMOUNT}
)
WEEK = st.integers(1, 12)


@st.composite
def points(draw: st.DrawFn) -> dict[str, Any]:
    cls = catalog.variants("program", "points")[0]
    values = draw(parameters(cls.Params))
    values |= {"type": "points", "start_week": draw(WEEK), "catalog": {f"r{at}": draw(REWARD) for at in range(draw(st.integers(1, 3)))}}
    values |= draw(st.fixed_dictionaries({}, optional={
        "expiry_weeks": st.integers(1, 10),
        "welcome_points": st.integers(0, 500),
        "audience": st.fixed_dictionaries({"share": PART}),
        "threshold": st.fixed_dictionaries({"step": st.floats(1, 200), "points": st.integers(0, 50),
                                            "mode": st.sampled_from(["per_order", "accumulated"])}),
        "delayed": st.fixed_dictionaries({"min_order": st.floats(0, 100), "multiplier": st.floats(1, 5),
                                          "mode": st.sampled_from(["total", "extra"]), "delay_days": st.integers(1, 30)}),
        "windows": st.fixed_dictionaries({"w": st.fixed_dictionaries({"start_week": WEEK, "weeks": WEEK})}),
        "enrollment": section(cls, "enrollment"),
        "redemption": section(cls, "redemption"),
    }))  # fmt: skip
    return values


@st.composite
def push(draw: st.DrawFn) -> dict[str, Any]:
    values = draw(parameters(catalog.variants("campaign", "push")[0].Params))
    if values.get("to") == "prospects":
        # Prospects have placed no order that a message could follow.
        values["trigger"] = "calendar"
    return {**values, "type": "push", "start_week": draw(WEEK), "audience": {"share": draw(PART)}}


@st.composite
def discount(draw: st.DrawFn) -> dict[str, Any]:
    cls = catalog.variants("campaign", "discount")[0]
    values = draw(parameters(cls.Params))
    values |= draw(st.sampled_from([{"depth": 1.0}, {"depth": 0.2}, {"depth": 0.5, "bundle": {"buy": 2, "get": 1}}, {"money_off": 10.0}]))
    values |= draw(st.fixed_dictionaries({}, optional={
        "budget": st.floats(0, 500),
        "coupon": st.fixed_dictionaries({"use": st.floats(0, 1), "uses": st.integers(1, 5),
                                         "targeting": st.sampled_from(["all", "past_spend"])}),
        "audience": st.fixed_dictionaries({"share": PART}),
    }))  # fmt: skip
    weeks = draw(st.integers(1, 6))
    return {**values, "type": "discount", "start_week": draw(WEEK), "weeks": weeks, "every_weeks": draw(st.integers(weeks, 12))}


@st.composite
def stamp_card(draw: st.DrawFn) -> dict[str, Any]:
    values = draw(parameters(catalog.variants("program", "stamp_card")[0].Params))
    stamps = draw(st.integers(1, 12))
    values |= {"type": "stamp_card", "start_week": draw(WEEK), "stamps": stamps, "given": draw(st.integers(0, stamps - 1))}
    return values | draw(st.fixed_dictionaries({"face_value": st.floats(0, 50), "unit_cost": st.floats(0, 50)}, optional={
        "weeks": st.integers(1, 20), "expiry_weeks": st.integers(1, 10), "audience": st.fixed_dictionaries({"share": PART}),
    }))  # fmt: skip


@st.composite
def tiers(draw: st.DrawFn) -> dict[str, Any]:
    values = draw(parameters(catalog.variants("program", "tiers")[0].Params))
    gold = draw(st.sampled_from([{"interactions": 1, "gifts": {"surprise": {"unit_cost": 4.0, "per_year": 26.0}}}, {}]))
    window, review = draw(st.sampled_from([(52, 13), (52, 52), (8, 4), (4, 1)]))
    return {**values, "type": "tiers", "start_week": draw(WEEK), "window_weeks": window, "review_weeks": review, "tiers": {
        "plain": {},
        "silver": {"spend": 30.0, "points_multiplier": 1.5, "birthday": {"multiplier": 2.0, "weeks": 4, "unit_cost": 2.0}},
        "gold": {"spend": 60.0, "orders": 2, "interaction_points": 2.0, "priority": 2, "display": True, **gold},
    }}  # fmt: skip


def started(kind: str, type: str) -> st.SearchStrategy[dict[str, Any]]:
    """A component by its plain parameters alone, some weeks after the start."""
    cls = catalog.variants(kind, type)[0]
    return st.builds(lambda values, week: {**values, "type": type, "start_week": week}, parameters(cls.Params), WEEK)


@st.composite
def service_desk(draw: st.DrawFn) -> dict[str, Any]:
    values = draw(started("feedback", "service_desk"))
    shifts = draw(st.sampled_from([{"day": {"opens": 9.0, "closes": 12.0, "agents": 1}}, {"night": {"days": ["fri", "sun"], "opens": 22.0,
                  "closes": 30.0, "agents": 2}}, {"day": {"opens": 8.0, "closes": 20.0, "agents": 9}}]))  # fmt: skip
    contacts = {"per_order": draw(st.floats(0, 1)), "per_failure": draw(st.floats(0, 1)), "per_week": draw(st.floats(0, 0.2))}
    return {**values, "shifts": shifts, "contacts": contacts}


@st.composite
def actions(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Programs, campaigns and feedback; each of the rarer ones in a part of the scenarios."""

    def some(**choices: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
        return draw(st.fixed_dictionaries({}, optional=choices))

    programs = draw(st.dictionaries(st.sampled_from(["stars", "moons"]), points(), max_size=2))
    programs |= some(card=stamp_card(), club=tiers(), thanks=started("program", "referral_reward"))
    campaigns = draw(st.dictionaries(st.sampled_from(["mail", "app"]), push(), max_size=2))
    campaigns |= some(sale=discount(), forum=started("campaign", "community"), posts=started("campaign", "user_content"))
    return {"programs": programs, "campaigns": campaigns, "feedback": {**some(desk=service_desk()), **draw(feedback())}}


def segments(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Shares, and in some a behavior with parameters of the segment's own."""
    own = {name: parameters(catalog.variants("behavior", name)[0].Params) for name in OWN}
    one = st.fixed_dictionaries({"share": st.floats(0.0625, 1)}, optional={"behaviors": st.fixed_dictionaries({}, optional=own)})
    return st.fixed_dictionaries({name: one for name in names})


@st.composite
def environment(draw: st.DrawFn) -> dict[str, Any]:
    returns = {"returns": parameters(catalog.variants("environment", "returns")[0].Params)}
    peaks = {"p": {"week": draw(st.floats(1, 52)), "height": draw(st.floats(-0.95, 3)), "width": draw(st.floats(0.2, 26))}}
    return draw(st.fixed_dictionaries({}, optional={**returns, "seasonality": st.just({"peaks": peaks})}))


@st.composite
def feedback(draw: st.DrawFn) -> dict[str, Any]:
    """Warnings with or without what is done about them, and win-back; some of it for changing audiences."""

    def one(type: str) -> dict[str, Any]:
        values = {"type": type, "start_week": draw(WEEK), **draw(parameters(catalog.variants("feedback", type)[0].Params))}
        audiences = [{}, {"share": 0.5}, {"stage": ["decline"]}, {"rfm": "dormant"}, {"rfm": {"frequency": "high"}, "stage": ["growth"]}]
        return {**values, "audience": draw(st.sampled_from(audiences))}

    names = draw(st.sampled_from([(), ("churn_warning",), ("win_back",), ("churn_warning", "intervention", "win_back")]))
    return {name: one(name) for name in names}


NETWORK = st.one_of(
    st.just({"type": "none"}),
    st.fixed_dictionaries({"type": st.just("small_world"), "strong_ties": st.integers(0, 12), "weak_ties": st.integers(0, 12),
                           "rewiring": st.floats(0, 1)}),
    st.just({"type": "heavy_tailed"}),
    st.just({"type": "community"}),
)  # fmt: skip


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    customers, prospects, newcomers = draw(st.tuples(st.integers(0, 200), st.integers(0, 60), st.integers(0, 40)))
    market: dict[str, Any] = {
        "customers": max(customers, 1 if prospects + newcomers == 0 else 0), "prospects": prospects, "newcomers": newcomers,
        "start": draw(st.sampled_from(["base", "cohort"])), "network": draw(NETWORK),
        "history_weeks": draw(st.floats(1, 100)), "lapse_gaps": draw(st.floats(1, 10)),
        "hold_out": draw(st.sampled_from([0.0, 0.0, 0.2])),
    }  # fmt: skip
    people, chosen = draw(behaviors()), draw(actions())
    if draw(st.booleans()):
        market["segments"] = draw(segments([f"s{at}" for at in range(draw(st.integers(1, 3)))]))
        named = {name for one in market["segments"].values() for name in one.get("behaviors", {})}
        people = {**{name: {} for name in sorted(named)}, **people}
    return {
        "name": "any", "horizon_weeks": draw(st.integers(1, 30)), "step_days": draw(st.sampled_from([7, 7, 7, 1])), "market": market,
        "economics": {"gross_margin": draw(st.floats(0, 1)), "discount_rate_per_year": draw(st.floats(0, 1))},
        "behaviors": {**people, **({"referral": people.get("referral", {})} if "thanks" in chosen["programs"] else {})},
        **chosen,
        "environment": draw(environment()),
    }  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=UNHURRIED)
@given(scenarios(), st.integers(0, 2**32 - 1), st.integers(0, 1000))
def test_any_valid_scenario_runs_and_adds_up(tree, seed, replication):
    one = LoyaltyModel(from_tree(tree), seed=seed, replication=replication)
    market, began = tree["market"], (one.world.customers.status == ACTIVE).sum()
    one.run()
    world, customers, totals = one.world, one.world.customers, one.world.totals.horizon()
    event(f"orders {int(np.log10(1 + totals.orders[0, -1]))}")

    # People: rows never appear or vanish, and the active are those of the start, plus who came, less who left.
    assert np.isin(customers.status, (ABSENT, PROSPECT, ACTIVE, CHURNED)).all()
    assert len(customers.status) == market["customers"] + market["prospects"] + market["newcomers"]
    came = totals.entered[0, -1] + totals.new_customers[0, -1] + totals.won_back[0, -1]
    assert (customers.status == ACTIVE).sum() == began + came - totals.exits[0, -1]
    assert customers.n_orders.sum() == totals.orders[0, -1]
    assert (customers.n_orders[(customers.status == PROSPECT) | (customers.status == ABSENT)] == 0).all()

    # Money: what customers spent is revenue, and the firm holds what is left of it.
    units = {line: world.totals.recorded()[:, world.totals.place[line]].sum() for line in LINES}
    assert customers.spent.sum() == units["revenue"] == -world.ledger.accounts["customers"] + units["discounts"] + units["refunds"]
    goods = units["cost_of_goods"] - units["goods_returned"]
    assert world.ledger.accounts["firm"] == units["revenue"] - units["refunds"] - goods - sum(units[line] for line in PROGRAM_COSTS)
    assert min(units.values()) >= 0

    # Points and stamps: nobody has used more than was earned, and the books hold what members do.
    held, counting = 0, [name for name, one in tree["programs"].items() if one["type"] == "points"]
    for name in counting:
        account = world.owned.get(f"programs.{name}")
        if account is None:
            continue
        assert (account.earned >= account.used).all() and (account.used >= 0).all()
        assert (account.earned[account.member == 0] == 0).all()
        held += int(account.earned.sum(dtype=int) - account.used.sum(dtype=int))
    if counting:
        left = totals.points_issued[0, -1] - totals.points_redeemed[0, -1] - totals.points_expired[0, -1]
        assert held == left == totals.points_outstanding[0, -1]
        assert totals.points_liability[0, -1] >= -0.01
    if "card" in tree["programs"]:
        left = totals.stamps_issued[0, -1] - totals.stamps_redeemed[0, -1] - totals.stamps_expired[0, -1]
        assert left == totals.stamps_outstanding[0, -1] == world.ledger.points.get("programs.card", 0)

    # Numbers: finite wherever people are, and within their declared ranges.
    for name, declared in customers.declarations.items():
        array = getattr(customers, name)
        assert np.isfinite(array).all(), name
        assert declared.low is None or array.min(initial=declared.low) >= declared.low - 1e-4, name
        assert declared.high is None or array.max(initial=declared.high) <= declared.high + 1e-4, name
    for owner, fields in world.owned.items():
        assert all(np.isfinite(array).all() for _, array in fields.arrays()), owner
    assert (world.totals.recorded()[:, [world.totals.place[name] for name in ("orders", "exits", "active", "prospects")]] >= 0).all()
