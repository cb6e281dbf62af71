"""Keyed luck: the generator is Philox, its uniforms are uniform and independent, its transforms accurate and monotone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from regulars.sim.core import draws
from regulars.sim.core.declare import word

f32, u64 = np.float32, np.uint64
ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""


def uniforms(n: int, *, seed: int = 1, stream: str = "life.gap", replication: int = 0, occasion: int = 0, first: int = 0) -> np.ndarray:
    key = (u64(seed), u64(word(stream)), u64(replication))
    return np.array([draws.uniform(key, person, occasion, 0) for person in range(first, first + n)], np.float64)


# Known answers of Philox 4x32-10: Salmon et al. 2011, file kat_vectors of the Random123 distribution.
@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ],
)
def test_philox_gives_its_known_answers(counter, key, answer):
    words = draws.philox(*(u64(one) for one in (*counter, *key)))
    assert tuple(int(one) for one in words) == answer


def test_the_uniform_is_never_0_and_never_1():
    ends = [draws.to_unit(u64(0)), draws.to_unit(u64(0xFFFFFFFF))]
    assert 0.0 < ends[0] < 1e-7
    assert 1.0 - 1e-7 < ends[1] < 1.0


def test_exp_is_accurate_to_2e_7():
    x = np.linspace(-80, 80, 20_001).astype(f32)
    ours = np.array([draws.exp32(one) for one in x], np.float64)
    assert np.abs(ours / np.exp(x.astype(np.float64)) - 1.0).max() < 2e-7


def test_exp_is_exactly_1_at_0_so_that_an_absent_term_changes_no_byte():
    assert draws.exp32(f32(0.0)) == 1.0


def test_log_is_accurate_to_1e_6():
    x = np.exp(np.linspace(-80, 80, 20_001)).astype(f32)
    ours = np.array([draws.log32(one) for one in x], np.float64)
    exact = np.log(x.astype(np.float64))
    assert (np.abs(ours - exact) / np.maximum(1.0, np.abs(exact))).max() < 1e-6


def test_normal_quantile_is_accurate_to_5e_6():
    u = np.concatenate([np.linspace(1e-4, 1 - 1e-4, 10_001), 10.0 ** np.linspace(-6.9, -4, 200)]).astype(f32)
    ours = np.array([draws.normal32(one) for one in u], np.float64)
    exact = ndtri(u.astype(np.float64))
    assert (np.abs(ours - exact) / np.maximum(1.0, np.abs(exact))).max() < 5e-6


@pytest.mark.parametrize("shape", [0.1, 0.243, 1.0, 6.25, 50.0])
def test_gamma_quantiles_are_accurate_to_5e_5(shape):
    u = np.concatenate([np.linspace(0.001, 0.999, 2001), 10.0 ** np.linspace(-6, -3, 50), 1 - 10.0 ** np.linspace(-6, -3, 50)]).astype(f32)
    table = draws.gamma_table(shape)
    ours = np.array([draws.log_quantile(table, one) for one in u], np.float64)
    exact = np.log(stats.gamma.ppf(u.astype(np.float64), shape))
    held = exact > -80.0
    assert np.abs(ours - exact)[held].max() < 5e-5


def test_gamma_quantiles_with_a_mean_have_that_mean():
    # Erlang-3 gaps with mean 1, integrated over 100,000 equally spaced uniforms; the tails left out weigh 1e-5.
    u = ((np.arange(100_000) + 0.5) / 100_000).astype(f32)
    table = draws.gamma_table(3.0, 1.0)
    assert np.mean([draws.quantile(table, one) for one in u]) == pytest.approx(1.0, abs=5e-4)


def test_lognormal_quantiles_are_accurate_to_5e_5():
    u = np.linspace(0.0005, 0.9995, 1999).astype(f32)
    ours = np.array([draws.log_quantile(draws.lognormal_table(0.62), one) for one in u], np.float64)
    assert np.abs(ours - 0.62 * ndtri(u.astype(np.float64))).max() < 5e-5


@pytest.mark.parametrize("shape", [0.05, 0.243, 3.0])
def test_quantiles_never_fall_as_luck_rises(shape):
    steps = np.arange(2**23 - 60_000, 2**23, dtype=np.float64)
    for u in (np.linspace(1e-6, 1 - 1e-6, 60_001).astype(f32), ((steps + 0.5) * 2.0**-23).astype(f32)):
        values = np.array([draws.quantile(draws.gamma_table(shape), one) for one in u])
        assert (np.diff(values) >= 0.0).all()


@pytest.mark.parametrize("field", ["first", "occasion", "replication", "seed"])
def test_uniforms_are_uniform_along_every_key(field):
    n, bins = 60_000, 128
    if field == "first":
        values = uniforms(n)
    else:
        keys: list[dict[str, Any]] = [{"seed": 1, "replication": 0, "occasion": 0, field: at} for at in range(n // 20)]
        values = np.concatenate([uniforms(20, **key) for key in keys])
    counts = np.histogram(values, bins, (0.0, 1.0))[0]
    chi_square = ((counts - n / bins) ** 2 / (n / bins)).sum()
    assert chi_square < stats.chi2.isf(ALARM, bins - 1)


@pytest.mark.parametrize(
    "other",
    [{"stream": "life.value"}, {"replication": 1}, {"seed": 2}, {"occasion": 1}, {"first": 1}],
    ids=lambda one: next(iter(one)),
)
def test_luck_of_neighboring_keys_is_independent(other):
    n, bins = 40_000, 16
    table = np.histogram2d(uniforms(n), uniforms(n, **other), bins, ((0, 1), (0, 1)))[0]
    chi_square = ((table - n / bins**2) ** 2 / (n / bins**2)).sum()
    assert chi_square < stats.chi2.isf(ALARM, bins**2 - 1)


def test_the_two_uniforms_of_a_pair_are_independent_and_the_first_is_the_single_one():
    key = (u64(1), u64(word("life.gap")), u64(0))
    pairs = np.array([draws.uniform_pair(key, person, 0, 0) for person in range(40_000)])
    table = np.histogram2d(pairs[:, 0], pairs[:, 1], 16, ((0, 1), (0, 1)))[0]
    assert ((table - 40_000 / 256) ** 2 / (40_000 / 256)).sum() < stats.chi2.isf(ALARM, 255)
    assert pairs[7, 0] == draws.uniform(key, 7, 0, 0)


def test_a_draw_depends_on_its_key_alone():
    key = (u64(3), u64(word("life.gap")), u64(2))
    before = draws.uniform(key, 11, 5, 1)
    for other in range(100):
        draws.uniform(key, other, 5, 1)
    assert draws.uniform(key, 11, 5, 1) == before
