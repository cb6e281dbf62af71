"""What tests are worth, as a table for planners."""

from __future__ import annotations

from regulars.analysis.decision import in_words
from regulars.analysis.value import ValueOfTest

from .value import Value, Worth


def table(found: Value) -> str:
    """All designs, one under the other."""
    drawn = f"{found.worlds} worlds, each with its own draw of {len(found.uncertain)} uncertain parameters"
    lines = [f"Value of a test before it is run: {drawn}"]
    for name, one in found.designs.items():
        lines += ["", f"{name}: a decision on {one['customers']:,.0f} customers, test cost {in_words(one['cost'], sign=False)}"]
        for estimator, worth in one["estimators"].items():
            lines += [f"  read by {estimator}: {worth}"] if isinstance(worth, str) else _worth(estimator, worth)
    return "\n".join(lines)


def _worth(name: str, one: Worth) -> list[str]:
    control, treatment = one.test_and_roll
    lines = [
        f"  read by {name}: gain per customer {one.prior_mean:+.3g}, sd {one.prior_sd:.3g}; "
        f"the test does not see {one.dampening:.0%} +- {one.dampening_se:.0%} of it",
        f"    perfect information           {_money(one.evpi, one.evpi_mc_se)}",
        f"    as the formula says           {_value(one.formula)}",
        f"    biased, taken at its word     {_value(one.believed)}",
        "    biased, bias allowed for      "
        + ("none: what it says does not grow with the gain" if one.corrected is None else _value(one.corrected)),
        f"    Test & Roll                   {control:,.0f} customers in the control, {treatment:,.0f} in the treatment",
    ]
    if one.evpi <= 0.0:
        lines.append("    ! The best decision is the same in every world drawn: no test can improve it.")
    if one.believed.evsi < one.formula.evsi - 2.0 * one.formula.mc_se:
        lines.append("    ! This test is worth less than its formula says: allow for its bias, or choose another design.")
    return lines


def _value(one: ValueOfTest) -> str:
    edge = "no observation changes the decision" if one.threshold is None else f"roll out from {one.threshold:+.3g} a customer"
    return f"{_money(one.evsi, one.mc_se)}, net {in_words(one.net)}; {edge}"


def _money(value: float, error: float) -> str:
    return f"{in_words(value)} +- {in_words(error, sign=False)}"
