"""What is shipped is the package and nothing else, whether built from the tree or from the source archive."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("sim", "experiments", "scenarios", "analysis")


def sources() -> list[str]:
    """Files of the project, but for what git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).exists()]


def expected(names: Iterable[str]) -> set[str]:
    """Files of the wheel that these files of the project must become."""
    found = set()
    for name in names:
        top, suffix = name.split("/")[0], Path(name).suffix
        if top in FOLDERS and (suffix == ".py" or "/library/" in f"/{name}" or suffix == ".jinja"):
            found.add(f"regulars/{name}")
        if name.startswith("src/regulars/") and (suffix == ".py" or name.endswith("py.typed")):
            found.add(name.removeprefix("src/"))
    return found


def strangers(contents: Iterable[str]) -> list[str]:
    """Files of a wheel that belong neither to the package nor to its dist-info, or are no part of a package at all."""
    found = []
    for name in contents:
        top = name.split("/")[0]
        known = top == "regulars" or (top.startswith("regulars-") and top.endswith(".dist-info"))
        litter = "__pycache__" in name or "/tests/" in name or Path(name).suffix in (".pyc", ".ipynb", ".so")
        if not known or litter:
            found.append(name)
    return sorted(found)


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with the source archive, the wheel from it, and in ``direct/`` the wheel from the tree; built in a copy."""
    folder = tmp_path_factory.mktemp("built")
    tree = folder / "tree"
    for name in sources():
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    build = [sys.executable, "-m", "build", "--no-isolation", str(tree)]
    for options in (["--outdir", str(folder)], ["--wheel", "--outdir", str(folder / "direct")]):
        done = subprocess.run([*build, *options], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


def test_the_wheel_holds_the_package_alone(built):
    (wheel,) = built.glob("*.whl")
    assert strangers(contents(wheel)) == []


def test_every_module_and_every_scenario_is_in_the_wheel(built):
    (wheel,) = built.glob("*.whl")
    assert expected(sources()) - contents(wheel) == set()
    assert any(name.endswith("online_shop/baseline.yaml") for name in contents(wheel))


def test_the_wheel_from_the_tree_is_that_from_the_source_archive(built):
    (wheel,) = built.glob("*.whl")
    (direct,) = (built / "direct").glob("*.whl")
    assert contents(direct) == contents(wheel)


def test_the_source_archive_holds_folders_not_links_out_of_it(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        assert [one.name for one in packed if (one.issym() or one.islnk()) and one.linkname.startswith("/")] == []


def test_the_tree_stays_clean(built):
    command = ["git", "status", "--porcelain", "--ignored=no", "dist", "build"]
    assert subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout == ""


def test_strangers_are_found():
    good = ["regulars/sim/model.py", "regulars-0.1.0.dist-info/METADATA"]
    bad = ["analysis/compare.py", "tests/test_x.py", "regulars/sim/__pycache__/model.cpython-311.pyc"]
    assert strangers(good + bad) == sorted(bad)


def test_a_missing_scenario_is_noticed():
    assert expected(["scenarios/library/cafe.yaml", "sim/model.py", "src/regulars/cli.py", "README.md"]) == {
        "regulars/scenarios/library/cafe.yaml",
        "regulars/sim/model.py",
        "regulars/cli.py",
    }
