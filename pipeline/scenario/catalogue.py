"""The scenarios that there are."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
"""When a scenario begins unless told otherwise, or the agreement is not yet, or no longer, in force."""


class ScenarioError(ValueError):
    """A scenario that cannot be: an unknown name, an agreement that it cannot play in."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario: how often each kind of incident happens, and what the observers have to cope with.

    Attributes:
        title, description: for a list, and for a reader.
        per_day: incidents a day, by kind.
        exchanges_per_day: exchanges of fire a day. Each is a burst of several incidents of fire; 0 for none at all.
        fire_growth: how many times as much fire there is at the end of the first day as at its beginning. It stays so.
        bombarded_stretches: on how many stretches of the line sustained bombardment sets in on the first day.
        bombardment_per_hour: incidents of it an hour on each of them.
        jammed_stretches: about how many places of the line observers are jammed, some hours a day.
        jamming_per_hour: incidents of jamming an hour at each of them.
        posts_factor: by how much more than usual the public posts about what happens along the line.
        posts_vagueness: by how many times posts are vaguer than usual of place and time.
        invented_share: the share of original posts that tell of what never happened.
        copies_per_post: how often, on average, other outlets repeat a post.
        detection: by how much more, or less, than the makes' figures say every observer notices.
    """

    name: str
    title: str
    description: str
    per_day: Mapping[str, float]
    exchanges_per_day: float
    fire_growth: float = 1.0
    bombarded_stretches: int = 0
    bombardment_per_hour: float = 0.0
    jammed_stretches: int = 0
    jamming_per_hour: float = 0.0
    posts_factor: float = 1.0
    posts_vagueness: float = 1.0
    invented_share: float = 0.0
    copies_per_post: float = 0.0
    detection: float = 1.0


_QUIET = Scenario(
    name="quiet",
    title="One quiet day: about 2,000 reports, hardly a violation",
    description=(
        "A day on which the ceasefire holds. Posts about far-off things, heat, traffic and withdrawn weapons; a stray "
        "drone, a few bursts and explosions."
    ),
    per_day={
        "small_arms_fire": 2.0,
        "explosion": 1.0,
        "drone_flight": 3.0,
        "guns_withdrawn": 30.0,
        "armour_withdrawn": 40.0,
        "troops_withdrawn": 30.0,
        "drone_in_rear": 30.0,
        "training": 15.0,
        "flare": 10.0,
        "demining": 8.0,
        "farm_fire": 80.0,
        "industrial_fire": 20.0,
        "traffic": 60.0,
        "distant_heat": 260.0,
        "distant_flight": 85.0,
        "distant_event": 180.0,
        "statement": 120.0,
    },
    exchanges_per_day=0.0,
    invented_share=0.002,
    copies_per_post=0.05,
)

_ROUTINE = Scenario(
    name="routine",
    title="An ordinary day under a strained ceasefire: about 20,000 reports, a twentieth of which alert",
    description=(
        "A ceasefire that is broken every day, here and there. About a fifth of the reports lie in a zone of the "
        "agreement and a twentieth raise an alert; the rest are what wide feeds bring: heat, flights and posts from "
        "far off, posts that name no place. Asked for more reports, it goes on for more days of the same kind."
    ),
    per_day={
        "mortar_fire": 20.0,
        "artillery_fire": 10.0,
        "small_arms_fire": 35.0,
        "explosion": 18.0,
        "drone_flight": 32.0,
        "drone_crossing": 32.0,
        "jamming": 12.0,
        "troops_in_buffer": 40.0,
        "tanks_forward": 16.0,
        "guns_forward": 27.0,
        "rockets_forward": 10.0,
        "guns_withdrawn": 160.0,
        "armour_withdrawn": 260.0,
        "troops_withdrawn": 230.0,
        "drone_in_rear": 240.0,
        "training": 100.0,
        "flare": 60.0,
        "demining": 25.0,
        "farm_fire": 850.0,
        "industrial_fire": 140.0,
        "traffic": 800.0,
        "distant_heat": 2600.0,
        "distant_flight": 850.0,
        "distant_event": 1650.0,
        "statement": 1200.0,
    },
    exchanges_per_day=7.0,
    invented_share=0.05,
    copies_per_post=0.1,
)

_ESCALATION = Scenario(
    name="escalation",
    title="A day on which fire grows to three times that of `routine`",
    description=(
        "It begins as an ordinary day. Hour by hour there is more fire and there are more exchanges of fire, three "
        "times as much at the end of the day as at its beginning; then it stays so. All else is as in `routine`."
    ),
    per_day=_ROUTINE.per_day,
    exchanges_per_day=_ROUTINE.exchanges_per_day,
    fire_growth=3.0,
    invented_share=0.08,
    copies_per_post=0.15,
)

_BREAKDOWN = Scenario(
    name="breakdown",
    title="The day on which the ceasefire breaks down: sustained bombardment along several stretches",
    description=(
        "It begins as an ordinary day. Between the morning and the evening, stretch after stretch of the line comes "
        "under a bombardment that does not end; fire grows everywhere, and weapons come back. Asked for more reports, "
        "it goes on under bombardment."
    ),
    per_day={
        **_ROUTINE.per_day,
        "drone_flight": 120.0,
        "drone_crossing": 100.0,
        "jamming": 40.0,
        "troops_in_buffer": 120.0,
        "tanks_forward": 60.0,
        "guns_forward": 90.0,
        "rockets_forward": 40.0,
    },
    exchanges_per_day=20.0,
    fire_growth=3.0,
    bombarded_stretches=5,
    bombardment_per_hour=25.0,
    posts_factor=2.0,
    invented_share=0.15,
    copies_per_post=0.3,
)

_NOISY_PUBLIC = Scenario(
    name="noisy-public",
    title="An ordinary day with a public that posts, copies and invents",
    description=(
        "What happens is what happens in `routine`, with less from far off. Outlets post about it six times as often, "
        "repeat each other's posts, word for word or retold, and three posts in ten tell of what never happened."
    ),
    per_day={
        **_ROUTINE.per_day,
        "distant_heat": 1500.0,
        "distant_flight": 500.0,
        "distant_event": 900.0,
        "statement": 600.0,
    },
    exchanges_per_day=_ROUTINE.exchanges_per_day,
    posts_factor=6.0,
    posts_vagueness=2.0,
    invented_share=0.3,
    copies_per_post=0.5,
)

_JAMMED = Scenario(
    name="jammed",
    title="An ordinary day on which much of the drones and several stretches of the line are blind for hours",
    description=(
        "What happens is what happens in `routine`. About several hot spots, jammers blind arrays, cameras and radars "
        "for hours and drones far around; the jamming itself is reported."
    ),
    per_day=_ROUTINE.per_day,
    exchanges_per_day=_ROUTINE.exchanges_per_day,
    jammed_stretches=5,
    jamming_per_hour=6.0,
    invented_share=_ROUTINE.invented_share,
    copies_per_post=_ROUTINE.copies_per_post,
)


def scenarios() -> dict[str, Scenario]:
    """Every scenario by its name.

    >>> list(scenarios())
    ['quiet', 'routine', 'escalation', 'breakdown', 'noisy-public', 'jammed']
    """
    every = (_QUIET, _ROUTINE, _ESCALATION, _BREAKDOWN, _NOISY_PUBLIC, _JAMMED)
    return {scenario.name: scenario for scenario in every}


def scenario_named(name: str | Scenario) -> Scenario:
    """The scenario of that name; a scenario of the caller's own is itself.

    Raises:
        ScenarioError: there is none.
    """
    if isinstance(name, Scenario):
        return name
    found = scenarios()
    if name not in found:
        raise ScenarioError(f"no scenario is called {name!r}; there are {', '.join(found)}")
    return found[name]
