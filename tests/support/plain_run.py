"""The small market on a hundred people, all components on, written to a file; run as a script to leave kernels uncompiled."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import small_market

WEEKS = 7


def tables() -> Iterator[tuple[str, np.ndarray]]:
    """Name and values of every field, term and total at the end of each variant's run."""
    for variants in small_market.alternatives():
        components = small_market.every_component(**variants)
        model = small_market.model(small_market.setting(components, customers=60, prospects=40, weeks=WEEKS)).run()
        label = " ".join(f"{one}={variant}" for one, variant in variants.items()) or "default"
        for name, array in model.world.arrays():
            yield f"{label} {name}", array
        yield f"{label} totals", model.world.totals.recorded()
        for name in ("log_purchase", "log_order_value", "log_attrition", "acquisition"):
            yield f"{label} rates.{name}", getattr(model.world.rates, name)


if __name__ == "__main__":
    np.savez(sys.argv[1], allow_pickle=False, **dict(tables()))
