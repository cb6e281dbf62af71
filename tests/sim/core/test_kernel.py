"""Kernels become machine code when first called, once, whoever calls them; and run as plain Python when asked."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regulars.sim.core import kernel as module
from regulars.sim.core.draws import uniform
from regulars.sim.core.kernel import PLAIN, Kernel, kernel

compiled_only = pytest.mark.skipif(PLAIN, reason="kernels run as plain Python here")


@kernel
def add_luck(luck, key, scale, start, stop):
    """A kernel that calls one of another module."""
    for i in range(start, stop):
        luck[i] = uniform(key, i, 1, 0) * scale


@kernel
def double(x):
    """Called by a kernel only."""
    return x + x


@kernel
def add_doubles(out, values, start, stop):
    """Calls a kernel that nobody has called yet."""
    for i in range(start, stop):
        out[i] = double(values[i])


KEY = (np.uint64(1), np.uint64(2), np.uint64(0))


def source_of(one: Any) -> Any:
    """The Python function of a kernel."""
    return one.py_func


def test_a_kernel_equals_its_python_source():
    compiled, plain = np.zeros(50, np.float32), np.zeros(50, np.float32)
    add_luck(compiled, KEY, np.float32(2.0), 0, 50)
    with np.errstate(over="ignore"):
        source_of(add_luck)(plain, KEY, np.float32(2.0), 0, 50)
    assert np.allclose(compiled, plain, rtol=1e-6)
    assert compiled.std() > 0


@compiled_only
def test_a_kernel_is_compiled_with_the_kernels_it_calls(monkeypatch):
    # A caller that comes from the disk is not compiled.
    monkeypatch.setattr(module, "_writable", lambda folder: False)
    assert isinstance(double, Kernel)
    assert double.dispatcher is None
    out = np.zeros(3)
    add_doubles(out, np.arange(3.0), 0, 3)
    assert out.tolist() == [0.0, 2.0, 4.0]
    assert double.dispatcher is not None


@compiled_only
def test_threads_that_call_first_at_once_share_one_dispatcher():
    def add_up(out, start, stop):
        for i in range(start, stop):
            out[0] += i

    total = Kernel(add_up)
    results, made = [], set()

    def call():
        out = np.zeros(1)
        total(out, 0, 10)
        results.append(out[0])
        made.add(id(total.dispatcher))

    threads = [threading.Thread(target=call) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert results == [45.0] * 6
    assert len(made) == 1


def test_a_kernel_keeps_name_doc_and_source():
    assert (add_luck.__name__, add_luck.__module__) == ("add_luck", __name__)
    assert add_luck.__doc__ == "A kernel that calls one of another module."
    assert source_of(add_luck).__code__.co_varnames[:2] == ("luck", "key")


PROGRAM = """
import sys
from regulars.sim.core import draws
from regulars.sim import catalog
catalog.components()
print("numba" in sys.modules)
import numpy as np
key = (np.uint64(1), np.uint64(2), np.uint64(0))
print(float(draws.uniform(key, 5, 1, 0)))
dispatcher = getattr(draws.uniform, "dispatcher", None)
print(sum(dispatcher.stats.cache_hits.values()) if dispatcher is not None else -1)
"""


def run(folder: Path, **environment: str) -> list[str]:
    environment = {**os.environ, "REGULARS_CACHE_DIR": str(folder), **environment}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_reading_all_components_starts_no_compiler_and_a_second_process_finds_the_code(tmp_path):
    environment = {"REGULARS_PLAIN_KERNELS": ""}
    first, second = run(tmp_path, **environment), run(tmp_path, **environment)
    assert [first[0], second[0]] == ["False", "False"]
    assert first[1] == second[1]
    assert [first[2], second[2]] == ["0", "1"]
    plain = run(tmp_path, REGULARS_PLAIN_KERNELS="1")
    assert plain == ["False", first[1], "-1"]


def test_the_cache_folder_is_the_users_and_named_after_the_sources(monkeypatch, tmp_path):
    module.cache_folder.cache_clear()
    monkeypatch.setenv("REGULARS_CACHE_DIR", str(tmp_path))
    try:
        folder = module.cache_folder()
        assert folder.is_relative_to(tmp_path)
        assert folder.name.startswith("kernels-")
        assert PLAIN or not module.is_warm()
    finally:
        module.cache_folder.cache_clear()


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    assert not module._writable(tmp_path / "file" / "inner")
    assert module._writable(tmp_path / "new")
