"""A browser at the console: pages that complain of nothing, and the record that grows behind them."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.console.serving import WAIT_S

WAIT_MS = WAIT_S * 1_000

Opening = Callable[..., Page]

LOST = re.compile(r"ERR_|Failed to load resource|status of (409|503)")
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


def named(page: Page, name: str) -> None:
    """Says who the operator is, where the page asks."""
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="That is me").click()


def rows(page: Page) -> list[str]:
    """The alerts of the list, by id, in its order."""
    found = page.locator("#list .row.alert").evaluate_all("rows => rows.map(row => row.dataset.key)")
    return [str(one) for one in found]
