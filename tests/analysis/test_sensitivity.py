import dataclasses
import json
import math

import pytest

from regulars.analysis.sensitivity import NO_SIGN_CHANGE, Factor, Outcome, one_at_a_time, switching_value


class Program:
    """A program whose profit is known: 1000 * lift - 400 * (1 + reward) - 50 where the switch is thrown."""

    defaults = {"lift": 0.5, "reward": 0.2, "exposure": "base"}

    def __init__(self):
        self.calls = []

    def __call__(self, path, value):
        self.calls.append((path, value))
        return self.at(**(self.defaults | {path: value}))

    def at(self, lift, reward, exposure):
        cost = 400.0 * (1.0 + reward)
        margin = 1000.0 * lift - (50.0 if exposure == "order" else 0.0)
        return Outcome(margin - cost, (margin - cost) / cost)

    def table(self, *factors, **more):
        return one_at_a_time(factors, self, self.at(**self.defaults), **more)


LIFT = Factor("lift", "share", 0.5, 0.3, 0.8, "assumed")
REWARD = Factor("reward", "money", 0.2, 0.1, 0.4, "a contract")
EXPOSURE = Factor("exposure", "", "base", None, None, "domain", alternatives=("order",))


def counted(function):
    """The function, and how often it was called."""
    calls = []

    def ask(x):
        calls.append(x)
        return function(x)

    return ask, calls


def test_parameters_stand_in_the_order_of_what_they_move():
    # Swings: lift 500, reward 120, switch 50.
    rows = Program().table(EXPOSURE, REWARD, LIFT)
    assert [(row.path, round(row.swing)) for row in rows] == [("lift", 500), ("reward", 120), ("exposure", 50)]


def test_a_row_tells_profit_and_return_at_both_ends():
    (row,) = Program().table(LIFT)
    assert (row.profit_low, row.profit_high) == (-180.0, 320.0)
    assert (row.roi_low, row.roi_high) == (-0.375, pytest.approx(2 / 3))


def test_the_answer_turns_where_lift_pays_the_rewards():
    # 1000 * lift = 480.
    (row,) = Program().table(LIFT)
    assert row.switching_value == pytest.approx(0.48, abs=1e-3 * 0.5)


def test_a_range_without_a_turn_says_so():
    (row,) = Program().table(dataclasses.replace(LIFT, low=0.49))
    assert (row.switching_value, row.switching_reason) == (None, NO_SIGN_CHANGE)


def test_a_switch_shows_its_worst_and_best_setting_and_the_one_that_turns_the_answer():
    (row,) = Program().table(EXPOSURE)
    assert (row.kind, row.low, row.high) == ("switch", "order", "base")
    assert (row.profit_low, row.profit_high) == (-30.0, 20.0)
    assert row.switching_value == "order"


def test_a_switch_that_lists_its_default_is_not_computed_there_again():
    program = Program()
    program.table(dataclasses.replace(EXPOSURE, alternatives=("order", "base")))
    assert program.calls == [("exposure", "order")]


def test_each_row_tells_the_outcome_it_swings_around():
    assert [(row.profit_default, round(row.roi_default or 0.0, 4)) for row in Program().table(LIFT, EXPOSURE)] == [(20.0, 0.0417)] * 2


def test_a_switch_without_effect_shows_both_settings():
    (row,) = one_at_a_time([EXPOSURE], lambda path, value: Outcome(5.0, None), Outcome(5.0, None))
    assert (row.low, row.high, row.swing, row.switching_value) == ("base", "order", 0.0, None)


def test_a_default_at_the_end_of_its_range_is_not_computed_again():
    program = Program()
    program.table(dataclasses.replace(LIFT, low=0.5), searches=0)
    assert program.calls == [("lift", 0.8)]


def test_a_range_without_width_moves_nothing():
    (row,) = Program().table(dataclasses.replace(LIFT, low=0.5, high=0.5))
    assert (row.swing, row.switching_value) == (0.0, None)


def test_a_range_must_hold_its_default():
    with pytest.raises(ValueError, match="lift: range 0.6 to 0.8 must hold the default 0.5"):
        Program().table(dataclasses.replace(LIFT, low=0.6))


def test_whole_parameters_are_asked_for_whole_numbers_only():
    asked = []

    def evaluate(path, value):
        asked.append(value)
        return Outcome(value - 6.5, None)

    (row,) = one_at_a_time([Factor("goal", "stamps", 10, 1, 20, "assumed", whole=True)], evaluate, Outcome(3.5, None))
    assert all(isinstance(value, int) for value in asked)
    # 7 still gains, 6 is the first number to lose.
    assert row.switching_value == 6.0


@pytest.mark.parametrize(
    ("profit", "root"),
    [
        (lambda x: x - 0.3, 0.3),
        (lambda x: x**3 - 0.001, 0.1),
        (lambda x: math.exp(-8 * x) - 0.05, math.log(20) / 8),
        (lambda x: math.log(x + 1e-6) + 4.0, math.exp(-4) - 1e-6),
    ],
)
def test_switching_value_is_found_in_few_calls(profit, root):
    ask, calls = counted(profit)
    found = switching_value(ask, [(0.0, profit(0.0)), (1.0, profit(1.0))], near=0.5, at_most=12)
    assert found.value == pytest.approx(root, abs=2e-3)
    assert len(calls) == found.evaluations <= 12


def test_search_never_leaves_the_bracket_nor_asks_too_often():
    def step(x):
        return -1.0 if x < 0.7 else 1e6

    ask, calls = counted(step)
    found = switching_value(ask, [(0.0, step(0.0)), (1.0, step(1.0))], near=0.0, at_most=6)
    assert len(calls) == 6 and all(0.0 < x < 1.0 for x in calls)
    assert found.between is not None and found.between[0] <= 0.7 <= found.between[1]
    # Bisection at the latest every other call.
    assert found.between[1] - found.between[0] <= 0.25


def test_without_calls_the_known_points_are_interpolated():
    found = switching_value(lambda x: 1 / 0, [(0.0, -1.0), (1.0, 3.0)], near=0.0, at_most=0)
    assert (found.value, found.evaluations) == (0.25, 0)


def test_of_two_turns_the_one_nearest_to_the_default_is_told():
    # A hump: gains between 0.1 and 0.6, default 0.5.
    def hump(x):
        return (x - 0.1) * (0.6 - x)

    found = switching_value(hump, [(x, hump(x)) for x in (0.0, 0.5, 1.0)], near=0.5, at_most=10)
    assert found.value == pytest.approx(0.6, abs=2e-3)


def test_a_profit_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        switching_value(lambda x: math.nan, [(0.0, -1.0), (1.0, 1.0)], near=0.0)


def test_rows_are_plain_enough_for_json():
    json.dumps([dataclasses.asdict(row) for row in Program().table(LIFT, REWARD, EXPOSURE)], allow_nan=False)
