"""Who hears whom: ties as compressed rows, made by generators.

A tie is one 32-bit word in the row of the person who sends: the receiver, and in the top bit whether the tie is weak.
Within a row the strong ties come first, then the weak, each in rising order. Every generator writes pairs of people
into one flat array (two words a pair); `assemble` turns pairs into rows by counting, filling and tidying.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from ..core.declare import Parameters, Stream, param, stream
from ..core.draws import exp32, log32, philox, to_unit, uniform
from ..core.kernel import kernel

f32, i64, u16, u32, u64 = np.float32, np.int64, np.uint16, np.uint32, np.uint64

REWIRING = stream("network.rewiring", per="tie", doc="Whether a tie of the ring is rewired, and to whom.")
CHANCE = stream("network.chance", per="tie", doc="Who is tied to whom by chance, and how strongly.")
TIES = stream("network.ties", per="person", doc="How many ties a person has.")
INSIDE = stream("network.inside", per="person", doc="With whom a person is tied inside the own community.")
SEAT = stream("network.seat", per="person", doc="Which segment the person at a place of the network belongs to.")
SIZE = stream("network.size", per="community", doc="How large a community is.")

WEAK_BIT = u32(0x80000000)
"""Set in a tie that is weak."""
INDEX_MASK = u32(0x7FFFFFFF)
"""The receiver in a tie."""
NO_ONE = u32(0x7FFFFFFF)
"""Stands in a pair for a person who is not there; such a pair makes no tie."""

_ATTEMPTS = 64
_FULL = u16(65535)
_NEXT = u16(1)
_ONE, _HALF, _THIRD, _SPARSE, _LEAST = f32(1.0), f32(0.5), f32(1.0 / 3.0), f32(0.02), f32(1.0e-12)
_SHIFT = u64(32)


@dataclass
class Network:
    """Who hears whom in one market.

    Attributes:
        starts: Where each person's row begins in `ties`, int64 of shape (people + 1,).
        ties: Rows one after the other, uint32: receiver, with `WEAK_BIT` set where the tie is weak.
        labels: Original id of each row of an edge list; -1 for, or nothing of, people who are not in the list. None otherwise.
        bounds: First place of each community and the number of people at the end; None where none were planted.
        places: Place of each row in the order of the generator, if rows stand in another.
    """

    starts: np.ndarray
    ties: np.ndarray
    labels: np.ndarray | None = None
    bounds: np.ndarray | None = None
    places: np.ndarray | None = None

    @property
    def people(self) -> int:
        """Rows, people without ties included."""
        return len(self.starts) - 1

    @property
    def n_ties(self) -> int:
        """Ties counted at their senders: a mutual tie counts twice."""
        return len(self.ties)

    @property
    def degrees(self) -> np.ndarray:
        """Ties of each person, shape (people,)."""
        return np.diff(self.starts)

    @property
    def senders(self) -> np.ndarray:
        """Sender of each tie, shape (n_ties,)."""
        return np.repeat(np.arange(self.people, dtype=np.int32), self.degrees)

    @property
    def receivers(self) -> np.ndarray:
        """Receiver of each tie, shape (n_ties,)."""
        return (self.ties & INDEX_MASK).astype(np.int32)

    @property
    def weak(self) -> np.ndarray:
        """Whether each tie is weak, shape (n_ties,)."""
        return self.ties >= WEAK_BIT

    @property
    def communities(self) -> np.ndarray | None:
        """Planted community of each person, int32 of shape (people,), or None where none were planted."""
        if self.bounds is None:
            return None
        found = np.repeat(np.arange(len(self.bounds) - 1, dtype=np.int32), np.diff(self.bounds))
        return found if self.places is None else found[self.places]

    def seated(self, places: np.ndarray) -> Network:
        """The same network with its people in another order of rows.

        Args:
            places: Old row of each new one, a permutation, int64 of shape (people,).
        """
        row = np.empty(self.people, np.uint32)
        row[places] = np.arange(self.people, dtype=np.uint32)
        starts = np.zeros(self.people + 1, np.int64)
        np.cumsum(self.degrees[places], out=starts[1:])
        ties = np.empty(len(self.ties), np.uint32)
        reseat(ties, starts, self.ties, self.starts, places, row, 0, self.people)
        labels = None
        if self.labels is not None:
            labels = np.full(self.people, -1, self.labels.dtype)
            listed = places < len(self.labels)
            labels[listed] = self.labels[places[listed]]
        return Network(starts, ties, labels, self.bounds, places)

    def row(self, person: int) -> tuple[np.ndarray, np.ndarray]:
        """Who hears `person` through strong ties, and who through weak ties."""
        row = self.ties[self.starts[person] : self.starts[person + 1]]
        weak = row >= WEAK_BIT
        return row[~weak].astype(np.int32), (row[weak] & INDEX_MASK).astype(np.int32)


def seats(world: Any) -> np.ndarray:
    """Place in the network of each row: at random between segments, in the network's order within a segment.

    Rows of a segment lie together; who is whose neighbor knows nothing of segments.
    """
    luck = np.empty(world.people, np.float32)
    world.each(draw_seat, luck, world.key(SEAT))
    taken = np.empty(world.people, np.int64)
    taken[np.argsort(luck, kind="stable")] = np.repeat(np.arange(len(world.segments)), np.diff(world.bounds))
    return np.argsort(taken, kind="stable")


@kernel
def draw_seat(luck, key, start, stop):
    """Rank decides which segment has which place."""
    for place in range(start, stop):
        luck[place] = uniform(key, place, 0, 0)


@kernel
def reseat(ties, starts, old_ties, old_starts, places, row, start, stop):
    """Rows in another order: strong ties first, then the weak, each in rising order of the new rows."""
    for i in range(start, stop):
        begin = starts[i]
        old = old_starts[places[i]]
        for k in range(starts[i + 1] - begin):
            tie = old_ties[old + k]
            # The bit of weak ties is the highest, so plain order puts them last.
            new = u32(row[tie & INDEX_MASK] | (tie & WEAK_BIT))
            at = begin + k
            while at > begin and ties[at - 1] > new:
                ties[at] = ties[at - 1]
                at -= 1
            ties[at] = new


@kernel
def neighbor(tie):
    """Receiver of a tie."""
    return i64(tie & INDEX_MASK)


@kernel
def is_weak(tie):
    """Whether a tie is weak."""
    return tie >= WEAK_BIT


@kernel
def below(high, low, n):
    """A whole number from 0 to n - 1, from two random words: the high word of a 64-bit product."""
    return i64((high * u64(n) + ((low * u64(n)) >> _SHIFT)) >> _SHIFT)


@kernel
def rewire_ring(pairs, key, people, slots, rewiring, start, stop):
    """Rewire each pair with probability `rewiring` to anyone who is not tied yet; person i owns `slots` pairs.

    Goes around the ring lap by lap, nearest neighbors first. A pair whose sender is tied to nearly everyone stays.

    Source: Watts & Strogatz (1998), Nature 393.
    """
    for lap in range(slots):
        for i in range(start, stop):
            place = 2 * (i * slots + lap) + 1
            if pairs[place] == NO_ONE:
                continue
            word, high, low, _ = philox(u64(i), u64(lap), u64(0), key[2], key[0], key[1])
            if to_unit(word) >= rewiring:
                continue
            for attempt in range(1, _ATTEMPTS):
                other = below(high, low, people)
                taken = other == i
                for slot in range(slots):
                    taken = taken or i64(pairs[2 * (i * slots + slot) + 1]) == other
                    taken = taken or i64(pairs[2 * (other * slots + slot) + 1]) == i
                if not taken:
                    pairs[place] = u32(other)
                    break
                word, high, low, _ = philox(u64(i), u64(lap), u64(attempt), key[2], key[0], key[1])


@kernel
def match_pairs(pairs, key, layer, strong_share, start, stop):
    """Tie the people who stand in `pairs` two by two, all perfect matchings equally likely, in place.

    The last person left is tied to one of the others until nobody is left; a tie is strong with `strong_share`.
    """
    for pair in range(stop - 1, start - 1, -1):
        last = 2 * pair + 1
        word, high, low, _ = philox(u64(pair), u64(layer), u64(0), key[2], key[0], key[1])
        chosen = 2 * start + below(high, low, last - 2 * start)
        person = pairs[chosen]
        pairs[chosen] = pairs[last - 1]
        pairs[last - 1] = person
        if to_unit(word) >= strong_share:
            pairs[last] = u32(pairs[last] | WEAK_BIT)


@kernel
def draw_degrees(degrees, cumulative, key, start, stop):
    """Number of ties of each person: the first place of `cumulative` (scaled to 2**32) above a random word."""
    for i in range(start, stop):
        word, _, _, _ = philox(u64(i), u64(0), u64(0), key[2], key[0], key[1])
        least, most = 0, len(cumulative) - 1
        while least < most:
            middle = (least + most) // 2
            if cumulative[middle] > word:
                most = middle
            else:
                least = middle + 1
        degrees[i] = least


@kernel
def link_inside(pairs, bounds, mean_ties, key, start, stop):
    """Tie each two people of a community with equal probability, so that a person has `mean_ties` on average.

    Returns the number of pairs made; those beyond the end of `pairs` are not written. Geometric gaps between the tied:
    Batagelj & Brandes (2005), Physical Review E 71.
    """
    made, room = 0, len(pairs) // 2
    for community in range(start, stop):
        end = bounds[community + 1]
        share = f32(mean_ties / f32(max(end - bounds[community] - 1, 1)))
        if share < _LEAST:
            continue
        # 1 - share would lose a small share in float32.
        log_rest = -share * (_ONE + share * (_HALF + share * _THIRD)) if share < _SPARSE else log32(max(_ONE - share, _LEAST))
        for i in range(bounds[community], end):
            other, draw = i, 0
            while True:
                other += 1
                if share < _ONE:
                    other += i64(log32(uniform(key, i, draw, 0)) / log_rest)
                if other >= end:
                    break
                if made < room:
                    pairs[2 * made] = u32(i)
                    pairs[2 * made + 1] = u32(other)
                made += 1
                draw += 1
    return made


@kernel
def count_ties(starts, pairs, mutual, start, stop):
    """Count each person's ties, two places further on in `starts`, so that `fill_ties` can use the place between."""
    for pair in range(start, stop):
        sender, receiver = pairs[2 * pair], pairs[2 * pair + 1] & INDEX_MASK
        if sender == receiver or sender == NO_ONE or receiver == NO_ONE:
            continue
        starts[i64(sender) + 2] += 1
        if mutual:
            starts[i64(receiver) + 2] += 1


