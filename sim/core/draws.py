"""Keyed random numbers: a draw is a pure function of who, when, what for and which replication.

Philox 4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3") turns a counter
(person, occasion, draw, replication) under a key (seed, stream) into four 32-bit words. There is no hidden state:
the n-th order of a person meets the same luck in every scenario, on any number of threads. All transforms are
monotone in the uniform. exp, log and the normal quantile are written out as single float32 operations, so that
their bits do not depend on the processor or a library version.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from .kernel import kernel

f32, i32, u32, u64 = np.float32, np.int32, np.uint32, np.uint64

_M0, _M1 = u64(0xD2511F53), u64(0xCD9E8D57)
_W0, _W1 = u64(0x9E3779B9), u64(0xBB67AE85)
_LOW, _SHIFT = u64(0xFFFFFFFF), u64(32)
_DROP = u64(9)
# 23 bits and a half: with 24 bits the largest uniform would round up to 1.0 in float32.
_STEP, _HALF = f32(2.0**-23), f32(0.5)
_ONE, _TWO = f32(1.0), f32(2.0)


@kernel
def philox(c0, c1, c2, c3, k0, k1):
    """Ten Philox rounds on four 32-bit counter words under two key words, all held in uint64."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _SHIFT) ^ c1 ^ k0, p1 & _LOW, (p0 >> _SHIFT) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@kernel
def to_unit(word):
    """A 32-bit word as float32 strictly between 0 and 1."""
    return (f32(i32(word >> _DROP)) + _HALF) * _STEP


@kernel
def uniform(key, person, occasion, draw):
    """Uniform in (0, 1) for `key` = (seed, stream, replication)."""
    word, _, _, _ = philox(u64(person), u64(occasion), u64(draw), key[2], key[0], key[1])
    return to_unit(word)


@kernel
def uniform_pair(key, person, occasion, draw):
    """Two independent uniforms of one draw."""
    first, second, _, _ = philox(u64(person), u64(occasion), u64(draw), key[2], key[0], key[1])
    return to_unit(first), to_unit(second)


@kernel
def exp32(x):
    """Exponential in float32, relative error below 2e-7 (Cephes expf by S. Moshier)."""
    x = min(max(f32(x), f32(-87.0)), f32(87.0))
    n = (x * f32(1.44269504088896341) + f32(12582912.0)) - f32(12582912.0)
    r = x - n * f32(0.693359375)
    r = r - n * f32(-2.12194440e-4)
    p = f32(1.9875691500e-4)
    p = p * r + f32(1.3981999507e-3)
    p = p * r + f32(8.3334519073e-3)
    p = p * r + f32(4.1665795894e-2)
    p = p * r + f32(1.6666665459e-1)
    p = p * r + f32(5.0000001201e-1)
    p = p * r * r + r + _ONE
    power = i32((i32(n) + i32(127)) << i32(23))
    return p * np.int32(power).view(np.float32)


@kernel
def log32(x):
    """Natural logarithm in float32 for normal x > 0, absolute error below 1e-6 (Cephes logf by S. Moshier)."""
    bits = np.float32(x).view(np.int32)
    e = i32((bits >> i32(23)) - i32(126))
    m = np.int32((bits & i32(0x007FFFFF)) | i32(0x3F000000)).view(np.float32)
    if m < f32(0.707106781186547524):
        e = i32(e - i32(1))
        m = m + m
    m = m - _ONE
    z = m * m
    p = f32(7.0376836292e-2)
    p = p * m + f32(-1.1514610310e-1)
    p = p * m + f32(1.1676998740e-1)
    p = p * m + f32(-1.2420140846e-1)
    p = p * m + f32(1.4249322787e-1)
    p = p * m + f32(-1.6668057665e-1)
    p = p * m + f32(2.0000714765e-1)
    p = p * m + f32(-2.4999993993e-1)
    p = p * m + f32(3.3333331174e-1)
    y = m * z * p
    ef = f32(e)
    y = y + ef * f32(-2.12194440e-4)
    y = y - _HALF * z
    return m + y + ef * f32(0.693359375)


