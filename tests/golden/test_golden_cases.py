"""Every quantity of every golden A/B case, within the tolerance that the case states."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GOLDEN = Path(__file__).parent
SCRIPT = GOLDEN / "quantities.py"
CASES = sorted(path.parent for path in (GOLDEN / "ab").glob("*/expected.json"))
KINDS = {path.stem for path in (GOLDEN / "kinds").glob("[a-z]*.py")}


def kind(case: Path) -> str:
    return json.loads((case / "params.json").read_text("utf-8"))["kind"]


def expected(case: Path) -> dict[str, Any]:
    return json.loads((case / "expected.json").read_text("utf-8"))["expected"]


READY = [case for case in CASES if kind(case) in KINDS]


@pytest.fixture(scope="module")
def printed() -> dict[str, dict[str, Any]]:
    """What the script prints about all cases, computed once as an outsider does it."""
    done = subprocess.run([sys.executable, str(SCRIPT), *map(str, READY)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def misses(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Quantities outside their tolerance, one line each; a list is compared number by number."""
    lines = []
    for name, one in wanted.items():
        tolerance = one["tolerance"]
        value, truth = (np.asarray(number, dtype=float) for number in (found.get(name, np.nan), one["value"]))
        near = value.shape == truth.shape and np.allclose(
            value, truth, rtol=tolerance.get("rtol", 0.0), atol=tolerance.get("atol", 0.0)
        )
        if not near:
            lines.append(f"{name}: {found.get(name)} instead of {one['value']} ({tolerance})")
    return lines


@pytest.mark.parametrize("case", READY, ids=lambda case: case.name)
def test_every_quantity_is_computed(case, printed):
    assert sorted(set(expected(case)) - set(printed[case.name])) == []


@pytest.mark.parametrize("case", READY, ids=lambda case: case.name)
def test_every_quantity_agrees_with_its_sources(case, printed):
    found = misses(printed[case.name], expected(case))
    assert not found, "\n".join(found)


def test_a_quantity_outside_its_tolerance_is_told():
    wanted = {"diff": {"value": 1.0, "tolerance": {"rtol": 1e-8}}, "ci": {"value": [0.0, 2.0], "tolerance": {"atol": 0.1}}}
    assert misses({"diff": 1.0, "ci": [0.05, 2.05]}, wanted) == []
    assert [line.split(":")[0] for line in misses({"diff": 1.0 + 1e-7, "ci": [0.0, 2.2]}, wanted)] == ["diff", "ci"]
    assert [line.split(":")[0] for line in misses({"ci": [0.0]}, wanted)] == ["diff", "ci"]


def test_the_script_refuses_an_unknown_kind(tmp_path):
    spec = importlib.util.spec_from_file_location("golden_quantities", SCRIPT)
    assert spec and spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    (tmp_path / "params.json").write_text('{"kind": "alchemy"}', encoding="utf-8")
    with pytest.raises(ValueError, match="no kind 'alchemy'"):
        script.quantities(tmp_path)
