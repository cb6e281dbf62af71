"""Prints every quantity of golden A/B cases: ``python tests/golden/quantities.py FOLDER...``.

A case is a folder with `params.json`, which holds its `kind`, and CSV files. The output is one JSON document,
``{folder name: {quantity: value}}``. Each kind is computed by a function of its own in `kinds/KIND.py`, from public functions.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))


def quantities(folder: Path) -> dict[str, Any]:
    """Quantities of one case.

    Raises:
        ValueError: Its kind is not known.
    """
    params = json.loads((folder / "params.json").read_text(encoding="utf-8"))
    kind = params["kind"]
    if not (Path(__file__).parent / "kinds" / f"{kind}.py").is_file():
        known = ", ".join(sorted(path.stem for path in (Path(__file__).parent / "kinds").glob("[a-z]*.py")))
        raise ValueError(f"{folder}: no kind {kind!r} (there: {known})")
    return importlib.import_module(f"kinds.{kind}").quantities(folder, params)


def main(folders: list[str]) -> None:
    found = {Path(one).resolve().name: quantities(Path(one)) for one in folders}
    json.dump(found, sys.stdout, indent=1, allow_nan=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