@kernel
def fill_ties(ties, starts, pairs, mutual, start, stop):
    """Put each pair into its sender's row and, if mutual, its receiver's; `starts` move on by one place."""
    for pair in range(start, stop):
        sender, receiver = pairs[2 * pair], pairs[2 * pair + 1] & INDEX_MASK
        if sender == receiver or sender == NO_ONE or receiver == NO_ONE:
            continue
        weak = pairs[2 * pair + 1] & WEAK_BIT
        ties[starts[i64(sender) + 1]] = u32(receiver | weak)
        starts[i64(sender) + 1] += 1
        if mutual:
            ties[starts[i64(receiver) + 1]] = u32(sender | weak)
            starts[i64(receiver) + 1] += 1


@kernel
def tidy_rows(ties, starts, start, stop):
    """Sort each row, erase what stands in it twice (strong stays before weak), close the gaps; returns the ties kept.

    Shell's sort, so that the rows of people with very many ties take no quadratic time.
    """
    begin = starts[start]
    kept = begin
    for i in range(start, stop):
        end = starts[i + 1]
        gap = 1
        while 9 * gap < end - begin:
            gap = 3 * gap + 1
        while gap > 0:
            for place in range(begin + gap, end):
                tie, slot = ties[place], place
                while slot >= begin + gap and ties[slot - gap] > tie:
                    ties[slot] = ties[slot - gap]
                    slot -= gap
                ties[slot] = tie
            gap //= 3
        row = kept
        strong, last_strong = kept, kept
        for place in range(begin, end):
            tie = ties[place]
            twice = kept > row and ties[kept - 1] == tie
            if tie >= WEAK_BIT:
                receiver = tie & INDEX_MASK
                while strong < last_strong and ties[strong] < receiver:
                    strong += 1
                twice = twice or (strong < last_strong and ties[strong] == receiver)
            if not twice:
                ties[kept] = tie
                kept += 1
                if tie < WEAK_BIT:
                    last_strong = kept
        starts[i + 1] = kept
        begin = end
    return kept


