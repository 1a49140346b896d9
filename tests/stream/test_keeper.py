"""A partition's keeper by itself, with topics in memory: gaps, what others said meanwhile, what it cannot use."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.gazetteer import load_gazetteer
from pipeline.model.footprint import Disc
from pipeline.model.records import Incident, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import Status
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.shards import Shards
from pipeline.stream.errors import SettingsError
from pipeline.stream.keeper import Common, Keeper, Kept, Said, Taken
from pipeline.stream.wire import decode_incident, decode_revision, encode_frame
from tests.worlds import DAY, report, world

HERE = Disc(37.45, 48.35, 50.0)
FAR = Disc(38.9, 39.0, 50.0)
"""In a tile of another owner, where there are two."""


class InMemory:
    """The topics of one partition, as lists of records."""

    def __init__(self, *frames: Sequence[Report]) -> None:
        self.held: dict[str, list[tuple[str, bytes | None]]] = {
            name: [] for name in ("incidents", "findings", "alerts", "transitions", "rejects")
        }
        self.frames = [encode_frame(frame) for frame in frames]

    def records(self, topic: str, begin: int, end: int) -> Iterable[Taken]:
        assert topic == "tiles"
        return self.tiles(begin, end)

    def tiles(self, begin: int, end: int) -> Iterable[Taken]:
        return [Taken(offset, value) for offset, value in enumerate(self.frames) if begin <= offset < end]

    def begin(self, topic: str) -> tuple[int, float]:
        return 0, 0.0

    def everywhere(self, topic: str, until: float) -> Iterable[Taken]:
        raise AssertionError("nothing was dropped")

    def end(self, topic: str) -> int:
        return len(self.frames if topic == "tiles" else self.held[topic])

    def since(self, topic: str, begin: int) -> Iterable[Said]:
        return [Said(offset, *said) for offset, said in enumerate(self.held[topic]) if offset >= begin]

    def hear(self, keeper: Keeper) -> None:
        """Acknowledges all that a keeper has to send."""
        reached: dict[str, int] = {}
        for one in (out := keeper.outgoing(10_000)):
            self.held[one.topic].append((one.key or "", one.value))
            reached[one.topic] = len(self.held[one.topic]) - 1
        if out:
            keeper.sent(out[-1].number, reached)

    def standing(self) -> dict[str, Revision]:
        """Of each alert the greatest revision, if it stands."""
        latest: dict[str, Revision] = {}
        for _, value in self.held["alerts"]:
            said = decode_revision(value or b"")
            if said.revision >= latest.get(said.alert.alert_id, said).revision:
                latest[said.alert.alert_id] = said
        return {name: said for name, said in latest.items() if said.alert.status is not Status.SUPERSEDED}

    def incidents(self) -> dict[str, Incident]:
        """Those that stand."""
        return {key: decode_incident(value) for key, value in dict(self.held["incidents"]).items() if value}


@pytest.fixture
def common(tmp_path: Path) -> Common:
    shards = Shards(1, DEFAULT.observers)
    return Common(tmp_path, [world(tmp_path)], load_gazetteer(), shards, lambda: DAY + timedelta(days=2), 30)


def nothing() -> None:
    pass


def opened(common: Common, topics: InMemory, offset: int, name: str = "a.db", partition: int = 0) -> Keeper:
    """A keeper that has caught up with its group, which has acknowledged the records before an offset."""
    keeper = Keeper(partition, common, name)
    keeper.catch_up(offset, topics, nothing)
    return keeper


def take(keeper: Keeper, topics: InMemory, begin: int, end: int) -> list[Kept]:
    kept, left = keeper.take(list(topics.tiles(begin, end)))
    assert not left
    return kept


def seen(number: int, observer: str, footprint: Disc = HERE, minutes: int = 0) -> Report:
    return report(number, footprint, at=timedelta(hours=8, minutes=minutes), observer=observer)


# --- gaps


def test_records_after_a_gap_wait_until_it_is_filled(common: Common) -> None:
    topics = InMemory(*([seen(number, f"o{number}", minutes=10 * number)] for number in range(6)))
    keeper = opened(common, topics, 0)
    given = [*topics.tiles(0, 2), *topics.tiles(5, 6)]
    kept, left = keeper.take(given)
    assert sum(len(one.taken_at) for one in kept) == keeper.next_offset == keeper.reports == 2
    assert [record.offset for record in left] == [5]
    assert keeper.take(left) == ([], left)
    keeper.catch_up(left[0].offset, topics, nothing)
    assert keeper.take(left)[1] == []
    assert keeper.reports == keeper.next_offset == 6
    keeper.close()


def test_a_record_that_comes_twice_is_passed_over(common: Common) -> None:
    topics = InMemory([seen(1, "one")], [seen(2, "two")])
    keeper = opened(common, topics, 0)
    given = [*topics.tiles(0, 2), *topics.tiles(0, 2)]
    assert keeper.take(given)[1] == []
    assert keeper.take(given)[1] == []
    assert keeper.reports == keeper.next_offset == 2
    keeper.close()


# --- what others said of less


def died_ahead(common: Common, topics: InMemory) -> None:
    """One takes every record and dies before it has sent anything; another takes the first, tells of it and dies."""
    ahead = opened(common, topics, 0, "ahead.db")
    take(ahead, topics, 0, len(topics.frames))
    ahead.close()
    behind = opened(common, topics, 0, "behind.db")
    take(behind, topics, 0, 1)
    topics.hear(behind)
    behind.close()


def embedded(common: Common, topics: InMemory) -> InMemory:
    """What one says that takes all and is never disturbed."""
    alone = InMemory()
    alone.frames = topics.frames
    keeper = opened(common, alone, 0, "alone.db")
    take(keeper, alone, 0, len(alone.frames))
    alone.hear(keeper)
    keeper.close()
    return alone


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(seen(2, "another", minutes=1), id="the alert has another status"),
        pytest.param(seen(2, "another", minutes=-1), id="the incident has another name"),
        pytest.param(seen(1, "one", minutes=5), id="a version in the place of the first"),
        pytest.param(replace(seen(2, "one"), revises="test:1", retracted=True), id="withdrawn"),
    ],
)
def test_what_another_said_knowing_less_does_not_stand(common: Common, second: Report) -> None:
    topics = InMemory([seen(1, "one")], [second])
    died_ahead(common, topics)
    wanted = embedded(common, topics)
    again = opened(common, topics, 1, "ahead.db")
    topics.hear(again)
    take(again, topics, 1, 2)
    topics.hear(again)
    assert {name: said.alert for name, said in topics.standing().items()} == {
        name: said.alert for name, said in wanted.standing().items()
    }
    assert topics.incidents() == wanted.incidents()
    assert [alert.alert_id for alert in again.store.alerts(possible=True)] == sorted(wanted.standing())
    again.close()


def test_what_was_said_and_not_acknowledged_is_said_again_over_what_less_gives(common: Common) -> None:
    """The first one sent all that it had, but its group never heard how far it was."""
    topics = InMemory([seen(1, "one")], [seen(2, "another", minutes=1)])
    first = opened(common, topics, 0, "first.db")
    take(first, topics, 0, 2)
    topics.hear(first)
    first.close()
    other = opened(common, topics, 0, "other.db")
    take(other, topics, 0, 1)
    topics.hear(other)
    other.close()
    wanted = embedded(common, topics)
    again = opened(common, topics, 1, "first.db")
    topics.hear(again)
    (said,) = topics.standing().values()
    assert said.alert == next(iter(wanted.standing().values())).alert
    transitions = [decode_revision(value or b"") for _, value in topics.held["transitions"]]
    assert sorted(one.revision for one in transitions) == list(range(1, len(transitions) + 1))
    again.close()


def test_what_others_said_knowing_more_is_not_contradicted(common: Common) -> None:
    topics = InMemory([seen(1, "one")], [seen(2, "another", minutes=1)])
    first = opened(common, topics, 0, "first.db")
    take(first, topics, 0, 1)
    first.close()
    other = opened(common, topics, 0, "other.db")
    take(other, topics, 0, 2)
    topics.hear(other)
    other.close()
    (before,) = topics.standing().values()
    again = opened(common, topics, 2, "first.db")
    topics.hear(again)
    said = [decode_revision(value or b"").alert for _, value in topics.held["transitions"]]
    assert said == [before.alert] * len(said)
    again.close()


def test_what_was_said_is_taken_over_in_parts(common: Common, monkeypatch: pytest.MonkeyPatch) -> None:
    topics = InMemory([seen(number, "one", Disc(37.3 + number / 40, 48.3, 50.0)) for number in range(20)])
    first = opened(common, topics, 0, "first.db")
    take(first, topics, 0, 1)
    topics.hear(first)
    first.close()
    monkeypatch.setattr("pipeline.stream.adopting.MOST_HEARD", 3)
    before = {name: len(records) for name, records in topics.held.items()}
    pulses: list[int] = []
    again = Keeper(0, common, "again.db")
    again.catch_up(1, topics, lambda: pulses.append(1))
    topics.hear(again)
    assert len(pulses) >= 2 * 20 // 3
    # Incidents and findings are told again, and those who hear them know.
    for name in ("alerts", "transitions", "rejects"):
        assert len(topics.held[name]) == before[name]
    assert len(list(again.store.alerts())) == len(topics.standing()) > 10
    again.close()


def test_one_that_is_stopped_while_it_catches_up_begins_again(common: Common) -> None:
    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    topics = InMemory(*([seen(number, "one", minutes=10 * number)] for number in range(3)))
    died_ahead(common, topics)
    keeper = Keeper(0, common, "ahead.db")
    with pytest.raises(Stopped):
        keeper.catch_up(1, topics, stop)
    assert not keeper.is_current
    keeper.close()
    wanted = embedded(common, topics)
    keeper = opened(common, topics, 1, "ahead.db")
    topics.hear(keeper)
    assert topics.incidents() == wanted.incidents()
    keeper.close()


# --- what it counts, and what it cannot begin with


def test_late_reports_are_counted_by_the_owner_of_their_window_alone(tmp_path: Path) -> None:
    shards = Shards(2, DEFAULT.observers)
    common = Common(
        tmp_path, [world(tmp_path)], load_gazetteer(), shards, lambda: DAY + timedelta(days=400), retention_days=30
    )
    late = [
        replace(report(1, HERE, revises="test:0"), source="here"),
        replace(report(2, FAR, revises="test:0"), source="far"),
    ]
    topics = InMemory([report(9, HERE, at=timedelta(days=300))], late)
    counts = []
    for partition in range(2):
        keeper = opened(common, topics, 0, f"{partition}.db", partition)
        counts.append([dict(one.late) for one in take(keeper, topics, 0, 2)])
        keeper.close()
    told = [one for some in counts for one in some if one]
    assert sorted(told, key=str) == [{"far": 1}, {"here": 1}]


def foreign(path: Path) -> None:
    import sqlite3

    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE something (other TEXT)")
    other.close()


def of_another_version(path: Path) -> None:
    import sqlite3

    from pipeline.store.opening import open_store

    open_store(path, write=True).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 9999")
    other.close()


@pytest.mark.parametrize("spoil", [foreign, of_another_version, lambda path: path.write_bytes(b"no database" * 500)])
def test_a_file_that_is_not_ours_is_told_with_what_to_do(common: Common, spoil: Callable[[Path], None]) -> None:
    spoil(common.folder / "a.db")
    with pytest.raises(SettingsError, match=r"a\.db.*move .* away"):
        Keeper(0, common, "a.db")


def test_topics_that_were_made_anew_are_told_with_what_to_do(common: Common) -> None:
    topics = InMemory([seen(1, "one")], [seen(2, "two")])
    keeper = opened(common, topics, 0)
    take(keeper, topics, 0, 2)
    with pytest.raises(SettingsError, match="move the state folder away"):
        keeper.catch_up(0, InMemory(), nothing)
    keeper.close()
