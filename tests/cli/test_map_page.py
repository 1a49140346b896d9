"""`alerts map`: one file that opens offline, draws what is known, and takes nothing that a report says for markup."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import shapely
from msgspec.structs import replace

from pipeline.model.footprint import Bearing
from pipeline.store import open_store
from tests.cli.driving import Cli, traceless
from tests.cli.recorded import BROAD, CLEAR, SECTOR, agreement_file, record
from tests.worlds import report


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return record(tmp_path / "truceline.db", agreement_file(tmp_path / "agreement", hypothetical=True))


@pytest.fixture
def page(cli: Cli, store: Path, tmp_path: Path) -> Path:
    out = tmp_path / "map.html"
    told = cli("alerts", "map", "-o", out, "-a", tmp_path / "agreement" / "world.toml", "--possible")
    assert told.code == 0, told.err
    return out


class Markup(HTMLParser):
    """The tags and attributes of a page, and the text of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in self.raw and data.strip():
            self.raw[self.tags[-1][0]][-1] += data


def data_of(page: Path) -> Any:
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_page_names_no_outside_address(page: Path) -> None:
    markup = Markup(page.read_text())
    for tag, attributes in markup.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img", "a"), tag
        assert not {"src", "href", "srcset", "action", "style", "onload", "onerror", "onclick"} & set(attributes), tag
    for style in markup.raw["style"]:
        assert all(address.startswith("data:") for address in re.findall(r"url\(([^)]*)\)", style))
        assert "@import" not in style
    assert "sourceMappingURL" not in page.read_text()


def test_the_policy_lets_only_the_pages_own_scripts_and_styles_run(page: Path) -> None:
    markup = Markup(page.read_text())
    policy = next(str(a["content"]) for tag, a in markup.tags if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for kind, name in (("script", "script-src"), ("style", "style-src")):
        texts = [text for text in markup.raw[kind] if not text.startswith("{")]
        hashes = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts}
        assert set(rules[name].split()) == {f"'sha256-{digest}'" for digest in hashes}
    assert "unsafe" not in policy


def test_the_page_holds_leaflets_licence(page: Path) -> None:
    assert "BSD 2-Clause License" in page.read_text()


def test_footprints_are_drawn_as_they_are(page: Path, store: Path) -> None:
    data = data_of(page)
    with open_store(store) as opened:
        alerts = {alert.alert_id: alert for alert in opened.alerts(possible=True)}
    drawn = {alerts[one["id"]].report_ids[0]: one for one in data["alerts"]}
    assert len(data["alerts"]) == len(alerts)
    assert drawn[CLEAR.report_id]["shape"] is None
    assert drawn[CLEAR.report_id]["radius_m"] == 300.0
    (sector,) = data["shapes"][drawn[SECTOR.report_id]["shape"]]
    south, north = min(lat for lat, _ in sector[0]), max(lat for lat, _ in sector[0])
    west, east = min(lon for _, lon in sector[0]), max(lon for _, lon in sector[0])
    assert west > 37.5
    assert south < 48.2 < north
    assert 0.06 < east - 37.5 < 0.07
    (district,) = data["shapes"][drawn[BROAD.report_id]["shape"]]
    assert len(district[0]) > 50


@pytest.mark.parametrize("near_m", [0.0, 1_000.0])
@pytest.mark.parametrize("azimuths", [((0.0, 90.0),), ((0.0, 360.0),)])
def test_a_bearing_is_drawn_from_wherever_the_observer_may_have_stood(
    cli: Cli, tmp_path: Path, near_m: float, azimuths: tuple[tuple[float, float], ...]
) -> None:
    path = agreement_file(tmp_path / "agreement")
    place, beside_m = Bearing(37.5, 48.2, near_m, 5_000.0, azimuths), 800.0
    blurred = replace(place, observer_radius_m=beside_m)
    record(tmp_path / "truceline.db", path, [report(61, place), report(62, blurred, at=timedelta(hours=9))])
    assert cli("alerts", "map", "-o", "map.html", "-a", path, "--possible").code == 0
    data = data_of(tmp_path / "map.html")
    exact, wide = (_drawn(data["shapes"][number]) for number in sorted(one["shape"] for one in data["alerts"]))
    degree_m = 111_205.0
    assert wide.bounds[3] - exact.bounds[3] == pytest.approx(beside_m / degree_m, rel=0.03)
    assert exact.bounds[1] - wide.bounds[1] == pytest.approx(beside_m / degree_m, rel=0.03)
    assert wide.buffer(1e-4).covers(exact)
    assert len(wide.interiors) == len(exact.interiors) == (near_m > 0.0 and azimuths == ((0.0, 360.0),))
    assert any("of an observer within 800 m of" in text for text in data["texts"])


