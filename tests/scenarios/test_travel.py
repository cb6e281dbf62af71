"""The travel case: a market in which a year is one interval between purchases."""

from __future__ import annotations

from regulars.scenarios import load
from regulars.sim.model import LoyaltyModel


def test_travelers_book_every_twelve_months() -> None:
    """Wiring: without exits and seasons 10,000 travelers book 3.75 times each in the four years after a booking.

    Source: mean purchase interval 12 months. Gaps of two exponential steps bring t / mean - 1/4 orders in a long time t after an order
    (Cox 1962, Renewal Theory, 4.2). The mean over people has a standard error of .03, as rates are Gamma(3, 156 weeks) and the orders
    of a person vary by 2.7: within 4 of them, a false alarm in 16,000.
    """
    quiet = {"behaviors.attrition": {"type": "none"}, "environment.seasonality": "off", "market.prospects": 0, "market.start": "cohort"}
    off = ("satisfaction", "loyalty", "word_of_mouth", "organic_acquisition", "contact_fatigue")
    scenario = load("library:travel/baseline").with_values(quiet | {f"behaviors.{one}": "off" for one in off})
    model = LoyaltyModel(scenario, seed=1, collect=False).run()
    assert abs(model.world.customers.n_orders.mean() - 3.75) < 0.11
