"""What the silence of a sector is worth over some days: quiet apart from unobserved."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.agreement.compiled import Agreement
from pipeline.law.effort import ANYTHING, Efforts
from pipeline.model.watch_terms import Watched


class Silence(NamedTuple):
    """Of one sector, or of a line where it has none, over some of an agreement's days.

    Attributes:
        share: of what the provisions are about, that would have been noticed; the mean over the days.
        days: how many there are of which anybody said who watched.
        unobserved: how many of them were unobserved, and `since` when the last of them are, up to the end.
    """

    line: str
    sector: str
    name: str
    share: float
    level: Watched
    days: int
    unobserved: int
    since: int | None


def places(agreement: Agreement) -> list[tuple[str, str, str]]:
    """The lines with their sectors: line, sector and name; a line without any stands for itself."""
    found = [(one.line_id, one.sector_id, one.name) for one in agreement.sectors]
    with_sectors = {line for line, _, _ in found}
    return found + [
        (line, line, agreement.line_table(line).title) for line in agreement.lines if line not in with_sectors
    ]


def silences(
    agreement: Agreement, efforts: Efforts, days: Sequence[int], provision: str = ANYTHING
) -> Iterator[Silence]:
    """Each sector over some days, in their order; none where nobody said who watched."""
    for line, sector, name in places(agreement):
        shares = [
            (day, share) for day in days if (share := efforts.observed(provision, day, sector=sector)) is not None
        ]
        if not shares:
            continue
        mean = round(sum(share for _, share in shares) / len(shares), 3)
        blind = [day for day, share in shares if efforts.level(share) is Watched.UNOBSERVED]
        yield Silence(
            line, sector, name, mean, efforts.level(mean), len(shares), len(blind), _since(shares[-1][0], blind)
        )


def _since(last: int, blind: Sequence[int]) -> int | None:
    """Since which day there was none but blind days up to the last."""
    since, unbroken = None, set(blind)
    while last in unbroken:
        since = last
        last -= 1
    return since
