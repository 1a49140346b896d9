"""The settings of all that talks to a broker: from a file, then the environment, then flags; the last one counts.

    [kafka]
    bootstrap_servers = "broker-1:9093,broker-2:9093"
    security = "sasl_tls"
    ca_file = "ca.pem"
    username = "duty-room"
    password_file = "password"

A path in the file is relative to the file's folder. A secret comes from a file of its own or from the environment,
never from the command line, and never stands among the settings, which are shown and shared.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from pipeline.stream.errors import SettingsError

DEFAULT = "default"
MASK = "********"
SECTIONS = ("kafka", "topics", "worker")
CONFIG_VARIABLE = "TRUCELINE_CONFIG"

_SERVER = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_FLAGS = {"bootstrap_servers": "--kafka", "replication_factor": "--replication", "agreements": "--agreement"}
"""The flags that are not called as their setting is."""
_TLS = ("ca_file", "certificate_file", "key_file")
_SASL = ("username", "password")
_TOPIC_PREFIX = re.compile(r"[A-Za-z0-9._-]{0,100}")


class Security(StrEnum):
    """How a connection to the broker is secured."""

    PLAINTEXT = "plaintext"
    TLS = "tls"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_TLS = "sasl_tls"

    @property
    def encrypted(self) -> bool:
        """Whether it goes through TLS."""
        return self in (Security.TLS, Security.SASL_TLS)

    @property
    def by_password(self) -> bool:
        """Whether the broker asks for a user and a password."""
        return self in (Security.SASL_PLAINTEXT, Security.SASL_TLS)


class Mechanism(StrEnum):
    """How a password is proved without being sent."""

    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class Compression(StrEnum):
    """How records are packed on their way and on the broker's disk."""

    NONE = "none"
    GZIP = "gzip"
    LZ4 = "lz4"
    ZSTD = "zstd"


