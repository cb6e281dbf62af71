"""Operating characteristics of an estimator: how far from a known truth it lands, and how often it misleads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Figure:
    """A number found by simulation.

    Attributes:
        value: The number; None where the worlds have nothing to say, such as the sign of effects that were never significant.
        mc_se: Its Monte-Carlo standard error over the worlds; None where there is one world or none.
    """

    value: float | None
    mc_se: float | None


def operating_characteristics(
    estimate: np.ndarray, low: np.ndarray, high: np.ndarray, p_value: np.ndarray, truth: np.ndarray, null_p: np.ndarray, *, alpha: float
) -> dict[str, Figure]:
    """What an estimator does over worlds whose truth is known.

    Args:
        estimate, low, high, p_value: What it found in each world, shape (worlds,); not a number where it refused.
        truth: The effect in each world, shape (worlds,).
        null_p: Its p-value in the same worlds without any treatment, shape (worlds,).
        alpha: Level of the tests.

    Returns:
        ``bias`` (mean of estimate - truth), ``relative_bias`` (over the mean truth), ``sd`` (of the estimates), ``rmse``, ``coverage``
        (of the truth of each world), ``false_positive_rate`` (share of `null_p` below alpha), ``power`` (share of `p_value` below alpha),
        ``wrong_sign`` and ``exaggeration`` (among these: share with the other sign than the mean truth, and mean of |estimate| over |mean
        truth|), ``refused`` (share of worlds without an estimate).
        Source: sign and magnitude errors Gelman & Carlin (2014), Perspectives on Psychological Science 9(6).
    """
    given = np.isfinite(estimate)
    found, aim = estimate[given], truth[given]
    miss, mean_truth = found - aim, float(np.mean(truth)) if len(truth) else 0.0
    significant = found[p_value[given] < alpha]
    covered = (low[given] <= aim) & (aim <= high[given])
    bias, square = _mean(miss), _mean(miss**2)
    relative = Figure(None, None) if bias.value is None or mean_truth == 0.0 else _over(bias, mean_truth)
    return {
        "bias": bias,
        "relative_bias": relative,
        "sd": _sd(found),
        "rmse": _root(square),
        "coverage": share(covered),
        "false_positive_rate": share(null_p[np.isfinite(null_p)] < alpha),
        "power": share(p_value[given] < alpha),
        "wrong_sign": Figure(None, None) if mean_truth == 0.0 else share(np.sign(significant) != np.sign(mean_truth)),
        "exaggeration": Figure(None, None) if mean_truth == 0.0 else _mean(np.abs(significant) / abs(mean_truth)),
        "refused": share(~given),
    }


def _mean(values: np.ndarray) -> Figure:
    if not len(values):
        return Figure(None, None)
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return Figure(float(np.mean(values)), error)


def share(hits: np.ndarray) -> Figure:
    """A share with its binomial error, by Agresti & Coull's two added hits and misses so that 0 and 1 are not taken as certain."""
    n = len(hits)
    if not n:
        return Figure(None, None)
    near = (float(np.sum(hits)) + 2.0) / (n + 4.0)
    return Figure(float(np.mean(hits)), float(np.sqrt(near * (1.0 - near) / (n + 4.0))))


def _sd(values: np.ndarray) -> Figure:
    if len(values) < 2:
        return Figure(None, None)
    sd = float(np.std(values, ddof=1))
    # Delta method on the variance, whose error hangs on the fourth moment.
    centered = values - np.mean(values)
    spread = float(np.sqrt(max(np.mean(centered**4) - np.mean(centered**2) ** 2, 0.0) / len(values)))
    return Figure(sd, spread / (2.0 * sd) if sd > 0.0 else 0.0)


def _root(square: Figure) -> Figure:
    if square.value is None:
        return square
    root = float(np.sqrt(square.value))
    return Figure(root, None if square.mc_se is None else square.mc_se / (2.0 * root) if root > 0.0 else 0.0)


def _over(figure: Figure, whole: float) -> Figure:
    value = None if figure.value is None else figure.value / abs(whole)
    return Figure(value, None if figure.mc_se is None else figure.mc_se / abs(whole))
