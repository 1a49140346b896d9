"""The gate: who asks is known before anything is answered, may it or is refused, and the trail has what matters."""

import asyncio
import base64
import binascii
import hmac
from collections.abc import Awaitable
from http.cookies import CookieError, SimpleCookie

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.console.access.access import Access, note_of
from pipeline.console.access.asking import about_of, address_of, count, know, too_many
from pipeline.console.access.file import AccessError
from pipeline.console.access.limits import TooManyError
from pipeline.console.access.listening import Listening
from pipeline.console.access.permissions import Rule, rule_of
from pipeline.console.access.sessions import Person
from pipeline.console.access.trail import Note
from pipeline.console.guards import SAFE, refuse
from pipeline.console.problems import ProblemError, access_failed

SESSION_PATH = "/api/session"


class Gate:
    """Lets in who may come in."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """The application behind the gate."""

        async def gated(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                # The console speaks nothing else, and what is not known is not let in.
                return
            try:
                passage = await self._passage(scope)
                await passage.begin()
            except ProblemError as error:
                headers = {**error.headers, **_challenge(scope, error.problem.status)}
                await self._in_time(refuse(error.problem, send, headers))
            except AccessError as error:
                await self._in_time(refuse(access_failed(error).problem, send))
            else:
                if passage.is_known:
                    await passage.through(app, receive, send)
                else:
                    await self._hurried(app, scope, receive, send)

        return gated

    async def _hurried(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one who has not said who he is: he has little time to ask, and to take what he asked for."""
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        if not await self._in_time(app(scope, receive, send_on)) and not begun:
            said = ProblemError(408, "too_slow", "the request was not whole in time")
            await self._in_time(refuse(said.problem, send, {"Connection": "close"}))

    async def _in_time(self, answering: Awaitable[None]) -> bool:
        try:
            async with asyncio.timeout(self._access.patience_s):
                await answering
        except TimeoutError:
            return False
        return True

    async def _passage(self, scope: Scope) -> "_Passage":
        """Who asks for what.

        Raises:
            ProblemError: he may not.
        """
        method, path, headers = _method(scope), scope["path_template"], Headers.from_scope(scope)
        rule = rule_of(method, path)
        if rule is not None and rule.role is None and path != SESSION_PATH:
            return _Passage(self._access, scope, rule, None)
        person = await self._person(headers)
        know(scope, person)
        if person is None:
            if rule is None or rule.role is not None:
                raise ProblemError(401, "not_logged_in", "log in first, or send a token that is valid")
        elif rule is None or person.role < (rule.role or 0):
            await self._refused(scope, person, "not_allowed")
            raise ProblemError(403, "not_allowed", f"the role {person.role.word} does not allow this")
        elif (method, path) != ("POST", SESSION_PATH) and not _meant(person, method, headers):
            await self._refused(scope, person, "csrf")
            raise ProblemError(403, "csrf", f"send the header X-CSRF-Token with what {SESSION_PATH} has in csrf")
        return _Passage(self._access, scope, rule, person)

    async def _refused(self, scope: Scope, person: Person, why: str) -> None:
        # Refusals are counted as acts are: nobody fills the disk with them.
        count(self._access, person)
        about = f"{_method(scope)} {scope['path']}"
        await self._access.note(note_of(person, "refused", about, why, address_of(scope)))

    async def _person(self, headers: Headers) -> Person | None:
        """Who sent a request, by his token or his session; a token that is not valid is nobody's."""
        told = headers.get("authorization")
        if told is None:
            secret = session_in(headers, self._access.cookie)
            return None if secret is None else await self._access.of_session(secret)
        scheme, _, value = told.partition(" ")
        if scheme.lower() == "bearer":
            return await self._access.of_token(value.strip())
        if scheme.lower() == "basic" and (pair := _basic(value.strip())) is not None:
            name, token = pair
            return await self._access.of_token(token, name)
        return None


class _Passage:
    """A request that is let through."""

    def __init__(self, access: Access, scope: Scope, rule: Rule, person: Person | None) -> None:
        self._access, self._scope, self._rule, self._person = access, scope, rule, person

    @property
    def is_known(self) -> bool:
        """Whether it is known who asks."""
        return self._person is not None

    async def begin(self) -> None:
        """Counts what is noted, and notes what changes something, before it does.

        Raises:
            ProblemError: it is too much.
            AccessError: it cannot be noted, and so is not to be done.
        """
        if self._rule.acts and self._person is not None:
            count(self._access, self._person)
            await self._access.note(self._note(self._person, "asked"))
        elif self._rule.noted and self._person is not None:
            try:
                self._access.count_read(self._person)
            except TooManyError as error:
                raise too_many(error, "that was much at once; go on in a moment") from error

    async def through(self, app: ASGIApp, receive: Receive, send: Send) -> None:
        """Has it answered."""
        person = self._person

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and self._rule.noted and person is not None:
                outcome = _outcome(message["status"])
                if outcome == "done" or self._rule.acts or self._access.notes_miss(person):
                    await self._access.note_if_possible(self._note(person, outcome))
            await send(message)

        if self._rule.lasts and person is not None:
            await Listening(self._access, person, receive, send_on).serve(lambda get, put: app(self._scope, get, put))
        else:
            await app(self._scope, receive, send_on)

    def _note(self, person: Person, outcome: str) -> Note:
        return note_of(person, self._rule.noted, about_of(self._scope), outcome, address_of(self._scope))


def _method(scope: Scope) -> str:
    return str(scope["method"]) if scope["type"] == ScopeType.HTTP else ""


def session_in(headers: Headers, name: str) -> str | None:
    """The secret of the session that a request's cookie names."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return None if found is None else found.value


def _basic(value: str) -> tuple[str, str] | None:
    """Name and token of HTTP's basic way to log in."""
    try:
        name, colon, token = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return (name, token) if colon else None


def _meant(person: Person, method: str, headers: Headers) -> bool:
    """Whether a request is the person's own, and no other site's that his browser lent his cookie to."""
    if method in SAFE or person.csrf is None:
        return True
    return hmac.compare_digest(headers.get("x-csrf-token", "").encode(), person.csrf.encode())


def _outcome(status: int) -> str:
    return "done" if status < 400 else "refused" if status in {404, 409, 422} else "failed"


def _challenge(scope: Scope, status: int) -> dict[str, str]:
    """What a program is told of how to log in. A browser that is asked for a name and a password asks its user."""
    if status != 401:
        return {}
    for_maps = scope["path_template"].startswith(("/ogc", "/cap"))
    return {"WWW-Authenticate": 'Basic realm="truceline"' if for_maps else 'Bearer realm="truceline"'}
