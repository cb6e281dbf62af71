"""Who hears whom: ties as compressed rows, made by generators."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..core.declare import Parameters, param


class SmallWorld(Parameters):
    type: Literal["small_world"] = "small_world"
    strong_ties: int = param(8, unit="ties", low=0, high=1000, doc="Strong ties of a person.", source="Goldenberg, Libai & Muller 2001")


NetworkParameters = Annotated[SmallWorld, Field(discriminator="type")]
