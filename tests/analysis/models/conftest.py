"""The CDNOW sample as histories of its first 39 weeks, and the published figures about it."""

import json
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def golden():
    return json.loads((ROOT / "tests/golden/domain/cdnow_model_fits.json").read_text())


@pytest.fixture(scope="session")
def cdnow():
    """Frequency, recency, age, weeks of entry (end of day), and orders and mean value of repeat buyers."""
    import pandas as pd

    log = pd.read_csv(ROOT / "scenarios/library/online_shop/cdnow_sample.csv", parse_dates=["date"])
    log["day"] = (log.date - log.date.min()).dt.days
    seen = log[log.day <= 272].groupby(["customer_id", "day"], as_index=False).dollars.sum()
    days = seen.groupby("customer_id").day
    first, last, orders = days.min().to_numpy(), days.max().to_numpy(), days.size().to_numpy()
    repeat = seen[(seen.day > days.transform("min")) & (seen.dollars > 0)].groupby("customer_id").dollars
    return {
        "frequency": orders - 1.0,
        "recency": (last - first) / 7,
        "age": (272 - first) / 7,
        "entry": (first + 1) / 7,
        "orders": repeat.size().to_numpy(float),
        "mean_value": repeat.mean().to_numpy(),
    }


@pytest.fixture(scope="session")
def history(cdnow):
    return np.array([cdnow["frequency"], cdnow["recency"], cdnow["age"]])
