"""The model's face: a Mesa model whose step is one week, with a data collector, a brand and followed customers."""

from __future__ import annotations

import math

import mesa
import numpy as np
import pytest
import small_market

from regulars.scenarios import load
from regulars.sim.core.component import Kpi
from regulars.sim.model import PHASES, LoyaltyModel
from regulars.sim.world.actors import Brand, CustomerView
from regulars.sim.world.customers import NOBODY, STATUS
from regulars.sim.world.rates import LOG_RATES


def model(**options) -> LoyaltyModel:
    return LoyaltyModel(small_market.setting(weeks=6), **options)


def test_the_model_is_a_mesa_model_with_the_brand_as_its_agent():
    one = model()
    assert isinstance(one, mesa.Model)
    assert list(one.agents) == [one.brand] and isinstance(one.brand, mesa.Agent)
    assert one.agents_by_type[Brand][0] is one.brand


def test_a_step_is_a_week():
    one = model()
    one.step()
    assert (one.world.calendar.week, one.world.totals.weeks, one.steps) == (2, 1, 1)
    one.run()
    assert one.world.totals.weeks == 6


def test_the_data_collector_holds_the_kpis_of_every_week():
    one = model().run()
    frame = one.datacollector.get_model_vars_dataframe()
    assert frame.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert set(frame.columns) == {kpi.type for kpi in one.kpis}
    assert frame["orders"].tolist() == one.weekly().orders[:, -1].tolist()
    assert frame["revenue"].to_numpy() == pytest.approx((one.weekly().revenue - one.weekly().refunds)[:, -1])


def test_nothing_is_collected_where_that_is_off():
    one = model(collect=False).run()
    assert len(one.datacollector.get_model_vars_dataframe()) == 0


def test_collecting_changes_no_byte():
    assert model(collect=True).run().digests() == model(collect=False).run().digests()


def test_followed_customers_are_agents_whose_weeks_are_collected():
    one = model()
    views = one.follow([3, 50])
    one.run()
    rows = one.datacollector.get_agenttype_vars_dataframe(CustomerView)
    assert len(rows) == 12
    last = rows.xs(6, level="Step").set_index("person")
    for view in views:
        customers = one.world.customers
        assert view.n_orders == customers.n_orders[view.person] == last.loc[view.person, "n_orders"]
        assert view.status == STATUS[customers.status[view.person]] == last.loc[view.person, "status"]


def test_what_never_happened_to_a_followed_person_is_not_a_number():
    one = model()
    (prospect,) = one.follow([int(np.flatnonzero(one.world.customers.joined <= NOBODY)[-1])])
    assert math.isnan(prospect.last_order) and math.isnan(prospect.joined)
    one.run()
    last = one.datacollector.get_agent_vars_dataframe().last_order.to_numpy(float)
    assert np.isnan(last[0])
    assert np.nanmin(last, initial=0.0) > NOBODY


def test_a_view_writes_through_to_the_arrays():
    one = model()
    (view,) = one.follow([3])
    view.write("satisfaction", 12.0)
    assert one.world.customers.satisfaction[3] == 12.0
    with pytest.raises(AttributeError, match="no field 'mood'"):
        view.write("mood", 1.0)
    with pytest.raises(AttributeError, match="no field 'mood'"):
        _ = view.mood


@pytest.mark.parametrize("wrong", [[10**9], [-1], "a", [1.5], [None]])
def test_only_people_who_are_there_can_be_followed(wrong):
    one = model()
    with pytest.raises(IndexError, match=r"^person .*: must be a row, a whole number from 0 to"):
        one.follow([3, *wrong])
    with pytest.raises(IndexError):
        one.follow([one.world.people])
    assert list(one.agents) == [one.brand]


def test_nobody_is_followed_twice():
    one = model()
    first, again = one.follow([3, np.int64(3)])
    assert first is again is one.follow([3])[0]
    assert len(one.agents) == 2


def test_frames_of_the_collector_count_weeks_alike_in_a_branch_too():
    one = model().run(2)
    twin = one.branch()
    twin.follow([3])
    twin.run()
    collector = twin.datacollector
    assert collector.get_model_vars_dataframe().index.tolist() == [3, 4, 5, 6]
    assert collector.get_agent_vars_dataframe().index.get_level_values("Step").tolist() == [3, 4, 5, 6]


@pytest.mark.parametrize("weeks", [0, 2])
def test_where_nobody_is_followed_the_frame_is_empty(weeks):
    frame = model().run(weeks).datacollector.get_agent_vars_dataframe()
    assert len(frame) == 0
    assert list(frame.index.names) == ["Step", "AgentID"]
    assert "n_orders" in frame


