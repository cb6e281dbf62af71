"""Numbers and words that a caller gives in Python, checked once at the door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def whole(name: str, value: Any, low: int, high: int) -> None:
    """Check a whole number that a caller gave.

    Raises:
        ValueError: It is none, or not within `low` to `high`.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise ValueError(f"{name} = {value!r}: must be a whole number from {low:,} to {high:,}.")


def one_of(name: str, value: Any, choices: Sequence[str]) -> None:
    """Check a word that a caller gave.

    Raises:
        ValueError: It is none of the choices.
    """
    if value not in choices:
        raise ValueError(f"{name} = {value!r}: must be one of {', '.join(choices)}.")
