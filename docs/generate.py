"""Keeps the documentation true: runs what it shows, and writes what is generated.

    python docs/generate.py                        # all of it: what follows, and every marked block run and its output rewritten
    python docs/generate.py README.md              # only these pages; also scenarios/library/*/README.md
    python docs/generate.py --catalog              # only what is made from the catalog: kpis.md and components/*.md
    python docs/generate.py --pictures             # only the pictures of the components, half a minute
    python docs/generate.py --pictures tiers push  # only these
    python docs/images/make.py                     # the picture of the README

Pictures are the same bytes each time: after `--pictures`, `git diff --exit-code docs/images/components` is the check of all of them.

A comment before a fenced block marks it; blocks of a page share one temporary folder, in which `examples`, `scenarios` and
`docs` are those of the project.

    <!-- run -->             a console block: each line after `$ ` is run in a shell, what follows it is its output
    <!-- python -->          a Python block; all of a page run as one program, after its console blocks
    <!-- output -->          what the Python block before it prints
    <!-- file PATH -->       the text of a file of the project

`run` takes options: `exit=2` (the exit status; the output is then standard error), `keep=REGEX` (other lines are left out),
and `cut=REGEX` (so is everything from the first such line on); what is left out shows as a line of an ellipsis.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = sorted((ROOT / "scenarios" / "library").glob("*/README.md"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *LIBRARY]
ELLIPSIS = "\u2026"
BLOCK = re.compile(r"^<!-- (?P<mark>run|python|output|file)(?P<options>[^\n]*?) -->\n(?P<open>```\w*\n)(?P<body>.*?)^```$", re.M | re.S)
BETWEEN = "\x1e\n"
MOST_SECONDS = 600


@dataclass
class Block:
    """A marked block of a page.

    Attributes:
        mark: run, python, output or file.
        body: What stands between the fences.
        options: By name; of a file, its path under the name "".
        place: Start and end of the body in the page.
    """

    mark: str
    body: str
    options: dict[str, str] = field(default_factory=dict)
    place: tuple[int, int] = (0, 0)


def blocks(text: str) -> list[Block]:
    """The marked blocks of a page, in order."""
    found = []
    for one in BLOCK.finditer(text):
        words = [word.partition("=") for word in shlex.split(one["options"])]
        options = {name if sign else "": value if sign else name for name, sign, value in words}
        found.append(Block(one["mark"], one["body"], options, one.span("body")))
    return found


def commands(body: str) -> list[tuple[str, list[str]]]:
    """Each command of a console block with the lines quoted as its output."""
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.startswith("> ") and found and found[-1][0].endswith("\\"):
            found[-1] = (f"{found[-1][0]}\n{line[2:]}", found[-1][1])
        elif found:
            found[-1][1].append(line.rstrip())
        else:
            raise ValueError(f"a console block begins with a command, not with {line!r}")
    return [(command, _trimmed(lines)) for command, lines in found]


def quoted(output: str, options: dict[str, str]) -> list[str]:
    """Output as a page quotes it: without what `keep` and `cut` leave out."""
    lines = _trimmed([line.rstrip() for line in output.splitlines()])
    if cut := options.get("cut"):
        at = next((at for at, line in enumerate(lines) if re.search(cut, line)), len(lines))
        lines = [*_trimmed(lines[:at]), *([ELLIPSIS] if at < len(lines) else [])]
    if keep := options.get("keep"):
        told: list[str] = []
        for line in lines:
            if re.search(keep, line):
                told.append(line)
            elif not re.search(r"\w", line):
                continue
            elif not told or told[-1] != ELLIPSIS:
                told.append(ELLIPSIS)
        lines = told
    return lines


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[0]:
        lines = lines[1:]
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


class Workshop:
    """A temporary folder in which the blocks of one page run."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="regulars-docs-")
        self.path = Path(self._folder.name)
        for name in ("scenarios", "docs"):
            (self.path / name).symlink_to(ROOT / name, target_is_directory=True)
        # A copy, because commands of the pages write beside the examples.
        for source in sorted((ROOT / "examples").rglob("*")):
            if source.is_file() and "__pycache__" not in source.parts:
                target = self.path / source.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "COLUMNS": "104",
            "NO_COLOR": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONIOENCODING": "utf-8",
        }

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def shell(self, command: str, expect: int = 0) -> str:
        """What a command prints: standard output, or standard error where it is to fail.

        Raises:
            ChildFailed: It ends otherwise than expected.
        """
        done = self._run(["bash", "-o", "pipefail", "-c", command])
        if done.returncode != expect:
            raise ChildFailed(f"$ {command}\nexit {done.returncode}, not {expect}\n{done.stdout}{done.stderr}")
        return done.stderr if expect else done.stdout

    def python(self, pieces: list[str]) -> list[str]:
        """What each piece of one program prints.

        Raises:
            ChildFailed: The program fails.
        """
        program = f"\nprint({BETWEEN[:-1]!r})\n".join(pieces)
        done = self._run([sys.executable, "-c", program])
        if done.returncode:
            raise ChildFailed(f"{program}\n{done.stdout}{done.stderr}")
        return done.stdout.split(BETWEEN)

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - the project's own pages
            command, cwd=self.path, env=self.environment, capture_output=True, encoding="utf-8", timeout=MOST_SECONDS, check=False
        )


