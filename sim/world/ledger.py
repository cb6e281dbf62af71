"""Money and points: every flow is a named line between two accounts, in exact integers.

Revenue is counted before discounts. The cash view is the lines as they flow; the accrual view (IFRS 15) moves the part
of a sale that belongs to points from the sale to their redemption; the CLV view adds what customers are still worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.declare import Total, flow
from ..core.units import MONEY

CUSTOMERS, FIRM, SUPPLIERS = "customers", "firm", "suppliers"


@dataclass(frozen=True)
class Line:
    """A kind of money flow: who pays whom."""

    payer: str
    payee: str
    doc: str


LINES = {
    "revenue": Line(CUSTOMERS, FIRM, "Order values, before discounts."),
    "cost_of_goods": Line(FIRM, SUPPLIERS, "What the goods sold cost the firm."),
    "refunds": Line(FIRM, CUSTOMERS, "Values of orders sent back, before discounts."),
    "goods_returned": Line(SUPPLIERS, FIRM, "Salvage value of goods sent back."),
    "discounts": Line(FIRM, CUSTOMERS, "Price reductions given, less those of orders sent back."),
    "reward_cost": Line(FIRM, SUPPLIERS, "Firm's cost of rewards at redemption, not their face value."),
    "campaign_cost": Line(FIRM, SUPPLIERS, "Contacts, content and other campaign spending."),
    "acquisition_cost": Line(FIRM, SUPPLIERS, "Spending on prospects: contacts to them and rewards for bringing them."),
    "service_cost": Line(FIRM, SUPPLIERS, "Service staff and cost per ticket."),
    "program_fixed_cost": Line(FIRM, SUPPLIERS, "Set-up, platform and staff of programs."),
}

TOTALS: tuple[Total, ...] = tuple(flow(name, unit="money", doc=line.doc, scale=MONEY) for name, line in LINES.items())

MOST_MONEY = 2.0**62

PROGRAM_COSTS = ("discounts", "reward_cost", "campaign_cost", "acquisition_cost", "service_cost", "program_fixed_cost")


class TooLarge(ValueError):
    """Money or points beyond what the books can hold: the scenario's numbers are to blame, or its unit of money."""


class ConservationError(AssertionError):
    """People, points or money do not add up: a defect of a component, never of a scenario."""


