"""`alerts list`, `show` and `export`: what an operator reads, and what never reaches a terminal."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from pipeline.cli.alert_table import print_table
from pipeline.cli.show_alert import Behind, sections
from pipeline.cli.show_doubts import sentence
from pipeline.cli.whereabouts import Agreements, off_line, place
from pipeline.model.footprint import Disc
from pipeline.model.records import Alert, DoubtNote
from pipeline.model.taxonomy import Doubt
from pipeline.store import open_store
from tests.cli.driving import Cli, traceless
from tests.cli.recorded import ALL, BROAD, CLEAR, SECTOR, agreement_file, record
from tests.worlds import report

ACCUSING = (
    "aggress, guilt, attacked by, culprit, blame, terrorist, enem, hostile, perpetrat, offender, violator, responsib, "
    "fired by, committed by, militant, rebel, occupier, invader"
).split(", ")


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "agreement")


@pytest.fixture
def store(tmp_path: Path, agreement: Path) -> Path:
    return record(tmp_path / "truceline.db", agreement)


def alerts_of(store: Path) -> list[Alert]:
    with open_store(store) as opened:
        return list(opened.alerts(possible=True))


def alert_of(store: Path, report_id: str, provision: str = "ceasefire") -> Alert:
    return next(a for a in alerts_of(store) if a.report_ids == (report_id,) and a.provision == provision)


def listed(cli: Cli, *options: Any) -> list[dict[str, Any]]:
    told = cli("alerts", "list", "--json", *options)
    assert told.code == 0, told.err
    return [json.loads(row) for row in told.out.splitlines()]


def test_json_lists_the_raised_alerts_oldest_first(cli: Cli, store: Path) -> None:
    alerts = listed(cli, "--store", store)
    assert {alert["standing"] for alert in alerts} == {"raised"}
    times = [alert["observed_from"] for alert in alerts]
    assert times == sorted(times)
    assert len(listed(cli, "--store", store, "--possible")) == len(alerts_of(store)) > len(alerts)


def test_a_list_can_be_narrowed(cli: Cli, store: Path) -> None:
    assert {a["provision"] for a in listed(cli, "--possible", "--provision", "artillery")} == {"artillery"}
    latest = listed(cli, "--possible", "--limit", "2")
    assert latest == listed(cli, "--possible")[-2:]
    since = listed(cli, "--possible", "--since", "2016-03-01T15:30:00Z")
    assert {tuple(a["report_ids"]) for a in since} == {(BROAD.report_id,), ("test:7",)}
    assert listed(cli, "--possible", "-a", "world") == listed(cli, "--possible")


@pytest.mark.parametrize("options", [("-a", "no-such"), ("--since", "yesterday"), ("--limit", "0"), ("-a", "no.toml")])
def test_a_list_of_what_is_not_there_is_wrong_usage(cli: Cli, store: Path, options: tuple[str, ...]) -> None:
    told = cli("alerts", "list", *options)
    assert told.code == 2
    traceless(told)


def test_the_table_tells_time_severity_place_and_side(cli: Cli, store: Path, agreement: Path) -> None:
    told = cli("alerts", "list", "-a", agreement)
    row = next(line for line in told.out.splitlines() if alert_of(store, CLEAR.report_id).alert_id in line)
    for shown in ("2016-03-01 09:00", "11:00", "grave", "0.99", "raised", "world/ceasefire", "Middle", "A side"):
        assert shown in row
    assert re.search(r"\d+(\.\d)? km \w+ of Westtown|\d+(\.\d)? km \w+ of Easttown", row)
    assert "\x1b" not in told.out
    assert "more are only possible" in told.err
    assert "p: probability of a breach" in told.err


def test_counts_obey_the_filters(cli: Cli, store: Path) -> None:
    for options in ([], ["--provision", "artillery"], ["--since", "2016-03-01T15:30:00Z"], ["-a", "world"]):
        raised, every = listed(cli, *options), listed(cli, "--possible", *options)
        assert len(every) > len(raised)
        said = cli("alerts", "list", *options).err
        assert f"{len(raised)} alert" in said
        assert f"; {len(every) - len(raised)} more" in said
    assert "more" not in cli("alerts", "list", "--since", "2017-01-01").err


def test_an_unknown_provision_is_wrong_usage_and_the_known_are_named(cli: Cli, store: Path, agreement: Path) -> None:
    told = cli("alerts", "list", "--provision", "nosuch", "-a", agreement)
    assert (told.code, told.out) == (2, "")
    assert "artillery, ceasefire, ceiling, consult, drones" in told.err
    # One that the agreement has, and of which there is no alert, is right usage.
    assert cli("alerts", "list", "--provision", "drones", "-a", agreement).code == 0
    unseen = cli("alerts", "list", "--provision", "drones")
    assert unseen.code == 2
    assert "name the file with --agreement" in unseen.err


def test_whole_days_are_told_as_days(cli: Cli, tmp_path: Path, agreement: Path) -> None:
    midnight = timedelta(hours=-2)
    days = [
        report(
            number,
            CLEAR.footprint,
            at=midnight + timedelta(days=begin),
            lasting=timedelta(hours=hours),
            ledger="independent",
        )
        for number, begin, hours in ((1, 0, 24), (2, 3, 48), (3, 6, 23))
    ]
    record(tmp_path / "days.db", agreement, days)
    rows = cli("alerts", "list", "--store", "days.db", "-a", agreement, "--possible").out.splitlines()[1:]
    assert rows[0].startswith("2016-03-01 (Kyiv), all day ")
    assert rows[1].startswith("2016-03-04 to 03-05 (Kyiv) ")
    assert rows[2].startswith("2016-03-06 22:00 ")
    with open_store("days.db") as opened:
        alerts = sorted(opened.alerts(possible=True), key=lambda alert: alert.observed_from)
    shown = cli("alerts", "show", alerts[0].alert_id, "--store", "days.db", "-a", agreement).out
    assert "2016-02-29 22:00 to 2016-03-01 22:00 UTC" in shown


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_terminal_of_any_width_gets_whole_ids_in_one_order(store: Path, agreement: Path, width: int) -> None:
    console = Console(width=width, force_terminal=True, no_color=True, markup=False, highlight=False)
    with console.capture() as captured:
        print_table(console, alerts_of(store), Agreements([str(agreement)]))
    text = re.sub(r"\x1b\[[\d;]*m", "", captured.get())
    assert all(alert.alert_id in text.split() for alert in alerts_of(store))
    assert "…" not in text
    assert all(len(row) <= max(width, 80) for row in text.splitlines())
    places = [text.index(word) for word in ("time", "severity", "standing", "id", "agreement/provision", "place")]
    assert places == sorted(places)


def test_a_table_without_the_agreements_file_still_reads(cli: Cli, store: Path) -> None:
    told = cli("alerts", "list")
    assert told.code == 0
    assert "left of the line" in told.out


def test_an_empty_store_lists_nothing(cli: Cli, tmp_path: Path, agreement: Path) -> None:
    record(tmp_path / "truceline.db", agreement, [])
    assert cli("alerts", "list").out == ""
    told = cli("alerts", "show", "al_0")
    assert (told.code, "no alerts" in told.err) == (2, True)


def test_a_broad_footprint_is_no_towns_neighbourhood(store: Path, agreement: Path) -> None:
    known = Agreements([str(agreement)]).get("world")
    broad = alert_of(store, BROAD.report_id)
    assert "of Westtown" not in place(broad, known)
    assert "within" in off_line(broad, known)
    clear = alert_of(store, CLEAR.report_id)
    assert "side" in off_line(clear, known)


def test_a_place_that_may_be_on_either_side_is_given_no_side(tmp_path: Path, agreement: Path) -> None:
    store = record(tmp_path / "s.db", agreement, [report(9, Disc(37.3, 48.2, 4_000.0))])
    words = off_line(alerts_of(store)[0], Agreements([str(agreement)]).get("world"))
    assert "side" not in words
    assert "within 4" in words


def test_show_tells_everything_that_is_known(cli: Cli, store: Path, agreement: Path) -> None:
    told = cli("alerts", "show", alert_of(store, CLEAR.report_id).alert_id, "-a", agreement)
    assert told.code == 0
    for shown in (
        "explosion: an explosion",
        "Middle",
        "on the side of: Party A",
        "drawn to within 200 m",
        "2016-03-01 09:00 to 09:00:10 UTC (2016-03-01 11:00 to 11:00:10 Kyiv)",
        "Article ceasefire: ceasefire",
        "An invented ceasefire (world, version 1)",
        CLEAR.report_id,
        "source test, observer Patrol 7, ledger independent",
        "within 300 m of 48.2500° N 37.6000° E",
        "Prohibited activity",
        "1 report from one origin. That it is not made up, and so that it happened: probability 0.99.",
        "happened 0.99 × place 1.00 × time 1.00 × activity and weapon 1.00 = probability 0.99.",
        "One origin says so, and no other corroborates it.",
        "None made.",
        "Party A: Only fire across the line counts.",
        "1. ",
        "the reports in hand raise it",
    ):
        assert shown in " ".join(told.out.split()), shown


def test_show_names_who_names_whom_and_on_what_basis(cli: Cli, store: Path, agreement: Path) -> None:
    told = cli("alerts", "show", alert_of(store, SECTOR.report_id).alert_id, "-a", agreement)
    out = " ".join(told.out.split())
    assert "Party A's staff names Party B; basis: statement (somebody said so). A claim, not a finding." in out
    assert "1 to 5 km NE to SE of an observer at" in out
    assert "explosions: at least 20" in out
    assert "Only a party to the agreement says so: Party A." in out


def test_nothing_of_a_reports_text_steers_the_terminal(cli: Cli, store: Path) -> None:
    told = cli("alerts", "show", alert_of(store, CLEAR.report_id).alert_id)
    assert not [char for char in told.out if (ord(char) < 32 and char != "\n") or 0x7F <= ord(char) <= 0x9F]
    assert "\u202e" not in told.out
    assert "\\x1b[2J" in told.out
    assert "[red]" in told.out


def test_a_hypothetical_agreement_is_marked(cli: Cli, tmp_path: Path) -> None:
    agreement = agreement_file(tmp_path / "agreement", hypothetical=True)
    store = record(tmp_path / "truceline.db", agreement, [CLEAR])
    told = cli("alerts", "show", alerts_of(store)[0].alert_id, "-a", agreement)
    assert "HYPOTHETICAL" in told.out


def test_show_takes_the_beginning_of_an_id_and_gives_json(cli: Cli, store: Path) -> None:
    alert = alert_of(store, CLEAR.report_id)
    told = cli("alerts", "show", alert.alert_id[:-4], "--json")
    shown = told.json()
    assert shown["alert_id"] == alert.alert_id
    assert shown["reports"][0]["text"] == CLEAR.text
    assert shown["history"][0]["revision"] == 1


def test_an_unknown_id_names_the_nearest(cli: Cli, store: Path) -> None:
    alert = alerts_of(store)[0]
    wrong = alert.alert_id[:-1] + "x"
    told = cli("alerts", "show", wrong)
    assert told.code == 2
    assert told.out == ""
    assert alert.alert_id in told.err
    assert cli("alerts", "show", f"{alert.alert_id[:-3]}…").code == 0
    several = cli("alerts", "show", "al_")
    assert several.code == 2
    assert f"{len(alerts_of(store))} alerts begin so" in several.err


def test_no_sentence_says_who_did_it(store: Path, agreement: Path) -> None:
    known = Agreements([str(agreement)]).get("world")
    quiet = [msgspec.structs.replace(one, text=None, attribution=None) for one in ALL]
    said = [
        line
        for alert in alerts_of(store)
        for data in (known, None)
        for section in sections(alert, data, Behind(quiet))
        for line in (section.heading, *section.lines)
    ]
    said += [sentence(DoubtNote(doubt, {}), known) for doubt in Doubt]
    assert len(said) > 100
    text = " ".join(said).casefold()
    assert [word for word in ACCUSING if word in text] == []


OPERATORS: dict[Doubt, dict[str, Any]] = {
    Doubt.OUTCOME_CONTRADICTED: {
        "outcome": "not_a_violation",
        "by": "Olga",
        "new_reports": 2,
        "probability_seen": 0.9,
        "probability_now": 0.99,
    },
    Doubt.OUTCOMES_DIFFER: {"outcome": "confirmed", "by": "Olga", "other": "refuted", "other_by": "Bo"},
    Doubt.EVIDENCE_GONE: {"reports_seen": 3},
    Doubt.SPLIT_BY_OPERATOR: {"by": "Olga", "reports": 1, "reports_before": 3},
}
"""The doubts that come of what operators do."""


WORDY = {
    Doubt.READING_DISPUTED,
    Doubt.LINE_DISPUTED,
    Doubt.ATTRIBUTION_NEEDED,
    Doubt.PARTY_CLAIM,
    Doubt.OUTCOMES_DIFFER,
}
"""Doubts of which the figures are words."""


def test_every_doubt_is_a_sentence_with_its_figures(store: Path, agreement: Path) -> None:
    known = Agreements([str(agreement)]).get("world")
    notes = {note.doubt: note for alert in alerts_of(store) for note in alert.doubts}
    law: dict[Doubt, dict[str, Any]] = {
        Doubt.DWELL_SHORT: {"dwell_minutes": 30.0, "seen_minutes": 4.0},
        Doubt.DIRECTION_UNCLEAR: {},
        Doubt.EFFORT_UNKNOWN: {},
        Doubt.EFFORT_UNEVEN: {"observed": 0.1, "observed_before": 0.8},
        Doubt.SIDE_UNCLEAR: {"share_before": 0.9, "share_after": 0.7},
        Doubt.COORDINATION_UNRECORDED: {"within_minutes": 60.0},
        Doubt.COUNT_INDETERMINATE: {"count_min": 2.0, "count_max": None},
        Doubt.SHAPE_OF_ANOTHER_DAY: {"age_days": 2, "content_date": "2016-03-11", "share_without": 0.25},
        Doubt.SHAPE_CHANGES: {"share_least": 0.0, "share_most": 0.5},
        Doubt.LINE_DISPUTED: {"line_status": "disputed"},
    }
    elsewhere = {*law, Doubt.ATTRIBUTION_NEEDED, Doubt.LINE_OF_ANOTHER_TIME, Doubt.FORM_UNSAID, *OPERATORS}
    assert set(notes) >= set(Doubt) - elsewhere
    notes |= {doubt: DoubtNote(doubt, figures) for doubt, figures in {**OPERATORS, **law}.items()}
    notes[Doubt.LINE_OF_ANOTHER_TIME] = DoubtNote(
        Doubt.LINE_OF_ANOTHER_TIME, {"line_valid_from": "2015-02-18T00:00:00+00:00", "line_valid_until": None}
    )
    notes[Doubt.FORM_UNSAID] = DoubtNote(Doubt.FORM_UNSAID, {})
    notes[Doubt.ATTRIBUTION_NEEDED] = DoubtNote(Doubt.ATTRIBUTION_NEEDED, {"binds": ["b"]})
    for note in notes.values():
        words = sentence(note, known)
        assert words[0].isupper()
        assert words.endswith(".")
        assert "_" not in words
        wordy = (
            Doubt.READING_DISPUTED,
            Doubt.LINE_DISPUTED,
            Doubt.ATTRIBUTION_NEEDED,
            Doubt.PARTY_CLAIM,
            Doubt.OUTCOMES_DIFFER,
        )
        if note.figures and note.doubt not in wordy:
            assert re.search(r"\d", words), words
    assert "(from 2015-02-18 00:00): which side" in sentence(notes[Doubt.LINE_OF_ANOTHER_TIME], known)
    assert "Party B alone" in sentence(notes[Doubt.ATTRIBUTION_NEEDED], known)


def test_a_doubt_with_figures_of_another_version_still_reads() -> None:
    assert "new_figure 3" in sentence(DoubtNote(Doubt.PLACE_BROAD, {"new_figure": 3}), None)


def test_export_is_the_current_view_sorted_by_id(cli: Cli, store: Path, tmp_path: Path) -> None:
    out = tmp_path / "alerts.ndjson"
    assert cli("alerts", "export", "-o", out, "--possible").code == 0
    assert out.read_bytes() == b"".join(msgspec.json.encode(alert) + b"\n" for alert in alerts_of(store))
    history = tmp_path / "history.ndjson"
    assert cli("alerts", "export", "-o", history, "--history").code == 0
    entries = [json.loads(row) for row in history.read_text().splitlines()]
    assert {entry["revision"] for entry in entries} == {1}
    assert len(entries) == len(alerts_of(store))


def test_export_in_an_unknown_format_is_wrong_usage(cli: Cli, store: Path) -> None:
    told = cli("alerts", "export", "-o", "alerts.xyz")
    assert told.code == 2
    traceless(told)


def test_a_store_that_is_not_there_is_told(cli: Cli) -> None:
    told = cli("alerts", "list", "--store", "none.db")
    assert told.code in (1, 2)
    traceless(told)
