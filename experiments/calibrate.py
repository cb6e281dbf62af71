"""Fits a customer population to a log of orders, and shows on a hold-out how far it can be trusted.

Two fits, kept apart. The *training* fit uses the log up to `train_until`: it is what published tables report, and what the
backtest scores on the weeks it has not seen. The *population* fit uses the whole log: it is what a planner launches from,
customers as of the last day. Both have the same form, and a log that the first describes badly is no better described by
the second.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from regulars.analysis.models import bg_nbd, gamma_gamma, pareto_nbd
from regulars.analysis.models.bg_nbd import BgNbd
from regulars.analysis.models.fit import Fit
from regulars.analysis.models.gamma_gamma import GammaGamma
from regulars.analysis.models.pareto_nbd import ParetoNbd

from .transactions import BadInput, Transactions, read_transactions

MOST_HISTORIES = 20_000
HISTORY_COLUMNS = ("entry_week", "frequency", "recency_weeks", "age_weeks", "mean_value")
THIN = 100  # Customers with a repeat order, below which parameters are hardly known.
TIED = 0.3  # Correlation of frequency and value beyond which their independence is no longer a fair simplification.

Simulate = Callable[[dict[str, Any], int], Any]


@dataclass(frozen=True)
class Histories:
    """What one window of the log tells about each customer who first ordered within it.

    A first order stands at the end of its day, so `entry_week` + `age_weeks` is the length of the window for everyone.

    Attributes:
        customer: Ids, shape (n,).
        entry_week: Weeks from the start of the log to the end of the day of the first order, shape (n,).
        frequency: Days with a repeat order, shape (n,).
        recency_weeks: Weeks from the first to the last order, 0 without a repeat, shape (n,).
        age_weeks: Weeks from the first order to the end of the window, shape (n,).
        paid: Repeat orders of an amount above 0, shape (n,).
        mean_value: Mean amount of these, 0 where there is none, shape (n,).
        orders: Orders in the window, first ones included.
    """

    customer: np.ndarray
    entry_week: np.ndarray
    frequency: np.ndarray
    recency_weeks: np.ndarray
    age_weeks: np.ndarray
    paid: np.ndarray
    mean_value: np.ndarray
    orders: int


@dataclass(frozen=True)
class Window:
    """The models fitted to one window of the log.

    Attributes:
        until: Last day of the window, included.
        histories: The customers who first ordered within it.
        bgnbd, pareto_nbd: Repeat buying, rates per week.
        gamma_gamma: Amounts of repeat orders above 0.
    """

    until: datetime.date
    histories: Histories
    bgnbd: Fit[BgNbd]
    pareto_nbd: Fit[ParetoNbd]
    gamma_gamma: Fit[GammaGamma]


@dataclass(frozen=True)
class Calibration:
    """A population fitted to a log of orders, and the test it was put to.

    Attributes:
        log: The clean log with its repairs.
        training: The fit up to `train_until`: reported, and scored by the backtest.
        whole: The fit to all of the log: what `population` holds.
        holdout: A row a whole week from the first day of the log: cumulative repeat orders of the training customers by
            then, in the log (`actual`), expected by each model, and simulated (None without a simulator).
        simulated_sd: Standard deviation of the last row over cohorts of this size that BG/NBD would produce: what luck
            alone does to `actual`.
        notes: What a reader should know before trusting the numbers.
    """

    log: Transactions
    training: Window
    whole: Window
    holdout: list[dict[str, float | int | None]]
    simulated_sd: float | None
    notes: list[str] = field(default_factory=list)

    @property
    def train_until(self) -> datetime.date:
        """Last day of the training window, included."""
        return self.training.until

    def to_json(self) -> dict[str, Any]:
        """The document of `regulars calibrate --json`: the training fit, the repairs, the backtest; null where unknown."""
        return {
            "customers": len(self.log.customer),
            "orders": len(self.log.who),
            "repairs": {name: {"count": one.count, "message": one.message} for name, one in self.log.repairs.items()},
            "bgnbd": _reported(self.training.bgnbd),
            "pareto_nbd": _reported(self.training.pareto_nbd),
            "gamma_gamma": _reported(self.training.gamma_gamma),
            "holdout": self.holdout,
        }

    def population(self, offsets: dict[str, float] | None = None) -> dict[str, Any]:
        """The population as of the last day of the log, fitted to all of it: what a scenario's `market.population` reads.

        Args:
            offsets: Log factors of purchase and attrition that keep the fit with behaviors on; see `equilibrium.balance`.
        """
        found = population(self.log, self.whole)
        for name, offset in (offsets or {}).items():
            found[name] = {**found[name], "offset": offset}
        return found

    def write_population(self, path: str | Path, offsets: dict[str, float] | None = None) -> None:
        """Write the population as YAML: either the whole file or, if anything fails, nothing."""
        size = f"{len(self.log.customer):,} customers, {len(self.log.who):,} orders"
        about = [
            f"Fitted by `regulars calibrate` to {_name(self.log)}: {size}, {self.log.first_date} to {self.log.last_date}.",
            "Parameters and histories are of the WHOLE log, customers as of its last day.",
            f"The backtest used a separate fit up to {self.train_until}; its parameters are in the JSON of that command alone.",
            *self.notes,
        ]
        text = "".join(f"# {line}\n" for line in about) + population_text(self.population(offsets))
        _write(Path(path), text)


def calibrate(
    path: str | Path,
    *,
    customer: str | None = None,
    date: str | None = None,
    amount: str | None = None,
    train_until: str | datetime.date | None = None,
    simulate: Simulate | None = None,
) -> Calibration:
    """Fit a customer population to a log of orders, with a hold-out backtest.

    Args:
        path: CSV or Parquet, one row an order or an item of one.
        customer, date, amount: Names of the columns; guessed from common names where None.
        train_until: Last day of the training window, as YYYY-MM-DD; half of the log's days where None.
        simulate: Called as `simulate(population, weeks)` with the population of the training window and the number of weeks;
            returns cumulative repeat orders at the end of each week, shape (weeks,) or (replications, weeks).

    Returns:
        Both fits, the backtest and notes.

    Raises:
        BadInput: Everything that is wrong with the file or `train_until`, one line each.

    Source of the procedure: Fader, Hardie & Lee (2005), Marketing Science 24(2).
    """
    log = read_transactions(path, customer=customer, date=date, amount=amount)
    last = log.days - 1
    split = _split(log, train_until)
    training, whole = _fit(log, split), _fit(log, last)
    holdout, sd = _backtest(log, training, split, simulate)
    notes = [*log.notes, *_cautions(training, whole), *_verdict(holdout, sd, training)]
    return Calibration(log, training, whole, holdout, sd, notes)


def summarize(log: Transactions, until: int) -> Histories:
    """What the log up to a day tells about each customer who had ordered by then.

    Args:
        log: The clean log.
        until: The last day, counted from the first day of the log, included.
    """
    seen = log.day <= until
    who, day, value = log.who[seen], log.day[seen], log.value[seen]
    rows, first, place, count = np.unique(who, return_index=True, return_inverse=True, return_counts=True)
    # Orders of one customer stand together, in the order of days.
    entry, latest = day[first], day[first + count - 1]
    repeat = np.ones(len(who), bool)
    repeat[first] = False
    repeat &= value > 0
    paid = np.bincount(place[repeat], minlength=len(rows))
    spent = np.bincount(place[repeat], weights=value[repeat], minlength=len(rows))
    return Histories(
        customer=log.customer[rows],
        entry_week=(entry + 1) / 7.0,
        frequency=(count - 1).astype(float),
        recency_weeks=(latest - entry) / 7.0,
        age_weeks=(until - entry) / 7.0,
        paid=paid.astype(float),
        mean_value=spent / np.maximum(paid, 1),
        orders=len(who),
    )


def population(log: Transactions, window: Window) -> dict[str, Any]:
    """The population of one window, as plain data for YAML.

    Histories stand in an order shuffled by a hash of the customer's id, so that the first n of them are a fair sample; beyond
    20,000 customers the file holds such a sample. Ages are as of the end of the window.
    """
    histories = window.histories
    total = len(histories.customer)
    order = np.argsort([hashlib.blake2b(str(one).encode(), digest_size=8).digest() for one in histories.customer], kind="stable")
    order = order[:MOST_HISTORIES]
    columns = [histories.entry_week, histories.frequency, histories.recency_weeks, histories.age_weeks, histories.mean_value]
    rows = [
        [round(week, 4), int(count), *(round(one, 4) for one in rest)]
        for week, count, *rest in zip(*(column[order].tolist() for column in columns), strict=True)
    ]
    repeat, spend = window.bgnbd, window.gamma_gamma
    sample = f"; histories of {len(rows):,} of {total:,} customers, a fair sample" if len(rows) < total else ""
    return {
        "kind": "population",
        "source": f"{_name(log)}, {log.first_date} to {window.until}; BG/NBD and gamma-gamma by maximum likelihood{sample}",
        "currency": log.currency,
        "fitted": {
            "customers": total,
            "orders": histories.orders,
            "train_until": window.until.isoformat(),
            "weeks": round(((window.until - log.first_date).days + 1) / 7.0, 4),
        },
        "purchase": {"r": repeat.model.r, "alpha": repeat.model.alpha},
        "attrition": {"type": "beta_geometric", "a": repeat.model.a, "b": repeat.model.b},
        "spend": {"type": "gamma_gamma", "p": spend.model.p, "q": spend.model.q, "v": spend.model.v},
        "standard_errors": {name: _known(one) for name, one in (repeat.standard_errors | spend.standard_errors).items()},
        "covariance": {
            "of": "log parameters",
            "purchase_attrition": {"names": list(repeat.names), "matrix": _matrix(repeat)},
            "spend": {"names": list(spend.names), "matrix": _matrix(spend)},
        },
        "histories": {"columns": list(HISTORY_COLUMNS), "rows": rows},
    }


def population_text(population: dict[str, Any]) -> str:
    """The population as YAML, the same text for the same data."""
    return "".join(_emit(population, ""))


def _split(log: Transactions, train_until: str | datetime.date | None) -> int:
    """Last day of the training window, counted from the first day of the log."""
    if train_until is None:
        return max(log.days // 2, 1) - 1
    try:
        until = datetime.date.fromisoformat(train_until) if isinstance(train_until, str) else train_until
    except ValueError:
        raise BadInput([f"--train-until:1:1: train_until = {str(train_until)[:40]!r}: must be a day such as {log.first_date}."]) from None
    if not log.first_date <= until <= log.last_date:
        rule = f"must be a day of the log, {log.first_date} to {log.last_date}"
        raise BadInput([f"--train-until:1:1: train_until = {until}: {rule}."])
    return (until - log.first_date).days


def _fit(log: Transactions, until: int) -> Window:
    histories = summarize(log, until)
    day = log.first_date + datetime.timedelta(days=until)
    repeats = int((histories.frequency > 0).sum())
    where = f"{log.path}:1:1: of {len(histories.customer):,} customers by {day}"
    if not repeats or len(histories.customer) < 2:
        raise BadInput([f"{where}, {repeats} have a repeat order: must be some. Choose a later --train-until."])
    paid = histories.paid > 0
    if not paid.any():
        raise BadInput([f"{where}, none has a repeat order of an amount above 0: must be some. Choose a later --train-until."])
    history = (histories.frequency, histories.recency_weeks, histories.age_weeks)
    return Window(
        until=day,
        histories=histories,
        bgnbd=bg_nbd.fit(*history),
        pareto_nbd=pareto_nbd.fit(*history),
        gamma_gamma=gamma_gamma.fit(histories.paid[paid], histories.mean_value[paid]),
    )


def _backtest(
    log: Transactions, training: Window, split: int, simulate: Simulate | None
) -> tuple[list[dict[str, float | int | None]], float | None]:
    """Cumulative repeat orders of the training customers week by week, beyond the window they were fitted on."""
    weeks = log.days // 7
    if not weeks:
        return [], None
    ends = np.arange(1, weeks + 1)
    entry = training.histories.entry_week
    # `who` is sorted, and each customer's first order is the first of the row.
    first = np.unique(log.who, return_index=True)[1]
    entered = log.day[first]
    repeat = np.ones(len(log.who), bool)
    repeat[first] = False
    counted = repeat & (entered[log.who] <= split)
    by_week = np.bincount(log.day[counted] // 7, minlength=weeks)[:weeks].cumsum()
    expected = [fit.model.cohort_repeats(entry, ends) for fit in (training.bgnbd, training.pareto_nbd)]
    simulated: list[float | None] = [None] * weeks
    if simulate is not None:
        people = population(log, training)
        runs = np.atleast_2d(np.asarray(simulate(people, weeks), float))
        if runs.shape[1] != weeks:
            raise ValueError(f"simulate returned {runs.shape[1]} weeks; must be {weeks}")
        simulated = (runs.mean(axis=0) * len(entry) / len(people["histories"]["rows"])).tolist()
    rows: list[dict[str, float | int | None]] = [
        {"week": week, "actual": actual, "bgnbd": bgnbd, "pareto_nbd": pareto, "simulated": _known(one)}
        for week, actual, bgnbd, pareto, one in zip(
            ends.tolist(), by_week.tolist(), expected[0].tolist(), expected[1].tolist(), simulated, strict=True
        )
    ]
    return rows, float(np.sqrt(training.bgnbd.model.repeats_variance(np.maximum(weeks - entry, 0.0)).sum()))


def _cautions(training: Window, whole: Window) -> list[str]:
    """What weakens the fits themselves."""
    notes = []
    for window, name in ((training, "training"), (whole, "whole")):
        if window is whole and whole.until == training.until:
            continue
        repeats = int((window.histories.frequency > 0).sum())
        if repeats < THIN:
            notes.append(f"only {repeats} customers of the {name} window have a repeat order: its parameters are hardly known.")
        fits = {"BG/NBD": window.bgnbd, "Pareto/NBD": window.pareto_nbd, "gamma-gamma": window.gamma_gamma}
        if unsettled := [model for model, fit in fits.items() if not fit.converged]:
            notes.append(
                f"no proper maximum on the {name} window, hence no standard errors: {', '.join(unsettled)}. The log does not settle "
                "the parameters, mostly because customers differ too little or nobody leaves."
            )
    if whole.gamma_gamma.model.q <= 1.0:
        notes.append("gamma-gamma has q of 1 or less: a few customers spend so much that no mean order value exists.")
    paid = whole.histories.paid > 0
    value, count = whole.histories.mean_value[paid], whole.histories.frequency[paid]
    if paid.sum() > 2 and value.std() > 0 and count.std() > 0:
        tied = float(np.corrcoef(count, value)[0, 1])
        if abs(tied) > TIED:
            notes.append(f"frequency and order value have correlation {tied:.2f}; gamma-gamma takes them to be independent.")
    return notes


def _verdict(holdout: Sequence[dict[str, float | int | None]], sd: float | None, training: Window) -> list[str]:
    """What the last week of the backtest can and cannot tell."""
    if not holdout or sd is None:
        return ["the log is shorter than a week: there is no backtest."]
    end = holdout[-1]
    misses = {
        name: float(end[model] or 0.0) - float(end["actual"] or 0.0) for model, name in (("bgnbd", "BG/NBD"), ("pareto_nbd", "Pareto/NBD"))
    }
    told = " and ".join(f"{name} by {miss:+,.0f}" for name, miss in misses.items())
    if training.histories.age_weeks.max() + 1 >= float(end["week"] or 0):
        return ["no whole week lies beyond the training window: the backtest shows the fit, not a forecast."]
    luck = f"the standard deviation of one simulated cohort of this size is {sd:,.0f}"
    if max(abs(miss) for miss in misses.values()) < sd:
        return [f"at week {end['week']}, {told} repeat orders miss the log; {luck}, so this backtest cannot rank the two models."]
    if min(abs(miss) for miss in misses.values()) > 2.0 * sd:
        return [f"at week {end['week']}, {told} repeat orders miss the log; {luck}: neither model describes this log."]
    return []


# Words and files ----------------------------------------------------------------------------------------------------


def _reported(fit: Fit[Any]) -> dict[str, Any]:
    parameters = {name: _known(float(getattr(fit.model, name))) for name in fit.names}
    errors = {name: _known(one) for name, one in fit.standard_errors.items()}
    return {**parameters, "log_likelihood": _known(fit.log_likelihood), "se": errors}


def _known(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _matrix(fit: Fit[Any]) -> list[list[float]] | None:
    return None if fit.covariance is None else [[float(f"{one:.10g}") for one in row] for row in fit.covariance]


def _name(log: Transactions) -> str:
    return "".join(one if one.isprintable() else "?" for one in Path(log.path).name)


def _emit(node: dict[str, Any], indent: str) -> list[str]:
    """Block YAML of a map; lists in flow style, a list of lists one row a line."""
    lines = []
    for key, value in node.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:\n", *_emit(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], list):
            lines += [f"{indent}{key}:\n", *(f"{indent}  - {_flow(row)}\n" for row in value)]
        else:
            lines.append(f"{indent}{key}: {_flow(value)}\n")
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_flow(one) for one in value)}]"
    if isinstance(value, float):
        # YAML 1.1 readers take 1e-05 for text: a point makes it a number everywhere.
        mantissa, power, exponent = repr(value).partition("e")
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}{power}{exponent}"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _write(path: Path, text: str) -> None:
    """Write beside the place and move there, so that a reader never meets half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
