"""The networks of observers: how far each sees, how well it places, times and counts, and how late it tells.

Every figure is an assumption; docs/scenarios.md shows them.
"""

from typing import NamedTuple

DISC, BEARING = "disc", "bearing"


class Network(NamedTuple):
    """Observers of one make.

    Attributes:
        slots: how many of them may see one incident: the nearest ones, where they stand somewhere. (Of satellites, each
            that passes over while it goes on.)
        observers: how many there are where they stand nowhere; else the line's length decides.
        makes: names of its observers and the ledger of each, taken in turn along the line.
        spacing_m, offset_m: how far apart they stand along the line and off it; 0 where they stand nowhere.
        footprint: a disc, or a bearing from where the observer stands.
        radius_m: the least and the greatest radius of a disc. Where they stand, it grows with distance.
        radius_share: by how many metres a metre of distance widens the disc.
        range_error: the standard error of a range, as a share of it (bearings).
        azimuth_error: the standard error of an azimuth, in radians (bearings).
        said: the shares of precise and of broad reports; the rest are vague.
        time_error_s: the standard error of a beginning and of an end.
        margin_s: what a careful observer adds at both ends of the interval.
        glimpse_s: how long one that passes by looks; 0 for one that stays.
        period_s: from one of its passes to the next, the least and the most: what a satellite sees, it sees then.
        cloud: the share of passes and regions under cloud.
        fix_s: how often it fixes what moves, as long as it moves; 0 where a report tells of the whole.
        outage: the chance that an observer is out of order some time in a day.
        outage_s: the least and the most that an outage lasts.
        jam_reach_m: how far along the line a jammer blinds it.
        grain_s: to what the interval is widened: whole minutes for a patrol's notebook.
        count_error: the standard error of a count, as a share of it, and half the width of what is reported.
        open_count: "at least so many".
        delay_s: how long after the end the report comes: the least, the mean beyond it, the most.
        relayed_s: how long at most it is on its way from a publisher with a date of its own; 0 where there is none.
    """

    name: str
    title: str
    slots: int
    makes: tuple[tuple[str, str], ...]
    said: tuple[float, float]
    time_error_s: float
    margin_s: float
    grain_s: int
    delay_s: tuple[float, float, float]
    glimpse_s: float = 0.0
    period_s: tuple[int, int] = (0, 0)
    cloud: float = 0.0
    fix_s: int = 0
    outage: float = 0.0
    outage_s: tuple[int, int] = (0, 0)
    jam_reach_m: float = 0.0
    observers: int = 0
    spacing_m: float = 0.0
    offset_m: float = 0.0
    footprint: str = DISC
    radius_m: tuple[float, float] = (0.0, 0.0)
    radius_share: float = 0.0
    range_error: float = 0.0
    azimuth_error: float = 0.0
    count_error: float = 0.0
    open_count: bool = False
    relayed_s: float = 0.0


NETWORKS = (
    Network(
        name="array",
        title="acoustic arrays",
        slots=5,
        makes=(("array", "sensor"),),
        spacing_m=5_000.0,
        offset_m=3_000.0,
        radius_m=(100.0, 800.0),
        radius_share=0.06,
        said=(0.3, 0.4),
        time_error_s=1.0,
        margin_s=3.0,
        grain_s=1,
        delay_s=(2.0, 8.0, 120.0),
        count_error=0.15,
        outage=0.15,
        outage_s=(1_800, 28_800),
        jam_reach_m=15_000.0,
    ),
    Network(
        name="watch",
        title="cameras and patrols",
        slots=4,
        makes=(("camera", "sensor"), ("patrol", "independent")),
        spacing_m=5_000.0,
        offset_m=2_000.0,
        footprint=BEARING,
        range_error=0.12,
        azimuth_error=0.1,
        said=(0.4, 0.4),
        time_error_s=30.0,
        margin_s=30.0,
        grain_s=60,
        delay_s=(30.0, 1_200.0, 10_800.0),
        count_error=0.2,
        outage=0.25,
        outage_s=(3_600, 43_200),
        jam_reach_m=15_000.0,
    ),
    Network(
        name="drone",
        title="the monitors' drones",
        slots=2,
        makes=(("drone", "independent"),),
        spacing_m=40_000.0,
        offset_m=10_000.0,
        radius_m=(20.0, 100.0),
        said=(0.9, 0.08),
        glimpse_s=120.0,
        time_error_s=2.0,
        margin_s=5.0,
        grain_s=1,
        delay_s=(20.0, 60.0, 900.0),
        count_error=0.05,
        outage=0.5,
        outage_s=(3_600, 28_800),
        jam_reach_m=80_000.0,
    ),
    Network(
        name="radar",
        title="radars with cameras, which follow what flies",
        slots=1,
        makes=(("radar", "sensor"),),
        spacing_m=15_000.0,
        offset_m=3_000.0,
        radius_m=(50.0, 300.0),
        radius_share=0.02,
        said=(0.7, 0.3),
        fix_s=60,
        time_error_s=0.5,
        margin_s=1.0,
        grain_s=1,
        delay_s=(1.0, 3.0, 30.0),
        outage=0.15,
        outage_s=(1_800, 28_800),
        jam_reach_m=30_000.0,
    ),
    Network(
        name="satellite",
        title="satellites",
        slots=1,
        makes=(("satellite", "sensor"),),
        observers=16,
        radius_m=(400.0, 400.0),
        said=(0.6, 0.4),
        period_s=(14_400, 21_600),
        cloud=0.25,
        time_error_s=10.0,
        margin_s=60.0,
        grain_s=60,
        delay_s=(3_600.0, 5_400.0, 28_800.0),
        count_error=0.15,
    ),
    Network(
        name="post",
        title="public posts",
        slots=8,
        makes=(("outlet", "public"),),
        observers=60,
        radius_m=(2_000.0, 11_000.0),
        said=(0.3, 0.4),
        time_error_s=2_200.0,
        margin_s=1_800.0,
        grain_s=3_600,
        delay_s=(300.0, 2_400.0, 43_200.0),
        count_error=0.4,
        open_count=True,
        relayed_s=120.0,
    ),
)

NUMBER = {network.name: number for number, network in enumerate(NETWORKS)}
"""A network's place in `NETWORKS`: what the arrays hold."""

POSTS = NETWORKS[NUMBER["post"]]


def networks(posts_vagueness: float) -> tuple[Network, ...]:
    """The networks, with posts whose places and times are by so many times as vague as stated."""
    vague = POSTS._replace(
        radius_m=(POSTS.radius_m[0] * posts_vagueness, POSTS.radius_m[1] * posts_vagueness),
        time_error_s=POSTS.time_error_s * posts_vagueness,
        margin_s=POSTS.margin_s * posts_vagueness,
    )
    return tuple(vague if network is POSTS else network for network in NETWORKS)
