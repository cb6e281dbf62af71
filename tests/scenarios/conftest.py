"""Components made for these tests only, and a way to write scenario files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from regulars.sim import catalog
from regulars.sim.core.component import Behavior, Feedback, Program, registry
from regulars.sim.core.declare import Parameters, group, param

Write = Callable[[str, str], Path]


class Prize(Parameters):
    """One line of a toy catalog."""

    points: int = param(unit="points", low=1, high=1000, doc="Price.", source="plan")
    cost: float = param(1.0, unit="money", low=0.0, high=100.0, role="cost", doc="Cost.", source="plan")


def define_toys() -> None:
    """Register a behavior, a behavior with variants, two programs and a feedback action."""

    class ToyPull(Behavior):
        """Pulls. Term: kappa x progress."""

        type = "toy_pull"

        class Params(Parameters):
            kappa: float = param(0.3, unit="1", low=0.0, high=0.6, role="effect", neutral=0.0, doc="Strength.", source="Kivetz et al. 2006")
            lag_weeks: int = param(2, unit="weeks", low=1, high=52, doc="Delay.", source="plan")
            attainable: bool = param(True, unit="", doc="Whether the goal counts.", source="plan")
            label: str = param("", unit="", doc="Name.", source="plan")
            cuts: tuple[float, ...] = param((1.0, 2.0), unit="1", doc="Cuts.", source="plan")

    class ToyMoodEven(Behavior):
        """Even mood."""

        type = "toy_mood"
        variant = "even"
        default_variant = True

        class Params(Parameters):
            level: float = param(1.0, unit="1", low=0.0, high=2.0, doc="Level.", source="plan")

    class ToyMoodOdd(Behavior):
        """Odd mood."""

        type = "toy_mood"
        variant = "odd"

        class Params(Parameters):
            swing: float = param(1.0, unit="1", low=0.0, high=2.0, doc="Swing.", source="plan")

    class ToyCard(Program):
        """A card."""

        type = "toy_card"

        class Params(Parameters):
            stamps: int = param(10, unit="stamps", low=2, high=100, doc="Stamps.", source="plan")
            prizes: dict[str, Prize] = group("Prizes by name.", dict)
            best: Prize | None = group("The best one, if any.", lambda: None)
            mode: Literal["plain", "fancy"] = param("plain", unit="", doc="Looks.", source="plan")
            for_segment: str | None = param(None, unit="", doc="Segment.", source="plan")

        def problems(self, market: Any, names: Any) -> Iterator[tuple[str, str]]:
            wanted = self.params.for_segment
            if wanted is not None and wanted not in market.segments:
                yield "for_segment", f"no segment {wanted!r} in market.segments"

    class ToyTicket(Program):
        """A ticket."""

        type = "toy_ticket"

        class Params(Parameters):
            type: Literal["toy_ticket"] = param("toy_ticket", unit="", doc="Kind.", source="name")
            price: float = param(unit="money", low=0.0, high=100.0, doc="Price.", source="plan")

    class ToyReview(Feedback):
        """A review."""

        type = "toy_review"


@pytest.fixture(autouse=True)
def toys() -> Iterator[None]:
    """The toy components, gone again after the test."""
    catalog.components()
    before = dict(registry)
    define_toys()
    yield
    registry.clear()
    registry.update(before)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file below a folder of its own, which is the current one."""
    monkeypatch.chdir(tmp_path)

    def writing(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return writing


@pytest.fixture
def refusal(write: Write) -> Callable[..., list[str]]:
    """Lines told when a scenario text, with options, is loaded; none if it is valid."""
    from regulars.scenarios import ScenarioError, load

    def refusing(text: str, *sets: str) -> list[str]:
        write("s.yaml", text)
        try:
            load("s.yaml", sets)
        except ScenarioError as error:
            assert str(error) == "\n".join(map(str, error.errors))
            return [str(one) for one in error.errors]
        return []

    return refusing
