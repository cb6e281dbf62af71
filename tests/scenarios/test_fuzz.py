"""Whatever a file holds: a scenario or an error with its place, soon, and never anything else."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from regulars.scenarios import ScenarioError, load, validate_files

LIMIT_S = 10.0
SEED = """name: Café # a comment
horizon_weeks: 52
market: {customers: 500, prospects: 100, segments: {north: {share: 0.5}}}
behaviors:
  purchase: {r: 0.243, alpha: 4.414}
  attrition: {type: pareto, s: 0.6}
  toy_pull: {kappa: 0.2, cuts: [1, 2]}
programs:
  card: {type: toy_card, prizes: {cup: {points: 5}}}
campaigns: off
sources: {behaviors.purchase.r: "a: b"}
uncertainties: {behaviors.toy_pull.kappa: {low: 0, high: 0.5}}
"""
PIECES = ["off", "~", "[", "]", "{", "}", ":", "- ", "\n", "  ", "&a ", "*a", "!!x ", ".nan", "1e999", "'", '"', "|\n", "%", "\t", "? "]
PIECES += ["type: ", "#", ",", "\0", "9" * 30, "<<: "]

relaxed = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_told(error: ScenarioError) -> None:
    assert error.errors
    for one in error.errors:
        assert one.line >= 1
        assert one.column >= 1
        assert str(one).isprintable()


def answered(path: Path, data: bytes, *sets: str) -> None:
    path.write_bytes(data)
    start = time.process_time()
    try:
        load(path, sets)
    except ScenarioError as error:
        assert_told(error)
    assert time.process_time() - start < LIMIT_S


@relaxed
@given(data=st.binary(max_size=300))
@example(b"\xff")
@example(b"")
def test_random_bytes(tmp_path, data):
    answered(tmp_path / "s.yaml", data)


@relaxed
@given(data=st.data())
def test_scenario_texts_with_pieces_put_in_and_taken_out(tmp_path, data):
    text = SEED
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(PIECES) | st.text(max_size=3)) + text[end:]
    answered(tmp_path / "s.yaml", text.encode("utf-8", "surrogatepass"))


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
WORDS = """market customers segments network type share behaviors purchase attrition toy_pull toy_mood kappa cuts programs card
prizes points campaigns feedback environment sources claims uncertainties low high name extends population off best economics"""
words = st.sampled_from(WORDS.split())
values = scalars | words | st.sampled_from(["toy_card", "pareto", "small_world", "edge_list", "base", "..", "library:x"])
keys = words | st.text(max_size=4)
trees = st.recursive(values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=20)


@relaxed
@given(tree=st.dictionaries(words, trees, max_size=6))
def test_random_trees(tmp_path, tree):
    answered(tmp_path / "s.yaml", json.dumps(tree).encode())


@relaxed
@given(option=st.text(max_size=40) | st.builds("{}={}".format, st.lists(words, min_size=1, max_size=4).map(".".join), st.text(max_size=12)))
def test_random_options(tmp_path, option):
    answered(tmp_path / "s.yaml", SEED.encode(), option)


@relaxed
@given(path=st.lists(words, min_size=1, max_size=4).map(".".join), value=trees)
def test_random_values(tmp_path, path, value):
    (tmp_path / "s.yaml").write_text(SEED)
    scenario = load(tmp_path / "s.yaml")
    try:
        scenario.with_values({path: value})
    except ScenarioError as error:
        assert_told(error)


POPULATION: dict[str, Any] = {
    "kind": "population",
    "purchase": {"r": 0.5, "alpha": 8.0},
    "attrition": {"type": "pareto", "s": 0.7, "beta": 10.0},
    "spend": {"type": "gamma_gamma", "p": 6.0, "q": 4.0, "v": 15.0},
    "covariance": {"purchase_attrition": {"names": ["r", "s"], "matrix": [[0.1, 0.0], [0.0, 0.1]]}},
    "histories": {"columns": ["frequency", "recency_weeks", "age_weeks"], "rows": [[2, 10.5, 20.0] for _ in range(60)]},
}
HUGE = [10**400, -(10**400), 2**63, -(2**63), 1e300, -1e308, 1e-320, 10**30]
odd = values | st.sampled_from(HUGE) | st.sampled_from(["frequency", "r", "v", "entry_week", "1" * 400, "1e999"])
stand_ins = st.recursive(
    odd, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | st.just("names"), inner, max_size=3), max_leaves=6
)


def as_rows(tree: Any) -> str:
    """The file as `regulars calibrate` writes it: histories in a block, a row a line."""
    rest = {name: one for name, one in tree.items() if name != "histories"}
    lines = [f"{json.dumps(name)}: {json.dumps(one)}" for name, one in rest.items()]
    histories = tree.get("histories")
    if isinstance(histories, dict) and isinstance(histories.get("rows"), list):
        lines += ["histories:", f"  columns: {json.dumps(histories.get('columns'))}", "  rows:"]
        lines += [f"    - {json.dumps(row)}" for row in histories["rows"]]
    elif "histories" in tree:
        lines.append(f"histories: {json.dumps(histories)}")
    return "\n".join([*lines, ""])


@st.composite
def broken_populations(draw: Any) -> Any:
    tree = copy.deepcopy(POPULATION)
    for _ in range(draw(st.integers(1, 3))):
        at: Any = tree
        while True:
            key = draw(st.sampled_from(sorted(at))) if isinstance(at, dict) else draw(st.integers(0, len(at) - 1))
            inner = at[key]
            if not (isinstance(inner, dict | list) and inner and draw(st.integers(0, 3))):
                break
            at = inner
        if isinstance(at, dict) and draw(st.integers(0, 5)) == 0:
            at[draw(keys)] = at.pop(key)
        else:
            at[key] = draw(stand_ins)
    return tree


@relaxed
@given(tree=broken_populations(), form=st.sampled_from([json.dumps, as_rows]))
@example(tree={**POPULATION, "histories": {**POPULATION["histories"], "rows": [[10**400, 10.5, 20.0]] * 60}}, form=json.dumps)
@example(tree={**POPULATION, "histories": {**POPULATION["histories"], "rows": [[10**400, 10.5, 20.0]] * 60}}, form=as_rows)
@example(tree={**POPULATION, "purchase": {"type": "pareto"}}, form=json.dumps)
@example(tree={**POPULATION, "covariance": {"customers": {}}}, form=json.dumps)
@example(tree={**POPULATION, "covariance": {"spend": {"names": ["p"], "matrix": [[10**400]]}}}, form=json.dumps)
def test_broken_populations(tmp_path, tree, form):
    answered(tmp_path / "p.yaml", form(tree).encode())
    (tmp_path / "s.yaml").write_text("market: {population: p.yaml}\n")
    try:
        load(tmp_path / "s.yaml")
    except ScenarioError as error:
        assert_told(error)
    (told,) = validate_files([tmp_path / "p.yaml"])["files"].values()
    assert told["valid"] == (not told["errors"])


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        "{" * 500_000,
        "- " * 300_000,
        "? " * 300_000,
        "a: " + "word " * 190_000,
        'a: "' + "word " * 190_000 + '"',
        "a: |\n" + " x\n" * 300_000,
        "#\n" * 450_000,
        "\n" * 900_000,
        "a: " + "'" * 900_000,
        "market: {segments: {" + ", ".join(f"s{n}: {{share: x}}" for n in range(4000)) + "}}",
        "programs: {" + ", ".join(f"p{n}: {{type: toy_card, x: 1}}" for n in range(2500)) + "}",
        "sources: {" + ", ".join(f"market.x{n}: y" for n in range(9000)) + "}",
        "behaviors: {toy_pull: {cuts: [" + ", ".join("x" for _ in range(15_000)) + "]}}",
        "a" * 900_000 + ": 1",
        "\n".join(f"{'x' * 150}{n}: 1" for n in range(5000)),
    ],
    ids=lambda text: f"{text[:12]!r} {len(text)}",
)
def test_large_texts_are_answered_in_time(tmp_path, text):
    answered(tmp_path / "s.yaml", text.encode())


def test_many_files_are_checked_each_for_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text("market: {}\n")
    Path("bad.yaml").write_text("market: {customers: x}\n")
    files = validate_files(["good.yaml", "bad.yaml", "absent.yaml"])["files"]
    assert [files[name]["valid"] for name in files] == [True, False, False]
    (error,) = files["bad.yaml"]["errors"]
    assert (error["line"], error["column"], error["path"]) == (1, 21, "market.customers")
