"""The pages of the components, made from their declarations."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pictures

from regulars.scenarios import load
from regulars.scenarios.schema import prose, table, top
from regulars.sim import catalog
from regulars.sim.core.component import SECTIONS, Component

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
FOLDER = "components"
WRITTEN = "Written by `python docs/generate.py`; do not edit."
KINDS = ("emergent", "wiring")


def pages() -> dict[str, str]:
    """Text of the page of each component, and of their index, by path below docs."""
    types = {(one.kind, one.type): catalog.variants(one.kind, one.type) for one in catalog.components()}
    made = {f"{FOLDER}/{type}.md": page(variants) for (_, type), variants in types.items()}
    if len(made) < len(types):
        twice = [type for type, times in Counter(type for _, type in types).items() if times > 1]
        raise ValueError(f"components of two kinds share the name of one page: {', '.join(twice)}")
    return {f"{FOLDER}/README.md": index(list(types.values())), **made}


def index(found: list[list[type[Component]]]) -> str:
    """All components by wing, and the parameters that belong to none."""
    lines = [
        "# Components", "",
        f"{WRITTEN} The same in the terminal: `regulars catalog`, or as data `regulars catalog --json`.", "",
        "What a scenario can switch on, a page for each: what it does, its equation, the published patterns it reproduces, with a",
        "picture, and every parameter with unit, range, default and source. Below them the parameters that belong to no component.", "",
        "Published patterns are of two kinds. *Wiring* was put in, as a parameter or by calibration: its test shows no more than that",
        "it comes out again. *Emergent* was put in by nobody: it follows from the rest of the model. Each names its test.", "",
        "The scenario of a page is a file beside it that changes the shop of the library, so it can be run as it is:",
        "`regulars compare library:online_shop/baseline docs/components/points.yaml`.", "",
    ]  # fmt: skip
    for kind, section in SECTIONS.items():
        rows = [variants for variants in found if variants[0].kind == kind]
        if rows:
            lines += [f"## {_title(section)}", "", "| component | what it does | published |", "|---|---|---|"]
        for variants in rows:
            meaning = " Or: ".join(_meaning(one) for one in variants)
            lines.append(f"| [{_title(variants[0].type)}]({variants[0].type}.md) | {_cell(meaning)} | {_published(variants)} |")
        lines += [""] if rows else []
    return "\n".join([*lines, *top()]).rstrip() + "\n"


def page(variants: list[type[Component]]) -> str:
    """The page of a component with all its variants."""
    one = variants[0]
    title, drawn = _title(one.type), pictures.picture_of(one.kind, one.type)
    address = f"{SECTIONS[one.kind]}.{one.type if one.kind == 'behavior' else '*'}"
    lines = [f"# {title}", "", *([_meaning(one), ""] if len(variants) == 1 else _choice(variants))]
    lines += [f"![{title}](../images/components/{one.type}.svg)", "", pictures.caption(drawn), ""]
    lines += ["## In a scenario", "", f"[{one.type}.yaml]({one.type}.yaml), at `{address}`:", ""]
    lines += ["```yaml", (DOCS / FOLDER / f"{one.type}.yaml").read_text(encoding="utf-8").rstrip(), "```", ""]
    for variant in variants:
        within = "###" if variant.variant else "##"
        lines += [f"## Type `{variant.variant}`", ""] if variant.variant else []
        lines += [f"{within} What it does", "", *_linked(prose(_doc(variant)), one.type), "", *_facts(variant, within)]
        lines += _causes(variant, within)
        rows = catalog.parameters(variant.Params)
        lines += [f"{within} Parameters", "", *table(rows), ""] if rows else []
        lines += _own(variant, within)
    return "\n".join([*lines, *_whereabouts(one)]) + "\n"


def _title(name: str) -> str:
    return name[0].upper() + name[1:].replace("_", " ")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _doc(component: type[Component]) -> str:
    """The docstring without the first line, which stands at the top of the page."""
    first, _, rest = inspect.cleandoc(component.__doc__ or "").partition("\n\n")
    return f"{first}\n\n{rest}" if component.variant else rest


def _meaning(component: type[Component]) -> str:
    return (component.__doc__ or "").partition("\n")[0].strip()


def _choice(variants: list[type[Component]]) -> list[str]:
    """What the variants of a type mean, with the one that is meant where the scenario names none."""
    lines = ["One of these types:", ""]
    for one in variants:
        usual = " (default)" if one.default_variant else ""
        lines.append(f"- `{one.variant}`{usual}: {_meaning(one)}")
    return [*lines, ""]


def _published(variants: list[type[Component]]) -> str:
    kinds = Counter(fact.kind for one in variants for fact in one.facts)
    return ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind]) or "none known"


def _facts(component: type[Component], within: str) -> list[str]:
    lines = [f"{within} Published, and reproduced", ""]
    if component.facts:
        lines += ["| pattern | source | kind | shown by |", "|---|---|---|---|"]
    for fact in component.facts:
        path, _, test = fact.test.partition("::")
        lines.append(f"| {_cell(fact.text)} | {_cell(fact.source)} | {fact.kind} | [{test}](../../{path}) |")
    lines += [""] if component.facts else []
    lines += [component.unpublished, ""] if component.unpublished else []
    return lines


def _causes(component: type[Component], within: str) -> list[str]:
    """Causal links at the settings of the page's scenario, or at the defaults of a variant that it does not show."""
    shown = [one for one in load(str(DOCS / FOLDER / f"{component.type}.yaml")).components if type(one) is component]
    lines = []
    for one in (shown[0] if shown else component()).links:
        by = ", ".join(f"`{name}`" for name in one.by)
        lines.append(
            f"- more `{one.source}`, {'more' if one.sign > 0 else 'less'} `{one.target}`"
            + (f" (by {by})" if by else "")
            + (f" (with {', '.join(f'`{name}`' for name in one.needs)})" if one.needs else "")
            + (f" (given `{one.given}`)" if one.given else "")
            + (f", after {_weeks(one.delay)} week{'' if one.delay == 1.0 else 's'}" if one.delay else "")
            + (", along ties" if one.ties else "")
        )
    about = "Links of the causal-loop diagram in which [`regulars loops`](../feedback_loops.md) looks for feedback, as set above."
    return [f"{within} Causes and effects", "", about, "", *lines, ""] if lines else []


