"""Which records of an observation log count, and how an asset's time is cut up by them."""

import random

import msgspec
import numpy as np
import pytest

from pipeline.model.footprint import Disc, Nowhere
from pipeline.model.records import Observation
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.log import NOWHERE, Log, standing
from pipeline.recon.makes import load_makes
from tests.recon.watching import BEGIN_MS, HOUR_MS, at, at_ms, square, watched

HERE = Disc(37.0, 48.0, 10_000.0)
REPLACE = msgspec.structs.replace


def log(*records: Observation) -> Log:
    return Log.of(records, load_makes())


def test_of_several_versions_the_one_published_last_counts() -> None:
    first = watched("a", "array", (0, 1), HERE, published_at=at(2))
    later = REPLACE(first, state=ObservationState.OUTAGE, published_at=at(3))
    never = REPLACE(first, state=ObservationState.JAMMED, published_at=None)
    for records in ([first, later, never], [later, never, first], [never, first, later, later]):
        assert standing(records) == [later]


def test_versions_published_together_are_told_apart_by_content_in_any_order() -> None:
    first = watched("a", "array", (0, 1), HERE)
    versions = [first, *(REPLACE(first, quality=quality) for quality in (0.1, 0.2, 0.3, 0.4))]
    found = set()
    for seed in range(20):
        mixed = versions * 2
        random.Random(seed).shuffle(mixed)
        (counts,) = standing(mixed)
        found.add(counts.quality)
    assert len(found) == 1


def test_how_a_record_came_makes_no_version() -> None:
    first = watched("a", "array", (0, 1), HERE)
    again = REPLACE(first, received_at=at(5), feed="another")
    assert len(standing([first, again])) == 1


def test_what_is_revised_or_withdrawn_does_not_count() -> None:
    wrong = watched("a", "array", (0, 1), HERE)
    right = watched("a", "array", (0, 2), HERE, revises=wrong.observation_id)
    gone = watched("b", "array", (0, 1), HERE, retracted=True)
    taken_back = watched("c", "array", (0, 1), HERE)
    withdrawal = REPLACE(taken_back, observation_id="test:w", retracted=True, revises=taken_back.observation_id)
    for records in ([wrong, right, gone, taken_back, withdrawal], [withdrawal, gone, right, taken_back, wrong]):
        assert standing(records) == [right]


def test_a_make_is_believed_by_the_latest_record_that_names_one() -> None:
    read = log(
        watched("a", "array", (0, 1), HERE),
        watched("a", "watch", (1, 2), HERE),
        watched("a", None, (2, 3), Nowhere(), state=ObservationState.OUTAGE),
        watched("b", "no-such-make", (0, 1), HERE),
        watched("c", None, (0, 1), HERE),
    )
    assert [one.make.name if one.make else None for one in read.assets] == ["watch", None, None]
    assert read.unknown_makes == ("b", "c")


def test_time_is_cut_where_something_begins_or_ends() -> None:
    (asset,) = log(
        watched("a", "array", (0, 10), HERE),
        watched("a", None, (3, 5), Nowhere(), state=ObservationState.JAMMED),
        watched("a", "array", (4, 6), HERE, state=ObservationState.DEGRADED, quality=0.4),
    ).assets
    spans = asset.spans(at_ms(0), at_ms(24))
    assert ((spans.cuts_ms - BEGIN_MS) / HOUR_MS).tolist() == [0, 3, 4, 5, 6, 10]
    told = [{(one.footprint, one.quality) for one in spans.sayings[number]} for number in spans.which]
    whole, jammed, worse = (0, 1.0), (NOWHERE, 0.0), (0, 0.4)
    assert told == [set(), {whole}, {whole, jammed}, {whole, jammed, worse}, {whole, worse}, {whole}, set()]


def test_only_records_that_reach_into_an_interval_are_looked_at() -> None:
    records = [watched("a", "array", (hour, hour + 1), HERE) for hour in range(50)]
    (asset,) = log(*records).assets
    spans = asset.spans(at_ms(10.2), at_ms(12.5))
    assert ((spans.cuts_ms - BEGIN_MS) / HOUR_MS).tolist() == [10, 11, 12, 13]
    assert len(spans.sayings) == 2


def test_records_of_a_pass_that_overlap_are_one_and_its_moment_is_their_middle() -> None:
    west, east = square(36.5, 48.0, 0.5), square(37.5, 48.0, 0.5)
    (asset,) = log(
        watched("a", "satellite", (1.0, 1.2), west),
        watched("a", "satellite", (1.1, 1.3), east),
        watched("a", "satellite", (4.0, 4.0), west),
        watched("a", "satellite", (4.0, 4.0), east),
        watched("a", "satellite", (6.0, 6.1), west),
        watched("a", None, (5.0, 7.0), Nowhere(), state=ObservationState.OBSCURED),
    ).assets
    spans = asset.spans(at_ms(0), at_ms(24))
    assert ((spans.pass_ms - BEGIN_MS) / HOUR_MS).tolist() == pytest.approx([1.15, 4.0, 6.05])
    assert [len(spans.sayings[number]) for number in spans.pass_which] == [2, 2, 2]


def test_impaired_and_not_said_by_how_much() -> None:
    (asset,) = log(watched("a", "array", (0, 1), HERE, state=ObservationState.DEGRADED)).assets
    assert asset.quality.tolist() == [0.5]


def test_when_anybody_said_anything() -> None:
    read = log(
        watched("a", "array", (1, 2), HERE),
        watched("b", "array", (4.5, 4.6), HERE, state=ObservationState.OUTAGE),
        watched("c", "satellite", (6, 6), HERE),
    )
    assert np.flatnonzero(read.told(BEGIN_MS, HOUR_MS, 8)).tolist() == [1, 4, 6]
    assert not Log.of([], load_makes()).told(BEGIN_MS, HOUR_MS, 8).any()
