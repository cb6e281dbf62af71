"""Fields: which arrays there are, and which begin anew each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from regulars.sim.core.declare import Fields, field


class Shelf(Fields):
    always: Any = field(np.float32, default=2.0, unit="1", doc="Always there.")
    asked: Any = field(np.uint8, default=3, unit="1", optional=True, doc="There if somebody writes it.")
    today: Any = field(np.int32, default=7, unit="1", fresh=True, doc="Of this step.")
    of_week: Any = field(np.uint16, default=4, unit="1", weekly=True, doc="Of this week.")


def test_an_optional_array_is_there_only_for_who_writes_it():
    bare, full = Shelf(4), Shelf(4, ["asked"])
    assert bare.asked.size == 0 and [name for name, _ in bare.arrays()] == ["always", "today", "of_week"]
    assert full.asked.tolist() == [3, 3, 3, 3] and set(full.row(1)) == {"always", "asked", "today", "of_week"}


def test_what_comes_later_leaves_what_is_there():
    shelf = Shelf(4)
    shelf.always[:] = 5.0
    shelf.provide(["asked"])
    assert shelf.asked.size == 4 and (shelf.always == 5.0).all()


def test_a_step_begins_with_defaults_where_fields_say_so():
    shelf = Shelf(3, ["asked"])
    shelf.always[:], shelf.asked[:], shelf.today[:] = 0.0, 9, 9
    shelf.of_week[:] = 9
    shelf.refresh(opens_week=False)
    assert (shelf.always == 0.0).all() and (shelf.asked == 9).all() and (shelf.today == 7).all() and (shelf.of_week == 9).all()
    shelf.refresh(opens_week=True)
    assert (shelf.of_week == 4).all()


def test_a_copy_has_arrays_of_its_own():
    shelf = Shelf(3)
    twin = shelf.copy()
    twin.always[:] = 8.0
    assert (shelf.always == 2.0).all() and twin.asked.size == 0 and twin.people == 3
