"""The page in a real browser: an operator's path from an alarm to its outcome, and whatever could get in the way."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from pipeline.agreement import load_agreement
from pipeline.console.settings import Playing
from pipeline.gazetteer import load_gazetteer
from pipeline.model.report import Report
from pipeline.model.tasks import Ask
from pipeline.model.watch_terms import TaskReason, TaskStep
from pipeline.store import Recorder, open_store
from pipeline.store.tasking import Tasking
from tests.cli.driving import finish
from tests.cli.recorded import CLEAR, HOSTILE, SECTOR, agreement_file
from tests.console.browsing import SHOTS, Opening, faults, fires, launched, live, named, rows, shot, visits
from tests.console.serving import Served, client, now, served

pytestmark = pytest.mark.needs("chromium")

PICTURED = "ukraine-hypothetical"
VIEWS = ("watch", "line", "watching", "provisions", "handover")

Adding = Callable[..., list[str]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as (_, opened):
        yield opened


@pytest.fixture
def law(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "law", hypothetical=True)


@pytest.fixture
def add(tmp_path: Path, law: Path) -> Adding:
    """Records reports as a run does; the ids of the alerts that were told of."""

    def _add(*reports: Report) -> list[str]:
        with closing(open_store(tmp_path / "w.db", write=True)) as store:
            recorder = Recorder(store, [load_agreement(law)], load_gazetteer().outlines, clock=now)
            done = recorder.record(list(reports))
            return list(dict.fromkeys(said.alert.alert_id for said in done.revisions))

    return _add


@pytest.fixture
def at(tmp_path: Path, law: Path, add: Adding) -> Iterator[Served]:
    add(CLEAR, SECTOR)
    with served(tmp_path / "w.db", law) as serving:
        yield serving


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opening]:
    """Opens the page, and waits until it follows what changes."""
    with visits(browser) as opening:
        yield lambda *of, **how: live(opening(*of, **how))


def opened(page: Page, alert_id: str) -> None:
    """Opens an alert with the keyboard alone."""
    page.locator("#list").focus()
    for _ in range(20):
        page.keyboard.press("j")
        if page.locator(f'[data-key="{alert_id}"][aria-selected="true"]').count():
            break
    page.keyboard.press("Enter")
    expect(page.locator("#alert h2")).to_be_focused()


def test_from_an_alarm_to_a_recorded_outcome_by_keyboard_while_a_colleague_looks_on(
    at: Served, visit: Opening, add: Adding
) -> None:
    page, colleague = visit(at), visit(at)
    before = set(rows(page))
    (new,) = add(*fires(1))
    for one in (page, colleague):
        expect(one.locator(f'[data-key="{new}"]')).to_contain_text("not acknowledged")
    assert set(rows(page)) == before | {new}
    expect(page.locator("#spoken")).to_contain_text("New alert")

    opened(page, new)
    page.keyboard.press("a")
    named(page, "Ines")
    expect(page.locator("#alert .seen")).to_contain_text("acknowledged by Ines")
    expect(colleague.locator(f'[data-key="{new}"]')).to_contain_text("seen by Ines")

    page.keyboard.press("v")
    page.get_by_label("Reason").select_option("second_source_needed")
    page.get_by_label("What is to be found out?").fill("Are there craters?")
    page.locator("#act-send").click()
    expect(colleague.locator(f'[data-key="{new}"]')).to_contain_text("under verification")

    page.keyboard.press("o")
    page.get_by_label(re.compile("refuted")).check()
    page.get_by_label("Reason").select_option("nothing_found")
    page.locator("#act-send").click()
    expect(page.locator("#alert")).to_contain_text("refuted: found not to have happened")
    for one in (page, colleague):
        expect(one.locator(f'[data-key="{new}"]')).to_have_count(0)
    colleague.locator("#show").select_option("found")
    expect(colleague.locator(f'[data-key="{new}"]')).to_contain_text("refuted")


def test_ages_go_by_the_servers_clock_and_what_is_played_is_called_so(
    tmp_path: Path, law: Path, add: Adding, visit: Opening
) -> None:
    (new,) = add(*fires(1))
    later = timedelta(days=30)
    with served(tmp_path / "w.db", law, clock=lambda: now() + later, playing=Playing("routine", 1.0)) as at:
        page = visit(at, f"/?alert={new}")
        expect(page.locator("#playing")).to_have_text("Simulated: routine, 1 times as fast. Nothing of it is real.")
        expect(page.locator("#alert")).to_contain_text("30 days ago")
        expect(page.locator(f'[data-key="{new}"]')).to_contain_text("overdue")
    with served(tmp_path / "w.db", law) as at:
        page = visit(at, f"/?alert={new}")
        expect(page.locator("#alert")).not_to_contain_text("days ago")
        expect(page.locator("#playing")).to_be_hidden()


def test_ones_own_act_is_no_conflict_though_the_alert_is_not_read_anew_yet(
    at: Served, visit: Opening, add: Adding
) -> None:
    (new,) = add(*fires(1))
    page = visit(at)
    opened(page, new)
    page.route(f"**/api/alerts/{new}", lambda _route: None)  # what is asked again is never answered
    page.keyboard.press("a")
    named(page, "Ines")
    expect(page.locator("#alert .seen")).to_contain_text("acknowledged by Ines")
    page.keyboard.press("v")
    page.get_by_label("Reason").select_option("second_source_needed")
    page.get_by_label("What is to be found out?").fill("Are there craters?")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#said")).to_contain_text("under verification")
    page.keyboard.press("Escape")
    page.unroute_all(behavior="ignoreErrors")


def test_words_that_were_not_sent_are_there_again_and_those_that_were_are_not(
    at: Served, visit: Opening, add: Adding
) -> None:
    new, other = add(*fires(2))
    page = visit(at)
    opened(page, new)
    page.keyboard.press("o")
    named(page, "Ines")
    page.get_by_label(re.compile("refuted")).check()
    page.get_by_label("Reason").select_option("nothing_found")
    page.get_by_label("What was found, and how?").fill("No crater within 300 m.")
    page.keyboard.press("Escape")
    expect(page.locator("#act-form")).to_be_hidden()

    opened(page, other)
    page.keyboard.press("o")
    expect(page.get_by_label("What was found, and how?")).to_have_value("")
    page.get_by_label("What was found, and how?").fill("Of the other.")
    page.keyboard.press("Control+Enter")  # no outcome is chosen yet
    expect(page.locator("#act-form")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#act-form")).to_be_hidden()
    page.keyboard.press("o")
    expect(page.locator("#act-form")).to_be_visible()
    expect(page.get_by_label("What was found, and how?")).to_have_value("Of the other.")
    page.get_by_label(re.compile("refuted")).check()
    page.get_by_label("Reason").select_option("nothing_found")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#alert")).to_contain_text("Of the other.")
    page.keyboard.press("r")
    expect(page.locator("#act-form textarea")).to_have_value("")
    page.keyboard.press("Escape")


def test_what_was_chosen_in_a_dialog_that_was_left_is_chosen_again(at: Served, visit: Opening, add: Adding) -> None:
    (new,) = add(*fires(1))
    page = visit(at)
    opened(page, new)
    page.keyboard.press("o")
    named(page, "Ines")
    page.get_by_label(re.compile("refuted")).check()
    page.get_by_label("Reason").select_option("nothing_found")
    page.keyboard.press("Escape")
    expect(page.locator("#act-form")).to_be_hidden()
    page.keyboard.press("o")
    expect(page.get_by_label(re.compile("refuted"))).to_be_checked()
    expect(page.get_by_label("Reason")).to_have_value("nothing_found")
    page.keyboard.press("Escape")


def test_the_handover_names_what_waits_by_what_and_where_it_is(at: Served, visit: Opening, add: Adding) -> None:
    (new,) = add(*fires(1))
    page = visit(at, f"/?alert={new}")
    expect(page.locator("#alert h2")).to_be_visible()
    title = page.locator("#alert h2").inner_text()
    page.keyboard.press("v")
    named(page, "Ines")
    page.get_by_label("Reason").select_option("second_source_needed")
    page.locator("#act-send").click()
    expect(page.locator("#said")).to_contain_text("under verification")
    page.locator("#tab-handover").click()
    waiting = page.locator("#handover section", has_text="Under verification").get_by_role("button")
    expect(waiting).to_contain_text(title)
    waiting.click()
    expect(page.locator("#alert h2")).to_have_text(title)


def test_an_alert_that_is_still_read_is_not_acted_on(at: Served, visit: Opening, add: Adding) -> None:
    (new,) = add(*fires(1))
    page = visit(at)
    page.route(f"**/api/alerts/{new}", lambda _route: None)
    page.locator(f'[data-key="{new}"]').click()
    expect(page.locator("#alert")).to_contain_text("Reading the alert")
    page.keyboard.press("a")
    expect(page.locator("#said")).to_contain_text("still being read")
    page.unroute_all(behavior="ignoreErrors")


def test_a_conflict_is_shown_and_the_words_are_not_lost(at: Served, visit: Opening, add: Adding) -> None:
    (new,) = add(*fires(1))
    slow, quick = visit(at, f"/?alert={new}"), visit(at, f"/?alert={new}")
    expect(slow.locator("#alert h2")).to_be_visible()
    slow.keyboard.press("o")
    named(slow, "Bo")
    slow.get_by_label(re.compile("confirmed")).check()
    slow.get_by_label("Reason").select_option("inspected")
    slow.get_by_label("What was found, and how?").fill("Two craters.")

    expect(quick.locator("#alert h2")).to_be_visible()
    quick.keyboard.press("a")
    named(quick, "Ines")
    expect(quick.locator("#alert .seen")).to_contain_text("acknowledged by Ines")
    slow.locator("#act-send").click()
    trouble = slow.locator("#act-trouble")
    expect(trouble).to_contain_text("the alert has moved on")
    expect(trouble).to_contain_text("acknowledged by: was nobody, is Ines")
    expect(slow.get_by_label("What was found, and how?")).to_have_value("Two craters.")
    shot(slow, "conflict")
    slow.get_by_role("button", name="Outcome all the same").click()
    expect(slow.locator("#alert")).to_contain_text("Two craters.")
    expect(quick.locator("#alert")).to_contain_text("Two craters.")


def test_after_a_broken_connection_nothing_is_missing(tmp_path: Path, law: Path, add: Adding, visit: Opening) -> None:
    add(*fires(2))
    with served(tmp_path / "w.db", law) as before:
        page = visit(before)
        port = int(before.url.rpartition(":")[2])
        known = set(rows(page))
    expect(page.locator("#banner")).to_contain_text("Disconnected since")
    expect(page.locator("#connection")).to_contain_text("Disconnected since")
    page.locator("#tab-handover").click()
    expect(page.locator("#handover .trouble")).to_contain_text("cannot be reached")
    page.locator("#tab-watch").click()
    meanwhile = set(add(*fires(4, first=200)))
    with served(tmp_path / "w.db", law, port=port):
        expect(page.locator("#connection")).to_have_text("● Live")
        for one in meanwhile:
            expect(page.locator(f'[data-key="{one}"]')).to_have_count(1)
        assert sorted(rows(page)) == sorted(known | meanwhile)
        expect(page.locator("#banner")).to_be_hidden()


def test_hostile_text_does_nothing(at: Served, visit: Opening, add: Adding) -> None:
    bad = replace(
        fires(1)[0],
        text=f"{HOSTILE} <script>document.title='owned'</script> {'long ' * 400}",
        observer="<b onmouseover=alert(1)>",
        url="javascript:document.title='owned'",
    )
    (new,) = add(bad)
    page = visit(at, f"/?alert={new}")
    expect(page.locator("#alert .quoted").first).to_contain_text("<img src=x onerror=")
    expect(page.locator("#alert").get_by_role("button", name=re.compile("Show all")).last).to_be_visible()
    expect(page.locator("#alert .address")).to_have_text("javascript:document.title='owned'")
    assert page.locator("#alert img, #alert script, #alert b[onmouseover], #alert a").count() == 0
    assert page.get_by_role("button", name=re.compile("^Open ")).count() == 0
    assert "owned" not in page.title()


def test_an_address_is_opened_on_purpose_only(at: Served, visit: Opening, add: Adding) -> None:
    (new,) = add(replace(fires(1)[0], url="https://example.org/a?b"))
    page = visit(at, f"/?alert={new}")
    expect(page.get_by_role("button", name="Open example.org in a new tab")).to_be_visible()
    assert page.locator("#alert a").count() == 0


def test_a_flood_stands_in_groups_that_open(at: Served, visit: Opening, add: Adding) -> None:
    new = add(*fires(30))
    page = visit(at, "/?budget=10")
    group = page.locator('.row.group[aria-expanded="false"]').first
    expect(group).to_contain_text("not acknowledged")
    assert len(rows(page)) < len(new)
    page.locator("#list").focus()
    for _ in range(9):
        if page.locator(".row.group[aria-selected=true]").count():
            break
        page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    expect(page.locator('.row.group[aria-expanded="true"]')).to_have_count(1)
    shot(page, "flood")
    page.keyboard.press("a")
    named(page, "Ines")
    page.locator("#act-send").click()
    expect(page.locator("#said")).to_contain_text("acknowledged")
    expect(page.locator(".row.group[aria-selected=true]")).to_contain_text("all acknowledged")
    page.get_by_text("More filters").click()
    page.get_by_label("Budget an hour").fill("0")
    expect(page.locator(".row.group")).to_have_count(0)
    assert set(new) <= set(rows(page))
    assert "budget=0" in page.url


def test_filters_stand_in_the_address_and_come_back(at: Served, visit: Opening, add: Adding) -> None:
    add(*fires(3))
    page = visit(at)
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("no such place")
    expect(page.locator("#nothing")).to_be_visible()
    assert "text=no+such+place" in page.url
    again = visit(at, page.url.removeprefix(at.url))
    expect(again.locator("#search")).to_have_value("no such place")
    expect(again.locator("#nothing")).to_be_visible()
    again.locator("#search").fill("")
    expect(again.locator("#nothing")).to_be_hidden()
    with client(at) as asking:
        listed = [one["alert_id"] for one in asking.get("/api/alerts").json()["alerts"]]
    assert rows(again) == listed


def test_a_grave_alert_is_told_of_though_the_filters_hide_it(at: Served, visit: Opening, add: Adding) -> None:
    page = visit(at, "/?severity=minor")
    (_,) = add(*fires(1))
    hidden = page.locator("#hidden-graves")
    expect(hidden).to_contain_text("grave, not acknowledged, hidden by the filters")
    expect(page.locator("#spoken")).to_contain_text("grave")
    expect(page).to_have_title(re.compile(r"\(\d+\) Truceline"))
    hidden.click()
    expect(hidden).to_be_hidden()
    assert "severity" not in page.url


def test_looks_that_were_asked_for_stand_beside_the_sensors_and_with_their_alert(
    at: Served, visit: Opening, add: Adding, tmp_path: Path
) -> None:
    (new,) = add(*fires(1))
    with client(at) as asking:
        told = asking.get(f"/api/alerts/{new}").json()["alert"]
    look = Ask(
        asset="drone-7",
        kind="alert",
        about=new,
        look_from=now() - timedelta(hours=3),
        look_until=now() - timedelta(hours=2),
        lon=37.4,
        lat=48.1,
        radius_m=500.0,
        notices="heavy_fire",
        agreement=told["agreement"],
        provision=told["provision"],
        subject=told["subject"],
        report_id=told["report_ids"][0],
        says="Nobody else saw it.",
    )
    gap = replace(look, kind="gap", about="west, night", report_id=None, subject="", look_until=now())
    with closing(open_store(tmp_path / "w.db", write=True)) as store:
        first, _ = Tasking(store).propose([look, gap], "Bo")
        Tasking(store).take(first[0].task_id, TaskStep.WITHDRAW, "Bo", reason=TaskReason.NO_LONGER_NEEDED, text=HOSTILE)
    with client(at) as asking:
        assert [one["about"] for one in asking.get("/api/tasks").json()] == [new, "west, night"]
    page = visit(at)
    page.keyboard.press("3")
    expect(page.locator("#watching")).to_contain_text("Verification tasks that are open (1, 1 overdue)")
    expect(page.locator("#watching")).to_contain_text("gap: west, night")
    page.get_by_text("Verification tasks that have ended (1)").click()
    page.get_by_role("button", name=new).click()
    task = page.locator("#alert .task")
    expect(task).to_contain_text("drone-7 is to look for signs of heavy fire")
    expect(task).to_contain_text("Bo: withdraw, no longer needed: shots")
    assert page.locator("#alert img").count() == 0


def test_single_keys_do_what_there_is_and_can_be_switched_off(at: Served, visit: Opening) -> None:
    page = visit(at)
    page.keyboard.press("h")
    expect(page.locator("#said")).to_contain_text("No Alertmanager is configured")
    page.keyboard.press("6")
    expect(page.locator("#view-watch")).to_be_visible()
    page.keyboard.press("?")
    page.get_by_label("Single keys do things").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("2")
    expect(page.locator("#view-watch")).to_be_visible()


@pytest.mark.parametrize(("scheme", "wide"), [("dark", 1600), ("light", 1600), ("light", 420)])
def test_the_page_can_be_used_by_all(at: Served, visit: Opening, add: Adding, scheme: str, wide: int) -> None:
    (new, *_) = add(*fires(4))
    page = visit(at, f"/?alert={new}", color_scheme=scheme, viewport={"width": wide, "height": 900})
    expect(page.locator("#alert h2")).to_be_visible()
    for view in VIEWS:
        page.locator(f"#tab-{view}").click()
        expect(page.locator(f"#view-{view}")).to_be_visible()
        expect(page.locator(f"#view-{view}")).not_to_contain_text("Reading …")
        assert faults(page) == [], view
    page.locator("#tab-watch").click()
    page.keyboard.press("v")
    named(page, "Ines")
    expect(page.locator("#act")).to_be_visible()
    assert faults(page) == []


if SHOTS:  # These are pictures for people: there is nothing in them that a run without a folder for them would miss.

    @pytest.fixture(scope="module")
    def pictured(tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A store of a day with blind stretches along a real landscape's invented line."""
        folder = tmp_path_factory.mktemp("pictured")
        assert finish("scenario", "make", "jammed", "--seed", "7", "-o", folder / "day").code == 0
        inputs = [folder / "day" / name for name in ("observations.ndjson", "reports.ndjson")]
        assert finish("run", "-a", PICTURED, *inputs, "--store", folder / "day.db").code == 0
        return folder / "day.db"

    @pytest.mark.parametrize("scheme", ["dark", "light"])
    @pytest.mark.parametrize("wide", [1600, 420])
    def test_pictures(pictured: Path, visit: Opening, scheme: str, wide: int) -> None:
        with served(pictured, Path(PICTURED)) as at:
            page = visit(at, color_scheme=scheme, viewport={"width": wide, "height": 900})
            expect(page.locator("#band-hour")).not_to_be_empty()
            shot(page, f"watch-{scheme}-{wide}")
            for view in VIEWS[1:]:
                page.locator(f"#tab-{view}").click()
                expect(page.locator(f"#view-{view}")).not_to_contain_text("Reading …")
                shot(page, f"{view}-{scheme}-{wide}")
            page.goto(f"{at.url}/?text=Huliaipole&budget=0")
            page.locator(".row").nth(2).click()
            expect(page.locator("#alert h2")).to_be_visible()
            shot(page, f"alert-{scheme}-{wide}")
            page.keyboard.press("o")
            named(page, "Ines")
            shot(page, f"outcome-{scheme}-{wide}")
            page.goto(f"{at.url}/?wall=true")
            expect(page.locator("#connection")).to_have_text("● Live")
            shot(page, f"wall-{scheme}-{wide}")
