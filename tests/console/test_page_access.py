"""The page where there are users: who is let in, what each may do, and that nobody loses what he was writing."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.agreement import load_agreement
from pipeline.console.access import open_access
from pipeline.console.access.trail import Note, Trail
from pipeline.gazetteer import load_gazetteer
from pipeline.store import Recorder, open_store
from tests.cli.recorded import agreement_file
from tests.console.browsing import Opening, faults, fires, launched, live, rows, shot, visits
from tests.console.serving import Served, now, served
from tests.console.users import PASSWORD, access, users

pytestmark = pytest.mark.needs("chromium")


class Guarded(NamedTuple):
    """A console with users, the file that has them, and an alert of its record."""

    served: Served
    users: Path
    alert_id: str


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as (_, opened):
        yield opened


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    law = agreement_file(folder / "law", hypothetical=True)
    with closing(open_store(folder / "w.db", write=True)) as store:
        recorder = Recorder(store, [load_agreement(law)], load_gazetteer().outlines, clock=now)
        said = recorder.record(fires(5)).revisions
    with served(folder / "w.db", law, access=access(folder / "users.db")) as serving:
        yield Guarded(serving, folder / "users.db", said[0].alert.alert_id)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opening]:
    with visits(browser) as opening:
        yield opening


def logged_in(page: Page, name: str, password: str = PASSWORD) -> Page:
    """Logs in with the keyboard alone."""
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    return page


def test_nothing_is_shown_before_a_login_and_nothing_stays_after_a_logout(at: Guarded, visit: Opening) -> None:
    page = visit(at.served)
    expect(page.get_by_role("dialog", name="Log in")).to_be_visible()
    assert faults(page) == []
    shot(page, "login")
    logged_in(page, "otto", "not that one, sorry")
    expect(page.locator("#login-trouble")).to_have_text("Name or password are not right.")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Log in")).to_be_visible()
    assert rows(page) == []
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    live(page)
    expect(page.locator(".row").first).to_be_visible()
    page.get_by_role("button", name="otto (operator): log out").click()
    expect(page.get_by_role("dialog", name="Log in")).to_be_visible()
    assert rows(page) == []
    page.reload()
    expect(page.get_by_role("dialog", name="Log in")).to_be_visible()


def test_a_session_that_ends_loses_no_words(at: Guarded, visit: Opening) -> None:
    page = live(logged_in(visit(at.served, f"/?alert={at.alert_id}"), "otto"))
    expect(page.locator("#alert h2")).to_be_visible()
    page.keyboard.press("c")
    written = page.locator("#act-form textarea")
    written.fill("Two craters, seen from the road.")
    with users(at.users) as known:
        known.set_password("otto", PASSWORD)
    expect(page.locator("#login-why")).to_contain_text("The session has ended")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#login")).to_be_hidden()
    expect(written).to_have_value("Two craters, seen from the road.")
    live(page)
    page.locator("#act-send").click()
    expect(page.locator("#alert .done").last).to_contain_text("otto: comment")
    expect(page.locator("#alert .done").last).to_contain_text("Two craters")


def test_an_act_after_the_session_has_ended_is_done_only_when_it_is_asked_for_again(
    at: Guarded, visit: Opening
) -> None:
    page = live(logged_in(visit(at.served, f"/?alert={at.alert_id}"), "otto"))
    expect(page.locator("#alert h2")).to_be_visible()
    page.keyboard.press("c")
    page.locator("#act-form textarea").fill("Said by whoever is there.")
    # Before the page hears of it, the act is sent: the server refuses it, and another logs in.
    page.evaluate("EventSource.prototype.close = () => undefined")
    page.context.clear_cookies()
    page.locator("#act-send").click()
    expect(page.locator("#login-why")).to_contain_text("The session has ended")
    page.get_by_label("Name", exact=True).fill("susan")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#act-trouble")).to_contain_text("Nothing was recorded.")
    expect(page.locator("#act-about")).to_contain_text("as susan")
    page.locator("#act-send").click()
    expect(page.locator("#alert .done").last).to_contain_text("susan: comment")
    expect(page.locator("#alert")).not_to_contain_text("otto: comment, Said")


def test_a_viewer_sees_why_he_may_not_act(at: Guarded, visit: Opening) -> None:
    page = live(logged_in(visit(at.served, f"/?alert={at.alert_id}"), "vera"))
    expect(page.locator("#alert .barred")).to_contain_text("logged in as vera, viewer")
    expect(page.locator("#alert [data-act]")).to_have_count(0)
    expect(page.locator("#tab-audit")).to_be_hidden()
    assert faults(page) == []
    page.keyboard.press("a")
    expect(page.locator("#said")).to_contain_text("this is for others")
    page.keyboard.press("7")
    expect(page.locator("#view-watch")).to_be_visible()


def test_a_supervisor_reads_the_trail(at: Guarded, visit: Opening) -> None:
    hostile = "<img src=x onerror=document.title='owned'>"
    with open_access(at.users) as file:
        trail = Trail(file, now)
        for number in range(120):
            trail.add(Note("otto", "operator", "comment", f"{hostile} {number}", "done", "127.0.0.1"))
    page = live(logged_in(visit(at.served), "susan"))
    page.keyboard.press("7")
    entries = page.locator("#audit tbody tr")
    expect(entries).to_have_count(100)
    expect(entries.first).to_contain_text("susan (supervisor)")
    assert faults(page) == []
    shot(page, "trail")
    page.get_by_role("button", name="Show earlier ones").click()
    expect(page.locator("#audit")).to_contain_text(f"{hostile} 0")
    assert page.locator("#audit img").count() == 0
    expect(page).to_have_title(re.compile("Truceline$"))
