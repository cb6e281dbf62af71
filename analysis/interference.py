"""Data of a test whose units know one another: what the own treatment did, what friends' treatment did, and what everybody's would do.

The total effect, what a roll-out brings, compares treated units with mostly treated friends and untreated ones with mostly untreated
friends; the direct effect changes the own arm alone, the spillover that of friends alone. How: `exposure_effects`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .estimate import Estimate
from .estimators import Contrast, Sample, estimators
from .exposure import clustered_network
from .exposure_effects import ExposureEffect, Exposures
from .permutation import SEED
from .spillover import spillover_test
from .ties import STRANGERS, Ties, ties_of

SHARE = 0.75
"""Share of friends in an arm from which on they count as mostly in it. Source: Eckles, Karrer & Ugander (2017) use the same."""
FEW = 50
"""Effective units below which an effect is told to rest on too few. Source: own simulation of individual and clustered assignment, in which
intervals of 95 % covered 87 to 94 % of the time with 28 effective units and 93 to 95 % with 110 or more."""


@dataclass(frozen=True)
class Interference:
    """What a test says where units affect one another.

    Attributes:
        share: Share of friends in an arm that makes them mostly in it.
        difference: Plain difference of the arms, which takes units for strangers.
        effects: By name: `total` and `total_full` (all friends), `direct_untreated_friends`, `direct_treated_friends`, `spillover` (of
            mostly treated friends on the untreated), `spillover_any` (of one treated friend or more against none, on the untreated).
        spillover_p: That friends' arms matter to nobody, while the own may; None where refused.
        spillover_reason: Why `spillover_p` is None; None where it is not.
        ties: The ties that were used, and what was left out.
        isolated: Units without a tie; in total effects they are exposed to their own arm, in others they take no part.
        probability: Of treatment.
        draws: Assignments drawn for each randomization test.
        warnings: What the reader can act on, one sentence each.
    """

    share: float
    difference: Contrast
    effects: Mapping[str, ExposureEffect]
    spillover_p: float | None
    spillover_reason: str | None
    ties: Ties
    isolated: int
    probability: float
    draws: int
    warnings: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """All of it as plain values, nothing but numbers, texts and None."""
        return {
            "share_of_friends": self.share,
            "units": self.ties.units,
            "ties": len(self.ties),
            "edges": self.ties.edges,
            "left_out": dict(self.ties.left_out),
            "isolated": self.isolated,
            "probability": self.probability,
            "difference": _plain(self.difference.difference) | {"p_value": self.difference.p_value},
            "effects": {
                name: _plain(one.hajek)
                | {
                    "p_value": one.p_value,
                    "randomization_p": one.randomization_p,
                    "horvitz_thompson": one.horvitz_thompson.value,
                    "exposed": list(one.n),
                    "effective": list(one.effective),
                    "could": one.could,
                }
                for name, one in self.effects.items()
            },
            "spillover_p": self.spillover_p,
            "spillover_reason": self.spillover_reason,
            "draws": self.draws,
            "warnings": list(self.warnings),
        }


def _plain(one: Estimate) -> dict[str, Any]:
    return {
        "value": one.value,
        "ci": None if one.interval is None else list(one.interval),
        "method": one.method,
        "estimand": one.estimand,
        "n": one.n,
        "reason": one.reason,
    }


def interference(
    outcome: np.ndarray,
    treated: np.ndarray,
    units: np.ndarray,
    edges: tuple[np.ndarray, np.ndarray] | Ties,
    *,
    cluster: np.ndarray | None = None,
    probability: float | None = None,
    share: float = SHARE,
    alpha: float = 0.05,
    draws: int = 999,
    seed: int = SEED,
) -> Interference:
    """Total, direct and spillover effects of a test with two arms on a given edge list.

    Args:
        outcome: Of each unit, not a number where unknown, shape (units,).
        treated: 1 where a unit is treated, else 0, shape (units,).
        units: Name of each unit, each once, shape (units,).
        edges: Names of the two ends of each edge, a tie goes both ways; or the ties that were found in them.
        cluster: Cluster that each unit was assigned with, any labels; None where units were assigned one by one.
        probability: Of a cluster, or a unit, to be treated; the share that was treated where None.
        share: Of friends in an arm that makes them mostly in it, above 0.5 and at most 1.
        alpha: Intervals cover 1 - alpha.
        draws: Assignments to draw for each randomization test.
        seed: Of the draws.

    Returns:
        The effects; each refused with a reason where the data do not hold it.

    Raises:
        ValueError: Columns that do not fit one another, a unit twice, a cluster in both arms, or shares out of range.
    """
    values, own, names = np.asarray(outcome, float), np.asarray(treated, float), np.asarray(units)
    if values.ndim != 1 or not len(values) or own.shape != values.shape or names.shape != values.shape:
        raise ValueError("outcome, treatment and names must be those of the same units")
    if not np.all((own == 0.0) | (own == 1.0)):
        raise ValueError("the treatment must be 1 or 0 of each unit")
    if not 0.5 < share <= 1.0:
        raise ValueError(f"friends are mostly in one arm from a share above 0.5 and at most 1, not {share:g}")
    if np.isinf(values).any():
        raise ValueError("outcomes must be finite, or not a number where unknown")
    known = ~np.isnan(values)
    for arm, word in ((0.0, "untreated"), (1.0, "treated")):
        if not np.any(known & (own == arm)):
            raise ValueError(f"no {word} unit has an outcome: there is nothing to compare")
    code = np.arange(len(values)) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1].reshape(-1)
    arms = np.zeros(int(code.max()) + 1)
    arms[code] = own
    if np.any(arms[code] != own):
        raise ValueError("a cluster has units in both arms: units of a cluster are assigned as one, else name no cluster")
    ties = edges if isinstance(edges, Ties) else ties_of(names, *edges)
    if ties.units != len(values):
        raise ValueError(f"the ties are those of {ties.units} units, not of {len(values)}")
    p = float(arms.mean()) if probability is None else probability
    network = clustered_network(ties.one, ties.other, code, probability=p)
    plain = _difference(values[known], own[known], None if cluster is None else code[known], alpha)
    found = Exposures(network, values, own, known, alpha, draws, seed).effects(share)
    tested, why = None, None
    try:
        tested = spillover_test(network, values, own, counted=known, draws=draws, seed=seed).p_value
    except ValueError as error:
        why = str(error)
    return Interference(share, plain, found, tested, why, ties, ties.isolated, p, draws, _warnings(ties, found))


def _difference(values: np.ndarray, own: np.ndarray, code: np.ndarray | None, alpha: float) -> Contrast:
    control, treatment = (
        Sample({"value": values[own == arm]}, None if code is None else code[own == arm].astype(np.int64)) for arm in (0.0, 1.0)
    )
    return estimators()["mean"]().contrast(control, treatment, alpha=alpha)


def _warnings(ties: Ties, effects: Mapping[str, ExposureEffect]) -> tuple[str, ...]:
    found = []
    missing = ties.left_out.get(STRANGERS, 0)
    if missing:
        found.append(
            f"units that are not in the data ({ties.strangers:,}) are named by {missing:,} of {ties.edges:,} edges: shares of friends are "
            "of those who are"
        )
    if not len(ties):
        found.append(f"none of {ties.edges:,} edges joins two units of the data: do they name units as the data do?")
    elif ties.isolated:
        found.append(
            f"{ties.isolated:,} of {ties.units:,} units have no friend in the edge list: they count as exposed to their own arm, which is "
            "wrong where they have friends that the list does not know"
            + ("; with so many of them the total effect is little else than the plain difference" if 2 * ties.isolated > ties.units else "")
        )
    few = [name for name, one in effects.items() if one.hajek.value is not None and min(one.effective) < FEW]
    if few:
        worst = min(few, key=lambda name: min(effects[name].effective))
        found.append(
            f"{', '.join(few)}: fewer than {FEW} effective units ({worst}: {min(effects[worst].effective):.1f}): too few to decide on; "
            "assign clusters of friends next time"
        )
    return tuple(found)
