"""What `import regulars` shows."""

from __future__ import annotations

import pytest

import regulars as rg
from regulars.scenarios import ScenarioError, from_tree

SHOP = {"name": "Shop <&>", "horizon_weeks": 6, "market": {"customers": 200, "prospects": 100}, "behaviors": {"loyalty": {}}}


def test_only_public_names_are_listed_and_all_of_them_are_there():
    assert dir(rg) == sorted(rg.__all__)
    assert "ScenarioError" in dir(rg) and not {"FACE", "Any", "TYPE_CHECKING", "annotations", "importlib"} & set(dir(rg))
    assert all(getattr(rg, name) is not None for name in dir(rg))


def test_what_load_raises_has_a_name():
    assert rg.ScenarioError is ScenarioError
    with pytest.raises(rg.ScenarioError):
        rg.load("library:no_such_shop")


def test_loops_show_themselves_as_the_command_prints_them():
    found = rg.loops(from_tree(SHOP, id="shop"), replications=2)
    assert "together contribute" in repr(found) and "3 replications" not in repr(found)
    assert "! 2 replications" in repr(found) and "Outcome(" not in repr(found)
    page = found._repr_html_()
    assert "Shop &lt;&amp;&gt;" in page and "<table" in page and "loyalty.effect" in page
    still = rg.loops(from_tree({**SHOP, "behaviors": {}}, id="still"), replications=2)
    assert "No feedback loop" in repr(still) and "No feedback loop" in still._repr_html_()


def test_a_comparison_shows_its_answer():
    tree = {**SHOP, "campaigns": {"news": {"type": "push", "setup_cost": 100.0}}, "name": "News"}
    found = rg.compare(from_tree(SHOP, id="shop"), from_tree(tree, id="news"), replications=2, draws=0, sensitivity=False)
    assert repr(found).splitlines()[0] == "Against Shop <&>:" and "News would" in repr(found) and "Outcome(" not in repr(found)
