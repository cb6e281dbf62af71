"""What a test is worth in money: how much better the decision is with it, and how large it should be.

A decision to roll out rests on the effect per customer, net of what the program costs. Before the test the effect is uncertain
(a prior); rolling out pays where the expected effect after the test is above 0. A test may be biased: where customers talk to each
other it measures a part of the effect only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, root
from scipy.special import ndtr

from .roots import crossing

DENSITY = 1.0 / np.sqrt(2.0 * np.pi)


def _density(z: np.ndarray | float) -> np.ndarray | float:
    return DENSITY * np.exp(-0.5 * np.square(z))


@dataclass(frozen=True)
class NormalPrior:
    """What is thought of the effect per customer before the test.

    Attributes:
        mean: Expected effect, money per customer.
        sd: Its standard deviation, above 0.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.mean) or not 0.0 < self.sd < np.inf:
            raise ValueError("a prior needs a mean and a standard deviation above 0")


@dataclass(frozen=True)
class Measurement:
    """What the test makes of the effect: (1 - dampening) effect + bias + noise.

    Attributes:
        noise_sd: Standard error of the difference that the test reports, above 0.
        dampening: Share of the effect that the test does not see, such as nu k in linear word of mouth; negative where it overstates.
        bias: Expected error that does not depend on the effect.
        bias_sd: Standard deviation of that error from test to test.
        known: Whether the decision allows for all this; otherwise it takes the test for unbiased.
    """

    noise_sd: float
    dampening: float = 0.0
    bias: float = 0.0
    bias_sd: float = 0.0
    known: bool = True

    def __post_init__(self) -> None:
        if not 0.0 < self.noise_sd < np.inf:
            raise ValueError("a test needs a standard error above 0")
        if not self.dampening < 1.0 or not np.isfinite(self.bias) or not 0.0 <= self.bias_sd < np.inf:
            raise ValueError("dampening must be below 1 and the spread of the bias 0 or more")

    @property
    def spread(self) -> float:
        """Standard deviation of what is measured, given the effect."""
        return float(np.hypot(self.noise_sd, self.bias_sd))


def noise_of_test(outcome_sd: float, n_control: float, n_treatment: float) -> float:
    """Standard error of a difference of means, outcome_sd sqrt(1 / n_control + 1 / n_treatment).

    Raises:
        ValueError: No spread or an empty arm.
    """
    if not (0.0 < outcome_sd < np.inf and n_control > 0 and n_treatment > 0):
        raise ValueError("a test needs outcomes that vary and customers in both arms")
    return float(outcome_sd * np.sqrt(1.0 / n_control + 1.0 / n_treatment))


@dataclass(frozen=True)
class ValueOfTest:
    """What a test is worth.

    Attributes:
        without_test: Expected gain of the best decision on the prior alone, money.
        evpi: Expected value of perfect information, money: no test is worth more.
        evsi: Expected value of the test's information, money; below 0 where a bias that is not allowed for misleads.
        net: `evsi` less the cost of the test.
        threshold: Observed difference from which to roll out; None where no observation would change the decision.
        rollout_probability: Probability that the test ends in rolling out.
        error_probability: Probability that the decision after the test is the wrong one.
        preposterior_sd: Standard deviation of the expected effect after the test, as seen before it; None where prior or
            decision are not those of the normal case.
        mc_se: Monte-Carlo standard error of `evsi` by the draws of the prior; 0 in closed form.
    """

    without_test: float
    evpi: float
    evsi: float
    net: float
    threshold: float | None
    rollout_probability: float
    error_probability: float
    preposterior_sd: float | None
    mc_se: float


def value_of_test(
    prior: NormalPrior | np.ndarray,
    measurement: Measurement,
    *,
    customers: float,
    cost: float = 0.0,
) -> ValueOfTest:
    """Value of testing before deciding whether to roll out.

    For a normal prior N(m, s^2) all is closed form. With M the measured difference, rolled out where M > c, and
    a = (E M - c) / sd M,

        E[effect; roll out] = m Phi(a) + cov(effect, M) / sd M * phi(a),   cov = (1 - dampening) s^2,

    where c is the observation at which the expected effect is 0. For an unbiased test this is the well-known
    EVSI = preposterior sd * unit normal loss, with preposterior sd = s^2 / sqrt(s^2 + noise^2).
    For draws (of the uncertain parameters of a scenario, say) the effect is summed over draws and the noise integrated.

    Args:
        prior: Of the effect per customer over the horizon that counts: normal, or draws of shape (draws,).
        measurement: What the test makes of the effect.
        customers: Whom the decision affects.
        cost: Of the test, money.

    Raises:
        ValueError: Fewer than two draws, draws that are no numbers, or no customers.

    Source: Raiffa & Schlaifer (1961), Applied Statistical Decision Theory.
    """
    if not 0.0 < customers < np.inf:
        raise ValueError("a decision affects customers")
    if isinstance(prior, NormalPrior):
        return _normal(prior, measurement, customers, cost)
    effect = np.asarray(prior, float)
    if effect.ndim != 1 or len(effect) < 2 or not np.all(np.isfinite(effect)):
        raise ValueError("a prior needs two draws or more, all of them numbers")
    return _drawn(effect, measurement, customers, cost)


