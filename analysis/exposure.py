"""Effects where friends matter: who had all, or enough, friends in the own arm, and how likely that was.

Clusters are assigned to the treatment independently, each with probability p. A customer is exposed to an arm where the customer and at
least a share q of the friends are in it: q = 1 is full exposure. Someone without friends is exposed to the own arm.

Sources: Ugander, Karrer, Backstrom & Kleinberg (2013), KDD; Aronow & Samii (2017), Annals of Applied Statistics 11(4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import sparse

from .estimate import Estimate

Weighting = Literal["hajek", "horvitz_thompson", "difference_in_means"]
AT_A_TIME = 2_000_000
"""Cells of a table that is laid out at once."""
SLACK = 1e-9
"""By this a share of friends may miss the threshold, so that 3 of 4 are 0.75."""


@dataclass(frozen=True, eq=False)
class ClusteredNetwork:
    """Customers, their ties, and the clusters that are assigned as one.

    Attributes:
        adjacency: Who is tied to whom, shape (n, n), symmetric, 1 for a tie.
        cluster: Code of each customer's cluster, 0 to clusters - 1, shape (n,).
        probability: Of a cluster to be treated, between 0 and 1, both excluded.
    """

    adjacency: sparse.csr_array
    cluster: np.ndarray
    probability: float

    def __len__(self) -> int:
        return len(self.cluster)

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return int(self.cluster.max()) + 1

    @cached_property
    def friends(self) -> np.ndarray:
        """Number of friends of each customer, shape (n,)."""
        return np.diff(self.adjacency.indptr)

    @cached_property
    def member(self) -> sparse.csr_array:
        """1 where a customer is in a cluster, shape (n, clusters)."""
        n = len(self)
        return sparse.csr_array((np.ones(n), (np.arange(n), self.cluster)), shape=(n, self.clusters))

    @cached_property
    def friends_by_cluster(self) -> sparse.csr_array:
        """Number of friends of each customer in each cluster, shape (n, clusters)."""
        found = sparse.csr_array(self.adjacency @ self.member)
        found.sort_indices()
        return found

    @cached_property
    def touched(self) -> sparse.csr_array:
        """1 where a customer or a friend is in a cluster, shape (n, clusters)."""
        found = sparse.csr_array(self.friends_by_cluster + self.member)
        found.data[:] = 1.0
        return found

    @cached_property
    def n_touched(self) -> np.ndarray:
        """Clusters of each customer and the friends, shape (n,)."""
        return np.diff(self.touched.indptr)

    def needed(self, share: float) -> np.ndarray:
        """Friends in the own arm that make a customer exposed, shape (n,)."""
        return np.ceil(share * self.friends - SLACK).astype(np.int64)


def clustered_network(source: np.ndarray, target: np.ndarray, cluster: np.ndarray, *, probability: float = 0.5) -> ClusteredNetwork:
    """A network from a list of edges.

    Args:
        source, target: Ends of each edge, customers 0 to n - 1; an edge named twice is one tie.
        cluster: Cluster of each customer, any labels, shape (n,).
        probability: Of a cluster to be treated.

    Raises:
        ValueError: Ends that are no customers, a tie of a customer to itself, nobody, or a probability not between 0 and 1: some
            exposure could never happen.
    """
    if not 0.0 < probability < 1.0:
        raise ValueError(f"the probability of treatment must lie between 0 and 1, not at {probability:g}: else some exposure never happens")
    one, other = np.asarray(source, np.int64), np.asarray(target, np.int64)
    labels, code = np.unique(np.asarray(cluster), return_inverse=True)
    n = len(code)
    if not len(labels) or one.shape != other.shape or one.ndim != 1:
        raise ValueError("a network needs customers in clusters, and two ends of each edge")
    if len(one) and (min(one.min(), other.min()) < 0 or max(one.max(), other.max()) >= n):
        raise ValueError(f"the ends of edges must be customers 0 to {n - 1}")
    if np.any(one == other):
        raise ValueError("a customer cannot be tied to itself")
    adjacency = sparse.csr_array((np.ones(2 * len(one)), (np.concatenate([one, other]), np.concatenate([other, one]))), shape=(n, n))
    adjacency.data[:] = 1.0
    return ClusteredNetwork(adjacency, code.reshape(-1), probability)


def treated_friends(network: ClusteredNetwork, treated: np.ndarray) -> np.ndarray:
    """Share of each customer's friends who are treated, shape (n,); of someone without friends, the own arm.

    Raises:
        ValueError: An assignment of another number of customers, or one that is not 0 or 1.
    """
    own = _assignment(network, treated)
    return np.where(network.friends > 0, (network.adjacency @ own) / np.maximum(network.friends, 1), own)


def exposed(network: ClusteredNetwork, treated: np.ndarray, *, share: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Who is exposed to the treatment and who to the control, two bool arrays of shape (n,).

    Args:
        network: The network.
        treated: 1 where a customer is treated, else 0, shape (n,).
        share: Of the friends who must be in the own arm, above 0 and at most 1.

    Raises:
        ValueError: An assignment that cannot be, or a share out of range.
    """
    _check_share(share)
    own = _assignment(network, treated)
    inside, needed = network.adjacency @ own, network.needed(share)
    return (own == 1.0) & (inside >= needed), (own == 0.0) & (network.friends - inside >= needed)


