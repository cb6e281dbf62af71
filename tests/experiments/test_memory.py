"""A market that the machine cannot hold is refused before it is built, with the memory that it needs."""

from __future__ import annotations

import pytest

from regulars.experiments import memory
from regulars.experiments.memory import GIB, TooLittleMemory, bytes_of, check_memory
from regulars.experiments.run import run
from regulars.scenarios import load
from regulars.sim.model import LoyaltyModel

SHOP = "library:online_shop/points_and_mail"


def shop(people):
    return load(SHOP).with_values({"market.customers": people // 2, "market.prospects": people - people // 2})


def test_the_estimate_is_that_of_the_arrays_there_are():
    scenario = shop(20_000)
    world = LoyaltyModel(scenario, collect=False).run(2).world
    people, ties = bytes_of(scenario)
    held = sum(array.nbytes for _, array in world.arrays())
    held += sum(array.nbytes for array in vars(world.rates).values() if hasattr(array, "nbytes"))
    assert people == pytest.approx(held, rel=0.25)
    # While it is built a network takes up to twice its place.
    assert 1.0 <= ties / (world.network.ties.nbytes + world.network.starts.nbytes) <= 2.0


def test_what_the_machine_cannot_hold_is_refused_before_it_is_built(monkeypatch):
    monkeypatch.setattr(memory, "most_bytes", lambda: 4.0 * GIB)
    with pytest.raises(TooLittleMemory) as caught:
        run(shop(50_000_000), replications=1)
    text = str(caught.value)
    assert text.startswith("market: 50,000,000 people need about 16 GiB of memory, 336 bytes each, and this machine has 4.0 GiB. Use fewer")
    assert "\n" not in text


def test_fewer_threads_are_the_way_out_where_one_replication_fits(monkeypatch):
    monkeypatch.setattr(memory, "most_bytes", lambda: 4.0 * GIB)
    check_memory([shop(10_000_000)], 1)
    with pytest.raises(TooLittleMemory, match=r"in 8 replications side by side need about .* Use --threads 1\."):
        check_memory([shop(10_000_000)], 8)


def test_a_limit_of_the_process_counts_as_the_machine():
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    everything = memory.most_bytes()
    assert everything is not None and everything > GIB / 2
    try:
        resource.setrlimit(resource.RLIMIT_AS, (int(everything) - 2**20, hard))
        assert memory.most_bytes() == int(everything) - 2**20
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
