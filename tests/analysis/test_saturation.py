"""Two-stage designs. Oracles: statsmodels' least squares, the textbook matrices of CR2, and worlds whose effects are known."""

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import linalg

from regulars.analysis.saturation import saturation_effects


def uneven(seed=1, clusters=30):
    """Clusters of 5 to 40 units at three levels, with a shock by cluster."""
    random = np.random.default_rng(seed)
    sizes = random.integers(5, 41, clusters)
    cluster = np.repeat(np.arange(clusters), sizes)
    level = np.array([0.0, 0.4, 0.8])[np.arange(clusters) % 3][cluster]
    treated = (random.random(len(cluster)) < level).astype(float)
    outcome = 10.0 + random.normal(size=clusters)[cluster] + 2.0 * treated + 3.0 * level * (1 - treated) + random.normal(size=len(cluster))
    return outcome, treated, level, cluster


def dummies(treated, level):
    """A column for each cell that has units, and which cell it is."""
    cells = [(share, arm) for share in np.unique(level) for arm in (0.0, 1.0) if np.any((level == share) & (treated == arm))]
    return np.column_stack([(level == share) & (treated == arm) for share, arm in cells]).astype(float), cells


def cr2_by_matrices(outcome, treated, level, cluster, contrast):
    """Standard error and degrees of freedom of Pustejovsky & Tipton (2018), written out."""
    x, _ = dummies(treated, level)
    bread = np.linalg.inv(x.T @ x)
    residual = outcome - x @ (bread @ (x.T @ outcome))
    annihilator, columns, score = np.eye(len(x)) - x @ bread @ x.T, [], 0.0
    for one in np.unique(cluster):
        at = cluster == one
        adjust = np.real(linalg.fractional_matrix_power(np.eye(at.sum()) - x[at] @ bread @ x[at].T, -0.5))
        pull = adjust @ x[at] @ bread @ contrast
        score += float(pull @ residual[at]) ** 2
        columns.append(annihilator[:, at] @ pull)
    products = np.array(columns) @ np.array(columns).T
    return score**0.5, np.trace(products) ** 2 / np.sum(products**2)


def test_effects_are_the_coefficients_of_the_saturated_regression():
    outcome, treated, level, cluster = uneven()
    found: Any = saturation_effects(outcome, treated, level, cluster)
    x, cells = dummies(treated, level)
    means = dict(zip(cells, sm.OLS(outcome, x).fit().params, strict=True))
    for share in (0.4, 0.8):
        assert found.direct[share].difference.value == pytest.approx(means[share, 1.0] - means[share, 0.0], rel=1e-12)
        assert found.spillover[share].difference.value == pytest.approx(means[share, 0.0] - means[0.0, 0.0], rel=1e-12)
        assert found.total[share].difference.value == pytest.approx(means[share, 1.0] - means[0.0, 0.0], rel=1e-12)
        at, base = level == share, level == 0.0
        assert found.overall[share].difference.value == pytest.approx(outcome[at].mean() - outcome[base].mean(), rel=1e-12)


@pytest.mark.parametrize(("effect", "share", "above", "below"), [
    ("direct", 0.4, (0.4, 1.0), (0.4, 0.0)), ("spillover", 0.8, (0.8, 0.0), (0.0, 0.0)), ("total", 0.4, (0.4, 1.0), (0.0, 0.0)),
])  # fmt: skip
def test_intervals_are_those_of_cr2_written_out(effect, share, above, below):
    from scipy.stats import t

    outcome, treated, level, cluster = uneven()
    _, cells = dummies(treated, level)
    contrast = np.array([(one == above) - float(one == below) for one in cells])
    se, df = cr2_by_matrices(outcome, treated, level, cluster, contrast)
    found = getattr(saturation_effects(outcome, treated, level, cluster), effect)[share]
    half = (found.difference.interval[1] - found.difference.interval[0]) / 2
    assert half == pytest.approx(t.ppf(0.975, df) * se, rel=1e-9)
    assert found.p_value == pytest.approx(2 * t.sf(abs(found.difference.value) / se, df), rel=1e-8)


def test_pooled_effects_weigh_levels_by_their_units():
    from scipy.stats import t

    outcome, treated, level, cluster = uneven(2)
    found: Any = saturation_effects(outcome, treated, level, cluster)
    units = {one.share: one.units for one in found.levels}
    share = units[0.4] / (units[0.4] + units[0.8])
    assert found.pooled_direct.difference.value == pytest.approx(
        share * found.direct[0.4].difference.value + (1 - share) * found.direct[0.8].difference.value
    )
    _, cells = dummies(treated, level)
    weight = {(0.4, 1.0): share, (0.4, 0.0): -share, (0.8, 1.0): 1 - share, (0.8, 0.0): share - 1}
    se, df = cr2_by_matrices(outcome, treated, level, cluster, np.array([weight.get(one, 0.0) for one in cells]))
    half = (found.pooled_direct.difference.interval[1] - found.pooled_direct.difference.interval[0]) / 2
    assert half == pytest.approx(t.ppf(0.975, df) * se, rel=1e-9)


