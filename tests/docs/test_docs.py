"""The pages say what is so: their commands run, their outputs are those shown, their links lead somewhere."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
REFRESH = "python docs/generate.py"


def _generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


docs: Any = _generate()
PAGES: dict[str, Path] = {one.relative_to(ROOT).as_posix(): one for one in docs.PAGES}
MARKED = [name for name, path in PAGES.items() if docs.blocks(path.read_text(encoding="utf-8"))]
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)


def _prose(text: str) -> str:
    return FENCE.sub("", text)


def _anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", _prose(page.read_text(encoding="utf-8")), re.M):
        kept = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(kept.replace(" ", "-"))
    return found


@pytest.mark.parametrize("name", MARKED)
def test_a_page_shows_what_its_commands_print(name: str) -> None:
    found = docs.blocks(PAGES[name].read_text(encoding="utf-8"))
    with docs.Workshop() as shop:
        for one in found:
            if one.mark != "run":
                continue
            shown = docs.commands(one.body)
            assert shown, f"a block of {name} runs nothing"
            printed: list[str] = []
            quoted: list[str] = []
            for command, lines in shown:
                output = shop.shell(command, int(one.options.get("exit", "0")))
                printed += docs.quoted(output, one.options)
                quoted += lines
            assert quoted == printed, f"{name} is out of date; {REFRESH}"
        programs = [one for one in found if one.mark == "python"]
        outputs = dict(zip((id(one) for one in programs), shop.python([one.body for one in programs]), strict=True)) if programs else {}
        for before, after in pairwise(found):
            if after.mark == "output":
                expected = docs.quoted(outputs[id(before)], after.options)
                assert after.body.rstrip("\n").splitlines() == expected, f"{name} is out of date; {REFRESH}"


@pytest.mark.parametrize("name", MARKED)
def test_a_page_shows_files_as_they_are(name: str) -> None:
    for one in docs.blocks(PAGES[name].read_text(encoding="utf-8")):
        if one.mark == "file":
            assert one.body == (ROOT / one.options[""]).read_text(encoding="utf-8"), f"{name}: {one.options['']}; {REFRESH}"


def test_every_output_follows_the_program_that_prints_it() -> None:
    for name in MARKED:
        found = docs.blocks(PAGES[name].read_text(encoding="utf-8"))
        for before, after in zip([None, *found], found, strict=False):
            assert after.mark != "output" or (before is not None and before.mark == "python"), name


def test_every_command_shown_is_run() -> None:
    """A console block without a mark would be a promise that nobody keeps."""
    for name, page in PAGES.items():
        text = page.read_text(encoding="utf-8")
        consoles = len(re.findall(r"^```console$", text, re.M))
        assert consoles == sum(one.mark == "run" for one in docs.blocks(text)), name


@pytest.mark.parametrize("name", [*PAGES, "docs/architecture.md"])
def test_links_and_images_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(page.read_text(encoding="utf-8"))):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_relative_to(ROOT) and file.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in _anchors(file), f"{name}: {target}; anchors: {sorted(_anchors(file))}"


def test_generated_pages_are_those_of_the_catalog() -> None:
    for name, text in docs.generated().items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, f"docs/{name} is out of date; {REFRESH}"


def test_every_kpi_has_a_row_with_its_definition() -> None:
    from regulars.scenarios import catalog_document

    page = (ROOT / "docs" / "kpis.md").read_text(encoding="utf-8")
    for kpi in catalog_document()["kpis"]:
        assert f"| `{kpi['name']}` | {kpi['unit']} | {' '.join(kpi['definition'].split())} |" in page


def test_every_key_of_the_answer_is_explained() -> None:
    import regulars as rg

    small = {"market.customers": 60, "market.prospects": 20, "market.network": {"type": "small_world"}, "horizon_weeks": 6}
    base, plan = (rg.load(one).with_values(small) for one in ("library:online_shop/baseline", str(ROOT / "examples" / "stars.yaml")))
    plan = plan.with_values({"claims": {"orders": {"kpi": "orders", "readings": {"level": 1}, "source": "a deck"}}})
    document = rg.compare(base, [plan], replications=2, draws=2, threads=1).document
    json.dumps(document, allow_nan=False)
    page = (ROOT / "docs" / "reading_the_answer.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`", page.partition("## Every key")[2]))
    asked = set(_keys(document))
    assert {"roi", "ci95_luck", "switching_value", "overstated_by", "claimed", "cumulative_cash"} <= asked
    assert asked - told == set()


def _keys(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Names in a document; those of KPIs are values."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if path[-1:] not in (("differences",), ("unpaired",)):
                yield name
            yield from _keys(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner, path)


def test_examples_are_valid_scenarios() -> None:
    from regulars.scenarios import load

    stars = load(str(ROOT / "examples" / "stars.yaml"))
    assert stars.component("programs.stars") is not None
    assert stars.component("campaigns.newsletter") is not None


def test_the_picture_stands_alone_and_tells_the_answer_of_the_readme() -> None:
    from xml.etree import ElementTree

    path = ROOT / "docs" / "images" / "answer.svg"
    text = path.read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)  # noqa: S314 - the project's own file
    space = {"svg": "http://www.w3.org/2000/svg"}
    assert path.stat().st_size < 40_000
    assert 'href="http' not in text and "<script" not in text and "@import" not in text
    told = root.findtext("svg:desc", namespaces=space) or ""
    readme = PAGES["README.md"].read_text(encoding="utf-8")
    week = re.search(r"^payback\s+week (\d+)$", readme, re.M)
    assert week is not None
    assert f"Paid back in week {week[1]}." in told
    words = " ".join(one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text"))
    assert "95 % luck" in words and "luck and parameters" in words


def test_a_trimmed_quotation_says_that_it_is_trimmed() -> None:
    assert docs.quoted("a\nb\n\nc\nd\n", {"keep": "a|d"}) == ["a", "\u2026", "d"]
    assert docs.quoted("a\nb\nc\n", {"cut": "b"}) == ["a", "\u2026"]
    assert docs.quoted("\n a \n\n", {}) == [" a"]


def test_a_wrong_quotation_is_found() -> None:
    page = "<!-- run -->\n```console\n$ echo one\ntwo\n```\n"
    (block,) = docs.blocks(page)
    ((command, quoted),) = docs.commands(block.body)
    with docs.Workshop() as shop:
        assert docs.quoted(shop.shell(command), block.options) != quoted
        with pytest.raises(docs.ChildFailed):
            shop.shell("false")
    assert docs.blocks(docs.refreshed(page))[0].body == "$ echo one\none\n"


def test_the_short_way_to_compare_is_one_that_there_is(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from regulars import cli

    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    shown = re.findall(r"^    regulars (compare library:\S+ \S+) (--no-sensitivity --draws 0)$", page, re.M)
    assert len(shown) == 1
    small = ["--set", "market.customers=60", "--set", "market.prospects=20", "--weeks", "4", "--replications", "2", "--threads", "1"]
    plans = ["library:online_shop/baseline", "library:online_shop/points"]
    done = CliRunner().invoke(cli.app, ["compare", *plans, *shown[0][1].split(), *small, "--out", str(tmp_path / "short"), "--json"])
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["scenarios"][0]["probability_of_loss"] is None
