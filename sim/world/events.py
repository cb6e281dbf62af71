"""What happened in this step: orders, acquisitions and exits, in the order of persons; and orders of earlier steps sent back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

ORDER_ROOM = 1024
"""Free places a buffer keeps before the next person is served; no one places that many orders in a step."""

COLUMNS: dict[str, Any] = {"person": np.int32, "value": np.int64, "number": np.int32, "time": np.float32}

NOTHING = {
    **{name: np.empty(0, dtype) for name, dtype in COLUMNS.items()},
    "disconfirmation": np.empty(0, np.float32),
    "failed": np.empty(0, np.uint8),
    **{name: np.empty(0, np.int32) for name in ("exits", "acquired", "returned")},
}
"""Columns of a step without events."""


class Buffer:
    """Room for the events of one range of people while the `live` kernel runs."""

    def __init__(self, orders: int, changes: int) -> None:
        self.orders = {name: np.empty(orders + ORDER_ROOM, dtype) for name, dtype in COLUMNS.items()}
        self.exits = np.empty(changes + 1, np.int32)
        self.acquired = np.empty(changes + 1, np.int32)
        self.returned = np.empty(changes + 1, np.int32)
        # orders, exits, acquisitions, a cohort's entries and returns so far
        self.counts = np.zeros(5, np.int64)

    def grow(self) -> None:
        """Double the room of all columns, keeping what is there."""
        for name, column in self.orders.items():
            self.orders[name] = np.concatenate([column, np.empty_like(column)])
        self.exits = np.concatenate([self.exits, np.empty_like(self.exits)])
        self.acquired = np.concatenate([self.acquired, np.empty_like(self.acquired)])
        self.returned = np.concatenate([self.returned, np.empty_like(self.returned)])


class Events:
    """Events of the current step.

    Attributes:
        person: Who ordered, non-decreasing, shape (orders,); a person's orders stand in the order of time.
        value: Value of each order in integer money units, before discounts.
        number: The person's order number since the start, from 1.
        time: Time of each order, in weeks from the start.
        disconfirmation: Quality minus expectation of each order in points of satisfaction; 0 until experienced.
        failed: 1 for each order that went wrong; 0 until experienced.
        reductions: Integer money that each discount would take off the orders, by the campaign's address; said in `settle`.
        receipts: What a program needs to know to take back what it gave for an order, such as its points, or the card that was
            stamped: int64 by the program's address, 0 for nothing, said in `settle`.
        exits: Who left, by person.
        acquired: Who was won, by person; the cause is in `Customers.acquired_by`.
        returned: Who came back after having left, by person.
        entered: Number of a cohort's customers who entered.
    """

    def __init__(self) -> None:
        self._buffers: dict[int, Buffer] = {}
        self.clear()

    def clear(self) -> None:
        """Forget the step before."""
        self.__dict__.update(NOTHING)
        self.reductions: dict[str, np.ndarray] = {}
        self.receipts: dict[str, np.ndarray] = {}
        self.entered = 0

    person: np.ndarray
    value: np.ndarray
    number: np.ndarray
    time: np.ndarray

    def buffer(self, thread: int, people: int) -> Buffer:
        """An empty buffer for a thread that serves so many people, kept from step to step."""
        buffer = self._buffers.get(thread)
        if buffer is None:
            buffer = self._buffers[thread] = Buffer(people, people // 4)
        buffer.counts[:] = 0
        return buffer

    def collect(self, buffers: list[Buffer]) -> None:
        """Take over what the buffers of consecutive ranges hold."""
        counts = [one.counts.tolist() for one in buffers]
        for name in COLUMNS:
            setattr(self, name, _joined([one.orders[name][: n[0]] for one, n in zip(buffers, counts, strict=True)]))
        self.exits = _joined([one.exits[: n[1]] for one, n in zip(buffers, counts, strict=True)])
        self.acquired = _joined([one.acquired[: n[2]] for one, n in zip(buffers, counts, strict=True)])
        self.returned = _joined([one.returned[: n[4]] for one, n in zip(buffers, counts, strict=True)])
        self.entered = sum(n[3] for n in counts)
        self.disconfirmation = np.zeros(len(self.person), np.float32)
        self.failed = np.zeros(len(self.person), np.uint8)

    @property
    def discount(self) -> np.ndarray:
        """Integer money taken off each order by all discounts together, at most its value; known from `respond` on."""
        return np.minimum(sum(self.reductions.values(), np.zeros(len(self), np.int64)), self.value)

    def reduction(self, address: str) -> np.ndarray:
        """What one discount takes off each order: all that it would, or where all together exceed the value its part in proportion.

        Rounded so that the parts, in order of the addresses, add up to the value to the last unit.
        """
        wanted = self.reductions[address]
        if len(self.reductions) == 1:
            return wanted
        before = sum((given for name, given in self.reductions.items() if name < address), np.zeros(len(self), np.int64))
        total = np.maximum(sum(self.reductions.values()), 1)
        kept = np.minimum(self.value / total, 1.0)
        return (np.rint((before + wanted) * kept) - np.rint(before * kept)).astype(np.int64)

    def between(self, start: int, stop: int) -> Events:
        """The events of these rows; what is written into them is written here.

        Reductions and receipts, which programs and campaigns lay down for everybody at once, are not among them.
        """
        part = Events()
        a, b = np.searchsorted(self.person, (start, stop))
        for name in (*COLUMNS, "disconfirmation", "failed"):
            setattr(part, name, getattr(self, name)[a:b])
        for name in ("exits", "acquired", "returned"):
            people = getattr(self, name)
            a, b = np.searchsorted(people, (start, stop))
            setattr(part, name, people[a:b])
        return part

    def __len__(self) -> int:
        return len(self.person)

    def copy(self) -> Events:
        twin = Events()
        for name in (*COLUMNS, "disconfirmation", "failed", "exits", "acquired", "returned"):
            setattr(twin, name, getattr(self, name).copy())
        twin.reductions = {name: column.copy() for name, column in self.reductions.items()}
        twin.receipts = {name: column.copy() for name, column in self.receipts.items()}
        twin.entered = self.entered
        return twin


class Refunds:
    """Orders that are sent back, each with its receipts.

    Attributes:
        due: When each is repaid, in weeks from the start.
        person, number, value: As of `Events`.
        week: Week in which each was placed.
        paid: Integer money paid for it, discounts taken off.
        receipts: What programs gave for the orders, as of `Events`.
    """

    COLUMNS: ClassVar[dict[str, Any]] = {
        "due": np.float32, "person": np.int32, "number": np.int32, "week": np.int32, "value": np.int64, "paid": np.int64
    }  # fmt: skip

    due: np.ndarray
    person: np.ndarray
    number: np.ndarray
    week: np.ndarray
    value: np.ndarray
    paid: np.ndarray

    def __init__(self, columns: Mapping[str, np.ndarray] | None = None, receipts: Mapping[str, np.ndarray] | None = None) -> None:
        for name, dtype in self.COLUMNS.items():
            setattr(self, name, np.empty(0, dtype) if columns is None else columns[name].astype(dtype))
        self.receipts = dict(receipts or {})

    def receipt(self, address: str) -> np.ndarray:
        """What a program gave for each order; 0 for those that it had no part in."""
        found = self.receipts.get(address)
        return np.zeros(len(self), np.int64) if found is None else found

    def add(self, more: Refunds) -> None:
        """Put further orders after those that are there."""
        addresses = dict.fromkeys((*self.receipts, *more.receipts))
        self.receipts = {name: np.concatenate([self.receipt(name), more.receipt(name)]) for name in addresses}
        for name in self.COLUMNS:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(more, name)]))

    def pick(self, rows: np.ndarray) -> Refunds:
        """Some of them, by a mask or their places, with columns of their own."""
        columns = {name: getattr(self, name)[rows] for name in self.COLUMNS}
        return Refunds(columns, {name: column[rows] for name, column in self.receipts.items()})

    def __len__(self) -> int:
        return len(self.person)

    def copy(self) -> Refunds:
        return self.pick(np.arange(len(self)))


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """The parts in one array of their own."""
    return parts[0].copy() if len(parts) == 1 else np.concatenate(parts)
