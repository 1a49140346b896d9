"""The paths of who is there: a session that begins and ends, and the trail of what was done."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import JSONBody, QueryParameter

from pipeline.console.access.access import Access, LoggedIn, WrongError
from pipeline.console.access.asking import acts_of, address_of, person_of, too_many
from pipeline.console.access.gate import session_in
from pipeline.console.access.limits import TooManyError
from pipeline.console.access.passwords import LONGEST
from pipeline.console.access.permissions import SILENCES, Role
from pipeline.console.access.sessions import Person
from pipeline.console.access.trail import AuditEntry
from pipeline.console.core import Given
from pipeline.console.problems import ProblemError, not_found
from pipeline.console.records import MAX_NAME
from pipeline.model.taxonomy import ActionKind

MAX_LOGIN = 8 << 10
"""What a name and a password take, however they are written."""

Asking = Request[Any, Any, Any]


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """A user, as he is told who he is."""

    name: str
    role: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what he may.

    Attributes:
        access: `open` where there are no users, and whoever asks may do everything under any name.
        user: null where nobody is logged in.
        csrf: what goes into X-CSRF-Token with all that changes something; null where nothing needs to.
        may: what he may do with alerts.
        silence: whether he may silence alerts, and end a silence.
        audit: whether he may read the trail.
    """

    access: Literal["open", "users"]
    user: Who | None
    csrf: str | None
    may: list[ActionKind]
    silence: bool
    audit: bool


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's name and password."""

    name: Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
    password: Annotated[str, msgspec.Meta(max_length=LONGEST)]


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some entries of the trail, the last first; `next` is the `before` of the page after; null at the end."""

    entries: list[AuditEntry]
    next: int | None


@get("/api/session", sync_to_thread=False, tags=["access"])
def show_session(request: Asking, console: Given) -> Session:
    """Who asks, and what he may; it answers whoever asks."""
    access = console.settings.access
    return _session(access, None if access is None else person_of(request.scope))


@post("/api/session", status_code=200, tags=["access"], request_max_body_size=MAX_LOGIN)
async def log_in(request: Asking, console: Given, data: JSONBody[Login]) -> Response[Session]:
    """Begins a session, which a cookie keeps; one that the browser had before ends."""
    access = _users(console.settings.access)
    before = session_in(request.headers, access.cookie)
    try:
        begun: LoggedIn = await access.login(data.name, data.password, address_of(request.scope), before)
    except WrongError as error:
        raise ProblemError(401, "wrong_credentials", "no user of this name has this password") from error
    except TooManyError as error:
        raise too_many(error, "too many attempts; try again later") from error
    return Response(_session(access, begun.person), headers={"Set-Cookie": _cookie(access, begun.secret)})


@delete("/api/session", status_code=204, tags=["access"])
async def log_out(request: Asking, console: Given) -> Response[None]:
    """Ends the session; a token ends no session."""
    access = _users(console.settings.access)
    person = person_of(request.scope)
    if person is not None and person.csrf is not None:
        await access.logout(person, address_of(request.scope))
    return Response(None, status_code=204, headers={"Set-Cookie": f"{_cookie(access, '')}; Max-Age=0"})


@get("/api/audit", tags=["access"])
async def show_audit(
    console: Given,
    before: Annotated[int | None, QueryParameter(ge=1, le=2**53)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1_000)] = 100,
) -> AuditPage:
    """The trail: who did what, when, from where, and what came of it; the last entry first."""
    access = _users(console.settings.access)
    found = await access.entries(before, limit + 1)
    shown = list(found[:limit])
    return AuditPage(entries=shown, next=shown[-1].number if len(found) > limit else None)


def _users(access: Access | None) -> Access:
    if access is None:
        raise not_found("this console has no users: nobody needs to log in")
    return access


def _session(access: Access | None, person: Person | None) -> Session:
    if access is None:
        return Session(access="open", user=None, csrf=None, may=list(ActionKind), silence=True, audit=False)
    if person is None:
        return Session(access="users", user=None, csrf=None, may=[], silence=False, audit=False)
    return Session(
        access="users",
        user=Who(name=person.name, role=person.role.word),
        csrf=person.csrf,
        may=acts_of(person, ActionKind),
        silence=person.role >= SILENCES,
        audit=person.role >= Role.SUPERVISOR,
    )


def _cookie(access: Access, secret: str) -> str:
    """What has a browser keep a session: for this server alone, out of reach of scripts and of other sites' pages."""
    return f"{access.cookie}={secret}; Path=/; HttpOnly; SameSite=Strict{'; Secure' if access.secure else ''}"
