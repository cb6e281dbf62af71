"""`run`: one scenario, some replications."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from regulars.scenarios.scenario import Scenario
from regulars.sim.core.arguments import whole
from regulars.sim.core.limits import MOST_DRAWS, MOST_REPLICATIONS, MOST_THREADS, MOST_WEEKS

from .executors import crew, split_threads
from .job import Job, Outcome, execute
from .memory import check_memory
from .outputs import MANIFEST, check_kind, replaced
from .results import Result, customers_frame, kpi_frame, manifest, peak_rss_mb, weekly_frame, write_json, write_parquet

Progress = Callable[[int], None]


def run(
    scenario: Scenario | str,
    *,
    replications: int = 20,
    seed: int = 1,
    weeks: int | None = None,
    threads: int | None = None,
    keep_customers: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Run one scenario.

    Args:
        scenario: Checked scenario, path, or ``library:NAME``.
        replications: Independent repetitions.
        seed: Key of the luck.
        weeks: Run so many weeks instead of the scenario's horizon.
        threads: Threads in all; the result does not depend on it.
        keep_customers: Whether every person's end state is kept.
        progress: Called with the number of simulated weeks done since the last call.

    Raises:
        ScenarioError: The scenario is not valid.
        ValueError: A number is out of its range, or the market needs more memory than there is.
    """
    check_settings(replications=replications, seed=seed, weeks=weeks, threads=threads)
    scenario = as_scenario(scenario, weeks)
    outcomes, timing = replicate([scenario], replications, seed, threads, keep_customers=keep_customers, progress=progress)
    return Result(scenario, seed, tuple(one[0] for one in outcomes), timing)


def as_scenario(scenario: Scenario | str, weeks: int | None = None) -> Scenario:
    """A checked scenario, loaded if it is given by name; over `weeks` if given."""
    if not isinstance(scenario, Scenario):
        from regulars.scenarios import load

        scenario = load(scenario)
    return scenario if weeks is None else scenario.with_values({"horizon_weeks": weeks})


def check_settings(*, replications: int, seed: int, weeks: int | None = None, threads: int | None = None, draws: int = 0) -> None:
    """Check the numbers that every experiment takes, within the ranges of the command's options.

    Raises:
        ValueError: One is no whole number or out of its range.
    """
    whole("replications", replications, 1, MOST_REPLICATIONS)
    whole("seed", seed, 0, 2**32 - 1)
    whole("draws", draws, 0, MOST_DRAWS)
    if weeks is not None:
        whole("weeks", weeks, 1, MOST_WEEKS)
    if threads is not None:
        whole("threads", threads, 1, MOST_THREADS)


def replicate(
    scenarios: Sequence[Scenario],
    replications: int,
    seed: int,
    threads: int | None,
    *,
    keep_customers: bool = False,
    digest: bool = True,
    progress: Progress | None = None,
) -> tuple[list[list[Outcome]], dict[str, float]]:
    """Outcomes by replication and scenario, and the timing over all of them."""
    workers, inside = split_threads(threads, replications)
    check_memory(scenarios, workers)
    lock = threading.Lock()

    def tick(weeks: int) -> None:
        if progress is not None:
            with lock:
                progress(weeks)

    jobs = [
        Job(scenarios, seed, replication, inside, keep_customers, digest, tick=tick) for replication in range(replications)
    ]
    began = time.perf_counter()
    with crew(workers) as work_through:
        outcomes = work_through(execute, jobs)
    wall = time.perf_counter() - began
    flat = [one for row in outcomes for one in row]
    building, simulating = sum(one.build_s for one in flat), sum(one.simulate_s for one in flat)
    # Threads overlap building and simulating, so the wall-clock time is split as the threads' time was.
    simulate_s = wall * simulating / max(building + simulating, 1e-9)
    work = sum(one.market.people * one.horizon_weeks for one in scenarios) * replications
    timing = {
        "build_s": wall - simulate_s,
        "simulate_s": simulate_s,
        "ns_per_customer_week": simulate_s * 1e9 / max(work, 1),
        "peak_rss_mb": peak_rss_mb(),
    }
    return outcomes, timing


def save(result: Result, folder: Path, command: str) -> Result:
    """Write the files a run leaves into `folder`, in place of an earlier run's; the result that knows where they are."""
    facts = {"seed": result.seed, "replications": result.replications, "state_hash": result.state_hash}
    with replaced(folder) as fresh:
        write_parquet(fresh / "kpis.parquet", kpi_frame(result.scenario, result.outcomes))
        write_parquet(fresh / "weekly.parquet", weekly_frame(result.scenario, result.outcomes))
        write_json(fresh / MANIFEST, manifest([result.scenario], command, **facts))
    return replace(result, run_dir=folder)


def save_customers(result: Result, path: Path) -> None:
    """Write one row a person and replication at the end as Parquet.

    Raises:
        OutputError: The name does not end in .parquet, or the file is one that the scenario was read from.
    """
    check_kind("customers", path, ".parquet", inputs=result.scenario.files)
    write_parquet(path, customers_frame(result.outcomes))
