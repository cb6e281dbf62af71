"""How much can be asked for at most: the same in scenarios, in Python and in the options of the command."""

from __future__ import annotations

MOST_WEEKS = 1040
"""Weeks of a run."""

MOST_REPLICATIONS = 100_000
"""Independent repetitions of luck."""

MOST_DRAWS = 100_000
"""Joint draws of uncertain parameters."""

MOST_THREADS = 1024
"""Threads in all."""