def _drawn(polygons: list[list[list[list[float]]]]) -> shapely.Polygon:
    (rings,) = polygons
    flat = [[(lon, lat) for lat, lon in ring] for ring in rings]
    return shapely.Polygon(flat[0], flat[1:])


def test_whole_days_are_days_on_the_map(cli: Cli, tmp_path: Path) -> None:
    path = agreement_file(tmp_path / "agreement")
    days = report(51, CLEAR.footprint, at=timedelta(hours=22), lasting=timedelta(days=2), ledger="independent")
    record(tmp_path / "truceline.db", path, [days, CLEAR])
    assert cli("alerts", "map", "-o", "map.html", "-a", path, "--possible").code == 0
    told = {one["days"] for one in data_of(tmp_path / "map.html")["alerts"]}
    # What rests on both reports began on a morning and lasts for longer than a day.
    assert told == {None, "2016-03-02 to 03-03 (Kyiv)", "2016-03-01 to 03-03 (Kyiv)"}


def test_the_line_has_its_sides_and_the_zones_are_there(page: Path) -> None:
    (agreement,) = data_of(page)["agreements"]
    assert agreement["hypothetical"] is True
    assert {side["name"] for side in agreement["lines"][0]["sides"]} == {"Party A", "Party B"}
    assert {zone["id"] for zone in agreement["zones"]} == {"both", "near-a", "near-b", "guns-a", "guns-b"}
    assert agreement["provisions"]["ceasefire"]["zones"] == ["both"]


def test_hostile_text_stays_within_the_data(page: Path) -> None:
    text = page.read_text()
    assert "<img" not in text
    assert "</script>\x9b" not in text
    assert any("<img src=x onerror" in words for words in data_of(page)["texts"])


@pytest.mark.parametrize("name", ["map.txt", "map", "none/map.html"])
def test_a_page_that_cannot_be_is_wrong_usage(cli: Cli, store: Path, name: str) -> None:
    told = cli("alerts", "map", "-o", name)
    assert told.code == 2
    traceless(told)


def test_a_store_without_alerts_gives_a_page(cli: Cli, tmp_path: Path) -> None:
    record(tmp_path / "truceline.db", agreement_file(tmp_path / "agreement"), [])
    assert cli("alerts", "map", "-o", "empty.html").code == 0
    assert data_of(tmp_path / "empty.html")["alerts"] == []


def test_the_latest_alerts_are_kept_where_there_are_too_many(cli: Cli, store: Path, tmp_path: Path) -> None:
    told = cli("alerts", "map", "-o", "few.html", "--possible", "--limit", "2")
    assert "left out" in told.err
    assert len(data_of(tmp_path / "few.html")["alerts"]) == 2


def seen(page: Path, fragment: str = "") -> str:
    """The page as Chromium has made it, after its scripts ran without a complaint."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    assert browser
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={page.parent / 'browser'}",
        "--window-size=1200,800",
        "--virtual-time-budget=5000",
        "--enable-logging=stderr",
        "--dump-dom",
        page.as_uri() + fragment,
    ]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert [line for line in told.stderr.splitlines() if "CONSOLE" in line] == []
    return told.stdout


@pytest.mark.needs("chromium")
def test_a_browser_lists_every_alert(page: Path) -> None:
    dom = seen(page)
    listed = re.findall(r'<button type="button" data-id="([^"]+)"', dom)
    alerts = data_of(page)["alerts"]
    assert sorted(listed) == sorted(alert["id"] for alert in alerts)
    assert f"{len(alerts)} alerts" in dom
    assert "<canvas" in dom
    assert "hypothetical" in dom
    assert dom.count("leaflet-tooltip") >= 4


@pytest.mark.needs("chromium")
def test_a_browser_shows_hostile_text_as_text(page: Path) -> None:
    chosen = next(alert["id"] for alert in data_of(page)["alerts"] if alert["radius_m"] == 300.0)
    dom = seen(page, f"#{chosen}")
    popup = dom[dom.index('class="words"') :]
    assert "<img src=x onerror" in html.unescape(popup)
    assert "<img" not in popup
    assert "<title>owned</title>" not in dom
    assert chosen in popup
