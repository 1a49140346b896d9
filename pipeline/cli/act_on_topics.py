"""`truceline act --kafka`: acting on the alerts that workers say, over the broker's topics."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.common import DEFAULT_STORE, UserError, say
from pipeline.cli.kafka_options import settings_of
from pipeline.cli.wishes import Wish

if TYPE_CHECKING:
    from pipeline.model.records import Revision
    from pipeline.store.acting import Acted
    from pipeline.stream.acts import Alerts, Made, Told


def is_meant(config: Path | None, bootstrap: str | None, store: Path) -> bool:
    """Whether the alerts of a broker are meant, and not a store: that is said, or there is a broker and no store."""
    if config is not None or bootstrap is not None:
        return True
    return bool(os.environ.get("TRUCELINE_KAFKA")) and store == DEFAULT_STORE and not store.exists()


def act_on_topics(config: Path | None, bootstrap: str | None, wish: Wish, wait_s: float) -> "Acted":
    """Sends the act, and waits a while for the answer."""
    from pipeline.cli.onlooker import Onlooker
    from pipeline.cli.whereabouts import Agreements
    from pipeline.model.taxonomy import ActionKind
    from pipeline.stream.acts import done, duplicates, look, make, send
    from pipeline.stream.topic_admin import demand

    kind, settings = wish.kind, settings_of(config, bootstrap)
    demand(settings, "alerts", "transitions", "actions", "rejects")
    watch = Onlooker(say)
    before = done(settings, watch)
    asked = [wish.alert_id, *([wish.value] if kind is ActionKind.DUPLICATE and wish.value else [])]
    alerts = look(settings, [_named(word) for word in asked if _named(word)], duplicates(before), watch)
    on = _told(alerts, wish.alert_id)
    fields, meant = wish.fields(on.alert, lambda named: _told(alerts, named).alert, Agreements(wish.files))
    other = None if meant is None else alerts.found[meant.alert_id]
    with wish.refusals(on.alert.alert_id):
        now = datetime.now(UTC)
        made = make(on, alerts.found, before, kind, wish.by, now, revision=wish.revision, other=other, **fields)
        return _acted(made, on, send(settings, made.action, wait_s, watch))


def _named(word: str) -> str:
    return word.strip().rstrip("….")


def _told(alerts: "Alerts", named: str) -> "Told":
    """The alert of an id, or the only one whose id begins so."""
    from pipeline.cli.words import nearest

    begins = _named(named)
    found = [told for name, told in alerts.found.items() if begins and name.startswith(begins)]
    exact = alerts.found.get(begins)
    if exact is None and len(found) != 1:
        raise UserError(nearest(begins, alerts.ids, "alert").replace("this store has", "the topic has"))
    return found[0] if exact is None else exact


def _acted(made: "Made", on: "Told", answer: "Revision | None") -> "Acted":
    """What came of it, as of an act in a store; without an answer it has no revision yet."""
    from pipeline.model.taxonomy import ActionKind, Status
    from pipeline.store.acting import Acted

    if answer is None:
        return Acted(made.action, None, on.said.revision, [])
    is_gone = answer.alert.status is Status.SUPERSEDED and made.action.kind is not ActionKind.DUPLICATE
    case = None if made.case is None or is_gone else made.case._replace(alert=answer.alert)
    return Acted(made.action, case, answer.revision, [answer])
