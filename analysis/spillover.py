"""Do friends' arms matter at all, whatever the own arm does? A randomization test that leaves direct effects alone."""

from __future__ import annotations

import numpy as np

from .exposure import AT_A_TIME, ClusteredNetwork, Randomization
from .permutation import SEED


def spillover_test(
    network: ClusteredNetwork,
    outcome: np.ndarray,
    treated: np.ndarray,
    *,
    counted: np.ndarray | None = None,
    draws: int = 999,
    seed: int = SEED,
) -> Randomization:
    """Test that nobody's outcome depends on the arms of friends, while it may depend on the own arm in any way.

    A half of the clusters is drawn to be focal. Their arms are held, those of the other half are drawn again; under the null no focal
    outcome changes. The statistic is the sum over focal customers of the outcome, less the mean of the focal ones in the own arm, times
    the share of friends who are treated, less its expectation: above 0 where outcomes rise with treated friends.

    Args:
        network: The network.
        outcome: Of each customer, shape (n,).
        treated: 1 where a customer is treated, else 0, shape (n,); alike within a cluster.
        counted: Whose outcome is known, shape (n,); all where None.
        draws: Assignments to draw.
        seed: Of the focal half and of the draws.

    Returns:
        The test; its `p_value` is (1 + assignments at least as far) / (1 + draws), two-sided.

    Raises:
        ValueError: Fewer than four clusters, a cluster in both arms, or no focal customer with a friend in the other half.

    Source: Athey, Eckles & Imbens (2018), JASA 113(521), section 3.
    """
    own = np.asarray(treated, float)
    known = np.ones(len(network), bool) if counted is None else np.asarray(counted, bool)
    if network.clusters < 4:
        raise ValueError(f"{network.clusters} clusters: a half of them is held and the other drawn again, which takes four")
    arms = np.zeros(network.clusters)
    arms[network.cluster] = own
    if np.any(arms[network.cluster] != own):
        raise ValueError("a cluster has customers in both arms: the assignment is not one of whole clusters")
    random = np.random.default_rng(seed)
    focal_cluster = np.zeros(network.clusters, bool)
    focal_cluster[random.permutation(network.clusters)[: network.clusters // 2]] = True
    focal = focal_cluster[network.cluster] & known & (network.friends > 0)
    off = np.where(focal, np.where(known, outcome, 0.0), 0.0)
    for arm in (0.0, 1.0):
        some = focal & (own == arm)
        if some.any():
            off[some] -= off[some].mean()
    pull = np.asarray((off / np.maximum(network.friends, 1)) @ network.friends_by_cluster).reshape(-1)
    pull[focal_cluster] = 0.0
    if not np.any(pull):
        raise ValueError("no customer of one half of the clusters has a friend in the other whose arm could matter")
    observed = float(pull @ (arms - network.probability))
    far, left = 0, draws
    moved = np.flatnonzero(pull)
    while left:
        some = min(left, max(AT_A_TIME // len(moved), 1))
        found = ((random.random((some, len(moved))) < network.probability) - network.probability) @ pull[moved]
        far += int(np.sum(np.abs(found) >= abs(observed) * (1.0 - 1e-9)))
        left -= some
    return Randomization(observed, (1 + far) / (1 + draws), draws)
