"""The paths of the CAP feed and its messages."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import PathParameter, QueryParameter

from pipeline.console.cap import MEDIA_TYPE, Message, as_xml, feed, messages
from pipeline.console.core import Given
from pipeline.console.problems import not_found
from pipeline.model.records import Revision

LISTED = 200
"""So many alerts are in the feed, those that changed last."""

_revision = msgspec.json.Decoder(Revision).decode


@get("/cap/feed.atom", sync_to_thread=True, tags=["cap"])
def show_feed(request: Request[Any, Any, Any], console: Given) -> Response[bytes]:
    """The index of CAP messages, as an Atom feed: the last message about each alert, the latest first."""
    asked = (
        "SELECT said FROM history WHERE alert_id IN "
        "(SELECT alert_id FROM history GROUP BY alert_id ORDER BY max(entry) DESC LIMIT ?) ORDER BY entry"
    )
    said: dict[str, list[Revision]] = {}
    with console.reading() as store:
        for (row,) in store.connection.execute(asked, (2 * LISTED,)):
            one = _revision(row)
            said.setdefault(one.alert.alert_id, []).append(one)
    last = [told[-1] for history in said.values() if (told := messages(history))]
    last.sort(key=lambda one: (one.said.decided_at, one.name), reverse=True)
    base = str(request.base_url).rstrip("/")
    content = feed(last[:LISTED], console.settings.telling, base, console.now)
    return Response(content, media_type="application/atom+xml")


@get("/cap/alerts/{name:str}", sync_to_thread=True, tags=["cap"])
def show_message(
    console: Given,
    name: Annotated[str, PathParameter(max_length=80, description="an alert's id, and .xml")],
    revision: Annotated[int | None, QueryParameter(ge=1, le=2**53)] = None,
) -> Response[bytes]:
    """The last CAP message about an alert, or the one of a revision."""
    with console.reading() as store:
        told = messages(list(store.history(name.removesuffix(".xml"))))
    wanted = [one for one in told if revision is None or one.said.revision == revision]
    if not wanted:
        raise not_found("no CAP message was told of this alert, or not of this revision")
    return Response(_xml(console, wanted[-1]), media_type=MEDIA_TYPE)


def _xml(console: Given, message: Message) -> bytes:
    settings = console.settings
    return as_xml(message, settings.telling, settings.cap_sender, settings.cap_status)