class Ledger:
    """The books of one run.

    Attributes:
        accounts: Balance of each party in integer money; their sum is always 0.
        points: Outstanding points, or stamps, of each program by the books.
    """

    def __init__(self, totals: Any) -> None:
        self._totals = totals
        self.accounts = {CUSTOMERS: 0, FIRM: 0, SUPPLIERS: 0}
        self.points: dict[str, int] = {}

    def post(self, line: str, amounts: np.ndarray | int) -> None:
        """Book a flow of money, by segment (int64, shape (segments,)) or for no segment (an integer).

        Raises:
            ConservationError: No such line, or an amount that is no non-negative integer.
        """
        self._book(line, amounts, 1)

    def take_back(self, line: str, amounts: np.ndarray) -> None:
        """Book back what had been booked by `post`, by segment (int64, shape (segments,)); a week's total may so fall below 0.

        Raises:
            ConservationError: As for `post`.
        """
        self._book(line, amounts, -1)

    def _book(self, line: str, amounts: np.ndarray | int, sign: int) -> None:
        kind = LINES.get(line)
        if kind is None:
            raise ConservationError(f"no ledger line {line!r}; lines are {', '.join(LINES)}")
        if isinstance(amounts, np.ndarray):
            parts = amounts.tolist()
            if amounts.dtype != np.int64 or min(parts) < 0:
                raise ConservationError(f"ledger line {line!r} takes non-negative int64 amounts")
            amount = sum(parts)
        else:
            amount = amounts
            if not isinstance(amount, int) or amount < 0:
                raise ConservationError(f"ledger line {line!r} takes a non-negative integer, not {amount!r}")
        if amount:
            self.accounts[kind.payer] -= sign * amount
            self.accounts[kind.payee] += sign * amount
            self._totals.add(line, sign * amounts)

    def post_points(self, program: str, *, issued: int = 0, redeemed: int = 0, expired: int = 0, reversed: int = 0) -> None:
        """Book points of a program; those reversed had been issued for orders that were sent back.

        Raises:
            ConservationError: More points leave than there are.
        """
        left = self.points.get(program, 0) + issued - redeemed - expired - reversed
        if min(issued, redeemed, expired, reversed, left) < 0:
            flows = f"{issued} issued, {redeemed} redeemed, {expired} expired, {reversed} reversed"
            raise ConservationError(f"program {program!r}: {flows} leave {left}")
        self.points[program] = left

    def check(self, spent: int, revenue: int) -> None:
        """Money conservation: accounts sum to 0 and customers have paid what the books say was sold.

        Raises:
            ConservationError: They do not.
        """
        if sum(self.accounts.values()) != 0:
            raise ConservationError(f"accounts sum to {sum(self.accounts.values())}: {self.accounts}")
        if spent != revenue:
            raise ConservationError(f"customers spent {spent}, the books say {revenue}")

    def check_points(self, program: str, held: int) -> None:
        """Points conservation: members hold what the books say is outstanding.

        Raises:
            ConservationError: They do not.
        """
        if self.points.get(program, 0) != held:
            raise ConservationError(f"program {program!r}: members hold {held} points, the books say {self.points.get(program, 0)}")

    def check_size(self, amount: float) -> None:
        """Refuse sums that integers of 64 bits would turn over.

        Raises:
            TooLarge: `amount`, in integer money units, is beyond half of what fits.
        """
        if amount > MOST_MONEY:
            most = f"{MOST_MONEY / MONEY:,.0f}"
            raise TooLarge(f"order values add up to more than {most} of the currency: lower behaviors.spend or use a larger unit of money")

    def copy(self, totals: Any) -> Ledger:
        twin = Ledger(totals)
        twin.accounts, twin.points = dict(self.accounts), dict(self.points)
        return twin


def allocate(price: float, points_value: float) -> tuple[float, float]:
    """Split the price of a sale between goods and the points given with it, by stand-alone value.

    Args:
        price: Price of the goods, also their stand-alone value.
        points_value: Stand-alone value of the points: number x value of one x share expected to be redeemed.

    Returns:
        Parts of the price that belong to the goods and to the points.

    Source: IFRS 15, paragraphs B39-B43 and Example 52.
    """
    whole = price + points_value
    if whole <= 0.0:
        return price, 0.0
    return price * price / whole, price * points_value / whole


@dataclass
class PointsLiability:
    """Contract liability of a points program (IFRS 15, Example 52): deferred at sale, released as points are redeemed.

    Attributes:
        deferred: All money deferred so far, less that of points taken back.
        released: All money released to revenue so far.
        points: Points that `deferred` stands for, those already redeemed or expired among them.
    """

    deferred: float = 0.0
    released: float = 0.0
    points: int = 0

    def defer(self, amount: float, points: int) -> None:
        """Add what a sale owes to its points."""
        self.deferred += amount
        self.points += points

    def take_back(self, points: int) -> None:
        """Owe no longer what points of orders sent back stood for, each at the mean of all: their sale is undone."""
        if points:
            self.deferred -= self.deferred * points / self.points
            self.points -= points

    def release(self, redeemed: float, expected: float) -> float:
        """Revenue of a period by cumulative catch-up.

        Args:
            redeemed: Points redeemed so far, over all periods.
            expected: Points expected to be redeemed in total, as estimated now.

        Returns:
            Change of the released amount; negative where expectations have risen.
        """
        share = min(redeemed / expected, 1.0) if expected > 0.0 else 1.0
        revenue = self.deferred * share - self.released
        self.released += revenue
        return revenue

    @property
    def liability(self) -> float:
        """What is still owed."""
        return self.deferred - self.released


def cost_of_goods(revenue: np.ndarray, gross_margin: float) -> np.ndarray:
    """Cost of the goods sold for `revenue` (int64 money units), rounded half to even by segment."""
    return np.rint(revenue.astype(np.float64) * (1.0 - gross_margin)).astype(np.int64)
