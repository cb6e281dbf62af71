"""Every component has its page, its scenario and its picture, and they are those that would be made today."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pages
import pictures
import pytest

from regulars.scenarios import load
from regulars.sim import catalog
from regulars.sim.model import LoyaltyModel

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "components"
KINDS = {one.type: one.kind for one in catalog.components()}
SVG = "{http://www.w3.org/2000/svg}"
MOST_BYTES = 60_000
SOME = ("loyalty", "stamp_card", "returns")
"""Pictures that are drawn in a moment; `python docs/generate.py --pictures` draws all of them."""


def names(folder: Path, ending: str) -> set[str]:
    return {one.stem for one in folder.glob(f"*.{ending}")}


def test_every_component_has_a_page_a_scenario_and_a_picture_and_nothing_else_has():
    assert names(FOLDER, "md") - {"README"} == names(FOLDER, "yaml") == names(pictures.FOLDER, "svg") == set(KINDS)


@pytest.mark.parametrize("type", KINDS)
def test_a_picture_has_a_function_with_a_caption(type):
    assert pictures.caption(pictures.picture_of(KINDS[type], type)).endswith(".")


def test_a_component_without_a_picture_is_told_where_it_belongs():
    with pytest.raises(LookupError, match=r"docs/pictures/behaviors\.py has no function telepathy"):
        pictures.picture_of("behavior", "telepathy")
    # What a module of pictures only imports is no picture.
    with pytest.raises(LookupError):
        pictures.picture_of("behavior", "market")


@pytest.mark.parametrize("type", KINDS)
def test_the_scenario_of_a_page_is_valid_switches_its_component_on_and_runs(type):
    scenario = load(str(FOLDER / f"{type}.yaml"))
    assert any((one.kind, one.type) == (KINDS[type], type) for one in scenario.components)
    smaller = scenario.with_values({"market.customers": 200, "market.prospects": 100})
    assert LoyaltyModel(smaller, collect=False).run(2).world.totals.weeks == 2


@pytest.mark.parametrize("type", SOME)
def test_a_picture_is_the_same_bytes_each_time(type):
    drawn = pictures.svg(KINDS[type], type)
    assert drawn == (pictures.FOLDER / f"{type}.svg").read_text(encoding="utf-8"), f"python docs/generate.py --pictures {type}"


@pytest.mark.parametrize("type", KINDS)
def test_a_picture_is_small_stands_alone_and_tells_what_it_shows(type):
    path = pictures.FOLDER / f"{type}.svg"
    text = path.read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)  # noqa: S314 - the project's own file
    assert path.stat().st_size < MOST_BYTES
    assert 'href="http' not in text and "<script" not in text and "@import" not in text
    assert root.findtext(f"{SVG}title") and (root.findtext(f"{SVG}desc") or "").endswith(".")
    assert any(one.text for one in root.iter(f"{SVG}text"))


def test_a_page_names_the_kpis_that_read_what_its_component_records():
    assert {"abandonment_rate"} <= set(pages.kpis_of(["tickets_abandoned"]))
    assert pages.kpis_of(["points_expired"]) == ["points_expired"]
    assert pages.kpis_of(["no_such_total"]) == []


def test_other_components_are_links_but_not_the_own():
    assert pages._linked(["How people invite is behavior `referral`."], "referral_reward") == [
        "How people invite is behavior [`referral`](referral.md)."
    ]
    assert pages._linked(["See behavior `referral` and behavior `none`."], "referral") == ["See behavior `referral` and behavior `none`."]


def test_no_page_tells_a_number_in_powers_of_ten():
    assert "after 104 weeks" in pages.page(catalog.variants("behavior", "referral"))
    for type, kind in KINDS.items():
        assert not re.search(r"after \d[\d.]*e", pages.page(catalog.variants(kind, type))), type
    assert [pages._weeks(one) for one in (0.25, 1.0, 24.6, 104.0, 1040.0)] == ["0.25", "1", "25", "104", "1040"]
