"""One event under each party's reading: the energy truce of 2025, of which even the dates are disputed; and others."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.agreement.load import check_agreement
from pipeline.agreement.readings import read_by, readers
from pipeline.gazetteer import load_gazetteer
from pipeline.law.comparison import Compared, Comparison
from pipeline.model.footprint import Disc
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity, Doubt, Standing, Weapon
from pipeline.monitor import Changes, MemoryWindows, Monitor
from tests.law.folding import FURTHER_A, NEAR_A, NEAR_B, guns
from tests.worlds import DAY, OCCURRED, report, reports_near_the_line, world, write_world

TRUCE = Path(__file__).with_name("energy-truce.toml")
AREAS = load_gazetteer().outlines
RAISED, POSSIBLE = Standing.RAISED, Standing.POSSIBLE

READING = """
[[readings]]
id = "{party}-on-{provision}"
party = "{party}"
provision = "{provision}"
says = "Otherwise."
source = "made-up"
confidence = "low"
{asks}
"""


def reading(provision: str, asks: str, party: str = "a") -> str:
    return READING.format(party=party, provision=provision, asks=asks)


def struck(number: int, day: str) -> Report:
    """A strike at noon of a day of 2025."""
    at = timedelta(hours=10) + (DAY.fromisoformat(f"2025-{day}T00:00:00+00:00") - DAY)
    return report(number, Disc(36.3, 49.9, 100.0), Activity.DRONE_STRIKE, at=at, ledger="independent")


def process(agreement: Agreement, given: list[Report]) -> Changes:
    return Monitor([agreement], MemoryWindows(), AREAS).process(given)


def alerts(agreement: Agreement, *given: Report) -> dict[str, Alert]:
    """By provision; there is one of each."""
    found = process(agreement, list(given)).alerts[agreement.name]
    assert len({alert.provision for alert in found}) == len(found)
    return {alert.provision: alert for alert in found}


def under(alert: Alert) -> dict[str, tuple[float | None, Standing | None]]:
    return {note.party: (note.probability, note.standing) for note in alert.readings}


def disputed(alert: Alert) -> list[str]:
    """The readings by which it is disputed."""
    return next((note.figures["readings"] for note in alert.doubts if note.doubt is Doubt.READING_DISPUTED), [])


def compared(agreement: Agreement, *given: Report) -> dict[str, Compared]:
    comparison = Comparison(agreement)
    comparison.add(process(agreement, list(given)).incidents)
    return {one.provision: one for one in comparison.results()}


def columns(found: Compared) -> dict[str | None, tuple[int, int]]:
    return {column.party: (column.raised, column.possible) for column in found.columns}


@pytest.fixture(scope="module")
def truce() -> Agreement:
    return load_agreement(TRUCE)


class TestTheEnergyTruce:
    DAYS = ("03-20", "03-26", "04-20", "05-01")

    @pytest.mark.parametrize(
        ("day", "russia", "ukraine"),
        [("03-20", RAISED, None), ("03-26", RAISED, RAISED), ("04-20", None, RAISED), ("05-01", None, None)],
    )
    def test_a_strike_is_judged_by_the_dates_of_each(
        self, truce: Agreement, day: str, russia: Standing | None, ukraine: Standing | None
    ) -> None:
        alert = alerts(truce, struck(1, day))["energy"]
        told = {"russia": russia, "ukraine": ukraine}
        assert alert.standing is RAISED
        assert under(alert) == {party: (alert.probability if one else 0.0, one) for party, one in told.items()}
        assert disputed(alert) == [f"{party}-dates" for party, one in told.items() if one is None]

    def test_the_events_that_decide_come_first_and_what_nobody_disputes_not_at_all(self, truce: Agreement) -> None:
        found = compared(truce, *(struck(number, day) for number, day in enumerate(self.DAYS)))["energy"]
        assert columns(found) == {None: (4, 0), "russia": (2, 0), "ukraine": (2, 0)}
        days = [event.alert.observed_from.strftime("%m-%d") for event in found.events]
        assert days == ["03-20", "04-20", "05-01"]

    def test_with_the_parties_exchanged_the_columns_are(self, truce: Agreement, tmp_path: Path) -> None:
        text = TRUCE.read_text(encoding="utf-8")
        for old, new in (("russia", "#"), ("ukraine", "russia"), ("#", "ukraine")):
            text = text.replace(f'party = "{old}"', f'party = "{new}"')
        (tmp_path / TRUCE.name).write_text(text, encoding="utf-8")
        swapped = load_agreement(tmp_path / TRUCE.name)
        given = [struck(number, day) for number, day in enumerate((*self.DAYS, "03-21"))]
        one, other = compared(truce, *given)["energy"], compared(swapped, *given)["energy"]
        as_swapped = {None: None, "russia": "ukraine", "ukraine": "russia"}
        assert columns(other) == {as_swapped[party]: told for party, told in columns(one).items()}
        assert columns(one)["russia"] != columns(one)["ukraine"]
        for event, image in zip(one.events, other.events, strict=True):
            assert event.alert.alert_id == image.alert.alert_id
            assert {as_swapped[u.party]: u.standing for u in event.under} == {u.party: u.standing for u in image.under}

    def test_a_party_reads_the_whole_agreement(self, truce: Agreement) -> None:
        assert readers(truce) == ("russia", "ukraine")
        russia = read_by(truce, "russia")
        assert (russia.name, russia.readings) == (truce.name, ())
        assert len({truce.fingerprint, russia.fingerprint, read_by(truce, None).fingerprint}) == 3
        assert read_by(truce, "russia") is russia


EVENT = report(1, NEAR_A)
GUN = report(1, NEAR_A, Activity.WEAPON_PRESENCE, weapons=(Weapon.ARTILLERY,), calibre_mm=122.0)
WELL_WITHIN_A = Disc(37.45, 48.32, 50.0)
"""Deep enough within A's zone to have entered it."""
PAUSED = report(1, NEAR_A, at=timedelta(hours=12, minutes=10))
LATER = "in_force_from = 2016-03-02T00:00:00Z"


