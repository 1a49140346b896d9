"""`demo`: alerts of a simulated ceasefire, live on a terminal, line by line elsewhere."""

import re
import signal
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from pipeline.agreement import Agreement, load_agreement
from pipeline.cli.live import Counts, LiveView
from pipeline.cli.strip import ASCII, BLOCKS, ROWS, Strip
from pipeline.model.footprint import Disc
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Status
from pipeline.store import open_store
from tests.cli.driving import Cli, finish, on_a_terminal, start, traceless
from tests.cli.recorded import agreement_file, record
from tests.worlds import DAY, report

NOON = DAY + timedelta(hours=12)


def alerts_at(tmp_path: Path, *places: tuple[float, float]) -> tuple[Agreement, list[Alert]]:
    """Alerts at some places, at eight in the morning; one patrol's, so that no two are one incident."""
    path = agreement_file(tmp_path / "agreement")
    own: dict[str, Any] = {"observer": "Patrol 7", "ledger": "independent"}
    reports = [report(number, Disc(lon, lat, 10.0), **own) for number, (lon, lat) in enumerate(places)]
    with open_store(record(tmp_path / "s.db", path, reports)) as store:
        alerts = sorted(store.alerts(), key=lambda alert: alert.report_ids)
    return load_agreement(path), alerts


def heat(strip: Strip, width: int = 80, later: timedelta = timedelta(0)) -> list[int]:
    """The rows of a strip that show an alert; its middle is the line."""
    shades = set(BLOCKS.shades + "#")
    return [row for row, line in enumerate(strip.lines(width, NOON + later)) if shades & set(line.plain)]


def ancestors(alert_id: str, former: dict[str, set[str]]) -> set[str]:
    found = set(former.get(alert_id, ()))
    return found.union(*(ancestors(older, former) for older in found))


def test_without_a_terminal_alerts_come_as_plain_lines(tmp_path: Path) -> None:
    store = tmp_path / "demo.db"
    told = finish("demo", "--seconds", "1.5", "--store", store)
    assert told.code == 0
    assert "\x1b" not in told.out + told.err
    lines = told.out.splitlines()
    with open_store(store) as opened:
        raised = {alert.alert_id for alert in opened.alerts()}
        said = {line.split()[-1] for line in lines}
        # What was raised first, and is now part of another incident, was said in its time.
        gone = [opened.alert(alert_id) for alert_id in said - raised]
        former: dict[str, set[str]] = {}
        for revision in opened.history():
            former.setdefault(revision.alert.alert_id, set()).update(revision.supersedes)
    # One that took the place of another is no news: that one was said.
    assert all(said & ({alert_id} | ancestors(alert_id, former)) for alert_id in raised)
    assert {alert.status for alert in gone if alert is not None} <= {Status.SUPERSEDED}
    assert None not in gone
    assert len(lines) > 5
    assert all(re.match(r"\d\d:\d\d:\d\d (grave|serious|minor) ", line) for line in lines)
    assert f"next: truceline alerts list --store {store}" in told.err
    assert "simulated report" in told.err
    assert "in the order in which they arrive" in told.err


def test_what_is_played_can_be_acted_on_in_the_console_on_its_own_clock(tmp_path: Path) -> None:
    store = tmp_path / "demo.db"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with start("demo", "--store", store, "--port", "0", **quiet) as process:
        assert process.stderr
        url = next(line.split()[-1] for line in map(bytes.decode, process.stderr) if line.startswith("console: "))
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as asking:
            told = asking.get("/api/clock").json()
            assert (told["playing"], told["now"][:10]) == ("routine", "2026-03-01")
            wish = {"action": "acknowledge", "by": "Bo"}
            done = None
            # What was listed a moment ago may have been taken over by another alert when it is acted on.
            while done is None or done.status_code == 409:
                assert process.poll() is None
                for alert in asking.get("/api/alerts").json()["alerts"][:1]:
                    done = asking.post(f"/api/alerts/{alert['alert_id']}/actions", json=wish)
            assert done.status_code == 200, done.text
            assert done.json()["act"]["decided_at"][:10] == "2026-03-01"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    with open_store(store) as opened:
        assert "Bo" in {alert.acknowledged_by for alert in opened.alerts(possible=True)}