def test_known_effects_are_found_and_covered_at_the_stated_rate():
    """y = cluster + 2 z + 3 share of the cluster's others treated: direct 2, spillover 1.5, roll-out 5 at levels 0, .5, 1.

    400 worlds of 60 clusters: coverage .95 with 4 standard errors of .0109; means at 4 standard errors.
    """
    random, found = np.random.default_rng(3), []
    cluster = np.repeat(np.arange(60), 20)
    for _ in range(400):
        level = random.permutation(np.repeat([0.0, 0.5, 1.0], 20))[cluster]
        treated = (random.random(1200) < level).astype(float)
        others = (np.bincount(cluster, treated)[cluster] - treated) / 19
        outcome = random.normal(size=60)[cluster] + 2 * treated + 3 * others + random.normal(size=1200)
        one: Any = saturation_effects(outcome, treated, level, cluster)
        found.append([(part.difference.value, *part.difference.interval) for part in (one.direct[0.5], one.spillover[0.5], one.roll_out)])
    value, low, high = np.moveaxis(np.array(found), 2, 0)
    truth = np.array([2.0, 1.5, 5.0])
    assert np.all(np.abs(value.mean(axis=0) - truth) < 4 * value.std(axis=0) / 20)
    assert np.mean((low <= truth) & (truth <= high), axis=0) == pytest.approx([0.95] * 3, abs=0.0436)


def test_what_the_design_does_not_hold_is_refused_with_the_reason():
    outcome, treated, level, cluster = uneven()
    ends = (level != 0.4) | (treated == 1)
    full = np.where(level == 0.4, 1.0, level)
    found: Any = saturation_effects(outcome[ends], treated[ends], full[ends], cluster[ends])
    assert found.direct[0.0].difference.reason == "level 0 has no treated units"
    assert found.direct[1.0].difference.reason == "level 1 has no untreated units"
    assert found.spillover[1.0].difference.reason == "level 1 has no untreated units"
    assert found.direct[0.8].difference.interval is not None
    assert found.pooled_direct.difference.value == pytest.approx(found.direct[0.8].difference.value)


def test_one_cluster_at_a_level_is_refused():
    outcome, treated, level, cluster = uneven()
    keep = (level < 0.8) | (cluster == 2)
    found: Any = saturation_effects(outcome[keep], treated[keep], level[keep], cluster[keep])
    assert "in one cluster only" in found.direct[0.8].difference.reason
    assert found.overall[0.8].difference.interval is None and found.overall[0.8].difference.reason


def test_warnings_name_what_is_not_in_the_numbers():
    outcome, treated, level, cluster = uneven()
    words = " ".join(saturation_effects(outcome, treated, level, cluster).warnings)
    assert "30 clusters" in words and "level 0.8, not of a full roll-out" in words and "without treatment" not in words
    above = level > 0.0
    words = " ".join(saturation_effects(outcome[above], treated[above], level[above], cluster[above]).warnings)
    assert "no clusters were left without treatment" in words


def test_an_assignment_that_misses_its_level_is_told():
    outcome, treated, level, cluster = uneven()
    shifted = np.where(level == 0.4, 0.6, level)
    assert any("check the assignment" in one for one in saturation_effects(outcome, treated, shifted, cluster).warnings)
    assert not any("check the assignment" in one for one in saturation_effects(outcome, treated, level, cluster).warnings)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y, z, a, c: (y[:-1], z, a, c), "of the same units"),
        (lambda y, z, a, c: (y * np.nan, z, a, c), "a number"),
        (lambda y, z, a, c: (y, z + 0.5, a, c), "1 or 0"),
        (lambda y, z, a, c: (y, z, a * 100, c), "from 0 to 1"),
        (lambda y, z, a, c: (y, z, a * 0 + 0.4, c), "all clusters have the level 0.4"),
        (lambda y, z, a, c: (y, z, np.linspace(0.1, 0.9, len(y)), c), "as they were planned"),
        (lambda y, z, a, c: (y, z, np.where(np.arange(len(y)) % 2, 0.4, 0.8), c), "several levels"),
        (lambda y, z, a, c: (y, z * 0 + 1, a, c), "treated in clusters of level 0"),
    ],
)
def test_columns_that_cannot_be_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        saturation_effects(*change(*uneven()))
