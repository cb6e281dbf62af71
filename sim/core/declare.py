"""The declarations a component is made of: parameters, fields, streams, totals, and the published facts it reproduces.

What a number means (unit, range, source) stands where the number is born; checking, the JSON Schema, the reference
page and the data dictionary are all read from here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

Role = Literal["cost", "effect", "rule"]
ASSUMED = "assumed"


class Parameters(BaseModel):
    """Checked, frozen values of one section of a scenario; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=())


def param(
    default: Any = ...,
    *,
    unit: str,
    doc: str,
    source: str,
    role: Role = "rule",
    low: float | None = None,
    high: float | None = None,
    neutral: float | None = None,
    plausible: tuple[float, float] | None = None,
    each: bool = False,
    shared: bool = False,
) -> Any:
    """Declare one parameter of a `Parameters` class.

    Args:
        default: Value where the scenario says nothing; leave out to demand one.
        unit: Unit of the value: ``1/week``, ``weeks``, ``money``, ``share``, ``points``, ``1`` for pure numbers, ``""``
            for names and switches.
        doc: What it means, one sentence.
        source: Citation of the default, or a text that begins with ``assumed``: such parameters stand in the
            sensitivity table of every answer.
        role: ``effect`` changes what customers do and needs a `neutral` value, ``cost`` is money the firm pays,
            ``rule`` is anything else (designs, half-lives, shapes).
        low: Least value allowed.
        high: Greatest value allowed.
        neutral: Value at which an effect vanishes.
        plausible: Range to believe in, for assumed numbers whose valid range is wider; else `low` to `high`.
        each: Whether the value is a list and the range that of its entries, which its annotation then has to check.
        shared: Whether it is a resource that all whom an action is for draw on, such as a budget or staff.

    Raises:
        TypeError: An effect without a neutral value, or an assumed number without a range.
    """
    if role == "effect" and neutral is None:
        raise TypeError(f"an effect needs a neutral value: {doc}")
    number = isinstance(default, int | float) and not isinstance(default, bool)
    if number and source.startswith(ASSUMED) and (low is None or high is None):
        raise TypeError(f"an assumed number needs a range: {doc}")
    return Field(
        default,
        ge=None if each else low,
        le=None if each else high,
        description=doc,
        json_schema_extra={
            "unit": unit,
            "source": source,
            "role": role,
            "neutral": neutral,
            "low": low,
            "high": high,
            "plausible": None if plausible is None else list(plausible),
            "shared": shared,
        },
    )


def group(doc: str, default: Any = ...) -> Any:
    """Declare a parameter that is itself a `Parameters` section, or a map of them.

    Args:
        doc: What it means, one sentence.
        default: Factory of the value where the scenario says nothing (a class or a function); leave out to demand one.
    """
    if default is ...:
        return Field(..., description=doc)
    return Field(default_factory=default, description=doc)


@dataclass(frozen=True)
class FieldDeclaration:
    """One array over people: numpy type, value of a new row, unit, range and meaning.

    Attributes:
        optional: Whether the array is there only if a component that is on writes it; else it is empty.
        fresh: Whether every step begins with the default again.
        weekly: Whether every week does.
    """

    dtype: Any
    default: float
    unit: str
    doc: str
    low: float | None = None
    high: float | None = None
    optional: bool = False
    fresh: bool = False
    weekly: bool = False


def field(
    dtype: Any,
    *,
    default: float,
    unit: str,
    doc: str,
    low: float | None = None,
    high: float | None = None,
    optional: bool = False,
    fresh: bool = False,
    weekly: bool = False,
) -> Any:
    """Declare one array over people inside a `Fields` class; on an instance the name holds the array."""
    return FieldDeclaration(dtype, default, unit, doc, low, high, optional, fresh, weekly)


