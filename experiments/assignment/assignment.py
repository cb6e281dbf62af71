"""What every way of assigning arms takes and gives."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from regulars.sim.core.declare import Parameters


@dataclass(frozen=True)
class Units:
    """Who can be assigned.

    Attributes:
        ids: What names each unit for good: rows of a market, or a firm's own customer numbers.
        shares: Share of units of each arm by name, the control first; they add up to 1.
        groups: Code of the group that each unit belongs to (a store, a segment), int64; None without.
        network: Who hears whom, as `sim.world.network.Network`; None where nobody knows.
    """

    ids: np.ndarray
    shares: Mapping[str, float]
    groups: np.ndarray | None = None
    network: Any = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Assigned:
    """Who got what.

    Attributes:
        arms: Code of each unit's arm, 1 the control, uint8 of shape (periods, units).
        first_weeks: Week of the test in which each period begins, from 1.
        cluster: Code of the cluster that each unit was assigned with, int64; None where units were assigned one by one.
        saturation: Share of treated that each unit's cluster was given; None in designs of one stage.
    """

    arms: np.ndarray
    first_weeks: tuple[int, ...] = (1,)
    cluster: np.ndarray | None = None
    saturation: np.ndarray | None = None

    def in_week(self, week: int) -> np.ndarray:
        """Arms of a week of the test, from 1."""
        return self.arms[max(at for at, first in enumerate(self.first_weeks) if first <= week)]


class Assignment(Parameters):
    """A way of assigning arms; a subclass is a file beside this one, told apart by `randomize`."""

    @abstractmethod
    def assign(self, units: Units, *, salt: str, weeks: int) -> Assigned:
        """Arms of all units over the weeks of a test. Equal arguments give equal arms.

        Args:
            units: Who is assigned.
            salt: Text that keys all draws, so that the same people are assigned alike wherever they are looked up.
            weeks: Length of the test.

        Raises:
            ValueError: The units lack what it takes; one sentence says what.
        """


def uniforms(salt: str, ids: Iterable[Any]) -> np.ndarray:
    """A number in [0, 1) for each id, float64: the first 53 bits of SHA-256 of ``salt:id``.

    It depends on nothing but the two texts, so any system that can hash assigns the same people alike, one at a time.
    """
    head = hashlib.sha256(f"{salt}:".encode())
    found = []
    for one in ids:
        digest = head.copy()
        digest.update(str(one).encode())
        found.append(int.from_bytes(digest.digest()[:8], "big") >> 11)
    return np.array(found, np.float64) * 2.0**-53


def by_shares(luck: np.ndarray, shares: Mapping[str, float]) -> np.ndarray:
    """Code of the arm on which each uniform falls, the first from 1, uint8."""
    ends = np.cumsum(list(shares.values()))
    return (np.searchsorted(ends[:-1], luck, side="right") + 1).astype(np.uint8)
