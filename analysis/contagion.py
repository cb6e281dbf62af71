"""Linear word of mouth: what a program does where customers move one another, and which part of it a test measures.

The outcome of customer i is

    x_i = lambda (1 + delta z_i) + nu sum over friends j of x_j,   so   x = M lambda (1 + delta z),   M = (1 - nu A)^-1,

with z_i = 1 in the program. All is exact: an expectation or a spread is over all assignments, each equally likely.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, eigsh, splu

MOST_EXACT = 6000
"""Customers up to which M is laid out in full, 290 MB."""
MOST_ASSIGNMENTS = 200_000
"""Assignments up to which they are gone through one by one."""


def ties(source: np.ndarray, target: np.ndarray, n: int) -> sparse.csr_array:
    """Who is tied to whom, both ways, from a list of edges.

    Args:
        source, target: Ends of each edge, customers 0 to n - 1.
        n: Customers.

    Returns:
        Shape (n, n), 1 for a tie; an edge named twice is one tie.

    Raises:
        ValueError: An end that is no customer, or a tie of a customer to itself.
    """
    one, other = np.asarray(source, np.int64), np.asarray(target, np.int64)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError("each edge has two ends")
    if len(one) and (min(one.min(), other.min()) < 0 or max(one.max(), other.max()) >= n):
        raise ValueError(f"the ends of edges must be customers 0 to {n - 1}")
    if np.any(one == other):
        raise ValueError("a customer cannot be tied to itself")
    found = sparse.csr_array((np.ones(2 * len(one)), (np.concatenate([one, other]), np.concatenate([other, one]))), shape=(n, n))
    found.data[:] = 1.0
    return found


def dampening(nu: float, degree: float) -> float:
    """Part of the true effect that an individually randomized test measures among many customers with `degree` friends: 1 - nu degree.

    Raises:
        ValueError: nu below 0, or nu times degree not below 1: word of mouth would never end.

    Source: Trencseni (2023), Monte Carlo experiments of network effects in randomized controlled trials.
    """
    if nu < 0.0 or not nu * degree < 1.0:
        raise ValueError("nu times the number of friends must lie between 0 and 1: beyond, word of mouth would never end")
    return 1.0 - nu * degree


@dataclass(frozen=True)
class MeasuredEffect:
    """What a difference in means measures under a design, over all of its assignments.

    Attributes:
        expected: Expected difference in means.
        relative_bias: `expected` over the effect of a full roll-out, less 1.
        sd: Standard deviation over assignments: the luck of who is assigned, nothing else.
    """

    expected: float
    relative_bias: float
    sd: float


@dataclass(frozen=True, eq=False)
class LinearContagion:
    """A market in which each customer's outcome rises with those of friends.

    Attributes:
        adjacency: Who is tied to whom, shape (n, n), symmetric.
        nu: Pull of one friend; nu times the largest eigenvalue of the adjacency must be below 1.
        base: lambda, what a customer does alone.
        delta: What the program adds to that, as a fraction; not 0.
    """

    adjacency: sparse.csr_array
    nu: float
    base: float
    delta: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.nu) or self.nu < 0.0 or not np.isfinite(self.base) or not np.isfinite(self.delta):
            raise ValueError("nu must be 0 or more, lambda and delta must be numbers")
        if self.lift == 0.0:
            raise ValueError("lambda and delta must not be 0: there would be no effect to measure")
        if not self.reproduction < 1.0:
            raise ValueError(f"nu times the spectral radius is {self.reproduction:.4g}: it must be below 1, else word of mouth never ends")

    def __len__(self) -> int:
        return len(self.adjacency.indptr) - 1

    @property
    def lift(self) -> float:
        """What the program adds to a customer before anybody talks, lambda delta."""
        return self.base * self.delta

    @cached_property
    def reproduction(self) -> float:
        """nu times the largest eigenvalue of the adjacency."""
        if not self.adjacency.nnz:
            return 0.0
        if len(self) <= 500:
            return float(self.nu * np.linalg.eigvalsh(self.adjacency.toarray())[-1])
        try:
            return float(self.nu * eigsh(self.adjacency, k=1, which="LA", return_eigenvectors=False, v0=np.ones(len(self)))[0])
        except ArpackNoConvergence:
            # The largest degree is at least the eigenvalue.
            return float(self.nu * self.adjacency.sum(axis=1).max())

    def outcomes(self, treated: np.ndarray) -> np.ndarray:
        """Outcome of each customer, shape (n,), or of each assignment, shape (n, assignments).

        Args:
            treated: 1 where a customer is in the program, else 0, shape (n,) or (n, assignments).

        Raises:
            ValueError: An assignment of another number of customers.
        """
        assignment = np.asarray(treated, float)
        if assignment.shape[:1] != (len(self),):
            raise ValueError(f"an assignment names {len(self)} customers, not {assignment.shape[:1]}")
        alone = self.base * (1.0 + self.delta * assignment)
        # Fixed point: each round is one more step from friend to friend; ends since the sum of all steps is finite.
        total = step = alone
        for _ in range(100_000):
            step = self.nu * (self.adjacency @ step)
            total = total + step
            if np.max(np.abs(step), initial=0.0) <= 1e-17 * np.max(np.abs(total), initial=0.0):
                break
        return total

    @cached_property
    def _spread(self) -> np.ndarray:
        if len(self) > MOST_EXACT:
            raise ValueError(f"exact answers need at most {MOST_EXACT} customers, not {len(self)}: average `outcomes` over assignments")
        return splu(sparse.csc_matrix(sparse.identity(len(self)) - self.nu * self.adjacency)).solve(np.eye(len(self)))

    def baseline(self) -> np.ndarray:
        """Outcome of each customer without the program, shape (n,)."""
        return self.outcomes(np.zeros(len(self)))

    def global_effect(self) -> float:
        """Effect per customer of a full roll-out: everybody in the program against nobody."""
        return float(np.mean(self.outcomes(np.ones(len(self))) - self.baseline()))

    def direct_effect(self) -> float:
        """Mean effect on a customer of being in the program alone, echoes from friends included: lambda delta tr(M) / n.

        Raises:
            ValueError: Too many customers for an exact answer.
        """
        return float(self.lift * np.trace(self._spread) / len(self))

    def spillover(self) -> float:
        """Mean effect on a customer of everybody else being in the program: the global effect less the direct one.

        Raises:
            ValueError: Too many customers for an exact answer.
        """
        return self.global_effect() - self.direct_effect()

    def difference_in_means(self, treated: np.ndarray) -> float:
        """Mean outcome in the program less that outside, for one assignment.

        Raises:
            ValueError: Nobody in an arm.
        """
        inside = np.asarray(treated) == 1
        if inside.all() or not inside.any():
            raise ValueError("a difference in means needs customers in both arms")
        outcomes = self.outcomes(inside)
        return float(outcomes[inside].mean() - outcomes[~inside].mean())

    def randomize_individuals(self, treated: int) -> MeasuredEffect:
        """What a test measures that assigns so many customers at random.

        Its expectation is lambda delta (tr M / n - sum of other entries of M / (n (n - 1))): the part of the spillover that
        reaches both arms alike is lost.

        Raises:
            ValueError: Nobody in an arm, or too many customers for an exact answer.
        """
        return self.randomize_clusters(np.arange(len(self)), treated)

    def randomize_clusters(self, cluster: np.ndarray, treated: int) -> MeasuredEffect:
        """What a test measures that assigns so many whole clusters at random.

        For clusters of equal size expectation and spread are closed forms in the moments of drawing without replacement; for
        others all assignments are gone through.

        Args:
            cluster: Cluster of each customer, shape (n,), any labels.
            treated: Clusters in the program.

        Raises:
            ValueError: No cluster in an arm, clusters of another number of customers, too many customers, or clusters of
                unequal sizes with too many assignments to go through.
        """
        labels, code, sizes = np.unique(np.asarray(cluster), return_inverse=True, return_counts=True)
        if code.shape != (len(self),):
            raise ValueError(f"each of {len(self)} customers needs a cluster")
        if not 0 < treated < len(labels):
            raise ValueError(f"between 1 and {len(labels) - 1} of {len(labels)} clusters can be treated, not {treated}")
        member = sparse.csr_array((np.ones(len(self)), (code, np.arange(len(self)))), shape=(len(labels), len(self)))
        blocks = self.lift * (member @ (member @ self._spread).T).T
        baseline = member @ self.baseline()
        if np.all(sizes == sizes[0]):
            expected, sd = _drawn_without_replacement(baseline, blocks, treated, int(sizes[0]))
        elif comb(len(labels), treated) <= MOST_ASSIGNMENTS:
            expected, sd = _one_by_one(baseline, blocks, treated, sizes)
        else:
            raise ValueError("clusters of unequal sizes have too many assignments to go through: average `outcomes` over some of them")
        return MeasuredEffect(expected, expected / self.global_effect() - 1.0, sd)


def _drawn_without_replacement(baseline: np.ndarray, blocks: np.ndarray, treated: int, size: int) -> tuple[float, float]:
    """Mean and standard deviation of the difference in means over all draws of `treated` clusters of equal size.

    With z the draw, the difference is a constant + sum a_i z_i + sum over i != j of c_ij z_i z_j. A product of r different z has
    the mean k (k - 1) ... / (K (K - 1) ...), r factors each, and products that share an index shrink to fewer.
    """
    groups = len(baseline)
    inside, outside = treated * size, (groups - treated) * size
    both = 1.0 / inside + 1.0 / outside
    single = both * (baseline + np.diag(blocks)) - blocks.sum(axis=0) / outside
    pair = both * (blocks + blocks.T) / 2.0
    np.fill_diagonal(pair, 0.0)
    # Of all linear parts only their differences matter, since as many are always drawn; small numbers keep their digits.
    shift = single.mean()
    single = single - shift
    middle = pair.sum() / max(groups * (groups - 1), 1)
    pair = pair - middle
    np.fill_diagonal(pair, 0.0)
    constant = treated * shift + treated * (treated - 1) * middle - baseline.sum() / outside
    chance = np.cumprod([max(treated - r, 0) / max(groups - r, 1) for r in range(4)])
    rows = pair.sum(axis=1)
    linear, quadratic = single.sum(), pair.sum()
    square, crossed, shared = (single**2).sum(), single @ rows, rows @ rows
    entries = (pair**2).sum()
    mean = chance[0] * linear + chance[1] * quadratic
    second = chance[0] * square + chance[1] * (linear**2 - square)
    second += 2.0 * (2.0 * chance[1] * crossed + chance[2] * (linear * quadratic - 2.0 * crossed))
    second += 2.0 * chance[1] * entries + 4.0 * chance[2] * (shared - entries)
    second += chance[3] * (quadratic**2 - 4.0 * shared + 2.0 * entries)
    return float(mean + constant), float(np.sqrt(max(second - mean**2, 0.0)))


def _one_by_one(baseline: np.ndarray, blocks: np.ndarray, treated: int, sizes: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the difference in means over all draws, whatever the sizes."""
    chosen = np.array(list(combinations(range(len(baseline)), treated)))
    draws = np.zeros((len(chosen), len(baseline)))
    np.put_along_axis(draws, chosen, 1.0, axis=1)
    outcomes = baseline + draws @ blocks.T
    found = (draws * outcomes).sum(axis=1) / (draws @ sizes) - ((1.0 - draws) * outcomes).sum(axis=1) / ((1.0 - draws) @ sizes)
    return float(found.mean()), float(found.std())
