"""Who is told of what: read from a TOML file, with every problem at once.

    console = "https://console.example.org"

    [alertmanager]
    url = "http://127.0.0.1:9093"

    [[webhook]]
    name = "tracker"
    url = "https://tracker.example.org/truceline"
    secret_file = "tracker.secret"

A path in the file is relative to the file's folder. A secret comes from a file of its own.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec

from pipeline.model.taxonomy import Severity
from pipeline.notify.addresses import address_problem
from pipeline.notify.exchange import TIMEOUT_S
from pipeline.notify.secrets import SecretError, read_authorization, read_secrets

ALERTMANAGER = "alertmanager"
"""What the Alertmanager is called among the receivers."""

MOST_WEBHOOKS = 50

Until = Literal["acknowledged", "outcome"]
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Timeout = Annotated[float, msgspec.Meta(ge=0.1, le=60.0)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=3_600)]
Hours = Annotated[float, msgspec.Meta(gt=0, le=24 * 30)]


class AlertmanagerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Prometheus Alertmanager to which what stands is pushed.

    Attributes:
        agreements: by which an alert is to be judged; none is any.
        least: alerts that are less severe are not pushed.
        until: what ends an alert there: that somebody acknowledged it, or only its outcome.
        resend_s: every so often what stands is pushed again; three times as long after the last push it ends there.
        authorization_file: its first line goes in the header Authorization.
        ca_file: who vouches for the server (PEM).
        timeout_s: for a request and its answer together.
        plain: http is allowed though the server is on another machine.
    """

    url: Url
    agreements: tuple[str, ...] = ()
    least: Severity = Severity.MINOR
    until: Until = "acknowledged"
    resend_s: Seconds = 60
    authorization_file: Path | None = None
    ca_file: Path | None = None
    timeout_s: Timeout = TIMEOUT_S
    plain: bool = False


class WebhookConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody's server that is told of every revision.

    Attributes:
        name: what it is called in metrics and lists.
        secret_file: a secret a line, with which what is told is signed: the new one, and while it is changed the old.
        acts: whether it is told what operators do among themselves, such as a remark.
        give_up_after_h: what could not be delivered for so long is put aside.
    """

    name: Name
    url: Url
    secret_file: Path
    agreements: tuple[str, ...] = ()
    least: Severity = Severity.MINOR
    acts: bool = True
    give_up_after_h: Hours = 24.0
    authorization_file: Path | None = None
    ca_file: Path | None = None
    timeout_s: Timeout = TIMEOUT_S
    plain: bool = False


class Config(NamedTuple):
    """Everybody who is told.

    Attributes:
        console: where people look at an alert; empty where nowhere.
        source: who tells, a URI by which a receiver knows this monitor from others.
    """

    console: str
    source: str
    alertmanager: AlertmanagerConfig | None
    webhooks: tuple[WebhookConfig, ...]

    @property
    def receivers(self) -> list[str]:
        """The names of all of them."""
        return [*([ALERTMANAGER] if self.alertmanager else []), *(one.name for one in self.webhooks)]

    @property
    def secret_files(self) -> list[Path]:
        """The files with secrets, each once."""
        files = [self.alertmanager.authorization_file] if self.alertmanager else []
        for one in self.webhooks:
            files += [one.secret_file, one.authorization_file]
        return list(dict.fromkeys(path for path in files if path is not None))


class ConfigError(Exception):
    """The file cannot be used.

    Attributes:
        problems: each with the file and the key.
    """

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__(f"{path}: this cannot be used")
        self.problems = problems


def load_config(path: Path) -> Config:
    """The receivers of a file.

    Raises:
        ConfigError: with everything that is wrong in it.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(path, [f"{path}: cannot be read: {error.strerror or error}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, [f"{path}: is no TOML: {error}"]) from error
    reading = _Reading(path)
    config = reading.config(tables)
    if config is None or reading.problems:
        raise ConfigError(path, reading.problems)
    return config


_T = TypeVar("_T", AlertmanagerConfig, WebhookConfig)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,200}")


class _Reading:
    """Reads a file, and collects what is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: list[str] = []

    def config(self, tables: Mapping[str, Any]) -> Config | None:
        known = ("console", "source", "alertmanager", "webhook")
        for key in tables.keys() - set(known):
            self._problem(key, f"there is no such key; known are {', '.join(known)}")
        manager, hooks = tables.get("alertmanager"), tables.get("webhook", [])
        if manager is not None and not isinstance(manager, dict):
            self._problem("alertmanager", "is a table: [alertmanager]")
            manager = None
        if not isinstance(hooks, list) or not all(isinstance(one, dict) for one in hooks):
            self._problem("webhook", "is a list of tables: [[webhook]]")
            hooks = []
        if len(hooks) > MOST_WEBHOOKS:
            self._problem("webhook", f"there are {len(hooks)}; at most {MOST_WEBHOOKS}")
        if not self.problems and manager is None and not hooks:
            self._problem("webhook", "nobody is to be told: write [alertmanager] or [[webhook]]")
        read = None if manager is None else self._table("[alertmanager]", manager, AlertmanagerConfig)
        webhooks = [self._table(f"[[webhook]] {number}", one, WebhookConfig) for number, one in enumerate(hooks, 1)]
        self._names(webhooks)
        console = self._word(tables, "console", "")
        if console and (wrong := address_problem(console, plain=True)):
            self._problem("console", wrong)
        source = self._word(tables, "source", "urn:truceline")
        if not _URI.fullmatch(source):
            self._problem("source", "is no URI, such as urn:truceline:mission-1")
        return Config(console.rstrip("/"), source, read, tuple(one for one in webhooks if one is not None))

    def _problem(self, key: str, wrong: str) -> None:
        self.problems.append(f"{self._path}: {key}: {wrong}")

    def _word(self, tables: Mapping[str, Any], key: str, default: str) -> str:
        found = tables.get(key, default)
        if isinstance(found, str):
            return found
        self._problem(key, "is a text")
        return default

    def _names(self, webhooks: list[WebhookConfig | None]) -> None:
        names = [ALERTMANAGER, *(one.name for one in webhooks if one is not None)]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._problem("[[webhook]] name", f"{name!r} is another's")

    def _table(self, where: str, table: dict[str, Any], kind: type[_T]) -> _T | None:
        """A table as a record; each of its keys is looked at by itself, so that all that is wrong is told."""
        before, fields = len(self.problems), {field.name: field for field in msgspec.structs.fields(kind)}
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in fields:
                self._problem(f"{where} {key}", f"there is no such key; known are {', '.join(fields)}")
                continue
            try:
                values[key] = msgspec.convert(value, fields[key].type, dec_hook=self._path_of)
            except msgspec.ValidationError as error:
                self._problem(f"{where} {key}", str(error))
        for key, field in fields.items():
            if field.required and key not in table:
                self._problem(f"{where} {key}", "is missing")
        for key, wrong in _wrong_in(values):
            self._problem(f"{where} {key}", wrong)
        return kind(**values) if len(self.problems) == before else None

    def _path_of(self, kind: type, value: Any) -> Any:
        if kind is Path and isinstance(value, str) and value:
            return self._path.parent / value
        raise ValueError("Expected the name of a file")


def _wrong_in(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with values that are of the right kind."""
    if "url" in values and (wrong := address_problem(values["url"], plain=values.get("plain", False))):
        yield "url", wrong
    for key, read in (("secret_file", read_secrets), ("authorization_file", read_authorization)):
        if values.get(key) is not None:
            try:
                read(values[key])
            except SecretError as error:
                yield key, str(error)
    if values.get("ca_file") is not None and not values["ca_file"].is_file():
        yield "ca_file", "there is no such file"
