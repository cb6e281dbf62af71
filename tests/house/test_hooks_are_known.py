"""A misspelt hook is an error when the class is made, with the right name in the message."""

from __future__ import annotations

import pytest

from regulars.sim.core.component import HOOKS, Behavior, Campaign, Component, Environment, Feedback, Kpi, Program


@pytest.mark.parametrize(
    ("misspelt", "nearest"),
    [("wiegh", "weigh"), ("weight", "weigh"), ("recrod", "record"), ("setle", "settle"), ("repsond", "respond"), ("arive", "arrive")],
)
@pytest.mark.parametrize("kind", [Behavior, Program, Campaign, Feedback, Environment, Kpi])
def test_a_misspelt_hook_is_refused_with_the_nearest_name(kind, misspelt, nearest):
    with pytest.raises(TypeError, match=f"{misspelt}.*{nearest!r}"):
        type("Misspelt", (kind,), {misspelt: lambda self, world: None})


@pytest.mark.parametrize("wrap", [staticmethod, classmethod, property])
def test_a_misspelt_hook_does_not_hide_in_a_decorator(wrap):
    with pytest.raises(TypeError, match="wiegh"):
        type("Misspelt", (Behavior,), {"wiegh": wrap(lambda self: None)})


def test_hooks_helpers_and_declarations_are_accepted():
    made = type("Sound", (Behavior,), {"weigh": lambda self, world: None, "_mix": lambda self: 1, "LIMIT": 3})
    assert issubclass(made, Component)


def test_every_hook_is_a_method_of_component():
    assert all(callable(getattr(Component, name, None)) for name in HOOKS)