@kernel
def walk_ties(order, place, ties, starts, start, stop):
    """Order people by breadth-first walks along their ties: `order` lists them, `place` (-1 before) is its inverse."""
    head, tail = start, start
    for root in range(start, stop):
        if place[root] < 0:
            place[root] = tail
            order[tail] = root
            tail += 1
        while head < tail:
            person = order[head]
            head += 1
            for at in range(starts[person], starts[person + 1]):
                other = neighbor(ties[at])
                if place[other] < 0:
                    place[other] = tail
                    order[tail] = other
                    tail += 1


@kernel
def pass_messages(
    heard_strong, heard_weak, heard_negative, ties, starts, senders, signs, key, week, reach_strong, reach_weak, start, stop
):
    """Push messages from senders to those who hear them; returns the number delivered.

    A message passes a tie with the reach of its strength. The luck of a tie is that of (receiver, week, sender), so a
    sender who speaks twice in a week reaches the same people twice. Counters stay at 65,535. For one thread.

    Args:
        heard_strong, heard_weak: Positive messages of each person, by strength of the tie, uint16, added to.
        heard_negative: Negative messages of each person, uint16, added to.
        ties, starts: Rows of the network.
        senders, signs: Who speaks, int32, and how: positive above 0, negative below, int8.
        key: Seed, stream and replication of the luck.
        week: Week, keys the luck.
        reach_strong, reach_weak: Probability that a message passes a strong or a weak tie, float32; 1 takes no draw.
        start, stop: Messages to pass.
    """
    delivered = i64(0)
    for message in range(start, stop):
        sender = senders[message]
        for at in range(starts[sender], starts[sender + 1]):
            receiver, weak = neighbor(ties[at]), is_weak(ties[at])
            reach = reach_weak if weak else reach_strong
            if reach < _ONE and uniform(key, receiver, week, sender) >= reach:
                continue
            delivered += 1
            if signs[message] < 0:
                if heard_negative[receiver] < _FULL:
                    heard_negative[receiver] += _NEXT
            elif weak:
                if heard_weak[receiver] < _FULL:
                    heard_weak[receiver] += _NEXT
            elif heard_strong[receiver] < _FULL:
                heard_strong[receiver] += _NEXT
    return delivered


