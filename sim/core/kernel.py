"""Kernels: plain Python loops over arrays, compiled when they are first called.

A kernel takes arrays and scalars only, outputs first, then inputs, then parameters, then ``start`` and
``stop``; it loops over ``range(start, stop)`` and allocates nothing. The same source runs uncompiled when the
environment variable ``REGULARS_PLAIN_KERNELS`` is set, which is slow and good for debugging and for tests.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

PLAIN = bool(os.environ.get("REGULARS_PLAIN_KERNELS"))

_lock = threading.RLock()


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """Where compiled kernels are kept: a user folder, one for each state of the simulation's source.

    Compiled callers do not notice when a function they call has changed, so the folder's name carries a digest of
    all sources. ``REGULARS_CACHE_DIR`` overrides the user folder.
    """
    root = os.environ.get("REGULARS_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    base = Path(root) if root else Path.home() / ".cache"
    digest = hashlib.sha256()
    sources = Path(__file__).resolve().parent.parent
    for path in sorted(sources.rglob("*.py")):
        digest.update(path.relative_to(sources).as_posix().encode())
        digest.update(path.read_bytes())
    return base / "regulars" / f"kernels-{digest.hexdigest()[:16]}"


def is_warm() -> bool:
    """Whether kernels have been compiled on this machine before."""
    return PLAIN or (cache_folder().is_dir() and any(cache_folder().iterdir()))


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


class Kernel:
    """A function that becomes machine code when it is first called, by Python or by another kernel.

    Until then nothing imports numba: the catalog, which reads every component, must answer in a fraction of the time
    that numba takes to start.

    Attributes:
        py_func: The Python source of it.
        dispatcher: What numba made of it, or None before the first call.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.py_func = self.__wrapped__ = function
        self.dispatcher: Any = None
        self.__name__, self.__qualname__ = function.__name__, function.__qualname__
        self.__module__, self.__doc__ = function.__module__, function.__doc__

    def __call__(self, *arguments: Any) -> Any:
        dispatcher = self.dispatcher
        if dispatcher is None:
            dispatcher = self.compile()
        return dispatcher(*arguments)

    def __repr__(self) -> str:
        return f"<kernel {self.__module__}.{self.__qualname__}>"

    def compile(self) -> Any:
        """The dispatcher, made once for all threads; its machine code follows with each new list of types."""
        with _lock:
            if self.dispatcher is None:
                self.dispatcher = _dispatcher(self.py_func)
            return self.dispatcher


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` on first call, without the interpreter lock, and keep the machine code on disk."""
    return _quiet(function) if PLAIN else Kernel(function)


def _dispatcher(function: Callable[..., Any]) -> Any:
    import numba
    from numba.core import config as numba_config

    # Its attributes are made at run time, which no type checker can see.
    config: Any = numba_config
    _teach_numba()
    folder = cache_folder()
    # Functions typed into a shell have no file, and numba can only keep what has one.
    keep = os.path.exists(function.__code__.co_filename) and _writable(folder)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder) if keep else before
    try:
        return numba.njit(function, nogil=True, cache=keep, error_model="numpy")
    finally:
        config.CACHE_DIR = before


@lru_cache(maxsize=1)
def _teach_numba() -> None:
    """Let a compiled kernel call kernels that nobody has called yet: where it meets one, numba sees its dispatcher."""
    from numba.core import types
    from numba.extending import typeof_impl

    @typeof_impl.register(Kernel)
    def _(value: Kernel, context: object) -> Any:
        return types.Dispatcher(value.compile())


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, with numpy's scalar overflow (wanted in integer hashing) not reported."""

    def plain(*arguments: Any) -> Any:
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return function(*arguments)

    plain.__name__, plain.__qualname__ = function.__name__, function.__qualname__
    plain.__module__, plain.__doc__ = function.__module__, function.__doc__
    vars(plain)["py_func"] = vars(plain)["__wrapped__"] = function
    return plain
