"""What the terminal asks of the agreements by which the record was judged."""

from datetime import UTC, tzinfo

from pipeline.agreement import Agreement
from pipeline.console.board import Row
from pipeline.console.core import Console
from pipeline.model.records import Alert
from pipeline.terminal.words import zone_of

OFF_THE_LINE = "off the line"


class Laws:
    """The agreements of a console's record, as far as their data is at hand."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._sectors: dict[tuple[str, str | None, float | None], str] = {}
        with console.reading() as store:
            self.names = tuple(store.agreements())

    def named(self, name: str) -> Agreement | None:
        """The agreement of a name."""
        return self._console.settings.telling.agreement(name)

    def zone(self, name: str | None = None) -> tzinfo:
        """The time zone of an agreement; of the first, where none is named."""
        asked = name or next(iter(self.names), None)
        return UTC if asked is None else zone_of(self.named(asked))

    def provisions(self) -> list[tuple[str, str]]:
        """What each provision is called, and its name as `agreement/provision`."""
        known = [found for name in self.names if (found := self.named(name)) is not None]
        return [(one.title, f"{law.name}/{one.id}") for law in known for one in law.tables.provisions]

    def title(self, agreement: str, provision: str) -> str:
        """What a provision is called."""
        titles = {name: title for title, name in self.provisions()}
        return titles.get(f"{agreement}/{provision}", provision)

    def sector_of(self, row: Row) -> str:
        """The sector in which an alert lies, by its name."""
        alert = row.alert
        key = (alert.agreement, alert.line, alert.chainage_m)
        known = self._sectors.get(key)
        if known is None:
            known = self._sectors[key] = self._sector(alert)
        return known

    def _sector(self, alert: Alert) -> str:
        chainage_m = alert.chainage_m
        if chainage_m is None or not alert.line:
            return OFF_THE_LINE
        law = self.named(alert.agreement)
        for one in () if law is None else law.sectors:
            if one.line_id == alert.line and one.from_m <= chainage_m <= one.to_m:
                return one.name
        return alert.line
