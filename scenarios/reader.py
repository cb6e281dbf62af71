"""Safe YAML 1.2 text to a tree that remembers where every key and value stands.

Scenario files are shared between people, so the text is not trusted: size, depth and number of values are bounded, and
there are no tags, aliases, second documents, duplicate keys or numbers that are not finite. Dates stay text.
"""

from __future__ import annotations

import json
import math
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .problem import Place, Problem, ScenarioError, problem, shown

Scalar = str | int | float | bool | None

MEGABYTE = 1_000_000
DEPTH = 50


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be: bytes, and keys and values in it."""

    size: int
    nodes: int


SCENARIO = Limits(MEGABYTE, 20_000)
POPULATION = Limits(8 * MEGABYTE, 1_000_000)


@dataclass(slots=True)
class Node:
    """A value of the file, where it stands, and where its key stands."""

    value: Scalar | dict[str, Node] | list[Node]
    at: Place
    key: Place | None = None

    @property
    def map(self) -> dict[str, Node]:
        """Its entries, or none if it is no map."""
        return self.value if isinstance(self.value, dict) else {}


def plain(node: Node) -> Any:
    """The value as ordinary Python data."""
    value = node.value
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def plant(data: Any, at: Place) -> Node:
    """A tree of ordinary Python data, all of it at one place."""
    if isinstance(data, dict):
        return Node({str(name): plant(one, at) for name, one in data.items()}, at, at)
    if isinstance(data, list | tuple):
        return Node([plant(one, at) for one in data], at, at)
    return Node(data, at, at)


def read_bytes(path: Path, label: str, limits: Limits = SCENARIO) -> bytes:
    """The bytes of a regular file within the limits.

    Raises:
        ScenarioError: No such file, not a regular file, not readable, or too large.
    """
    place = Place(label)
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
        data = b""
        if is_file:
            with path.open("rb") as file:
                data = file.read(limits.size + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise ScenarioError([problem(place, "", f"cannot be read: {reason[0].lower()}{reason[1:]}")]) from None
    if not is_file:
        raise ScenarioError([problem(place, "", "not a regular file")])
    if len(data) > limits.size:
        raise ScenarioError([problem(place, "", f"too large: at most {limits.size:,} bytes")])
    return data


_MARKS = {
    b"\xef\xbb\xbf": "UTF-8 with a byte order mark",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def decode(data: bytes, label: str) -> str:
    """UTF-8 text of a file.

    Raises:
        ScenarioError: Another encoding, or characters that have no place in a text.
    """
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            raise ScenarioError([problem(Place(label), "", f"the file is {name}; save it as plain UTF-8")])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place(data[: error.start].decode("utf-8", "replace"), label)
        byte = data[error.start]
        raise ScenarioError([problem(place, "", f"byte 0x{byte:02x} is not UTF-8; save the file as UTF-8")]) from None
    return text


def _place(before: str, label: str) -> Place:
    return Place(label, before.count("\n") + 1, len(before) - before.rfind("\n"))


def read(
    text: str, label: str, problems: list[Problem], *, limits: Limits = SCENARIO, start: Place | None = None, dotted: str = ""
) -> Node:
    """Read one YAML document.

    Args:
        text: The document.
        label: The file as people name it.
        problems: Gets what is wrong but does not stop the reading: the tree is then incomplete.
        limits: Greatest number of values.
        start: Place of the first character, if it is not 1:1; all lines count as this one.
        dotted: Dotted path of the document in the scenario.

    Returns:
        The root; its value is None for an empty document.

    Raises:
        ScenarioError: The text is not YAML, or beyond the limits; the place is where reading stopped.
    """
    odd = _UNPRINTABLE.search(text)
    if odd:
        name = "NUL" if odd[0] == "\0" else f"U+{ord(odd[0]):04X}"
        place = start or _place(text[: odd.start()], label)
        raise ScenarioError([problem(place, "", f"character {name} is not text")])
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    reading = _Reading(label, problems, limits, start)
    try:
        # An early look, because the scanner takes quadratic time on open brackets.
        _check_brackets(text, reading)
        _, parser = YAML(typ="safe", pure=True).get_constructor_parser(text)
        return reading.document(parser, dotted)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(label) if mark is None else reading.place(mark)
        what = " ".join(str(error.problem or error.context or "not YAML").split())
        raise ScenarioError([*problems, problem(start or place, "", f"not YAML: {what}")]) from None
    except (YAMLError, ValueError, IndexError, KeyError, TypeError, AttributeError, AssertionError, NotImplementedError) as error:
        if isinstance(error, ScenarioError):
            raise
        # The scanner breaks in several ways on broken text, without saying where.
        place = start or reading.last
        raise ScenarioError([*problems, problem(place, "", "not YAML: reading stopped after this place")]) from None


_BRACKETS = re.compile(rf"(?:[\[{{][ \t\r\n]*){{{DEPTH + 1}}}")


def _check_brackets(text: str, reading: _Reading) -> None:
    deep = _BRACKETS.search(text)
    if deep:
        raise ScenarioError([problem(reading.start or _place(text[: deep.start()], reading.label), "", _too_deep())])


def _too_deep() -> str:
    return f"nested too deeply: at most {DEPTH} levels"


class _Reading:
    """One document on its way from parser events to a tree."""

    def __init__(self, label: str, problems: list[Problem], limits: Limits, start: Place | None) -> None:
        self.label, self.problems, self.limits, self.start = label, problems, limits, start
        self.nodes = 0
        self.last = Place(label)

    def place(self, mark: Any) -> Place:
        if self.start is None:
            return Place(self.label, mark.line + 1, mark.column + 1)
        column = self.start.column + mark.column if mark.line == 0 else self.start.column
        return Place(self.start.file, self.start.line, column)

    def tell(self, place: Place, message: str, dotted: str = "") -> None:
        if len(self.problems) < 1000:
            self.problems.append(problem(place, dotted, message))

    def document(self, parser: Any, dotted: str) -> Node:
        root = Node(None, self.start or Place(self.label))
        documents = 0
        while parser.check_event():
            event = parser.get_event()
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self.tell(self.place(event.start_mark), "a second document begins; a file holds one")
                    return root
                if event.version not in (None, (1, 2)) or event.tags:
                    self.tell(self.place(event.start_mark), "directives are not read; a scenario is YAML 1.2 without tags")
            elif kind in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent", "AliasEvent"):
                root = self.node(parser, event, 1, dotted)
        return root

    def node(self, parser: Any, event: Any, depth: int, dotted: str) -> Node:
        kind = type(event).__name__
        place = self.last = self.place(event.start_mark)
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            raise ScenarioError([*self.problems, problem(place, dotted, f"too many values: at most {self.limits.nodes:,}")])
        if depth > DEPTH:
            raise ScenarioError([*self.problems, problem(place, dotted, _too_deep())])
        if kind == "AliasEvent":
            self.tell(place, f"alias *{shown(event.anchor)}: aliases are not read; write the value out, or use `extends`", dotted)
            return Node(None, place)
        tag = event.tag
        if tag is not None:
            self.tell(place, f"tag {shown(str(tag))}: tags are not read; write the plain value", dotted)
        if kind == "ScalarEvent":
            quoted = tag is not None or not event.implicit[0]
            return Node(event.value if quoted else self.scalar(event.value, place, dotted), place)
        if kind == "SequenceStartEvent":
            items: list[Node] = []
            while type(event := parser.get_event()).__name__ != "SequenceEndEvent":
                items.append(self.node(parser, event, depth + 1, f"{dotted}.{len(items)}" if dotted else str(len(items))))
            return Node(items, place)
        return Node(self.entries(parser, depth, dotted), place)

    def entries(self, parser: Any, depth: int, dotted: str) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while type(event := parser.get_event()).__name__ != "MappingEndEvent":
            at = self.place(event.start_mark)
            self.nodes += 1
            key = event.value if type(event).__name__ == "ScalarEvent" else None
            name = "" if key is None else key
            path = f"{dotted}.{name}" if dotted else name
            if key is None:
                self.tell(at, "a key must be a name", dotted)
                self.node(parser, event, depth + 1, dotted)
            elif event.tag is not None:
                self.tell(at, f"tag {shown(str(event.tag))}: tags are not read; write the plain name", path)
            elif len(key) > 200:
                self.tell(at, f"key {shown(key)} is too long", dotted)
            value = self.node(parser, parser.get_event(), depth + 1, path)
            value.key = at
            if value.value is None:
                # Nothing after the colon: the parser puts it where the next key begins.
                value.at = at
            if key is None:
                continue
            if name in found:
                first = found[name].key or found[name].at
                where = f"first in line {first.line}, column {first.column}"
                self.tell(at, f"{shown(path)}: the key stands twice, {where}. Keep one.", path)
                continue
            found[name] = value
        return found

    def scalar(self, text: str, place: Place, dotted: str) -> Scalar:
        """A plain scalar by the core schema of YAML 1.2."""
        if text in _WORDS:
            return _WORDS[text]
        if not _NUMBER.fullmatch(text):
            return text
        value: int | float = math.nan
        if len(text) <= 400:
            base = {"0o": 8, "0x": 16}.get(text[:2], 10)
            value = int(text, base) if _WHOLE.fullmatch(text) else float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if not _in_range(value):
            self.tell(place, f"{dotted or 'value'} = {shown(text)}: must be a finite number below 2**63 in size", dotted)
            return text
        return value


def _in_range(value: float) -> bool:
    return abs(value) < (2**63 if isinstance(value, int) else 1e300)


_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(
    rf"{_WHOLE.pattern}|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


def read_file(path: Path, label: str, problems: list[Problem], limits: Limits = SCENARIO) -> Node:
    """Read one YAML file; see `read`."""
    return read(decode(read_bytes(path, label, limits), label), label, problems, limits=limits)


def read_data(path: Path, label: str, limits: Limits = POPULATION) -> tuple[Any, Callable[[], Node]]:
    """A large data file as plain Python data, and a function that gives its tree of places.

    Numbers by the thousand take the YAML reader seconds. So JSON (which is YAML) and long blocks of rows of numbers are
    read as JSON, and places are looked up only when something is wrong.

    Raises:
        ScenarioError: As `read`; also for what `read` only notes.
    """
    text = decode(read_bytes(path, label, limits), label)

    def tree() -> Node:
        problems: list[Problem] = []
        root = read(text, label, problems, limits=limits)
        if problems:
            raise ScenarioError(problems)
        return root

    try:
        if text.lstrip()[:1] == "{":
            return _json(text), tree
        rest, rows = _without_rows(text)
        if rows:
            problems: list[Problem] = []
            root = plain(read(rest, label, problems, limits=limits))
            if not problems and _put_back(root, rows) == len(rows):
                return root, tree
    except (ScenarioError, ValueError, RecursionError):
        # The reader of the whole text knows the place of what is wrong.
        pass
    root = tree()
    return plain(root), lambda: root


_JSON_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_ROW = re.compile(rf"( *)- (\[{_JSON_NUMBER}(?:, ?{_JSON_NUMBER})*\]) *")
_LONG = 50
_STAND_IN = "\ue000"
"""A private character that stands for a block of rows; no text of people holds it."""


def _without_rows(text: str) -> tuple[str, list[Any]]:
    """The text with each long block of rows of numbers replaced by one stand-in on as many lines, and the blocks."""
    if _STAND_IN in text:
        return text, []
    lines, blocks, kept = text.split("\n"), [], []
    at = 0
    while at < len(lines):
        end, indent = at, None
        while end < len(lines) and (row := _ROW.fullmatch(lines[end])) and (indent is None or row[1] == indent):
            indent, end = row[1], end + 1
        if end - at >= _LONG:
            rows = ",".join(line.strip()[2:] for line in lines[at:end])
            blocks.append(_json(f"[{rows}]"))
            kept += [f"{indent}- {_STAND_IN}{len(blocks) - 1}", *[""] * (end - at - 1)]
        else:
            end = max(end, at + 1)
            kept += lines[at:end]
        at = end
    return "\n".join(kept), blocks


def _put_back(data: Any, blocks: list[Any]) -> int:
    """Put blocks of rows where their stand-ins are; the number of blocks put back."""
    done = 0
    for inner in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        done += _put_back(inner, blocks)
    if isinstance(data, list):
        found = [(at, one) for at, one in enumerate(data) if isinstance(one, str) and one.startswith(_STAND_IN)]
        for at, one in reversed(found):
            data[at : at + 1] = blocks[int(one[1:])]
            done += 1
    return done


def _json(text: str) -> Any:
    return json.loads(
        text,
        object_pairs_hook=_once,
        parse_constant=_refuse,
        parse_float=lambda text: _bounded(float(text)),
        parse_int=lambda text: _bounded(int(text)),
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not finite")


def _bounded(value: float) -> float:
    if not _in_range(value):
        raise ValueError("a number that the whole reader refuses")
    return value