def exposure_probabilities(network: ClusteredNetwork, *, share: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Exact probability of each customer to be exposed to the treatment, and to the control.

    Full exposure needs all clusters touched in one arm: p^clusters and (1 - p)^clusters. A partial one adds up, cluster by
    cluster, how many friends are in the arm.

    Args:
        network: The network.
        share: Of the friends who must be in the own arm, above 0 and at most 1.

    Returns:
        Two arrays of shape (n,).

    Raises:
        ValueError: A share out of range.
    """
    _check_share(share)
    p = network.probability
    if share == 1.0:
        return p**network.n_touched, (1.0 - p) ** network.n_touched
    return _partial(network, p, network.needed(share)), _partial(network, 1.0 - p, network.needed(share))


def crossed(network: ClusteredNetwork, treated: np.ndarray, *, share: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Who differs from the friends: untreated with at least a share of friends treated, and treated with at least a share untreated.

    With `exposed` this makes the four exposures by own arm and friends' arm. Someone without friends differs from nobody.

    Args:
        network: The network.
        treated: 1 where a customer is treated, else 0, shape (n,).
        share: Of the friends who must be in the other arm, above 0 and at most 1.

    Raises:
        ValueError: An assignment that cannot be, or a share out of range.

    Source: the exposures of Aronow & Samii (2017), with a threshold for any.
    """
    _check_share(share)
    own = _assignment(network, treated)
    inside, needed, friends = network.adjacency @ own, network.needed(share), network.friends
    return (own == 0.0) & (friends > 0) & (inside >= needed), (own == 1.0) & (friends > 0) & (friends - inside >= needed)


def crossed_probabilities(network: ClusteredNetwork, *, share: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Exact probabilities of what `crossed` finds; 0 where too many friends are in the own cluster.

    Args:
        network: The network.
        share: Of the friends who must be in the other arm, above 0 and at most 1.

    Raises:
        ValueError: A share out of range.
    """
    _check_share(share)
    needed, some, p = network.needed(share), network.friends > 0, network.probability
    return tuple(np.where(some, _partial(network, one, needed, alike=False), 0.0) for one in (p, 1.0 - p))  # type: ignore[return-value]


def _partial(network: ClusteredNetwork, p: float, needed: np.ndarray, *, alike: bool = True) -> np.ndarray:
    """Probability that at least `needed` friends are in an arm that each cluster joins with probability p, and the customer too.

    Unless `alike`: and the customer not, so that friends of the own cluster are not in it either.
    """
    counts = network.friends_by_cluster
    own_friends = np.asarray(counts.multiply(network.member).sum(axis=1)).reshape(-1).astype(np.int64)
    if not alike:
        own_friends[:] = 0
    rows = np.repeat(np.arange(len(network)), np.diff(counts.indptr))
    elsewhere = counts.indices != network.cluster[rows]
    rows, weights = rows[elsewhere], counts.data[elsewhere].astype(np.int64)
    lengths = np.bincount(rows, minlength=len(network))
    starts = np.cumsum(lengths) - lengths
    # Friends still missing once those of the own cluster are counted: a state of 0 stays there.
    missing = np.maximum(needed - own_friends, 0)
    found = np.zeros(len(network))
    order = np.argsort(missing, kind="stable")
    at = 0
    while at < len(order):
        # Customers alike in how many they miss share a table; its rows are states 0..most.
        width = int(missing[order[min(at + 63, len(order) - 1)]]) + 1
        some = order[at : at + max(AT_A_TIME // (8 * width), 1)]
        some = some[missing[some] < 2 * width]
        found[some] = _missing_none(missing[some], starts[some], lengths[some], weights, p)
        at += len(some)
    return (p if alike else 1.0 - p) * found


def _missing_none(missing: np.ndarray, starts: np.ndarray, lengths: np.ndarray, weights: np.ndarray, p: float) -> np.ndarray:
    """Probability that nothing is missing after each customer's other clusters have joined the arm or not."""
    most, people = int(missing.max()), np.arange(len(missing))
    state = np.zeros((len(missing), most + 1))
    state[people, missing] = 1.0
    columns = np.arange(most + 1)
    for turn in range(int(lengths.max(initial=0))):
        on = np.flatnonzero(lengths > turn)
        weight = weights[starts[on] + turn]
        old = state[on]
        from_here = columns[None, :] + weight[:, None]
        joined = np.where(from_here <= most, np.take_along_axis(old, np.minimum(from_here, most), axis=1), 0.0)
        # All that miss no more than this cluster brings end at 0.
        joined[:, 0] = np.take_along_axis(np.cumsum(old, axis=1), np.minimum(weight, most)[:, None], axis=1)[:, 0]
        state[on] = (1.0 - p) * old + p * joined
    return state[:, 0]


def joint_full_exposure(network: ClusteredNetwork, customers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that two customers are both fully exposed.

    Args:
        network: The network.
        customers: First ones of the pairs, shape (m,).

    Returns:
        Three arrays of shape (m, n): both to the treatment; both to the control; the first to the treatment and the second to
        the control, which is 0 where they touch a common cluster.
    """
    first = np.asarray(customers, np.int64)
    common = np.rint((network.touched[first] @ network.touched.T).toarray())
    p, mine, theirs = network.probability, network.n_touched[first][:, None], network.n_touched[None, :]
    union = mine + theirs - common
    return p**union, (1.0 - p) ** union, np.where(common > 0, 0.0, p**mine * (1.0 - p) ** theirs)


@dataclass(frozen=True)
class ExposureEstimates:
    """Effect of everybody in the program against nobody, from those who were exposed.

    Attributes:
        horvitz_thompson: sum of y / pi over the exposed, over n, in each arm: unbiased, and wild where pi is small.
        hajek: Weighted means of the exposed with weights 1 / pi: the one to use.
        n_treated, n_control: Exposed customers.
        effective_treated, effective_control: (sum of weights)^2 / sum of squared weights (Kish): how many equally weighted
            customers the means are worth, at most.
    """

    horvitz_thompson: Estimate
    hajek: Estimate
    n_treated: int
    n_control: int
    effective_treated: float
    effective_control: float


def estimate_exposed(
    outcome: np.ndarray,
    exposures: tuple[np.ndarray, np.ndarray],
    probabilities: tuple[np.ndarray, np.ndarray],
) -> ExposureEstimates:
    """Horvitz-Thompson and Hajek estimates of the effect of a full roll-out; pairs are (treatment, control).

    No interval: outcomes of friends go together. `randomization_p` tells whether there is an effect at all.

    Args:
        outcome: Of each customer, shape (n,).
        exposures: Who was exposed, as by `exposed`.
        probabilities: Of exposure, as by `exposure_probabilities` or from another design.

    Returns:
        Estimates; refused where somebody could never have been exposed, or nobody was.

    Raises:
        ValueError: Arrays of different lengths, outcomes that are no numbers, or probabilities outside 0-1.
    """
    values = np.asarray(outcome, float)
    arrays = [np.asarray(one, float) for one in (*exposures, *probabilities)]
    if values.ndim != 1 or not len(values) or any(one.shape != values.shape for one in arrays):
        raise ValueError("outcomes, exposures and probabilities must be those of the same customers")
    if not np.all(np.isfinite(values)) or not all(np.all((one >= 0.0) & (one <= 1.0)) for one in arrays):
        raise ValueError("outcomes must be numbers, and probabilities lie within 0-1")
    estimand = "mean outcome if everybody were treated less that if nobody were"
    assumptions = ("An outcome depends on the own arm and those of friends only, through the exposure.",)
    reason, means, totals, effective = None, [], [], []
    sizes = [int(one.sum()) for one in arrays[:2]]
    for name, seen, chance in zip(("treatment", "control"), arrays[:2], arrays[2:], strict=True):
        never = int(np.sum(chance <= 0.0))
        if never:
            reason = reason or f"{never} of {len(values)} customers could never be exposed to the {name}: choose larger clusters"
        elif not seen.any():
            reason = reason or f"nobody was exposed to the {name}: choose larger clusters or a smaller share of friends"
        if reason:
            effective.append(0.0)
            continue
        weight = seen / chance
        means.append(float(weight @ values / weight.sum()))
        totals.append(float(weight @ values / len(values)))
        effective.append(float(weight.sum() ** 2 / (weight @ weight)))
    no_interval = "friends' outcomes go together: test by randomization"

    def estimate(method: str, pair: list[float]) -> Estimate:
        if reason:
            return Estimate(None, None, method, estimand, sum(sizes), assumptions, reason=reason)
        return Estimate(pair[0] - pair[1], None, method, estimand, sum(sizes), assumptions, reason=no_interval)

    return ExposureEstimates(
        estimate("Horvitz-Thompson over exposed customers", totals),
        estimate("Hajek over exposed customers", means),
        sizes[0],
        sizes[1],
        effective[0],
        effective[1],
    )


@dataclass(frozen=True)
class Randomization:
    """A test by drawing the assignment again.

    Attributes:
        statistic: As observed.
        p_value: Two-sided: share of assignments, the observed one among them, with a statistic at least as far from 0.
        draws: Assignments drawn in which the statistic exists.
    """

    statistic: float
    p_value: float
    draws: int


def randomization_p(
    network: ClusteredNetwork,
    outcome: np.ndarray,
    treated: np.ndarray,
    *,
    statistic: Weighting = "hajek",
    share: float = 1.0,
    counted: np.ndarray | None = None,
    draws: int = 999,
    seed: int = 0,
) -> Randomization:
    """Test that the program does nothing to anybody, directly or through friends (Fisher's sharp null).

    Under it no outcome depends on the assignment, so that the statistic under other assignments is known exactly. The test is
    valid for any network and any outcome; assignments in which the statistic does not exist are left out on both sides.

    Args:
        network: The network.
        outcome: Of each customer, shape (n,).
        treated: 1 where a customer is treated, else 0; alike within a cluster.
        statistic: `hajek` and `horvitz_thompson` over the exposed, or `difference_in_means` over everybody.
        share: Of the friends who must be in the own arm, for the exposed.
        counted: Whose outcome is known, shape (n,); all where None. The others count as friends alone.
        draws: Assignments to draw.
        seed: Of the draws.

    Returns:
        The test; its `p_value` is (1 + assignments at least as far) / (1 + draws).

    Raises:
        ValueError: A cluster in both arms, too few draws, an unknown statistic, a statistic that does not exist as observed, or
            customers who could never be exposed.

    Source: Fisher (1935); for networks Athey, Eckles & Imbens (2018), JASA 113(521).
    """
    _check_share(share)
    own, values = _assignment(network, treated), np.asarray(outcome, float)
    known = np.ones(len(network), bool) if counted is None else np.asarray(counted, bool)
    if values.shape != (len(network),) or known.shape != values.shape or not np.all(np.isfinite(values[known])):
        raise ValueError("each customer needs an outcome")
    values = np.where(known, values, 0.0)
    if statistic not in ("hajek", "horvitz_thompson", "difference_in_means"):
        raise ValueError(f"no statistic {statistic!r} (there: hajek, horvitz_thompson, difference_in_means)")
    if draws < 19:
        raise ValueError(f"a level of 0.05 needs 19 draws or more, not {draws}")
    groups = np.zeros(network.clusters)
    groups[network.cluster] = own
    if np.any(groups[network.cluster] != own):
        raise ValueError("a cluster has customers in both arms: the assignment is not one of whole clusters")
    chances = exposure_probabilities(network, share=share)
    if statistic != "difference_in_means" and min(chances[0][known].min(), chances[1][known].min()) <= 0.0:
        raise ValueError("some customers could never be exposed to an arm: choose larger clusters")
    found: list[np.ndarray] = []
    for block in _assignments(network, groups, draws, seed):
        found.append(_statistics(network, values, block, chances, statistic, share, known))
    all_of_them = np.concatenate(found)
    observed, others = all_of_them[0], all_of_them[1:]
    if np.isnan(observed):
        raise ValueError("nobody was exposed to one of the arms: choose larger clusters or a smaller share of friends")
    others = others[~np.isnan(others)]
    far = int(np.sum(np.abs(others) >= abs(observed) * (1.0 - 1e-9)))
    return Randomization(float(observed), (1 + far) / (1 + len(others)), len(others))


def _assignments(network: ClusteredNetwork, observed: np.ndarray, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Arms of the clusters in blocks of shape (clusters, some): the observed ones, then as many as asked for."""
    random, left, first = np.random.default_rng(seed), draws, observed[:, None]
    at_once = max(AT_A_TIME // max(len(network), 1), 1)
    yield first
    while left:
        some = min(left, at_once)
        luck = random.random((some, network.clusters)).T
        yield np.where(luck < network.probability, 1.0, 0.0)
        left -= some


def _statistics(
    network: ClusteredNetwork,
    values: np.ndarray,
    groups: np.ndarray,
    chances: tuple[np.ndarray, np.ndarray],
    statistic: Weighting,
    share: float,
    known: np.ndarray,
) -> np.ndarray:
    """The statistic of each assignment, shape (some,); NaN where an arm has nobody."""
    own = groups[network.cluster]
    if statistic == "difference_in_means":
        weights = (own, 1.0 - own)
    else:
        inside, needed = network.friends_by_cluster @ groups, network.needed(share)[:, None]
        seen = ((own == 1.0) & (inside >= needed), (own == 0.0) & (network.friends[:, None] - inside >= needed))
        # Who is not counted may have no chance at all.
        weights = (seen[0] / np.where(known, chances[0], 1.0)[:, None], seen[1] / np.where(known, chances[1], 1.0)[:, None])
    totals = [known @ weight for weight in weights]
    sums = [values @ weight for weight in weights]
    exists = (totals[0] > 0.0) & (totals[1] > 0.0)
    if statistic == "horvitz_thompson":
        found = (sums[0] - sums[1]) / known.sum()
    else:
        found = sums[0] / np.where(exists, totals[0], 1.0) - sums[1] / np.where(exists, totals[1], 1.0)
    return np.where(exists, found, np.nan)


def _assignment(network: ClusteredNetwork, treated: np.ndarray) -> np.ndarray:
    own = np.asarray(treated, float)
    if own.shape != (len(network),) or not np.all((own == 0.0) | (own == 1.0)):
        raise ValueError(f"an assignment says 1 or 0 of each of {len(network)} customers")
    return own


def _check_share(share: float) -> None:
    if not 0.0 < share <= 1.0:
        raise ValueError(f"the share of friends must lie above 0 and be at most 1, not {share:g}")
