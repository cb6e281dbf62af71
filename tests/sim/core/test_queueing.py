"""Erlang-C and Erlang-A: published and recomputed tables, the chain of states they stand for, and their limits."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from regulars.sim.core.queueing import erlang_a, erlang_b, erlang_c

GOLDEN = Path(__file__).resolve().parents[2] / "golden/domain"


def table(name: str) -> list[dict[str, float]]:
    with (GOLDEN / f"{name}.csv").open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def chain(rate: float, service_time: float, agents: int, patience: float) -> tuple[float, float, float]:
    """Probability of waiting, mean queue and occupancy from the states of the Markov chain, summed one by one."""
    states = np.arange(agents + int(20 * (rate * patience + rate * service_time) + 200))
    up = np.full(len(states) - 1, math.log(rate))
    down = np.log(np.minimum(states[1:], agents) / service_time + np.maximum(states[1:] - agents, 0) / patience)
    log_weight = np.concatenate(([0.0], np.cumsum(up - down)))
    share = np.exp(log_weight - logsumexp(log_weight))
    queue = float(share @ np.maximum(states - agents, 0))
    return float(share[agents:].sum()), queue, float(share @ np.minimum(states, agents)) / agents


@pytest.mark.parametrize("row", table("erlang_c"), ids=lambda row: f"{row['agents']:.0f} agents, {row['p_wait']}")
def test_erlang_c_gives_the_table(row):
    """To the six decimals printed there, the arrival rate included."""
    found = erlang_c(row["lambda_per_min"] / 60, row["aht_min"] * 60, int(row["agents"]))
    assert found.wait_probability == pytest.approx(row["p_wait"], abs=2e-6)
    assert found.mean_wait == pytest.approx(row["asa_sec"], rel=5e-6)
    assert found.service_level(row["service_level_T_sec"]) == pytest.approx(row["service_level"], abs=2e-6)
    assert found.occupancy == pytest.approx(row["occupancy"], abs=2e-6)
    assert found.mean_queue == pytest.approx(row["mean_queue"], rel=5e-6)


@pytest.mark.parametrize("row", table("erlang_a"), ids=lambda row: f"{row['agents']:.0f} agents, {row['p_wait']}")
def test_erlang_a_gives_the_table(row):
    found = erlang_a(row["lambda_per_min"] / 60, row["aht_min"] * 60, int(row["agents"]), row["patience_min"] * 60)
    assert found.wait_probability == pytest.approx(row["p_wait"], abs=2e-6)
    assert found.abandonment == pytest.approx(row["p_abandon"], abs=2e-6)
    assert found.mean_wait == pytest.approx(row["mean_wait_sec"], rel=5e-6)
    assert found.occupancy == pytest.approx(row["occupancy"], abs=2e-6)
    assert found.mean_queue == pytest.approx(row["mean_queue"], rel=5e-6)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    agents=st.integers(1, 3000), load=st.floats(0.2, 10.0), patience=st.floats(-3.0, 1.5), service_time=st.floats(-1.0, 4.0)
)
def test_erlang_a_is_the_stationary_chain(agents, load, patience, service_time):
    """At any load, from patience of a thousandth of a service to 30 services; what is too small to count is left out."""
    service_time, rate = 10.0**service_time, load * agents / 10.0**service_time
    patience = service_time * 10.0**patience
    waits, queue, occupancy = chain(rate, service_time, agents, patience)
    found = erlang_a(rate, service_time, agents, patience)
    assert found.wait_probability == pytest.approx(waits, rel=1e-8, abs=1e-200)
    assert found.mean_queue == pytest.approx(queue, rel=1e-8, abs=1e-200)
    assert found.abandonment == pytest.approx(queue / patience / rate, rel=1e-8, abs=1e-200)
    assert found.occupancy == pytest.approx(occupancy, rel=1e-8)


def test_people_who_hardly_ever_give_up_make_erlang_c_of_erlang_a():
    patient, never = erlang_a(0.2, 240.0, 55, 1e12), erlang_a(0.2, 240.0, 55, math.inf)
    assert never == erlang_c(0.2, 240.0, 55)
    assert patient.wait_probability == pytest.approx(never.wait_probability, rel=1e-6)
    assert patient.mean_wait == pytest.approx(never.mean_wait, rel=1e-6)
    assert patient.service_level(15.0) == pytest.approx(never.service_level(15.0), rel=1e-6)


def test_one_agent_waits_as_textbooks_say():
    """M/M/1: wait with probability rho, for rho / (1 - rho) services on average."""
    one = erlang_c(0.8, 1.0, 1)
    assert (one.wait_probability, one.mean_wait) == (pytest.approx(0.8), pytest.approx(4.0))
    assert one.service_level(2.0) == pytest.approx(1.0 - 0.8 * math.exp(-0.4))


def test_blocking_of_erlang_b():
    """10 Erlang on 10 lines lose 21.458 % of the calls (printed in any Erlang-B table)."""
    assert erlang_b(10.0, 10) == pytest.approx(0.21458, abs=5e-6)


@pytest.mark.parametrize("agents", [1, 7, 400, 5000])
@pytest.mark.parametrize("load", [0.3, 0.99, 1.0, 1.2, 6.0])
@pytest.mark.parametrize("patience", [0.01, 1.0, 300.0, 1e7])
def test_parts_agree_with_one_another(agents, load, patience):
    """All waits come from all customers: served and lost together, and a service level that grows to the share served."""
    found = erlang_a(load * agents / 60.0, 60.0, agents, patience)
    levels = [found.service_level(seconds) for seconds in (0.0, 0.1, 10.0, 100.0, 1e4, 1e9)]
    assert levels == sorted(levels)
    assert levels[0] == pytest.approx(1.0 - found.wait_probability, abs=1e-9)
    assert levels[-1] == pytest.approx(1.0 - found.abandonment, abs=1e-8)
    assert found.occupancy == pytest.approx(load * (1.0 - found.abandonment), rel=1e-6)
    assert 0.0 <= found.abandonment <= found.wait_probability <= 1.0
    assert found.service_level(-1.0) == 0.0


@pytest.mark.parametrize("patience", [20.0, 600.0, math.inf])
def test_quantiles_of_the_offered_wait_have_its_moments(patience):
    """Means over 200,000 equally spaced quantiles: who waits, how long until served or gone, how many go."""
    found = erlang_a(12 / 60, 240.0, 50, patience)
    wait = found.offered_wait((np.arange(200_000) + 0.5) / 200_000)
    stays = np.exp(-wait / patience)
    gone = 1.0 - stays
    assert np.all(np.diff(wait) >= 0.0)
    assert np.mean(wait > 0.0) == pytest.approx(found.wait_probability, abs=1e-5)
    assert np.mean(gone) == pytest.approx(found.abandonment, rel=1e-3)
    assert np.mean(wait * stays) / np.mean(stays) == pytest.approx(found.mean_wait_served, rel=1e-3)
    assert np.mean((wait <= 15.0) * stays) == pytest.approx(found.service_level(15.0), rel=1e-3)


def test_quantiles_of_erlang_c_are_those_of_an_exponential():
    found = erlang_c(12 / 60, 240.0, 55)
    luck = np.array([0.5, 0.8, 0.9, 0.999, 1.0 - 1e-7])
    beyond = np.log(found.wait_probability / (1.0 - luck)) * 240.0 / (55 - 48)
    np.testing.assert_allclose(found.offered_wait(luck), np.maximum(beyond, 0.0), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((1.0, 60.0, 60), "grows for ever"),
        ((-1.0, 60.0, 60), "arrival rate"),
        ((math.nan, 60.0, 60), "arrival rate"),
        ((1.0, 0.0, 60), "service time"),
        ((1.0, 60.0, 0), "at least one agent"),
    ],
)
def test_what_has_no_answer_is_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        erlang_c(*arguments)


def test_patience_must_be_positive():
    with pytest.raises(ValueError, match="patience"):
        erlang_a(1.0, 60.0, 60, 0.0)


def test_nobody_waits_where_nobody_comes():
    assert erlang_a(0.0, 60.0, 3, 60.0).wait_probability == 0.0
    assert erlang_c(0.0, 60.0, 3).service_level(0.0) == 1.0
