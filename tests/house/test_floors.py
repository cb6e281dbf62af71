"""Imports go down the house and never up or across; some packages are used in one place only."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ("sim", "experiments", "scenarios", "analysis")
WINGS = ("behaviors", "programs", "campaigns", "feedback", "environment", "kpis")
FLOORS = {"core": 0, "world": 1, **dict.fromkeys(WINGS, 2), "model": 2, "catalog": 3}
MAY_SEE = {"sim": set[str](), "analysis": set[str](), "scenarios": {"sim"}, "experiments": {"sim", "scenarios", "analysis"}}
ONLY_IN = {
    "mesa": {"sim/model.py", "sim/world/actors.py"},
    "simpy": {"sim/core/desk_simulated.py"},
    "ruamel": {"scenarios/reader.py"},
}
NOT_IN_SIM = {"pandas", "statsmodels", "pyarrow", "matplotlib", "igraph"}
NOT_IN_SIM_ABOVE_CORE = {"math", "cmath", "random", "secrets"}
BANNED_NUMPY = {
    "random", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "power", "float_power",
    "sin", "cos", "tan", "tanh", "sinh", "cosh", "arctan", "arctan2",
}  # fmt: skip


def imports(path: str, tree: ast.AST) -> Iterator[tuple[int, str, bool]]:
    """Line, absolute dotted name and whether written as relative, of every import; type-only ones too."""
    package = ["regulars", *Path(path).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield node.lineno, one.name, False
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = [*base, *(node.module.split(".") if node.module else [])]
            for one in node.names:
                yield node.lineno, ".".join([*stem, one.name]), bool(node.level)


def violations(path: str, text: str, components: frozenset[str] = frozenset()) -> list[str]:
    """What a module breaks, one line each.

    Args:
        path: From the project's root, such as ``sim/behaviors/loyalty.py``.
        text: Its source.
        components: Paths of modules that hold components; these do not import one another.
    """
    parts = Path(path).with_suffix("").parts
    folder, tree, found = parts[0], ast.parse(text), []

    def report(line: int, what: str) -> None:
        found.append(f"{path}:{line}: {what}")

    for line, name, is_relative in imports(path, tree):
        target = name.split(".")
        if target[0] in HOUSE:
            report(line, f"imports {name}: the folders' import name is regulars.{target[0]}")
        for package, places in ONLY_IN.items():
            if target[0] == package and path not in places:
                report(line, f"imports {package}, which belongs to {', '.join(sorted(places))}")
        if folder == "sim" and target[0] in NOT_IN_SIM:
            report(line, f"imports {target[0]}: sim knows nothing of tables, statistics and pictures")
        if folder == "sim" and parts[1] != "core" and target[0] in NOT_IN_SIM_ABOVE_CORE:
            report(line, f"imports {target[0]}: draws and elementary functions come from core")
        if target[0] != "regulars":
            continue
        other = target[1] if len(target) > 1 else ""
        if other == folder:
            if not is_relative:
                report(line, f"imports {name}: imports inside a folder are relative")
            if folder == "sim":
                _inside_sim(report, line, path, parts, target, components)
        elif is_relative:
            report(line, f"imports {name}: imports across folders are absolute")
        elif other not in MAY_SEE[folder]:
            report(line, f"imports {name}: {folder} may see {', '.join(sorted(MAY_SEE[folder])) or 'nothing of the house'}")
    if folder == "sim" and parts[1] != "core":
        for line, name in numpy_attributes(tree):
            if name in BANNED_NUMPY:
                report(line, f"np.{name}: its bits vary by processor and version; core has its own")
    return found


def numpy_attributes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of everything taken from numpy."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("np", "numpy"):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == "numpy":
            yield from ((node.lineno, one.name) for one in node.names)


def _inside_sim(
    report: Callable[[int, str], None],
    line: int,
    path: str,
    parts: tuple[str, ...],
    target: list[str],
    components: frozenset[str],
) -> None:
    room, other = parts[1], target[2] if len(target) > 2 else ""
    if room == "__init__" or other == room:
        module = "/".join(target[1:4]) + ".py"
        if room in WINGS and path in components and module in components and module != path:
            report(line, f"imports {module}: no component imports another")
        return
    if other not in FLOORS:
        report(line, f"imports regulars.sim.{other}, which has no place in the house: give it a floor in this test")
    elif room not in FLOORS:
        report(line, f"{room} has no place in the house: give it a floor in this test")
    elif FLOORS[other] >= FLOORS[room]:
        report(line, f"imports {other}: {room} may see only what lies below it")


def modules() -> list[str]:
    """Paths of all modules of the four folders."""
    return sorted(one.relative_to(ROOT).as_posix() for folder in HOUSE for one in (ROOT / folder).rglob("*.py"))


def component_modules() -> frozenset[str]:
    """Paths of the modules under the wings that declare a component, read from their source."""
    found = set()
    for path in modules():
        if path.startswith("sim/") and path.split("/")[1] in WINGS:
            tree = ast.parse((ROOT / path).read_text("utf-8"))
            classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
            named = [node for one in classes for node in one.body if isinstance(node, ast.Assign)]
            if any(isinstance(target, ast.Name) and target.id == "type" for node in named for target in node.targets):
                found.add(path)
    return frozenset(found)


def test_imports_go_down_the_house():
    components = component_modules()
    found = [line for path in modules() for line in violations(path, (ROOT / path).read_text("utf-8"), components)]
    assert not found, "\n".join(found)


def test_every_wing_has_components_to_look_at():
    wings = {path.split("/")[1] for path in component_modules()}
    assert {"behaviors", "programs", "campaigns", "environment", "kpis"} <= wings


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("sim/core/units.py", "from ..world.world import World", "core may see only what lies below"),
        ("sim/world/life.py", "from ..behaviors.loyalty import Loyalty", "world may see only what lies below"),
        ("sim/behaviors/loyalty.py", "from ..programs.points import Points", "behaviors may see only"),
        ("sim/behaviors/loyalty.py", "from .satisfaction import Satisfaction", "no component imports another"),
        ("sim/behaviors/loyalty.py", "from . import satisfaction", "no component imports another"),
        ("sim/model.py", "from .behaviors import loyalty", "model may see only what lies below"),
        ("sim/behaviors/loyalty.py", "from .. import model", "behaviors may see only"),
        ("sim/behaviors/x.py", "if TYPE_CHECKING:\n    from ..catalog import find", "behaviors may see only"),
        ("sim/behaviors/x.py", "def f():\n    import math", "come from core"),
        ("sim/behaviors/x.py", "from random import random", "come from core"),
        ("sim/behaviors/x.py", "import mesa", "mesa, which belongs to"),
        ("sim/world/x.py", "import simpy.events", "simpy, which belongs to"),
        ("scenarios/check.py", "from ruamel.yaml import YAML", "ruamel, which belongs to"),
        ("sim/kpis/x.py", "import pandas as pd", "sim knows nothing of tables"),
        ("sim/kpis/x.py", "import numpy as np\ny = np.exp(x)", "np.exp"),
        ("sim/kpis/x.py", "import numpy as np\ny = np.random.default_rng(1)", "np.random"),
        ("sim/kpis/x.py", "from numpy import log1p", "np.log1p"),
        ("sim/kpis/x.py", "from regulars.sim.world.world import World", "relative"),
        ("sim/model.py", "from regulars.experiments import job", "nothing of the house"),
        ("sim/model.py", "from regulars.scenarios import load", "nothing of the house"),
        ("analysis/compare.py", "from regulars.sim.model import LoyaltyModel", "nothing of the house"),
        ("analysis/compare.py", "from regulars import run", "nothing of the house"),
        ("analysis/compare.py", "from ..experiments import job", "across folders are absolute"),
        ("scenarios/check.py", "from regulars.experiments import job", "scenarios may see sim"),
        ("scenarios/check.py", "from sim.catalog import find", "import name is regulars.sim"),
    ],
)
def test_a_violation_is_found(path, text, says):
    components = frozenset({"sim/behaviors/loyalty.py", "sim/behaviors/satisfaction.py"})
    assert says in "\n".join(violations(path, text, components))


def test_what_is_allowed_is_not_reported():
    text = """
        import numpy as np
        import pandas
        from .job import job
        from regulars.analysis.estimate import Estimate
        from regulars.scenarios import load
        from regulars.sim.catalog import find
        y = np.exp(1.0)
    """
    assert violations("experiments/sweep.py", textwrap.dedent(text)) == []
    assert violations("sim/behaviors/loyalty.py", "from ..core.draws import exp32\nfrom ..world.world import World") == []
    assert violations("sim/core/draws.py", "import math\nimport numpy as np\ny = np.log(2.0)") == []
