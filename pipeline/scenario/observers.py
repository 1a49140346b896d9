"""The networks of observers: how far each sees, how well it places, times and counts, and how late it tells.

Every figure is an assumption; docs/scenarios.md shows them.
"""

from typing import NamedTuple

DISC, BEARING = "disc", "bearing"


class Network(NamedTuple):
    """Observers of one make.

    Attributes:
        slots: how many of them may see one incident: the nearest ones, where they stand somewhere.
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
    ),
    Network(
        name="satellite",
        title="satellites",
        slots=4,
        makes=(("satellite", "sensor"),),
        observers=4,
        radius_m=(400.0, 400.0),
        said=(0.6, 0.4),
        glimpse_s=1.0,
        time_error_s=120.0,
        margin_s=300.0,
        grain_s=60,
        delay_s=(3_600.0, 5_400.0, 28_800.0),
        count_error=0.15,
    ),
    Network(
        name="post",
        title="public posts",
        slots=8,
        makes=(("outlet", "public"),),
        observers=24,
        radius_m=(1_000.0, 5_000.0),
        said=(0.3, 0.4),
        time_error_s=600.0,
        margin_s=900.0,
        grain_s=900,
        delay_s=(300.0, 2_400.0, 43_200.0),
        count_error=0.4,
        open_count=True,
        relayed_s=120.0,
    ),
)
