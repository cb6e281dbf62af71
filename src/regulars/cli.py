"""The command `regulars`: the front door, thin; results to standard output, progress and errors to standard error."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from regulars.sim.core.limits import MOST_DRAWS

from .cli_abtest import abtest
from .terminal import (
    EXIT_CODES,
    INTERRUPTED,
    PIPE_CLOSED,
    SCENARIO,
    Executor,
    Json,
    Out,
    Replications,
    Seed,
    Sets,
    Threads,
    Weeks,
    announce,
    claimed,
    command,
    errors,
    folder,
    load,
    load_all,
    print_json,
    progress,
    shown,
    suffix,
)

app = typer.Typer(
    epilog=f"Exit codes: {'; '.join(f'{code} {meaning}' for code, meaning in EXIT_CODES.items())}.",
    help="Will this loyalty program pay, before we launch it?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(abtest)


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Scenario, population, plan and design files, or library: names.")],
    as_json: Json = False,
) -> None:
    """Check files: all errors at once, with line, column and the nearest right answer."""
    from regulars.experiments.kinds import validate_files

    document = validate_files(files)
    wrong = [one for one in document["files"].values() if not one["valid"]]
    for path, one in document["files"].items():
        for error in one["errors"]:
            # An error of an inherited file names that file, not the one that was asked for.
            typer.echo(f"{error.get('file', path)}:{error['line']}:{error['column']}: {error['message']}", err=True)
    if as_json:
        print_json(document)
    else:
        for path, one in document["files"].items():
            if one["valid"]:
                kind = {"scenario": "", "population": " population file"}.get(one["kind"], f" {one['kind']}")
                typer.echo(f"{path}: valid{kind}")
            for warning in one["warnings"]:
                typer.echo(f"  ! {warning}")
    if wrong:
        raise typer.Exit(2)


@app.command()
def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help=SCENARIO)],
    sets: Sets = None,
    as_json: Json = False,
) -> None:
    """Print the resolved scenario, and the file and line that each value came from."""
    from regulars.scenarios import load, show_document
    from regulars.scenarios.resolve import leaves

    with errors():
        document = show_document(load(file, tuple(sets or ())))
    if as_json:
        print_json(document)
        return
    values = dict(leaves(document["scenario"]))
    width = max((len(path) for path in document["origin"]), default=0)
    for path, place in document["origin"].items():
        typer.echo(f"{path:{width}}  {shown(values.get(path)):24}  {place}")


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help=SCENARIO)],
    second: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    as_json: Json = False,
) -> None:
    """Print what differs between two resolved scenarios: - only in A, + only in B."""
    from regulars.scenarios import diff_document, load

    with errors():
        document = diff_document(load(first), load(second))
    if as_json:
        print_json(document)
        return
    rows = document["differences"]
    width = max((len(row["path"]) for row in rows), default=0)
    for row in rows:
        there = [shown(value) for value in (row["a"], row["b"]) if value is not None]
        sign = "+" if row["a"] is None else "-" if row["b"] is None else " "
        typer.echo(f"{sign} {row['path']:{width}}  {' -> '.join(there)}")
    if not rows:
        typer.echo("no difference")


@app.command()
def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help=SCENARIO)],
    sets: Sets = None,
    seed: Seed = 1,
    replications: Replications = 20,
    weeks: Weeks = None,
    threads: Threads = None,
    out: Out = None,
    customers: Annotated[
        Path | None, typer.Option("--customers", metavar="FILE.parquet", help="Write one row a customer and replication at the end.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run one scenario and print its KPIs."""
    suffix("--customers", customers, ".parquet")
    with errors():
        scenario = load(file, sets, weeks)
        with claimed([scenario], out, {"--customers": customers}):
            announce()
            from regulars.experiments.run import run as run_scenario
            from regulars.experiments.run import save, save_customers

            with progress() as task:
                result = run_scenario(
                    scenario,
                    replications=replications,
                    seed=seed,
                    threads=threads,
                    keep_customers=customers is not None,
                    progress=task("replications", scenario.horizon_weeks * replications),
                )
            result = save(result, folder(out, scenario.id), command())
            if customers is not None:
                save_customers(result, customers)
    if as_json:
        print_json(result.document())
        return
    from regulars.analysis.report import print_kpis

    print_kpis(result.document(), currency=scenario.currency)


@app.command()
def compare(
    base: Annotated[str, typer.Argument(metavar="BASE", help="What happens without. " + SCENARIO)],
    others: Annotated[list[str], typer.Argument(metavar="OTHER...", help="What might be done.")],
    sets: Sets = None,
    seed: Seed = 1,
    replications: Replications = 20,
    draws: Annotated[
        int, typer.Option("--draws", min=0, max=MOST_DRAWS, help="Joint draws of uncertain parameters, for the risk of loss; 0 for none.")
    ] = 200,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity/--no-sensitivity", help="Move each assumed parameter through its range.")
    ] = True,
    weeks: Weeks = None,
    threads: Threads = None,
    executor: Executor = "auto",
    out: Out = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE.html", help="Write the answer as one HTML page.")] = None,
    as_json: Json = False,
) -> None:
    """Compare scenarios with BASE on the same customers and the same luck: ROI, payback, risk of loss."""
    suffix("--report", report, ".html", ".htm")
    with errors():
        scenarios = load_all([base, *others], sets, weeks)
        with claimed(scenarios, out, {"--report": report}):
            announce()
            from regulars.experiments.compare import compare as compare_scenarios
            from regulars.experiments.compare import save

            with progress() as task:
                found = compare_scenarios(
                    scenarios[0],
                    scenarios[1:],
                    replications=replications,
                    seed=seed,
                    draws=draws,
                    sensitivity=sensitivity,
                    threads=threads,
                    executor=executor,
                    progress=task,
                    command=command(),
                )
            found = save(found, folder(out, _versus([one.id for one in scenarios])))
            if report is not None:
                found.report(report)
    if as_json:
        print_json(found.document)
        return
    from regulars.analysis.report import print_answer

    print_answer(found.document)
    if report is not None:
        typer.echo(f"Report: {report}")


