"""Which revisions a webhook is told, and what an event says: bounded, signed, without a word of who did it."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.cli.alert_words import AlertWords
from pipeline.law.waiting import Waiting
from pipeline.model.records import Alert, DoubtNote, Revision
from pipeline.model.taxonomy import Change, Doubt, Severity, Standing, Status
from pipeline.notify.config import AlertmanagerConfig, WebhookConfig
from pipeline.notify.events import MOST_BYTES, TYPE, event, stands, wanted
from pipeline.notify.exchange import Answer
from pipeline.notify.retrying import LONGEST, asked_pause, backoff
from pipeline.notify.secrets import SecretError, read_authorization, read_secrets, signatures
from pipeline.notify.shortening import MOST_TEXT
from pipeline.notify.standing import is_pushed, stood
from pipeline.notify.words import Sure
from tests.law.test_no_blame import blaming
from tests.notify.telling import NOW, SECRET, SOURCE, alert, said, secret_file, words

HOOK = WebhookConfig(name="tracker", url="http://127.0.0.1/", secret_file=Path("secret"))
CONSOLE = "https://console.example.org"
NASTY = "\x1b[2J\u202e<img src=x>\ud7ff" + "x" * 5_000


class Broken(AlertWords):
    """Words with a fault of ours."""

    def title(self, alert: Alert) -> str:
        raise KeyError(alert.provision)

    place = off_line = doubts = title


def test_a_fault_with_the_words_for_an_alert_keeps_nobody_from_being_told(caplog: pytest.LogCaptureFixture) -> None:
    doubted = alert("one", doubts=(DoubtNote(doubt=Doubt.PLACE_BROAD, figures={}),))
    sure = Sure(Broken())
    assert (sure.title(doubted), sure.place(doubted), sure.off_line(doubted)) == ("ceasefire", "48.25° N 37.6° E", "")
    assert list(sure.doubts(doubted)) == ["place_broad"]
    assert json.loads(event(said(doubted), sure, SOURCE, CONSOLE))["data"]["title"] == "ceasefire"
    assert "the words for al_one failed" in caplog.text


def test_an_event_has_what_cloudevents_asks_for() -> None:
    told = json.loads(event(said(alert("one"), 3, Change.EVIDENCE_CHANGED), words(), SOURCE, CONSOLE))
    assert {name: told[name] for name in ("specversion", "id", "source", "type", "subject")} == {
        "specversion": "1.0",
        "id": "al_one/3",
        "source": SOURCE,
        "type": TYPE,
        "subject": "al_one",
    }
    assert datetime.fromisoformat(told["time"]) == NOW
    assert told["datacontenttype"] == "application/json"
    # Names of attributes are small letters and digits; beside `data` there is nothing else.
    assert all(name.isascii() and name.isalnum() and name == name.lower() for name in told)
    data = told["data"]
    assert (data["revision"], data["change"], data["author"], data["stands"]) == (3, "evidence_changed", "Bo", True)
    assert data["alert"]["alert_id"] == "al_one"
    assert data["console"] == f"{CONSOLE}/?alert=al_one"
    assert data["place"]
    assert "cut" not in data


def test_no_event_is_too_long_and_what_was_cut_is_said() -> None:
    many = tuple(f"test:{number}" for number in range(3_000))
    figures = {f"figure-{number}": NASTY for number in range(90)} | {"deep": [[[[[[[[[["x"]]]]]]]]]]}
    doubt = DoubtNote(Doubt.SINGLE_REPORT, {"why": NASTY})
    large = alert("one", report_ids=many, figures=figures, doubts=(doubt,) * 50, assignee=NASTY)
    body = event(said(large, author=NASTY), words(), SOURCE, CONSOLE)
    told = json.loads(body)
    assert len(body) <= MOST_BYTES
    assert {"report_ids", "figures", "assignee"} <= set(told["data"]["cut"])
    assert len(told["data"]["alert"]["assignee"]) == MOST_TEXT
    assert "figures" not in told["data"]["alert"]
    assert told["data"]["alert"]["alert_id"] == "al_one"


@pytest.mark.parametrize(
    ("hook", "of", "knows", "expected"),
    [
        (HOOK, said(alert("a")), False, (True, True)),
        (HOOK, said(alert("a", standing=Standing.POSSIBLE)), False, (False, False)),
        (HOOK, said(alert("a", standing=Standing.POSSIBLE)), True, (True, False)),
        (HOOK, said(alert("a", status=Status.SUPERSEDED)), True, (True, False)),
        (HOOK, said(alert("a", status=Status.REFUTED)), True, (True, True)),
        (replace(HOOK, least=Severity.SERIOUS), said(alert("a", severity=Severity.MINOR)), False, (False, False)),
        (replace(HOOK, least=Severity.SERIOUS), said(alert("a", severity=Severity.MINOR)), True, (True, False)),
        (replace(HOOK, agreements=("other",)), said(alert("a")), False, (False, False)),
        (replace(HOOK, acts=False), said(alert("a"), 2, Change.COMMENTED), True, (False, True)),
        (replace(HOOK, acts=False), said(alert("a"), 2, Change.OUTCOME_RECORDED), True, (True, True)),
        (replace(HOOK, acts=False), said(alert("a", status=Status.SUPERSEDED), 2, Change.SEALED), True, (True, False)),
    ],
)
def test_what_a_webhook_wants(hook: WebhookConfig, of: Revision, knows: bool, expected: tuple[bool, bool]) -> None:
    assert tuple(wanted(of, knows, hook)) == expected


REVISIONS = st.lists(
    st.builds(
        said,
        st.builds(
            alert,
            st.just("a"),
            severity=st.sampled_from(Severity),
            standing=st.sampled_from(Standing),
            status=st.sampled_from(Status),
        ),
        st.just(1),
        st.sampled_from(Change),
    ),
    max_size=12,
)


@given(REVISIONS, st.sampled_from(Severity), st.booleans())
def test_nobody_is_told_of_what_never_stood_nor_left_with_what_does_not(
    history: list[Revision], least: Severity, acts: bool
) -> None:
    hook, knows, last = replace(HOOK, least=least, acts=acts), False, None
    for one in history:
        tell, now = wanted(one, knows, hook)
        if tell:
            assert knows or stands(one.alert)
            last = one
        knows = now
    # The receiver's last word of an alert is never that it stands where it does not.
    if history and last is not None and not stands(history[-1].alert):
        assert not knows
        assert not (stands(last.alert) and list(Severity).index(last.alert.severity) >= list(Severity).index(least))


def test_a_signature_is_as_standard_webhooks_says(tmp_path: Path) -> None:
    body = b'{"a": 1}'
    old = "whsec_" + base64.b64encode(b"o" * 32).decode()
    keys = read_secrets(secret_file(tmp_path, SECRET, old))
    expected = [
        "v1," + base64.b64encode(hmac.new(key, b"al_one/1.1700000000." + body, hashlib.sha256).digest()).decode()
        for key in (base64.b64decode(SECRET.removeprefix("whsec_")), b"o" * 32)
    ]
    assert signatures(keys, "al_one/1", 1_700_000_000, body).split(" ") == expected


NO_SECRETS = ["", "\n", "secret", "whsec_", "whsec_QUJD", "whsec_***", "\xff", "whsec_" + "A" * 200, f"{SECRET}\n" * 3]


@pytest.mark.parametrize("text", [*NO_SECRETS, "x" * 9_999])
def test_what_is_no_secret_is_refused_and_not_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SecretError) as error:
        read_secrets(path)
    assert str(path) in str(error.value)
    assert len(text) < 8 or text[:12] not in str(error.value)


def test_an_authorization_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "authorization"
    path.write_text("Bearer abc\nmore\n")
    assert read_authorization(path) == "Bearer abc"
    path.write_bytes("Bearer \xe9\r\n".encode())
    with pytest.raises(SecretError):
        read_authorization(path)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_pause_is_never_longer_than_its_bound(failures: int, chance: float) -> None:
    assert timedelta() <= backoff(failures, chance) <= min(LONGEST, timedelta(seconds=2.0 ** min(failures - 1, 20)))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0),
        ("120", 120),
        ("999999", 3_600),
        ("Sun, 01 Mar 2026 12:05:00 GMT", 300),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2036 11:00:00 GMT", 3_600),
        ("-3", 0),
        ("soon", 0),
        ("9" * 5_000, 3_600),
        ("Sun, 01 Mar 99999999999999999999 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2026 12:05:00", 0),
    ],
)
def test_what_a_receiver_asks_for_is_heeded_within_bounds(header: str, seconds: int) -> None:
    answer = Answer(429, {"Retry-After": header}, b"", True)
    assert asked_pause(answer, NOW) == timedelta(seconds=seconds)


MANAGER = AlertmanagerConfig(url="http://127.0.0.1:9093")


@pytest.mark.parametrize(
    ("fields", "until", "pushed"),
    [
        ({}, "acknowledged", True),
        ({"acknowledged_by": "Bo"}, "acknowledged", False),
        ({"acknowledged_by": "Bo"}, "outcome", True),
        ({"status": Status.UNDER_VERIFICATION}, "acknowledged", True),
        ({"status": Status.CONFIRMED}, "outcome", False),
        ({"status": Status.SUPERSEDED}, "outcome", False),
        ({"standing": Standing.POSSIBLE}, "outcome", False),
    ],
)
def test_what_stands_in_the_alertmanager(fields: dict[str, object], until: str, pushed: bool) -> None:
    how = replace(MANAGER, until=until)
    assert is_pushed(alert("a", **fields), how) is pushed
    assert not is_pushed(alert("a", **{**fields, "severity": Severity.MINOR}), replace(how, least=Severity.GRAVE))
    assert not is_pushed(alert("a", **fields), replace(how, agreements=("other",)))


def test_what_is_told_blames_nobody_and_is_one_sentence() -> None:
    for status in Status:
        one = alert(
            "a", status=status, probability=0.999, offset_m=-900.0, doubts=(DoubtNote(Doubt.SINGLE_REPORT, {}),)
        )
        pushed = stood(Waiting(one, NOW), "north", words(), CONSOLE)
        assert [blaming(text) for text in pushed.annotations.values()] == [[]] * len(pushed.annotations)
        assert pushed.annotations["summary"].endswith("2026-03-01 11:51 to 11:52 UTC.")
        # What is not certain is not said to be.
        assert pushed.annotations["probability"] == "0.99"
        assert "suspected" in pushed.annotations["description"]
        assert pushed.labels["sector"] == "north"
        assert pushed.link == f"{CONSOLE}/?alert=al_a"
        body = event(said(one), words(), SOURCE, CONSOLE).decode()
        assert blaming(body) == []


def test_an_end_is_never_before_the_beginning() -> None:
    pushed = stood(Waiting(alert("a"), NOW), "", words(), "").until(datetime(2020, 1, 1, tzinfo=UTC))
    assert pushed.ends_at == pushed.starts_at == NOW
    assert pushed.generator_url == ""