class ChildFailed(Exception):
    """A block of a page does not run."""


def refreshed(text: str) -> str:
    """A page with the output of every marked block as it is now."""
    found = blocks(text)
    bodies = {one.place: one.body for one in found}
    with Workshop() as shop:
        for one in found:
            if one.mark == "file":
                bodies[one.place] = (ROOT / one.options[""]).read_text(encoding="utf-8")
            if one.mark == "run":
                lines = []
                for command, _ in commands(one.body):
                    print(f"  $ {command}", file=sys.stderr)
                    output = shop.shell(command, expect=int(one.options.get("exit", "0")))
                    lines += [*f"$ {command}".replace("\n", "\n> ").splitlines(), *quoted(output, one.options)]
                bodies[one.place] = "\n".join(lines) + "\n"
        programs = [one for one in found if one.mark == "python"]
        if programs:
            printed = dict(zip([one.place for one in programs], shop.python([one.body for one in programs]), strict=True))
            for before, after in pairwise(found):
                if after.mark == "output":
                    bodies[after.place] = "\n".join(quoted(printed[before.place], after.options)) + "\n"
    pieces, at = [], 0
    for (start, end), body in sorted(bodies.items()):
        pieces += [text[at:start], body]
        at = end
    return "".join([*pieces, text[at:]])


def generated() -> dict[str, str]:
    """Text of the pages that are made from the catalog, by path below docs."""
    from pages import pages

    from regulars.scenarios import catalog_document

    again = "Written by `python docs/generate.py`; do not edit."
    head = [
        "# KPIs",
        "",
        f"{again} The same list: `regulars catalog kpis`, or as data `regulars catalog kpis --json`.",
        "",
        "A scenario without the mechanism behind a KPI reports 0 for a count and nothing for a ratio. Where true life is hidden from",
        "the firm, `retention_rate`, `churn_rate` and `active_customers` are what the firm can observe; `latent_` before the name gives",
        "the truth that only a simulation knows.",
        "",
        "| name | unit | definition |",
        "|---|---|---|",
    ]
    rows = [f"| `{one['name']}` | {one['unit']} | {' '.join(one['definition'].split())} |" for one in catalog_document()["kpis"]]
    return {"kpis.md": "\n".join([*head, *rows]) + "\n", **pages()}


def write_catalog() -> None:
    """Write the pages that are made from the catalog, and remove those of components that are gone."""
    made = generated()
    for page in (ROOT / "docs" / "components").glob("*.md"):
        if page.relative_to(ROOT / "docs").as_posix() not in made:
            page.unlink()
    for name, text in made.items():
        (ROOT / "docs" / name).write_text(text, encoding="utf-8")


def draw(types: list[str]) -> None:
    """Draw the pictures of these components, or of all."""
    import pictures

    from regulars.sim import catalog

    kinds = {one.type: one.kind for one in catalog.components()}
    if unknown := [one for one in types if one not in kinds]:
        raise SystemExit(f"no component {', '.join(unknown)}")
    pictures.FOLDER.mkdir(parents=True, exist_ok=True)
    for type in types or kinds:
        print(f"  picture of {type}", file=sys.stderr)
        (pictures.FOLDER / f"{type}.svg").write_text(pictures.svg(kinds[type], type), encoding="utf-8")


def main() -> None:
    given = sys.argv[1:]
    if given[:1] == ["--pictures"]:
        draw(given[1:])
        return
    if given == ["--catalog"]:
        write_catalog()
        return
    if not given:
        draw([])
        write_catalog()
    made = set() if given else {ROOT / "docs" / name for name in generated()}
    for page in [Path(one).resolve() for one in given] or [one for one in PAGES if one not in made]:
        text = page.read_text(encoding="utf-8")
        if blocks(text):
            print(page.relative_to(ROOT), file=sys.stderr)
            page.write_text(refreshed(text), encoding="utf-8")


if __name__ == "__main__":
    main()
