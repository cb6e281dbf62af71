"""An edge list held against the units of the data: which ties join two of them, and what became of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .columns import texts

UNNAMED = "edges with an end that is empty"
STRANGERS = "edges that name a unit which is not in the data"
SELVES = "edges of a unit to itself"
TWICE = "edges that name a tie again"


@dataclass(frozen=True, eq=False)
class Ties:
    """Who is tied to whom, each tie once and both ways.

    Attributes:
        one, other: Ends of each tie, places among the units, one below the other.
        units: Number of units.
        edges: Edges that the list held.
        left_out: Edges that are no tie between two units, by why.
        strangers: Different names in the list that are no unit.
    """

    one: np.ndarray
    other: np.ndarray
    units: int
    edges: int
    left_out: Mapping[str, int]
    strangers: int

    def __len__(self) -> int:
        return len(self.one)

    @property
    def isolated(self) -> int:
        """Units without a tie."""
        return self.units - len(np.unique(np.concatenate([self.one, self.other])))


def ties_of(units: np.ndarray, source: np.ndarray, target: np.ndarray) -> Ties:
    """Ties between units from a list of edges.

    Args:
        units: Name of each unit, each once; texts, numbers, or what else the data name them by.
        source, target: Names of the ends of each edge, same length. A tie goes both ways, whoever is named first.

    Raises:
        ValueError: A unit that is named twice, or ends of different numbers.
    """
    names = pd.Index(texts(np.asarray(units)))
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise ValueError(f"unit '{twice}' stands several times: ties join units, so each must have one row")
    if len(source) != len(target):
        raise ValueError("each edge has two ends")
    numbered = all(one.isdecimal() and one == str(int(one)) for one in names.tolist())
    places, empties, known = [], [], set[str]()
    for ends in (source, target):
        codes, values = pd.factorize(pd.Series(np.asarray(ends)))
        labels = texts(values)
        if numbered:
            labels = np.array([_as_number(one) for one in labels.tolist()], dtype=object)
        blank = np.array([not one.strip() for one in labels.tolist()], bool)
        known |= {one for one, empty in zip(labels.tolist(), blank.tolist(), strict=True) if not empty}
        # A last place for what is missing.
        empties.append(np.append(blank, True)[codes])
        places.append(np.append(names.get_indexer(pd.Index(labels)), -1)[codes])
    empty = empties[0] | empties[1]
    strange = ~empty & ((places[0] < 0) | (places[1] < 0))
    self_tie = ~empty & ~strange & (places[0] == places[1])
    keep = ~empty & ~strange & ~self_tie
    low, high = np.minimum(*places)[keep], np.maximum(*places)[keep]
    once = np.unique(low.astype(np.int64) * max(len(names), 1) + high)
    counts = {UNNAMED: empty.sum(), STRANGERS: strange.sum(), SELVES: self_tie.sum(), TWICE: keep.sum() - len(once)}
    return Ties(
        one=once // max(len(names), 1),
        other=once % max(len(names), 1),
        units=len(names),
        edges=len(source),
        left_out={why: int(count) for why, count in counts.items() if count},
        strangers=len(known - set(names.tolist())),
    )


def _as_number(name: str) -> str:
    """A whole number as the shortest text of it: where units are numbers, 007 and 7.0 are 7."""
    whole, _, rest = name.strip().partition(".")
    return str(int(whole)) if whole.isdecimal() and not rest.strip("0") else name
