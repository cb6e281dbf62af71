"""Where scenario files live, and which files a scenario may name: those of its project, and the library's.

Scenario files are shared between people, so a path inside one must not lead out of the project: symbolic links are
followed first, then the place must lie below the project's root, which is the nearest parent folder that holds
``regulars.yaml``, or else the file's own folder.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .problem import Place, ScenarioError, nearest, problem, shown

PREFIX = "library:"
POPULATION = "population"
"""Kind of the files that `regulars calibrate` writes."""

_KIND = re.compile(rb"""(?:^|\A\s*\{\s*)["']?kind["']?\s*:\s*["']?([a-z_]+)""", re.MULTILINE)
MARKER = "regulars.yaml"
STEM = re.compile(r"[A-Za-z0-9._-]{1,64}")
SUFFIXES = (".yaml", ".yml")
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}
"""Names that are devices on Windows, whatever their suffix."""


@dataclass(frozen=True)
class Source:
    """A file of a scenario.

    Attributes:
        path: Where it is.
        label: How people name it: the path as given, or ``library:online_shop/baseline.yaml``.
        root: The folder that nothing named in it may leave.
    """

    path: Path
    label: str
    root: Path

    @property
    def is_shipped(self) -> bool:
        """Whether it belongs to the library."""
        return self.label.startswith(PREFIX)

    @property
    def id(self) -> str:
        """The stem, or for the library the name by which it is loaded."""
        return self.label.removesuffix(".yaml") if self.is_shipped else Path(self.label).stem

    def reference(self, text: str, *, suffixes: tuple[str, ...] = ()) -> Source:
        """The file that a path in this one means.

        Args:
            text: Path relative to this file's folder, or ``library:NAME``.
            suffixes: Suffixes allowed, any if empty.

        Raises:
            ValueError: Not such a path, out of the project, or no such file; the text says which and what is near.
        """
        _check_text(text)
        if text.startswith(PREFIX):
            return shipped(text)
        path = self.path.parent / text
        if suffixes and path.suffix not in suffixes:
            raise ValueError(f"must be a {' or '.join(suffixes)} file")
        real = _real(path)
        if not real.is_relative_to(self.root):
            raise ValueError(f"leads out of the project: the nearest parent folder with {MARKER}, else the file's folder")
        _check_file(real, path)
        if self.is_shipped:
            return Source(real, f"{PREFIX}{real.relative_to(self.root).as_posix()}", self.root)
        return Source(real, os.path.normpath(os.path.join(os.path.dirname(self.label), text)), self.root)

    def name_of(self, other: Source) -> str:
        """The path by which this file names `other`."""
        if other.is_shipped:
            return other.label
        return Path(os.path.relpath(other.path, _real(self.path.parent))).as_posix()


def _check_text(text: str) -> None:
    """Refuse paths that mean different files on different machines, or no file of the project."""
    if not text or len(text) > 500:
        raise ValueError("must be a path of 1 to 500 characters")
    if not text.isprintable():
        raise ValueError("a path holds printable characters only")
    if "\\" in text:
        raise ValueError("write paths with / instead of \\")
    name = text.removeprefix(PREFIX)
    if name.startswith("~"):
        raise ValueError("a path begins at this file's folder, not with ~")
    if name.startswith("/"):
        raise ValueError("must be a path relative to this file, not an absolute one")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", name):
        raise ValueError("must be a path relative to this file or library:NAME, not a drive or an address")
    if ":" in name or "$" in name or "%" in name or "*" in name or "?" in name:
        raise ValueError("a path holds none of : $ % * ?")
    for part in name.split("/"):
        if part.split(".")[0].lower() in RESERVED:
            raise ValueError(f"{shown(part)} is a device on some machines")
        if part not in (".", "..") and part != part.rstrip(". "):
            raise ValueError("no part of a path may end with a dot or a space")
        if not part:
            raise ValueError("a part of the path is empty")


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise ValueError("symbolic links that lead in a circle") from None


def _check_file(real: Path, path: Path) -> None:
    try:
        mode = real.stat().st_mode
    except (OSError, ValueError):
        near = nearest(path.name, _listed(real.parent))
        raise ValueError(f"no such file.{f' Nearest right name: {near}.' if near else ''}") from None
    if not stat.S_ISREG(mode):
        raise ValueError("must be a regular file")


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder))[:1000]
    except OSError:
        return []


@lru_cache(maxsize=1)
def folder() -> Path:
    """The folder of shipped scenarios."""
    from importlib.resources import files

    return Path(str(files("regulars.scenarios") / "library")).resolve()


def names() -> Iterator[str]:
    """Names of all shipped scenarios, as ``library:online_shop/baseline``."""
    for path in sorted(folder().rglob("*.yaml")):
        if kind(path) is None:
            yield f"{PREFIX}{path.relative_to(folder()).with_suffix('').as_posix()}"


def kind(path: Path) -> str | None:
    """What a file says it is; a scenario says nothing."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return None
    found = _KIND.search(start)
    return found and found[1].decode()


def shipped(text: str) -> Source:
    """The shipped file that ``library:NAME`` means; the suffix ``.yaml`` may be left out.

    Raises:
        ValueError: There is none; the text names the nearest.
    """
    _check_text(text)
    path = folder() / text.removeprefix(PREFIX)
    if path.suffix not in (*SUFFIXES, ".csv", ".json"):
        path = path.with_name(f"{path.name}.yaml")
    real = _real(path)
    if not real.is_relative_to(folder()) or not real.is_file():
        near = nearest(text, names())
        raise ValueError(f"no such scenario in the library.{f' Nearest right name: {near}.' if near else ''}")
    return Source(real, f"{PREFIX}{real.relative_to(folder()).as_posix()}", folder())


def find(name: str) -> Source:
    """The file that a person names on the command line or in Python: any path, or ``library:NAME``.

    Raises:
        ScenarioError: No such file, or a name that cannot be the id of a scenario.
    """
    try:
        if name.startswith(PREFIX):
            return shipped(name)
        if "\0" in name:
            raise ValueError("a path holds no NUL")
        path = Path(name)
        real = _real(path)
        _check_file(real, path)
        if not STEM.fullmatch(path.stem) or path.stem.split(".")[0].lower() in RESERVED:
            rule = "the file's name is the scenario's id: 1 to 64 of a-z, A-Z, 0-9, dots, underscores and hyphens"
            raise ValueError(f"{rule}. Rename it, such as {_renamed(path)}; `name:` in the file may be any text")
        return Source(real, name, root_of(real))
    except ValueError as error:
        raise ScenarioError([problem(Place(shown(name) if "\0" in name else name), "", str(error))]) from None


def _renamed(path: Path) -> str:
    """A name near that of a file, but of letters that an id may have."""
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._-")[:64].rstrip("._-")
    stem = stem if stem and stem.split(".")[0].lower() not in RESERVED else f"plan_{stem}".rstrip("_")[:64]
    return f"{stem}{path.suffix.lower() if path.suffix.lower() in SUFFIXES else '.yaml'}"


def root_of(path: Path) -> Path:
    """The project of a file: the nearest parent folder with ``regulars.yaml``, else the file's folder."""
    for parent in path.parents:
        if (parent / MARKER).is_file():
            return parent
    return path.parent
