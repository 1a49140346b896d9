"""`truceline act`: every action, what it refuses, the note for the next watch, and what the alerts show of it."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.agreement import load_agreement
from pipeline.cli.examples import EXAMPLES
from pipeline.model.records import Alert
from pipeline.model.taxonomy import ActionKind, ActionReason
from pipeline.store import Recorder, open_store
from tests.cli.driving import Cli, Told, traceless
from tests.cli.recorded import CLEAR, agreement_file, record
from tests.monitor.fusion.telling import disc, told
from tests.worlds import report

TOGETHER = [told(21, "array-1", disc(1_000)), told(22, "array-2", disc(1_000))]
APART = told(24, "array-1", disc(9_000), at_s=3_600.0)


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "agreement")


@pytest.fixture
def store(tmp_path: Path, agreement: Path) -> Path:
    return record(tmp_path / "truceline.db", agreement, [CLEAR, APART, *TOGETHER])


def alerts_of(store: Path) -> list[Alert]:
    with open_store(store) as opened:
        return [alert for alert in opened.alerts() if alert.provision == "ceasefire"]


def alert_of(store: Path, report_id: str) -> Alert:
    return next(alert for alert in alerts_of(store) if report_id in alert.report_ids)


@pytest.fixture
def clear(store: Path) -> str:
    return alert_of(store, CLEAR.report_id).alert_id


@pytest.fixture
def pair(store: Path) -> str:
    return alert_of(store, TOGETHER[0].report_id).alert_id


def done(cli: Cli, *arguments: str) -> dict[str, Any]:
    said = cli("act", *arguments, "--json")
    assert said.code == 0, said.err
    fields: dict[str, Any] = said.json()
    return fields


def refused(cli: Cli, *arguments: str, code: int = 2) -> str:
    said = cli("act", *arguments)
    traceless(said)
    assert (said.code, said.out) == (code, "")
    return said.err


def shown(cli: Cli, alert_id: str, *options: str) -> str:
    said = cli("alerts", "show", alert_id, *options)
    assert said.code == 0, said.err
    return " ".join(said.out.split())


def test_an_alert_from_report_to_outcome(cli: Cli, clear: str, agreement: Path) -> None:
    assert done(cli, clear, "acknowledge", "--by", "Ines")["alert"]["acknowledged_by"] == "Ines"
    assert done(cli, clear, "assign", "Team 2", "--by", "Ines")["alert"]["assignee"] == "Team 2"
    done(cli, clear, "comment", "Heard from the ridge.", "--by", "Bo")
    asked = done(cli, clear, "verify", "A crater?", "--by", "Ines", "--reason", "second_source_needed")
    assert asked["alert"]["status"] == "under_verification"
    done(cli, clear, "respond", "deny", "--party", "b", "--by", "Bo", "--text", "It was not us.", "-a", str(agreement))
    named = done(cli, clear, "attribute", "a", "--by", "Olga", "--basis", "inference", "--confidence", "low")
    assert named["alert"]["attribution"] == [
        {"party": "a", "author": "Olga", "basis": "inference", "confidence": "low"}
    ]
    found = done(cli, clear, "outcome", "confirmed", "--by", "Olga", "--reason", "inspected", "--text", "Two craters.")
    assert (found["alert"]["status"], found["revision"], found["action"]["reason"]) == ("confirmed", 8, "inspected")
    assert "outcome" not in found["allowed"]
    text = shown(cli, clear, "-a", str(agreement))
    assert "Denial by Party B: “It was not us.”" in text
    assert "Olga names Party A; basis: inference (the author's inference); confidence: low" in text
    assert "Olga: recorded the outcome confirmed (a team inspected the place): “Two craters.”" in text
    assert "Acknowledged by Ines. Given to Team 2." in text
    fields = cli("alerts", "show", clear, "--json").json()
    assert [one["kind"] for one in fields["actions"]] == [
        "acknowledge", "assign", "comment", "verify", "respond", "attribute", "outcome",
    ]  # fmt: skip
    assert fields["allowed"] == found["allowed"]
    back = done(cli, clear, "reopen", "--by", "Olga", "--reason", "response_received")
    assert back["alert"]["status"] == "alleged"


def test_words_for_people_go_to_standard_error(cli: Cli, clear: str) -> None:
    said = cli("act", clear, "acknowledge", "--by", "Ines\x1b[2J")
    assert (said.code, said.out) == (0, "")
    assert f"{clear}: Ines\\x1b[2J acknowledged it; status alleged, revision 2" in said.err


def test_the_beginning_of_an_id_will_do_and_a_wrong_one_names_the_nearest(cli: Cli, clear: str, store: Path) -> None:
    assert done(cli, clear[:-4], "comment", "Here.", "--by", "Bo")["alert"]["alert_id"] == clear
    assert clear in refused(cli, clear[:-1] + "x", "comment", "Here.", "--by", "Bo")
    assert "alerts begin so" in refused(cli, "al_", "comment", "Here.", "--by", "Bo")


def test_what_is_not_allowed_from_here_is_refused_and_names_what_is(cli: Cli, clear: str, store: Path) -> None:
    done(cli, clear, "outcome", "refuted", "--by", "Olga", "--reason", "nothing_found")
    said = refused(cli, clear, "verify", "--by", "Bo", "--reason", "disputed")
    assert "verify is refused: its outcome is recorded: refuted, by Olga; reopen it first" in said
    assert "from here: comment, split, respond, seal, reopen" in said
    with open_store(store) as opened:
        assert len(list(opened.history(clear))) == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("acknowledge",), "--by NAME"),
        (("acknowledge", "--by", " "), "--by NAME"),
        (("acknowledge", "Ines", "--by", "Bo"), "takes no value"),
        (("applaud", "--by", "Bo"), "is not an action; one of acknowledge, assign, comment"),
        (("outcome", "--by", "Bo"), "needs what was found"),
        (("outcome", "alleged", "--by", "Bo"), "one of confirmed, not_a_violation, refuted"),
        (("outcome", "proven", "--by", "Bo"), "is not a status"),
        (("outcome", "confirmed", "--by", "Bo"), "needs a --reason: inspected, imagery"),
        (("outcome", "confirmed", "--by", "Bo", "--reason", "permitted"), "for confirmed it is one of inspected"),
        (("verify", "--by", "Bo"), "verify needs a --reason: second_source_needed"),
        (("comment", "--by", "Bo"), "comment needs the words"),
        (("comment", "Here.", "--by", "Bo", "--reason", "inspected"), "comment takes no --reason"),
        (("respond", "deny", "--by", "Bo"), "needs the party"),
        (("respond", "shrug", "--by", "Bo", "--party", "a"), "one of deny, explain, claim_exception"),
        (("attribute", "a", "--by", "Bo", "--basis", "coded"), "how confident its author is"),
        (("attribute", "a", "--by", "Bo", "--basis", "rumour"), "is not a basis"),
        (("duplicate", "--by", "Bo"), "needs the id of the other alert"),
        (("duplicate", "al_zz", "--by", "Bo"), "no alert has the id"),
        (("split", "--by", "Bo"), "needs the reports"),
        (("split", "test:99", "--by", "Bo"), "none of these reports"),
        (("seal", "--by", "Bo"), "seal needs a --reason"),
        (("seal", "test:99", "--by", "Bo", "--reason", "personal_data"), "names reports that the alert rests on"),
        (("acknowledge", "--by", "Bo", "--since", "8h"), "go with --handover"),
    ],
)  # fmt: skip
def test_wrong_usage_says_what_is_right(cli: Cli, clear: str, arguments: tuple[str, ...], word: str) -> None:
    assert word in refused(cli, clear, *arguments)


def test_a_party_that_the_agreement_has_not_is_refused(cli: Cli, clear: str, agreement: Path) -> None:
    claim = ("--basis", "coded", "--confidence", "low", "-a", str(agreement))
    assert "its parties are a, b, monitor" in refused(cli, clear, "attribute", "c", "--by", "Bo", *claim)


def test_nothing_is_made_where_no_store_is(cli: Cli, tmp_path: Path) -> None:
    assert "there is no store here" in refused(cli, "al_1", "acknowledge", "--by", "Bo", "--store", "none.db")
    assert not (tmp_path / "none.db").exists()
    assert "name an alert and an action" in refused(cli, "--store", "none.db")
    assert "takes no ID" in refused(cli, "al_1", "--handover")


def test_an_act_is_done_beside_a_run_but_sealing_is_not(cli: Cli, clear: str, store: Path) -> None:
    seal = (clear, "seal", "--reason", "witness_protection", "--by", "Bo")
    with open_store(store, write=True):
        done(cli, clear, "acknowledge", "--by", "Bo")
        assert "another run (process" in refused(cli, *seal, code=1)
    done(cli, *seal)


def test_an_alert_that_has_moved_on_is_not_acted_on_blindly(cli: Cli, clear: str) -> None:
    done(cli, clear, "acknowledge", "--by", "Ines", "--revision", "1")
    said = refused(cli, clear, "assign", "Team 2", "--by", "Bo", "--revision", "1", code=1)
    assert "has moved on: it stands at revision 2, not 1" in said


def test_a_duplicate_leaves_the_list_and_a_split_joins_it(cli: Cli, clear: str, pair: str, store: Path) -> None:
    before = len(alerts_of(store))
    marked = done(cli, clear, "duplicate", pair[:-2], "--by", "Ines")
    assert (marked["action"]["other"], marked["action"]["reason"]) == (pair, "same_incident")
    assert len(alerts_of(store)) == before - 1
    assert f"Marked as a duplicate of {pair}." in shown(cli, clear)
    assert f"is marked as a duplicate of {pair}, by Ines" in refused(cli, clear, "assign", "Bo", "--by", "Bo")
    done(cli, clear, "reopen", "--by", "Ines", "--reason", "recorded_in_error")
    done(cli, pair, "split", alert_of(store, "test:21").report_ids[1], "--by", "Ines")
    assert len(alerts_of(store)) == before + 1


def test_what_is_sealed_is_shown_as_sealed(cli: Cli, clear: str) -> None:
    assert "Patrol 7" in shown(cli, clear)
    done(cli, clear, "seal", "--by", "Olga", "--reason", "witness_protection")
    text = shown(cli, clear)
    assert "Patrol 7" not in text
    assert f"{CLEAR.report_id}: words, observer and address were sealed by Olga" in text
    assert "whoever saw it could be endangered" in text


def test_without_a_claim_no_attribution_is_made(cli: Cli, clear: str) -> None:
    assert "Attribution None made." in shown(cli, clear)


def listed(cli: Cli, *options: str) -> set[str]:
    said = cli("alerts", "list", "--json", *options)
    assert said.code == 0, said.err
    return {json.loads(row)["alert_id"] for row in said.out.splitlines()}


def test_the_list_can_be_narrowed_to_how_alerts_are_looked_after(cli: Cli, clear: str, pair: str) -> None:
    done(cli, clear, "verify", "--by", "Ines", "--reason", "disputed")
    done(cli, clear, "assign", "Team 2", "--by", "Ines")
    assert listed(cli, "--status", "under_verification") == listed(cli, "--assignee", "Team 2") == {clear}
    assert clear not in listed(cli, "--unacknowledged")
    assert pair in listed(cli, "--unacknowledged")
    assert cli("alerts", "list", "--status", "pending").code == 2
    table = cli("alerts", "list").out
    row = next(line for line in table.splitlines() if clear in line)
    assert row.rstrip().endswith("under verification  Team 2")


@pytest.fixture
def long_ago(tmp_path: Path, agreement: Path) -> str:
    """A store whose grave alert was raised two hours ago."""
    with open_store(tmp_path / "truceline.db", write=True) as opened:
        then = datetime.now(UTC) - timedelta(hours=2)
        Recorder(opened, [load_agreement(agreement)], {}, clock=lambda: then).record([CLEAR])
        (alert,) = opened.alerts()
    return alert.alert_id


def test_what_nobody_acknowledged_in_time_is_the_supervisors(cli: Cli, long_ago: str) -> None:
    assert "Unacknowledged for 2 h: the supervisor's, as it is grave and more than 15 min old." in shown(cli, long_ago)
    assert "overdue: supervisor" in cli("alerts", "list").out
    assert listed(cli, "--assignee", "supervisor") == {long_ago}
    assert cli("act", "--handover", "--json").json()["overdue"][0]["alert_id"] == long_ago
    done(cli, long_ago, "acknowledge", "--by", "Ines")
    assert listed(cli, "--assignee", "supervisor") == set()
    assert "supervisor" not in shown(cli, long_ago)


def test_the_handover_tells_what_is_open_new_waiting_contradicted_and_done(
    cli: Cli, clear: str, pair: str, store: Path, agreement: Path, tmp_path: Path
) -> None:
    apart = alert_of(store, APART.report_id).alert_id
    done(cli, clear, "verify", "Is there a crater?", "--by", "Ines", "--reason", "second_source_needed")
    done(cli, pair, "outcome", "refuted", "--by", "Olga", "--reason", "other_cause")
    done(cli, apart, "respond", "explain", "--party", "a", "--by", "Bo", "--text", "A controlled demolition.")
    with open_store(store, write=True) as opened:
        Recorder(opened, [load_agreement(agreement)], {}).record([told(23, "array-3", disc(1_000))])
    said = cli("act", "--handover", "--since", "1h", "-o", "note.md", "-a", str(agreement))
    assert said.code == 0, said.err
    note = (tmp_path / "note.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^## ([^\n]*)\n\n(.*?)(?=\n\n## |\Z)", note, re.MULTILINE | re.DOTALL))
    assert f"`{clear}`" in parts["Waiting for verification"]
    assert "“Is there a crater?”" in parts["Waiting for verification"]
    assert f"`{pair}`" in parts["Contradicted: what came since speaks against an outcome"]
    assert "1 new report" in parts["Contradicted: what came since speaks against an outcome"]
    assert "explanation by Party A: “A controlled demolition.”" in parts["Responses received"]
    assert f"`{apart}`" in parts["New in this watch"]
    assert "1 × verify; 1 × outcome; 1 × respond." in parts["Done in this watch"]
    assert pair not in parts["New in this watch"]
    fields = cli("act", "--handover", "--since", "1h", "--json").json()
    assert [one["alert_id"] for one in fields["contradicted"]] == [pair]
    later = cli("act", "--handover", "--since", (datetime.now(UTC) + timedelta(hours=1)).isoformat(), "--json").json()
    assert (later["new"], later["done"]) == ([], [])
    assert len(later["open"]) == len(fields["open"]) > 1


def test_a_note_of_nothing_says_so(cli: Cli, tmp_path: Path, agreement: Path) -> None:
    record(tmp_path / "truceline.db", agreement, [report(1, disc(400_000))])
    note = cli("act", "--handover").out
    assert "0 alerts open" in note
    assert "Not known: nobody said who watched" in note
    assert note.count("Nothing.") == note.count("## ") - 1


def test_the_register_counts_outcomes_and_what_never_got_one(cli: Cli, clear: str, pair: str, store: Path) -> None:
    done(cli, clear, "outcome", "confirmed", "--by", "Olga", "--reason", "inspected")
    done(cli, pair, "duplicate", clear, "--by", "Olga")
    lines = [
        json.loads(row) for row in cli("alerts", "register", "--json", "--provision", "ceasefire").out.splitlines()
    ]
    (grave,) = [one for one in lines if one["severity"] == "grave"]
    assert (grave["confirmed"], grave["superseded"], grave["seen"]) == (1, 1, 2)
    assert grave["without"] == (grave["raised"] - 2) / (grave["raised"] - 1)
    assert grave["until_found_seconds"] >= 0
    each = [json.loads(row) for row in cli("alerts", "register", "--each", "--json").out.splitlines()]
    assert {one["alert_id"]: one["status"] for one in each}[pair] == "superseded"
    table = cli("alerts", "register")
    assert "without outcome" in table.out
    assert "without an outcome" in table.err
    assert pair in cli("alerts", "register", "--each").out


def test_the_examples_name_every_action_and_only_terms_that_there_are(cli: Cli) -> None:
    words = [line.split()[2] for line in EXAMPLES["act"] if "--handover" not in line]
    assert set(words) == set(ActionKind)
    reasons = [found for line in EXAMPLES["act"] for found in re.findall(r"--reason (\w+)", line)]
    assert set(reasons) <= set(ActionReason)


def test_help_tells_what_each_action_takes(cli: Cli) -> None:
    said: Told = cli("act", "--help")
    for kind in ActionKind:
        assert kind.value in said.out


def test_what_is_confirmed_opens_a_case_at_once(cli: Cli, store: Path, clear: str, agreement: Path) -> None:
    """By a provision that watches what operators find: it is put before a person, and no one else."""
    name = agreement.stem
    done(cli, clear, "outcome", "confirmed", "--by", "Ines", "--reason", "inspected", "-a", str(agreement))
    with open_store(store) as opened:
        cases = [alert for alert in opened.alerts(possible=True) if alert.provision == "consult"]
    assert [(case.agreement, case.figures["threshold"], case.status) for case in cases] == [
        (name, "confirmed", "alleged")
    ]
    assert clear in cases[0].figures["alerts"]


def test_what_rests_on_many_incidents_cannot_be_split(cli: Cli, store: Path, clear: str, agreement: Path) -> None:
    done(cli, clear, "outcome", "confirmed", "--by", "Ines", "--reason", "inspected", "-a", str(agreement))
    with open_store(store) as opened:
        (case,) = (alert for alert in opened.alerts(possible=True) if alert.provision == "consult")
    said = refused(cli, case.alert_id, "split", case.report_ids[0], "--by", "Ines")
    assert "of an alert that rests on one alone" in said


def test_what_was_marked_as_a_duplicate_can_be_listed(cli: Cli, clear: str, pair: str) -> None:
    done(cli, pair, "duplicate", clear, "--by", "Ines")
    rows = [json.loads(row) for row in cli("alerts", "list", "--status", "superseded", "--json").out.splitlines()]
    assert pair in {row["alert_id"] for row in rows}
    assert {row["status"] for row in rows} == {"superseded"}
