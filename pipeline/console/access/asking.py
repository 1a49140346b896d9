"""Who asks: as the gate has found it, for those who answer."""

import asyncio
from collections.abc import Iterable
from typing import Any

from litestar.types import Scope

from pipeline.console.access.access import Access, note_of
from pipeline.console.access.limits import TooManyError
from pipeline.console.access.permissions import may
from pipeline.console.access.sessions import Person
from pipeline.console.access.trail import Note
from pipeline.console.problems import ProblemError
from pipeline.model.taxonomy import ActionKind
from pipeline.store.acting import RefusedError, UnansweredError

_PERSON, _ABOUT = "truceline.person", "truceline.about"


def know(scope: Scope, person: Person | None) -> None:
    """Keeps who asks with a request."""
    _kept(scope)[_PERSON] = person


def person_of(scope: Scope) -> Person | None:
    """Who asks; None where nobody has to say, or did not."""
    found: Person | None = _kept(scope).get(_PERSON)
    return found


def say_about(scope: Scope, about: str) -> None:
    """Tells the trail what a request was about, where its path does not say it."""
    _kept(scope)[_ABOUT] = about


def about_of(scope: Scope) -> str:
    """What a request is about: the parameters of its path, unless it was said."""
    said: str | None = _kept(scope).get(_ABOUT)
    return " ".join(map(str, scope["path_params"].values())) if said is None else said


def _kept(scope: Scope) -> dict[str, Any]:
    state: dict[str, Any] = scope["state"]
    return state


def address_of(scope: Scope) -> str:
    """From where a request comes."""
    client = scope.get("client")
    return "" if client is None else str(client[0])


def too_many(error: TooManyError, detail: str) -> ProblemError:
    """The problem of one who did something too often."""
    return ProblemError(429, "too_many", detail, headers={"Retry-After": str(max(1, round(error.again_s)))})


def author(scope: Scope, access: Access | None, said: str) -> str:
    """Who is the author of what a request does: the user where there are users, else who it says.

    Raises:
        ProblemError: it names somebody else.
    """
    person = None if access is None else person_of(scope)
    if person is None:
        return said
    if said not in {"", person.name}:
        detail = f"you are logged in as {person.name}, and act under no other name"
        raise ProblemError(422, "unsaid", detail, errors=[{"key": "by", "message": detail}])
    return person.name


class Doing:
    """What somebody does with an alert: permitted, counted, and noted before it is done and when it is.

    Without users nothing is noted.

    Raises:
        ProblemError: he may not, or does too much.
        AccessError: it cannot be noted.
    """

    def __init__(self, scope: Scope, access: Access | None, kind: ActionKind, about: str) -> None:
        self._scope, self._kind, self._about = scope, kind, about
        self._access = access

    async def __aenter__(self) -> None:
        person = person_of(self._scope)
        if self._access is None:
            return
        if person is None:
            raise ProblemError(401, "not_logged_in", "log in first")
        count(self._access, person)
        if not may(person.role, self._kind):
            await self._access.note(self._note(person, "refused", f"{self._kind} {self._about}", "not_allowed"))
            raise ProblemError(403, "not_allowed", f"the role {person.role.word} does not allow to {self._kind}")
        await self._access.note(self._note(person, self._kind.value, self._about, "asked"))

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        person = person_of(self._scope)
        # Whether an act was done whose answer was broken off is not known here.
        if self._access is not None and person is not None and not isinstance(error, asyncio.CancelledError):
            note = self._note(person, self._kind.value, self._about, outcome_of(error))
            await self._access.note_if_possible(note)

    def _note(self, person: Person, what: str, about: str, outcome: str) -> Note:
        return note_of(person, what, about, outcome, address_of(self._scope))


def count(access: Access, person: Person) -> None:
    """Counts an act.

    Raises:
        ProblemError: it is one too many.
    """
    try:
        access.count_act(person)
    except TooManyError as error:
        raise too_many(error, "that was much at once; go on in a moment") from error


def outcome_of(error: BaseException | None) -> str:
    """What came of an act."""
    if error is None:
        return "done"
    if isinstance(error, UnansweredError):
        # It will be done; when, nobody knows yet.
        return "sent"
    problem = error.problem.type.rpartition(":")[2] if isinstance(error, ProblemError) else ""
    refused = isinstance(error, RefusedError | ProblemError)
    return problem if problem == "moved_on" else "refused" if refused else "failed"


def acts_of(person: Person | None, kinds: Iterable[ActionKind]) -> list[ActionKind]:
    """What somebody may do with alerts."""
    return [] if person is None else [kind for kind in kinds if may(person.role, kind)]
