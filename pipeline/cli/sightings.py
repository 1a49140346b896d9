"""Of what lasts, how long nobody has seen it: words as of the record's last day, on no clock's say-so."""

from datetime import date

from pipeline.agreement import Agreement
from pipeline.agreement.days import ReportingDays
from pipeline.cli.common import plural
from pipeline.law.unseen import Unseen, last_seen_words, unseen
from pipeline.model.records import Alert


def unseen_lines(alert: Alert, agreement: Agreement | None, as_of: date | None) -> tuple[str, ...]:
    """When it was seen last and what follows from that, in full; nothing of what was seen on the last day itself.

    Args:
        as_of: the record's last day; None where it has none.
    """
    told = _told(alert, agreement, as_of)
    if told is None:
        return ()
    if told.seen_again is not None:
        return (f"Last seen on {told.last_seen}; seen again on {told.seen_again}: that is another alert.",)
    words = last_seen_words(told.days, told.last_seen)
    if not words:
        return ()
    lines = [f"{words[0].upper()}{words[1:]} (the record's last day is {as_of})."]
    if told.over:
        lines.append(f"It ended on {told.ends_on}, as nobody had seen it for so long.")
    elif told.ends_on is not None:
        lines.append(f"It ends on {told.ends_on} unless it is seen again.")
    return tuple(lines)


def unseen_words(alert: Alert, agreement: Agreement | None, as_of: date | None) -> str:
    """The same in a few words, for a table; empty where there is nothing to tell."""
    told = _told(alert, agreement, as_of)
    if told is None or told.seen_again is not None or not told.days:
        return ""
    return f"ended on {told.ends_on}" if told.over else f"not seen for {plural(told.days, 'day')}"


def _told(alert: Alert, agreement: Agreement | None, as_of: date | None) -> Unseen | None:
    if as_of is None:
        return None
    return unseen(alert, ReportingDays("UTC") if agreement is None else agreement.days, as_of)
