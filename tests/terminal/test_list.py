"""The list by itself: nothing is left out of it, however many there are and however they are put together."""

import asyncio
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.app import App, ComposeResult

from pipeline.console.board import Row
from pipeline.console.core import Console
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Reason, Severity, Standing, Status
from pipeline.terminal.filters import Filters, Show
from pipeline.terminal.groups import Group, Single, grouped, unfolded
from pipeline.terminal.listing import AlertList
from pipeline.terminal.words import harmless, lasting
from tests.terminal.driving import Desk

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
MANY = 50_000


def row(alert: Alert, number: int, minutes: int = 0, severity: Severity = Severity.GRAVE) -> Row:
    named = replace(alert, alert_id=f"al_{number:020x}", severity=severity)
    return Row(named, 1, BEGIN + timedelta(minutes=minutes))


ALERT = Alert(
    alert_id="al_1",
    agreement="invented",
    agreement_version="1",
    provision="ceasefire",
    article="Article 1",
    incident_id="in_1",
    status=Status.ALLEGED,
    severity=Severity.GRAVE,
    reason=next(iter(Reason)),
    probability=0.9,
    place_probability=1.0,
    observed_from=BEGIN,
    observed_until=BEGIN,
    line=None,
    side=None,
    chainage_m=None,
    offset_m=None,
    lon=None,
    lat=None,
    radius_m=None,
    report_ids=("test:1",),
    doubts=(),
    readings=(),
    attribution=(),
    standing=Standing.RAISED,
    acknowledged_by=None,
    assignee=None,
    judged_by="1",
)
told = st.lists(
    st.tuples(st.integers(0, 180), st.sampled_from(list(Severity)), st.sampled_from(["west", "east"])), max_size=40
)


@given(told, st.integers(0, 12))
def test_groups_never_leave_an_alert_out_and_open_to_all_of_theirs(
    some: list[tuple[int, Severity, str]], budget: int
) -> None:
    rows = [row(ALERT, number, minutes, severity) for number, (minutes, severity, _) in enumerate(some)]
    sectors = {one.alert.alert_id: sector for one, (_, _, sector) in zip(rows, some, strict=True)}
    items = grouped(rows, budget, lambda one: sectors[one.alert.alert_id])
    groups = [item for item in items if isinstance(item, Group)]
    inside = [one.row for one in unfolded(items, {item.key for item in groups}) if isinstance(one, Single)]
    assert sorted(one.alert.alert_id for one in inside) == [one.alert.alert_id for one in rows]
    assert len({item.key for item in items}) == len(items)
    for group in groups:
        assert len(group.rows) > 1
        assert len({(one.alert.severity, sectors[one.alert.alert_id]) for one in group.rows}) == 1
        # Only an hour above the budget is put together.
        hour = [one for one in rows if one.raised_at.hour == group.rows[0].raised_at.hour]
        assert len(hour) > budget > 0


@given(st.text(max_size=500))
def test_somebodys_words_never_steer_a_terminal(text: str) -> None:
    assert harmless(text).replace("\u200c", "").replace("\u200d", "").isprintable()


def test_filters_say_what_they_ask_for() -> None:
    assert Filters().says == ""
    asked = Filters(Show.FOUND, (Severity.GRAVE,), None, "law/fire", "by the bridge")
    assert asked.says == "with an outcome, grave, raised or possible, law/fire, “by the bridge”"
    wanted = asked.wanted
    assert (wanted.agreement, wanted.provision, wanted.standing) == (("law",), ("fire",), None)
    assert Status.CONFIRMED in wanted.status
    assert lasting(timedelta(days=3)) == "3 days"


class Alone(App[None]):
    """Nothing but a list."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.source = console

    def compose(self) -> ComposeResult:
        yield AlertList(self.source)


def test_of_very_many_only_those_on_the_screen_are_drawn(desk: Desk) -> None:
    console = desk.console
    console.board.refresh()
    (first, *_) = (one for one in console.snapshot.rows.values() if one.alert.standing is Standing.RAISED)
    items = [Single(row(first.alert, number)) for number in range(MANY)]

    async def path() -> None:
        app = Alone(console)
        async with app.run_test(size=(80, 24)) as pilot:
            alerts = app.query_one(AlertList)
            alerts.show(items)
            alerts.choose(MANY - 1)
            await pilot.pause()
            assert alerts.chosen == items[-1]
            assert alerts.scroll_y == 2 * MANY - 24
            alerts.choose(-1)
            await pilot.pause()
            assert (alerts.place, alerts.scroll_y) == (0, 0)
            assert len(alerts.kept) <= 24

    asyncio.run(path())
