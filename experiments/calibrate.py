"""Fits a customer population to a log of orders, and shows on a hold-out how far it can be trusted.

Two fits, kept apart. The *training* fit uses the log up to `train_until`: it is what published tables report, and what the
backtest scores on the weeks it has not seen. The *population* fit uses the whole log: it is what a planner launches from,
customers as of the last day. Both have the same form, and a log that the first describes badly is no better described by
the second.

BG/NBD and gamma-gamma are fitted within what a population file may hold. A log whose customers do not differ drives a shape
towards infinity, where the model becomes a simpler one (one rate for all, nobody leaves, one order value); at the limit it is
that model to within a few percent, and a note says which. A parameter at its limit has no standard error and is not drawn.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from regulars.analysis.models import bg_nbd, gamma_gamma, pareto_nbd
from regulars.analysis.models.bg_nbd import BgNbd
from regulars.analysis.models.fit import Fit
from regulars.analysis.models.gamma_gamma import GammaGamma
from regulars.analysis.models.pareto_nbd import ParetoNbd
from regulars.sim import catalog
from regulars.sim.core.limits import MOST_WEEKS
from regulars.sim.world.population import HISTORY_COLUMNS

from .outputs import check_files, check_kind, write_bytes
from .transactions import BadInput, Transactions, read_transactions

MOST_HISTORIES = 20_000
FEWEST = 10  # Assumed: customers with a repeat order, below which nothing can be said of how customers differ.
MOST_ALIKE = 100.0  # Assumed: limit of p, orders of one customer within 10 %; the time to draw a customer's past grows with p.
THIN = 100  # Customers with a repeat order, below which parameters are hardly known.
TIED = 0.3  # Correlation of frequency and value beyond which their independence is no longer a fair simplification.

OFF = 0.25  # Assumed: relative miss of the mean order value that a reader should know of.
SAFE = 5.0  # Standard deviations within which a draw must stay valid: one draw in two million does not.
UNSETTLED = 3.0  # Of a log parameter: a standard error of a factor of 20 says that there is none.

LIMITS = {
    ("r", "most"): "customers differ no more in how often they buy than luck alone explains, so all get nearly one rate",
    ("r", "least"): "nearly all repeat orders are of a very few customers, and the rest hardly ever order again",
    ("alpha", "most"): "repeat orders are rarer than a population can hold",
    ("alpha", "least"): "repeat orders are more frequent than a population can hold",
    ("a", "most"): "customers barely differ in how readily they leave, so all get nearly one probability",
    ("a", "least"): "nobody seems to leave for good",
    ("b", "most"): "hardly anyone leaves after an order, or customers barely differ in how readily they do",
    ("b", "least"): "nearly everyone leaves after the first repeat order",
    ("p", "most"): "the orders of one customer are all worth nearly the same",
    ("p", "least"): "the orders of one customer scatter more than a population can hold",
    ("q", "most"): "customers barely differ in what their orders are worth",
    ("q", "least"): "a few customers spend so much that no mean order value exists",
    ("v", "most"): "customers barely differ in what their orders are worth",
    ("v", "least"): "order values are smaller than a population can hold",
}

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
class Spread:
    """How far the parameters of one fit may be drawn about it.

    Attributes:
        names: Parameters to draw; those at a limit are missing.
        matrix: Covariance of their logarithms, shape (k, k): never wider than what a population may hold.
        held: Parameters at a limit, each with the limit, `least` or `most`.
        eased: Parameters that the log settles so little that the limits, not the log, bound the draws.
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    held: dict[str, str]
    eased: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """The models fitted to one window of the log.

    Attributes:
        until: Last day of the window, included.
        histories: The customers who first ordered within it.
        bgnbd: Repeat buying, rates per week, within what a population may hold.
        pareto_nbd: The same by another model, for comparison; its parameters have no limits.
        gamma_gamma: Amounts of repeat orders above 0, within what a population may hold.
        buying, spending: How far the parameters of `bgnbd` and of `gamma_gamma` may be drawn.
    """

    until: datetime.date
    histories: Histories
    bgnbd: Fit[BgNbd]
    pareto_nbd: Fit[ParetoNbd]
    gamma_gamma: Fit[GammaGamma]
    buying: Spread
    spending: Spread


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

    @property
    def simulated_weeks(self) -> int:
        """Weeks of the log that a scenario can run, at least 1."""
        return min(max(self.log.days // 7, 1), MOST_WEEKS)

    def to_json(self, *, offsets: dict[str, float] | None = None, file: str | Path | None = None) -> dict[str, Any]:
        """The document of `regulars calibrate --json`; null where unknown.

        Args:
            offsets: As for `population`.
            file: Where the population was written, if it was.

        Returns:
            The training fit, the repairs, the backtest, the notes, and under `population` the parameters of the other fit:
            to the whole log, as a population file holds them.
        """
        people = self.population(offsets)
        return {
            "customers": len(self.log.customer),
            "orders": len(self.log.who),
            "repairs": {name: {"count": one.count, "message": one.message} for name, one in self.log.repairs.items()},
            "bgnbd": _reported(self.training.bgnbd),
            "pareto_nbd": _reported(self.training.pareto_nbd),
            "gamma_gamma": _reported(self.training.gamma_gamma),
            "holdout": self.holdout,
            "notes": self.notes,
            "train_until": self.train_until.isoformat(),
            "population": {
                "file": None if file is None else str(file),
                "until": self.whole.until.isoformat(),
                **{name: people[name] for name in ("purchase", "attrition", "spend", "standard_errors")},
            },
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
        """Write the population as YAML: either the whole file or, if anything fails, nothing.

        Raises:
            OutputError: The name does not end in .yaml or .yml, or the file is the log.
            BadInput: Something that is not a population stands there.
            OSError: It could not be written.
        """
        check_kind("population", Path(path), ".yaml", ".yml", inputs=[Path(self.log.path)])
        _check_is_population("population", Path(path))
        size = f"{len(self.log.customer):,} customers, {len(self.log.who):,} orders"
        about = [
            f"Fitted by `regulars calibrate` to {_name(self.log)}: {size}, {self.log.first_date} to {self.log.last_date}.",
            "Parameters and histories are of the WHOLE log, customers as of its last day.",
            f"The backtest used a separate fit up to {self.train_until}; its parameters are in the JSON of that command alone.",
            *self.notes,
        ]
        text = "".join(f"# {line}\n" for line in about) + population_text(self.population(offsets))
        write_bytes(Path(path), text.encode())


def calibrate(
    path: str | Path,
    *,
    customer: str | None = None,
    date: str | None = None,
    amount: str | None = None,
    currency: str | None = None,
    train_until: str | datetime.date | None = None,
    simulate: Simulate | None = None,
) -> Calibration:
    """Fit a customer population to a log of orders, with a hold-out backtest.

    Args:
        path: CSV or Parquet, one row an order or an item of one.
        customer, date, amount: Names of the columns; guessed from common names where None.
        currency: Three-letter code of the amounts; what the log tells where None.
        train_until: Last day of the training window, as YYYY-MM-DD; half of the log's days where None.
        simulate: Called as `simulate(population, weeks)` with the population of the training window and the number of weeks;
            returns cumulative repeat orders at the end of each week, shape (weeks,) or (replications, weeks).

    Returns:
        Both fits, the backtest and notes.

    Raises:
        BadInput: Everything that is wrong with the file, `currency` or `train_until`, one line each.

    Source of the procedure: Fader, Hardie & Lee (2005), Marketing Science 24(2).
    """
    check_currency(currency)
    log = _in_currency(read_transactions(path, customer=customer, date=date, amount=amount), currency)
    split = _split(log, train_until)
    whole = _fit(log, log.days - 1)
    training = _fit(log, split)
    holdout, sd = _backtest(log, training, split, simulate)
    notes = [*log.notes, *_cautions(training, whole), *_verdict(holdout, sd, training)]
    return Calibration(log, training, whole, holdout, sd, notes)


def check_currency(code: str | None) -> None:
    """Refuse what is no three-letter code.

    Raises:
        BadInput: It is none.
    """
    if code is not None and not (isinstance(code, str) and re.fullmatch("[A-Z]{3}", code)):
        raise BadInput([f"--currency:1:1: currency = {str(code)[:40]!r}: must be a three-letter code such as EUR."])


def _in_currency(log: Transactions, code: str | None) -> Transactions:
    """The log with its currency as given, which must not be another than the log tells."""
    if code is None:
        return log
    if log.currency not in (None, code):
        raise BadInput([f"--currency:1:1: currency = {code!r}: the amounts of {log.path} are in {log.currency}. Leave the option out."])
    return replace(log, currency=code)


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
            "purchase_attrition": {"names": list(window.buying.names), "matrix": _matrix(window.buying)},
            "spend": {"names": list(window.spending.names), "matrix": _matrix(window.spending)},
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
    repeats, paid = int((histories.frequency > 0).sum()), histories.paid > 0
    where = f"{log.path}:1:1: of {len(histories.customer):,} customers by {day}"
    advice = "Take a longer log." if until == log.days - 1 else "Choose a later --train-until, or take a longer log."
    for count, what in ((repeats, "a repeat order"), (int(paid.sum()), "a repeat order of an amount above 0")):
        if count < FEWEST:
            raise BadInput([f"{where}, {count} have {what}: must be at least {FEWEST} to tell how customers differ. {advice}"])
    history = np.column_stack([histories.frequency, histories.recency_weeks, histories.age_weeks])
    spent = np.column_stack([histories.paid[paid], histories.mean_value[paid]])
    bgnbd, buying = _within(bg_nbd.fit(*history.T), history)
    spend, spending = _within(gamma_gamma.fit(*spent.T), spent)
    return Window(day, histories, bgnbd, pareto_nbd.fit(*history.T), spend, buying, spending)


def _within(found: Fit[Any], data: np.ndarray) -> tuple[Fit[Any], Spread]:
    """The best parameters that a population may hold, and how far they may be drawn; `found` itself where it is such.

    Args:
        found: The fit without limits.
        data: What it was fitted to, one row a customer, columns as its `log_likelihood` takes them.
    """
    names, build = found.names, type(found.model)
    least, most = np.log([_range(name) for name in names]).T
    logs = np.log([getattr(found.model, name) for name in names])
    inside = bool(np.all((least <= logs) & (logs <= most)))
    if found.converged and found.covariance is not None and inside:
        information = np.linalg.inv(found.covariance)
        free, errors = np.ones(len(names), bool), found.standard_errors
        log_likelihood = found.log_likelihood
    else:
        rows, weight = np.unique(data, axis=0, return_counts=True)

        def total(at: np.ndarray) -> float:
            return float(weight @ build(*np.exp(at).tolist()).log_likelihood(*rows.T))

        logs = logs if inside else _best(total, logs, least, most, found.customers)
        log_likelihood = total(logs)
        free = (logs > least + 1e-6) & (logs < most - 1e-6)
        information = _information(total, logs, free)
        errors = dict(zip(names, _errors(information, logs, free).tolist(), strict=True))
    room = np.minimum(logs - least, most - logs)[free]
    matrix = found.covariance if inside and found.converged else _inverse(information)
    tight = np.full(len(room), True) if matrix is None else SAFE * np.sqrt(np.diag(matrix)) > room
    if matrix is None or tight.any():
        # As if the log were joined by a faint belief that every valid value lies within so many standard deviations.
        matrix = np.linalg.inv(information + np.diag((SAFE / np.maximum(room, 1e-6)) ** 2))
    held = {name: "least" if low else "most" for name, low, at in zip(names, logs <= least + 1e-6, ~free, strict=True) if at}
    values = {name: getattr(found.model, name) if inside else float(np.exp(at)) for name, at in zip(names, logs, strict=True)}
    # The limits themselves, not what their logarithms round to.
    values |= {name: _range(name)[side == "most"] for name, side in held.items()}
    fit = Fit(
        model=build(**values),
        standard_errors=errors,
        covariance=found.covariance if inside else None,
        log_likelihood=log_likelihood,
        converged=found.converged and inside,
        customers=found.customers,
    )
    drawn = [name for name, one in zip(names, free, strict=True) if one]
    return fit, Spread(tuple(drawn), matrix, held, tuple(name for name, one in zip(drawn, tight, strict=True) if one))


def _range(name: str) -> tuple[float, float]:
    """Least and greatest value of a fitted parameter that a population may hold."""
    behavior, variant = {
        **dict.fromkeys(("r", "alpha"), ("purchase", None)),
        **dict.fromkeys(("a", "b"), ("attrition", "beta_geometric")),
        **dict.fromkeys(("p", "q", "v"), ("spend", "gamma_gamma")),
    }[name]
    params = next(one.Params for one in catalog.variants("behavior", behavior) if one.variant == variant)
    facts: Any = params.model_fields[name].json_schema_extra
    return float(facts["low"]), min(float(facts["high"]), MOST_ALIKE) if name == "p" else float(facts["high"])


def _best(total: Callable[[np.ndarray], float], logs: np.ndarray, least: np.ndarray, most: np.ndarray, customers: int) -> np.ndarray:
    """Log parameters of the greatest likelihood between limits, sought from the nearest valid ones and from the inside."""
    from scipy.optimize import minimize

    def cost(at: np.ndarray) -> float:
        value = total(at) / customers
        return -value if math.isfinite(value) else 1e10

    near, inner = np.clip(logs, least, most), np.clip(logs, least + 3.0, most - 3.0)
    inner = np.where(least + 3.0 < most - 3.0, inner, (least + most) / 2.0)
    climbs = [
        minimize(cost, start, method="L-BFGS-B", jac="3-point", bounds=list(zip(least, most, strict=True)), options={"ftol": 1e-13})
        for start in (near, inner)
    ]
    return np.clip(min(climbs, key=lambda climb: climb.fun).x, least, most)


def _information(total: Callable[[np.ndarray], float], logs: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Observed information of the free log parameters by central differences; where the likelihood curves upward, none."""
    steps = np.eye(len(logs))[free] * 3e-3  # As in `analysis.models.fit`: rounding and truncation are both below notice.

    def mixed(one: np.ndarray, other: np.ndarray) -> float:
        ahead, across = total(logs + one + other) + total(logs - one - other), total(logs + one - other) + total(logs - one + other)
        return (across - ahead) / (4.0 * 3e-3**2)

    values, vectors = np.linalg.eigh(np.array([[mixed(one, other) for other in steps] for one in steps]).reshape(len(steps), len(steps)))
    return (vectors * np.maximum(values, 0.0)) @ vectors.T


def _errors(information: np.ndarray, logs: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Standard errors, NaN at a limit and where the log does not settle the parameter."""
    errors = np.full(len(logs), np.nan)
    covariance = _inverse(information)
    if covariance is not None:
        of_logs = np.sqrt(np.diag(covariance))
        errors[free] = np.where(of_logs < UNSETTLED, of_logs * np.exp(logs[free]), np.nan)
    return errors


def _inverse(information: np.ndarray) -> np.ndarray | None:
    """Covariance of what the log settles; None where it leaves a direction open."""
    values = np.linalg.eigvalsh(information)
    return np.linalg.inv(information) if len(values) == 0 or values[0] > 1e-9 * max(values[-1], 1.0) else None


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
        reach = min(weeks, MOST_WEEKS)
        runs = np.atleast_2d(np.asarray(simulate(people, reach), float))
        if runs.shape[1] != reach:
            raise ValueError(f"simulate returned {runs.shape[1]} weeks; must be {reach}")
        simulated[:reach] = (runs.mean(axis=0) * len(entry) / len(people["histories"]["rows"])).tolist()
    rows: list[dict[str, float | int | None]] = [
        {"week": week, "actual": actual, "bgnbd": _known(bgnbd), "pareto_nbd": _known(pareto), "simulated": _known(one)}
        for week, actual, bgnbd, pareto, one in zip(
            ends.tolist(), by_week.tolist(), expected[0].tolist(), expected[1].tolist(), simulated, strict=True
        )
    ]
    return rows, float(np.sqrt(training.bgnbd.model.repeats_variance(np.maximum(weeks - entry, 0.0)).sum()))


def _cautions(training: Window, whole: Window) -> list[str]:
    """What weakens the fits themselves."""
    notes: list[str] = []
    unsettled: dict[str, list[str]] = {}
    windows = {"training": training, "whole": whole} if training.until < whole.until else {"whole": whole}
    for name, window in windows.items():
        repeats = int((window.histories.frequency > 0).sum())
        if repeats < THIN:
            notes.append(f"only {repeats} customers of the {name} window have a repeat order: its parameters are hardly known.")
        fits: dict[str, Fit[Any]] = {"Pareto/NBD": window.pareto_nbd}
        fits |= {} if window.buying.held else {"BG/NBD": window.bgnbd}
        fits |= {} if window.spending.held else {"gamma-gamma": window.gamma_gamma}
        for model, fit in fits.items():
            if not fit.converged:
                unsettled.setdefault(model, []).append(name)
    for model, where in unsettled.items():
        notes.append(
            f"{model} has no proper maximum on the {' and the '.join(where)} window: the log does not settle its parameters, mostly "
            "because customers differ too little or nobody leaves."
        )
    notes += _at_limits(windows)
    # Where nobody leaves, the second shape of leaving says nothing.
    buying = [name for name in whole.buying.eased if not (name == "b" and whole.buying.held.get("a") == "least")]
    if eased := [*buying, *whole.spending.eased]:
        notes.append(f"the log hardly settles {', '.join(eased)}: draws of them are bounded by what a population may hold.")
    paid = whole.histories.paid > 0
    value, count = whole.histories.mean_value[paid], whole.histories.frequency[paid]
    mean = whole.gamma_gamma.model.mean_value
    if abs(mean / value.mean() - 1.0) > OFF:
        notes.append(
            f"gamma-gamma puts the mean order value at {mean:,.2f}, the log at {value.mean():,.2f} a customer: a few customers spend so "
            "much that money is not to be trusted. Look at the largest amounts."
        )
    if paid.sum() > 2 and value.std() > 0 and count.std() > 0:
        tied = float(np.corrcoef(count, value)[0, 1])
        if abs(tied) > TIED:
            notes.append(f"frequency and order value have correlation {tied:.2f}; gamma-gamma takes them to be independent.")
    return notes


def _at_limits(windows: dict[str, Window]) -> list[str]:
    """What parameters at a limit mean; the same of several parameters and both fits in one note."""
    told: dict[str, tuple[dict[str, str], dict[str, None]]] = {}
    for name, window in windows.items():
        for fit, spread in ((window.bgnbd, window.buying), (window.gamma_gamma, window.spending)):
            for one, side in spread.held.items():
                if one == "b" and spread.held.get("a") == "least":
                    continue  # Where nobody leaves, the second shape of leaving says nothing.
                parameters, where = told.setdefault(LIMITS[one, side], ({}, {}))
                parameters[one] = f"{one} = {getattr(fit.model, one):g}"
                where[name] = None
    return [
        f"{meaning} ({' and '.join(parameters.values())}, the limit, in the {' and the '.join(where)} fit; no standard error)."
        for meaning, (parameters, where) in told.items()
    ]


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


def _reported(fit: Fit[Any]) -> dict[str, Any]:
    parameters = {name: _known(float(getattr(fit.model, name))) for name in fit.names}
    errors = {name: _known(one) for name, one in fit.standard_errors.items()}
    return {**parameters, "log_likelihood": _known(fit.log_likelihood), "se": errors}


def _known(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _matrix(spread: Spread) -> list[list[float]] | None:
    return [[float(f"{one:.10g}") for one in row] for row in spread.matrix] or None


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


def check_place(out: Path, log: Path) -> None:
    """Find out before the long fitting whether a population can be written to a place; a missing folder is made.

    Args:
        out: Where to.
        log: The log of orders, which must not be overwritten.

    Raises:
        OutputError: The place as it was given, and what is in the way there.
        BadInput: Something that is not a population stands there.
    """
    check_files({"--out": out}, [log])
    _check_is_population("--out", out)


def _check_is_population(told: str, out: Path) -> None:
    if out.is_file() and not _is_population(out):
        rule = "holds something that is not a population and would be lost. Give another name, or remove it first."
        raise BadInput([f"{told} {out}: {rule}"])


def _is_population(path: Path) -> bool:
    """Whether a file is empty or begins as a population does."""
    try:
        with path.open("rb") as file:
            start = file.read(65_536)
    except OSError:
        return False
    return not start.strip() or re.search(rb"""^kind:\s*["']?population\b""", start, re.M) is not None