def _about(section: str, description: str, **bounds: Any) -> msgspec.Meta:
    return msgspec.Meta(description=description, extra={"section": section}, **bounds)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, checked. `origins` says of each where it came from."""

    bootstrap_servers: Annotated[tuple[str, ...], _about("kafka", "the brokers to begin with, HOST:PORT")] = (
        "127.0.0.1:9092",
    )
    security: Annotated[Security, _about("kafka", "plaintext, tls, sasl_plaintext or sasl_tls")] = Security.PLAINTEXT
    mechanism: Annotated[Mechanism, _about("kafka", "SCRAM-SHA-256 or SCRAM-SHA-512")] = Mechanism.SCRAM_SHA_512
    ca_file: Annotated[
        Path | None, _about("kafka", "who vouches for the broker (PEM); without it, the system's own")
    ] = None
    certificate_file: Annotated[Path | None, _about("kafka", "our own certificate (PEM)")] = None
    key_file: Annotated[Path | None, _about("kafka", "its key, where that is in a file of its own (PEM)")] = None
    username: Annotated[str | None, _about("kafka", "who we are")] = None
    password: Annotated[str | None, _about("kafka", "the first line of password_file, or the environment's")] = None
    compression: Annotated[Compression, _about("kafka", "none, gzip, lz4 or zstd")] = Compression.LZ4

    prefix: Annotated[str, _about("topics", "what every topic's name begins with")] = "truceline."
    partitions: Annotated[
        int, _about("topics", "partitions of the topics that work is shared out by", ge=1, le=1000)
    ] = 12
    replication_factor: Annotated[int, _about("topics", "brokers that hold each partition", ge=1, le=9)] = 1

    app_id: Annotated[
        str, _about("worker", "the group in which workers share the work", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    ] = "truceline"
    state_folder: Annotated[Path, _about("worker", "where a worker keeps its windows")] = Path("truceline-state")
    agreements: Annotated[tuple[str, ...], _about("worker", "what reports are judged by, as with --agreement")] = ()
    retention_days: Annotated[int, _about("worker", "days for which a window stays open", ge=1, le=3650)] = 30
    gather_ms: Annotated[int, _about("worker", "how long single records are gathered", ge=0, le=10_000)] = 20
    metrics_listen: Annotated[str | None, _about("worker", "HOST:PORT where Prometheus finds the metrics")] = None
    session_s: Annotated[
        int, _about("worker", "seconds of silence until a worker's partitions are given to others", ge=6, le=300)
    ] = 15
    stuck_after_s: Annotated[int, _about("worker", "seconds without progress until a worker ends", ge=5, le=3600)] = 120

    origins: dict[str, str] = {}

    def __repr__(self) -> str:
        """The settings that somebody gave, without secrets: a traceback and a log may show it."""
        given = ", ".join(f"{name}={_shown(name, getattr(self, name))}" for name in self.origins if self.is_given(name))
        return f"Settings({given})"

    def is_given(self, name: str) -> bool:
        """Whether somebody set it; otherwise it is the default."""
        return self.origins.get(name, DEFAULT) != DEFAULT


class Setting(NamedTuple):
    """One setting by its name: where it stands in the file, its variable, its type."""

    name: str
    section: str
    variable: str
    type: Any
    description: str


class Shown(NamedTuple):
    """One setting for people: a secret is masked."""

    name: str
    value: str
    origin: str


def _settings() -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for name, hint in get_type_hints(Settings, include_extras=True).items():
        if get_origin(hint) is not Annotated:
            continue
        meta = get_args(hint)[1]
        section = meta.extra["section"]
        variable = "TRUCELINE_KAFKA" if name == "bootstrap_servers" else f"TRUCELINE_{section}_{name}".upper()
        found[name] = Setting(name, section, variable, hint, meta.description)
    return found


SETTINGS: Mapping[str, Setting] = _settings()
"""Every setting, by name."""


class _Given(NamedTuple):
    """A value as somebody wrote it, and where."""

    value: Any
    origin: str
    folder: Path | None = None
    """What a path is relative to; None for the working folder."""


def load_settings(
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings from a file, the environment and flags, in that order of rising precedence.

    Args:
        config: a TOML file; without it, the one that TRUCELINE_CONFIG names, if any.
        environment: the process's own by default. An empty variable is none.
        flags: by the setting's name; None is none.

    Raises:
        SettingsError: one is unknown, wrong or missing.
    """
    variables = {name: value for name, value in (os.environ if environment is None else environment).items() if value}
    path = config if config is not None else Path(variables[CONFIG_VARIABLE]) if CONFIG_VARIABLE in variables else None
    given: dict[str, _Given] = {}
    if path is not None:
        given.update(_with_password(_from_file(path)))
    given.update(_with_password(_from_environment(variables)))
    given.update({name: _Given(value, _flag(name)) for name, value in (flags or {}).items() if value is not None})
    values = {name: _converted(SETTINGS[name], found) for name, found in given.items()}
    origins = {name: given[name].origin if name in given else DEFAULT for name in SETTINGS}
    settings = Settings(**values, origins=origins)
    _check(settings)
    return settings


def shown(settings: Settings) -> list[Shown]:
    """Every setting with where it came from; secrets are masked."""
    return [
        Shown(f"{about.section}.{name}", _shown(name, getattr(settings, name)), settings.origins.get(name, DEFAULT))
        for name, about in SETTINGS.items()
    ]


def _shown(name: str, value: Any) -> str:
    if value is None or value == ():
        return "-"
    if name == "password":
        return MASK
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _flag(name: str) -> str:
    return _FLAGS.get(name) or f"--{name.replace('_', '-')}"


def _from_file(path: Path) -> dict[str, _Given]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is no TOML: {error}") from error
    given: dict[str, _Given] = {}
    for section, table in tables.items():
        if section not in SECTIONS or not isinstance(table, dict):
            known = ", ".join(f"[{name}]" for name in SECTIONS)
            raise SettingsError(f"{path}: {section}: there is no such table; known are {known}")
        for key, value in table.items():
            origin = f"{path}: [{section}] {key}"
            if key == "password":
                raise SettingsError(f"{origin}: a secret does not stand among the settings; write password_file")
            if key != "password_file" and (key not in SETTINGS or SETTINGS[key].section != section):
                known = ", ".join([*_keys(section), *(["password_file"] if section == "kafka" else [])])
                raise SettingsError(f"{origin}: there is no such setting; known are {known}")
            if key == "password_file" and section != "kafka":
                raise SettingsError(f"{origin}: it belongs in [kafka]")
            given[key] = _Given(value, origin, path.parent)
    return given


