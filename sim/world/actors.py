"""Mesa agents: the brand, and views of followed customers. The mass of customers is arrays, not agents."""

from __future__ import annotations

from typing import Any

import mesa

from .customers import STATUS


class Brand(mesa.Agent):
    """The firm, as a Mesa agent: its books, its programs and campaigns."""

    @property
    def cash(self) -> float:
        """Money the firm has gained since the start."""
        from ..core.units import currency
        from .ledger import FIRM

        return currency(self._world.ledger.accounts[FIRM])

    @property
    def active_customers(self) -> int:
        """Customers truly active."""
        from .customers import ACTIVE

        return int((self._world.customers.status == ACTIVE).sum())

    @property
    def points_outstanding(self) -> int:
        """Points members hold, over all programs."""
        return sum(self._world.ledger.points.values())

    @property
    def _world(self) -> Any:
        return self.model.world  # type: ignore[attr-defined]


class CustomerView(mesa.Agent):
    """One followed customer: reads and writes the row of the arrays, owns no data."""

    def __init__(self, model: Any, person: int) -> None:
        super().__init__(model)
        self.person = person

    @property
    def status(self) -> str:
        """True state in words."""
        return STATUS[self._customers.status[self.person]]

    @property
    def _customers(self) -> Any:
        return self.model.world.customers  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        customers = self.model.world.customers  # type: ignore[attr-defined]
        if name not in customers.declarations:
            raise AttributeError(f"customers have no field {name!r}")
        return getattr(customers, name)[self.person].item()

    def write(self, name: str, value: float) -> None:
        """Set one field of this customer, for experiments at the keyboard.

        Raises:
            AttributeError: No such field.
        """
        if name not in self._customers.declarations:
            raise AttributeError(f"customers have no field {name!r}")
        getattr(self._customers, name)[self.person] = value
