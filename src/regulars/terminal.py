"""How a command talks: its options, results on standard output, progress and errors on standard error, exit codes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from regulars.sim.core.limits import MOST_REPLICATIONS, MOST_THREADS, MOST_WEEKS

INTERRUPTED = 130
"""Exit code of a command that was stopped from the keyboard."""

PIPE_CLOSED = 141
"""Exit code of a command whose output nobody reads any more: what shells tell of one that SIGPIPE has ended."""

EXIT_CODES = {
    0: "done",
    1: "some work failed, or a check did not hold",
    2: "usage or invalid input",
    3: "storage or integrity: something cannot be written or read",
    INTERRUPTED: "interrupted from the keyboard",
    PIPE_CLOSED: "nobody reads the output any more",
}
"""What the exit code of a command means."""

SCENARIO = "A scenario file, or one that ships: library:online_shop/baseline."

SECONDS_A_LINE = 10.0
"""How often progress is told where standard error is no terminal."""

Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a value, such as programs.stars.per_money=2. Repeatable; VALUE is YAML."),
]
Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Key of all luck.")]
Replications = Annotated[int, typer.Option("--replications", min=1, max=MOST_REPLICATIONS, help="Independent repetitions of luck.")]
Weeks = Annotated[int | None, typer.Option("--weeks", min=1, max=MOST_WEEKS, help="Run so many weeks instead of the scenario's horizon.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, max=MOST_THREADS, help="Threads in all; results do not depend on it. Default: all cores.")
]
Executor = Annotated[
    Literal["auto", "threads", "processes"],
    typer.Option(
        "--executor",
        help="Who computes draws and sensitivity; results do not depend on it. auto: processes for much work on small markets.",
    ),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the files of this run. Default: a new one below runs/.")]


def suffix(option: str, path: Path | None, *wanted: str) -> None:
    """Refuse a file of another kind: a slip must not write over a log or a scenario."""
    if path is not None and path.suffix.lower() not in wanted:
        typer.echo(f"{option} {path}: must end in {' or '.join(wanted)}.", err=True)
        raise typer.Exit(2)


def claimed(scenarios: list[Any], out: Path | None, files: dict[str, Path | None]) -> Any:
    """Refuse, before the long work, outputs that cannot be written or would write over what the scenarios were read from.

    Around the work: folders that were made for nothing go again.
    """
    from regulars.experiments.outputs import claimed

    return claimed(files, out, [file for one in scenarios for file in one.files], scenarios=[one.id for one in scenarios])


def load(file: str, sets: list[str] | None, weeks: int | None) -> Any:
    return load_all([file], sets, weeks)[0]


def load_all(files: list[str], sets: list[str] | None, weeks: int | None) -> list[Any]:
    """All scenarios; what is wrong with any of them is told at once."""
    from regulars.scenarios import load_all

    found = load_all(files, tuple(sets or ()))
    return found if weeks is None else [one.with_values({"horizon_weeks": weeks}) for one in found]


@contextmanager
def errors() -> Generator[None]:
    """Turn what people can mend into one line each and the right exit code."""
    from regulars.scenarios import ScenarioError

    try:
        yield
    except ScenarioError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None
    except BrokenPipeError:
        raise
    except MemoryError as problem:
        what = f": {problem}" if str(problem) else ""
        typer.echo(f"regulars: out of memory{what}. Use fewer people in market.customers and market.prospects, or --threads 1.", err=True)
        raise typer.Exit(2) from None
    except OSError as problem:
        typer.echo(f"regulars: {problem.strerror or problem}: {problem.filename or ''}".rstrip(": "), err=True)
        raise typer.Exit(2 if isinstance(problem, FileNotFoundError) else 3) from None
    except (ValueError, RuntimeError) as problem:
        # Only errors of our own are for people; any other is a defect and keeps its traceback.
        if type(problem).__module__.startswith("regulars"):
            typer.echo(str(problem), err=True)
            raise typer.Exit(getattr(problem, "exit_code", 2)) from None
        raise


def announce() -> None:
    """Say once that kernels are about to be compiled, since that takes a while."""
    from regulars.sim.core.kernel import is_warm

    if not is_warm():
        typer.echo("Compiling kernels for this machine; this happens once and takes up to half a minute.", err=True)


@contextmanager
def progress(unit: str = "weeks") -> Generator[Any]:
    """Bars with time left on standard error, or now and then a line if that is no terminal.

    Args:
        unit: What is counted.

    Yields a function (task, so many in all) -> ticker.
    """
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

        def task(name: str, total: int) -> Any:
            number = bars.add_task(name, total=total)
            return lambda done: bars.advance(number, done)

        yield task


def _lines() -> Any:
    """As the bars, for a log: a line whenever `SECONDS_A_LINE` have passed since the last."""
    last = time.monotonic()

    def task(name: str, total: int) -> Any:
        began, done = time.monotonic(), 0

        def tick(weeks: int) -> None:
            nonlocal last, done
            done, now = done + weeks, time.monotonic()
            if now - last >= SECONDS_A_LINE and 0 < done < total:
                last = now
                left = (now - began) * (total - done) / done
                typer.echo(f"{name} {100 * done // total} %, about {left:.0f} s left", err=True)

        return tick

    return task


def folder(out: Path | None, name: str) -> Path:
    """The folder asked for, or a new one below runs/, numbered so that nothing is overwritten."""
    from regulars.experiments.outputs import RUNS as root

    if out is not None:
        return out
    stem = name.rpartition(":")[2].replace("/", "-")[:120]
    root.mkdir(exist_ok=True)
    for number in range(1, 1_000_000):
        folder = root / f"{stem}-{number:04d}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise OSError(f"{root} is full of runs named {stem}")


def command() -> str:
    import shlex

    return shlex.join(["regulars", *sys.argv[1:]])


def print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def shown(value: Any) -> str:
    return "-" if value is None else json.dumps(value, ensure_ascii=False)
