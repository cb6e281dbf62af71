"""YAML from strangers is read within bounds, and every value keeps its place."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from regulars.scenarios.problem import Place, Problem, ScenarioError
from regulars.scenarios.reader import DEPTH, Limits, Node, decode, plain, read, read_bytes, read_data


def told(text: str) -> list[Problem]:
    problems: list[Problem] = []
    try:
        read(text, "f.yaml", problems)
    except ScenarioError as error:
        return error.errors
    return problems


def value(text: str) -> Any:
    problems: list[Problem] = []
    root = read(text, "f.yaml", problems)
    assert not problems
    return plain(root)


def at(node: Node, *path: str) -> Node:
    for name in path:
        node = node.map[name]
    return node


def test_every_key_and_value_keeps_its_line_and_column():
    root = read("a: 1\nb:\n  c: {d: [5, six]}\n", "f.yaml", [])
    inner = at(root, "b", "c", "d")
    assert (inner.key, inner.at) == (Place("f.yaml", 3, 7), Place("f.yaml", 3, 10))
    assert isinstance(inner.value, list)
    assert inner.value[1].at == Place("f.yaml", 3, 14)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("true", True),
        ("~", None),
        ("", None),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("-7", -7),
        ("1_000", "1_000"),
        ("2024-01-31", "2024-01-31"),
        ("12:30:45", "12:30:45"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("inf", "inf"),
        ("<<", "<<"),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(text, expected):
    found = value(f"a: {text}")
    assert found == {"a": expected}
    assert type(found["a"]) is type(expected)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".inf", "-.INF", "1e999", "9" * 5000, "99999999999999999999", "-1e400"])
def test_numbers_that_are_not_finite_or_too_large_are_refused(text):
    (one,) = told(f"x: 1\na: {text}")
    assert (one.line, one.column) == (2, 4)
    assert "finite" in one.message


def test_a_key_that_stands_twice_is_refused_with_both_places():
    (one,) = told("a: 1\nb: {c: 2,\n    c: 3}\n")
    assert (one.line, one.column, one.dotted) == (3, 5, "b.c")
    assert "line 2, column 5" in one.message


@pytest.mark.parametrize(
    "text",
    ["a: !!python/object/apply:os.system ['x']", "a: !!str 5", "a: !local x", "a: !!binary aGk=", "!!omap [a: 1]", "!t a: 1"],
)
def test_tags_are_refused(text):
    assert any("tag" in one.message for one in told(text))


def test_an_alias_bomb_is_refused_at_once():
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    start = time.process_time()
    problems = told("\n".join(lines))
    assert time.process_time() - start < 1.0
    assert "aliases are not read" in problems[0].message
    assert (problems[0].line, problems[0].column) == (2, 8)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 3000,
        "{" * 3000,
        "[a, " * 3000,
        "{a: " * 3000,
        "- " * 3000,
        "? " * 3000,
        "[[[]," * 1000,
        "\n".join(" " * n + "a:" for n in range(900)),
        "a: " + "[" * 51 + "]" * 51,
    ],
)
def test_deep_nesting_is_refused_within_a_second(text):
    start = time.process_time()
    assert told(text)
    assert time.process_time() - start < 1.0


def test_nesting_up_to_the_limit_is_read():
    levels = DEPTH - 2
    assert value("a: " + "[" * levels + "]" * levels)


def test_too_many_values_are_refused():
    with pytest.raises(ScenarioError, match=r"f\.yaml:\d+:\d+: too many values: at most 100"):
        read("\n".join(f"a{n}: 1" for n in range(100)), "f.yaml", [], limits=Limits(10_000, 100))


def test_a_large_scenario_of_many_values_is_refused_within_two_seconds():
    start = time.process_time()
    assert "too many values" in told("\n".join(f"a{n}: 1" for n in range(100_000)))[0].message
    assert time.process_time() - start < 2.0


@pytest.mark.parametrize(
    ("data", "place", "said"),
    [
        (b"a: 1\nb: caf\xe9\n", (2, 7), "not UTF-8"),
        (b"\xef\xbb\xbfa: 1", (1, 1), "byte order mark"),
        ("a: 1".encode("utf-16"), (1, 1), "UTF-16"),
    ],
)
def test_other_encodings_are_refused_with_their_name(data, place, said):
    with pytest.raises(ScenarioError) as caught:
        decode(data, "f.yaml")
    (one,) = caught.value.errors
    assert (one.line, one.column) == place
    assert said in one.message


@pytest.mark.parametrize(("text", "place"), [("a: b\nc: \0", (2, 4)), ("a: \x1b[31m", (1, 4)), ("\x07", (1, 1))])
def test_characters_that_are_no_text_are_refused_with_their_place(text, place):
    (one,) = told(text)
    assert (one.line, one.column) == place
    assert "is not text" in one.message


def test_syntax_errors_tell_where_reading_stopped():
    (one,) = told("name: x\nmarket: {customers: [1, 2\nbehaviors: }\n")
    assert (one.line, one.column) == (3, 10)
    assert one.message.startswith("not YAML: ")


@pytest.mark.parametrize("text", ["a: 1\n---\nb: 2", "%YAML 1.1\n---\na: 1", "%TAG ! x\n---\na: 1", "[a]: 1", "{b: 2}: 3", "? [x]\n: 1"])
def test_second_documents_directives_and_keys_that_are_no_names_are_refused(text):
    assert told(text)


def test_option_values_are_placed_within_the_option():
    problems: list[Problem] = []
    read("{a: .nan}", "--set", problems, start=Place("--set", 3, 10))
    assert (problems[0].path, problems[0].line, problems[0].column) == ("--set", 3, 14)


def test_only_regular_files_within_the_size_are_read(tmp_path: Path):
    with pytest.raises(ScenarioError, match="not a regular file"):
        read_bytes(Path("/dev/zero"), "zero")
    with pytest.raises(ScenarioError, match="not a regular file"):
        read_bytes(tmp_path, "folder")
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_bytes(tmp_path / "absent", "absent")
    (tmp_path / "big").write_bytes(b"a" * 101)
    with pytest.raises(ScenarioError, match="too large: at most 100 bytes"):
        read_bytes(tmp_path / "big", "big", Limits(100, 100))


ROWS = "\n".join(f"    - [{n}, {n / 4}, -1e-3]" for n in range(200))


@pytest.mark.parametrize(
    "text",
    [
        f"kind: population\nhistories:\n  columns: [a, b, c]\n  rows:\n{ROWS}\nlast: 1\n",
        f"rows:\n{ROWS}\nmore:\n{ROWS}\n",
        f"text: |\n{ROWS}\nlast: 1\n",
        f"rows:\n    - [0]\n{ROWS}\n    - [x, 1]\n",
    ],
)
def test_long_blocks_of_numbers_are_read_as_the_plain_reader_reads_them(tmp_path: Path, text):
    (tmp_path / "d.yaml").write_text(text)
    data, tree = read_data(tmp_path / "d.yaml", "d.yaml")
    assert data == plain(read(text, "d.yaml", [])) == plain(tree())


def test_json_data_is_read_and_its_faults_have_places(tmp_path: Path):
    path = tmp_path / "d.json"
    path.write_text('{"a": [1, 2.5],\n "b": {"c": 1}}')
    data, tree = read_data(path, "d.json")
    assert data == {"a": [1, 2.5], "b": {"c": 1}}
    assert at(tree(), "b", "c").at.line == 2
    path.write_text('{"a": 1,\n "a": 2}')
    with pytest.raises(ScenarioError, match=r"d\.json:2:2: a: the key stands twice"):
        read_data(path, "d.json")
    path.write_text('{"a": NaN, "b": 1e999}')
    with pytest.raises(ScenarioError, match="finite"):
        read_data(path, "d.json")
