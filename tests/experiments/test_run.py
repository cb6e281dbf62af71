"""`run`: one scenario over its replications, the same whatever the threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.experiments.run import replicate, run, save
from regulars.scenarios import from_tree

TREE: dict[str, Any] = {
    "name": "shop",
    "horizon_weeks": 12,
    "market": {"customers": 300, "prospects": 100, "segments": {"town": {"share": 0.6}, "country": {"share": 0.4}}},
    "behaviors": {"purchase": {"r": 1.0, "alpha": 4.0}, "satisfaction": {}, "word_of_mouth": {}, "organic_acquisition": {}},
    "programs": {"stars": {"type": "points", "start_week": 3, "catalog": {"gift": {"points": 60, "face_value": 5.0, "unit_cost": 3.0}}}},
}


@pytest.fixture(scope="module")
def shop() -> Any:
    return from_tree(TREE, id="shop")


def test_threads_and_repetition_change_nothing(shop):
    first = run(shop, replications=4, threads=1)
    for threads in (1, 2, 3):
        again = run(shop, replications=4, threads=threads)
        assert again.state_hash == first.state_hash
        assert again.weekly.equals(first.weekly)


def test_another_seed_is_another_luck(shop):
    assert run(shop, replications=2, seed=2).state_hash != run(shop, replications=2, seed=1).state_hash


def test_more_replications_leave_the_first_ones_as_they_were(shop):
    few, many = run(shop, replications=2), run(shop, replications=4)
    assert [one.digests for one in few.outcomes] == [one.digests for one in many.outcomes[:2]]


def test_the_summary_is_the_mean_and_student_interval_over_replications(shop):
    result = run(shop, replications=5)
    orders = np.array([one.series.orders[:, -1].sum() for one in result.outcomes])
    shown = result.summary()["orders"]
    assert shown is not None
    half = stats.t.ppf(0.975, 4) * orders.std(ddof=1) / np.sqrt(5)
    assert (shown["mean"], shown["sd"]) == (pytest.approx(orders.mean()), pytest.approx(orders.std(ddof=1)))
    assert shown["ci95"] == pytest.approx([orders.mean() - half, orders.mean() + half])
    assert result.kpis.loc["orders", "low"] == pytest.approx(shown["ci95"][0])


def test_one_replication_has_a_mean_and_no_interval(shop):
    shown = run(shop, replications=1).summary()["orders"]
    assert shown is not None and shown["sd"] is None and shown["ci95"] is None


def test_what_the_scenario_lacks_is_none_in_the_document(shop):
    document = run(shop, replications=2).document()
    assert document["kpis"]["click_through_rate"] is None
    assert document["kpis"]["contacts_sent"]["mean"] == 0.0
    assert (document["weeks"], document["people"], document["replications"]) == (12, 400, 2)


def test_weekly_rows_name_week_segment_and_replication(shop):
    frame = run(shop, replications=2).weekly
    orders = frame[(frame.kpi == "orders") & (frame.replication == 1)]
    assert sorted(orders.week.unique()) == list(range(1, 13))
    assert set(orders.segment) == {"town", "country", "all"}
    wide = orders.pivot(index="week", columns="segment", values="value")
    assert (wide.town + wide.country == wide["all"]).all()


def test_files_hold_what_was_run(shop, tmp_path):
    import json

    import pandas as pd

    result = save(run(shop, replications=2), tmp_path / "run", "regulars run shop")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["state_hash"] == result.state_hash
    assert manifest["digests"] == {"shop": shop.digest}
    kpis = pd.read_parquet(tmp_path / "run" / "kpis.parquet")
    orders = kpis.query("kpi == 'orders'").sort_values("replication").value
    assert orders.tolist() == [one.series.orders[:, -1].sum() for one in result.outcomes]


def test_kept_customers_are_the_people_at_the_end(shop):
    result = run(shop, replications=2, keep_customers=True)
    customers = result.outcomes[0].customers
    assert customers is not None
    assert len(customers["n_orders"]) == 400
    assert customers["n_orders"].sum() == result.outcomes[0].series.orders[:, -1].sum()
    assert (customers["stars_points"] >= 0).all()


def test_progress_counts_every_week_once(shop):
    ticks: list[int] = []
    replicate([shop, shop], 3, 1, 2, progress=ticks.append)
    assert sum(ticks) == 3 * 2 * 12


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"replications": 0}, "replications = 0: must be a whole number from 1 to 100,000."),
        ({"replications": 2.5}, "replications = 2.5: must be a whole number"),
        ({"replications": True}, "replications = True: must be a whole number"),
        ({"seed": -1}, "seed = -1: must be a whole number from 0 to 4,294,967,295."),
        ({"threads": 0}, "threads = 0: must be a whole number from 1 to 1,024."),
        ({"weeks": "4"}, "weeks = '4': must be a whole number from 1 to 1,040."),
    ],
)
def test_numbers_out_of_range_are_told_by_name(shop, settings, said):
    with pytest.raises(ValueError, match="must be") as caught:
        run(shop, **settings)
    assert str(caught.value).startswith(said)


def test_claims_on_a_level_stand_in_the_document_of_a_run(shop):
    names = {"orders": {"kpi": "orders", "readings": {"level": 1e6, "relative": 0.4}, "source": "a deck"}}
    told = run(shop.with_values({"claims": names}), replications=3)
    (row,) = told.document()["claims"]
    assert (row["name"], row["reading"], row["verdict"]) == ("orders", "level", "above")
    orders = told.summary()["orders"]
    assert orders is not None
    assert row["simulated"] == pytest.approx(orders["mean"])
    assert row["ci95"] == pytest.approx(orders["ci95"])
    assert "claims" not in run(shop, replications=1).document()
