"""The JSON Schema of an agreement's file, for editors; what its keys mean is taken from docs/agreements.md."""

import re
from pathlib import Path
from typing import Any

import msgspec

from pipeline.agreement.format import JUDGED, LISTS, UNJUDGED, ZONES, Header, UnjudgedTable
from pipeline.agreement.remembering import REMEMBERING
from pipeline.model.taxonomy import Activity, Weapon
from pipeline.model.term import Term

Schema = dict[str, Any]

_KINDS: dict[str, dict[str, type[msgspec.Struct]]] = {
    "zones": {**ZONES},
    "provisions": {**JUDGED, **REMEMBERING, **dict.fromkeys(sorted(UNJUDGED), UnjudgedTable)},
}
_TERMS: dict[str, type[Term]] = {"activities": Activity, "objects": Weapon}
"""Keys of which every item is a term or a group."""
_PARTS = {
    "Marker": "lines.markers",
    "Sector": "lines.sectors",
    "WeaponTable": "weapon classes",
    "Notice": "exceptions.notices",
    "Span": "exceptions.windows",
    "Limit": "provisions.limits",
    "Stage": "provisions.stages",
    "Item": "provisions.inventory",
}
"""Under which heading of the page the keys of a part are."""

_COMMON = {
    "id": "its name within the file: lower-case letters, digits, - and _",
    "title": "what it is called",
    "name": "what it is called",
    "source": "the id of the source on which it rests",
    "confidence": "how sure it is",
    "note": "plain words",
    "article": "the clause of the text",
    "zones": "ids of zones",
    "stages": "one step after the other",
    "from": "its first moment",
    "until": "its end",
    "params": "a free table, kept and shown",
    "reference": "by what the notice is known",
    "serial": "by what the weapon is known",
    "limits": "one or more limits",
}
"""Keys that need no explanation on the page."""


def agreement_schema(docs: Path, draft: str) -> Schema:
    """The whole schema."""
    page = (docs / "agreements.md").read_text(encoding="utf-8")
    tables = [*LISTS.values(), *(table for kinds in _KINDS.values() for table in kinds.values()), Header]
    _, found = msgspec.json.schema_components(dict.fromkeys(tables), ref_template="#/$defs/{name}")
    defs = {name: _finished(name, definition, page) for name, definition in found.items()}
    head = defs.pop("Header")
    lists = {name: _list_of({"$ref": f"#/$defs/{table.__name__}"}) for name, table in LISTS.items()}
    kinds = {name: _list_of({"oneOf": _by_kind(page, name, defs)}) for name in _KINDS}
    for name in {table.__name__ for one in _KINDS.values() for table in one.values()}:
        del defs[name]
    return {
        "$schema": draft,
        "$id": "agreement.json",
        "title": "Agreement",
        "description": "An agreement's file: docs/agreements.md. What one table says of another is told by the check.",
        "type": "object",
        "properties": {**head["properties"], **lists, **kinds},
        "required": head["required"],
        "additionalProperties": False,
        "$defs": dict(sorted(defs.items())),
    }


def _list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _by_kind(page: str, name: str, defs: dict[str, Schema]) -> list[Schema]:
    """A table for each kind, told apart by it."""
    made = []
    for kind, table in _KINDS[name].items():
        definition = msgspec.json.decode(msgspec.json.encode(defs[table.__name__]))
        definition["title"] = kind
        definition["properties"]["kind"] = {"description": f"{kind}: {definition['description']}", "const": kind}
        about = _meanings(page, f"{name} of kind {kind}")
        for key, meaning in about.items():
            if key in definition["properties"]:
                definition["properties"][key]["description"] = meaning
        made.append(definition)
    return made


def _finished(name: str, definition: Schema, page: str) -> Schema:
    made: Schema = {key: value for key, value in definition.items() if key != "title"}
    made["description"] = " ".join(str(made.get("description", "")).split())
    about = _meanings(page, *_headings(name))
    for key, given in made.get("properties", {}).items():
        meaning = about.get(key) or _COMMON.get(key)
        described = {"description": meaning} if meaning else {}
        made["properties"][key] = {**described, **_without_null(_with_terms(key, given, name))}
    return made


def _without_null(given: Schema) -> Schema:
    """TOML has no null: a key that has no value is left out."""
    alternatives = [one for one in given.get("anyOf", ()) if one != {"type": "null"}]
    kept = {key: value for key, value in given.items() if key != "anyOf" and (key, value) != ("default", None)}
    if not alternatives:
        return kept
    return {**kept, **alternatives[0]} if len(alternatives) == 1 else {**kept, "anyOf": alternatives}


def _headings(name: str) -> list[str]:
    """Where the page tells of a table's keys; a later heading's words go before those of an earlier one."""
    lists = {table.__name__: key for key, table in LISTS.items()}
    if name == "Header":
        return ["The head"]
    if name in lists or name in _PARTS:
        return [lists.get(name) or _PARTS[name]]
    return ["every provision", "every provision that remembers"]


def _with_terms(key: str, given: Schema, name: str) -> Schema:
    """Keys that name terms offer them."""
    if key in _TERMS:
        listed = next((one for one in (given, *given.get("anyOf", ())) if one.get("type") == "array"), None)
        if listed is not None:
            listed["items"] = {"enum": _names(_TERMS[key])}
    elif (name, key) in (("WeaponTable", "type"), ("Item", "weapon")):
        given = {"enum": _names(Weapon)}
    return given


def _names(terms: type[Term]) -> list[str]:
    return list(dict.fromkeys([*(term.value for term in terms), *(term.group for term in terms)]))


def _meanings(page: str, *headings: str) -> dict[str, str]:
    """What the page says of each key under some headings."""
    found: dict[str, str] = {}
    for heading in headings:
        part = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL)
        for row in part[1].splitlines() if part else ():
            cells = row.strip("|").split(" | ")
            if row.startswith("|") and len(cells) > 1 and (words := _plain(cells[1])):
                found |= dict.fromkeys(re.findall(r"`(\w+)`", cells[0]), words)
    return found


def _plain(words: str) -> str:
    """Markdown as plain words."""
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", words).replace("`", "").replace("**", "").strip(" |")
