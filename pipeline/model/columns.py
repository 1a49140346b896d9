"""Many reports as arrays: what matching needs of them, and no more."""

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.model.footprint import Disc, Footprint, Nowhere
from pipeline.model.report import Report
from pipeline.model.times import to_us_array


class Discs(NamedTuple):
    """Discs as arrays: centres in degrees and radii in metres; NaN is nowhere."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    radius_m: NDArray[np.float64]


class ReportColumns(NamedTuple):
    """What of some reports is matched: their ids, where, and when in microseconds since 1970.

    `discs` are their footprints where each of these is a disc or nowhere, else None. `footprints` are the records,
    which may be left out where there are `discs`.
    """

    report_ids: Sequence[str]
    footprints: Sequence[Footprint]
    discs: Discs | None
    observed_from_us: NDArray[np.int64]
    observed_until_us: NDArray[np.int64]


def columns_of(reports: Sequence[Report]) -> ReportColumns:
    """The columns of reports, in their order.

    >>> from datetime import UTC, datetime
    >>> from pipeline.model.taxonomy import Activity
    >>> at = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    >>> disc = Disc(37.0, 48.0, 5.0)
    >>> report = Report(
    ...     report_id="a:1", source="a", observed_from=at, observed_until=at, footprint=disc, activity=Activity.SHOT
    ... )
    >>> columns = columns_of([report])
    >>> columns.report_ids, columns.discs.lon.tolist(), columns.observed_from_us.tolist()
    (['a:1'], [37.0], [1000000])
    """
    footprints = [report.footprint for report in reports]
    return ReportColumns(
        [report.report_id for report in reports],
        footprints,
        discs_of(footprints),
        to_us_array([report.observed_from for report in reports]),
        to_us_array([report.observed_until for report in reports]),
    )


def discs_of(footprints: Sequence[Footprint]) -> Discs | None:
    """Footprints as arrays of discs; None where one is neither a disc nor nowhere."""
    discs = [_UNPLACED if isinstance(footprint, Nowhere) else footprint for footprint in footprints]
    if not all(isinstance(disc, Disc) for disc in discs):
        return None
    return Discs(
        *(np.array(list(map(figure, discs)), dtype=np.float64) for figure in (_lon, _lat, _radius_m)),
    )


_UNPLACED = Disc(np.nan, np.nan, np.nan)
_lon, _lat, _radius_m = map(attrgetter, ("lon", "lat", "radius_m"))


def joined(parts: Sequence[ReportColumns]) -> ReportColumns:
    """Several batches of columns as one, in their order."""
    if len(parts) == 1:
        return parts[0]
    discs = [part.discs for part in parts if part.discs is not None]
    return ReportColumns(
        [report_id for part in parts for report_id in part.report_ids],
        [footprint for part in parts for footprint in part.footprints],
        Discs(*map(np.concatenate, zip(*discs, strict=True))) if len(discs) == len(parts) else None,
        np.concatenate([part.observed_from_us for part in parts]),
        np.concatenate([part.observed_until_us for part in parts]),
    )