def _normal(prior: NormalPrior, test: Measurement, customers: float, cost: float) -> ValueOfTest:
    slope, variance = 1.0 - test.dampening, prior.sd**2
    mean, sd = slope * prior.mean + test.bias, float(np.hypot(slope * prior.sd, test.spread))
    covariance = slope * variance
    if test.known:
        threshold = mean - prior.mean * sd**2 / covariance
        preposterior = covariance / sd
    else:
        threshold = -prior.mean * test.noise_sd**2 / variance
        preposterior = variance / float(np.hypot(prior.sd, test.noise_sd))
    a = (mean - threshold) / sd
    without = max(prior.mean, 0.0)
    with_test = float(prior.mean * ndtr(a) + covariance / sd * _density(a))
    perfect = float(prior.mean * ndtr(prior.mean / prior.sd) + prior.sd * _density(prior.mean / prior.sd))
    evsi = customers * (with_test - without)
    return ValueOfTest(
        without_test=customers * without,
        evpi=customers * (perfect - without),
        evsi=evsi,
        net=evsi - cost,
        threshold=threshold,
        rollout_probability=float(ndtr(a)),
        error_probability=_wrong(prior, slope, test, threshold),
        preposterior_sd=preposterior,
        mc_se=0.0,
    )


def _wrong(prior: NormalPrior, slope: float, test: Measurement, threshold: float) -> float:
    """Probability that effect and decision differ in sign, by quadrature over the effect on either side of 0."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    total = 0.0
    for low, high in ((min(prior.mean - 9.0 * prior.sd, 0.0), 0.0), (0.0, max(prior.mean + 9.0 * prior.sd, 0.0))):
        low, high = max(low, prior.mean - 9.0 * prior.sd), min(high, prior.mean + 9.0 * prior.sd)
        if high <= low:
            continue
        effect = low + (high - low) * (nodes + 1.0) / 2.0
        rolled = ndtr((slope * effect + test.bias - threshold) / test.spread)
        density = _density((effect - prior.mean) / prior.sd) / prior.sd
        total += float(weights @ (density * np.where(effect > 0.0, 1.0 - rolled, rolled))) * (high - low) / 2.0
    return total


def _drawn(effect: np.ndarray, test: Measurement, customers: float, cost: float) -> ValueOfTest:
    # What the one who decides believes of the test; with an unknown bias that is not what the test is.
    believed = test if test.known else Measurement(test.noise_sd)
    threshold = _threshold(effect, believed)
    if threshold is None:
        rolled = np.full(len(effect), float(effect.mean() > 0.0))
    else:
        rolled = ndtr(((1.0 - test.dampening) * effect + test.bias - threshold) / test.spread)
    without = max(float(effect.mean()), 0.0)
    gains = effect * rolled - (effect if effect.mean() > 0.0 else 0.0)
    evsi = customers * float(gains.mean())
    return ValueOfTest(
        without_test=customers * without,
        evpi=customers * (float(np.maximum(effect, 0.0).mean()) - without),
        evsi=evsi,
        net=evsi - cost,
        threshold=threshold,
        rollout_probability=float(rolled.mean()),
        error_probability=float(np.mean(np.where(effect > 0.0, 1.0 - rolled, np.where(effect < 0.0, rolled, 0.0)))),
        preposterior_sd=None,
        mc_se=customers * float(gains.std(ddof=1) / np.sqrt(len(gains))),
    )


def _threshold(effect: np.ndarray, test: Measurement) -> float | None:
    """Observation at which the expected effect, over draws of the prior, is 0; None where all draws have one sign."""
    if effect.min() >= 0.0 or effect.max() <= 0.0:
        return None
    center = (1.0 - test.dampening) * effect + test.bias

    def expected(observed: float) -> float:
        logs = -0.5 * ((observed - center) / test.spread) ** 2
        weight = np.exp(logs - logs.max())
        return float(weight @ effect / weight.sum())

    # The expected effect grows with what is observed: center grows with effect, and the noise is normal.
    low, high, step = float(center.min()), float(center.max()), test.spread
    for _ in range(60):
        if expected(low) < 0.0:
            break
        low, step = low - step, 2.0 * step
    step = test.spread
    for _ in range(60):
        if expected(high) > 0.0:
            break
        high, step = high + step, 2.0 * step
    return crossing(expected, low, high) if expected(low) < 0.0 < expected(high) else None


@dataclass(frozen=True)
class Arm:
    """What is thought of one version before the test, for Test & Roll.

    Attributes:
        mean: Prior mean of the profit per customer.
        sd: Prior standard deviation of that mean, above 0.
        noise_sd: Standard deviation of one customer's profit, above 0.
    """

    mean: float
    sd: float
    noise_sd: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.mean) or not 0.0 < self.sd < np.inf or not 0.0 < self.noise_sd < np.inf:
            raise ValueError("an arm needs a mean, and standard deviations above 0")

    def learned(self, n: float) -> float:
        """Variance, as seen before the test, of the expected profit after n customers: sd^4 / (sd^2 + noise_sd^2 / n)."""
        return self.sd**4 * n / (self.sd**2 * n + self.noise_sd**2)

    def learning(self, n: float) -> float:
        """Derivative of `learned` by n."""
        return self.sd**4 * self.noise_sd**2 / (self.sd**2 * n + self.noise_sd**2) ** 2


def _best_of(first: float, second: float, variance: float) -> tuple[float, float]:
    """Expected larger one of two normal means whose difference has `variance`, and its derivative by the variance's root."""
    sd = float(np.sqrt(variance))
    if sd == 0.0:
        return max(first, second), DENSITY if first == second else 0.0
    z = (first - second) / sd
    return float(first * ndtr(z) + second * ndtr(-z) + sd * _density(z)), float(_density(z))