class TestOneEvent:
    @pytest.mark.parametrize(
        ("provision", "asks", "given", "standing"),
        [
            ("ceasefire", "holds = false", EVENT, None),
            ("ceasefire", LATER, EVENT, None),
            ("ceasefire", 'zones = ["near-b"]', EVENT, None),
            ("ceasefire", 'zones = ["near-a"]', EVENT, RAISED),
            ("ceasefire", 'activities = ["shelling"]', EVENT, None),
            ("ceasefire", 'weapons = [{type = "mortar"}]', EVENT, POSSIBLE),
            ("ceasefire", 'binds = ["b"]', EVENT, POSSIBLE),
            ("artillery", 'weapons = [{type = "artillery", calibre_above_mm = 122}]', GUN, None),
            ("ceasefire", "holds = true", EVENT, RAISED),
        ],
    )
    def test_what_a_reading_changes_is_what_differs(
        self, tmp_path: Path, provision: str, asks: str, given: Report, standing: Standing | None
    ) -> None:
        alert = alerts(world(tmp_path, extra=reading(provision, asks)), given)[provision]
        assert (alert.standing, under(alert)["a"][1]) == (RAISED, standing)
        assert disputed(alert) == ([] if standing is RAISED else [f"a-on-{provision}"])

    @pytest.mark.parametrize(
        ("provision", "asks", "given"),
        [
            ("ceasefire", "exceptions = []", PAUSED),
            ("ceasefire", 'activities = ["weapon_presence"]', GUN),
            ("artillery", 'weapons = [{type = "artillery"}]', replace(GUN, calibre_mm=85.0)),
            ("troops-a", 'zones = ["near-b"]', report(1, NEAR_B, Activity.TROOP_PRESENCE)),
        ],
    )
    def test_what_breaks_it_under_a_reading_alone_is_possible(
        self, tmp_path: Path, provision: str, asks: str, given: Report
    ) -> None:
        read = world(tmp_path, extra=reading(provision, asks))
        alert = alerts(read, given)[provision]
        assert (alert.standing, alert.probability) == (POSSIBLE, 0.0)
        assert under(alert) == {"a": (OCCURRED, RAISED)}
        assert disputed(alert) == [f"a-on-{provision}"]
        assert alert.alert_id == alerts(read_by(read, "a"), given)[provision].alert_id
        assert provision not in alerts(read_by(read, None), given)

    def test_a_line_may_be_crossed_under_a_reading_alone(self, tmp_path: Path) -> None:
        text = 'in_force_from = 2016-03-02T00:00:00Z\nkind = "crossing"\nlines = ["line"]\ndirection = "left_to_right"'
        late = f'\n[[provisions]]\nid = "late"\narticle = "1"\ntitle = "late"\nseverity = "minor"\n{text}\n'
        sourced = 'source = "made-up"\nconfidence = "low"\n'
        asks = "in_force_from = 2016-03-01T06:00:00Z"
        read = world(tmp_path, extra=late + sourced + reading("late", asks) + reading("line", LATER))
        ways = [
            report(number, place, Activity.MOVEMENT, at=timedelta(hours=8 + number), track_id="one")
            for number, place in enumerate((NEAR_A, NEAR_B))
        ]
        found = alerts(read, *ways)
        assert (found["late"].standing, found["late"].probability) == (POSSIBLE, 0.0)
        assert under(found["late"]) == {"a": (OCCURRED, RAISED)}
        assert (found["line"].standing, under(found["line"])) == (RAISED, {"a": (0.0, None)})
        assert (found["late"].line, found["late"].side) == (found["line"].line, found["line"].side)

    def test_passing_through_is_no_stay_by_the_text_though_a_reading_has_one(self, tmp_path: Path) -> None:
        read = world(tmp_path, extra=reading("stay-b", 'zones = ["near-a"]'))
        ways = [
            report(number, place, Activity.TROOP_PRESENCE, at=timedelta(hours=8, minutes=minute), track_id="one")
            for number, (place, minute) in enumerate(((WELL_WITHIN_A, 0), (WELL_WITHIN_A, 90), (NEAR_B, 100)))
        ]
        alert = alerts(read, *ways)["stay-b"]
        assert (alert.standing, alert.probability) == (POSSIBLE, 0.0)
        assert under(alert) == {"a": (OCCURRED, RAISED)}

    def test_what_is_too_improbable_under_a_reading_still_has_its_figure(self, tmp_path: Path) -> None:
        read = world(tmp_path, extra=reading("ceasefire", "in_force_until = 2016-03-01T08:03:00Z"))
        alert = alerts(read, report(1, NEAR_A, lasting=timedelta(minutes=100)))["ceasefire"]
        assert under(alert) == {"a": (round(0.03 * OCCURRED, 4), None)}
        assert disputed(alert) == ["a-on-ceasefire"]

    def test_where_the_parties_are_farther_apart_tells_more(self, tmp_path: Path) -> None:
        latest = "in_force_from = 2016-03-03T00:00:00Z"
        read = world(tmp_path, extra=reading("ceasefire", LATER) + reading("ceasefire", latest, "b"))
        given = [report(day, NEAR_A, at=timedelta(days=day, hours=9)) for day in range(3)]
        events = compared(read, *given)["ceasefire"].events
        assert [event.alert.report_ids for event in events] == [("test:1",), ("test:0",)]

    def test_a_reading_that_is_not_judged_disputes_what_it_speaks_of(self, tmp_path: Path) -> None:
        extra = reading("ceasefire", "", "b") + reading("ceasefire", "holds = true")
        alert = alerts(world(tmp_path, extra=extra), EVENT)["ceasefire"]
        assert under(alert) == {"b": (None, None), "a": (alert.probability, RAISED)}
        assert disputed(alert) == ["b-on-ceasefire"]
        ended = "valid_until = 2016-03-01T07:00:00Z"
        extra = reading("ceasefire", ended, "b") + reading("ceasefire", "holds = true")
        assert disputed(alerts(world(tmp_path, extra=extra), EVENT)["ceasefire"]) == []


