"""Causal links between quantities, as components declare them, and the feedback loops that they close.

A link says: more of the source, all else equal, means more (+1) or less (-1) of the target. The links of the components that
are on make a causal-loop diagram; a feedback loop is a closed path in it. Its sign is the product of its links' signs:
+1 reinforcing, -1 balancing.

Source: polarity of links and loops Richardson (1986), System Dynamics Review 2(2), and Sterman (2000), Business Dynamics,
chapter 5; deactivating one loop at a time Ford (1999), System Dynamics Review 15(1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

_LN2 = 0.6931471805599453


@dataclass(frozen=True)
class Link:
    """One cause and one effect.

    Attributes:
        source, target: Quantities: names of `world.quantities.QUANTITIES`, or a component's own, as ``NAME.FIELD``.
        sign: +1 if more of the source means more of the target, -1 if less.
        by: Effects of the component through which the link acts, dotted, ``*`` for names of the user's choice; at their
            neutral values it is gone. Empty: it is part of the structure and cannot be cut.
        delay: Mean weeks from cause to effect that are built in, beyond the step in which everything acts on the next.
        ties: Whether it passes along ties, so that without a network it is gone.
    """

    source: str
    target: str
    sign: int
    by: tuple[str, ...] = ()
    delay: float = 0.0
    ties: bool = False


def link(source: str, target: str, sign: int, *by: str, delay: float = 0.0, ties: bool = False) -> Link:
    """Declare a link; `by` are the effects through which it acts."""
    return Link(source, target, sign, by, delay, ties)


def mean_lag(half_life: float) -> float:
    """Mean age of what a memory of this half-life holds: half-life / ln 2."""
    return half_life / _LN2


@dataclass(frozen=True)
class Cut:
    """Effects that can be switched off together, and nothing else with them.

    Attributes:
        address: Component, such as ``behaviors.loyalty``.
        by: Its effects, as its links name them.
    """

    address: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class Edge:
    """A link that is at work, and the cut that would end it; None for structure."""

    link: Link
    cut: Cut | None


@dataclass(frozen=True)
class Loop:
    """A feedback loop.

    Attributes:
        edges: Once around, the edge that is cut first.
        cut: What is cut.
        others: Further cuts of which this is the shortest loop too.
    """

    edges: tuple[Edge, ...]
    cut: Cut
    others: tuple[Cut, ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """The quantities once around, from the source of the edge that is cut."""
        return tuple(edge.link.source for edge in self.edges)

    @property
    def sign(self) -> int:
        """+1 reinforcing, -1 balancing."""
        sign = 1
        for edge in self.edges:
            sign *= edge.link.sign
        return sign

    @property
    def delay(self) -> float:
        """Weeks once around: the sum of the links' delays."""
        return sum(edge.link.delay for edge in self.edges)


def effects(params: BaseModel, by: str) -> Iterator[tuple[str, Any, Any]]:
    """Dotted path, value and neutral value of each effect that `by` stands for; none where its part is absent."""
    yield from _effects(params, by.split("."), ())


def _effects(at: Any, names: Sequence[str], before: tuple[str, ...]) -> Iterator[tuple[str, Any, Any]]:
    name, *rest = names
    if isinstance(at, Mapping):
        for key in at if name == "*" else (name,):
            yield from _effects(at[key], rest, (*before, str(key)))
        return
    if at is None:
        return
    value = getattr(at, name)
    if rest:
        yield from _effects(value, rest, (*before, name))
        return
    extra: Any = type(at).model_fields[name].json_schema_extra
    yield ".".join((*before, name)), value, extra["neutral"]


def at_work(components: Iterable[Any], structure: Iterable[Link] = (), *, network: bool = True, still: Iterable[str] = ()) -> list[Edge]:
    """The links that are at work: the structure's, and those of components with an effect that is not neutral.

    A component that has parameters of its own for some segments has the links of all of them.

    Args:
        components: What is switched on.
        structure: Links that are there whatever is switched on.
        network: Whether there are ties.
        still: Quantities that cannot change.
    """
    still = frozenset(still)
    found = dict.fromkeys(Edge(one, None) for one in structure)
    for component in components:
        for version in (component, *(component.within(segment) for segment in component.overrides)):
            for one in version.links:
                acting = not one.by or any(value != neutral for by in one.by for _, value, neutral in effects(version.params, by))
                if acting and (network or not one.ties):
                    found[Edge(one, Cut(component.address, one.by) if one.by else None)] = None
    return [edge for edge in found if still.isdisjoint((edge.link.source, edge.link.target))]


def find_loops(edges: Sequence[Edge]) -> list[Loop]:
    """For each cut the shortest loop through a link that it ends; of cuts with the same loop the one that touches the fewest links.

    There may be very many closed paths; each link that can be cut is on its shortest one, so that the list is as long as
    there are effects that feed back, and no longer.
    """
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        leaving.setdefault(edge.link.source, []).append(edge)
    shortest: dict[Cut, tuple[Edge, ...]] = {}
    for edge in edges:
        if edge.cut is None:
            continue
        way = _way(leaving, edge.link.target, edge.link.source)
        if way is not None and (edge.cut not in shortest or 1 + len(way) < len(shortest[edge.cut])):
            shortest[edge.cut] = (edge, *way)
    same: dict[frozenset[Edge], list[Cut]] = {}
    for cut, cycle in shortest.items():
        same.setdefault(frozenset(cycle), []).append(cut)
    loops = []
    for cuts in same.values():
        cuts.sort(key=lambda cut: (_touched(edges, cut), sum(any(one.cut == cut for one in cycle) for cycle in same)))
        first, *others = cuts
        loops.append(Loop(_turned(shortest[first], first), first, tuple(others)))
    return loops


def _touched(edges: Sequence[Edge], cut: Cut) -> int:
    """Links that weaken or end with a cut."""
    return sum(one.cut is not None and one.cut.address == cut.address and not set(cut.by).isdisjoint(one.cut.by) for one in edges)


def _turned(cycle: tuple[Edge, ...], cut: Cut) -> tuple[Edge, ...]:
    at = next(at for at, edge in enumerate(cycle) if edge.cut == cut)
    return cycle[at:] + cycle[:at]


def _way(leaving: Mapping[str, list[Edge]], start: str, goal: str) -> tuple[Edge, ...] | None:
    """The fewest edges from one quantity to another, breadth first; none if they are the same, None if there is no way."""
    came: dict[str, Edge | None] = {start: None}
    waiting = deque([start])
    while waiting:
        at = waiting.popleft()
        if at == goal:
            way: list[Edge] = []
            while (edge := came[at]) is not None:
                way.append(edge)
                at = edge.link.source
            return tuple(reversed(way))
        for edge in leaving.get(at, ()):
            if edge.link.target not in came:
                came[edge.link.target] = edge
                waiting.append(edge.link.target)
    return None
