"""A browser at the console: pages that complain of nothing, and what is done with them."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from pipeline.model.footprint import Disc
from pipeline.model.report import Report
from tests.console.serving import WAIT_S, Served
from tests.worlds import report

WAIT_MS = WAIT_S * 1_000

SHOTS = os.environ.get("TRUCELINE_SCREENSHOTS")
AXE = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")

Opening = Callable[..., Page]

LOST = re.compile(r"ERR_|Failed to load resource|status of (401|409|503)")
"""What a browser says of itself when a server is away, or refuses: no complaint of the page's."""


@contextmanager
def launched() -> Iterator[tuple[Playwright, Browser]]:
    """Debian's Chromium."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield driver, browser
        browser.close()


class Said(NamedTuple):
    """What pages complained of."""

    complaints: list[str]

    def watch(self, page: Page) -> Page:
        """Listens to a page."""
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on(
            "console",
            lambda told: (
                self.complaints.append(told.text)
                if told.type in {"error", "warning"} and not LOST.search(told.text)
                else None
            ),
        )
        return page


@contextmanager
def visits(browser: Browser) -> Iterator[Opening]:
    """Opens pages, each as one more operator; at the end none of them may have complained of anything."""
    said, contexts = Said([]), []

    def _visit(at: Served, path: str = "/", **how: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1600, "height": 900}, **how})
        contexts.append(context)
        page = said.watch(context.new_page())
        page.goto(at.url + path)
        return page

    yield _visit
    for context in contexts:
        context.close()
    assert said.complaints == []


def live(page: Page) -> Page:
    """The page, once it follows what changes."""
    expect(page.locator("#connection")).to_have_text("● Live")
    return page


def faults(page: Page) -> list[str]:
    """What axe-core finds wrong with what is shown."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run().then(told => told.violations)")
    return [f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}" for one in found]


def shot(page: Page, name: str) -> None:
    """A picture for people to look at, where a folder for them is named."""
    if SHOTS:
        page.wait_for_timeout(400)
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def fires(number: int, first: int = 100) -> list[Report]:
    """So many reports of fire, each an incident of its own."""
    return [
        report(first + row, Disc(37.4 + 0.03 * (row % 9), 48.1 + 0.03 * (row // 9), 200.0), at=timedelta(hours=9 + row))
        for row in range(number)
    ]


def named(page: Page, name: str) -> None:
    """Says who the operator is, where the page asks."""
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Your name").press("Enter")


def rows(page: Page) -> list[str]:
    """The alerts of the list, by id, in its order."""
    found = page.locator("#list .row.alert").evaluate_all("rows => rows.map(row => row.dataset.key)")
    return [str(one) for one in found]
