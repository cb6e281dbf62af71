"""Who a program, campaign or feedback action is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import model_validator

from ..core.declare import Parameters, param, stream, word
from ..core.draws import uniform
from ..core.kernel import kernel

if TYPE_CHECKING:
    from .market import Market

f32, u8 = np.float32, np.uint8

MEMBER = stream("audience.share", per="person", doc="Whether a person belongs to the share an action is for.")


class Audience(Parameters):
    """People picked by segment and share; everyone where nothing is said.

    The share is drawn once a person and keyed by the action's name, so it is the same people in every week and arm.
    """

    segment: list[str] | None = param(None, unit="", doc="Only these segments.", source="plan")
    share: float = param(1.0, unit="share", low=0.0, high=1.0, doc="Only this part of them, drawn at random.", source="plan")

    @model_validator(mode="before")
    @classmethod
    def _accept_all(cls, value: Any) -> Any:
        return {} if value == "all" else value

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
        """Relative path and message of each name that the scenario does not have."""
        for name in self.segment or ():
            if name not in market.segments:
                known = ", ".join(market.segments) or "none"
                yield "segment", f"no segment {name!r} in market.segments (there: {known})"

    def mask(self, world: Any, name: str) -> np.ndarray:
        """1 where a person belongs, uint8 of shape (people,)."""
        chosen = np.ones(len(world.segments), np.uint8)
        if self.segment is not None:
            chosen[:] = [one in self.segment for one in world.segments]
        mask = np.ones(world.people, np.uint8)
        world.each(pick_audience, mask, world.customers.segment, chosen, f32(self.share), np.uint64(word(name)), world.key(MEMBER))
        return mask


@kernel
def pick_audience(mask, segment, chosen, share, name, key, start, stop):
    """Mark the chosen segments' members whose keyed draw falls within the share."""
    for i in range(start, stop):
        belongs = chosen[segment[i]]
        if belongs and share < f32(1.0):
            belongs = u8(1) if uniform(key, i, 0, name) < share else u8(0)
        mask[i] = belongs
