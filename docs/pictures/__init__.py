"""The picture of each component: one small function in the module of its wing, found by the component's type.

A function gets axes, draws what the model itself computes (a run, or the component's own kernel), and returns a sentence that tells
what is to be seen, for readers by ear; its docstring is the caption. Seeds are fixed, so that a picture is the same bytes each time.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes

from regulars.sim.core.component import SECTIONS

from . import drawing

FOLDER = Path(__file__).resolve().parent.parent / "images" / "components"

Picture = Callable[[Axes], str]


def picture_of(kind: str, type: str) -> Picture:
    """The function that draws a component.

    Raises:
        LookupError: There is none yet.
    """
    module = importlib.import_module(f"{__name__}.{SECTIONS[kind]}")
    found = getattr(module, type, None)
    if not inspect.isfunction(found) or found.__module__ != module.__name__:
        raise LookupError(f"docs/pictures/{SECTIONS[kind]}.py has no function {type}: the picture of {kind} {type!r}")
    return found


def caption(picture: Picture) -> str:
    """What a picture shows, from its docstring, in one line."""
    return " ".join(inspect.cleandoc(picture.__doc__ or "").split())


def svg(kind: str, type: str) -> str:
    """The picture of a component as the text of a file that stands alone."""
    return drawing.drawn(picture_of(kind, type), type.replace("_", " ").capitalize())
