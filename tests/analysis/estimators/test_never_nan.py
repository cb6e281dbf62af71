"""Whatever the data, an estimator gives numbers or says why not; it never gives NaN and never fails on the way."""

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from regulars.analysis.estimate import Estimate
from regulars.analysis.estimators import Contrast, Sample, estimators

RNG = np.random.default_rng(4)
VALUES = {
    "ordinary": RNG.gamma(2.0, 3.0, 60),
    "zeros": np.zeros(60),
    "ones": np.ones(60),
    "tenths": np.full(60, 0.1),
    "one unit": np.array([3.0]),
    "two units": np.array([3.0, 4.0]),
    "two alike": np.array([3.0, 3.0]),
    "negative": -RNG.gamma(2.0, 3.0, 60),
    "around zero": RNG.normal(0.0, 1.0, 60),
    "empty": np.zeros(0),
}
BINARY = {
    "mixed": (RNG.random(60) < 0.4).astype(float),
    "none": np.zeros(60),
    "all": np.ones(60),
    "one": np.ones(1),
    "empty": np.zeros(0),
}


def check(contrast: Contrast) -> None:
    for name in ("control", "treatment", "difference", "relative"):
        estimate: Estimate = getattr(contrast, name)
        numbers = [estimate.value, estimate.sd, *(estimate.interval or ())]
        assert all(number is None or math.isfinite(number) for number in numbers), (name, estimate)
        assert (estimate.reason is None) == (estimate.value is not None and estimate.interval is not None), (name, estimate)
        if estimate.interval is not None:
            low, high = estimate.interval
            assert low <= high
    assert {field.name for field in fields(contrast)} >= {"beside"}
    for p in (contrast.p_value, *contrast.beside.values()):
        assert p is None or 0 <= p <= 1


def check_numbers(found: dict[str, Any]) -> None:
    for name, value in found.items():
        assert np.isfinite(np.asarray(value, dtype=float)).all(), name


def sample(kind: str, values: np.ndarray, *, arm: int, clusters: int = 0, strata: bool = False, covariate: bool = False) -> Sample:
    columns = {"value": values}
    if kind == "ratio":
        columns = {"numerator": values, "denominator": np.arange(1.0, len(values) + 1)}
    if covariate:
        columns["covariate"] = np.sqrt(np.abs(values)) + np.arange(len(values)) % 3
    cluster = np.arange(len(values)) % clusters + 100 * arm if clusters else None
    return Sample(columns, cluster=cluster, stratum=np.arange(len(values)) % 2 if strata else None)


CASES = [(kind, method) for kind in ("mean", "ratio", "quantile") for method in (None, *estimators()[kind].methods)]


@pytest.mark.parametrize(("kind", "method"), CASES)
@pytest.mark.parametrize("other", sorted(VALUES))
def test_an_awkward_arm_gives_numbers_or_a_reason(kind, method, other):
    options = {"resamples": 200, "permutations": 50} if kind == "quantile" else {}
    estimator = estimators()[kind](method, **options)
    needed = {"strata": method == "poststratified", "covariate": method in ("cuped", "lin", "ancova")}
    for first, second in (("ordinary", other), (other, "ordinary"), (other, other)):
        arms = [sample(kind, VALUES[name], arm=arm, **needed) for arm, name in enumerate((first, second))]
        check(estimator.contrast(*arms, alpha=0.05))
        check_numbers(estimator.details(*arms, alpha=0.05))


@pytest.mark.parametrize("relative", ["log", "delta", "fieller"])
@pytest.mark.parametrize("other", sorted(VALUES))
def test_every_relative_interval_gives_numbers_or_a_reason(relative, other):
    for kind in ("mean", "ratio"):
        for first, second in (("ordinary", other), (other, "ordinary"), (other, other)):
            arms = [sample(kind, VALUES[name], arm=arm) for arm, name in enumerate((first, second))]
            check(estimators()[kind](relative=relative).contrast(*arms, alpha=0.05))


@pytest.mark.parametrize("method", [None, *estimators()["proportion"].methods])
@pytest.mark.parametrize("clusters", [0, 1, 3])
def test_awkward_proportions_give_numbers_or_a_reason(method, clusters):
    if clusters and method == "poststratified":
        return
    estimator = estimators()["proportion"](method)
    for first in BINARY.values():
        for second in BINARY.values():
            arms = [
                sample("proportion", values, arm=arm, clusters=clusters, strata=method == "poststratified")
                for arm, values in enumerate((first, second))
            ]
            check(estimator.contrast(*arms, alpha=0.05))
            check_numbers(estimator.details(*arms, alpha=0.05))


@pytest.mark.parametrize("kind", ["mean", "ratio", "quantile"])
@pytest.mark.parametrize("clusters", [1, 2, 5])
@pytest.mark.parametrize("other", sorted(VALUES))
def test_awkward_clusters_give_numbers_or_a_reason(kind, clusters, other):
    estimator = estimators()[kind]()
    for first, second in (("ordinary", other), (other, "ordinary"), (other, other)):
        arms = [sample(kind, VALUES[name], arm=arm, clusters=clusters) for arm, name in enumerate((first, second))]
        check(estimator.contrast(*arms, alpha=0.05))
        check_numbers(estimator.details(*arms, alpha=0.05))
