"""Results of one scenario as tables, and the folder a run leaves."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.scenarios.hints import hints
from regulars.scenarios.scenario import Scenario
from regulars.sim import catalog
from regulars.sim.core.component import Kpi

from .cautions import left_tickets
from .claims import claim_rows
from .job import Outcome
from .outputs import write_bytes

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"


def plain(value: Any) -> Any:
    """A frozen result of the analysis as plain data that JSON can hold."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return plain(asdict(value)) if hasattr(value, "__dataclass_fields__") else value


def kpi_values(outcomes: Sequence[Outcome]) -> dict[str, np.ndarray]:
    """Each KPI over the horizon and the whole market, shape (replications,); NaN where its mechanism is absent."""
    found: dict[str, np.ndarray] = {}
    summed = [one.series.summed() for one in outcomes]
    for kpi in kpis():
        values = [one.value(kpi) for one in summed]
        found[kpi.type] = np.array([np.nan if value is None else value[0, -1] for value in values])
    return found


def absent_kpis(outcomes: Sequence[Outcome]) -> list[str]:
    """KPIs whose mechanism none of these has, by name, those included that then report 0."""
    return [kpi.type for kpi in kpis() if not any(one.series.has(kpi) for one in outcomes)]


def weekly_values(outcome: Outcome) -> dict[str, np.ndarray]:
    """Each KPI by week and segment, shape (weeks, segments + 1), the whole market last; absent ones left out."""
    found = {}
    for kpi in kpis():
        value = outcome.series.value(kpi)
        if value is not None:
            found[kpi.type] = value
    return found


