"""Where results go is looked at before the long work; files are there whole or not at all, under the names people gave."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from regulars.experiments.compare import Comparison
from regulars.experiments.outputs import RUN_FILES, OutputError, check_files, check_kind, check_outputs, claimed, replaced, write_bytes
from regulars.experiments.results import Result
from regulars.experiments.run import save_customers
from regulars.scenarios import load


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refusal(files, folder=None, inputs=()):
    with pytest.raises(OutputError) as caught:
        check_outputs(files, folder, inputs)
    return caught.value.exit_code, str(caught.value)


def test_folders_made_for_work_that_fails_go_again_if_they_are_empty():
    Path("old").mkdir()
    Path("there").mkdir()
    with pytest.raises(KeyboardInterrupt), claimed({"--customers": Path("old/new/people.parquet")}, Path("deep/out")):
        assert Path("deep/out").is_dir() and Path("old/new").is_dir()
        Path("old/new/kept.txt").touch()
        raise KeyboardInterrupt
    assert not Path("deep").exists()
    assert Path("old/new/kept.txt").exists()
    with pytest.raises(KeyboardInterrupt), claimed({}, Path("there")):
        raise KeyboardInterrupt
    assert Path("there").is_dir(), "it was there before"
    with pytest.raises(OutputError), claimed({"--report": Path("old")}, Path("fresh")):
        pass
    assert not Path("fresh").exists()
    with claimed({}, Path("empty")):
        pass
    assert Path("empty").is_dir()


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


def manifest(*scenarios):
    return json.dumps({"scenarios": {name: {} for name in scenarios}}).encode()


def test_a_folder_of_another_experiment_is_refused_and_named():
    write_bytes(Path("run/manifest.json"), manifest("shop", "points"))
    check_outputs({}, Path("run"), scenarios=["shop", "points", "points"])
    told = "--out run: holds a comparison of shop with points, which would be lost. Give another folder, or remove it first."
    for others in (["shop"], ["points", "shop"], ["shop", "mail"]):
        with pytest.raises(OutputError) as caught:
            check_outputs({}, Path("run"), scenarios=others)
        assert (caught.value.exit_code, str(caught.value)) == (2, told)
    write_bytes(Path("run/manifest.json"), manifest("shop"))
    with pytest.raises(OutputError, match="^--out run: holds a run of shop, which would be lost"):
        check_outputs({}, Path("run"), scenarios=["mail"])
    write_bytes(Path("run/manifest.json"), b"{}")
    with pytest.raises(OutputError, match="holds a manifest.json that no run has written"):
        check_outputs({}, Path("run"), scenarios=["mail"])


def test_another_experiment_that_ends_first_is_not_written_over():
    with pytest.raises(OutputError, match="holds a run of shop"), replaced(Path("run")) as fresh:
        write_bytes(fresh / "manifest.json", manifest("mail"))
        write_bytes(Path("run/manifest.json"), manifest("shop"))
    assert Path("run/manifest.json").read_bytes() == manifest("shop")
    assert [one.name for one in Path("run").iterdir()] == ["manifest.json"]


def test_runs_that_end_at_once_do_not_mix_their_files(tmp_path):
    """Many processes swap many files at the same moment: whoever is last, all files are of one."""
    code = """
import sys, time
from pathlib import Path
from regulars.experiments.outputs import RUN_FILES, replaced
while time.time() < float(sys.argv[2]):
    pass
for turn in range(40):
    with replaced(Path("run")) as fresh:
        for name in RUN_FILES:
            (fresh / name).write_text(f"{sys.argv[1]} {turn}")
"""
    start = str(time.time() + 1.0)
    running = [subprocess.Popen([sys.executable, "-c", code, str(at), start]) for at in range(3)]
    while any(one.poll() is None for one in running):
        time.sleep(0.01)
    assert [one.returncode for one in running] == [0, 0, 0]
    seen = {one.read_text() for one in Path("run").iterdir()}
    assert len(seen) == 1


@pytest.mark.parametrize("name", ["today.yaml", "log.csv", "report"])
def test_a_file_of_another_kind_is_refused(name):
    with pytest.raises(OutputError, match=rf"^report {name}: must end in \.html or \.htm\.$"):
        check_kind("report", Path(name), ".html", ".htm")
    check_kind("report", Path("a.HTML"), ".html", ".htm")


def test_answers_of_python_are_written_over_no_other_file():
    Path("today.yaml").write_text("market: {customers: 500}\n")
    Path("page.html").symlink_to("today.yaml")
    scenario = load("today.yaml")
    comparison, result = Comparison({}, (), (scenario,)), Result(scenario, 1, (), {})
    with pytest.raises(OutputError, match=r"^report today.yaml: must end in"):
        comparison.report("today.yaml")
    with pytest.raises(OutputError, match=r"^report page.html: this file is read and would be overwritten"):
        comparison.report("page.html")
    with pytest.raises(OutputError, match=r"^customers today.yaml: must end in \.parquet"):
        save_customers(result, Path("today.yaml"))


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
