"""The watch as an operator sits before it: from an alarm to its outcome, and whatever could get in the way."""

import os
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.model.footprint import Disc
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, Severity
from pipeline.terminal.filters import Filters, Show
from pipeline.terminal.groups import Group
from pipeline.terminal.listing import HIGH
from tests.cli.driving import finish
from tests.cli.recorded import HOSTILE
from tests.terminal.conftest import Adding
from tests.terminal.driving import NARROW, WIDE, Desk, Seat, run
from tests.worlds import report

SHOTS = os.environ.get("TRUCELINE_SCREENSHOTS")
CLICK = "\x1b]0;owned\x07[@click=app.quit]me[/]"
PICTURED = "ukraine-hypothetical"


def fires(number: int, first: int = 100) -> list[Report]:
    """So many reports of fire, each an incident of its own."""
    return [
        report(first + row, Disc(37.4 + 0.03 * (row % 9), 48.1 + 0.03 * (row // 9), 200.0), at=timedelta(hours=9 + row))
        for row in range(number)
    ]


def test_from_an_alarm_to_a_recorded_outcome_while_a_colleague_looks_on(desk: Desk, add: Adding) -> None:
    async def path() -> None:
        async with desk.seat(WIDE) as seat, desk.seat(NARROW, by="Bo") as colleague:
            before = set(seat.ids)
            (new,) = add(*fires(1))
            # Nobody presses a key, and there it is.
            for one in (seat, colleague):
                await one.lists(before | {new})
            await seat.sees("last change", "New grave alert")
            await seat.opens(new)
            await seat.sees("May be done: a acknowledge, v verify, o outcome")
            await seat.press("a")
            await seat.sees("acknowledged by Ines")
            await colleague.sees("seen by Ines")

            await seat.press("v")
            await seat.sees("one origin alone says so")
            await seat.press("space", "tab")
            await seat.type("Are there craters?")
            await seat.press("ctrl+s")
            await seat.sees("under verification")
            await colleague.sees("under verification")

            await seat.press("o")
            await seat.sees("What was found")
            await seat.press("down", "down", "space", "tab", "space", "ctrl+s")
            await seat.sees("refuted: found not to have happened")
            for one in (seat, colleague):
                await one.lists(before)
            colleague.app.filter(Filters(show=Show.FOUND))
            await colleague.until(lambda: colleague.ids == [new])
            await colleague.sees("refuted, seen by Ines")
            await colleague.opens(new)
            assert [act.text for act in colleague.app.told.acts] == [None, "Are there craters?", None]  # type: ignore[union-attr]

    run(path)


def test_a_conflict_is_shown_and_the_words_are_not_lost(desk: Desk, add: Adding) -> None:
    (new,) = add(*fires(1))

    async def path() -> None:
        async with desk.seat(NARROW) as seat:
            await seat.opens(new)
            await seat.press("o", "space", "tab", "space", "tab")
            await seat.type("Two craters.")
            other = desk.console
            other.backend.act(other.row(new).alert, ActionKind.ACKNOWLEDGE, "Bo")
            await seat.press("ctrl+s")
            await seat.sees("the alert has moved on", "acknowledged by: was nobody, is Bo", "Two craters.")
            # The button that goes on is the one that has the focus.
            await seat.press("enter")
            await seat.sees("It is confirmed, revision 3.")
            await seat.until(lambda: "Two craters." in str(seat.app.told and seat.app.told.acts))

    run(path)


def test_what_cannot_be_done_is_refused_with_what_can(desk: Desk, add: Adding) -> None:
    (new,) = add(*fires(1))

    async def path() -> None:
        async with desk.seat(NARROW) as seat:
            await seat.opens(new)
            await seat.press("r", "space", "ctrl+s")
            await seat.sees("Nothing was recorded.", "What can be done: acknowledge,")
            await seat.press("escape")
            await seat.press("c", "ctrl+s")
            await seat.sees("Nothing was recorded.")
            await seat.type("Seen from the ridge.")
            await seat.press("ctrl+s")
            await seat.sees("Comment: recorded.")

    run(path)


def test_who_acts_is_asked_once(desk: Desk) -> None:
    async def path() -> None:
        async with desk.seat(by="") as seat:
            await seat.opens(seat.ids[0])
            await seat.press("a")
            await seat.sees("Who are you?")
            await seat.press("escape", "a")
            await seat.sees("Who are you?")
            await seat.type("Olga")
            await seat.press("enter")
            await seat.sees("acknowledged by Olga")
            await seat.press("j", "a")
            await seat.until(lambda: seat.app.view is not None and not any(seat.app.view.waiting.values()))

    run(path)


def test_an_act_without_a_key_goes_through_its_form(desk: Desk) -> None:
    async def path() -> None:
        async with desk.seat() as seat:
            await seat.opens(seat.ids[0])
            await seat.press("x")
            await seat.sees("records a claim of who did it")
            await seat.press("enter")
            await seat.sees("On what basis")
            for _ in range(3):
                await seat.press("space", "tab")
            await seat.press("ctrl+s")
            await seat.until(
                lambda: "attribute" in str(seat.app.told and [one.kind.value for one in seat.app.told.acts])
            )
            await seat.press("x", "end", "enter")
            await seat.sees("Which reports")
            await seat.press("space", "tab", "space", "ctrl+s")
            await seat.sees("Seal: recorded.")

    run(path)


def test_hostile_text_does_nothing(desk: Desk, add: Adding) -> None:
    bad = replace(
        fires(1)[0], text=f"{HOSTILE} [bold]{'long ' * 400}", observer="\x1b]0;owned\x07[@click=app.quit]me[/]"
    )
    (new,) = add(bad)

    async def path() -> None:
        async with desk.seat(NARROW) as seat:
            await seat.opens(new)
            shown = seat.screen
            for _ in range(15):
                await seat.press("pagedown")
                shown += seat.screen
            assert "[@click=app.quit]me[/]" in shown
            assert "[red]" in shown
            assert r"\x1b[2J" in shown
            assert all(line.isprintable() for line in shown.splitlines())
            await seat.press("a")
            await seat.type("c")
            await seat.sees("Comment")

    run(path)


def test_a_store_that_goes_away_and_comes_back_loses_nothing(desk: Desk, add: Adding, tmp_path: Path) -> None:
    async def path() -> None:
        async with desk.seat() as seat:
            known, away = set(seat.ids), tmp_path / "away"
            away.mkdir()
            for one in tmp_path.glob("w.db*"):
                one.rename(away / one.name)
            await seat.sees("▲ Stale", "▲ Stale since", "what you see is as it was then.")
            assert set(seat.ids) == known
            await seat.press("home", "enter")
            await seat.press("a")
            await seat.sees("Nothing was recorded.")
            await seat.press("escape")
            for one in away.iterdir():
                shutil.move(one, tmp_path / one.name)
            (new,) = add(*fires(1))
            await seat.sees("● Live")
            await seat.until(lambda: set(seat.ids) == known | {new})
            await seat.sees_no("as it was then")

    run(path)


def test_a_wide_terminal_has_the_alert_beside_the_list_and_a_narrow_one_over_it(desk: Desk) -> None:
    async def path() -> None:
        async with desk.seat(NARROW) as seat:
            await seat.opens(seat.ids[0])
            await seat.sees("May be done")
            assert [one.lstrip()[:1] for one in seat.lines].count("◆") + seat.screen.count("▲ grave") <= 1
            await seat.press("escape")
            await seat.sees_no("May be done")
            await seat.pilot.resize_terminal(*WIDE)
            await seat.opens(seat.ids[0])
            await seat.sees("May be done")
            assert seat.app.alerts.display
            assert all(len(line) <= WIDE[0] for line in seat.lines)

    run(path)


def test_search_narrows_the_list_and_hides_no_grave_alert_in_silence(desk: Desk, add: Adding) -> None:
    add(*fires(1))

    async def path() -> None:
        async with desk.seat() as seat:
            every = list(seat.ids)
            await seat.press("slash")
            await seat.type("no such q")
            await seat.sees("No alert passes the filters", "hidden by the filters", "only “no such q”")
            await seat.press(*["backspace"] * 9, "escape")
            await seat.until(lambda: seat.ids == every)
            await seat.press("f", "tab", "space", "ctrl+s")
            await seat.until(lambda: seat.app.filters.severity == (Severity.GRAVE,))
            await seat.sees("only grave")

    run(path)


def test_a_flood_stands_in_groups_that_open_and_are_acknowledged_whole(desk: Desk, add: Adding) -> None:
    new = add(*fires(30))

    async def path() -> None:
        async with desk.seat(filters=Filters(budget=10)) as seat:
            groups = [item for item in seat.app.alerts.items if isinstance(item, Group)]
            group = max(groups, key=lambda one: len(one.rows))
            assert len(seat.ids) < len(new)
            await seat.choose(group.key)
            await seat.press("v")
            await seat.sees("A group")
            await seat.press("right")
            await seat.sees(f"▾ {len(group.rows)} ×")
            inside = [row.alert.alert_id for row in group.rows]
            place = seat.ids.index(group.key)
            assert seat.ids[place + 1 : place + 1 + len(inside)] == inside
            await seat.press("a")
            await seat.sees(f"Acknowledge all {len(inside)}")
            await seat.press("ctrl+s")
            await seat.sees(f"{len(inside)} acknowledged.", "all acknowledged")
            await seat.press("left")
            assert not set(inside) & set(seat.ids)

    run(path)


@pytest.mark.parametrize("sound", [True, False])
def test_a_flood_rings_once_where_the_bell_is_on(desk: Desk, add: Adding, sound: bool) -> None:
    async def path() -> None:
        async with desk.seat(sound=sound) as seat:
            assert seat.app.rung == 0
            add(*fires(5))
            await seat.sees("new grave alerts")
            assert seat.app.rung == int(sound)
            await seat.press("b")
            await seat.until(lambda: seat.app.sound is not sound)

    run(path)


def test_the_other_views_say_what_the_commands_say(desk: Desk) -> None:
    async def path() -> None:
        async with desk.seat() as seat:
            await seat.press("2")
            await seat.sees("# Handover", "New in this watch")
            await seat.press("3")
            await seat.sees("Nothing calls for consultation")
            await seat.press("question_mark")
            await seat.sees("An alert is a suspected violation, not a finding.")
            await seat.press("escape", "escape")
            await seat.until(lambda: bool(seat.app.alerts.items))

    run(path)


def test_what_is_chosen_stays_chosen_where_others_come_before_it(desk: Desk, add: Adding) -> None:
    async def path() -> None:
        async with desk.seat(NARROW) as seat:
            some = fires(16)
            first = set(seat.ids) | set(add(*some[:12]))
            await seat.lists(first)
            await seat.press("end")
            alerts = seat.app.alerts
            chosen, place, top = alerts.key, alerts.place, alerts.scroll_y
            more = add(*some[12:])
            await seat.lists(first | set(more))
            assert (alerts.key, seat.ids[alerts.place]) == (chosen, chosen)
            # What is on the screen stays under the eyes.
            assert alerts.scroll_y - top == HIGH * (alerts.place - place) > 0

    run(path)


if SHOTS:  # A picture for people: there is nothing in it that a run without a folder for it would miss.

    def test_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert finish("scenario", "make", "jammed", "--seed", "7", "-o", "day").code == 0
        inputs = [Path("day") / name for name in ("observations.ndjson", "reports.ndjson")]
        assert finish("run", "-a", PICTURED, *inputs, "--store", "truceline.db").code == 0

        async def path() -> None:
            here = Desk(Path("truceline.db"), Path(PICTURED))
            async with here.seat((120, 34)) as seat:
                await pictured(seat, "watch")
            async with here.seat(NARROW) as seat:
                await pictured(seat, "watch-outcome", "o", "down", "space", "tab", "space")

        run(path)

    async def pictured(seat: Seat, name: str, *keys: str) -> None:
        await seat.press("j", "right")
        await seat.opens(seat.ids[2])
        await seat.press(*keys)
        # A picture fetches no letters from anywhere.
        drawn = re.sub(
            r"@font-face \{.*?\}|<!--.*?-->", "", seat.app.export_screenshot(title="truceline watch"), flags=re.S
        )
        assert SHOTS is not None
        (Path(SHOTS) / f"{name}.svg").write_text(drawn, encoding="utf-8")
