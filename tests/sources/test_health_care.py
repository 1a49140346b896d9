"""A table without coordinates, and with times in words, read by a mapping: attacks on health care."""

import io
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from pipeline.model.footprint import Area
from tests.sources.reading import assert_conserved, outcomes, read_rows

MAPPING = Path(__file__).with_name("insecurity_insight.mapping.toml")
HEADER = "\ufeffAttack ID,Attack Date,Attack Time,Country / Territory,Attack Type,Total Death\n"
KYIV = ZoneInfo("Europe/Kyiv")


def table(time: str, country: str = "Ukraine", attack: str = " Unknown") -> bytes:
    return f'{HEADER}A1,3/21/2022,{time},{country},"{attack}",2\n'.encode()


@pytest.mark.parametrize(
    ("time", "begins", "lasts_minutes"),
    [
        ("15:05", "15:05", 1),
        ("Time Unknown", "00:00", 1440),
        ("12:00-18:00", "12:00", 361),
        ("00:00-06:00", "00:00", 361),
    ],
)
def test_a_time_is_as_long_as_its_words(time: str, begins: str, lasts_minutes: int) -> None:
    (row,) = read_rows("csv", table(time), MAPPING)
    (report,) = row.reports
    assert report.report_id == "csv:insecurity_insight:A1"
    assert f"{report.observed_from.astimezone(KYIV):%m/%d %H:%M}" == f"03/21 {begins}"
    assert report.observed_until - report.observed_from == timedelta(minutes=lasts_minutes)


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (table("at noon"), "bad_time observed_from"),
        (table("15:05", country="Ruritania"), "unknown_area place.area"),
        (table("15:05", attack="Arson"), "unknown_term activity"),
    ],
)
def test_words_that_the_mapping_does_not_have_reject_the_row(data: bytes, outcome: str) -> None:
    assert outcomes(read_rows("csv", data, MAPPING)) == [outcome]


def test_every_attack_of_the_real_table_is_read_as_pandas_reads_it(shared_data: Callable[[str], Path]) -> None:
    data = shared_data("insecurity_insight/healthcare_attacks.csv").read_bytes()
    attacks = pd.read_csv(io.BytesIO(data), encoding="utf-8-sig", dtype=str)
    rows = read_rows("csv", data, MAPPING)
    assert_conserved(rows, data)
    assert len(rows) == len(attacks) == 72
    kinds: Counter[str] = Counter()
    for attack, row in zip(attacks.to_dict("records"), rows, strict=True):
        (report,) = row.reports
        assert report.report_id == f"csv:insecurity_insight:{attack['Attack ID']}"
        assert report.footprint == Area(area_id="ua")
        assert report.observed_from.astimezone(KYIV).date() == pd.to_datetime(attack["Attack Date"]).date()
        assert report.count is not None
        assert (report.count.min, report.count.unit) == (float(attack["Total Death"]), "fatality")
        kinds[report.activity] += 1
    assert kinds == {"attack_on_civilians": 66, "other": 4, "detention": 1, "unknown": 1}
