"""Mesa agents: the brand, and views of followed customers. The mass of customers is arrays, not agents."""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np

from .customers import NOBODY, STATUS


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
        """Points members hold, over all programs that count in points; stamps on cards are none."""
        counting = {one.address for one in self._components if any(total.name == "points_outstanding" for total in one.totals)}
        return sum(held for program, held in self._world.ledger.points.items() if program in counting)

    @property
    def _components(self) -> Any:
        return self.model.components  # type: ignore[attr-defined]

    @property
    def _world(self) -> Any:
        return self.model.world  # type: ignore[attr-defined]


class CustomerView(mesa.Agent):
    """One followed customer: reads and writes the row of the arrays, owns no data; what never happened is not a number."""

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
        value = getattr(customers, name)[self.person].item()
        return np.nan if value <= NOBODY else value

    def write(self, name: str, value: float) -> None:
        """Set one field of this customer, for experiments at the keyboard.

        Raises:
            AttributeError: No such field.
        """
        if name not in self._customers.declarations:
            raise AttributeError(f"customers have no field {name!r}")
        getattr(self._customers, name)[self.person] = value


_FOLLOWED = ("person", "status", "n_orders", "spent", "satisfaction", "loyalty", "last_order")


class Diary(mesa.DataCollector):
    """Mesa's collector, with one count of weeks in all its frames: `Step` is the week, from 1.

    The agents of its frames are the followed customers.
    """

    def __init__(self, model_reporters: dict[str, Any]) -> None:
        super().__init__(model_reporters=model_reporters, agenttype_reporters={CustomerView: {name: name for name in _FOLLOWED}})
        self._steps: list[int] = []

    def collect(self, model: Any) -> None:
        """Gather the week that has just been lived."""
        super().collect(model)
        self._steps.append(model.steps)

    def get_model_vars_dataframe(self) -> Any:
        """Every KPI by week."""
        frame = super().get_model_vars_dataframe()
        frame.insert(0, "Step", self._steps)
        return frame.set_index("Step")

    def get_agent_vars_dataframe(self) -> Any:
        """The weeks of all followed customers; empty if nobody is followed."""
        return self.get_agenttype_vars_dataframe(CustomerView)

    def get_agenttype_vars_dataframe(self, agent_type: Any) -> Any:
        """The weeks of all followed customers, the only agents that are collected."""
        frame = super().get_agenttype_vars_dataframe(agent_type)
        if any(records.get(agent_type) for records in self._agenttype_records.values()):
            return frame
        # Mesa makes rows of the names of the index where there are none.
        return frame.iloc[:0].set_index(["Step", "AgentID"]) if "Step" in frame else frame
