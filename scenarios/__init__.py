"""Scenario files: read, resolved, checked; and what is told about them. Nothing heavy is imported before it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .documents import (
        catalog_document,
        component_page,
        diff_document,
        from_tree,
        library_names,
        load,
        load_all,
        reference_page,
        schema_document,
        show_document,
        validate_files,
    )
    from .problem import Problem, ScenarioError
    from .scenario import Scenario

_HOMES = {
    **dict.fromkeys(
        (
            "catalog_document",
            "component_page",
            "diff_document",
            "from_tree",
            "library_names",
            "load",
            "load_all",
            "reference_page",
            "schema_document",
            "show_document",
            "validate_files",
        ),
        "documents",
    ),
    "Problem": "problem",
    "ScenarioError": "problem",
    "Scenario": "scenario",
}

__all__ = [
    "Problem",
    "Scenario",
    "ScenarioError",
    "catalog_document",
    "component_page",
    "diff_document",
    "from_tree",
    "library_names",
    "load",
    "load_all",
    "reference_page",
    "schema_document",
    "show_document",
    "validate_files",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
