"""Errors as problem details (RFC 9457): one shape for all of them, and nothing of our own insides."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from pipeline.console.access.file import AccessError
from pipeline.store.acting import MovedOnError, RefusedError, UnansweredError, UnsentError
from pipeline.store.database import BusyStoreError, NoStoreError, StoreError

MEDIA_TYPE = "application/problem+json"
_URN = "urn:truceline:problem:"
_log = logging.getLogger(__name__)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong.

    Attributes:
        type: which problem it is, a URN; `about:blank` where the status says all.
        detail: what it was this time, and what to do.
        errors: of what was sent, which part is wrong.
        allowed: of an act that is refused, what can be done instead.
        present: of an alert that has moved on, how it stands now.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    errors: list[dict[str, str]] = []
    allowed: list[str] = []
    present: dict[str, Any] | None = None


class ProblemError(Exception):
    """Ends a request with a problem.

    Attributes:
        headers: that go with it.
    """

    def __init__(
        self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.headers = headers or {}
        self.problem = Problem(
            type=_URN + kind, title=kind.replace("_", " ").capitalize(), status=status, detail=detail, **more
        )


def not_found(detail: str) -> ProblemError:
    """What was asked for is not there."""
    return ProblemError(404, "not_found", detail)


def invalid(detail: str, key: str = "") -> ProblemError:
    """What was asked cannot be understood."""
    return ProblemError(400, "invalid", detail, errors=[{"key": key, "message": detail}] if key else [])


def access_failed(error: AccessError) -> ProblemError:
    """Who may do what cannot be read, or what is done cannot be written down: then nothing is done."""
    _log.error("the file of users cannot be used: %s", error)
    said = "who may do what cannot be read, or what is done not be written down; the server's log says why"
    return ProblemError(503, "access_failed", said)


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """A problem as a response."""
    return Response(
        msgspec.json.encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def of_problem(_: Request[Any, Any, Any], error: ProblemError) -> Response[bytes]:
    """Tells of what ended a request."""
    return answer(error.problem, error.headers)


def of_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Tells of what the framework refuses."""
    status = error.status_code
    if status >= 500:
        return of_any(_, error)
    extra = error.extra if isinstance(error, ValidationException) and isinstance(error.extra, list) else []
    errors = [{"key": str(one.get("key", "")), "message": str(one.get("message", ""))[:500]} for one in extra]
    title = HTTPStatus(status).phrase if status in list(HTTPStatus) else "Refused"
    detail = "; ".join(f"{one['key']}: {one['message']}" for one in errors) or str(error.detail)[:500]
    return answer(Problem(title=title, status=status, detail=detail, errors=errors), error.headers)


def of_depth(request: Request[Any, Any, Any], error: RecursionError) -> Response[bytes]:
    """Tells that what was sent is nested deeper than anything that is meant."""
    if request.method in {"GET", "HEAD"}:
        return of_any(request, error)
    return answer(Problem(title="Bad Request", status=400, detail="what was sent is nested too deeply"))


def of_store(_: Request[Any, Any, Any], error: StoreError) -> Response[bytes]:
    """Tells of what the store refuses."""
    if isinstance(error, RefusedError):
        problem = ProblemError(409, "refused", str(error), allowed=[kind.value for kind in error.allowed]).problem
    elif isinstance(error, MovedOnError):
        problem = ProblemError(409, "moved_on", str(error)).problem
    elif isinstance(error, UnansweredError):
        problem = ProblemError(504, "unanswered", str(error)).problem
    elif isinstance(error, UnsentError):
        return answer(ProblemError(503, "unsent", str(error)).problem, {"Retry-After": "5"})
    elif isinstance(error, AccessError):
        problem = access_failed(error).problem
    elif isinstance(error, BusyStoreError):
        said = "others are writing to the store, and the turn did not come; sealing waits until no run writes to it"
        return answer(ProblemError(503, "store_busy", said).problem, {"Retry-After": "5"})
    elif isinstance(error, NoStoreError):
        problem = ProblemError(503, "no_store", "there is no store to read yet").problem
    else:
        _log.error("the store cannot be used: %s", error)
        problem = ProblemError(503, "store_failed", "the store cannot be used; the server's log says why").problem
    return answer(problem)


def of_any(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Tells that something is wrong here; what it is goes to the log."""
    _log.error("a request failed", exc_info=error)
    return answer(Problem(title="Internal Server Error", status=500, detail="the server's log says what happened"))
