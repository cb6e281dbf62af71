"""Edge lists as people have them: every row is an edge or an error that names its line."""

import numpy as np
import pandas as pd
import pytest

from regulars.analysis.ties import ties_of
from regulars.experiments.edges import edges_of, read_edges
from regulars.scenarios.problem import ScenarioError


def written(folder, text, name="edges.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def pairs(found):
    return list(zip([str(one) for one in found.source], [str(one) for one in found.target], strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "src,dst\na,b\nc,d\n",
        "\ufeffsrc,dst\r\na,b\r\nc,d\r\n",
        "weight,From,To\n1,a,b\n2,c,d\n",
        "source;target\na;b\n\nc;d",
        "src\tdst\na\tb\nc\td\n",
        'dst,src\n"b","a"\nd , c\n',
        "src,dst\na,b,\nc,d,,\n",
    ],
)
def test_ends_are_found_by_the_names_of_columns(tmp_path, text):
    assert pairs(read_edges(written(tmp_path, text))) == [("a", "b"), ("c", "d")]


def test_the_first_two_columns_are_taken_and_told(tmp_path):
    found = read_edges(written(tmp_path, "friend_a,friend_b,since\nx,y,2020\n"))
    assert pairs(found) == [("x", "y")] and found.columns == ("friend_a", "friend_b")
    assert "'friend_a' and 'friend_b', the first two" in found.notes[0] and found.notes[1] == "columns that are not used: since"


def test_numbers_in_the_first_line_are_an_edge(tmp_path):
    found = read_edges(written(tmp_path, "1,2\n2,3\n"))
    assert pairs(found) == [("1", "2"), ("2", "3")] and "no line of column names" in found.notes[0]


def test_a_list_with_names_alone_has_no_edges(tmp_path):
    assert len(read_edges(written(tmp_path, "src,dst\n"))) == 0


def test_an_end_that_is_empty_is_kept_to_be_counted(tmp_path):
    found = read_edges(written(tmp_path, "src,dst\na,\n,b\na,b\n"))
    assert pairs(found) == [("a", ""), ("", "b"), ("a", "b")]
    assert sum(ties_of(np.array(["a", "b"]), found.source, found.target).left_out.values()) == 2


@pytest.mark.parametrize("ends", [[1, 2], ["a", "b"], pd.array([1, None], "Int64"), pd.Categorical(["a", "b"])])
def test_parquet_is_read_whatever_the_type(tmp_path, ends):
    pd.DataFrame({"weight": [0.5, 0.6], "src": ends, "dst": ends}).to_parquet(tmp_path / "edges.parquet")
    found = read_edges(tmp_path / "edges.parquet")
    assert len(found) == 2 and found.columns == ("src", "dst")
    ties = ties_of(np.array(["1", "2", "a", "b"]), found.source, found.target)
    assert sum(ties.left_out.values()) == 2 and not ties.strangers


def test_lines_of_another_length_are_told_all_at_once(tmp_path):
    text = "src,dst\na,b\na\na,b,c\n\na,b\n" + "x\n" * 4
    with pytest.raises(ScenarioError) as caught:
        read_edges(written(tmp_path, text))
    path = tmp_path / "edges.csv"
    assert [str(one) for one in caught.value.errors] == [
        f"{path}:3:1: 1 field: must be 2, as in the first line.",
        f"{path}:4:1: 3 fields: must be 2, as in the first line.",
        f"{path}:7:1: 1 field: must be 2, as in the first line.",
        f"{path}:8:1: and 3 more lines of another length.",
    ]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("", "edges.csv", "empty: must hold one row a tie"),
        ("\n \n", "edges.csv", "empty: must hold one row a tie"),
        ("src\na\n", "edges.csv", "one column, 'src': an edge has two ends"),
        (b"\x00\x01\x02\xff", "edges.csv", "not a text file"),
        ("src,dst\na,b\n", "edges.parquet", "not a Parquet file that can be read"),
        ('src,dst\n"a,b\n' + "x" * 200_000, "edges.csv", "not CSV"),
    ],
)
def test_a_file_that_is_no_edge_list_is_one_clear_line(tmp_path, text, name, words):
    with pytest.raises(ScenarioError) as caught:
        read_edges(written(tmp_path, text, name))
    assert len(caught.value.errors) == 1 and words in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / name}:")


def test_a_file_that_is_not_there_and_a_folder_are_told(tmp_path):
    for path, words in ((tmp_path / "no.csv", "no such file"), (tmp_path, "a folder")):
        with pytest.raises(ScenarioError, match=words):
            read_edges(path)


def test_parquet_with_one_column_or_lists_is_told(tmp_path):
    path = tmp_path / "edges.parquet"
    pd.DataFrame({"src": [1]}).to_parquet(path)
    with pytest.raises(ScenarioError, match="1 column: an edge has two ends"):
        read_edges(path)
    pd.DataFrame({"src": [[1]], "dst": [[2]]}).to_parquet(path)
    with pytest.raises(ScenarioError) as caught:
        read_edges(path)
    assert sorted(one.dotted for one in caught.value.errors) == ["dst", "src"]


def test_a_frame_is_read_like_a_file():
    found = edges_of(pd.DataFrame({"weight": [1.0, 2.0], "from": [1, 2], "to": [2, 3]}))
    assert pairs(found) == [("1", "2"), ("2", "3")] and found.notes == ("columns that are not used: weight",)
    for wrong in (pd.DataFrame({"src": [1]}), [(1, 2)]):
        with pytest.raises(ScenarioError, match="edges:1:1: "):
            edges_of(wrong)  # pyright: ignore[reportArgumentType]