@kernel
def spread(amounts, ties, starts, senders, strong, weak, start, stop):
    """Add `strong` or `weak`, by strength of the tie, to the amount of each person who hears a sender. For one thread.

    Args:
        amounts: What has reached each person, float32, added to.
        ties, starts: Rows of the network.
        senders: From whom it comes, int32.
        strong, weak: What passes a strong or a weak tie, float32.
        start, stop: Senders to serve.
    """
    for k in range(start, stop):
        sender = senders[k]
        for at in range(starts[sender], starts[sender + 1]):
            amounts[neighbor(ties[at])] += weak if is_weak(ties[at]) else strong


def assemble(pairs: np.ndarray, people: int, *, mutual: bool = True) -> Network:
    """Rows from pairs: no ties to oneself, none twice.

    Args:
        pairs: Sender, receiver, sender, receiver, ..., uint32; `WEAK_BIT` on the receiver makes the tie weak.
        people: Number of rows.
        mutual: Whether the receiver is heard by the sender too.
    """
    starts = np.zeros(people + 2, np.int64)
    n_pairs = len(pairs) // 2
    count_ties(starts, pairs, mutual, 0, n_pairs)
    np.cumsum(starts, out=starts)
    ties = np.empty(starts[-1], np.uint32)
    fill_ties(ties, starts, pairs, mutual, 0, n_pairs)
    starts.resize(people + 1, refcheck=False)
    # In place, since a copy of the rows would be the peak of memory.
    ties.resize(tidy_rows(ties, starts, 0, people), refcheck=False)
    return Network(starts, ties)


