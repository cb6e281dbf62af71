"""Edge lists against the units of the data; expected numbers are counted by hand."""

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from regulars.analysis.ties import SELVES, STRANGERS, TWICE, UNNAMED, ties_of

UNITS = np.array(["ann", "bob", "cem", "dan", "eve"], dtype=object)


def pairs(ties):
    return sorted(zip(ties.one.tolist(), ties.other.tolist(), strict=True))


def test_a_tie_is_one_whichever_end_is_named_first_and_however_often():
    found = ties_of(UNITS, np.array(["bob", "ann", "ann", "cem"]), np.array(["ann", "bob", "bob", "dan"]))
    assert pairs(found) == [(0, 1), (2, 3)]
    assert found.left_out == {TWICE: 2} and found.edges == 4 and found.isolated == 1


def test_every_edge_is_a_tie_or_is_counted():
    source = np.array(["ann", "ann", None, "zoe", "eve", "yan", " ", "bob"], dtype=object)
    target = np.array(["bob", "ann", "bob", "ann", "zoe", "xin", "ann", "ann"], dtype=object)
    found = ties_of(UNITS, source, target)
    assert found.left_out == {UNNAMED: 2, SELVES: 1, STRANGERS: 3, TWICE: 1}
    assert found.strangers == 3
    assert len(found) + sum(found.left_out.values()) == found.edges == 8


@pytest.mark.parametrize("kind", [int, float, str, "Int64", "category"])
def test_numbers_are_the_same_name_however_they_were_read(kind):
    ends = pd.DataFrame({"src": [11, 12], "dst": [12, 13]}).astype(kind)
    found = ties_of(np.array([11, 12, 13]), cast(Any, ends["src"]), cast(Any, ends["dst"]))
    assert pairs(found) == [(0, 1), (1, 2)] and not found.left_out


def test_a_missing_number_does_not_change_the_names_of_the_others():
    found = ties_of(np.array(["11", "12", "13"]), np.array([11.0, np.nan, 12.0]), np.array([12.0, 13.0, 13.0]))
    assert pairs(found) == [(0, 1), (1, 2)] and found.left_out == {UNNAMED: 1}


def test_padded_numbers_are_numbers_where_units_are():
    """A reader of tables turns 007 into 7 in the data, and keeps it in a list of texts."""
    found = ties_of(np.array([7, 12]), np.array(["007", "12.0", "7a"], object), np.array(["0012", "7", "12"], object))
    assert pairs(found) == [(0, 1)] and found.left_out == {STRANGERS: 1, TWICE: 1}
    assert ties_of(np.array(["007", "12"]), np.array(["007"]), np.array(["12"])).left_out == {}
    assert ties_of(np.array(["007", "12"]), np.array(["7"]), np.array(["12"])).left_out == {STRANGERS: 1}


def test_an_empty_list_has_no_ties():
    found = ties_of(UNITS, np.array([], object), np.array([], object))
    assert len(found) == 0 and found.isolated == 5 and not found.left_out


def test_units_that_stand_twice_and_ends_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="unit 'ann' stands several times"):
        ties_of(np.array(["ann", "ann"]), UNITS[:1], UNITS[1:2])
    with pytest.raises(ValueError, match="two ends"):
        ties_of(UNITS, UNITS[:2], UNITS[:1])
