"""What the public posts: words and addresses, copies word for word and retold, and what never happened."""

import re
from collections import Counter, defaultdict

import msgspec
import numpy as np
import pytest

from pipeline.agreement import Agreement
from pipeline.model.report import Report
from pipeline.scenario import INVENTED, NO_COPY, Scenario, scenarios
from pipeline.scenario.observers import NUMBER, POSTS, networks
from pipeline.scenario.world import World
from tests.scenario.conftest import Played, played
from tests.scenario.days import day_of, fresh

RETOLD = re.compile(r"Others report|We are told|It is said")


def copies(one: Played) -> list[tuple[Report, Report]]:
    """Each copy with its original."""
    by_number = {int(report.report_id.rpartition("-")[2]): report for report in one.reports}
    pairs = zip(one.reports, one.copies.tolist(), strict=True)
    return [(report, by_number[number]) for report, number in pairs if number != NO_COPY]


def test_every_post_and_nothing_else_has_words_and_an_address(noisy: Played) -> None:
    for report, network in zip(noisy.reports, noisy.network.tolist(), strict=True):
        if network != NUMBER["post"]:
            assert (report.text, report.url, report.published_at) == (None, None, None)
            continue
        assert report.text
        assert str(report.url).startswith("https://example.org/outlet-")
        assert report.activity.value.replace("_", " ") in report.text


def test_a_copy_gives_place_time_and_activity_as_its_original_gave_them_and_comes_later(noisy: Played) -> None:
    pairs = copies(noisy)
    assert len(pairs) > 3_000
    for copy, original in pairs:
        assert copy.footprint == original.footprint
        assert (copy.observed_from, copy.observed_until) == (original.observed_from, original.observed_until)
        assert (copy.activity, copy.weapons) == (original.activity, original.weapons)
        assert copy.observer != original.observer
        assert copy.published_at is not None
        assert original.published_at is not None
        assert copy.published_at > original.published_at


def test_half_of_the_copies_are_word_for_word_and_half_retold(noisy: Played) -> None:
    pairs = copies(noisy)
    verbatim = [(copy, original) for copy, original in pairs if copy.url == original.url]
    retold = [(copy, original) for copy, original in pairs if copy.url != original.url]
    assert len(verbatim) == pytest.approx(len(retold), rel=0.1)
    assert all(copy.text == original.text and copy.count == original.count for copy, original in verbatim)
    assert all(RETOLD.match(str(copy.text)) for copy, _ in retold)
    assert not any(RETOLD.match(str(original.text)) for _, original in pairs)


def test_some_that_retell_count_more_coarsely_and_none_more_finely(noisy: Played) -> None:
    coarser = 0
    for copy, original in copies(noisy):
        if copy.count != original.count:
            assert copy.count is not None
            assert original.count is not None
            assert copy.count.min == original.count.min // 10 * 10
            coarser += copy.url != original.url
    assert coarser > 20


def test_each_post_is_copied_as_often_as_the_scenario_says(noisy: Played, routine: Played) -> None:
    for one, name in ((noisy, "noisy-public"), (routine, "routine")):
        posts = one.network == NUMBER["post"]
        originals = (posts & (one.copies == NO_COPY)).sum()
        assert (one.copies != NO_COPY).sum() / originals == pytest.approx(scenarios()[name].copies_per_post, rel=0.1)
        assert (one.network[one.copies != NO_COPY] == NUMBER["post"]).all()


def test_a_copy_tells_of_what_its_original_tells_of(noisy: Played) -> None:
    row = {int(report.report_id.rpartition("-")[2]): at for at, report in enumerate(noisy.reports)}
    for at in np.flatnonzero(noisy.copies != NO_COPY).tolist():
        assert noisy.incident[at] == noisy.incident[row[int(noisy.copies[at])]]
    invented = {name: number for number, one in enumerate(noisy.inventions) for name in one.report_ids}
    for copy, original in copies(noisy):
        assert invented.get(copy.report_id) == invented.get(original.report_id)


