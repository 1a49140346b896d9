"""Text that nobody vouches for: it comes through as data, and steers nothing."""

from typing import Any

import httpx
import pytest

from tests.console.conftest import Record
from tests.console.serving import Served, listening_to
from tests.console.test_acting import act
from tests.monitor.fusion.telling import disc
from tests.worlds import report

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "line one\r\n\r\ndata: {}\nevent: alerts\nid: 1\n\n",
    "\x1b[2J\x07\u202egnp.exe\u2028\u2029\x85",
    "]]> --> ' \" & %00 \\u0000 ${7*7} {{7*7}}",
    "x" * 100_000,
    "\U0010ffff \ufffe 🇺🇦",
)


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_are_data_and_nothing_else(
    console: Served, asking: httpx.Client, record: Record, words: str
) -> None:
    with listening_to(console) as told:
        next(told)
        one = report("hostile", disc(20_000.0, 3_000.0), text=words, observer=words[:500], url=words[:500])
        (name, *_) = record(one)
        event = next(told)
        assert event[0] == "alerts"
        assert event[1] == event[2][-1]["entry"]
    answer = asking.get(f"/api/alerts/{name}")
    detail = answer.json()
    assert detail["reports"][0]["text"] == words
    shown = [line for passage in detail["passages"] for line in passage["lines"]]
    assert max(map(len, shown)) < 13_000
    assert all(line.isprintable() or "\u200c" in line or "\u200d" in line for line in shown)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ("/cap/feed.atom", "/ogc/collections/alerts/items", "/api/alerts", f"/cap/alerts/{name}.xml"):
        assert asking.get(path).status_code == 200
        assert words not in asking.get(path).text


@pytest.mark.parametrize("words", [words for words in HOSTILE if len(words) < 200], ids=range(len(HOSTILE) - 1))
def test_an_operators_own_name_steers_no_stream(console: Served, asking: httpx.Client, words: str) -> None:
    name = asking.get("/api/alerts").json()["alerts"][0]["alert_id"]
    with listening_to(console) as told:
        next(told)
        done: Any = act(asking, name, action="comment", text=words, by=f"Ines {words}"[:200])
        assert done.status_code == 200, done.text
        event, number, data = next(told)
        assert (event, number, data[0]["author"]) == ("alerts", data[-1]["entry"], f"Ines {words}"[:200].strip())
    assert words.split()[0][:5] in asking.get(f"/api/alerts/{name}").json()["acts"][0]["text"]


@pytest.mark.parametrize(
    "asked", ["/api/alerts/../../etc/passwd", "/api/agreements/%2e%2e%2fx", "/ogc/collections/..%2f"]
)
def test_paths_lead_nowhere(asking: httpx.Client, asked: str) -> None:
    assert asking.get(asked).status_code in {400, 404}


@pytest.mark.parametrize("name", ["/etc/passwd", "../world", "world.toml", "\x00", "x" * 199])
def test_an_agreements_name_is_no_path(asking: httpx.Client, name: str) -> None:
    assert asking.get("/api/compliance", params={"agreement": name}).status_code == 404
