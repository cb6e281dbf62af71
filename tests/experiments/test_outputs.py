"""Where results go is looked at before the long work; files are there whole or not at all, under the names people gave."""

from __future__ import annotations

from pathlib import Path

import pytest

from regulars.experiments.outputs import RUN_FILES, OutputError, check_files, check_outputs, replaced, write_bytes


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refusal(files, folder=None, inputs=()):
    with pytest.raises(OutputError) as caught:
        check_outputs(files, folder, inputs)
    return caught.value.exit_code, str(caught.value)


@pytest.mark.parametrize("name", ["input.parquet", "./input.parquet", "link.parquet", "deep/../input.parquet"])
def test_a_file_that_was_read_is_not_written_over_whatever_it_is_called(name):
    Path("deep").mkdir()
    Path("input.parquet").touch()
    Path("link.parquet").symlink_to("input.parquet")
    code, text = refusal({"--customers": Path(name)}, inputs=[Path("input.parquet").resolve()])
    assert (code, text) == (2, f"--customers {Path(name)}: this file is read and would be overwritten. Give another one.")


@pytest.mark.parametrize(
    ("name", "said"),
    [("folder", "is a folder"), ("file/x.html", "file is no folder"), (f"{'x' * 300}.html", "name too long"), ("/proc/x.html", "written")],
)
def test_a_place_that_cannot_be_written_is_named_as_it_was_given(name, said):
    Path("folder").mkdir()
    Path("file").touch()
    code, text = refusal({"--report": Path(name)})
    assert code == 3
    assert text.startswith(f"--report {name}: ")
    assert said in text


def test_a_folder_with_other_files_is_refused_and_named():
    Path("mine").mkdir()
    Path("mine/notes.txt").touch()
    assert refusal({}, Path("mine")) == (
        2,
        "--out mine: holds files that are not of an earlier run: notes.txt. Give a new or empty folder.",
    )
    Path("mine/manifest.json").touch()
    assert refusal({}, Path("mine"))[0] == 2


def test_a_file_in_place_of_the_folder_is_refused():
    Path("blocked").touch()
    assert refusal({}, Path("blocked")) == (3, "--out blocked: cannot be written: blocked is no folder.")


def test_the_folder_of_an_earlier_run_and_new_folders_are_free():
    Path("old").mkdir()
    for name in (*RUN_FILES, ".hidden", "people.parquet"):
        Path("old", name).touch()
    check_outputs({"--customers": Path("old/people.parquet")}, Path("old"))
    check_outputs({"--report": Path("new/deep/answer.html")}, Path("new/run"))
    check_files({"--out": None})
    assert Path("new/deep").is_dir()


def test_what_the_run_itself_writes_is_no_place_for_the_customers():
    assert "--customers new/kpis.parquet: the run itself writes" in refusal({"--customers": Path("new/kpis.parquet")}, Path("new"))[1]
    check_outputs({"--report": Path("new/report.html")}, Path("new"))


def test_all_that_is_wrong_is_told_at_once():
    Path("folder").mkdir()
    Path("file").touch()
    code, text = refusal({"--report": Path("folder")}, Path("file"))
    assert (code, len(text.splitlines())) == (3, 2)


def test_looking_leaves_nothing_behind():
    check_outputs({"--customers": Path("people.parquet")}, Path("run"))
    assert [one.name for one in Path().rglob("*")] == ["run"]


def test_a_run_takes_the_place_of_an_earlier_one_as_a_whole():
    for name in RUN_FILES:
        write_bytes(Path("run", name), b"old")
    with replaced(Path("run")) as fresh:
        write_bytes(fresh / "kpis.parquet", b"new")
        write_bytes(fresh / "manifest.json", b"new")
    assert {one.name: one.read_bytes() for one in Path("run").iterdir()} == {"kpis.parquet": b"new", "manifest.json": b"new"}


def test_a_run_that_fails_leaves_the_earlier_one_as_it_was():
    write_bytes(Path("run/manifest.json"), b"old")
    with pytest.raises(KeyError), replaced(Path("run")) as fresh:
        write_bytes(fresh / "manifest.json", b"new")
        raise KeyError
    assert {one.name: one.read_bytes() for one in Path("run").iterdir()} == {"manifest.json": b"old"}


def test_a_failure_while_writing_names_the_path_that_was_given():
    Path("taken.parquet").mkdir()
    with pytest.raises(OSError, match="taken") as caught:
        write_bytes(Path("taken.parquet"), b"x")
    assert caught.value.filename == "taken.parquet"
    with pytest.raises(OSError, match="run") as caught, replaced(Path("run")) as fresh:
        write_bytes(fresh / "missing" / ("x" * 300), b"x")
    assert caught.value.filename == "run"
    assert not list(Path().rglob("*.part"))
