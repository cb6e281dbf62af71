"""Networks against published numbers and against igraph and networkx; seeds are fixed and were not chosen by result."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import tracemalloc

import igraph
import networkx
import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import optimize, special, stats

from regulars.sim.world.network import (
    CHANCE,
    CommunityStructured,
    EdgeList,
    HeavyTailed,
    Network,
    NetworkParameters,
    NoNetwork,
    SmallWorld,
    match_pairs,
    pass_messages,
)

SEED = 20240601
KINDS = [
    SmallWorld(),
    SmallWorld(strong_ties=5, weak_ties=3, rewiring=1.0),
    HeavyTailed(),
    HeavyTailed(degree="poisson", mean_ties=6.0),
    CommunityStructured(),
    CommunityStructured(size=6.0, strong_ties=20.0, weak_ties=1),
]
KIND_NAMES = ["small_world", "random_odd", "heavy_tailed", "poisson", "community", "cliques"]


@pytest.fixture(autouse=True)
def fixed_luck_of_igraph():
    random.seed(SEED)


def as_igraph(network: Network) -> igraph.Graph:
    sender, receiver = network.senders, network.receivers
    once = sender < receiver
    return igraph.Graph(n=network.people, edges=np.column_stack([sender[once], receiver[once]]))


def communities_of(network: Network) -> np.ndarray:
    assert network.communities is not None
    return network.communities


def labels_of(network: Network) -> np.ndarray:
    assert network.labels is not None
    return network.labels


def digest(network: Network) -> str:
    return hashlib.sha256(network.starts.tobytes() + network.ties.tobytes()).hexdigest()


def send(network: Network, senders, signs=None, *, reach=(1.0, 1.0), week=0, replication=0):
    """Counters (strong, weak, negative) and the number delivered."""
    senders = np.asarray(senders, np.int32)
    signs = np.ones(len(senders), np.int8) if signs is None else np.asarray(signs, np.int8)
    heard = strong, weak, negative = [np.zeros(network.people, np.uint16) for _ in range(3)]
    key = (np.uint64(SEED), CHANCE.key, np.uint64(replication))
    rows, reaches = (network.ties, network.starts), (np.float32(reach[0]), np.float32(reach[1]))
    delivered = pass_messages(strong, weak, negative, *rows, senders, signs, key, week, *reaches, 0, len(senders))
    return heard, delivered


# Golden numbers: three graphs of the model by Watts & Strogatz (1998), Nature 393, n = 1,000, k = 10: mean clustering,
# mean path length. A path length at 0.01 has a standard deviation of 0.46 from graph to graph.
WATTS_STROGATZ = {
    0.0: (0.6666666666666636, 50.450450450450454),
    0.01: (0.6449121452621421, 8.630236903570237),
    0.1: (0.48942037407037436, 4.418028695362029),
    1.0: (0.009254018098058352, 3.2686833500166834),
}


def clustering_and_path(graphs):
    clustering = [graph.transitivity_avglocal_undirected(mode="zero") for graph in graphs]
    return np.array(clustering), np.array([graph.average_path_length() for graph in graphs])


@pytest.mark.parametrize("rewiring", WATTS_STROGATZ)
def test_small_world_has_published_clustering_and_path_length(rewiring):
    parameters = SmallWorld(strong_ties=10, weak_ties=0, rewiring=rewiring)
    graphs = [as_igraph(parameters.build(1000, SEED, replication)) for replication in range(40)]
    clustering, path = clustering_and_path(graphs)
    expected_clustering, expected_path = WATTS_STROGATZ[rewiring]
    # 2 % and 3 %, and two standard errors of the golden mean of three graphs.
    assert clustering.mean() == pytest.approx(expected_clustering, abs=0.02 * expected_clustering + 2 * clustering.std() / 3**0.5)
    assert path.mean() == pytest.approx(expected_path, abs=0.03 * expected_path + 2 * path.std() / 3**0.5)


def test_small_world_has_the_clustering_and_path_length_of_networkx():
    parameters = SmallWorld(strong_ties=10, weak_ties=0, rewiring=0.01)
    ours = clustering_and_path([as_igraph(parameters.build(1000, SEED, replication)) for replication in range(100)])
    theirs = clustering_and_path(
        [igraph.Graph.from_networkx(networkx.watts_strogatz_graph(1000, 10, 0.01, seed=seed)) for seed in range(100)]
    )
    assert ours[0].mean() == pytest.approx(theirs[0].mean(), rel=0.02)
    assert ours[1].mean() == pytest.approx(theirs[1].mean(), rel=0.03)


def test_rewiring_keeps_the_number_of_ties_and_takes_more_of_them_as_it_grows():
    ring = set(as_igraph(SmallWorld(weak_ties=0, rewiring=0.0).build(2000, SEED)).get_edgelist())
    kept = []
    for rewiring in (0.05, 0.2, 0.6):
        edges = as_igraph(SmallWorld(weak_ties=0, rewiring=rewiring).build(2000, SEED)).get_edgelist()
        assert len(edges) == len(ring) == 8000
        kept.append(ring & set(edges))
    # A rewired tie falls on the place of another, rewired earlier, about once in 500.
    assert [len(one) / 8000 for one in kept] == pytest.approx([0.95, 0.8, 0.4], abs=0.02)
    assert len(kept[2] - kept[0]) < 40


@pytest.mark.parametrize("zp, giant", [(1.5, 0.5828), (2.0, 0.7968)])
def test_percolation_on_a_poisson_graph_has_the_giant_share_of_theory(zp, giant):
    # s = 1 - exp(-zp s): Newman, Strogatz & Watts (2001), Physical Review E 64; within 0.01 at 100,000 people.
    network = HeavyTailed(degree="poisson", mean_ties=10.0).build(100_000, SEED)
    graph = as_igraph(network)
    open_ties = np.flatnonzero(np.random.default_rng(SEED).random(graph.ecount()) < zp / 10.0)
    largest = max(graph.subgraph_edges(open_ties, delete_vertices=False).connected_components().sizes())
    assert largest / network.people == pytest.approx(giant, abs=0.01)


def cascade_sizes(zp, cascades):
    """Share of people reached from one person, message by message (independent cascade; each speaks once)."""
    network = HeavyTailed(degree="poisson", mean_ties=10.0).build(100_000, SEED)
    sizes = []
    for cascade in range(cascades):
        knows = np.zeros(network.people, bool)
        speakers = np.array([cascade * 997])
        while len(speakers):
            knows[speakers] = True
            (strong, weak, _), _ = send(network, speakers, reach=(zp / 10.0, zp / 10.0), week=cascade)
            speakers = np.flatnonzero((strong + weak > 0) & ~knows)
        sizes.append(knows.mean())
    return np.array(sizes)


@pytest.mark.parametrize("zp, giant", [(1.5, 0.5828), (2.0, 0.7968)])
def test_word_spreads_as_an_independent_cascade(zp, giant):
    # Kempe, Kleinberg & Tardos (2003): a cascade is directed percolation, so it grows large with probability s, to share s.
    sizes = cascade_sizes(zp, 100)
    large = sizes > 0.05
    assert sizes[large].mean() == pytest.approx(giant, abs=0.01)
    # Refuses a correct program once in 10,000.
    assert stats.binomtest(int(large.sum()), 100, giant).pvalue > 1e-4


def test_no_outbreak_below_the_threshold():
    assert cascade_sizes(0.8, 100).max() < 0.01


@pytest.mark.parametrize("parameters", KINDS, ids=KIND_NAMES)
@pytest.mark.parametrize("people", [1, 2, 3, 10, 1001])
def test_ties_are_mutual_simple_and_sorted_strong_first(parameters, people):
    network = parameters.build(people, SEED)
    sender, receiver, weak = network.senders, network.receivers, network.weak
    assert network.people == people and network.starts[0] == 0 and network.starts[-1] == len(network.ties)
    assert not (sender == receiver).any()
    assert receiver.max(initial=0) < people
    there = set(zip(sender.tolist(), receiver.tolist(), weak.tolist(), strict=True))
    assert there == {(b, a, kind) for a, b, kind in there}
    assert len({(a, b) for a, b, _ in there}) == network.n_ties
    same_row = sender[1:] == sender[:-1]
    assert (network.ties[1:][same_row] > network.ties[:-1][same_row]).all()


@pytest.mark.parametrize("parameters", KINDS, ids=KIND_NAMES)
def test_the_same_seed_gives_the_same_bytes_and_another_replication_does_not(parameters):
    assert digest(parameters.build(1001, SEED)) == digest(parameters.build(1001, SEED))
    assert digest(parameters.build(1001, SEED)) != digest(parameters.build(1001, SEED, 1))
    assert digest(parameters.build(1001, SEED)) != digest(parameters.build(1001, SEED + 1))


def fingerprints():
    """A line for each kind of network: its bytes, and what comes of fifty messages."""
    networks = [one.build(101, SEED) for one in KINDS] + [EdgeList(file="x").build(101, SEED, edges=ring_edges(100))]
    for network in networks:
        heard, delivered = send(network, range(50), [1, -1] * 25, reach=(0.5, 0.2))
        yield f"{digest(network)} {int(delivered)} {[int(one.sum()) for one in heard]}"


def test_plain_python_gives_the_same_networks_and_messages():
    script = "import sys; sys.path.insert(0, sys.argv[1]); from test_network import *; print(*fingerprints(), sep='\\n')"
    command = [sys.executable, "-c", script, os.path.dirname(__file__)]
    environment = {**os.environ, "REGULARS_PLAIN_KERNELS": "1"}
    plain = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    assert plain.splitlines() == list(fingerprints())


@pytest.mark.parametrize("people", [3000, 3001])
def test_small_world_gives_everyone_close_to_the_ties_asked_for(people):
    network = SmallWorld(strong_ties=8, weak_ties=12).build(people, SEED)
    weak = np.bincount(network.senders[network.weak], minlength=people)
    strong = network.degrees - weak
    assert weak.max() == 12 and weak.min() >= 9
    # Erased: weak ties that repeat one another (11 of 2 * 3000) or a strong one (8 of 3000), times 12; odd one out.
    assert weak.mean() == pytest.approx(12 - 12 * (11 / 2 + 8) / people, abs=0.02)
    assert strong.mean() == 8.0


def test_an_odd_number_of_strong_ties_leaves_out_a_few_at_the_end_of_the_ring():
    degrees = SmallWorld(strong_ties=5, weak_ties=0, rewiring=0.0).build(1001, SEED).degrees
    assert (degrees[:-6] == 5).all() and (degrees >= 4).all()


def test_a_market_smaller_than_the_ring_knows_everyone():
    assert (SmallWorld(strong_ties=8, weak_ties=0).build(6, SEED).degrees == 5).all()


def test_more_weak_ties_leave_those_there_were_in_place():
    few, many = (SmallWorld(weak_ties=weak_ties).build(5000, SEED) for weak_ties in (4, 9))
    pairs = [set(zip(one.senders[one.weak].tolist(), one.receivers[one.weak].tolist(), strict=True)) for one in (few, many)]
    assert pairs[0] < pairs[1]


def test_all_matchings_of_six_people_are_equally_likely():
    key = (np.uint64(SEED), CHANCE.key, np.uint64(0))
    seen: dict[frozenset[frozenset[int]], int] = {}
    for layer in range(6000):
        pairs = np.arange(6, dtype=np.uint32)
        match_pairs(pairs, key, layer, np.float32(1.0), 0, 3)
        matching = frozenset(frozenset(pair) for pair in pairs.reshape(3, 2).tolist())
        seen[matching] = seen.get(matching, 0) + 1
    # 5 * 3 * 1 matchings; refuses a correct program once in 10,000.
    assert len(seen) == 15 and stats.chisquare(list(seen.values())).pvalue > 1e-4


def test_poisson_degrees_are_poisson():
    degrees = HeavyTailed(degree="poisson", mean_ties=6.0).build(50_000, SEED).degrees
    observed = np.bincount(np.minimum(degrees, 15), minlength=16)
    expected = np.append(stats.poisson.pmf(np.arange(15), 6.0), stats.poisson.sf(14, 6.0)) * 50_000
    # Refuses a correct program once in 10,000; erased ties are 1 in 17,000.
    assert stats.chisquare(observed, expected).pvalue > 1e-4


@pytest.mark.parametrize("exponent", [2.2, 2.5, 3.0])
def test_heavy_tailed_degrees_fall_with_the_exponent_asked_for(exponent):
    degrees = HeavyTailed(exponent=exponent, max_ties=100_000).build(200_000, SEED).degrees
    tail = degrees[degrees >= 20]

    def misfit(alpha):
        # Discrete likelihood: Clauset, Shalizi & Newman (2009), SIAM Review 51, eq. 3.5.
        return np.log(special.zeta(alpha, 20)) + alpha * np.log(tail).mean()

    # 35,000 and more people in the tail: standard error below 0.01; the tail loses a few ties to erasing.
    assert optimize.minimize_scalar(misfit, bounds=(1.5, 5.0), method="bounded").x == pytest.approx(exponent, abs=0.05)
    assert degrees.max() > 1000


@pytest.mark.parametrize("mean_ties", [0.0, 0.5, 3.0, 20.0, 59.5, 60.0])
def test_heavy_tailed_networks_have_the_mean_asked_for(mean_ties):
    parameters = HeavyTailed(mean_ties=mean_ties, max_ties=60, exponent=3.5)
    degrees = parameters.build(100_000, SEED).degrees
    error = degrees.std() / len(degrees) ** 0.5
    # 0.1 % for ties erased, then 4 standard errors.
    assert degrees.mean() == pytest.approx(mean_ties, abs=0.001 * mean_ties + 4 * error)
    assert degrees.max() <= 60


def test_heavy_tailed_networks_are_the_configuration_model_of_igraph():
    parameters = HeavyTailed(mean_ties=8.0, max_ties=300, exponent=2.2)
    ours, theirs = [], []
    for replication in range(60):
        graph = as_igraph(parameters.build(1000, SEED, replication))
        ours.append((graph.ecount(), graph.transitivity_undirected(), graph.assortativity_degree()))
    for replication in range(60):
        ends = parameters._ends(1000, (np.uint64(SEED), np.uint64(5), np.uint64(replication)))
        degrees = np.bincount(ends, minlength=1000)[:1000]
        degrees[0] += degrees.sum() % 2
        graph = igraph.Graph.Degree_Sequence(degrees.tolist(), method="configuration").simplify()
        theirs.append((graph.ecount(), graph.transitivity_undirected(), graph.assortativity_degree()))
    # Refuses a correct program three times in 1,000.
    for one, other in zip(np.transpose(ours), np.transpose(theirs), strict=True):
        assert stats.permutation_test((one, other), lambda a, b: a.mean() - b.mean(), n_resamples=9999, rng=SEED).pvalue > 0.001


def test_strong_share_is_the_share_of_strong_ties():
    network = HeavyTailed(degree="poisson", strong_share=0.3).build(20_000, SEED)
    # 200,000 pairs, 4 standard errors.
    assert (~network.weak).mean() == pytest.approx(0.3, abs=4 * (0.21 / 200_000) ** 0.5)


def test_communities_hold_all_strong_ties():
    network = CommunityStructured(size=40.0, strong_ties=8.0, weak_ties=12).build(20_000, SEED)
    community = communities_of(network)
    assert community.dtype == np.int32 and len(community) == 20_000
    inside = community[network.senders] == community[network.receivers]
    assert inside[~network.weak].all()
    # 80,000 pairs, 4 standard errors of a count.
    assert (~network.weak).sum() / 20_000 == pytest.approx(8.0, rel=4 / 80_000**0.5)
    # Weak ties meet the own community by chance: a share of sum(size**2) / people**2, less those that are strong too.
    assert inside[network.weak].mean() < 0.004
    assert as_igraph(network).modularity(community) == pytest.approx(8 / 20, abs=0.01)


def test_leiden_finds_the_planted_communities():
    network = CommunityStructured(size=50.0, strong_ties=16.0, weak_ties=4).build(2000, SEED)
    graph = as_igraph(network)
    found = graph.community_leiden(objective_function="modularity", n_iterations=5).membership
    assert igraph.compare_communities(found, communities_of(network).tolist(), method="nmi") > 0.95


def test_community_sizes_lie_within_their_spread():
    network = CommunityStructured(size=40.0, size_spread=0.5).build(100_000, SEED)
    sizes = np.bincount(communities_of(network))
    # Sizes are scaled to the number of people (1 %) and rounded.
    assert sizes.mean() == 40.0 and sizes.min() >= 19 and sizes.max() <= 61
    assert sizes.std() == pytest.approx(20 / 3**0.5, rel=0.05)


def test_small_communities_are_cliques():
    network = CommunityStructured(size=6.0, size_spread=0.0, strong_ties=8.0, weak_ties=0).build(600, SEED)
    assert (network.degrees == 5).all()


def test_each_pair_of_a_community_is_tied_equally_often():
    tied = np.zeros((6, 6))
    for replication in range(3000):
        network = CommunityStructured(size=6.0, strong_ties=2.0, weak_ties=0).build(6, SEED, replication)
        tied[network.senders, network.receivers] += 1
    counts = tied[np.triu_indices(6, 1)]
    # Each of 15 pairs with probability 2 / 5; refuses a correct program once in 10,000.
    z = (counts - 1200) / (3000 * 0.4 * 0.6) ** 0.5
    assert stats.chi2.sf((z**2).sum(), 15) > 1e-4


def ring_edges(people):
    """A ring whose people have scattered ids."""
    ids = np.random.default_rng(SEED).permutation(people) * 10 + 3
    return ids, np.roll(ids, 1)


def test_an_edge_list_comes_back_through_its_labels():
    rng = np.random.default_rng(SEED)
    graph = igraph.Graph.from_networkx(networkx.gnm_random_graph(300, 900, seed=3))
    ids = np.array([f"id{i}" for i in rng.permutation(300)])
    ends = np.array(graph.get_edgelist())
    sender, receiver, strong = ids[ends[:, 0]], ids[ends[:, 1]], rng.random(900) < 0.4
    network = EdgeList(file="ties.csv").build(400, SEED, edges=(sender, receiver, strong))
    labels = labels_of(network)
    there = set(zip(labels[network.senders], labels[network.receivers], ~network.weak, strict=True))
    asked = set(zip(sender, receiver, strong, strict=True)) | set(zip(receiver, sender, strong, strict=True))
    assert there == asked
    assert set(labels) == set(sender) | set(receiver) and len(network.degrees) == 400


def test_a_directed_edge_list_is_heard_one_way():
    edges = (np.array([7, 7, 9]), np.array([9, 8, 8]))
    network = EdgeList(file="ties.csv", directed=True).build(3, SEED, edges=edges)
    there = set(zip(labels_of(network)[network.senders].tolist(), labels_of(network)[network.receivers].tolist(), strict=True))
    assert there == {(7, 9), (7, 8), (9, 8)}


def test_a_tie_listed_twice_counts_once_and_strong_wins():
    edges = (np.array([1, 2, 1, 3]), np.array([2, 1, 2, 3]), np.array([0, 1, 0, 1]))
    network = EdgeList(file="ties.csv").build(3, SEED, edges=edges)
    assert network.n_ties == 2 and not network.weak.any()


def test_people_of_an_edge_list_are_renumbered_along_their_ties():
    network = EdgeList(file="ties.csv").build(1000, SEED, edges=ring_edges(1000))
    # Walking a ring to both sides, nobody is more than two rows from a neighbor.
    assert np.abs(network.senders - network.receivers).max() <= 2


def test_an_edge_list_with_more_people_than_the_market_is_refused():
    with pytest.raises(ValueError, match="4 people in the list, 3 in the market"):
        EdgeList(file="ties.csv").build(3, SEED, edges=(np.array([1, 2]), np.array([3, 4])))
    with pytest.raises(ValueError, match="needs its edges"):
        EdgeList(file="ties.csv").build(3, SEED)


@pytest.mark.parametrize("kind", ["small_world", "heavy_tailed", "community", "none"])
def test_the_type_chooses_the_network(kind):
    parameters = TypeAdapter(NetworkParameters).validate_python({"type": kind})
    assert parameters.type == kind and parameters.build(50, SEED).people == 50


def test_impossible_networks_are_refused():
    with pytest.raises(ValidationError, match="mean_ties must be at most max_ties"):
        HeavyTailed(mean_ties=30.0, max_ties=20)
    with pytest.raises(ValidationError, match="rewiring"):
        SmallWorld(rewiring=1.5)


def test_without_a_network_nobody_hears():
    network = NoNetwork().build(10, SEED)
    _, delivered = send(network, range(10))
    assert network.n_ties == 0 and delivered == 0


def test_every_message_delivered_is_heard_once():
    network = SmallWorld().build(5000, SEED)
    senders = np.random.default_rng(1).integers(0, 5000, 3000)
    signs = np.where(np.random.default_rng(2).random(3000) < 0.25, -1, 1)
    (strong, weak, negative), delivered = send(network, senders, signs)
    weak_degree = np.bincount(network.senders[network.weak], minlength=5000)
    assert delivered == network.degrees[senders].sum() == strong.sum() + weak.sum() + negative.sum()
    assert negative.sum() == network.degrees[senders[signs < 0]].sum()
    assert weak.sum() == weak_degree[senders[signs > 0]].sum()


def test_messages_pass_ties_with_the_reach_of_their_strength():
    network = SmallWorld().build(20_000, SEED)
    (strong, weak, _), delivered = send(network, range(20_000), reach=(0.3, 0.05))
    assert delivered == strong.sum() + weak.sum()
    # Binomial, refuses a correct program once in 10,000.
    assert stats.binomtest(int(strong.sum()), int((~network.weak).sum()), 0.3).pvalue > 1e-4
    assert stats.binomtest(int(weak.sum()), int(network.weak.sum()), 0.05).pvalue > 1e-4


def test_luck_of_a_tie_depends_on_neither_order_nor_company():
    network = SmallWorld().build(2000, SEED)
    everyone = np.random.default_rng(1).permutation(2000)
    together, _ = send(network, everyone, reach=(0.5, 0.2))
    first, _ = send(network, np.sort(everyone[:700]), reach=(0.5, 0.2))
    rest, _ = send(network, np.sort(everyone[700:]), reach=(0.5, 0.2))
    for whole, one, other in zip(together, first, rest, strict=True):
        assert (whole == one + other).all()


def test_more_reach_loses_nobody_who_heard():
    network = SmallWorld().build(2000, SEED)
    less, _ = send(network, range(2000), reach=(0.3, 0.1))
    more, _ = send(network, range(2000), reach=(0.4, 0.2))
    assert all((few <= many).all() for few, many in zip(less, more, strict=True))


def test_counters_stay_at_their_top():
    network = EdgeList(file="ties.csv").build(3, SEED, edges=(np.array([1, 1]), np.array([2, 3]), np.array([1, 0])))
    center = int(np.argmax(network.degrees))
    (strong, weak, negative), delivered = send(network, [center] * 140_000, [1] * 70_000 + [-1] * 70_000)
    assert delivered == 280_000
    assert strong.max() == weak.max() == 65535 and sorted(negative.tolist()) == [0, 65535, 65535]


@pytest.mark.parametrize("parameters", [SmallWorld(), HeavyTailed(), CommunityStructured()], ids=lambda one: one.type)
def test_building_takes_less_than_300_bytes_a_person(parameters):
    parameters.build(1000, SEED)
    tracemalloc.start()
    network = parameters.build(200_000, SEED)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * 200_000
    assert network.starts.nbytes + network.ties.nbytes < 90 * 200_000
