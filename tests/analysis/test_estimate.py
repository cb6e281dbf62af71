import dataclasses
import inspect

import pytest

from regulars.analysis.estimate import Estimate


def test_an_estimate_cannot_be_changed_after_the_fact():
    found = Estimate(1.0, (0.5, 1.5), "by hand", "an answer", 3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.value = 2.0  # pyright: ignore[reportAttributeAccessIssue]


def test_every_attribute_is_documented():
    told = inspect.getdoc(Estimate) or ""
    undocumented = [one.name for one in dataclasses.fields(Estimate) if f"    {one.name}: " not in told]
    assert undocumented == []