def test_an_interrupted_demo_ends_well_and_says_what_to_do_next(tmp_path: Path) -> None:
    store = tmp_path / "demo.db"
    with start("demo", "--store", store, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"next: truceline alerts show al_" in err


def test_a_terminal_gets_a_screen_of_its_own_and_has_it_back(tmp_path: Path) -> None:
    said = on_a_terminal("demo", "--seconds", "1", "--store", tmp_path / "demo.db", streams=("stdout", "stderr"))
    assert said.count(b"\x1b[?1049h") == said.count(b"\x1b[?1049l") == 1
    text = said.decode()
    assert "HYPOTHETICAL" in text
    assert "ceasefire" in text
    assert text.index("\x1b[?1049l") < text.index("next: truceline alerts list")


@pytest.mark.parametrize(
    "options",
    [("--scenario", "none"), ("-a", "none"), ("--pace", "0"), ("--seconds", "-1"), ("--seed", "-1")],
)
def test_wrong_options_are_told(cli: Cli, options: tuple[str, str]) -> None:
    told = cli("demo", *options)
    assert told.code == 2
    traceless(told)


def test_a_demo_without_colour_has_none(tmp_path: Path) -> None:
    agreement, alerts = alerts_at(tmp_path, (37.6, 48.25))
    console = Console(width=80, height=24, force_terminal=True, no_color=True, color_system="truecolor", record=True)
    view = LiveView(agreement, "routine", 60.0, "utf-8")
    view.add(alerts)
    with console.capture() as captured:
        console.print(view)
    assert not re.search(r"\x1b\[[\d;]*3\d", captured.get())


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (132, 50)])
def test_the_view_fits_the_terminal(tmp_path: Path, size: tuple[int, int]) -> None:
    agreement, alerts = alerts_at(tmp_path, *((37.3 + step / 100, 48.25) for step in range(40)))
    view = LiveView(agreement, "routine", 60.0, "utf-8")
    view.count(
        Counts(reports=1_234_567, rejected=89, incidents=1_234_478, unresolved=7, alerts=40, possible=1_000), 1.0
    )
    view.add(alerts)
    width, height = size
    lines = Console(width=width, height=height).render_lines(view, pad=False)
    assert len(lines) <= height
    assert all(sum(segment.cell_length for segment in line) <= width for line in lines)
    text = "\n".join("".join(segment.text for segment in line) for line in lines)
    assert alerts[-1].alert_id[:9] in text
    if height > ROWS + 10:
        assert "░ 1 ▒ 2 ▓ 4 █ 8+ alerts in 6 h · listed as they arrive · p: probability" in text
    assert "1,234,567" in text


def test_the_left_side_is_above_the_line_and_the_right_below(tmp_path: Path) -> None:
    agreement, (left, right) = alerts_at(tmp_path, (37.6, 48.25), (37.6, 48.18))
    assert (left.side, right.side) == ("left", "right")
    middle = ROWS // 2
    for alert, above in ((left, True), (right, False)):
        strip = Strip(agreement)
        strip.add(alert)
        (row,) = heat(strip)
        assert (row < middle) is above
    rows = [line.plain for line in Strip(agreement).lines(80, NOON)]
    assert rows[1].startswith("A ")
    assert rows[-2].startswith("B ")
    assert "West" in rows[0]
    assert "Easttown" in rows[-1]


def test_more_alerts_in_one_place_are_darker_and_old_ones_fade(tmp_path: Path) -> None:
    agreement, alerts = alerts_at(tmp_path, *[(37.6, 48.25)] * 9)
    strip = Strip(agreement)
    strip.add(alerts[0])
    assert "░" in "".join(line.plain for line in strip.lines(80, NOON))
    for alert in alerts[1:]:
        strip.add(alert)
    assert "█" in "".join(line.plain for line in strip.lines(80, NOON))
    assert heat(strip, later=timedelta(hours=6)) == []


def test_a_plain_terminal_gets_plain_characters(tmp_path: Path) -> None:
    agreement, alerts = alerts_at(tmp_path, (37.6, 48.25))
    strip = Strip(agreement, ASCII)
    strip.add(alerts[0])
    assert "".join(line.plain for line in strip.lines(80, NOON)).isascii()


def test_a_store_that_is_there_is_no_place_for_a_demo(tmp_path: Path) -> None:
    (tmp_path / "demo.db").touch()
    told = finish("demo", "--seconds", "1", "--store", tmp_path / "demo.db")
    assert (told.code, told.out) == (2, "")
    assert "a demo begins with nothing" in told.err
