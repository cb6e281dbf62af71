"""A path inside a scenario leads to a file of its project or of the library, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from regulars.scenarios import ScenarioError, library_names, load
from regulars.scenarios.library import find

PAYLOADS = [
    "/etc/passwd",
    "//etc/passwd",
    "/dev/zero",
    "/proc/self/environ",
    "../secret.yaml",
    "../../secret.yaml",
    "inner/../../secret.yaml",
    "inner/../../../../../../etc/passwd",
    "./../secret.yaml",
    "~/secret.yaml",
    "~root/secret.yaml",
    "$HOME/secret.yaml",
    "%USERPROFILE%\\secret.yaml",
    "C:\\Windows\\win.ini",
    "C:/Windows/win.ini",
    "c:secret.yaml",
    "\\\\server\\share\\x.yaml",
    "..\\secret.yaml",
    "file:///etc/passwd",
    "http://example.org/x.yaml",
    "https://example.org/x.yaml",
    "ftp://example.org/x.yaml",
    "s3://bucket/x.yaml",
    "data:text/yaml,a",
    "jar:file:x.yaml",
    "library:../baseline",
    "library:/etc/passwd",
    "library:../../../../etc/passwd",
    "library:~/x",
    "library:http://example.org",
    "library:",
    "library:library:online_shop/baseline",
    "nul.yaml",
    "CON",
    "inner/aux.yaml",
    "com1.yaml",
    "lpt9.yaml",
    "link_out.yaml",
    "linked/secret.yaml",
    "loop.yaml",
    "pipe.yaml",
    "inner",
    ".",
    "..",
    "",
    "base.yaml.",
    "base.yaml ",
    "inner//base.yaml",
    "base.yaml\\0.png",
    "*.yaml",
    "bas?.yaml",
    "base.txt",
    "absent.yaml",
    "a" * 600 + ".yaml",
    "a" * 300 + ".yaml",
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project beside a secret, with links and devices that lead out."""
    home = tmp_path / "project"
    (home / "inner").mkdir(parents=True)
    (tmp_path / "secret.yaml").write_text("name: secret\n")
    (home / "base.yaml").write_text("name: base\nmarket: {customers: 7}\n")
    (home / "base.txt").write_text("name: base\n")
    (home / "inner" / "base.yaml").write_text("name: inner\n")
    (home / "link_out.yaml").symlink_to(tmp_path / "secret.yaml")
    (home / "linked").symlink_to(tmp_path)
    (home / "loop.yaml").symlink_to(home / "loop.yaml")
    os.mkfifo(home / "pipe.yaml")
    monkeypatch.chdir(home)
    return home


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("form", ["extends: {}\n", "market: {{population: {}}}\n", "market:\n  network: {{type: edge_list, file: {}}}\n"])
def test_paths_that_lead_elsewhere_are_refused_in_one_line(project: Path, payload, form):
    quoted = '"{}"'.format(payload.replace("\\", "\\\\"))
    (project / "s.yaml").write_text(form.format(quoted))
    with pytest.raises(ScenarioError) as caught:
        load("s.yaml")
    (one,) = caught.value.errors
    assert (one.path, one.line) == ("s.yaml", 2 if "network" in form else 1)
    assert "secret" not in one.message.replace(payload, "").replace("~", "")


@pytest.mark.parametrize("path", ["base.yaml", "./base.yaml", "inner/../base.yaml", "inner/base.yaml"])
def test_paths_within_the_project_are_followed(project: Path, path):
    (project / "s.yaml").write_text(f"extends: {path}\n")
    assert load("s.yaml").id == "s"


def test_the_root_is_the_nearest_parent_with_a_marker(project: Path):
    (project / "inner" / "s.yaml").write_text("extends: ../base.yaml\n")
    with pytest.raises(ScenarioError, match="leads out of the project"):
        load("inner/s.yaml")
    (project / "regulars.yaml").write_text("")
    assert load("inner/s.yaml").market.customers == 7


def test_a_missing_file_gets_the_nearest_name(project: Path):
    (project / "s.yaml").write_text("extends: bse.yaml\n")
    with pytest.raises(ScenarioError, match=r"s\.yaml:1:10: extends = bse\.yaml: no such file\. Nearest right name: base\.yaml"):
        load("s.yaml")


NOT_A_SCENARIO = ["absent.yaml", "", "a b.yaml", "con.yaml", "x\0.yaml", ".", "/dev/null", "é.yaml", "a" * 65 + ".yaml", "pipe.yaml"]


@pytest.mark.parametrize("name", NOT_A_SCENARIO)
def test_files_that_cannot_be_a_scenario_are_refused(project: Path, name):
    if name.isprintable() and name.endswith(".yaml") and name not in ("absent.yaml", "pipe.yaml"):
        (project / name).write_text("market: {}\n")
    with pytest.raises(ScenarioError) as caught:
        load(name)
    assert [one.line for one in caught.value.errors] == [1]


def test_every_shipped_scenario_is_valid():
    names = library_names()
    assert {"library:online_shop/baseline", "library:online_shop/points"} <= set(names)
    for name in names:
        assert load(name).id == name


def test_an_unknown_name_of_the_library_gets_the_nearest():
    with pytest.raises(ScenarioError, match="Nearest right name: library:online_shop/baseline"):
        load("library:online_shop/basline")


def test_the_id_is_the_stem(project: Path):
    assert find("inner/base.yaml").id == "base"
    assert find("library:online_shop/points.yaml").id == "library:online_shop/points"
