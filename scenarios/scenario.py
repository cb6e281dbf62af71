"""`Scenario`: a market, what the firm does in it, and where every number came from; checked once, then trusted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.sim import catalog
from regulars.sim.core.component import Component, Kpi
from regulars.sim.world.market import Economics, Market

if TYPE_CHECKING:
    from .claims import Claim
    from .library import Source

UNHASHED = ("name", "description", "sources", "claims")
"""Sections for people, which change no result."""


@dataclass(frozen=True, eq=False)
class Scenario:
    """A checked scenario.

    Attributes:
        id: Stem of the file, or ``library:online_shop/baseline``.
        name: Title for people.
        description: What it is about, for people.
        horizon_weeks: Weeks of a run.
        step_days: 7 or 1.
        currency: Three-letter code of all money.
        market, economics: Settings of the market and of money.
        components: What is switched on, in canonical order: kind, then name.
        tree: The whole scenario as plain data with all defaults filled in; valid input again.
        origin: Dotted path of every value to ``FILE:LINE``, ``--set:PLACE`` or ``catalog:0``.
        sources: Dotted path, or a prefix of paths, to a citation or a text that begins with ``assumed``.
        claims: Numbers that others have stated about this case, by name.
        uncertainties: Dotted path to (low, high): range in a sensitivity analysis instead of the parameter's own.
        source: The file, from whose folder paths in the tree are read.
        files: All files that were read: its own, those it extends, its population and its ties.
        population: Base parameters by behavior from the population file, or None.
        histories: Recorded histories of customers, columns as `HISTORY_COLUMNS`, or None.
        covariance: Of the calibrated parameters, as the population file gives it, or None.
        population_currency: Of the order values in the population file, or None if it does not say.
        edges: Senders, receivers and, if given, whether each tie is strong; None without an edge list.
    """

    id: str
    name: str
    description: str
    horizon_weeks: int
    step_days: int
    currency: str
    market: Market
    economics: Economics
    components: tuple[Component, ...]
    tree: dict[str, Any]
    origin: dict[str, str]
    sources: dict[str, str]
    claims: dict[str, Claim]
    uncertainties: dict[str, tuple[float, float]]
    source: Source
    files: tuple[Path, ...] = ()
    population: dict[str, dict[str, Any]] | None = None
    histories: np.ndarray | None = None
    covariance: dict[str, Any] | None = None
    population_currency: str | None = None
    edges: tuple[np.ndarray, ...] | None = None

    @property
    def kpis(self) -> tuple[Kpi, ...]:
        """Every KPI, by name; all of them are recorded in every run."""
        return tuple(one() for one in catalog.kpis())

    def component(self, address: str) -> Component | None:
        """The component at a dotted address such as ``programs.stars``, or None if it is off."""
        return next((one for one in self.components if one.address == address), None)

    def value(self, path: str) -> Any:
        """The value at a dotted path, calibrated ones included.

        Raises:
            KeyError: Nothing stands there.
        """
        names = path.split(".")
        if self.population and names[0] == "behaviors" and len(names) == 3:
            calibrated = self.population.get(names[1], {})
            if names[2] in calibrated:
                return calibrated[names[2]]
        at: Any = self.tree
        for name in names:
            if not isinstance(at, dict) or name not in at:
                raise KeyError(path)
            at = at[name]
        return at

    def citation(self, path: str) -> str | None:
        """What the scenario states as source of a value: that of the longest path that covers it, or None."""
        while path:
            if path in self.sources:
                return self.sources[path]
            path = path.rpartition(".")[0]
        return None

    def with_values(self, values: Mapping[str, Any]) -> Scenario:
        """The same scenario with other values, checked.

        Args:
            values: Values by dotted path; ``off`` removes a part, a map switches one on.

        Raises:
            ScenarioError: A path or value that does not hold; lines count the values from 1.
            TypeError: No map of dotted paths.
        """
        from .check import change

        return change(self, values)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that decides results; a name, a comment or the order of keys does not."""
        tree = {name: value for name, value in self.tree.items() if name not in UNHASHED}
        if self.population is not None:
            tree["population"] = self.population
        if self.population is not None or self.histories is not None:
            tree["market"] = {**tree["market"], "population": _digest_of(self.histories)}
        if self.edges is not None:
            network = {**self.tree["market"]["network"], "file": _digest_of(*self.edges)}
            tree["market"] = {**tree["market"], "network": network}
        text = json.dumps(_canonical(tree), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """Plain data in which 1 and 1.0 are the same."""
    if isinstance(value, dict):
        return {str(name): _canonical(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(one) for one in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _digest_of(*arrays: np.ndarray | None) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        if array is not None:
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
