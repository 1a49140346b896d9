"""Which alerts a command is asked for: of which agreement and provision, since when they happened or were raised."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pipeline.cli.common import UserError
from pipeline.cli.whereabouts import Agreements
from pipeline.cli.words import safe
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Standing
from pipeline.store import Store
from pipeline.store.watching import waiting

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Choice(NamedTuple):
    """What the options say.

    Attributes:
        agreement: names, and files of agreements that are not shipped.
        since: when what the alert is about had not yet ended.
        raised_since: when the alert had not yet been raised.
    """

    agreement: Sequence[str] = ()
    provision: str | None = None
    since: str | None = None
    raised_since: str | None = None

    def __bool__(self) -> bool:
        return any(self)

    @property
    def files(self) -> list[str]:
        """Those of `-a` that are files; a bare name only chooses."""
        return [name for name in self.agreement if name.endswith(".toml")]


def choose(
    store: Store, known: Agreements, choice: Choice, *, possible: bool = False, more: Iterable[Alert] = ()
) -> list[Alert]:
    """The alerts that are asked for, oldest first.

    Args:
        possible: also those that are only possible.
        more: further alerts beside those of the current view.

    Raises:
        UserError: an agreement, a provision or a time is none.
    """
    names = [*known.named, *(name for name in choice.agreement if name not in choice.files)]
    unknown = set(names) - set(store.agreements())
    if unknown:
        held = ", ".join(store.agreements()) or "none yet"
        raise UserError(f"this store has no alerts of {', '.join(sorted(unknown))}; its agreements: {held}")
    if choice.provision is not None:
        _check_provision(store, known, choice.provision)
    begin = _time(choice.since, "--since")
    found = [
        alert
        for alert in (*store.alerts(possible=possible), *more)
        if (not names or alert.agreement in names)
        and (choice.provision is None or alert.provision == choice.provision)
        and (begin is None or alert.observed_until >= begin)
    ]
    return sorted(_raised(store, found, choice.raised_since), key=lambda alert: (alert.observed_from, alert.alert_id))


def _raised(store: Store, alerts: list[Alert], since: str | None) -> list[Alert]:
    """Those that were raised from a time on; what is only possible was not."""
    begin = _time(since, "--raised-since")
    if begin is None:
        return alerts
    raised = [alert for alert in alerts if alert.standing is Standing.RAISED]
    return [one.alert for one in waiting(store, raised) if one.raised_at >= begin]


def _time(text: str | None, option: str) -> datetime | None:
    return None if text is None else since_time(text, datetime.now(UTC), option)


def since_time(text: str, now: datetime, option: str = "--since") -> datetime:
    """What `--since` and its like mean: a day, a time (UTC unless it has a zone), or so long before now.

    >>> now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> since_time("2026-03-01", now).isoformat(), since_time("36h", now).isoformat()
    ('2026-03-01T00:00:00+00:00', '2026-03-01T00:00:00+00:00')

    Raises:
        UserError: it is none of these.
    """
    try:
        if text[-1:] in _UNITS and text[:-1].isdecimal():
            return now - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        time = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise UserError(
            f"{option} {safe(text, 60)}: write a day or time (2026-03-01T06:00Z), or 90m, 24h, 7d"
        ) from error
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _check_provision(store: Store, agreements: Agreements, provision: str) -> None:
    """Makes sure that a provision is one of which this store may have alerts.

    Raises:
        UserError: no agreement of the store has it, and no alert is of it.
    """
    judged = {name: agreements.get(name) for name in store.agreements()}
    known = {table.id for agreement in judged.values() if agreement for table in agreement.tables.provisions}
    if provision in known:
        return
    known |= {alert.provision for alert in store.alerts(possible=True)}
    if provision in known:
        return
    away = [name for name, agreement in judged.items() if agreement is None]
    hint = f"; the data of {', '.join(away)} is not at hand: name the file with --agreement" if away else ""
    raise UserError(
        f"--provision {safe(provision, 60)}: no agreement of this store has it; "
        f"known are {', '.join(sorted(known)) or 'none'}{hint}"
    )
