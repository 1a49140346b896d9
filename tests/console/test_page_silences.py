"""Silences of a real Alertmanager in the page: made, seen, followed to what they hold back, and ended."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.agreement import load_agreement
from pipeline.console.silencing import Silencing
from pipeline.gazetteer import load_gazetteer
from pipeline.model.records import Alert
from pipeline.notify.alertmanager import Alertmanager, Pushed
from pipeline.notify.labels import Stretches, labels
from pipeline.store import Recorder, open_store
from tests.cli.recorded import HOSTILE, agreement_file
from tests.console.browsing import Opening, faults, fires, launched, live, named, rows, shot, visits
from tests.console.serving import Served, now, served
from tests.deploy.monitoring import alertmanager, free_port

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("alertmanager")]


class Managed(NamedTuple):
    """A console with an Alertmanager that holds its alerts."""

    served: Served
    alerts: Sequence[Alert]


def push(url: str, law: Path, alerts: Sequence[Alert]) -> None:
    """Tells an Alertmanager of alerts, as `notify` does."""
    judging = load_agreement(law)
    sectors = Stretches(lambda _: judging).of(alerts)
    pushed = [
        Pushed(labels=labels(one, sector), annotations={}, starts_at=now(), ends_at=now() + timedelta(hours=1))
        for one, sector in zip(alerts, sectors, strict=True)
    ]

    async def pushing() -> None:
        async with Alertmanager(url) as manager:
            await manager.push(pushed)

    asyncio.run(pushing())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as (_, opened):
        yield opened


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    folder = tmp_path_factory.mktemp("managed")
    law = agreement_file(folder / "law", hypothetical=True)
    with closing(open_store(folder / "w.db", write=True)) as store:
        Recorder(store, [load_agreement(law)], load_gazetteer().outlines, clock=now).record(fires(12))
        alerts = list(store.alerts())
    with alertmanager(folder, free_port()) as manager:
        url = f"http://127.0.0.1:{manager.port}"
        push(url, law, alerts)
        with served(folder / "w.db", law, silencing=Silencing(Alertmanager(url), now)) as serving:
            yield Managed(serving, alerts)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opening]:
    with visits(browser) as opening:
        yield opening


def asked_to_hold_back(page: Page) -> None:
    """Opens the dialog from the list, with the keyboard alone."""
    page.locator("#list").focus()
    page.keyboard.press("j")
    page.keyboard.press("h")
    if not page.evaluate("sessionStorage.getItem('truceline.operator')"):
        named(page, "Ines")
    expect(page.get_by_role("dialog", name="Hold back notifications")).to_be_visible()


def test_alerts_like_one_are_held_back_listed_and_told_of_again(at: Managed, visit: Opening) -> None:
    page = live(visit(at.served))
    expect(page.locator("#tab-silences")).to_have_text("Silences (0)")
    asked_to_hold_back(page)
    assert faults(page) == []
    page.get_by_label(re.compile("alerts like this")).check()
    expect(page.locator("#hush-says")).to_contain_text(re.compile('provision=.*severity=.*sector="'))
    foreseen = re.search(r"Holds back (\d+) of", page.locator("#hush-says").inner_text())
    page.locator("#hush-hours").select_option("4")
    page.locator("#hush-send").click()
    expect(page.get_by_role("dialog", name="Hold back notifications")).to_be_visible()
    page.get_by_label("Why").fill(f"Mines are cleared. {HOSTILE}")
    shot(page, "hold-back")
    page.locator("#hush-send").click()
    expect(page.locator("#said")).to_contain_text("Held back until")
    expect(page.locator("#tab-silences")).to_have_text("Silences (1)")
    marked = page.locator(".row .mark.held")
    expect(marked.first).to_contain_text("◌ held back until")
    held = [key for key in rows(page) if page.locator(f'[data-key="{key}"] .mark.held').count()]
    assert foreseen is not None
    assert int(foreseen.group(1)) == len(held)
    assert 1 < len(held) < len(rows(page))
    shown_in_the_view(page, held)
    ended_in_the_view(page, len(at.alerts))


def shown_in_the_view(page: Page, held: list[str]) -> None:
    """The silence with its author and reason, and the way from it to what it holds back."""
    page.keyboard.press("6")
    page.reload()
    silence = page.locator(".silence.active")
    expect(silence).to_contain_text("by Ines")
    expect(silence).to_contain_text("Mines are cleared")
    assert page.locator(".silence img").count() == 0
    assert faults(page) == []
    shot(page, "silences")
    page.get_by_role("button", name=f"Show the {len(held)} alerts held back").click()
    expect(page.locator("#span")).to_contain_text("only what one silence holds back")
    expect(page.locator("#list .row.alert")).to_have_count(len(held))
    assert rows(page) == held
    page.reload()
    live(page)
    expect(page.locator("#list .row.alert")).to_have_count(len(held))
    page.locator(".row").first.click()
    expect(page.locator("#alert .held")).to_contain_text("Notifications of it are held back until")


def ended_in_the_view(page: Page, number: int) -> None:
    """The silence ends, and no alert is marked any more."""
    page.keyboard.press("6")
    page.get_by_role("button", name="End it now").click()
    expect(page.locator("#said")).to_contain_text("Ended")
    expect(page.locator("#silences")).to_contain_text("Nothing is held back.")
    expect(page.locator("#tab-silences")).to_have_text("Silences (0)")
    page.keyboard.press("1")
    page.get_by_text("More filters").click()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("#list .row.alert")).to_have_count(number)
    expect(page.locator(".row .mark.held")).to_have_count(0)


def test_one_alert_alone_is_held_back_until_a_time(at: Managed, visit: Opening) -> None:
    page = live(visit(at.served))
    asked_to_hold_back(page)
    page.locator("#hush-hours").select_option("")
    page.get_by_label("Until (UTC)").fill((now() + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Why").fill("Known.")
    page.locator("#hush-send").click()
    expect(page.get_by_role("dialog", name="Hold back notifications")).to_be_visible()
    page.get_by_label("Until (UTC)").fill((now() + timedelta(hours=30)).strftime("%Y-%m-%dT%H:%M"))
    page.locator("#hush-send").click()
    expect(page.locator(".row .mark.held")).to_have_count(1)
    expect(page.locator("#order")).to_contain_text("◌ 1 held back from being notified")