OVERLAYS = {
    "ceasefire": ["holds = false", LATER, 'zones = ["near-a"]', 'activities = ["presence"]', "exceptions = []"],
    "artillery": ["holds = false", 'weapons = [{type = "heavy"}]', 'zones = ["near-a", "guns-b"]', LATER],
    "troops-a": ['zones = ["near-b"]', 'weapons = [{type = "artillery"}]', "in_force_until = 2016-03-02T00:00:00Z"],
    "stay-b": ['zones = ["near-a"]', LATER],
    "drones": ['zones = ["both"]', 'binds = ["a"]'],
    "line": [LATER, 'activities = ["flight"]', 'exceptions = ["pause"]'],
    "ceiling": ['zones = ["guns-a"]'],
    "positions": ['activities = ["presence"]', LATER],
}


@pytest.fixture(scope="module")
def disputed_worlds(tmp_path_factory: pytest.TempPathFactory) -> list[Agreement]:
    """Agreements in which a and b read every provision otherwise, each in another way."""
    made = []
    for turn in range(4):
        extra = "".join(
            reading(provision, asks[(turn + shift) % len(asks)], party)
            for provision, asks in OVERLAYS.items()
            for shift, party in enumerate("ab")
        )
        made.append(world(tmp_path_factory.mktemp("disputed"), extra=extra))
    return made