def state_hash(outcomes: Sequence[Outcome]) -> str:
    """SHA-256 of the sorted digests of all fields and totals of all replications."""
    lines = sorted(f"{at} {name} {digest}" for at, one in enumerate(outcomes) for name, digest in one.digests.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def finite(value: float | None) -> float | None:
    """A float that JSON can hold, or None."""
    return None if value is None or not np.isfinite(value) else float(value)


@dataclass(frozen=True)
class Result:
    """One scenario over its replications.

    Attributes:
        scenario: What was run.
        seed: Key of the luck.
        outcomes: One a replication.
        timing: `build_s`, `simulate_s`, `ns_per_customer_week`, `peak_rss_mb`.
        run_dir: Where the files are, if they were written.
    """

    scenario: Scenario
    seed: int
    outcomes: tuple[Outcome, ...]
    timing: dict[str, float]
    run_dir: Path | None = None

    @property
    def replications(self) -> int:
        return len(self.outcomes)

    @property
    def state_hash(self) -> str:
        """Equal for equal input, whatever the threads."""
        return state_hash(self.outcomes)

    @property
    def kpis(self) -> pd.DataFrame:
        """KPIs over the horizon: mean, sd and 95 % interval over replications, with unit; one row a KPI."""
        import pandas as pd

        rows = [
            {
                "kpi": name,
                "mean": one["mean"],
                "sd": one["sd"],
                "low": None if one["ci95"] is None else one["ci95"][0],
                "high": None if one["ci95"] is None else one["ci95"][1],
                "unit": one["unit"],
            }
            for name, one in self.summary().items()
            if one is not None
        ]
        return pd.DataFrame(rows).set_index("kpi")

    @property
    def weekly(self) -> pd.DataFrame:
        """Tidy KPIs: scenario, point, replication, week (from 1), kpi, segment (`all` for the market), value."""
        return weekly_frame(self.scenario, self.outcomes)

    def summary(self) -> dict[str, dict[str, Any] | None]:
        """KPIs as in the JSON document; None where the mechanism is absent."""
        from scipy import stats

        units = kpi_units()
        found: dict[str, dict[str, Any] | None] = {}
        for name, values in kpi_values(self.outcomes).items():
            good = values[np.isfinite(values)]
            if not len(good):
                found[name] = None
                continue
            mean, sd, interval = float(good.mean()), None, None
            if len(good) > 1:
                sd = float(good.std(ddof=1))
                half = float(stats.t.ppf(0.975, len(good) - 1)) * sd / len(good) ** 0.5
                interval = [mean - half, mean + half]
            found[name] = {"mean": mean, "sd": sd, "ci95": interval, "unit": units[name]}
        return found

    def document(self) -> dict[str, Any]:
        """The JSON document of `regulars run`; with `claims` if the scenario has any on a level."""
        values = kpi_values(self.outcomes)
        claims = claim_rows(self.scenario, values)
        return {
            "scenario": self.scenario.id,
            "seed": self.seed,
            "replications": self.replications,
            "weeks": self.scenario.horizon_weeks,
            "people": self.scenario.market.people,
            "state_hash": self.state_hash,
            "kpis": self.summary(),
            "absent": absent_kpis(self.outcomes[:1]),
            **({"claims": claims} if claims else {}),
            "warnings": [*hints(self.scenario), *left_tickets(values)],
            "timing": self.timing,
            "run_dir": None if self.run_dir is None else str(self.run_dir),
        }


def kpis() -> list[Kpi]:
    """Every KPI, by name."""
    return [one() for one in catalog.kpis()]


def kpi_units() -> dict[str, str]:
    """Unit of every KPI."""
    return {kpi.type: kpi.unit for kpi in kpis()}


def segment_names(scenario: Scenario) -> list[str]:
    """Segments as the last axis of KPI arrays has them, the whole market last."""
    return [*scenario.market.segments, ALL]


def weekly_frame(scenario: Scenario, outcomes: Sequence[Outcome], point: int = 0) -> pd.DataFrame:
    """Tidy weekly KPIs of all replications; by segment only where the scenario names segments."""
    import pandas as pd

    columns: dict[str, list[Any]] = {name: [] for name in ("replication", "week", "kpi", "segment", "value")}
    names = segment_names(scenario)
    for replication, outcome in enumerate(outcomes):
        for kpi, values in weekly_values(outcome).items():
            values = values[:, -len(names) :]
            weeks = np.arange(1, len(values) + 1)
            columns["replication"].append(np.full(values.size, replication))
            columns["week"].append(np.repeat(weeks, len(names)))
            columns["kpi"].append(np.full(values.size, kpi, dtype=object))
            columns["segment"].append(np.tile(np.array(names, dtype=object), len(values)))
            columns["value"].append(values.ravel())
    frame = pd.DataFrame({name: np.concatenate(parts) for name, parts in columns.items()})
    frame.insert(0, "scenario", scenario.id)
    frame.insert(1, "point", point)
    return frame


def kpi_frame(scenario: Scenario, outcomes: Sequence[Outcome], point: int = 0) -> pd.DataFrame:
    """KPIs over the horizon by replication: scenario, point, replication, kpi, value."""
    import pandas as pd

    values = kpi_values(outcomes)
    replications = len(outcomes)
    frame = pd.DataFrame(
        {
            "replication": np.tile(np.arange(replications), len(values)),
            "kpi": np.repeat(np.array(list(values), dtype=object), replications),
            "value": np.concatenate(list(values.values())),
        }
    )
    frame.insert(0, "scenario", scenario.id)
    frame.insert(1, "point", point)
    return frame


def customers_frame(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row a person and replication at the end; status and causes in words, money in the currency."""
    import pandas as pd

    from regulars.sim.core.units import MONEY

    frames = []
    for replication, outcome in enumerate(outcomes):
        columns = dict(outcome.customers or {})
        status, spent = columns.pop("status"), columns.pop("spent")
        people = len(status)
        frame = pd.DataFrame({"replication": np.full(people, replication), "person": np.arange(people)})
        frame["status"] = pd.Categorical(status)
        frame["orders"] = columns.pop("n_orders")
        frame["revenue"] = spent / MONEY
        frames.append(pd.concat([frame, pd.DataFrame(columns)], axis=1))
    return pd.concat(frames, ignore_index=True)


def peak_rss_mb() -> float:
    """Largest memory this process has held, in MB (2**20 bytes)."""
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def manifest(scenarios: Sequence[Scenario], command: str, **facts: Any) -> dict[str, Any]:
    """What a run was: resolved scenarios, seeds, versions, commit and command."""
    packages = ("regulars", "numpy", "scipy", "numba", "mesa", "pandas", "pyarrow", "pydantic")
    return {
        "command": command,
        "scenarios": {one.id: one.tree for one in scenarios},
        "populations": {one.id: one.population for one in scenarios if one.population},
        "digests": {one.id: one.digest for one in scenarios},
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}},
        "requirements_lock": _lock_digest(),
        "git_commit": _commit(),
        **facts,
    }


def _project() -> Path:
    return Path(__file__).resolve().parent.parent


def _lock_digest() -> str | None:
    lock = _project() / "requirements.lock"
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None


def _commit() -> str | None:
    if not (_project() / ".git").exists():
        return None
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(_project()), "rev-parse", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document; NaN is refused."""
    write_bytes(path, (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as Parquet."""
    import io

    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    write_bytes(path, buffer.getvalue())
