"""A Prometheus Alertmanager (its API, version 2): alerts are pushed to it, and silences are made and ended.

    async with Alertmanager("http://127.0.0.1:9093") as manager:
        await manager.push([alert])
        for silence in await manager.silences():
            ...

Its API is described in the file api/v2/openapi.yaml of the project Prometheus Alertmanager.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pipeline.notify.exchange import TIMEOUT_S, Answer, Exchange, NoAnswerError

AT_ONCE = 500
"""So many alerts are pushed in one request."""

MOST_BYTES = 32 << 20
"""So much of an answer is read: thousands of alerts."""

_T = TypeVar("_T")


class AlertmanagerError(Exception):
    """It could not be asked, or did not do what it was asked."""


class UnreachableError(AlertmanagerError):
    """Nobody answered, or no Alertmanager did: it may be there again later."""


class RefusedError(AlertmanagerError):
    """It says that what was asked cannot be done."""


class TooLargeError(RefusedError):
    """What it was asked is longer than it reads, or somebody before it does."""


class NoSilenceError(RefusedError):
    """It has no silence of this id."""


class Pushed(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An alert as it is pushed. It stands until `ends_at`, unless it is pushed again."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    generator_url: str = msgspec.field(default="", name="generatorURL")


class State(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether an alert is `active`, `suppressed` or `unprocessed`, and by which silences and alerts."""

    state: str
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()


class Held(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An alert that the Alertmanager holds."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime
    ends_at: datetime
    status: State
    fingerprint: str = ""


class Matcher(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a label is to be, or with `is_equal` false what it is not to be."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class _SilenceState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    state: str


class Silence(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody's wish not to be told of alerts whose labels all of `matchers` fit, until `ends_at`."""

    id: str
    status: _SilenceState
    matchers: tuple[Matcher, ...]
    created_by: str
    comment: str
    starts_at: datetime
    ends_at: datetime

    @property
    def state(self) -> str:
        """`pending`, `active` or `expired`."""
        return self.status.state


class _Wish(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    matchers: Sequence[Matcher]
    created_by: str
    comment: str
    starts_at: datetime
    ends_at: datetime


class _Made(msgspec.Struct, frozen=True):
    silence_id: str = msgspec.field(name="silenceID")


class Alertmanager:
    """One Alertmanager. It is bound to the event loop in which it asks first.

    Every method raises an `AlertmanagerError`: `UnreachableError` where nobody answers in time or no Alertmanager
    does, `RefusedError` where it does not want to.

    Args:
        url: where it is, with the path below which it answers, if it has one.
        authorization: what goes in the header of that name; a secret.
        ca_file: who vouches for it (PEM); without it, those whom the system trusts.
        timeout_s: for a request and its answer together.
    """

    def __init__(
        self, url: str, *, authorization: str | None = None, ca_file: Path | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._url = url.rstrip("/")
        self._exchange = Exchange(
            authorization=authorization, ca_file=ca_file, timeout_s=timeout_s, most_bytes=MOST_BYTES
        )

    async def __aenter__(self) -> "Alertmanager":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._exchange.close()

    async def ready(self) -> None:
        """Makes sure that it is there and answers questions."""
        await self._ask("GET", "/api/v2/status")

    async def push(self, alerts: Sequence[Pushed]) -> None:
        """Tells it of alerts, at most `AT_ONCE`. If it refuses one of them (RefusedError), it takes the others."""
        if len(alerts) > AT_ONCE:
            raise ValueError(f"{len(alerts)} alerts at once; at most {AT_ONCE}")
        await self._ask("POST", "/api/v2/alerts", alerts)

    async def alerts(self, filter: Mapping[str, str] | None = None) -> list[Held]:
        """The alerts that it holds, silenced ones too; with `filter` those whose labels have these values."""
        asked = await self._ask("GET", "/api/v2/alerts", params=_filters(filter))
        return _read(asked, list[Held])

    async def silences(self, filter: Mapping[str, str] | None = None) -> list[Silence]:
        """The silences, those that have lately expired too; with `filter` those that ask for these values."""
        return _read(await self._ask("GET", "/api/v2/silences", params=_filters(filter)), list[Silence])

    async def silence(
        self, matchers: Sequence[Matcher], by: str, comment: str, starts_at: datetime, ends_at: datetime
    ) -> Silence:
        """Makes a silence, and gives it as the Alertmanager has it, or as it was asked for where that does not show."""
        wish = _Wish(matchers=matchers, created_by=by, comment=comment, starts_at=starts_at, ends_at=ends_at)
        made = _read(await self._ask("POST", "/api/v2/silences", wish), _Made)
        try:
            return await self.one_silence(made.silence_id)
        except AlertmanagerError:
            # It is made: whoever was told that it is not would make another.
            return Silence(
                id=made.silence_id,
                status=_SilenceState(state="active"),
                matchers=tuple(matchers),
                created_by=by,
                comment=comment,
                starts_at=starts_at,
                ends_at=ends_at,
            )

    async def one_silence(self, silence_id: str) -> Silence:
        """The silence of an id; NoSilenceError where there is none."""
        return _read(await self._ask("GET", _path_of(silence_id)), Silence)

    async def expire(self, silence_id: str) -> None:
        """Ends a silence; NoSilenceError where there is none. One that has ended already stays so."""
        if (await self.one_silence(silence_id)).state != "expired":
            await self._ask("DELETE", _path_of(silence_id))

    async def _ask(self, method: str, path: str, said: Any = None, params: Sequence[tuple[str, str]] = ()) -> Answer:
        body = b"" if said is None else msgspec.json.encode(said)
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            answer = await self._exchange.ask(method, self._url + path, body, headers, params)
        except NoAnswerError as error:
            raise UnreachableError(f"the Alertmanager cannot be reached: {error}") from error
        if answer.taken and answer.whole:
            return answer
        if answer.taken:
            raise UnreachableError(f"the Alertmanager's answer is longer than {MOST_BYTES >> 20} MiB")
        if answer.status == HTTPStatus.NOT_FOUND and path.startswith("/api/v2/silence/"):
            raise NoSilenceError("the Alertmanager has no silence of this id")
        if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise TooLargeError("the Alertmanager, or what stands before it, does not read as much at once")
        if answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT}:
            raise RefusedError(f"the Alertmanager refuses it: {_reason(answer)}")
        raise UnreachableError(f"the Alertmanager answers with status {answer.status}: {_reason(answer)}")


def _read(answer: Answer, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreachableError(f"what answers does not speak as an Alertmanager does: {error}") from error


def _reason(answer: Answer) -> str:
    """What it says of the matter, as text of one line."""
    text = answer.body[:500].decode("utf-8", "replace")
    try:
        said = json.loads(text)
    except ValueError:
        said = text
    words = said.get("message", text) if isinstance(said, dict) else said
    return " ".join(str(words).split())[:300] or "it does not say why"


def _filters(wanted: Mapping[str, str] | None) -> list[tuple[str, str]]:
    return [("filter", f"{name}={json.dumps(value, ensure_ascii=False)}") for name, value in (wanted or {}).items()]


def _path_of(silence_id: str) -> str:
    try:
        return f"/api/v2/silence/{uuid.UUID(silence_id)}"
    except ValueError:
        raise NoSilenceError("the Alertmanager has no silence of this id") from None
