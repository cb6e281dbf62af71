"""Individual assignment: every unit by a draw of its own."""

from __future__ import annotations

from typing import Literal

from regulars.sim.core.declare import param

from .assignment import Assigned, Assignment, Units, by_shares, uniforms


class Individual(Assignment):
    """Each unit gets the arm on which the hash of salt and id falls.

    The number of units in an arm is binomial, and each next unit can be assigned as it comes.
    """

    randomize: Literal["individual"] = param("individual", unit="", doc="Each unit by itself.", source="name")

    def assign(self, units: Units, *, salt: str, weeks: int) -> Assigned:
        return Assigned(by_shares(uniforms(salt, units.ids.tolist()), units.shares)[None, :])