def _weeks(delay: float) -> str:
    """A delay in two digits, or more where the whole weeks have more."""
    return f"{delay:.2g}" if delay < 10 else f"{delay:.0f}"


def _own(component: type[Component], within: str) -> list[str]:
    """Fields, luck, totals and the KPIs that read them."""
    lines: list[str] = []
    for name, one in component.State.declarations.items():
        lines.append(f"- field `{name}` ({one.unit or '1'}): {one.doc}")
    lines += [f"- luck `{one.name}`, per {one.per}: {one.doc}" for one in component.streams()]
    lines += [f"- weekly total `{one.name}` ({one.unit}): {one.doc}" for one in component.totals]
    if fed := kpis_of([one.name for one in component.totals]):
        lines.append(f"- read by the [KPIs](../kpis.md) {', '.join(f'`{name}`' for name in fed)}")
    return [f"{within} Fields, luck and totals of its own", "", *lines, ""] if lines else []


class _Reads:
    """Weekly totals that only remember which of them were asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.names.add(name)
        return np.ones((1, 2))

    def __contains__(self, name: str) -> bool:
        return True


def kpis_of(totals: Iterable[str]) -> list[str]:
    """Names of the KPIs whose formula reads one of these totals."""
    wanted, found = set(totals), []
    for kpi in catalog.kpis():
        reads = _Reads()
        kpi().value(reads)
        found += [kpi.type] if wanted & reads.names else []
    return found


def _linked(lines: list[str], own: str) -> list[str]:
    """Text with other components that it names as links to their pages."""
    pages = {one.type for one in catalog.components()} - {own}

    def link(found: re.Match[str]) -> str:
        return f"{found[1]} [`{found[2]}`]({found[2]}.md)" if found[2] in pages else found[0]

    return [re.sub(r"\b(behavior|program) `(\w+)`", link, line) for line in lines]


def _whereabouts(component: type[Component]) -> list[str]:
    path = f"{component.__module__.removeprefix('regulars.').replace('.', '/')}.py"
    wing = SECTIONS[component.kind]
    return [
        "---", "",
        f"{WRITTEN} Declared in [{path}](../../{path}); picture by [docs/pictures/{wing}.py](../pictures/{wing}.py), "
        f"`python docs/generate.py --pictures {component.type}`. [All components](README.md)",
    ]  # fmt: skip
