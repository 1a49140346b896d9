"""Which alerts are listed, and when they are put together: the filters of the page."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from pipeline.console.listing import Wanted
from pipeline.law.transitions import OPEN
from pipeline.model.taxonomy import Severity, Standing, Status

BUDGET = 30
"""New alerts an hour: where there are more, those of one provision and sector are put together."""


class Show(StrEnum):
    """What is shown of the life of an alert."""

    OPEN = "open"
    WAITING = "waiting"
    VERIFICATION = "verification"
    FOUND = "found"
    ALL = "all"


SHOWN: Mapping[Show, str] = {
    Show.OPEN: "open: no outcome yet",
    Show.WAITING: "waiting: nobody has acknowledged",
    Show.VERIFICATION: "under verification",
    Show.FOUND: "with an outcome",
    Show.ALL: "all",
}

_STATUSES: Mapping[Show, tuple[Status, ...]] = {
    Show.OPEN: tuple(one for one in Status if one in OPEN),
    Show.VERIFICATION: (Status.UNDER_VERIFICATION,),
    Show.FOUND: (Status.CONFIRMED, Status.NOT_A_VIOLATION, Status.REFUTED),
}


class Filters(NamedTuple):
    """What is listed.

    Attributes:
        severity: none for all.
        standing: None for both.
        provision: as `agreement/provision`; empty for every one.
        budget: alerts an hour; 0 for no groups.
    """

    show: Show = Show.OPEN
    severity: tuple[Severity, ...] = ()
    standing: Standing | None = Standing.RAISED
    provision: str = ""
    text: str = ""
    budget: int = BUDGET

    @property
    def wanted(self) -> Wanted:
        """The same as the list of the console asks for it."""
        agreement, _, provision = self.provision.partition("/")
        return Wanted(
            agreement=(agreement,) if agreement else (),
            provision=(provision,) if provision else (),
            severity=self.severity,
            status=_STATUSES.get(self.show, ()),
            standing=self.standing,
            unacknowledged=self.show is Show.WAITING,
            text=self.text,
        )

    @property
    def says(self) -> str:
        """What is filtered, in words; empty where it is as usual."""
        parts = ["" if self.show is Show.OPEN else SHOWN[self.show], " or ".join(self.severity)]
        if self.standing is not Standing.RAISED:
            parts.append("raised or possible" if self.standing is None else "only possible")
        parts += [self.provision, f"“{self.text}”" if self.text.strip() else ""]
        return ", ".join(part for part in parts if part)
