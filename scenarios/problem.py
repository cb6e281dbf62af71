"""What is wrong with a scenario: where, what, the rule, and the nearest right answer."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MOST = 100
"""Problems told at once; who has more has another kind of file."""


MOST_NAMES = 8
"""Names listed where none is like the one given."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file as people name it, line and column from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of an error report.

    Attributes:
        path: File as people name it, or ``--set``.
        line, column: Counted from 1.
        dotted: Dotted path of the value in the scenario; empty where the file as a whole is meant.
        message: What is wrong, beginning with the dotted path and the value.
    """

    path: str
    line: int
    column: int
    dotted: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


def problem(place: Place, dotted: str, message: str) -> Problem:
    """A problem at a place; what the file says reaches no terminal as it stands."""
    return Problem(place.file, place.line, place.column, printable(dotted), printable(message))


def printable(text: str) -> str:
    """Text with control characters written out."""
    return text if text.isprintable() else "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


class ScenarioError(ValueError):
    """A scenario that cannot be used.

    Attributes:
        errors: All problems found, in the order of the file.
    """

    def __init__(self, errors: Iterable[Problem]) -> None:
        # A file is read in the order of its layers, so the first problem at a place is the cause of later ones there.
        # Data that came in no file have one place for all, its beginning, and are told apart by their dotted path.
        first = {}
        for one in reversed(list(errors)):
            at = one.line, one.column
            first[one.path, *at, one.dotted if at == (1, 1) else ""] = one
        self.errors = sorted(first.values(), key=lambda one: (one.path, one.line, one.column))[:MOST]
        super().__init__("\n".join(str(one) for one in self.errors))

    def __reduce__(self) -> Any:
        return type(self), (self.errors,)


def shown(value: Any) -> str:
    """A value as people wrote it, short and free of control characters."""
    if isinstance(value, dict | list):
        return "{...}" if isinstance(value, dict) else "[...]"
    text = printable(value[:60] if isinstance(value, str) else json.dumps(value, default=str))
    if text == "" or text != text.strip():
        text = f'"{text}"'
    return text if len(text) <= 48 else f"{text[:45]}..."


def as_written(value: Any) -> str:
    """As `shown`, with quotes about a text that would be a number without them."""
    text = shown(value)
    if isinstance(value, str) and not text.startswith('"'):
        try:
            float(value)
        except ValueError:
            return text
        return f'"{text}"'
    return text


def nearest(word: Any, known: Iterable[str]) -> str | None:
    """The known name most like `word`, if any is at all like it."""
    names = list(known)
    text = str(word)[:64]
    # Case and hyphens are the commonest slips and count for nothing.
    plain = {name.lower().replace("-", "_"): name for name in reversed(names)}
    found = difflib.get_close_matches(text.lower().replace("-", "_"), plain, 1, 0.6)
    return plain[found[0]] if found else None


def suggestion(word: Any, known: Iterable[str]) -> str:
    """The nearest right name as a sentence, or the names there are."""
    names = list(dict.fromkeys(known))
    near = nearest(word, names)
    if near is not None:
        return f"Did you mean '{near}'?"
    if not names:
        return "There are none."
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"Known: {', '.join(names[:MOST_NAMES])}{more}."