def test_an_outlet_that_copies_did_not_hear_of_the_same_thing_by_itself(noisy: Played) -> None:
    heard: dict[int, set[str | None]] = defaultdict(set)
    copied: dict[int, set[str | None]] = defaultdict(set)
    for report, incident, number in zip(noisy.reports, noisy.incident.tolist(), noisy.copies.tolist(), strict=True):
        if report.ledger == "public" and incident != INVENTED:
            (heard if number == NO_COPY else copied)[incident].add(report.observer)
    assert all(heard[incident].isdisjoint(outlets) for incident, outlets in copied.items())


@pytest.mark.parametrize("name", ["noisy-public", "routine"])
def test_as_many_posts_are_inventions_as_the_scenario_says(name: str, plain: Agreement) -> None:
    one = played(name, plain, seed=11)
    originals = (one.network == NUMBER["post"]) & (one.copies == NO_COPY)
    share = (one.incident[originals] == INVENTED).mean()
    assert share == pytest.approx(scenarios()[name].invented_share, rel=0.15)
    assert len(one.inventions) == (originals & (one.incident == INVENTED)).sum(), "one original each"


def test_inventions_lie_mostly_where_fire_is_and_their_words_do_not_give_them_away(
    noisy: Played, hypothetical: Agreement
) -> None:
    world = World(hypothetical, fresh(71))
    day = day_of(scenarios()["noisy-public"], world, 72)
    invented = day.at(day.invented)
    along = invented.chainage_m > 0.0
    near = np.abs(invented.chainage_m[along][:, None] - world.hot_spots_m).min(axis=1) < 12_000.0
    assert along.mean() > 0.5
    assert near.mean() > 0.6
    told = {True: Counter[str](), False: Counter[str]()}
    for report, incident in zip(noisy.reports, noisy.incident.tolist(), strict=True):
        if report.ledger == "public" and report.activity in ("shelling", "explosion"):
            told[incident == INVENTED][re.sub(r"[0-9.]+", "", str(report.text))] += 1
    assert told[True].total() > 500
    assert sum(number for text, number in told[True].items() if text in told[False]) > 0.7 * told[True].total()


def test_words_alone_do_not_tell_what_belongs_together(noisy: Played) -> None:
    """Many originals about different things have the same words; with the address none have."""
    words: dict[str | None, set[int]] = defaultdict(set)
    addresses: dict[tuple[str | None, str | None], set[int]] = defaultdict(set)
    for report, incident, number in zip(noisy.reports, noisy.incident.tolist(), noisy.copies.tolist(), strict=True):
        if report.ledger == "public" and incident != INVENTED and number == NO_COPY:
            words[report.text].add(incident)
            addresses[report.text, report.url].add(incident)
    assert sum(len(incidents) > 1 for incidents in words.values()) > 100
    assert all(len(incidents) == 1 for incidents in addresses.values())


def test_a_public_that_posts_more_posts_about_what_happens_along_the_line(plain: Agreement) -> None:
    base = scenarios()["routine"]
    per_day = {"mortar_fire": 400.0}
    posts = [
        int((played(scenario, plain, 3).network == NUMBER["post"]).sum())
        for factor in (1.0, 6.0)
        for scenario in [
            Scenario(name="x", title="", description="", per_day=per_day, exchanges_per_day=0.0, posts_factor=factor)
        ]
    ]
    assert posts[1] == pytest.approx(6 * posts[0], rel=0.25)
    assert base.posts_factor == 1.0


def test_vaguer_posts_are_vaguer_of_place_and_time(plain: Agreement) -> None:
    vague = next(network for network in networks(2.0) if network.name == "post")
    assert vague.radius_m[1] == 2.0 * POSTS.radius_m[1]
    assert vague.time_error_s == 2.0 * POSTS.time_error_s
    told = []
    for vagueness in (1.0, 2.0):
        scenario = msgspec.structs.replace(scenarios()["quiet"], posts_vagueness=vagueness)
        one = played(scenario, plain, 3)
        told.append([report.footprint for report in one.reports if report.ledger == "public"])
    radii = [[place.radius_m for place in places if hasattr(place, "radius_m")] for places in told]
    assert np.mean(radii[1]) == pytest.approx(2.0 * np.mean(radii[0]), rel=0.1)