def _keys(section: str) -> Iterator[str]:
    return (name for name, about in SETTINGS.items() if about.section == section and name != "password")


def _from_environment(variables: Mapping[str, str]) -> dict[str, _Given]:
    given: dict[str, _Given] = {}
    for name, about in SETTINGS.items():
        if about.variable in variables:
            text = variables[about.variable]
            many = name in ("bootstrap_servers", "agreements")
            given[name] = _Given([part.strip() for part in text.split(",")] if many else text, about.variable)
    variable = f"{SETTINGS['password'].variable}_FILE"
    if variable in variables:
        given["password_file"] = _Given(variables[variable], variable)
    return given


def _with_password(given: dict[str, _Given]) -> dict[str, _Given]:
    """The same with what the password file holds."""
    named = given.pop("password_file", None)
    if named is None:
        return given
    if "password" in given:
        raise SettingsError(f"{named.origin} and {given['password'].origin}: the password is given twice")
    if not isinstance(named.value, str):
        raise SettingsError(f"{named.origin}: Expected `str`, got `{type(named.value).__name__}`")
    path = (named.folder or Path()) / named.value
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{named.origin}: {path}: cannot be read: {_reason(error)}") from error
    password = text.partition("\n")[0].removesuffix("\r")
    if not password:
        raise SettingsError(f"{named.origin}: {path}: its first line is empty, where the password should be")
    return {**given, "password": _Given(password, f"{named.origin} ({path})")}


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is no UTF-8"


def _converted(about: Setting, given: _Given) -> Any:
    value = given.value
    if about.name == "bootstrap_servers" and isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    try:
        # What comes by the environment is text, whatever it stands for.
        converted = msgspec.convert(value, about.type, strict=not given.origin.startswith("TRUCELINE_"), dec_hook=_path)
    except msgspec.ValidationError as error:
        told = "is not what it must be" if about.name == "password" else str(error).replace("Invalid enum value", "no")
        raise SettingsError(f"{given.origin}: {told} ({about.description})") from error
    if isinstance(converted, Path):
        return (given.folder or Path()) / converted.expanduser()
    return converted


def _path(kind: type, value: Any) -> Path:
    if kind is Path and isinstance(value, str | Path) and str(value):
        return Path(value)
    raise ValueError("Expected a path")


def _check(settings: Settings) -> None:
    """What no setting says by itself."""
    origins = settings.origins
    for server in settings.bootstrap_servers or ("",):
        match = _SERVER.fullmatch(server)
        if match is None or not 0 < int(match[1]) <= 65_535:
            raise SettingsError(f"{origins['bootstrap_servers']}: {server!r} is no HOST:PORT, such as 127.0.0.1:9092")
    if not _TOPIC_PREFIX.fullmatch(settings.prefix):
        raise SettingsError(f"{origins['prefix']}: {settings.prefix!r}: a topic's name has letters, digits and . _ -")
    _check_security(settings)


def _check_security(settings: Settings) -> None:
    security, origins = settings.security, settings.origins
    given = [name for name in SETTINGS if getattr(settings, name) is not None]
    useless = _useless(security).intersection(given)
    for name in (name for name in given if name in useless):
        better = "sasl_tls" if name in _SASL else "tls or sasl_tls"
        raise SettingsError(f"{origins[name]}: {security.value} has no use for it; set security to {better}")
    for name in _SASL if security.by_password else ():
        if name not in given:
            how = f"{SETTINGS[name].variable}{' or password_file in [kafka]' if name == 'password' else ''}"
            raise SettingsError(f"{origins['security']}: {security.value} needs a {name}: set {how}")
    if settings.key_file is not None and settings.certificate_file is None:
        raise SettingsError(f"{origins['key_file']}: a key without its certificate; set certificate_file")
    for name in _TLS:
        path = getattr(settings, name)
        if path is not None and not path.is_file():
            raise SettingsError(f"{origins[name]}: {path}: there is no such file")


def _useless(security: Security) -> set[str]:
    """What is given in vain: whoever gives it believes in more security than there is."""
    return {*(() if security.encrypted else _TLS), *(() if security.by_password else _SASL)}
