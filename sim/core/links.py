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
from dataclasses import dataclass, replace
from heapq import heappop, heappush
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
        needs: Further effects that multiply those of `by`: where one of them is neutral, the link is gone as well.
        given: Quantity on which it builds: gone unless a link that is at work leads there.
    """

    source: str
    target: str
    sign: int
    by: tuple[str, ...] = ()
    delay: float = 0.0
    ties: bool = False
    needs: tuple[str, ...] = ()
    given: str | None = None


def link(
    source: str,
    target: str,
    sign: int,
    *by: str,
    delay: float = 0.0,
    ties: bool = False,
    needs: tuple[str, ...] = (),
    given: str | None = None,
) -> Link:
    """Declare a link; `by` are the effects through which it acts, any of them; of `needs` each has to be at work beside them."""
    return Link(source, target, sign, by, delay, ties, needs, given)


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
        counter: The shortest loop of the other sign that the same cut ends; None if there is none.
    """

    edges: tuple[Edge, ...]
    cut: Cut
    others: tuple[Cut, ...] = ()
    counter: Loop | None = None

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
                acting = not one.by or any(_moved(version.params, by) for by in one.by)
                if acting and all(_moved(version.params, by) for by in one.needs) and (network or not one.ties):
                    found[Edge(one, Cut(component.address, one.by) if one.by else None)] = None
    moving = [edge for edge in found if still.isdisjoint((edge.link.source, edge.link.target))]
    reached = {edge.link.target for edge in moving}
    return [edge for edge in moving if edge.link.given is None or edge.link.given in reached]


def _moved(params: BaseModel, by: str) -> bool:
    return any(value != neutral for _, value, neutral in effects(params, by))


def find_loops(edges: Sequence[Edge]) -> list[Loop]:
    """For each cut the shortest loop through a link that it ends; of cuts with the same loop the one that touches the fewest links.

    There may be very many closed paths; each link that can be cut is on its shortest one, so that the list is as long as
    there are effects that feed back, and no longer. With each loop stands the shortest of the other sign that its cut ends, as
    what a cut is worth is the net of both.
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
    ways = _SignedWays(edges)
    same: dict[frozenset[Edge], list[Cut]] = {}
    for cut, cycle in shortest.items():
        same.setdefault(frozenset(cycle), []).append(cut)
    loops = []
    for cuts in same.values():
        cuts.sort(key=lambda cut: (_touched(edges, cut), sum(any(one.cut == cut for one in cycle) for cycle in same)))
        first, *others = cuts
        loop = Loop(_turned(shortest[first], first), first, tuple(others))
        found = (ways.loop(edge, -loop.sign) for edge in edges if edge.cut == first)
        counter = min((Loop(one, first) for one in found if one is not None), key=lambda one: len(one.edges), default=None)
        loops.append(replace(loop, counter=counter))
    return loops


class _SignedWays:
    """Shortest paths of a wanted sign that meet no quantity twice.

    A walk of the sign wanted may only have it because it passes by another loop on its way, so that paths are tried one by one,
    the most promising first: what is left of one is at least as long as the shortest walk of the sign that it still needs.
    """

    TRIES = 20_000
    """Paths that are tried before a loop is taken not to be there."""

    def __init__(self, edges: Sequence[Edge]) -> None:
        # Of links that run side by side and alike, one is enough; of structure first, as nothing ends it.
        alike: dict[tuple[str, str, int], Edge] = {}
        for edge in sorted(edges, key=lambda one: one.cut is not None):
            alike.setdefault((edge.link.source, edge.link.target, edge.link.sign), edge)
        self._leaving: dict[str, list[Edge]] = {}
        self._entering: dict[str, list[Edge]] = {}
        for edge in alike.values():
            self._leaving.setdefault(edge.link.source, []).append(edge)
            self._entering.setdefault(edge.link.target, []).append(edge)

    def loop(self, edge: Edge, sign: int) -> tuple[Edge, ...] | None:
        """The shortest loop of a sign that begins with an edge, None if there is none."""
        head, tail, needed = [edge], list[Edge](), sign * edge.link.sign
        start, goal = edge.link.target, edge.link.source
        # Where there is one way only, at either end, no path can do without it, and none can pass it twice.
        while start != goal and len(out := self._leaving.get(start, [])) == 1:
            head.append(out[0])
            start, needed = out[0].link.target, needed * out[0].link.sign
            if len(head) > len(self._leaving):
                return None
        while start != goal and len(into := self._entering.get(goal, [])) == 1:
            tail.insert(0, into[0])
            goal, needed = into[0].link.source, needed * into[0].link.sign
            if len(tail) > len(self._leaving):
                return None
        met = frozenset(one.link.target for one in (*head, *tail)) - {goal}
        left = self._distances(goal, met - {start})
        # Length at the least, order of coming, quantity and sign still needed, edges so far, quantities so far.
        waiting: list[tuple[int, int, str, int, tuple[Edge, ...], frozenset[str]]] = []
        if (start, needed) in left:
            waiting.append((left[start, needed], 0, start, needed, (), met))
        came = 0
        while waiting and came < self.TRIES:
            _, _, at, needed, path, met = heappop(waiting)
            if at == goal:
                return (*head, *path, *tail)
            for one in self._leaving[at]:
                link, still = one.link, needed * one.link.sign
                if link.target not in met and (link.target, still) in left:
                    came += 1
                    least = len(path) + 1 + left[link.target, still]
                    heappush(waiting, (least, came, link.target, still, (*path, one), met | {link.target}))
        return None

    def _distances(self, goal: str, closed: frozenset[str]) -> dict[tuple[str, int], int]:
        """Edges of the shortest walk to a quantity by where it starts and its sign, passing the goal only at its end."""
        left = {(goal, +1): 0}
        waiting = deque(left)
        while waiting:
            at, sign = waiting.popleft()
            for edge in self._entering.get(at, ()):
                before = (edge.link.source, sign * edge.link.sign)
                if before[0] != goal and before[0] not in closed and before not in left:
                    left[before] = left[at, sign] + 1
                    waiting.append(before)
        return left


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
