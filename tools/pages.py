"""The generated parts of docs/: tables of fields, and the page of the closed lists."""

import re
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from pipeline.agreement.format import JUDGED, UNJUDGED
from pipeline.agreement.remembering import REMEMBERING
from pipeline.model.footprint import Area, Bearing, Disc, Nowhere
from pipeline.model.taxonomy import LISTS
from pipeline.model.term import Term

Schema = dict[str, Any]

_BLOCK = re.compile(r"(<!-- fields of (?P<where>[\w. ]+) -->\n).*?(<!-- end -->)", re.DOTALL)

_LIST_OF = {terms.__name__: name for name, terms in LISTS.items()}

_UNJUDGED_MEANINGS = {
    "consultation": "who consults whom, and when",
    "declared_strength": "a strength that is declared; recorded, never a breach",
    "obligation": "a duty that no report by itself can show as broken",
}


def term_lists() -> dict[str, list[dict[str, str]]]:
    """Every closed list by its name, each term with its meaning and, where it has one, its group."""
    lists = {name: [_term(term) for term in terms] for name, terms in LISTS.items()}
    lists["footprint_kinds"] = [
        {"term": str(msgspec.inspect.type_info(kind).tag), "meaning": _first_sentence(kind)}  # type: ignore[attr-defined]
        for kind in (Disc, Bearing, Area, Nowhere)
    ]
    lists["provision_kinds"] = [
        *({"term": kind, "meaning": _first_sentence(table), "group": "judged"} for kind, table in JUDGED.items()),
        *(
            {"term": kind, "meaning": _first_sentence(table), "group": "remembering"}
            for kind, table in REMEMBERING.items()
        ),
        *({"term": kind, "meaning": _UNJUDGED_MEANINGS[kind], "group": "not_yet_judged"} for kind in sorted(UNJUDGED)),
    ]
    return lists


def pages(docs: Path, schemas: Mapping[str, Schema]) -> dict[Path, str]:
    """docs/taxonomy.md, and every page that holds a table of fields, with what it should hold."""
    found = {docs / "taxonomy.md": "".join(_taxonomy())}
    for path in sorted(docs.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if _BLOCK.search(text):
            found[path] = _BLOCK.sub(lambda block: block[1] + _fields(schemas, block["where"]) + block[3], text)
    return found


def _term(term: Term) -> dict[str, str]:
    told = {"term": term.value, "meaning": term.meaning}
    return {**told, "group": term.group} if term.group else told


def _first_sentence(kind: type) -> str:
    text = " ".join(cleandoc(kind.__doc__ or "").split("\n\n")[0].split()).removesuffix(".")
    return text[0].lower() + text[1:]


def _taxonomy() -> Iterator[str]:
    yield "# The closed lists\n\nGenerated from the code by `make schemas`; the same lists, for programs, are in\n"
    yield "[schemas/taxonomy.json](../schemas/taxonomy.json). A list may grow. A term is never renamed and never\n"
    yield "changes its meaning. An agreement may name a term or, for activities and weapons, a whole group.\n"
    for name, terms in term_lists().items():
        grouped = any("group" in term for term in terms)
        yield f"\n## {name}\n\n"
        yield "| term | group | meaning |\n|---|---|---|\n" if grouped else "| term | meaning |\n|---|---|\n"
        for term in terms:
            group = f" {term.get('group', '')} |" if grouped else ""
            yield f"| `{term['term']}` |{group} {term['meaning']} |\n"


def _fields(schemas: Mapping[str, Schema], where: str) -> str:
    """The table of a record's fields: `report`, or a part, `report.Disc`, or without an alert's, `revision only`."""
    name, _, only = where.partition(" ")
    file, _, part = name.partition(".")
    found = schemas[file]["$defs"][part] if part else schemas[file]
    passed_over = schemas["alert"]["properties"] if only else {}
    rows = ["| field | | what it is |\n|---|---|---|\n"]
    for field, about in found["properties"].items():
        if field in passed_over:
            continue
        needed = field in found["required"]
        name = f"**`{field}`**" if needed else f"`{field}`"
        rows.append(f"| {name} | {_kind(about)} | {about.get('description', '')} |\n")
    return "".join(rows)


def _kind(about: Schema) -> str:
    """What kind of value a field has, in a few words."""
    if "const" in about:
        return f'`"{about["const"]}"`'
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        return f"[{_LIST_OF[name]}](taxonomy.md#{_LIST_OF[name]})" if name in _LIST_OF else name.lower()
    if "anyOf" in about:
        kinds = [_kind(option) for option in about["anyOf"]]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "null"))
    if about.get("format") == "date-time":
        return "time"
    if isinstance(about.get("type"), list):
        return str(about["type"][0])
    if about.get("type") == "array":
        return "two numbers" if "prefixItems" in about else f"list of {_kind(about['items'])}"
    words = {"string": "text", "boolean": "true or false", "integer": "whole number"}
    return words.get(about.get("type", ""), str(about.get("type", "")))
