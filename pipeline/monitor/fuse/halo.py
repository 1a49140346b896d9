"""The halo: how far off in place and time a report can have a say in what becomes of another.

In each round a group looks at those within reach, and those look at theirs: two reaches a round. A broad report
attaches to located incidents within its reach, of which each depends on its own neighbourhood.
"""

from typing import NamedTuple

from pipeline.observers import Observers


class Halo(NamedTuple):
    """Metres and seconds. Whoever knows all reports so far about a report knows its incident."""

    radius_m: float
    lasts_s: float


def halo(observers: Observers) -> Halo:
    """The greatest halo of any family.

    >>> from pipeline.observers import load_observers
    >>> halo(load_observers()).radius_m < 167_000
    True
    """
    linking = observers.linking
    radius_m = lasts_s = 0.0
    for family in observers.families:
        for sharp, broad, crowd, which in (
            (family.reach_m, family.broad_reach_m, linking.crowd_radius_m, "m"),
            (family.reach_s, family.broad_reach_s, linking.crowd_s, "s"),
        ):
            located = 2.0 * linking.rounds * sharp + crowd
            broads = 2.0 * linking.broad_rounds * broad + crowd
            attach = linking.attach_m if which == "m" else linking.attach_s
            whole = attach + max(broads, attach + located)
            if which == "m":
                radius_m = max(radius_m, whole)
            else:
                lasts_s = max(lasts_s, whole)
    return Halo(radius_m, lasts_s)


def longest_step_s(observers: Observers) -> float:
    """How far apart in time two reports can be of which one has a direct say in what becomes of the other."""
    linking = observers.linking
    reaches = (max(family.reach_s, family.broad_reach_s) for family in observers.families)
    return max(*reaches, linking.attach_s, linking.crowd_s)
