"""What is wrong with the data of a test: what, the rule, and the nearest right answer; all of it at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

MOST_SHOWN = 3
"""Offending rows, or names, that a message shows."""


@dataclass(frozen=True)
class DataFault:
    """Something wrong with data, or with a plan in the light of data.

    Attributes:
        message: What, the rule, and the nearest right answer.
        path: Keys of the plan that it is about; empty where the data are wrong whatever the plan.
        column: Column of the data; None where there is no such.
        row: First row that is wrong, from 0.
    """

    message: str
    path: tuple[str, ...] = ()
    column: str | None = None
    row: int | None = None


class DataError(ValueError):
    """Data that cannot be analyzed by their plan.

    Attributes:
        faults: All that is wrong.
    """

    def __init__(self, faults: Iterable[DataFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(one.message for one in self.faults))

    def __reduce__(self) -> Any:
        return type(self), (self.faults,)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name most like a word as a sentence, or the names there are."""
    names = [str(one) for one in known]
    plain = {name.lower().replace("-", "_").replace(" ", "_"): name for name in reversed(names)}
    found = difflib.get_close_matches(word.lower().replace("-", "_").replace(" ", "_"), plain, 1, 0.6)
    if found:
        return f"Did you mean '{plain[found[0]]}'?"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"There: {', '.join(names[:8]) or 'none'}{more}."


def rows_fault(series: pd.Series, wrong: np.ndarray, column: str, rule: str) -> DataFault:
    """Values that break a rule, the first few of them with their row, counted from 1."""
    at = np.flatnonzero(wrong)
    told = [f"{shown(series.iloc[int(row)])} in row {int(row) + 1:,}" for row in at[:MOST_SHOWN]]
    more = f" and in {len(at) - MOST_SHOWN:,} more" if len(at) > MOST_SHOWN else ""
    return DataFault(f"column '{column}' {rule}, not {', '.join(told)}{more}.", column=column, row=int(at[0]))


def shown(value: Any) -> str:
    """A value, short, on one line."""
    text = "".join(one if one.isprintable() else " " for one in str(value))
    text = text if len(text) <= 30 else f"{text[:27]}..."
    return f"'{text}'" if isinstance(value, str) else text
