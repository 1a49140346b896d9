"""No sentence of Truceline's own says who did it: all that it makes is held against a list of blaming words."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from pipeline.agreement import load_agreement
from pipeline.cli.examples import EXAMPLES
from pipeline.law.transitions import RULES
from pipeline.model.taxonomy import LISTS, ActionKind, Standing, Status
from pipeline.store import Recorder, open_store
from pipeline.store.acting import Acting, RefusedError
from tests.cli.driving import Cli
from tests.cli.recorded import ALL, agreement_file
from tests.law.acting import REASONS, WELL_SAID
from tests.monitor.remembering import AREAS
from tests.worlds import DAY

BLAMING = (
    "aggress, guilt, attacked by, culprit, blame, terrorist, enem, hostile, perpetrat, offend, violator, responsib, "
    "fired by, shelled by, committed by, carried out by, militant, rebel, occupier, invader, accus, to fault, "
    "regime, provok, caught, criminal"
).split(", ")

QUOTED = {"text", "observer", "attribution"}
"""What others say is quoted, and is theirs."""


class Tried(NamedTuple):
    """A store in which everything that can be done was tried with every alert, and what was refused."""

    store: Path
    refused: list[str]


@pytest.fixture
def tried(tmp_path: Path) -> Tried:
    refused: list[str] = []
    path, file = tmp_path / "truceline.db", agreement_file(tmp_path / "agreement")
    quiet = [msgspec.structs.replace(one, **dict.fromkeys(QUOTED)) for one in ALL]
    with open_store(path, write=True) as opened:
        recorder = Recorder(opened, [load_agreement(file)], AREAS, clock=lambda: DAY + timedelta(days=9))
        recorder.record(quiet[:4])
        acting = Acting(opened)
        for number, alert in enumerate(list(opened.alerts(possible=True))):
            for kind in ActionKind:
                fields = dict(WELL_SAID[kind]) | ({"text": None} if kind is not ActionKind.COMMENT else {"text": "-"})
                if kind is ActionKind.OUTCOME:
                    fields["outcome"], fields["reason"] = list(REASONS.items())[number % 3]
                if kind is ActionKind.SEAL:
                    fields["report_ids"] = alert.report_ids
                if kind is ActionKind.REOPEN and number % 2:
                    continue
                if kind is ActionKind.DUPLICATE:
                    fields = {"reason": fields["reason"], "other": next(iter(opened.alerts()))}
                try:
                    acting.act(alert, kind, "Ines", **fields)
                except RefusedError as error:
                    refused.append(str(error))
        recorder.record([msgspec.structs.replace(one, retracted=True) for one in quiet[:2]] + quiet[4:])
    return Tried(path, refused)


def blaming(text: str) -> list[str]:
    folded = text.casefold()
    return [word for word in BLAMING if word in folded]


def pages(cli: Cli, store: Path) -> Iterator[str]:
    """All that the commands say of a store, to people and to programs."""
    agreement = str(store.parent / "agreement" / "world.toml")
    for data in ((), ("-a", agreement)):
        yield from cli("alerts", "list", "--possible", *data)[1:]
        yield from cli("act", "--handover", "--since", "2016-01-01", *data)[1:]
        for alert in json_lines(cli("alerts", "list", "--possible", "--json").out):
            shown = cli("alerts", "show", alert, *data)
            assert shown.code == 0, shown.err
            yield from shown[1:]
        yield from cli("alerts", "register", *data)[1:]
    yield from cli("alerts", "register", "--each")[1:]
    yield from cli("incidents", "list")[1:]
    for incident in json_lines(cli("incidents", "list", "--json").out, "incident_id"):
        yield from cli("incidents", "show", incident)[1:]
    for command in ("ledgers", "compliance"):
        yield from cli(command, "-a", agreement)[1:]
    for command in EXAMPLES:
        yield cli(*command.split(), "--help").out


def json_lines(text: str, name: str = "alert_id") -> list[str]:
    return [json.loads(line)[name] for line in text.splitlines()]


def test_no_page_blames_anybody(cli: Cli, tried: Tried) -> None:
    said = [*pages(cli, tried.store), *tried.refused]
    assert sum(map(len, said)) > 20_000
    assert {word for text in said for word in blaming(text)} == set()


def test_the_store_has_been_through_everything(tried: Tried) -> None:
    assert tried.refused
    with open_store(tried.store) as opened:
        alerts = list(opened.alerts(possible=True))
        changes = {entry.change.value for entry in opened.history()}
    assert {alert.status for alert in alerts} >= {Status.CONFIRMED, Status.NOT_A_VIOLATION, Status.ALLEGED}
    assert {alert.standing for alert in alerts} == set(Standing)
    assert {"outcome_recorded", "responded", "sealed", "attributed", "reopened", "commented"} <= changes


def test_no_meaning_of_a_term_blames_anybody() -> None:
    said = [term.meaning for terms in LISTS.values() for term in terms] + [rule.becomes for rule in RULES.values()]
    assert {word for text in said for word in blaming(text)} - {"to fault", "at fault"} == set()


def test_the_words_would_be_found() -> None:
    assert blaming("Fired BY the aggressor") == ["aggress", "fired by"]
