"""Goals: which of the rewards that programs hold out a customer sees next."""

from __future__ import annotations

import numpy as np

from ..core.kernel import kernel

f32, u16 = np.float32, np.uint16

GOAL = ("progress", "goal_orders", "goal_weeks", "goals_reached", "goal_gift")
"""Shared fields of a goal; there only if somebody looks at them, since working them out takes time."""


@kernel
def show_goal(progress, goal_orders, goal_weeks, goals_reached, goal_gift, i, shown, orders, weeks, reached, gift):
    """Show person `i` a goal, unless another program shows a nearer one.

    The nearest is the one with the most progress; then the one that takes fewer orders, fewer weeks, and that comes after
    more goals. So the order in which programs show theirs does not matter.
    """
    if goal_orders[i] > f32(0.0):
        if shown < progress[i]:
            return
        if shown == progress[i]:
            if orders > goal_orders[i]:
                return
            if orders == goal_orders[i]:
                if weeks > goal_weeks[i]:
                    return
                if weeks == goal_weeks[i] and (reached < goals_reached[i] or (reached == goals_reached[i] and gift < goal_gift[i])):
                    return
    progress[i] = shown
    goal_orders[i] = orders
    goal_weeks[i] = weeks
    goals_reached[i] = u16(reached)
    goal_gift[i] = gift
