"""Compiled kernels and the same functions as plain Python give the same people, to rounding."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import plain_run
import pytest

from regulars.sim.core.draws import exp32, log32, normal32, philox, uniform
from regulars.sim.core.kernel import PLAIN, Kernel


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """What the script finds in a process of its own, where kernels stay Python."""
    out = tmp_path_factory.mktemp("plain") / "tables.npz"
    environment = {**os.environ, "REGULARS_PLAIN_KERNELS": "1", "PYTHONPATH": os.path.dirname(plain_run.__file__)}
    subprocess.run([sys.executable, plain_run.__file__, str(out)], check=True, env=environment)
    with np.load(out) as found:
        return dict(found)


def differences(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> list[str]:
    """Names whose integers differ at all, or whose floats differ by more than a millionth."""
    found = [f"{name}: on one side only" for name in left.keys() ^ right.keys()]
    for name in left.keys() & right.keys():
        one, other = left[name], right[name]
        if one.dtype != other.dtype or one.shape != other.shape:
            found.append(f"{name}: {one.dtype}{one.shape} and {other.dtype}{other.shape}")
        elif one.dtype.kind == "f":
            if not np.allclose(one, other, rtol=1e-6, atol=1e-6):
                found.append(f"{name}: {np.max(np.abs(one - other)):.3g}")
        elif not np.array_equal(one, other):
            found.append(f"{name}: {int(np.sum(one != other))} differ")
    return sorted(found)


def test_compiled_and_plain_kernels_agree(plain):
    assert not PLAIN, "nothing is compiled in this process"
    compiled = dict(plain_run.tables())
    assert all(isinstance(one, Kernel) for one in (philox, exp32, log32, normal32, uniform))
    assert differences(compiled, plain) == []


def test_something_happened_in_that_market(plain):
    assert plain["default totals"].sum() > 0
    assert plain["default programs.points.redemptions"].sum() > 0
    assert plain["default customers.heard_strong"].dtype == np.uint16


def test_a_difference_is_found(plain):
    orders, loyalty = "default customers.n_orders", "default customers.loyalty"
    other = {**plain, orders: plain[orders] + np.int32(1), loyalty: plain[loyalty] * np.float32(1.00001)}
    assert [one.split(":")[0] for one in differences(plain, other)] == [loyalty, orders]
