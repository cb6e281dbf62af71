"""Two-stage designs by their plan: direct effects as the comparison, the others by level, and every refusal with its reason."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from regulars.abtest import analyze
from regulars.analysis.saturation import saturation_effects
from regulars.scenarios.problem import ScenarioError

PLAN: dict[str, Any] = {
    "unit": "customer", "arm": "arm", "control": "control", "cluster": "town", "saturation": "share",
    "metrics": {"spend": {"kind": "mean", "column": "spend"}, "kept": {"kind": "proportion", "column": "kept"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def data():
    """60 towns of 30 customers at shares 0, .5 and 1; spend = town + 2 treated + 3 share of the others treated."""
    luck, town = np.random.default_rng(51), np.repeat(np.arange(60), 30)
    share = luck.permutation(np.repeat([0.0, 0.5, 1.0], 20))[town]
    treated = (luck.random(1800) < share).astype(float)
    others = (np.bincount(town, treated)[town] - treated) / 29
    before = luck.normal(size=1800)
    return pd.DataFrame({
        "customer": np.arange(1800), "arm": np.where(treated == 1, "treatment", "control"), "town": [f"t{one}" for one in town],
        "share": share, "before": before, "kept": (luck.random(1800) < 0.5).astype(int),
        "spend": 10 + luck.normal(size=60)[town] + 2 * treated + 3 * others + before + luck.normal(size=1800),
    })  # fmt: skip


def test_comparisons_are_the_direct_effects_and_the_rest_stands_by_level(data):
    found = analyze(data, PLAN)
    treated = (data["arm"] == "treatment").to_numpy(float)
    one = saturation_effects(data["spend"].to_numpy(), treated, data["share"].to_numpy(), data["town"].to_numpy())
    contrast = found.comparisons["spend"]["treatment"].contrast
    assert contrast.difference.value == pytest.approx(one.pooled_direct.difference.value, rel=1e-12)
    assert contrast.difference.interval == pytest.approx(one.pooled_direct.difference.interval, rel=1e-12)
    assert found.saturation is not None
    spend = found.saturation["spend"]
    assert spend["spillover"]["0.5"]["difference"] == pytest.approx(one.spillover[0.5].difference.value, rel=1e-12)
    assert spend["overall"]["1"]["ci"] == pytest.approx(one.roll_out.difference.interval, rel=1e-12)
    assert spend["direct"]["1"]["reason"] == "level 1 has no untreated units"


def test_known_effects_are_found(data):
    """Intervals of 99.9 %: direct 2, spillover at .5 1.5, roll-out 5."""
    found = analyze(data, {**PLAN, "alpha": 0.001}).saturation
    assert found is not None
    spend = found["spend"]
    for one, truth in ((spend["direct"]["0.5"], 2.0), (spend["spillover"]["0.5"], 1.5), (spend["overall"]["1"], 5.0)):
        assert one["ci"][0] < truth < one["ci"][1]


def test_a_covariate_narrows_the_intervals(data):
    adjusted = {**PLAN, "metrics": {"spend": {"kind": "mean", "column": "spend", "covariate": "before"}}}
    plain, narrow = (analyze(data, one).comparisons["spend"]["treatment"].contrast.difference.interval for one in (PLAN, adjusted))
    assert plain is not None and narrow is not None
    # A town adds 30 (1 + 1) / 300^2 by its units, one half of which is foretold, and (2 * 30^.5 / 2 / 300)^2 = 30 / 300^2 by its own
    # shock, since not just half of it is treated: sqrt(2 / 3) = .82. With 20 towns each interval is known to some 16 %, most of it shared.
    assert (narrow[1] - narrow[0]) / (plain[1] - plain[0]) == pytest.approx(0.82, abs=0.13)


def test_the_document_and_the_table_tell_the_levels(data):
    found = analyze(data, PLAN)
    document = json.loads(json.dumps(found.document(), allow_nan=False))
    assert [one["share"] for one in document["saturation"]["spend"]["levels"]] == [0.0, 0.5, 1.0]
    table = found.table()
    assert "spend, kept: direct effect at equal shares of treated, saturated regression, CR2" in table
    assert "spend: levels 0 (20 clusters, 0 of 600 units), 0.5 (20 clusters" in table
    assert "overall: everybody against level 0, at level 1" in table and "direct: treated against untreated of level 0.5" in table


def test_rows_without_an_outcome_are_left_out_of_it_alone(data):
    holes = data.assign(spend=data["spend"].where(data.index % 10 > 0))
    found = analyze(holes, PLAN).saturation
    assert found is not None
    assert sum(one["units"] for one in found["spend"]["levels"]) == 1620 and sum(one["units"] for one in found["kept"]["levels"]) == 1800


def test_levels_that_are_not_those_of_the_assignment_refuse_the_answer(data):
    found = analyze(data.assign(share=1.0 - data["share"]), PLAN)
    assert "treated in clusters of level 0" in str(found.comparisons["spend"]["treatment"].contrast.difference.reason)
    assert any("treated in clusters of level 0" in one for one in found.warnings)


def test_other_kinds_and_edges_are_refused_with_the_reason(data):
    ratio = {**PLAN, "metrics": {**PLAN["metrics"], "rate": {"kind": "ratio", "numerator": "spend", "denominator": "before"}}}
    found = analyze(data.assign(before=1.0), ratio, edges=pd.DataFrame({"src": [1], "dst": [2]}))
    assert "not of a ratio" in str(found.comparisons["rate"]["treatment"].contrast.difference.reason)
    assert found.interference is not None and "by level" in found.interference["reason"]


@pytest.mark.parametrize(
    ("plan", "change", "words"),
    [
        ({"cluster": None}, {}, "saturation = share: needs `cluster`"),
        ({"cluster": "twon"}, {}, "no column 'twon'. Did you mean 'town'?"),
        ({"saturation": "shares"}, {}, "no column 'shares'. Did you mean 'share'?"),
        ({}, {"share": "half"}, "from 0 to 1; 1,800 rows do not, row 1 the first"),
        ({}, {"share": 50.0}, "from 0 to 1; 1,800 rows do not"),
        ({}, {"town": ""}, "must name the cluster of each row"),
    ],
)
def test_columns_and_plans_that_cannot_be_are_told(data, plan, change, words):
    given = {key: value for key, value in {**PLAN, **plan}.items() if value is not None}
    with pytest.raises(ScenarioError) as caught:
        analyze(data.assign(**change), given)
    assert words in str(caught.value)
