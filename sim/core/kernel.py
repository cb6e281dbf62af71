"""Kernels: plain Python loops over arrays, compiled when they are first called.

A kernel takes arrays and scalars only, outputs first, then inputs, then parameters, then ``start`` and
``stop``; it loops over ``range(start, stop)`` and allocates nothing. The same source runs uncompiled when the
environment variable ``REGULARS_PLAIN_KERNELS`` is set, which is slow and good for debugging and for tests.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

PLAIN = bool(os.environ.get("REGULARS_PLAIN_KERNELS"))


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


CACHE = cache_folder()


def is_warm() -> bool:
    """Whether kernels have been compiled on this machine before."""
    return PLAIN or (CACHE.is_dir() and any(CACHE.iterdir()))


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def kernel(function: Function) -> Function:
    """Compile `function` on first call, without the interpreter lock, and keep the machine code on disk."""
    if PLAIN:
        return _quiet(function)
    import numba
    from numba.core import config

    keep = _writable(CACHE)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(CACHE) if keep else before
    try:
        return numba.njit(function, nogil=True, cache=keep, error_model="numpy")  # type: ignore[return-value]
    finally:
        config.CACHE_DIR = before


def _quiet(function: Function) -> Function:
    """The function itself, with numpy's scalar overflow (wanted in integer hashing) not reported."""

    def plain(*arguments: Any) -> Any:
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return function(*arguments)

    plain.__name__ = function.__name__
    plain.__doc__ = function.__doc__
    return plain  # type: ignore[return-value]
