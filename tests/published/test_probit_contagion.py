"""P10: designs and estimators on a small world with probit contagion.

After Eckles, Karrer & Ugander (2017), Journal of Causal Inference 5(1).

Each of 1,000 customers is tied to 10 others, a tenth of the ties rewired. In each of three steps a customer is active where
-1.5 + 0.75 treated + 1.0 (mean of friends' activity in the step before) + N(0, 1) > 0; nobody is active before. Designs: half of the
customers, or half of the clusters of a 3-net. Estimators: difference in means, of all or of those with 75 % of friends in their arm.

The paper prints figures, not tables; the numbers are those of an independent program of the same process (1,500 replications), and each
of ours must lie within 4 standard errors of the difference of the two programs. Ten checks: false alarm of 0.06 %.
"""

from functools import cache
from typing import Any

import golden_kinds
import networkx
import numpy as np
import pytest

from regulars.analysis.exposure import ClusteredNetwork, clustered_network, estimate_exposed, exposed

ANCHOR = golden_kinds.ANCHORS["P10"]["own_computation"]
TRUTH = ANCHOR["true_gate"]
REPLICATIONS, PUBLISHED = 500, 1500
PEOPLE = 1000


def activity(network: ClusteredNetwork, treated: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Who is active after three steps."""
    active = np.zeros(PEOPLE)
    for _ in range(3):
        pull = (network.adjacency @ active) / network.friends
        active = (-1.5 + 0.75 * treated + 1.0 * pull + random.normal(size=PEOPLE) > 0.0).astype(float)
    return active


def three_net(graph: Any, random: np.random.Generator) -> np.ndarray:
    """Clusters around centers that are three steps or more apart, each customer with the nearest (Ugander et al. 2013)."""
    free, home, queue = np.ones(PEOPLE, bool), np.full(PEOPLE, -1), list[int]()
    for center in random.permutation(PEOPLE):
        if free[center]:
            home[center] = len(queue)
            queue.append(int(center))
            free[[center, *(far for near in graph[center] for far in (near, *graph[near]))]] = False
    for one in queue:
        for other in graph[one]:
            if home[other] < 0:
                home[other] = home[one]
                queue.append(other)
    return home


@cache
def replications() -> dict[str, np.ndarray]:
    """Estimates, effects of treating everybody, and numbers of clusters, by replication."""
    random = np.random.default_rng(10)
    found: dict[str, list[float]] = {name: [] for name in ("gate", "clusters", "ind_dim", "gcr_dim", "ind_fne", "gcr_fne")}
    alike = (np.ones(PEOPLE), np.ones(PEOPLE))
    for _ in range(REPLICATIONS):
        graph = networkx.watts_strogatz_graph(PEOPLE, 10, 0.1, seed=int(random.integers(2**31)))
        one, other = np.array(graph.edges()).T
        clusters = three_net(graph, random)
        found["clusters"].append(clusters.max() + 1)
        for design, cluster in (("ind", np.arange(PEOPLE)), ("gcr", clusters)):
            network = clustered_network(one, other, cluster)
            treated = (random.random(network.clusters) < 0.5)[network.cluster].astype(float)
            outcome = activity(network, treated, random)
            found[f"{design}_dim"].append(outcome[treated == 1].mean() - outcome[treated == 0].mean())
            hajek = estimate_exposed(outcome, exposed(network, treated, share=0.75), alike).hajek.value
            assert hajek is not None
            found[f"{design}_fne"].append(hajek)
            if design == "ind":
                everybody, nobody = (activity(network, np.full(PEOPLE, arm), random) for arm in (1.0, 0.0))
                found["gate"].append(everybody.mean() - nobody.mean())
    return {name: np.array(values) for name, values in found.items()}


def test_the_effect_of_treating_everybody():
    ours = replications()["gate"]
    error = np.hypot(ours.std(ddof=1) / REPLICATIONS**0.5, ANCHOR["se_gate"])
    assert abs(ours.mean() - TRUTH) < 4 * error


@pytest.mark.parametrize("cell", ["ind_dim", "gcr_dim", "ind_fne", "gcr_fne"])
def test_the_bias_of_a_design_and_an_estimator(cell):
    ours = replications()[cell] - TRUTH
    error = np.hypot(ours.std(ddof=1) / REPLICATIONS**0.5, ANCHOR[cell]["mc_se"])
    assert abs(ours.mean() - ANCHOR[cell]["bias"]) < 4 * error


@pytest.mark.parametrize("cell", ["ind_dim", "gcr_dim", "ind_fne", "gcr_fne"])
def test_the_error_of_a_design_and_an_estimator(cell):
    """Delta method on the mean of squares; the other program's spread is taken to be ours."""
    square = (replications()[cell] - TRUTH) ** 2
    rmse = square.mean() ** 0.5
    error = square.std(ddof=1) * (1 / REPLICATIONS + 1 / PUBLISHED) ** 0.5 / (2 * rmse)
    assert abs(rmse - ANCHOR[cell]["rmse"]) < 4 * error


def test_the_clusters_are_those_of_a_three_net():
    """3-nets of these networks have 60.5 clusters in the mean; the other program prints no error, so that ours counts twice."""
    ours = replications()["clusters"]
    assert abs(ours.mean() - ANCHOR["mean_clusters"]) < 4 * ours.std(ddof=1) * (1 / REPLICATIONS + 1 / PUBLISHED) ** 0.5


def test_designs_and_estimators_rank_as_published():
    """Bias falls from individual assignment to clusters, and from everybody to the exposed; only clusters pay for it with little noise."""
    bias = {name: abs(values.mean() - TRUTH) for name, values in replications().items() if name in ANCHOR}
    assert bias["gcr_fne"] < bias["gcr_dim"] < bias["ind_dim"] and bias["ind_fne"] < bias["ind_dim"]
    spread = {name: values.std() for name, values in replications().items()}
    assert spread["ind_fne"] > 2 * spread["gcr_fne"]