class Fields:
    """A struct of arrays with one row a person, declared in the class body by `field`."""

    declarations: ClassVar[dict[str, FieldDeclaration]] = {}
    _each_step: ClassVar[tuple[str, ...]] = ()
    _each_week: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {name: value for name, value in vars(cls).items() if isinstance(value, FieldDeclaration)}
        cls.declarations = {**cls.declarations, **own}
        cls._each_step = tuple(name for name, declared in cls.declarations.items() if declared.fresh)
        cls._each_week = tuple(name for name, declared in cls.declarations.items() if declared.weekly)

    def __init__(self, people: int, written: Iterable[str] = ()) -> None:
        """Make the arrays.

        Args:
            people: Rows.
            written: Names of the optional fields that are there.
        """
        self.people = people
        for name, declared in self.declarations.items():
            setattr(self, name, np.empty(0, declared.dtype))
        self.provide(written)

    def provide(self, written: Iterable[str]) -> None:
        """Make the arrays that are not there yet: those that always are, and the optional ones in `written`."""
        written = set(written)
        for name, declared in self.declarations.items():
            if not getattr(self, name).size and (name in written or not declared.optional):
                setattr(self, name, np.full(self.people, declared.default, declared.dtype))

    def refresh(self, *, opens_week: bool) -> None:
        """Set the fields that say of each step, or of each week, anew what happened in it to their defaults."""
        for name in (*self._each_step, *self._each_week) if opens_week else self._each_step:
            array = getattr(self, name)
            if array.size:
                array.fill(self.declarations[name].default)

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Name and array of each field that is there, in order of declaration."""
        for name in self.declarations:
            if getattr(self, name).size:
                yield name, getattr(self, name)

    def copy(self) -> Self:
        """The same fields with arrays of their own."""
        twin = object.__new__(type(self))
        twin.people = self.people
        for name in self.declarations:
            setattr(twin, name, getattr(self, name).copy())
        return twin

    def row(self, person: int) -> dict[str, Any]:
        """All fields of one person as plain Python values."""
        return {name: array[person].item() for name, array in self.arrays()}


@dataclass(frozen=True)
class Stream:
    """A named source of luck; its key is a hash of its name, so other streams coming or going move nothing."""

    name: str
    per: str
    doc: str
    key: np.uint64


_streams: dict[int, Stream] = {}


def stream(name: str, *, per: str, doc: str) -> Stream:
    """Declare a source of random draws.

    Args:
        name: Dotted name, such as ``purchase.gap``. Renaming a stream changes results.
        per: What one draw belongs to: ``order``, ``life``, ``week``, ``tie`` or ``person``.
        doc: What the draw decides.

    Raises:
        ValueError: The name is taken, or its hash collides with another's.
    """
    key = word(name)
    taken = _streams.get(key)
    declared = Stream(name, per, doc, np.uint64(key))
    if taken is not None and taken != declared:
        raise ValueError(f"stream {name!r} collides with stream {taken.name!r}")
    if taken is not None:
        raise ValueError(f"stream {name!r} is declared twice")
    _streams[key] = declared
    return declared


@cache
def word(name: str) -> int:
    """A stable 32-bit hash of a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")


def streams() -> list[Stream]:
    """Every declared stream, by name."""
    return sorted(_streams.values(), key=lambda one: one.name)


@dataclass(frozen=True)
class Total:
    """One weekly integer total: a flow (summed over weeks) or a stock (its last value counts)."""

    name: str
    unit: str
    doc: str
    stock: bool = False
    scale: int = 1
    """Integer units in one unit: 10,000 for money."""


def flow(name: str, *, unit: str, doc: str, scale: int = 1) -> Total:
    """Declare a weekly total that adds up over weeks."""
    return Total(name, unit, doc, False, scale)


def stock(name: str, *, unit: str, doc: str, scale: int = 1) -> Total:
    """Declare a weekly total that is a state at the week's end."""
    return Total(name, unit, doc, True, scale)


@dataclass(frozen=True)
class Fact:
    """A published pattern that a component reproduces, and the test that shows it.

    Attributes:
        text: What was found, with its number where there is one.
        source: Citation.
        kind: ``wiring`` if the pattern was put in, as a parameter or by calibration, so that the test shows no more than that it
            comes out again; ``emergent`` if nobody put it in.
        test: Path and function of the test, such as ``tests/sim/programs/test_points.py::test_heavier_buyers_join_first``; the
            first words of its docstring say the same kind.
    """

    text: str
    source: str
    kind: Literal["wiring", "emergent"]
    test: str
