"""`Component` and its six kinds: behavior, program, campaign, feedback, environment, KPI.

A component is one class in one file. Subclassing registers it by kind and type; the model calls its hooks, one per
phase of the week. A component receives the world and nothing else, holds no state of its own (its arrays live in the
world), and imports no other component.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from .declare import Fact, Fields, Parameters, Stream, Total
from .links import Link

HOOKS = {
    "found": "once, before people are drawn: gives the population its distributions",
    "begin": "once, after people are drawn: first values of the component's own fields",
    "arrive": "phase 1: what reaches people this week (contacts, prices, messages)",
    "weigh": "phase 2: the component's own term on the shared rates",
    "settle": "phase 4: what this week's orders mean (money, points, experiences)",
    "respond": "phase 5: how people change, and what they tell others",
    "record": "phase 6: the week's integer totals",
}

SECTIONS = {
    "behavior": "behaviors",
    "program": "programs",
    "campaign": "campaigns",
    "feedback": "feedback",
    "environment": "environment",
}
"""Section of a scenario that holds each kind."""

registry: dict[tuple[str, str, str | None], type[Component]] = {}


def _check_hooks(cls: type[Component]) -> None:
    """Refuse public methods that the model would never call: a misspelt hook is an error, not a silent no-op."""
    for name, value in vars(cls).items():
        if name.startswith("_") or name == "value" or hasattr(Component, name) or not _is_method(value):
            continue
        near = difflib.get_close_matches(name, HOOKS, 1, 0.6)
        nearest = f" Nearest hook: {near[0]!r};" if near else ""
        raise TypeError(
            f"{cls.__qualname__}.{name} is no hook of a component.{nearest} "
            f"hooks are {', '.join(HOOKS)}; helpers begin with an underscore."
        )


def _is_method(value: object) -> bool:
    if inspect.isclass(value):
        return False
    return isinstance(value, (staticmethod | classmethod | property, Callable))  # type: ignore[arg-type]


class Component:
    """Base of everything a scenario can switch on.

    Class attributes:
        type: Name in YAML; set by each concrete class.
        facts: Published patterns it reproduces, each with the test that shows it.
        unpublished: What of it no published pattern is known for; says so plainly where there are no facts.
        variant: For behaviors with alternatives: the value of ``type:`` in YAML that picks this class.
        default_variant: Whether this alternative is meant when the scenario names none.
        Params: The parameters, a `Parameters` class.
        State: The component's own arrays, a `Fields` class.
        reads, writes: Names of the shared fields of customers it touches in any hook.
        totals: Weekly totals it records.
        cause: Name under which it acquires customers, if it does.
        uses_ties: Whether it needs the network.
        by_segment: Whether a segment may have parameters of its own: every hook then acts on the rows that the world is
            narrowed to, and through nothing else.

    Attributes:
        params: Its parameters.
        overrides: Parameters of the segments that have their own, by segment.
        name: What the scenario calls it.
        address: Dotted address in a scenario, such as ``programs.stars``.
    """

    kind: ClassVar[str] = ""
    type: ClassVar[str] = ""
    facts: ClassVar[tuple[Fact, ...]] = ()
    unpublished: ClassVar[str] = ""
    variant: ClassVar[str | None] = None
    default_variant: ClassVar[bool] = False
    Params: ClassVar[type[Parameters]] = Parameters
    State: ClassVar[type[Fields]] = Fields
    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()
    totals: ClassVar[tuple[Total, ...]] = ()
    cause: ClassVar[str | None] = None
    uses_ties: ClassVar[bool] = False
    by_segment: ClassVar[bool] = False

    def __init__(self, params: Any = None, name: str | None = None, overrides: Mapping[str, Any] | None = None) -> None:
        self.params: Any = self.Params() if params is None else params
        self.overrides: dict[str, Any] = dict(overrides or {})
        self._by_segment: dict[str, Component] = {}
        self.name = name or self.type
        self.address = f"{SECTIONS.get(self.kind, self.kind)}.{self.name}"
        # Whom an action is for may hang on fields that its component has no other use for.
        audience = getattr(self.params, "audience", None)
        if audience is not None:
            vars(self)["reads"] = tuple(dict.fromkeys((*self.reads, *audience.reads)))

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _check_hooks(cls)
        if "type" in vars(cls) or "variant" in vars(cls):
            key = (cls.kind, cls.type, cls.variant)
            taken = registry.get(key)
            if taken is not None and taken.__qualname__ != cls.__qualname__:
                raise TypeError(f"{cls.kind} {cls.type!r} is declared by {taken.__qualname__} and {cls.__qualname__}")
            registry[key] = cls

    @classmethod
    def streams(cls) -> list[Stream]:
        """Streams declared in the class body or above it."""
        found = [value for parent in cls.__mro__ for value in vars(parent).values() if isinstance(value, Stream)]
        return sorted(found, key=lambda one: one.name)

    def within(self, segment: str) -> Component:
        """The component as it is in a segment."""
        if not self.overrides:
            return self
        found = self._by_segment.get(segment)
        if found is None:
            found = self._by_segment[segment] = type(self)(self.overrides.get(segment, self.params), self.name)
        return found

    @property
    def first_week(self) -> int:
        """First week (from 1) in which this component can touch anything; what comes before is shared by arms."""
        return 1

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Names that this component brings into the scenario, by kind (such as ``tier``), for audiences to use."""
        return {}

    @property
    def links(self) -> tuple[Link, ...]:
        """Which quantity it makes more or less of with which other: what `regulars loops` finds feedback loops in.

        Every effect stands in the `by` of a link. A link that some parameter rules out is left out.
        """
        return ()

    def problems(self, market: Any, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        """What parameters alone cannot tell: relative dotted path and message of each contradiction.

        Args:
            market: The scenario's market.
            names: What all components of the scenario bring, by kind.
        """
        return ()

    def found(self, world: Any) -> None: ...
    def begin(self, world: Any) -> None: ...
    def arrive(self, world: Any) -> None: ...
    def weigh(self, world: Any) -> None: ...
    def settle(self, world: Any) -> None: ...
    def respond(self, world: Any) -> None: ...
    def record(self, world: Any) -> None: ...


class Behavior(Component):
    """How customers respond."""

    kind = "behavior"


class Program(Component):
    """What the firm promises."""

    kind = "program"


class Campaign(Component):
    """What the firm says."""

    kind = "campaign"


class Feedback(Component):
    """What the firm learns and does."""

    kind = "feedback"


class Environment(Component):
    """What neither the firm nor its customers decide."""

    kind = "environment"


class Kpi(Component):
    """One number a planner reads, as a formula on weekly totals.

    Class attributes:
        unit: Unit of the value; ``money`` is in the scenario's currency.
        definition: The definition printed wherever the number stands.
        absent: Value in a scenario without the mechanism: 0 for counts, None where there is nothing to divide.
        bounds: Least and greatest value there can be, None where there is no end. A KPI that gives none lies between 0 and 1 as a
            share, anywhere as money, which may be a loss, and at 0 or above as anything else.
    """

    kind = "kpi"
    unit: ClassVar[str] = ""
    definition: ClassVar[str] = ""
    absent: ClassVar[float | None] = None
    bounds: ClassVar[tuple[float | None, float | None]] = (None, None)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "unit" in vars(cls) and "bounds" not in vars(cls):
            cls.bounds = {"share": (0.0, 1.0), "money": (None, None)}.get(cls.unit, (0.0, None))

    def value(self, totals: Any) -> Any:
        """The KPI from weekly or summed totals; None where its mechanism is absent.

        Args:
            totals: A `Series` of weekly totals; each attribute is an array of shape (weeks or 1, segments + 1) whose
                last column is the whole market.
        """
        raise NotImplementedError(type(self).__qualname__)
