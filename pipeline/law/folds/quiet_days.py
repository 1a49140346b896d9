"""Quiet days: so many in a row without a violation, in each zone by itself; any violation starts the count anew.

Days are the agreement's own. A violation that is only possible leaves the count open between two figures: that in which
it happened, and that in which it did not.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from pipeline.agreement.compiled import Agreement
from pipeline.agreement.remembering import QuietDaysTable
from pipeline.agreement.terms import in_force
from pipeline.law.effort import Efforts
from pipeline.law.folding import BEFORE_ALL
from pipeline.law.saying import interval, plural
from pipeline.model.decoding import decodable
from pipeline.model.records import Alert, Finding, Progress
from pipeline.model.taxonomy import Compliance, Standing
from pipeline.model.times import to_us_array
from pipeline.model.watch_terms import Watched

_LOOKED_AT = 400
"""Of so many quiet days at most it is asked how well they were watched."""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Of one zone: the last day that was not quiet, and the incident that made it so; surely, and possibly.

    `met_on` is the first quiet day of the latest run with which the condition was surely met.
    """

    broken_on: int
    broken_by: str | None = None
    maybe_on: int
    maybe_by: str | None = None
    met_on: int | None = None


@decodable
class Counts(msgspec.Struct, frozen=True):
    """By zone."""

    zones: dict[str, Count]


class QuietDays:
    """The fold of a `quiet_days` provision."""

    state_type = Counts
    watches = False
    weighs_effort = False

    def __init__(self, agreement: Agreement, table: QuietDaysTable) -> None:
        self._agreement, self._table = agreement, table
        self.provision, self.feeds = table.id, (table.id,)
        self._spans = in_force(agreement.tables, table)

    def begin(self) -> Counts:
        """Before all days: what is counted begins with the term."""
        return Counts({zone: Count(broken_on=BEFORE_ALL, maybe_on=BEFORE_ALL) for zone in self._table.zones})

    def step(
        self, state: Counts, day: int, findings: Sequence[Finding], efforts: Efforts
    ) -> tuple[Counts, list[Alert]]:
        """Begins the count anew where there was a violation."""
        zones = dict(state.zones)
        for finding in findings:
            count = self._counted(zones[finding.zone], day - 1)
            if finding.alert.standing is Standing.RAISED and count.broken_on < day:
                count = replace(count, broken_on=day, broken_by=finding.alert.incident_id)
            # What was seen over several days may have happened on the last of them.
            until = int(self._agreement.days.day_of(to_us_array([finding.alert.observed_until]))[0])
            if count.maybe_on < until:
                count = replace(count, maybe_on=until, maybe_by=finding.alert.incident_id)
            zones[finding.zone] = count
        return Counts(zones), []

    def standing(self, state: Counts) -> list[Alert]:
        """None: that the count begins anew is no violation of its own."""
        return []

    def progress(self, state: Counts, day: int, efforts: Efforts) -> list[Progress]:
        """How many quiet days, and what becomes due with them."""
        return [
            self._zone_progress(zone, self._counted(count, day), day, efforts) for zone, count in state.zones.items()
        ]

    def _counted(self, count: Count, day: int) -> Count:
        """The count at the end of a day on which nothing more happened."""
        begun = self._day_before_term(day)
        count = replace(count, broken_on=max(count.broken_on, begun), maybe_on=max(count.maybe_on, begun))
        met = count.maybe_on + self._table.days
        return replace(count, met_on=met) if met <= day else count

    def _day_before_term(self, day: int) -> int:
        """The last day before the full days of the term that a day is in: what lies before it does not count."""
        ends = self._agreement.days.ends(day)
        begins = max((begin for begin, _ in self._spans if begin < ends), default=ends)
        first = int(self._agreement.days.day_of(to_us_array([begins]))[0])
        return first if self._agreement.days.begins(first) < begins else first - 1

    def _unobserved(self, zone: str, days: range, efforts: Efforts) -> int | None:
        """On how many of some days nobody would have noticed a violation; None where nobody said who watched."""
        shares = [efforts.observed(self.provision, day, zone=zone) for day in days]
        if all(share is None for share in shares):
            return None
        return sum(efforts.level(share) is Watched.UNOBSERVED for share in shares)

    def _zone_progress(self, zone: str, count: Count, day: int, efforts: Efforts) -> Progress:
        least, most = max(0, day - count.maybe_on), max(0, day - count.broken_on)
        days, date = self._agreement.days, self._agreement.days.date_of
        wanted, within = self._table.days, self._table.then_within_days
        says = f"{interval(least, most)} of {plural(wanted, 'quiet day')}"
        if count.met_on is not None:
            reached = "was" if wanted == 1 else "were"
            in_a_row = plural(most, "quiet day") if least == most else f"{interval(least, most)} quiet days"
            says = f"{plural(wanted, 'quiet day')} {reached} reached on {date(count.met_on)}; {in_a_row} in a row"
        if count.broken_by:
            says += f"; last broken on {date(count.broken_on)} by {count.broken_by}"
        due = count.met_on + within if count.met_on is not None and within is not None else None
        if due is not None:
            says += f"; what follows is due by {date(due)}"
        # Silence of days on which nobody watched is no quiet.
        unobserved = self._unobserved(zone, range(day - min(least, _LOOKED_AT) + 1, day + 1), efforts)
        if unobserved:
            says += f"; {plural(unobserved, 'day')} of them unobserved"
        seen = least - (unobserved or 0)
        compliance = Compliance.KEPT if seen >= wanted else Compliance.PENDING
        return Progress(
            agreement=self._agreement.name,
            provision=self.provision,
            subject=zone,
            day=days.date_of(day).isoformat(),
            compliance=Compliance.INDETERMINATE if seen < wanted <= most else compliance,
            says=says,
            figures={
                "days_min": least,
                "days_max": most,
                "days_wanted": wanted,
                "days_unobserved": unobserved,
                "broken_by": count.broken_by,
                "maybe_broken_by": count.maybe_by,
                "met_on": (count.met_on is not None and date(count.met_on).isoformat()) or None,
                "due_by": (due is not None and date(due).isoformat()) or None,
            },
        )
