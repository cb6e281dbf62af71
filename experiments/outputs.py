"""Where results go: looked at before the long work, written whole or not at all, and never over what was read."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

RUNS = Path("runs")
"""Where a run goes that nobody has given a folder."""

MANIFEST = "manifest.json"
RUN_FILES = (MANIFEST, "kpis.parquet", "weekly.parquet", "draws.parquet", "comparison.json", "report.html")
"""All files that a run can leave in its folder."""

_LOST, _BLOCKED = 2, 3


class OutputError(ValueError):
    """Places that results cannot go to.

    Attributes:
        exit_code: 2 if something there would be lost, 3 if the file system is in the way.
    """

    def __init__(self, faults: Iterable[tuple[int, str]]) -> None:
        faults = list(faults)
        self.exit_code = max(code for code, _ in faults)
        super().__init__("\n".join(text for _, text in faults))


def check_files(files: Mapping[str, Path | None], inputs: Iterable[Path] = ()) -> None:
    """Refuse files that cannot be written or must not be; missing folders are made.

    Args:
        files: By option; None where an option is not given.
        inputs: Files that have been read and are not to be written over.

    Raises:
        OutputError: With all that is wrong.
    """
    _tell(_file_faults(files, list(inputs)))


def check_kind(told: str, path: Path, *suffixes: str, inputs: Iterable[Path] = ()) -> None:
    """Refuse a file of another kind, or one that has been read: a slip must not write over a log or a scenario.

    Raises:
        OutputError: The name ends in none of the suffixes, or the file is one of the inputs.
    """
    if path.suffix.lower() not in suffixes:
        raise OutputError([(_LOST, f"{told} {path}: must end in {' or '.join(suffixes)}.")])
    if any(_same(path, one) for one in inputs):
        raise OutputError([(_LOST, f"{told} {path}: this file is read and would be overwritten. Give another one.")])


def check_outputs(
    files: Mapping[str, Path | None], folder: Path | None, inputs: Iterable[Path] = (), *, scenarios: Iterable[str] = ()
) -> None:
    """As `check_files`, and refuse a folder that holds another experiment or other files; a missing folder is made.

    Args:
        files: By option; None where an option is not given.
        folder: For the files of the run; None if it gets a new one below `RUNS`.
        inputs: Files that have been read and are not to be written over.
        scenarios: Ids of what is run, the baseline first: an earlier run of the same may be replaced.

    Raises:
        OutputError: With all that is wrong.
    """
    given = {option: path for option, path in files.items() if path is not None}
    _tell([*_file_faults(given, list(inputs)), *_folder_faults(folder, given, _once(scenarios))])


@contextmanager
def claimed(
    files: Mapping[str, Path | None], folder: Path | None, inputs: Iterable[Path] = (), *, scenarios: Iterable[str] = ()
) -> Generator[None]:
    """As `check_outputs`, around the work: if that fails or is interrupted, folders that were made for it and are empty go again.

    Raises:
        OutputError: With all that is wrong.
    """
    wanted = [RUNS if folder is None else folder, *(path.parent for path in files.values() if path is not None)]
    made = {one for place in wanted for one in (place, *place.parents) if _missing(one)}
    try:
        check_outputs(files, folder, inputs, scenarios=scenarios)
        yield
    except BaseException:
        # The deepest first; what holds anything stays.
        for place in sorted(made, key=lambda one: len(one.parts), reverse=True):
            with suppress(OSError):
                place.rmdir()
        raise


def _missing(place: Path) -> bool:
    try:
        return not place.exists()
    except OSError:
        return False


def _tell(faults: Iterable[tuple[int, str]]) -> None:
    found = list(faults)
    if found:
        raise OutputError(found)


def _file_faults(files: Mapping[str, Path | None], inputs: list[Path]) -> Iterator[tuple[int, str]]:
    for option, path in files.items():
        if path is None:
            continue
        told = f"{option} {path}"
        try:
            if any(_same(path, one) for one in inputs):
                yield _LOST, f"{told}: this file is read and would be overwritten. Give another one."
            elif path.is_dir():
                yield _BLOCKED, f"{told}: is a folder, and must be a file."
            elif path.exists() and not path.is_file():
                yield _BLOCKED, f"{told}: is no ordinary file."
            else:
                _make(path.parent)
                if path.exists() and not os.access(path, os.W_OK):
                    yield _BLOCKED, f"{told}: cannot be written: the file is read-only."
        except OSError as error:
            yield _BLOCKED, f"{told}: cannot be written: {_reason(error)}."


def _folder_faults(folder: Path | None, files: Mapping[str, Path], scenarios: list[str]) -> Iterator[tuple[int, str]]:
    if folder is None:
        try:
            _make(RUNS)
        except OSError as error:
            yield _BLOCKED, f"{RUNS}: cannot be written: {_reason(error)}. Give another folder by --out."
        return
    told = f"--out {folder}"
    try:
        _make(folder)
        own = {path.name for path in files.values() if _same(path.parent, folder)}
        there = {one.name for one in folder.iterdir() if not one.name.startswith(".")}
    except OSError as error:
        yield _BLOCKED, f"{told}: cannot be written: {_reason(error)}."
        return
    other = sorted(there - own - set(RUN_FILES)) if MANIFEST in there else sorted(there - own)
    if other:
        what = ", ".join(other[:3]) + (", ..." if len(other) > 3 else "")
        yield _LOST, f"{told}: holds files that are not of an earlier run: {what}. Give a new or empty folder."
    elif MANIFEST in there and scenarios:
        fault = _other_run(told, _scenarios_in(folder), scenarios)
        if fault:
            yield _LOST, fault
    for option, path in files.items():
        # The report is the same page in both places.
        if path.name in RUN_FILES and path.name in own and path.suffix != ".html":
            yield _LOST, f"{option} {path}: the run itself writes a file of this name. Give another one."


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _scenarios_in(folder: Path) -> list[str] | None:
    """Ids of the scenarios of the run in a folder, the baseline first; None if no run has written its manifest."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())["scenarios"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return list(found) if isinstance(found, dict) else None