def profit_with_test(first: Arm, second: Arm, population: float, sizes: tuple[float, float]) -> float:
    """Expected profit of testing on `sizes` customers and rolling the better version out to all others.

    n1 m1 + n2 m2 + (N - n1 - n2) E max(posterior means)

    Args:
        first, second: The versions.
        population: Customers N, those of the test included.
        sizes: Customers of the test in each arm, together at most the population.

    Raises:
        ValueError: More customers in the test than there are, or fewer than none.

    Source: Feit & Berman (2019), Test & Roll, Marketing Science 38(6), equations 8 and 14.
    """
    n_first, n_second = sizes
    if min(sizes) < 0.0 or sum(sizes) > population:
        raise ValueError("a test takes between none and all of the customers")
    best, _ = _best_of(first.mean, second.mean, first.learned(n_first) + second.learned(n_second))
    return n_first * first.mean + n_second * second.mean + (population - n_first - n_second) * best


def perfect_information_profit(first: Arm, second: Arm, population: float) -> float:
    """Expected profit if the better version were known: N E max(means)."""
    return population * _best_of(first.mean, second.mean, first.sd**2 + second.sd**2)[0]


def wrong_roll_probability(arm: Arm, size: float) -> float:
    """Probability to roll out the worse of two versions with the same prior after `size` customers each.

    1/2 - arctan(sd sqrt(n) / noise_sd) / pi

    Raises:
        ValueError: Fewer customers than none.

    Source: Feit & Berman (2019), section 3.
    """
    if size < 0.0:
        raise ValueError("a test takes no fewer than no customers")
    return float(0.5 - np.arctan(arm.sd * np.sqrt(size) / arm.noise_sd) / np.pi)


def symmetric_size(arm: Arm, population: float) -> float:
    """Most profitable number of customers per arm for two versions with the same prior, not rounded.

    sqrt(N / 4 r + (3 / 4 r)^2) - 3 / 4 r,  r = (noise_sd / sd)^2

    Raises:
        ValueError: No customers.

    Source: Feit & Berman (2019), equation 10.
    """
    if not 0.0 < population < np.inf:
        raise ValueError("a decision affects customers")
    ratio = (arm.noise_sd / arm.sd) ** 2
    return float(np.sqrt(population / 4.0 * ratio + (0.75 * ratio) ** 2) - 0.75 * ratio)


def asymmetric_sizes(first: Arm, second: Arm, population: float) -> tuple[float, float]:
    """Most profitable numbers of customers in the two arms, not rounded; 0 in an arm that is not worth testing.

    Raises:
        ValueError: No customers.

    Source: Feit & Berman (2019), section 4: no closed form, found by climbing and Newton steps.
    """
    if not 0.0 < population < np.inf:
        raise ValueError("a decision affects customers")

    def slopes(sizes: np.ndarray) -> np.ndarray:
        arms, n = (first, second), np.maximum(sizes, 0.0)
        variance = first.learned(n[0]) + second.learned(n[1])
        best, by_root = _best_of(first.mean, second.mean, variance)
        rest = population - n.sum()
        gains = [arm.mean - best + rest * by_root * arm.learning(one) / (2.0 * np.sqrt(variance)) for arm, one in zip(arms, n, strict=True)]
        return np.array(gains)

    def loss(shares: np.ndarray) -> float:
        n = shares * population
        return -profit_with_test(first, second, population, (n[0], n[1])) / scale if n.sum() <= population else 1e3

    scale = max(perfect_information_profit(first, second, population) - population * min(first.mean, second.mean), 1e-300)
    ladder = np.concatenate([[0.0], np.geomspace(0.1 / max(population, 1.0), 0.49, 40)])
    start = min(((a, b) for a in ladder for b in ladder), key=lambda pair: loss(np.array(pair)))
    climbed = minimize(loss, np.array(start), method="Nelder-Mead", bounds=[(0.0, 1.0)] * 2, options={"xatol": 1e-9, "fatol": 1e-15})
    sizes = np.asarray(climbed.x, float) * population
    sizes = np.where(sizes < 1e-3, 0.0, sizes)
    if np.all(sizes > 0.0):
        polished = root(slopes, sizes, tol=1e-13)
        if np.all(polished.x > 0.0) and np.allclose(polished.x, sizes, rtol=0.05, atol=1.0):
            sizes = polished.x
    return float(sizes[0]), float(sizes[1])
