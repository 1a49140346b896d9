"""`agreement show -o`: one page with a map that opens offline, and takes nothing that the data says for markup."""

import re
from html import unescape
from pathlib import Path

import pytest

from pipeline.agreement import load_agreement
from pipeline.agreement.sentence import sentence
from tests.cli.driving import Cli, traceless
from tests.cli.test_map_page import Markup
from tests.console.browsing import Said, launched
from tests.worlds import write_world


@pytest.fixture
def page(cli: Cli, tmp_path: Path) -> Path:
    out = tmp_path / "golan.html"
    told = cli("agreement", "show", "golan-1974", "-o", out)
    assert told.code == 0, told.err
    assert told.out == ""
    return out


def test_it_says_all_that_the_terminal_says(cli: Cli, page: Path) -> None:
    shown = " ".join(unescape(re.sub(r"<[^>]+>", " ", page.read_text("utf-8"))).split())
    agreement = load_agreement("golan-1974")
    tables = agreement.tables
    for table in tables.provisions:
        assert sentence(tables, table) in shown
    for words in (*(one.why for one in tables.not_encoded), *(one.where for one in tables.sources)):
        assert " ".join(words.split()) in shown
    for heading in re.findall(r"^[A-Z].*\(\d+\)$", cli("agreement", "show", "golan-1974").out, re.MULTILINE):
        assert heading in shown


def test_it_asks_nobody_for_anything(page: Path) -> None:
    markup = Markup(page.read_text("utf-8"))
    for tag, attributes in markup.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img"), tag
        assert not {"src", "srcset", "action", "style", "onclick"} & set(attributes), tag
        assert str(attributes.get("href", "#")).startswith("#")


def test_what_the_data_says_is_text(cli: Cli, tmp_path: Path) -> None:
    path = write_world(tmp_path)
    evil = "</script><script>alert(1)</script><b title='x'>"
    path.write_text(path.read_text("utf-8").replace("The line", evil), "utf-8")
    assert cli("agreement", "show", path, "-o", tmp_path / "world.html").code == 0
    markup = Markup((tmp_path / "world.html").read_text("utf-8"))
    assert [tag for tag, _ in markup.tags].count("b") == 0
    assert not any(script.startswith("alert") for script in markup.raw["script"])


def test_only_a_page_that_can_be_written_is(cli: Cli, tmp_path: Path) -> None:
    for out, words in ((tmp_path / "golan.pdf", ".html"), (tmp_path / "no" / "golan.html", "golan.html")):
        told = cli("agreement", "show", "golan-1974", "-o", out)
        traceless(told)
        assert told.code in (1, 2)
        assert words in told.err


@pytest.mark.needs("chromium")
def test_a_provision_shows_its_zones_on_the_map(page: Path) -> None:
    with launched() as (_, browser):
        said = Said([])
        opened = said.watch(browser.new_page(viewport={"width": 1200, "height": 800}))
        opened.goto(page.as_uri())
        article = opened.locator("article", has_text="No forces of either side")
        article.focus()
        opened.keyboard.press("Enter")
        assert article.get_attribute("aria-current") == "true"
        drawn = "() => chosen.getLayers().length"
        assert opened.evaluate(drawn) == 1
        opened.locator("article", has_text="No fire in the area of separation").click()
        assert opened.evaluate(drawn) == 3
        assert article.get_attribute("aria-current") is None
        assert said.complaints == []
