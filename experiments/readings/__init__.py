"""Ways to read a test, a file each."""

from __future__ import annotations

import importlib
import pkgutil

from .reading import Reading


def readings() -> dict[str, Reading]:
    """Every way to read a test by its name, in alphabetical order."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return {name: Reading.kinds[name]() for name in sorted(Reading.kinds)}