@pytest.mark.parametrize(
    ("options", "said"),
    [({"seed": -1}, "seed = -1"), ({"seed": 1.5}, "seed = 1.5"), ({"replication": -1}, "replication"), ({"threads": 0}, "threads")],
)
def test_numbers_out_of_range_are_told_by_name(options, said):
    with pytest.raises(ValueError, match=rf"^{said}.*must be a whole number from"):
        model(**options)
    with pytest.raises(ValueError, match=r"^weeks = 2\.5: must be"):
        model().run(2.5)  # type: ignore[arg-type]


def test_the_name_of_a_scenario_is_told_how_to_load_it():
    with pytest.raises(TypeError, match=r"LoyaltyModel\(regulars\.load\('library:online_shop/points'\)\)"):
        LoyaltyModel("library:online_shop/points")  # type: ignore[arg-type]


def test_the_brand_knows_its_books():
    one = model().run()
    totals = one.weekly().summed()
    costs = sum(getattr(totals, name)[0, -1] for name in (
        "refunds", "cost_of_goods", "discounts", "reward_cost", "campaign_cost", "acquisition_cost", "service_cost", "program_fixed_cost"
    ))  # fmt: skip
    assert one.brand.cash == pytest.approx(totals.revenue[0, -1] + totals.goods_returned[0, -1] - costs, abs=1e-6)
    assert one.brand.active_customers == totals.active[0, -1]
    assert one.brand.points_outstanding == totals.points_outstanding[0, -1] > 0
    # Stamps are no points: programs keep them apart, and so does the brand.
    assert sum(one.world.ledger.points.values()) == totals.points_outstanding[0, -1] + totals.stamps_outstanding[0, -1]
    assert totals.stamps_outstanding[0, -1] > 0


def test_the_plan_tells_phases_components_and_their_time():
    one = model().run()
    plan = one.plan().splitlines()
    assert plan[0].split()[:2] == ["phase", "component"]
    listed = [(line[:8].strip(), line[10:46].strip()) for line in plan[1:]]
    assert [phase for phase, _ in listed] == sorted((phase for phase, _ in listed), key=PHASES.index)
    for pair in (("weigh", "behaviors.loyalty"), ("live", "live"), ("settle", "programs.points"), ("arrive", "campaigns.push")):
        assert pair in listed
    assert all(float(line[46:]) >= 0.0 for line in plan[1:])


def test_traced_terms_add_up_to_the_rates():
    one = model(trace=True).run()
    rates, terms = one.world.rates, one.world.rates.terms
    assert terms is not None
    assert {"behaviors.satisfaction", "behaviors.loyalty", "campaigns.push"} <= terms.keys()
    for name in (*LOG_RATES, "acquisition"):
        added = np.sum([one_term[name] for one_term in terms.values()], axis=0, dtype=float)
        # From `live` on, each cause holds the sum up to it.
        added = added.cumsum(axis=0) if name == "acquisition" else added
        assert added == pytest.approx(getattr(rates, name), abs=1e-6)
    assert np.abs(terms["behaviors.loyalty"]["log_purchase"]).max() > 0.0


def test_tracing_changes_no_byte():
    assert model(trace=True).run().digests() == model().run().digests()


def test_every_kpi_is_recorded_in_every_run():
    assert {kpi.type for kpi in model().kpis} >= {"retention_rate", "profit", "clv", "points_liability", "nps"}
    assert all(isinstance(kpi, Kpi) for kpi in model().kpis)


def test_replications_and_seeds_are_different_luck_and_repetition_is_the_same():
    first = model(seed=5, replication=2).run().digests()
    assert model(seed=5, replication=2).run().digests() == first
    orders = {model(seed=s, replication=r).run().digests()["totals.orders"] for s, r in ((5, 2), (5, 3), (6, 2), (2, 5))}
    assert len(orders) == 4


def test_a_shipped_scenario_resumes_where_it_was_copied():
    scenario = load("library:online_shop/points_and_mail")
    whole = LoyaltyModel(scenario, collect=False).run()
    stem = LoyaltyModel(scenario, collect=False).run(20)
    assert stem.branch().run(32).digests() == whole.digests()
    # The origin has not moved with its copy.
    assert stem.run(32).digests() == whole.digests()


def test_a_branch_needs_a_scenario():
    model = LoyaltyModel(load("library:online_shop/baseline").with_values({"market.customers": 50, "market.prospects": 50}))
    for odd in (5, "library:online_shop/points", 0):
        with pytest.raises(TypeError, match=f"^branch needs a checked scenario, not {odd!r}"):
            model.branch(odd)  # type: ignore[arg-type]


def test_a_market_can_be_stepped_beyond_its_horizon():
    values = {"market.customers": 50, "market.prospects": 50, "horizon_weeks": 2}
    model = LoyaltyModel(load("library:online_shop/baseline").with_values(values)).run()
    model.step()
    assert model.world.totals.weeks == 3
    assert model.run().world.totals.weeks == 3
    assert model.run(2).world.totals.weeks == 5
