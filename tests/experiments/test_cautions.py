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
    assert [one["caution"] for one in result.document()["claims"]] == [line]
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