@kernel
def normal32(u):
    """Standard normal quantile of u in (0, 1) (erfinv of Giles 2010, "Approximating the erfinv function")."""
    u = f32(u)
    x = _TWO * u - _ONE
    w = -log32(f32(4.0) * u * (_ONE - u))
    if w < f32(5.0):
        a = w - f32(2.5)
        p = f32(2.81022636e-08)
        p = f32(3.43273939e-07) + p * a
        p = f32(-3.5233877e-06) + p * a
        p = f32(-4.39150654e-06) + p * a
        p = f32(0.00021858087) + p * a
        p = f32(-0.00125372503) + p * a
        p = f32(-0.00417768164) + p * a
        p = f32(0.246640727) + p * a
        p = f32(1.50140941) + p * a
    else:
        a = f32(np.sqrt(w)) - f32(3.0)
        p = f32(-0.000200214257)
        p = f32(0.000100950558) + p * a
        p = f32(0.00134934322) + p * a
        p = f32(-0.00367342844) + p * a
        p = f32(0.00573950773) + p * a
        p = f32(-0.0076224613) + p * a
        p = f32(0.00943887047) + p * a
        p = f32(1.00167406) + p * a
        p = f32(2.83297682) + p * a
    return f32(1.41421356) * x * p


KNOTS = 4096
_EDGE = f32(17.0)
_SCALE = f32((KNOTS - 1) / 34.0)
# A table may carry at most this step, in log units, from knot to knot before float32 cannot hold it.
_FLOOR, _CEILING = -86.0, 86.0


@kernel
def logit32(u):
    """log(u / (1 - u)) of a uniform."""
    return log32(u) - log32(_ONE - u)


@kernel
def log_quantile(table, u):
    """log of the quantile that `table` (see `tabulate`) holds, at the uniform `u`; monotone in `u`."""
    place = (logit32(u) + _EDGE) * _SCALE
    knot = i32(place)
    knot = min(max(knot, i32(0)), i32(KNOTS - 2))
    share = place - f32(knot)
    below = table[knot]
    return below + (table[knot + 1] - below) * share


@kernel
def quantile(table, u):
    """The quantile that `table` holds, at the uniform `u`."""
    return exp32(log_quantile(table, u))


def tabulate(quantile_function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """log of a positive distribution's quantiles at 4,096 knots, equally spaced in logit(u).

    Args:
        quantile_function: Takes u and 1 - u (float64, both precise in their tail), returns quantiles > 0.

    Returns:
        float32 array of shape (4096,), non-decreasing. Linear interpolation between the knots has a relative error of
        about 1e-5 for the distributions used here.
    """
    place = np.linspace(-float(_EDGE), float(_EDGE), KNOTS)
    u, rest = 1.0 / (1.0 + np.exp(-place)), 1.0 / (1.0 + np.exp(place))
    with np.errstate(divide="ignore"):
        logs = np.log(quantile_function(u, rest))
    return np.maximum.accumulate(np.clip(logs, _FLOOR, _CEILING)).astype(np.float32)


@lru_cache(maxsize=256)
def gamma_table(shape: float, mean: float = 0.0) -> np.ndarray:
    """Quantiles of a gamma distribution with `shape` and unit rate; with `mean` > 0, scaled to that mean."""
    from scipy.special import gammainccinv, gammaincinv

    scale = mean / shape if mean > 0.0 else 1.0

    def quantiles(u: np.ndarray, rest: np.ndarray) -> np.ndarray:
        return scale * np.where(u < 0.5, gammaincinv(shape, u), gammainccinv(shape, rest))

    table = tabulate(quantiles)
    table.flags.writeable = False
    return table


@lru_cache(maxsize=64)
def lognormal_table(sd: float) -> np.ndarray:
    """Quantiles of exp(sd * z), z standard normal: median 1."""
    from scipy.special import ndtri

    def quantiles(u: np.ndarray, rest: np.ndarray) -> np.ndarray:
        return np.exp(sd * np.where(u < 0.5, ndtri(u), -ndtri(rest)))

    table = tabulate(quantiles)
    table.flags.writeable = False
    return table
