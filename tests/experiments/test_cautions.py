"""What has to be known before numbers are quoted."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from regulars.analysis.report import print_answer, print_kpis
from regulars.experiments.cautions import few_replications, left_tickets
from regulars.experiments.compare import compare
from regulars.experiments.run import run
from regulars.scenarios import from_tree

AFTER = "of tickets were given up or left open; first response and resolution are those of the others."
DESK: dict[str, Any] = {
    "type": "service_desk", "contacts": {"per_week": 0.5}, "service_minutes": 60, "patience_minutes": 30,
    "shifts": {"day": {"agents": 1, "opens": 9, "closes": 12}}, "opening": {"opens": 9, "closes": 12},
}  # fmt: skip


def shop(agents: int) -> Any:
    desk = {**DESK, "shifts": {"day": {**DESK["shifts"]["day"], "agents": agents}}}
    claims = {"quick": {"kpi": "first_response_minutes", "readings": {"level": 15}, "bound": "at_most", "source": "a deck"}}
    tree = {"name": f"{agents} agents", "horizon_weeks": 6, "market": {"customers": 400, "prospects": 0}, "feedback": {"desk": desk}}
    return from_tree({**tree, "claims": claims}, id=f"agents_{agents}")


def test_tickets_given_up_and_left_open_count_from_five_percent_on():
    def kpis(tickets: float, abandoned: float, waiting: float) -> dict[str, np.ndarray]:
        return {"tickets": np.full(3, tickets), "abandonment_rate": np.full(3, abandoned), "tickets_open": np.full(3, waiting)}

    assert left_tickets(kpis(1000.0, 0.03, 20.0)) == []
    assert left_tickets(kpis(1000.0, 0.10, 20.0)) == [f"12.0 % {AFTER}"]
    assert left_tickets(kpis(0.0, np.nan, 0.0)) == [] == left_tickets({})


def test_a_desk_that_loses_its_tickets_says_so_beside_its_times():
    result = run(shop(1), replications=2)
    (line,) = result.document()["warnings"]
    assert line.endswith(AFTER)
    (claim,) = result.document()["claims"]
    assert (claim["caution"], claim["verdict"]) == (line, "open")
    out = io.StringIO()
    print_kpis(result.document(), "USD", Console(file=out, width=200))
    assert out.getvalue().count(line) == 2, "once on top, once beside the claim"
    assert run(shop(30), replications=2).document()["warnings"] == []


@pytest.mark.parametrize(("first", "second", "start"), [(30, 1, ""), (1, 30, "In the baseline ")])
def test_a_comparison_says_in_which_of_its_scenarios_tickets_were_lost(first, second, start):
    document = compare(shop(first), shop(second), replications=2, draws=0, sensitivity=False).document
    (line,) = [one for one in document["scenarios"][0]["warnings"] if one.endswith(AFTER)]
    assert line.startswith(start) and line.startswith("In the baseline") == bool(start)
    out = io.StringIO()
    print_answer(document, Console(file=out, width=250))
    assert out.getvalue().count(line) == (1 if start else 2)
    assert "Quick, level in minutes, at most" in out.getvalue()


def test_few_replications_are_told():
    assert few_replications(10) == []
    assert few_replications(1) == ["1 replication: intervals over luck are wide and no verdict is clear; use 10 or more."]


def test_a_promise_kept_to_those_alone_who_were_answered_is_open():
    """An auto-reply answers some at once; nobody else is ever answered."""
    result = run(shop(0), replications=2).document()
    (claim,) = result["claims"]
    assert claim["caution"] and claim["verdict"] in ("open", "unknown")
    quick = shop(1).with_values({"claims.quick.readings.level": 100_000.0})
    (claim,) = run(quick, replications=2).document()["claims"]
    assert claim["caution"] and claim["simulated"] < 100_000.0 and claim["verdict"] == "open"


def test_a_comparison_with_no_desk_says_what_goes_with_it():
    bare = shop(3).with_values({"feedback.desk": "off", "claims": {}})
    document = compare(shop(3), bare, replications=2, draws=0, sensitivity=False).document
    assert any(one.startswith("Only one of the two has a service desk") for one in document["scenarios"][0]["warnings"])
    same = compare(shop(3), shop(4), replications=2, draws=0, sensitivity=False).document
    assert not any("service desk, and questions" in one for one in same["scenarios"][0]["warnings"])


def test_a_hold_out_is_a_part_of_the_plan():
    """The people are the same; who is held out belongs to no audience, and what members bought without the plan is known."""
    gift = {"points": 60, "face_value": 5.0, "unit_cost": 3.0}
    stars = {"type": "points", "enrollment": {"opening_share": 1.0}, "catalog": {"gift": gift}}
    tree: dict[str, Any] = {"name": "shop", "horizon_weeks": 10, "behaviors": {"satisfaction": {}}}
    market = {"customers": 400, "prospects": 0}
    tree["market"] = market
    plan = from_tree({**tree, "programs": {"stars": stars}, "market": {**market, "hold_out": 0.25}}, id="plan")
    whole = from_tree({**tree, "programs": {"stars": stars}}, id="whole")
    found = compare(from_tree(tree, id="none"), [whole, plan], replications=3, draws=0, sensitivity=False).document["scenarios"]
    row = found[1]
    assert not any(one.startswith("Not only plans differ") for one in row["warnings"])
    assert row["naive"]["members"]["claimed_lift"] is not None
    # Each is held out with probability .25: 5 standard errors of three times some 330 people.
    all_members, members = (one["differences"]["members"]["mean"] for one in found)
    assert abs(members / all_members - 0.75) < 5 * (0.25 * 0.75 / 1000) ** 0.5


def test_a_loss_beside_draws_that_mostly_gain_is_pointed_out():
    def row(margin: float) -> dict[str, Any]:
        tree = {"name": "shop", "horizon_weeks": 20, "market": {"customers": 400, "prospects": 0}, "behaviors": {"satisfaction": {}}}
        sale = {"type": "discount", "depth": 0.2, "weeks": 20, "response": 10.0, "pull_forward": 0.0, "reference_loss": 0.0}
        wide = {"economics.gross_margin": {"low": margin, "high": 0.95}, "campaigns.sale.response": {"low": 9.0, "high": 10.0}}
        plan = from_tree({**tree, "campaigns": {"sale": sale}, "economics": {"gross_margin": margin}, "uncertainties": wide}, id="sale")
        base = from_tree({**tree, "economics": {"gross_margin": margin}}, id="none")
        return compare(base, plan, replications=3, draws=20, sensitivity=False).document["scenarios"][0]

    loses, gains = row(0.2), row(0.6)
    assert loses["roi"]["profit"]["mean"] < 0.0 and loses["probability_of_loss"] < 0.5
    assert sum(one.startswith("At the values in use the plan loses, and gains in") for one in loses["warnings"]) == 1
    assert not any(one.startswith("At the values in use") for one in gains["warnings"])
