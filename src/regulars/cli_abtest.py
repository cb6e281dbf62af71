"""The commands `regulars abtest ...`: size and duration of a test, designs tried on simulated truth, the test's data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regulars.sim.core.limits import MOST_DRAWS, MOST_REPLICATIONS

from .terminal import SCENARIO, Json, Seed, Sets, Threads, announce, command, errors, load, print_json, progress, suffix

abtest = typer.Typer(
    name="abtest",
    help="Plan an A/B test, rehearse it on simulated truth, analyze its data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@abtest.callback()
def about() -> None:
    """Plan an A/B test, rehearse it on simulated truth, analyze its data."""


@abtest.command()
def analyze(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Rows of the test, CSV or Parquet, one a unit of assignment.")],
    plan: Annotated[Path, typer.Option("--plan", metavar="PLAN.yaml", help="The plan, written before the test.")],
    details: Annotated[bool, typer.Option("--details", help="Add every quantity that the methods computed, by name, to --json.")] = False,
    edges: Annotated[
        Path | None,
        typer.Option("--edges", metavar="EDGES.csv", help="Who knows whom: one row a tie, columns src and dst. Tells spillover apart."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE.html",
            help="Write the answer as one HTML page.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Analyze the data of a test by its plan: effects, health, guardrails, and what rows took part."""
    suffix("--report", report, ".html", ".htm")
    with errors():
        from regulars.experiments.abtest_data import analyze as by_plan
        from regulars.experiments.abtest_data import write_report
        from regulars.experiments.outputs import check_kind

        if report is not None:
            check_kind("--report", report, ".html", ".htm", inputs=[one for one in (data, plan, edges) if one is not None])
        found = by_plan(data, plan, details=details, edges=edges)
        if report is not None:
            write_report(found, report, command=command())
    if as_json:
        print_json(found.document())
        return
    typer.echo(found.table())
    if details:
        for metric, by_arm in (found.details or {}).items():
            for arm, quantities in by_arm.items():
                typer.echo(f"\n{metric} of {arm}")
                for name, value in quantities.items():
                    typer.echo(f"  {name}: {value}")
    if report is not None:
        typer.echo(f"Report: {report}")


@abtest.command()
def plan(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help=SCENARIO)],
    design: Annotated[Path, typer.Option("--design", metavar="DESIGN.yaml", help="One design of a test, or several under `designs:`.")],
    worlds: Annotated[int, typer.Option("--worlds", min=2, max=MOST_REPLICATIONS, help="Simulated worlds that the numbers rest on.")] = 8,
    value: Annotated[bool, typer.Option("--value", help="Also what the test is worth in money, its own bias included.")] = False,
    draws: Annotated[
        int, typer.Option("--draws", min=4, max=MOST_DRAWS, help="Worlds for --value, each with its own draw of what is uncertain.")
    ] = 100,
    cost: Annotated[float, typer.Option("--cost", min=0.0, help="Of the test beyond the program itself, for --value.")] = 0.0,
    sets: Sets = None,
    seed: Seed = 1,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Plan a test: who takes part, what it can find, how long it must run, and what it is worth."""
    with errors():
        market = load(scenario, sets, None)
        from regulars.experiments.design import read_designs
        from regulars.experiments.sizing import plan as planned

        designs = read_designs(design)
        announce()
        with progress("worlds") as task:
            found = planned(market, designs, name=scenario, worlds=worlds, seed=seed, threads=threads, progress=task)
            worth = None
            if value:
                from regulars.experiments.value import value as valued

                worth = valued(market, designs, name=scenario, worlds=draws, cost=cost, seed=seed, threads=threads, progress=task)
    if as_json:
        print_json(found.document | ({} if worth is None else {"value": worth.document}))
        return
    typer.echo(found.table())
    if worth is not None:
        typer.echo(f"\n{worth.table()}")


@abtest.command()
def rehearse(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help=SCENARIO)],
    design: Annotated[Path, typer.Option("--design", metavar="DESIGN.yaml", help="One design, or several under `designs`.")],
    worlds: Annotated[
        int, typer.Option("--worlds", min=1, max=MOST_REPLICATIONS, help="Worlds to try each design in, with people and luck of their own.")
    ] = 200,
    aa: Annotated[bool, typer.Option("--aa", help="Give every arm the control's settings: nothing should be found.")] = False,
    budget: Annotated[float | None, typer.Option("--budget", min=0.0, metavar="MONEY", help="What a test may cost.")] = None,
    sets: Sets = None,
    seed: Seed = 1,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Try designs on simulated truth: how far each would be from the roll-out effect, and what its decision earns."""
    with errors():
        from regulars.experiments.design import read_designs

        market, designs = load(scenario, sets, None), read_designs(design)
        announce()
        from regulars.experiments.rehearse import rehearse as try_designs

        with progress("worlds") as task:
            found = try_designs(market, designs, worlds=worlds, seed=seed, threads=threads, aa=aa, budget=budget, progress=task)
    if as_json:
        print_json(found.document)
        return
    from regulars.analysis.report import print_rehearsal

    print_rehearsal(found.document)


@abtest.command()
def simulate(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help=SCENARIO)],
    design: Annotated[Path, typer.Option("--design", metavar="DESIGN.yaml", help="One design of a test.")],
    data: Annotated[Path, typer.Option("--data", metavar="FILE.csv|.parquet", help="Where the rows go.")],
    world: Annotated[int, typer.Option("--world", min=0, max=2**32 - 1, help="Which world: that of a rehearsal with the same seed.")] = 0,
    aa: Annotated[bool, typer.Option("--aa", help="Give every arm the control's settings.")] = False,
    sets: Sets = None,
    seed: Seed = 1,
) -> None:
    """Live through one test and write its rows as a firm would have them, to practice the analysis on a known truth."""
    suffix("--data", data, ".csv", ".parquet")
    with errors():
        market = load(scenario, sets, None)
        announce()
        from regulars.experiments.outputs import write_bytes
        from regulars.experiments.practice import simulate as live

        frame = live(market, design, seed=seed, world=world, aa=aa)
        write_bytes(data, frame.to_csv(index=False).encode() if data.suffix.lower() == ".csv" else frame.to_parquet(index=False))
    told = ", ".join(f"{name} {effect:+.4g}" for name, effect in frame.attrs["truth"].items())
    typer.echo(f"{len(frame):,} customers in {data}. Effect of the roll-out on a customer of this world: {told}.")