@app.command()
def loops(
    file: Annotated[str, typer.Argument(metavar="SCENARIO", help=SCENARIO)],
    sets: Sets = None,
    seed: Seed = 1,
    replications: Replications = 20,
    weeks: Weeks = None,
    threads: Threads = None,
    everything: Annotated[bool, typer.Option("--all", help="Show loops, too, that are worth nothing measurable.")] = False,
    as_json: Json = False,
) -> None:
    """Name the feedback loops that are active, cut each in turn on the same luck, and print what it is worth."""
    with errors():
        scenario = load(file, sets, weeks)
        announce()
        from regulars.experiments.loops import loops as account

        with progress() as task:
            found = account(scenario, replications=replications, seed=seed, threads=threads, progress=task, command=command())
    if as_json:
        print_json(found.document)
        return
    from regulars.analysis.report import print_loops

    print_loops(found.document, everything=everything)


@app.command()
def calibrate(
    file: Annotated[Path, typer.Argument(metavar="TRANSACTIONS", help="Log of orders, CSV or Parquet.")],
    customer: Annotated[str | None, typer.Option("--customer", metavar="COLUMN", help="Column of the customer's id.")] = None,
    date: Annotated[str | None, typer.Option("--date", metavar="COLUMN", help="Column of the date.")] = None,
    amount: Annotated[str | None, typer.Option("--amount", metavar="COLUMN", help="Column of the amount.")] = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", metavar="CODE", help="Three-letter code of the amounts, such as EUR. Default: what the log tells."),
    ] = None,
    train_until: Annotated[
        str | None, typer.Option("--train-until", metavar="DATE", help="Last day of the training window. Default: half of the log.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.yaml", help="Write the population file.")] = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Turn a log of orders into a customer population, with a hold-out backtest."""
    suffix("--out", out, ".yaml", ".yml")
    with errors():
        from regulars.experiments.calibrate import calibrate as fit
        from regulars.experiments.calibrate import check_place
        from regulars.experiments.equilibrium import balance, simulated_repeats

        if out is not None:
            check_place(out, file)
        announce()
        offsets = None
        with progress() as task:
            ticker = task("backtest", 1)
            found = fit(
                file, customer=customer, date=date, amount=amount, currency=currency, train_until=train_until,
                simulate=lambda population, weeks: simulated_repeats(population, weeks, threads=threads),
            )  # fmt: skip
            ticker(1)
            if out is not None:
                ticker = task("balance", 1)
                offsets = balance(found.population(), weeks=found.simulated_weeks, threads=threads)
                found.write_population(out, offsets=offsets)
                ticker(1)
    document = found.to_json(offsets=offsets, file=out)
    if as_json:
        print_json(document)
        return
    from regulars.analysis.report import print_calibration

    print_calibration(document, document["notes"])


@app.command()
def catalog(
    what: Annotated[
        str | None, typer.Argument(metavar="[COMPONENT|kpis]", help="Only this component, such as push; kpis: only the KPIs.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List every component with its parameters, and every KPI with its definition."""
    from regulars.scenarios import catalog_document, component_page, reference_page

    document = catalog_document()
    if what == "kpis":
        document = {"kpis": document["kpis"]}
    elif what is not None:
        found = [one for one in document["components"] if one["type"] == what]
        if not found:
            from regulars.scenarios.problem import suggestion

            names = [one["type"] for one in document["components"]]
            typer.echo(f"catalog: no component {what!r}. {suggestion(what, ['kpis', *names])}", err=True)
            raise typer.Exit(2)
        document = {"components": found}
    if as_json:
        print_json(document)
    elif what not in (None, "kpis"):
        typer.echo(component_page(what))
    elif what == "kpis":
        for row in document["kpis"]:
            typer.echo(f"{row['name']} [{row['unit']}]: {row['definition']}")
    else:
        typer.echo(reference_page())


@app.command()
def schema() -> None:
    """Print the JSON Schema of a scenario, for editors."""
    from regulars.scenarios import schema_document

    print_json(schema_document())


def main() -> None:
    """Entry point of the command."""
    # Compiled kernels must not hold the pool's threads back with threads of their own.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        try:
            app()
        except SystemExit as stopped:
            # Typer makes these of an interrupt and of a pipe that nobody reads, without a word.
            if stopped.code == INTERRUPTED:
                typer.echo("interrupted", err=True)
            if isinstance(stopped.__context__, BrokenPipeError):
                raise stopped.__context__ from None
            if sys.stdout is not None:
                sys.stdout.flush()
            raise
    except BrokenPipeError:
        _drop_output()
        raise SystemExit(PIPE_CLOSED) from None
    except OSError as problem:
        _drop_output()
        where = problem.filename or "standard output"
        typer.echo(f"regulars: {where}: {(problem.strerror or str(problem)).lower()}", err=True)
        raise SystemExit(3) from None


def _drop_output() -> None:
    """Lead what is still to be printed nowhere: the interpreter would complain of it as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _versus(names: list[str]) -> str:
    """What a comparison is called: the baseline and what is set against it, without the shelf of the library."""
    base, first, *more = [name.rpartition(":")[2].rpartition("/")[2] for name in names]
    return f"{base}-vs-{first}" + (f"-and-{len(more)}-more" if more else "")
