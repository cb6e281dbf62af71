"""Estimators of A/B metrics: one file a kind, found by walking this folder."""

from __future__ import annotations

import importlib
import pkgutil

from .estimator import Contrast, Estimator, Sample

__all__ = ["Contrast", "Estimator", "Sample", "estimators"]


def estimators() -> dict[str, type[Estimator]]:
    """Estimators by kind, sorted; imports every module beside this one."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(Estimator.kinds.items()))
