"""Of several goals the nearest is seen, whichever program shows its own first."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from regulars.sim.world.goals import show_goal

FIELDS = {"progress": np.float32, "goal_orders": np.float32, "goal_weeks": np.float32, "goals_reached": np.uint16, "goal_gift": np.float32}


def seen(goals: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    arrays = [np.zeros(1, dtype) for dtype in FIELDS.values()]
    for shown, orders, weeks, reached, gift in goals:
        show_goal(*arrays, 0, np.float32(shown), np.float32(orders), np.float32(weeks), reached, np.float32(gift))
    return tuple(one[0].item() for one in arrays)


FAR, NEAR = (0.25, 4.0, 26.0, 1, 0.0), (0.5, 10.0, 0.0, 0, 0.25)


def test_the_nearest_goal_wins_with_all_that_belongs_to_it():
    assert seen((FAR, NEAR)) == seen((NEAR, FAR)) == NEAR


def test_a_goal_without_progress_is_still_a_goal():
    assert seen(((0.0, 10.0, 0.0, 0, 0.0),)) == (0.0, 10.0, 0.0, 0, 0.0)


@pytest.mark.parametrize("at", range(1, 5))
def test_where_progress_is_equal_the_order_still_does_not_matter(at):
    other = tuple(value + 0.5 * (place == at) * (2 if at == 3 else 1) for place, value in enumerate(NEAR))
    goals = (NEAR, other, FAR)
    assert len({seen(one) for one in permutations(goals)}) == 1