def match_everyone(pairs: np.ndarray, people: int, layers: int, key: tuple[Any, ...]) -> None:
    """Tie everyone by chance to `layers` others: as many independent perfect matchings of all people.

    With an odd number of people, one of them goes without in each layer. What two layers, or a layer and the strong
    ties, have in common is erased later: about layers**2 / (2 people) ties of a person.
    """
    everyone = np.full(people + people % 2, NO_ONE, np.uint32)
    everyone[:people] = np.arange(people, dtype=np.uint32)
    for layer in range(layers):
        part = pairs[layer * len(everyone) : (layer + 1) * len(everyone)]
        part[:] = everyone
        match_pairs(part, key, layer, f32(0.0), 0, len(part) // 2)


def _key(one: Stream, seed: int, replication: int) -> tuple[Any, ...]:
    return u64(seed), one.key, u64(replication)


class NoNetwork(Parameters):
    """Nobody hears anybody."""

    type: Literal["none"] = "none"

    def build(self, people: int, seed: int, replication: int = 0, edges: tuple[np.ndarray, ...] | None = None) -> Network:
        """Rows without ties."""
        return Network(np.zeros(people + 1, np.int64), np.empty(0, np.uint32))


class SmallWorld(Parameters):
    """Strong ties to neighbors on a ring, some of them rewired, and weak ties to anyone.

    Source: Watts & Strogatz (1998), Nature 393, for the strong ties; Goldenberg, Libai & Muller (2001), Marketing
    Letters 12(3), for strong ties in the own group and weak ties at random.
    """

    type: Literal["small_world"] = "small_world"
    strong_ties: int = param(
        8,
        unit="ties",
        low=0,
        high=1000,
        doc="Strong ties of a person, half to each side of the ring before rewiring; with an odd number a few have one less.",
        source="within 5-29 of Goldenberg, Libai & Muller 2001",
    )
    weak_ties: int = param(
        12,
        unit="ties",
        low=0,
        high=1000,
        doc="Weak ties of a person, drawn anew in each replication.",
        source="within 5-29 of Goldenberg, Libai & Muller 2001",
    )
    rewiring: float = param(
        0.05,
        unit="share",
        low=0.0,
        high=1.0,
        doc="Probability that a strong tie leads to anyone instead of a neighbor.",
        plausible=(0.01, 0.2),
        source="assumed; clustered yet short paths at 0.01-0.1 in Watts & Strogatz 1998",
    )

    def build(self, people: int, seed: int, replication: int = 0, edges: tuple[np.ndarray, ...] | None = None) -> Network:
        """Draw the network; person i stands at place i of the ring, so strong ties lie close in memory."""
        strong = min(self.strong_ties, people - 1)
        slots, layer = (strong + 1) // 2, people + people % 2
        n_ring = 2 * people * slots
        pairs = np.empty(n_ring + self.weak_ties * layer, np.uint32)
        if slots:
            lay_ring(pairs[:n_ring], people, strong)
            key = _key(REWIRING, seed, replication)
            rewire_ring(pairs[:n_ring], key, people, slots, f32(self.rewiring), 0, people)
        match_everyone(pairs[n_ring:], people, self.weak_ties, _key(CHANCE, seed, replication))
        return assemble(pairs, people)


def lay_ring(pairs: np.ndarray, people: int, ties: int) -> None:
    """Tie everyone to the `ties` nearest on a ring.

    For an odd number, stretches of people take turns to be tied to the stretch after them; where the ring's length
    does not divide, the last few have one tie less.
    """
    place = np.arange(people, dtype=np.uint32)
    laps = pairs.reshape(people, (ties + 1) // 2, 2)
    laps[:, :, 0] = place[:, None]
    for lap in range(ties // 2):
        laps[:, lap, 1] = (place + u32(lap + 1)) % u32(people)
    if ties % 2:
        step = u32(ties // 2 + 1)
        sends = (place // step % u32(2) == 0) & (place + step < people)
        laps[:, -1, 1] = np.where(sends, place + step, NO_ONE)


class HeavyTailed(Parameters):
    """Anyone tied to anyone, with given numbers of ties: a few people have very many.

    The erased configuration model: every person brings as many ends of ties as drawn, the ends are joined by a uniform
    perfect matching, then ties to oneself and repeated ties are erased, which costs those with very many ties a few. Rows
    stay in the order of people: such a network has no neighborhoods that another order could bring together, and an
    order by number of ties would make the row number tell about the person.

    Source: Bollobas (1980), European Journal of Combinatorics 1; erased: Britton, Deijfen & Martin-Lof (2006), Journal of
    Statistical Physics 124; degrees by power law: Barabasi & Albert (1999), Science 286.
    """

    type: Literal["heavy_tailed"] = "heavy_tailed"
    degree: Literal["power_law", "poisson"] = param(
        "power_law", unit="", doc="Distribution of the number of ties; poisson has no heavy tail.", source="question asked"
    )
    mean_ties: float = param(
        20.0,
        unit="ties",
        low=0.0,
        high=1000.0,
        doc="Mean number of ties of a person.",
        plausible=(10.0, 40.0),
        source="assumed; as many as in small_world",
    )
    exponent: float = param(
        2.5,
        unit="1",
        low=1.5,
        high=5.0,
        doc="Power law: the share of people with k ties falls as k to the minus exponent; the least k follows from the mean.",
        source="2-3 typical; Clauset, Shalizi & Newman 2009",
    )
    max_ties: int = param(
        1000,
        unit="ties",
        low=1,
        high=1_000_000,
        doc="Power law: most ties of a person.",
        plausible=(200, 10_000),
        source="assumed; bounds the reach of one person",
    )
    strong_share: float = param(
        0.4,
        unit="share",
        low=0.0,
        high=1.0,
        doc="Part of ties that is strong, drawn tie by tie.",
        plausible=(0.2, 0.6),
        source="assumed; as in small_world",
    )

    @model_validator(mode="after")
    def _mean_fits(self) -> HeavyTailed:
        if self.degree == "power_law" and self.mean_ties > self.max_ties:
            raise ValueError("mean_ties must be at most max_ties")
        return self

    def build(self, people: int, seed: int, replication: int = 0, edges: tuple[np.ndarray, ...] | None = None) -> Network:
        """Draw the network."""
        pairs = self._ends(people, _key(TIES, seed, replication))
        match_pairs(pairs, _key(CHANCE, seed, replication), 0, f32(self.strong_share), 0, len(pairs) // 2)
        return assemble(pairs, people)

    def _ends(self, people: int, key: tuple[Any, ...]) -> np.ndarray:
        """Everyone as often as ties were drawn, and no one once if that makes the number even."""
        if self.degree == "poisson":
            weights = poisson_weights(self.mean_ties)
        else:
            most = max(min(self.max_ties, people - 1), 1)
            weights = power_law_weights(min(self.mean_ties, float(most)), self.exponent, most)
        sums = np.cumsum(weights)
        degrees = np.zeros(people + 1, np.int32)
        draw_degrees(degrees, (sums * (2.0**32 / sums[-1])).astype(np.uint64), key, 0, people)
        degrees[people] = degrees.sum() % 2
        person = np.arange(people + 1, dtype=np.uint32)
        person[people] = NO_ONE
        return np.repeat(person, degrees)


def poisson_weights(mean: float) -> np.ndarray:
    """Probabilities of 0, 1, 2, ... of a Poisson distribution, up to a common factor."""
    mode = int(mean)
    spread = 12 * int(mean**0.5 + 1.0) + 20
    weights = np.zeros(mode + spread)
    weights[mode] = 1.0
    for k in range(mode, max(mode - spread, 0), -1):
        weights[k - 1] = weights[k] * k / mean
    for k in range(mode + 1, len(weights)):
        weights[k] = weights[k - 1] * mean / k
    return weights


def power_law_weights(mean: float, exponent: float, most: int) -> np.ndarray:
    """Weights k**-exponent of least <= k <= most, where the least k counts only in part, so that the mean is exact.

    A mean below that of all k >= 1 takes people without ties in.
    """
    weights = np.array([1.0] + [float(exp32(f32(-exponent) * log32(f32(k)))) for k in range(1, most + 1)])
    k = np.arange(most + 1.0)
    # Number and ties of those with more than k ties.
    n_above = np.append(np.cumsum(weights[:0:-1])[::-1], 0.0)
    ties_above = np.append(np.cumsum((weights * k)[:0:-1])[::-1], 0.0)
    least = int(np.argmax(ties_above >= mean * n_above))
    weights[:least] = 0.0
    if mean > least:
        weights[least] = max(ties_above[least] - mean * n_above[least], 0.0) / (mean - least)
    else:
        weights[least + 1 :] = 0.0
    return weights


class CommunityStructured(Parameters):
    """Strong ties inside communities, weak ties to anyone.

    A planted partition: each two people of a community are tied with equal probability, such that a person has
    `strong_ties` on average, or knows all if the community is too small for that. Weak ties fall inside the own community
    by chance alone. A community's people stand one after the other, so its ties lie close in memory.

    Source: Condon & Karp (2001), Random Structures & Algorithms 18; Girvan & Newman (2002), PNAS 99.
    """

    type: Literal["community"] = "community"
    size: float = param(
        50.0,
        unit="people",
        low=2.0,
        high=1_000_000.0,
        doc="Mean size of a community.",
        plausible=(10.0, 150.0),
        source="assumed; 10-150 usual",
    )
    size_spread: float = param(
        0.5, unit="share", low=0.0, high=0.9, doc="Sizes lie evenly within this part of the mean to each side.", source="assumed"
    )
    strong_ties: float = param(
        8.0,
        unit="ties",
        low=0.0,
        high=1000.0,
        doc="Mean number of strong ties of a person, all inside the community.",
        source="within 5-29 of Goldenberg, Libai & Muller 2001",
    )
    weak_ties: int = param(
        12,
        unit="ties",
        low=0,
        high=1000,
        doc="Weak ties of a person, to anyone.",
        source="within 5-29 of Goldenberg, Libai & Muller 2001",
    )

    def build(self, people: int, seed: int, replication: int = 0, edges: tuple[np.ndarray, ...] | None = None) -> Network:
        """Draw the network."""
        bounds = self._bounds(people, _key(SIZE, seed, replication))
        key, mean, last = _key(INSIDE, seed, replication), f32(self.strong_ties), len(bounds) - 1
        # Once to count, once to write.
        n_inside = 2 * link_inside(np.empty(0, np.uint32), bounds, mean, key, 0, last)
        pairs = np.empty(n_inside + self.weak_ties * (people + people % 2), np.uint32)
        link_inside(pairs[:n_inside], bounds, mean, key, 0, last)
        match_everyone(pairs[n_inside:], people, self.weak_ties, _key(CHANCE, seed, replication))
        network = assemble(pairs, people)
        network.bounds = bounds
        return network

    def _bounds(self, people: int, key: tuple[Any, ...]) -> np.ndarray:
        number = max(int(people / self.size + 0.5), 1)
        weights = [1.0 + self.size_spread * (2.0 * float(uniform(key, one, 0, 0)) - 1.0) for one in range(number)]
        ends = np.cumsum(weights)
        return np.append(0, (ends * (people / ends[-1]) + 0.5).astype(np.int64))


class EdgeList(Parameters):
    """Ties from a file. People are renumbered along their ties, so that those who are tied lie close in memory."""

    type: Literal["edge_list"] = "edge_list"
    file: str = param(unit="", doc="Table with one row a tie.", source="data")
    sender_column: str = param("sender", unit="", doc="Column of the person who is heard.", source="data")
    receiver_column: str = param("receiver", unit="", doc="Column of the person who hears.", source="data")
    strong_column: str | None = param(
        None, unit="", doc="Column that is true or 1 where a tie is strong; without it all are.", source="data"
    )
    directed: bool = param(False, unit="", doc="Whether a row lets the receiver hear the sender only.", source="data")

    def build(self, people: int, seed: int, replication: int = 0, edges: tuple[np.ndarray, ...] | None = None) -> Network:
        """Lay out the network.

        Args:
            people: Rows; those that the list does not need stay without ties.
            seed, replication: Not used: the list leaves nothing to chance.
            edges: Ids of senders, ids of receivers, and, if given, whether each tie is strong; equal lengths.

        Raises:
            ValueError: No edges, or more people in the list than in the market.
        """
        if edges is None:
            raise ValueError(f"network.file {self.file}: an edge list needs its edges")
        senders, receivers = np.asarray(edges[0]), np.asarray(edges[1])
        ids, rows = np.unique(np.concatenate([senders, receivers]), return_inverse=True)
        if len(ids) > people:
            raise ValueError(f"network.file {self.file}: {len(ids)} people in the list, {people} in the market")
        pairs = np.empty((len(senders), 2), np.uint32)
        pairs[:, 0], pairs[:, 1] = rows[: len(senders)], rows[len(senders) :]
        found = assemble(pairs.ravel(), len(ids))
        order, place = np.empty(len(ids), np.int64), np.full(len(ids), -1, np.int64)
        walk_ties(order, place, found.ties, found.starts, 0, len(ids))
        pairs = place.astype(np.uint32)[pairs]
        if len(edges) > 2:
            pairs[~np.asarray(edges[2]).astype(bool), 1] |= WEAK_BIT
        network = assemble(pairs.ravel(), people, mutual=not self.directed)
        network.labels = ids[order]
        return network


NetworkParameters = Annotated[SmallWorld | HeavyTailed | CommunityStructured | EdgeList | NoNetwork, Field(discriminator="type")]
"""Settings of any network, told apart by `type`."""
