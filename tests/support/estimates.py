"""Numbers of an estimate that must be there."""

from regulars.analysis.estimate import Estimate


def ends(estimate: Estimate) -> tuple[float, float]:
    """Lower and upper end of its interval."""
    assert estimate.interval is not None, estimate.reason
    return estimate.interval


def value(estimate: Estimate) -> float:
    """Point estimate."""
    assert estimate.value is not None, estimate.reason
    return estimate.value
