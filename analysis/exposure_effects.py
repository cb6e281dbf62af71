"""Comparisons of what units were exposed to: by the own arm and by that of friends.

Units are sorted by the own arm and by that of friends: friends are mostly treated where at least a share q of them is, mostly untreated
where at least q of them is not. Each unit is weighted by how unlikely it was to come into its cell (Hajek).

Two units' cells go together where they, or friends of theirs, are in a common cluster. The variance of a difference of Hajek means adds
the products of their influences over all such pairs, and is never taken below that of own clusters alone; Student's t has the effective
number of units, or where these are fewer the number of clusters, less 2 degrees of freedom (assumed; coverage is tested).

Sources: exposures and weights Aronow & Samii (2017), Annals of Applied Statistics 11(4); variance over pairs that go together Leung (2020),
Review of Economics and Statistics 102(2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .estimate import Estimate
from .exposure import ClusteredNetwork, crossed, crossed_probabilities, estimate_exposed, exposed, exposure_probabilities, randomization_p
from .two_arms import Gap

MOST_PAIRS = 400_000_000
"""Pairs of units with a cluster in common up to which a variance is summed, some 10 s."""
PAIRS_AT_A_TIME = 5_000_000
"""Of them that are laid out at once."""
METHOD = "Hajek over exposures, variance over pairs with a common cluster"
ASSUMPTIONS = (
    "An outcome depends on the own arm and on those of friends in the edge list, through the exposure alone.",
    "Clusters, or units where there are none, were assigned independently with one probability.",
)
NO_TIES = "no edge joins two units of the data: without friends there is nothing to be exposed to"

Pair = tuple[np.ndarray, np.ndarray]
"""Of the first exposure and of the second, shape (units,) each."""


@dataclass(frozen=True)
class ExposureEffect:
    """One comparison of two exposures.

    Attributes:
        hajek: Difference of weighted means, with its interval.
        horvitz_thompson: Difference of weighted totals over all units that could be in both: unbiased, and wild.
        p_value: Two-sided, from the interval's distribution; None without.
        randomization_p: Two-sided, of no effect on anybody, by drawing the assignment again; None where it is not made.
        n: Units in the first and in the second exposure.
        effective: How many equally weighted units the two means are worth (Kish).
        could: Units that could have come into both.
    """

    hajek: Estimate
    horvitz_thompson: Estimate
    p_value: float | None
    randomization_p: float | None
    n: tuple[int, int]
    effective: tuple[float, float]
    could: int


@dataclass(frozen=True, eq=False)
class Exposures:
    """Comparisons of exposures on one network.

    Attributes:
        network: Units, ties and clusters.
        values: Outcome, shape (units,).
        own: 1 where treated, else 0, shape (units,).
        known: Whose outcome is known, shape (units,).
        alpha: Intervals cover 1 - alpha.
        draws: Assignments to draw for each randomization test.
        seed: Of the draws.
    """

    network: ClusteredNetwork
    values: np.ndarray
    own: np.ndarray
    known: np.ndarray
    alpha: float
    draws: int
    seed: int

    def effects(self, share: float) -> dict[str, ExposureEffect]:
        """Effects by name, as `Interference.effects` has them."""
        network, own = self.network, self.own
        with_own, chance = exposed(network, own, share=share), exposure_probabilities(network, share=share)
        against, odds = crossed(network, own, share=share), crossed_probabilities(network, share=share)
        most, friends = f"{share:.0%} of friends or more", network.friends > 0
        touched = network.n_touched
        alone = (1.0 - network.probability) ** touched
        inside = network.adjacency @ own
        some = (own == 0.0) & friends & (inside > 0), (own == 0.0) & friends & (inside == 0)
        mixed = np.where(friends, 1.0 - network.probability - alone, 0.0), np.where(friends, alone, 0.0)
        full = exposed(network, own), exposure_probabilities(network)
        # Those without friends are exposed to the own arm: in a comparison of friends' arms they take no part.
        seen = with_own[0] & friends, with_own[1] & friends
        odds_own = np.where(friends, chance[0], 0.0), np.where(friends, chance[1], 0.0)
        return {
            "total": self.compare(
                with_own, chance, f"treated with {most} treated, less untreated with {most} untreated", everybody=True, randomized=share
            ),
            "total_full": self.compare(
                *full, "treated with all friends treated, less untreated with all friends untreated", everybody=True, randomized=1.0
            ),
            "direct_untreated_friends": self.compare(
                (against[1], seen[1]), (odds[1], odds_own[1]), f"treated less untreated, both with {most} untreated"
            ),
            "direct_treated_friends": self.compare(
                (seen[0], against[0]), (odds_own[0], odds[0]), f"treated less untreated, both with {most} treated"
            ),
            "spillover": self.compare(
                (against[0], seen[1]), (odds[0], odds_own[1]), f"untreated with {most} treated, less untreated with {most} untreated"
            ),
            "spillover_any": self.compare(some, mixed, "untreated with a treated friend or more, less untreated without one"),
        }

    def compare(
        self, seen: Pair, chance: Pair, estimand: str, *, everybody: bool = False, randomized: float | None = None
    ) -> ExposureEffect:
        """Mean outcome in the first exposure less that in the second.

        Args:
            everybody: Whether all units must have been able to come into both, as where the effect is one of a roll-out.
            randomized: Share of friends of the randomization test; none is made where None.
        """
        could = self.known & (chance[0] > 0.0) & (chance[1] > 0.0)
        eligible = self.known if everybody else could
        words = f"mean outcome of {estimand}" + ("" if everybody else f"; of the {int(could.sum())} units that could be in both")

        def refused(reason: str | None, n: tuple[int, int] = (0, 0)) -> ExposureEffect:
            nothing = Estimate(None, None, METHOD, words, sum(n), ASSUMPTIONS, reason=reason)
            return ExposureEffect(nothing, nothing, None, None, n, (0.0, 0.0), int(could.sum()))

        if not self.network.adjacency.nnz:
            return refused(NO_TIES)
        if not eligible.any():
            return refused("nobody could be in both exposures: friends are in the own cluster, or too many would have to agree")
        exposures = seen[0][eligible], seen[1][eligible]
        found = estimate_exposed(self.values[eligible], exposures, (chance[0][eligible], chance[1][eligible]))
        n = found.n_treated, found.n_control
        if found.hajek.value is None:
            return refused(self._said(found.hajek.reason, n, everybody), n)
        effective = found.effective_treated, found.effective_control
        gap, why = self._gap(seen, chance, eligible, found.hajek.value, effective)
        hajek = Estimate(found.hajek.value, gap.interval(self.alpha) if gap else None, METHOD, words, sum(n), ASSUMPTIONS, reason=why)
        thompson = replace(found.horvitz_thompson, method="Horvitz-Thompson over exposures", estimand=words, assumptions=ASSUMPTIONS)
        chance_p = None
        if randomized is not None:
            chance_p = randomization_p(
                self.network, self.values, self.own, share=randomized, counted=self.known, draws=self.draws, seed=self.seed
            ).p_value
        return ExposureEffect(hajek, thompson, gap.p_value if gap else None, chance_p, n, effective, int(could.sum()))

    def _said(self, reason: str | None, n: tuple[int, int], everybody: bool) -> str | None:
        """Why there is no value, in the words of these exposures."""
        if everybody:
            return reason
        which = "the first exposure" if not n[0] else "the second exposure"
        return f"no unit that could be in both came into {which}: treat larger clusters, or a smaller share of friends"

    def _gap(
        self, seen: Pair, chance: Pair, eligible: np.ndarray, value: float, effective: tuple[float, float]
    ) -> tuple[Gap | None, str | None]:
        """The difference with its standard error, or why there is none."""
        influence = np.zeros(len(self.values))
        for sign, one, odds in ((1.0, seen[0], chance[0]), (-1.0, seen[1], chance[1])):
            at = np.flatnonzero(one & eligible)
            weight = 1.0 / odds[at]
            weight /= weight.sum()
            influence[at] += sign * weight * (self.values[at] - weight @ self.values[at])
        at = np.flatnonzero(influence)
        if not len(at):
            return None, "outcomes do not vary within the exposures"
        if min(effective) < 2.0:
            return None, "an exposure is worth less than two equally weighted units, which says nothing about spread"
        touched = self.network.touched[at]
        pairs = float(np.square(touched.sum(axis=0)).sum())
        if pairs > MOST_PAIRS:
            return None, "too many units have a cluster in common to sum over pairs: take the randomization p"
        own = np.bincount(self.network.cluster[at], influence[at])
        groups = len(np.unique(self.network.cluster[at]))
        some = max(int(len(at) * PAIRS_AT_A_TIME / max(pairs, 1.0)), 1)
        together = 0.0
        for first in range(0, len(at), some):
            common = sparse.csr_array(touched[first : first + some] @ touched.T)
            common.data[:] = 1.0
            together += float(influence[at[first : first + some]] @ (common @ influence[at]))
        variance = max(together, float(own @ own))
        df = min(sum(effective), float(groups)) - 2.0
        if df < 1.0:
            return None, "the exposed units are in fewer than three clusters, which says nothing about how clusters differ"
        return Gap(value, math.sqrt(variance), df), None
