"""An edge list in the analysis of a test by its plan: what is read on it, what is not and why, and how it is told."""

import json

import numpy as np
import pandas as pd
import pytest

from regulars.abtest import analyze
from regulars.analysis.friends import WORDS, lines
from regulars.analysis.interference import interference
from regulars.scenarios.problem import ScenarioError

PLAN = {
    "unit": "customer", "arm": "arm", "control": "control", "expected_shares": {"control": 0.6, "treatment": 0.4},
    "metrics": {
        "orders": {"kind": "mean", "column": "orders"},
        "kept": {"kind": "proportion", "column": "kept"},
        "rate": {"kind": "ratio", "numerator": "orders", "denominator": "visits"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def data():
    """2,000 customers on a ring, two friends on each side, whose orders rise by 1 with the treatment and by 2 with that of all friends."""
    luck, person = np.random.default_rng(41), np.arange(2000)
    treated = (luck.random(2000) < 0.4).astype(float)
    heard = sum(treated[(person + step) % 2000] for step in (-2, -1, 1, 2)) / 4
    frame = pd.DataFrame({
        "customer": [f"c{one}" for one in person], "arm": np.where(treated == 1, "treatment", "control"),
        "orders": luck.normal(10, 1, 2000) + treated + 2 * heard, "kept": (luck.random(2000) < 0.5).astype(int),
        "visits": luck.integers(1, 5, 2000), "half": np.arange(2000) // 2,
    })  # fmt: skip
    edges = pd.DataFrame({"src": np.tile(person, 2), "dst": np.concatenate([(person + 1) % 2000, (person + 2) % 2000])})
    return frame, edges.map(lambda one: f"c{one}")


def test_metrics_are_read_on_the_edges_by_the_planned_shares(data):
    frame, edges = data
    found = analyze(frame, PLAN, edges=edges).interference
    treated = (frame["arm"] == "treatment").to_numpy(float)
    ends = edges["src"].to_numpy(), edges["dst"].to_numpy()
    direct = interference(frame["orders"].to_numpy(), treated, frame["customer"].to_numpy(), ends, probability=0.4).document()
    assert found is not None and found["ties"] == 4000
    for name in WORDS:
        assert found["metrics"]["orders"]["effects"][name]["value"] == pytest.approx(direct["effects"][name]["value"], rel=1e-12)
    assert found["metrics"]["orders"]["probability"] == 0.4


def test_effects_are_where_they_were_put(data):
    """Intervals of 99.9 % of the four known effects; exposures of 75 % mean 3.0 to 3.2 of 4 friends against .8 to 1."""
    frame, edges = data
    found = analyze(frame, PLAN | {"alpha": 0.001}, edges=edges).interference
    assert found is not None
    effects = found["metrics"]["orders"]["effects"]
    assert effects["total_full"]["ci"][0] < 3.0 < effects["total_full"]["ci"][1]
    assert effects["direct_untreated_friends"]["ci"][0] < 1.0 < effects["direct_untreated_friends"]["ci"][1]
    assert found["metrics"]["orders"]["spillover_p"] <= 0.001 < found["metrics"]["kept"]["spillover_p"]


def test_without_edges_nothing_changes(data):
    frame, edges = data
    plain, with_edges = analyze(frame, PLAN).document(), analyze(frame, PLAN, edges=edges).document()
    assert "interference" not in plain
    assert with_edges.pop("interference") and with_edges.pop("warnings") is not None
    del plain["warnings"]
    assert plain == with_edges


def test_the_document_and_the_table_tell_every_effect_and_every_edge(data):
    frame, edges = data
    listed = pd.concat([edges, edges.iloc[:3], pd.DataFrame({"src": ["c1", "c2"], "dst": ["c1", "nobody"]})])
    found = analyze(frame, PLAN, edges=listed)
    document = json.loads(json.dumps(found.document(), allow_nan=False))["interference"]
    assert document["edges"] == 4005 == document["ties"] + sum(document["left_out"].values())
    table = found.table()
    assert "With friends (4,000 ties of 2,000 units from 4,005 edges" in table and "edges of a unit to itself (1)" in table
    assert all(table.count(words) == 2 for words in WORDS.values())
    assert "rate: friends are taken into account for a mean or a proportion, not for a ratio" in table
    assert any("units that are not in the data (1) are named by 1 of 4,005 edges" in one for one in found.warnings)


def test_a_list_that_names_nobody_is_told_once(data):
    frame, _ = data
    found = analyze(frame, PLAN, edges=pd.DataFrame({"src": [1, 2], "dst": [2, 3]}))
    assert any("none of 2 edges joins two units of the data" in one for one in found.warnings)
    assert found.interference is not None
    assert [one for one in lines(found.interference) if "nothing to read" in one] and len(list(lines(found.interference))) == 2


def test_missing_outcomes_keep_their_place_among_friends(data):
    frame, edges = data
    holes = frame.assign(orders=frame["orders"].where(frame.index % 9 > 0))
    found = analyze(holes, PLAN, edges=edges).interference
    assert found is not None and found["isolated"] == 0
    assert found["metrics"]["orders"]["difference"]["n"] == int(holes["orders"].notna().sum())


@pytest.mark.parametrize("kind", ["three arms", "rows of a unit"])
def test_what_edges_cannot_be_used_for_is_told_and_the_rest_analyzed(data, kind):
    frame, edges = data
    if kind == "three arms":
        third = frame.assign(arm=np.where(frame.index % 5 == 0, "other", frame["arm"]))
        plan = {**PLAN, "expected_shares": {"control": 0.48, "treatment": 0.32, "other": 0.2}}
        found, words = analyze(third, plan, edges=edges), "between two arms"
    else:
        twice = pd.concat([frame, frame])
        found, words = analyze(twice, {**PLAN, "cluster": "customer"}, edges=edges), "add them up to one row each"
    assert found.interference is not None and words in found.interference["reason"]
    assert any("the edge list is not used" in one for one in found.warnings)
    assert list(lines(found.interference)) == []
    assert found.comparisons["orders"]["treatment"].contrast.difference.interval is not None


def test_wrong_edges_are_told_with_what_is_wrong_with_plan_and_data(data, tmp_path):
    frame, _ = data
    frame.to_csv(tmp_path / "data.csv", index=False)
    (tmp_path / "edges.csv").write_text("src,dst\nc1\n")
    with pytest.raises(ScenarioError) as caught:
        analyze(tmp_path / "data.csv", {**PLAN, "alpha": 7}, edges=tmp_path / "edges.csv")
    told = str(caught.value)
    assert "alpha" in told and f"{tmp_path / 'edges.csv'}:2:1: 1 field: must be 2" in told
