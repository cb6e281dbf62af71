"""Value of a test, and Test & Roll."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from regulars.analysis import value


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Every quantity of the kind that the parameters ask for."""
    found: dict[str, Any] = {}
    if "evsi" in params:
        given = params["evsi"]
        worth = value.value_of_test(
            value.NormalPrior(given["prior_mean"], given["prior_sd"]),
            value.Measurement(value.noise_of_test(given["outcome_sd"], given["n_control"], given["n_treatment"])),
            customers=given["customers_affected_by_decision"],
            cost=given["test_cost"],
        )
        found |= {
            "evpi": worth.evpi,
            "evsi": worth.evsi,
            "enbs": worth.net,
            "preposterior_sd": worth.preposterior_sd,
            "rollout_threshold_observed_diff": worth.threshold,
            "prob_rollout": worth.rollout_probability,
        }
    if "test_and_roll" in params:
        given = params["test_and_roll"]
        n, arm = given["N"], value.Arm(given["mu"], given["sigma"], given["s"])
        best = value.symmetric_size(arm, n)
        profit = value.profit_with_test(arm, arm, n, (best, best))
        found |= {
            "tr_n_star": best,
            "tr_profit_at_n_star": profit,
            "tr_profit_no_test": value.profit_with_test(arm, arm, n, (0.0, 0.0)),
            "tr_profit_perfect": value.perfect_information_profit(arm, arm, n),
            "tr_regret": value.perfect_information_profit(arm, arm, n) - profit,
            "tr_error_rate": value.wrong_roll_probability(arm, best),
            "tr_profit_at_18468": value.profit_with_test(arm, arm, n, (18468, 18468)),
            "tr_error_rate_at_18468": value.wrong_roll_probability(arm, 18468),
        }
    if "test_and_roll_asymmetric" in params:
        given = params["test_and_roll_asymmetric"]
        n, arms = given["N"], [value.Arm(given[f"m{i}"], given[f"sigma{i}"], given[f"s{i}"]) for i in (1, 2)]
        sizes = value.asymmetric_sizes(arms[0], arms[1], n)
        found |= {
            "tr_n1_star": sizes[0],
            "tr_n2_star": sizes[1],
            "tr_profit_at_optimum": value.profit_with_test(arms[0], arms[1], n, sizes),
            "tr_profit_random": n * (arms[0].mean + arms[1].mean) / 2.0,
        }
        for pair in ((588, 1884), (7822, 15999), (6317, 12921)):
            if sum(pair) <= n:
                found[f"tr_profit_at_{pair[0]}_{pair[1]}"] = value.profit_with_test(arms[0], arms[1], n, pair)
        if "test_and_roll" not in params:
            found["tr_profit_perfect"] = value.perfect_information_profit(arms[0], arms[1], n)
    return found