def _other_run(told: str, there: list[str] | None, scenarios: list[str]) -> str | None:
    """What to say of a folder that holds another experiment than that of these scenarios."""
    if there == scenarios:
        return None
    if there is None:
        return f"{told}: holds a {MANIFEST} that no run has written. Give a new or empty folder."
    what = f"a comparison of {there[0]} with {', '.join(there[1:])}" if len(there) > 1 else f"a run of {''.join(there)}"
    return f"{told}: holds {what}, which would be lost. Give another folder, or remove it first."


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return path.resolve() == other.resolve()


def _make(folder: Path) -> None:
    """Make a folder if it is not there, and see that files can be made in it."""
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()


def _reason(error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename} is no folder"
    text = error.strerror or str(error)
    return f"{text[:1].lower()}{text[1:]}"


@contextmanager
def replaced(folder: Path) -> Generator[Path]:
    """A new folder whose files, once all are written, take the place of those that an earlier run has left in `folder`.

    Runs that end at the same time take turns, so that all files of a folder are of one run.

    Raises:
        OSError: Something could not be written; nothing has changed then.
        OutputError: Another experiment has got there first.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
        try:
            yield fresh
            with _turn(folder):
                _take_place(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        # People know the folder they gave, and no other.
        raise OSError(error.errno, error.strerror or str(error), str(folder)) from None


def _take_place(fresh: Path, folder: Path) -> None:
    names = {one.name for one in fresh.iterdir()}
    if (folder / MANIFEST).exists():
        mine = _scenarios_in(fresh)
        fault = _other_run(f"--out {folder}", _scenarios_in(folder), mine) if mine is not None else None
        if fault:
            raise OutputError([(_LOST, fault)])
        for name in set(RUN_FILES) - names:
            (folder / name).unlink(missing_ok=True)
    # The manifest last: it says what the others are.
    for name in sorted(names, key=lambda name: (name == MANIFEST, name)):
        os.replace(fresh / name, folder / name)


@contextmanager
def _turn(folder: Path) -> Generator[None]:
    """Be the only one to change a folder, among processes and threads; where the system has no such locks, hope."""
    if fcntl is None:
        yield
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems lock nothing; a result is worth more than the turn.
        with suppress(OSError):
            fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        OSError: It could not be written; the path in it is `path`.
    """
    part = path.with_name(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(part, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
