"""Weekly totals: exact integers by segment, and the series that KPIs read."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..core.component import Kpi
from ..core.declare import Total


class Absent(LookupError):
    """A total that no component of the scenario records."""


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, not a number where the whole is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole == 0.0, np.nan, part / whole)


class Totals:
    """Integer totals of a run, shape (weeks, totals, segments + 1); the last column belongs to no segment."""

    def __init__(self, declared: Iterable[Total], segments: int, weeks: int) -> None:
        self.declared = {one.name: one for one in declared}
        self.place = {name: at for at, name in enumerate(self.declared)}
        self.segments = segments
        self.weeks = 0
        self.data = np.zeros((weeks, len(self.place), segments + 1), np.int64)
        self._closed = np.zeros(len(self.place), np.int64)
        self._places: dict[tuple[str, ...], slice | list[int]] = {}

    def add(self, name: str, amounts: np.ndarray | int) -> None:
        """Add to a flow of the current week, by segment (shape (segments,)) or for no segment (an integer)."""
        if isinstance(amounts, np.ndarray):
            self.data[self.weeks, self.place[name], : self.segments] += amounts
        else:
            self.data[self.weeks, self.place[name], self.segments] += amounts

    def set(self, name: str, amounts: np.ndarray | int) -> None:
        """Set a stock of the current week, by segment or for no segment."""
        if isinstance(amounts, np.ndarray):
            self.data[self.weeks, self.place[name], : self.segments] = amounts
        else:
            self.data[self.weeks, self.place[name], self.segments] = amounts

    def add_each(self, names: tuple[str, ...], amounts: np.ndarray) -> None:
        """Add to several flows of the current week, by segment (shape (segments, flows))."""
        self.data[self.weeks, self._places_of(names), : self.segments] += amounts.T

    def set_each(self, names: tuple[str, ...], amounts: np.ndarray) -> None:
        """Set several stocks of the current week, by segment (shape (segments, stocks))."""
        self.data[self.weeks, self._places_of(names), : self.segments] = amounts.T

    def _places_of(self, names: tuple[str, ...]) -> slice | list[int]:
        """Where totals stand: as a slice, which numpy reaches without a copy, where they were declared in a row."""
        found = self._places.get(names)
        if found is None:
            places = [self.place[name] for name in names]
            in_a_row = places == list(range(places[0], places[0] + len(places)))
            found = self._places[names] = slice(places[0], places[-1] + 1) if in_a_row else places
        return found

    def of_week(self, names: tuple[str, ...]) -> np.ndarray:
        """Several totals of the current week, shape (totals, segments + 1)."""
        return self.data[self.weeks, self._places_of(names)]

    def now(self, name: str) -> int:
        """The current week's total over all segments."""
        return sum(self.data[self.weeks, self.place[name]].tolist())

    def so_far(self, *names: str) -> int:
        """Sum over all weeks up to the current one."""
        return sum(int(self._closed[self.place[name]]) + self.now(name) for name in names)

    def close_week(self) -> None:
        """Go on to the next week; a run longer than its horizon gets room as needed."""
        self._closed += self.data[self.weeks].sum(axis=1)
        self.weeks += 1
        if self.weeks >= len(self.data):
            self.data = np.concatenate([self.data, np.zeros_like(self.data)])

    def recorded(self) -> np.ndarray:
        """The weeks recorded so far, shape (weeks, totals, segments + 1)."""
        return self.data[: self.weeks]

    def copy(self) -> Totals:
        twin = object.__new__(Totals)
        twin.declared, twin.place, twin.segments = self.declared, self.place, self.segments
        twin.weeks, twin.data, twin._closed, twin._places = self.weeks, self.data.copy(), self._closed.copy(), self._places
        return twin

    def adopt(self, other: Totals) -> None:
        """Take over what `other` has recorded under the names both know."""
        self.weeks = other.weeks
        if len(self.data) < len(other.data):
            self.data = np.zeros((len(other.data), *self.data.shape[1:]), np.int64)
        for name, at in other.place.items():
            if name in self.place:
                self.data[: len(other.data), self.place[name]] = other.data[:, at]
        self._closed = self.data[: self.weeks].sum(axis=(0, 2))

    def weekly(self) -> Series:
        """The recorded weeks as a series."""
        return Series(self.declared, self.place, self.recorded())

    def horizon(self) -> Series:
        """All recorded weeks as one: flows summed, stocks at their last value."""
        return self.weekly().summed()


class Series:
    """Totals as KPIs read them: ``series.revenue`` is float64 in its unit, shape (weeks, segments + 1), `all` last.

    Reading a total that no component of the scenario records raises `Absent`.
    """

    def __init__(self, declared: dict[str, Total], place: dict[str, int], data: np.ndarray) -> None:
        self._declared, self._place, self._data = declared, place, data

    def __getattr__(self, name: str) -> np.ndarray:
        if name.startswith("_"):
            raise AttributeError(name)
        at = self._place.get(name)
        if at is None:
            raise Absent(name)
        values = self._data[:, at].astype(np.float64)
        values[:, -1] = values.sum(axis=1)
        return values / self._declared[name].scale

    def __contains__(self, name: str) -> bool:
        return name in self._place

    def value(self, kpi: Kpi) -> np.ndarray | None:
        """A KPI by its formula, shape (weeks, segments + 1); None where its mechanism is absent."""
        try:
            return kpi.value(self)
        except Absent:
            if kpi.absent is None:
                return None
            return np.full((self._data.shape[0], self._data.shape[2]), kpi.absent)

    def has(self, kpi: Kpi) -> bool:
        """Whether the mechanism of a KPI is in the scenario; one without may still report 0."""
        try:
            kpi.value(self)
        except Absent:
            return False
        return True

    def summed(self) -> Series:
        """One row: flows summed over weeks, stocks at their last value."""
        if not len(self._data):
            return self
        one = self._data.sum(axis=0, keepdims=True)
        for name, at in self._place.items():
            if self._declared[name].stock:
                one[0, at] = self._data[-1, at]
        return Series(self._declared, self._place, one)
