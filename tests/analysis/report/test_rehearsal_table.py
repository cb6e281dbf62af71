"""The table of a rehearsal: the answer first, and no multiples of next to nothing."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from regulars.analysis.report.rehearsal_table import answer, print_rehearsal

SPACE = "\u00a0"


def told(value: float | None, error: float | None = 0.01) -> dict[str, float | None]:
    return {"value": value, "mc_se": error}


def estimator(bias: float, error: float, rmse: float, *, exaggeration: float = 1.4, reasons: Any = None) -> dict[str, Any]:
    rates = {one: told(0.05) for one in ("coverage", "false_positive_rate", "wrong_sign")}
    return {
        "sees": "total", "bias": told(bias), "relative_bias": told(bias, error), "sd": told(1.0), "rmse": told(rmse), "power": told(0.8),
        "exaggeration": told(exaggeration), "refused": told(0.0), "reasons": reasons or {}, **rates,
    }  # fmt: skip


def design(estimators: dict[str, Any]) -> dict[str, Any]:
    decided = {
        "rolled_out": told(0.9),
        "profit": told(90.0),
        "regret": told(10.0),
        "by_significance": {"rolled_out": told(0.5), "profit": told(50.0)},
    }
    money = {"rule": "roll out where it pays", "always": told(80.0), "never": told(0.0), "perfect": told(100.0)}
    return {
        "randomize": "individual", "arms": ["control", "treatment"], "weeks": 8,
        "customers": told(1000.0), "estimand": "effect of the roll-out", "estimators": estimators,
        "metrics": {"margin": estimators}, "truth": {"margin": {one: told(2.0) for one in ("total", "direct", "spillover")}},
        "test_cost": told(10.0), "decision": money | {"estimators": dict.fromkeys(estimators, decided)}, "individuals": None,
    }  # fmt: skip


def document(**designs: Any) -> dict[str, Any]:
    rows = []
    for name, one in designs.items():
        best, figures = next(iter(one["estimators"].items()))
        row = {"design": name, "estimator": best, "test_cost": 10.0, "rmse": figures["rmse"], "regret": told(10.0)}
        rows.append(row | {"within_budget": name != "beyond", "on_front": name == "towns"})
    return {"worlds": 50, "currency": "CNY", "designs": designs, "frontier": rows, "budget": 20.0}


def printed(one: dict[str, Any]) -> str:
    out = StringIO()
    print_rehearsal(one, Console(file=out, width=120))
    return out.getvalue()


def test_the_answer_names_the_best_design_and_who_is_far_off():
    towns, people = design({"cluster_robust": estimator(-0.04, 0.01, 1.0)}), design({"difference": estimator(-0.5, 0.02, 2.0)})
    best, off = answer(document(towns=towns, people=people))
    assert best.startswith(f"Best of 2 designs: towns read by cluster_robust. On average it shows the effect within 10{SPACE}%.")
    assert off == f"Off on average by: people by difference \u221250.0{SPACE}%."


def test_an_answer_that_is_not_sure_asks_for_more_worlds():
    (only,) = answer(document(towns=design({"cluster_robust": estimator(-0.04, 0.2, 1.0)})))
    assert "more worlds would tell" in only


def test_without_a_design_within_the_budget_there_is_no_best():
    assert answer(document(beyond=design({"difference": estimator(0.0, 0.01, 1.0)}))) == [
        "No design is within the budget, or none could be read."
    ]


def test_multiples_and_parts_of_next_to_nothing_are_not_told():
    text = printed(document(towns=design({"difference": estimator(80.0, 40.0, 1.0, exaggeration=4405.73)})))
    assert "4,405" not in text and "8,000" not in text
    assert "1.40x" in printed(document(towns=design({"difference": estimator(0.1, 0.01, 1.0)})))


def test_refused_worlds_stand_under_the_table_with_their_reason():
    text = printed(document(towns=design({"difference": estimator(0.1, 0.01, 1.0, reasons={"an arm has no units": 7})})))
    assert "! difference: in 7 worlds an arm has no units." in text