FEW = settings(max_examples=settings().max_examples // 2)
"""Each example judges up to six reports by two to three agreements of every kind of provision."""


def plain(alert: Alert) -> dict[str, Any]:
    """An alert but for what readings say of it."""
    doubts = tuple(note for note in alert.doubts if note.doubt is not Doubt.READING_DISPUTED)
    return {alert.alert_id: replace(alert, readings=(), doubts=doubts)}


@FEW
@given(st.lists(reports_near_the_line(), min_size=1, max_size=6), st.integers(0, 3))
def test_readings_never_change_what_the_text_says(
    disputed_worlds: list[Agreement], told: list[Report], turn: int
) -> None:
    agreement = disputed_worlds[turn]
    read, text = process(agreement, told), process(read_by(agreement, None), told)
    by_text = {one for alert in text.alerts[agreement.name] for one in plain(alert)}
    found = [alert for alert in read.alerts[agreement.name] if alert.alert_id in by_text]
    assert list(map(plain, found)) == list(map(plain, text.alerts[agreement.name]))
    others = [alert for alert in read.alerts[agreement.name] if alert.alert_id not in by_text]
    assert all(alert.standing is POSSIBLE and disputed(alert) and alert.probability < 0.05 for alert in others)
    assert [replace(one, alert=plain(one.alert)[one.alert.alert_id]) for one in read.findings[agreement.name]] == list(
        text.findings[agreement.name]
    )


@FEW
@given(st.lists(reports_near_the_line(), min_size=1, max_size=6), st.integers(0, 3))
def test_what_is_noted_of_a_reading_is_what_the_agreement_so_read_says(
    disputed_worlds: list[Agreement], told: list[Report], turn: int
) -> None:
    agreement = disputed_worlds[turn]
    found = process(agreement, told).alerts[agreement.name]
    for party in readers(agreement):
        own = {alert.alert_id: alert for alert in process(read_by(agreement, party), told).alerts[agreement.name]}
        noted = {alert.alert_id: dict(under(alert)) for alert in found if party in under(alert)}
        stands = {name: told[party] for name, told in noted.items() if told[party][1] is not None}
        mine = {name: (one.probability, one.standing) for name, one in own.items() if name in noted}
        assert stands == mine
        assert all(one.provision not in OVERLAYS for name, one in own.items() if name not in noted)


class TestProvisionsThatRemember:
    def test_they_are_folded_anew_under_each_reading(self, tmp_path: Path) -> None:
        extra = reading("ceiling", 'zones = ["guns-b"]') + reading("ceiling", LATER, "b")
        read = world(tmp_path, extra=extra)
        found = compared(read, guns(1, NEAR_A, 2, 2), guns(2, FURTHER_A, 2, 2))["ceiling"]
        assert columns(found) == {None: (1, 0), "a": (0, 0), "b": (0, 0)}
        (event,) = found.events
        assert [one.standing for one in event.under] == [RAISED, None, None]

    def test_their_readings_are_shown_and_not_judged_with_each_incident(self, tmp_path: Path) -> None:
        read = world(tmp_path, extra=reading("positions", "holds = false"))
        (finding,) = [
            one
            for one in process(read, [report(1, NEAR_A, Activity.POSITION)]).findings[read.name]
            if one.alert.provision == "positions"
        ]
        assert under(finding.alert) == {"a": (None, None)}
        assert disputed(finding.alert) == ["a-on-positions"]
        assert columns(compared(read, report(1, NEAR_A, Activity.POSITION))["positions"]) == {None: (1, 0), "a": (0, 0)}

    def test_notices_that_a_reading_does_not_know_suspend_nothing_under_it(self, tmp_path: Path) -> None:
        read = world(tmp_path, extra=reading("training", "exceptions = []"))
        drill = report(1, NEAR_A, Activity.LIVE_FIRE_TRAINING)
        notice = report(2, NEAR_A, Activity.NOTIFICATION, lasting=timedelta(hours=1), published_at=DAY)
        assert columns(compared(read, drill)["training"]) == {None: (1, 0), "a": (1, 0)}
        (event,) = compared(read, drill, notice)["training"].events
        assert [one.standing for one in event.under] == [POSSIBLE, RAISED]

    def test_notices_that_a_reading_alone_knows_are_not_judged_with_each_incident(self, tmp_path: Path) -> None:
        read = world(tmp_path, extra=reading("ceasefire", 'exceptions = ["announced"]'))
        assert under(alerts(read, EVENT)["ceasefire"]) == {"a": (None, None)}
        assert columns(compared(read, EVENT, PAUSED)["ceasefire"]) == {None: (1, 0), "a": (1, 0)}


@pytest.mark.parametrize(
    ("provision", "asks", "message"),
    [
        ("ceasefire", 'zones = ["bath"]', "zones: 'bath' is not among the zones"),
        ("ceasefire", "zones = []", "zones: is empty"),
        ("ceasefire", 'activities = ["fier"]', "activities: 'fier'"),
        ("ceasefire", 'binds = ["nobody"]', "binds: 'nobody' is not among the parties"),
        ("ceasefire", 'exceptions = ["rest"]', "exceptions: 'rest' is not among the exceptions"),
        ("ceasefire", 'weapons = [{type = "canon"}]', "weapons: 'canon'"),
        ("artillery", "weapons = []", "weapons: neither weapons nor troops"),
        ("artillery", 'activities = ["fire"]', "activities: a provision of kind 'withdrawal' has no such key"),
        ("drones", 'weapons = [{type = "uav"}]', "weapons: a provision of kind 'flight' has no such key"),
        ("ceasefire", 'holds = false\nzones = ["both"]', "holds: under this reading the provision does not hold"),
        ("ceasefire", f"{LATER}\nin_force_until = 2016-03-01T12:00:00Z", "in_force_until: 2016-03-01 12:00"),
        ("ceasefire", "in_force_from = 2016-02-01T00:00:00Z", "in_force_from: earlier than the agreement's"),
        ("ceasefire", "holds = true\nvalid_until = 2016-03-02T00:00:00Z", "valid_until: a reading that is judged"),
        ("rising", "holds = false", "holds: a provision of kind 'escalation' is not judged by incidents"),
    ],
)
def test_a_reading_that_does_not_fit_is_a_problem(tmp_path: Path, provision: str, asks: str, message: str) -> None:
    (problem,) = check_agreement(write_world(tmp_path, extra=reading(provision, asks)))
    assert message in str(problem)
    assert problem.where.startswith(f"readings[a-on-{provision}]")


def test_two_readings_of_one_party_cannot_both_be_judged(tmp_path: Path) -> None:
    twice = reading("ceasefire", "holds = true") + reading("ceasefire", LATER).replace("a-on", "again-on")
    (problem,) = check_agreement(write_world(tmp_path, extra=twice))
    assert "'a-on-ceasefire' of the same party is judged on this provision already" in str(problem)
