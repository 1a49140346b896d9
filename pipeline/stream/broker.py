"""A Kafka broker on this machine: started in a folder, found again, stopped.

One node that is broker and controller (KRaft), on the loopback only. It outlives whoever started it. Whether it is
ready is found by asking it.
"""

import base64
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from pipeline.stream import broker_files as files
from pipeline.stream.broker_config import HOST, Secured, check_port, free_port, properties
from pipeline.stream.broker_files import BrokerError
from pipeline.stream.broker_probe import answers, lets_in, only_user
from pipeline.stream.certificates import Certificate, certify

DEFAULT_PORT = 9092
READY_S = 120.0
"""Seconds that a broker may take until it answers; a few are usual, and more after a crash with much data."""

STOP_S = 30.0
"""Seconds that it may take to end in order before it is killed."""

_EVERY_S = 0.1
_SILENT_S = 5.0
_LAST_LINES = 8
_MEMORY = ("-Xms128m", "-Xmx512m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:+ExitOnOutOfMemoryError")

Tell = Callable[[str], None]


def _nobody(_: str) -> None:
    """Where nobody wants to know."""


class Broker(msgspec.Struct, frozen=True):
    """A broker that was started, as its folder keeps it in `broker.json`.

    Attributes:
        token: a word of its command line, by which its process is told from any other of the same number.
        bootstrap: where clients connect.
        secured: where those connect who say who they are; None without such a listener.
        authority: the certificate that the clients of an encrypted listener trust.
    """

    pid: int
    token: str
    kafka: str
    bootstrap: str
    secured: str | None = None
    protocol: str | None = None
    authority: str | None = None


def start(
    folder: Path,
    port: int = DEFAULT_PORT,
    secured: Secured | None = None,
    tell: Tell = _nobody,
    cache: Path | None = None,
) -> Broker:
    """Starts a broker and waits until it answers; where it runs already, gives that one.

    Args:
        folder: has, or will have, all that belongs to the broker; the data of an earlier start are kept.
        port: of the loopback.
        secured: a second listener; its password is written nowhere.
        tell: is given a line for people now and then.
        cache: the folder that keeps Kafka's jars, instead of the user's own.

    Raises:
        BrokerError: something is missing or in the way, or the broker ends before it answers.
    """
    folder = folder.absolute()
    with files.disk_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with files.locked(folder / "lock"):
            found = running(folder)
            if found is not None:
                return _same(found, folder, port, secured)
            return _start(folder, port, secured, tell, cache)


def running(folder: Path) -> Broker | None:
    """The broker that runs in a folder, whether it answers or not."""
    try:
        known = msgspec.json.decode((folder / "broker.json").read_bytes(), type=Broker)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
        return None
    return known if _is_alive(known) else None


def last_port(folder: Path) -> int:
    """The port that a folder's broker had last; the usual one where there was none."""
    try:
        told = (folder / "server.properties").read_text(encoding="utf-8")
    except OSError:
        return DEFAULT_PORT
    found = re.search(rf"^listeners=\w+://{re.escape(HOST)}:(\d+)", told, re.MULTILINE)
    return int(found[1]) if found else DEFAULT_PORT


def stop(folder: Path, *, at_once: bool = False) -> bool:
    """Stops the broker of a folder; says whether there was one.

    Args:
        folder: its own.
        at_once: kill it, as a crash would.

    Raises:
        BrokerError: its process belongs to another user, or does not end.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        return False
    with files.disk_errors(folder), files.locked(folder / "lock"):
        found = running(folder)
        if found is not None:
            _end(found, at_once=at_once)
        files.remove(folder / "broker.json")
    return found is not None


def is_ready(broker: Broker) -> bool:
    """Whether it answers now."""
    return answers(broker.bootstrap)


def _same(found: Broker, folder: Path, port: int, secured: Secured | None) -> Broker:
    place = f"{HOST}:{secured.port}" if secured else None
    protocol = secured.protocol if secured else None
    if (found.bootstrap, found.secured, found.protocol) != (f"{HOST}:{port}", place, protocol):
        also = f" and {found.secured} ({found.protocol})" if found.secured else ""
        raise BrokerError(f"{folder}: a broker runs here already, on {found.bootstrap}{also}; stop that one first")
    _wait(found, folder, 0)
    _let_in(found, secured)
    return found


def _start(folder: Path, port: int, secured: Secured | None, tell: Tell, cache: Path | None) -> Broker:
    if secured is not None and secured.port == port:
        raise BrokerError(f"port {port} cannot serve both listeners; choose another one for the secured")
    java, jars = files.java(), files.jars(tell, cache)
    files.check_room(folder)
    check_port(port)
    if secured is not None:
        check_port(secured.port)
    certificate = certify(folder / "tls", "broker") if secured is not None and secured.encrypted else None
    data = folder / "data"

    def write(data: Path) -> Path:
        path = folder / "server.properties"
        path.write_text(properties(data, port, free_port(), secured, certificate))
        return path

    if not data.exists():
        tell(f"formatting {data}")
        unfinished = folder / "data.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        _format(java, jars, folder, write(unfinished))
        unfinished.rename(data)
    tell(f"starting Kafka {files.kafka_version()} in {folder}")
    log_begin = _size(folder / "broker.log")
    broker = _spawn(java, jars, folder, write(data), _described(port, secured, certificate))
    try:
        (folder / "broker.json").write_bytes(msgspec.json.encode(broker))
        _wait(broker, folder, log_begin)
        _let_in(broker, secured)
    except BaseException:
        _end(broker, at_once=True)
        files.remove(folder / "broker.json")
        raise
    return broker


def _described(port: int, secured: Secured | None, certificate: Certificate | None) -> Broker:
    return Broker(
        pid=0,
        token=secrets.token_hex(16),
        kafka=files.kafka_version(),
        bootstrap=f"{HOST}:{port}",
        secured=f"{HOST}:{secured.port}" if secured else None,
        protocol=secured.protocol if secured else None,
        authority=str(certificate.authority) if certificate else None,
    )


def _command(java: str, jars: Path, folder: Path, options: tuple[str, ...], words: tuple[str, ...]) -> list[str]:
    log = [f"-Dtruceline.log={folder / 'broker.log'}", f"-Dlog4j2.configurationFile={files.log_settings()}"]
    return [java, *options, "-Djava.awt.headless=true", *log, "-cp", f"{jars}/*", *words]


def _format(java: str, jars: Path, folder: Path, settings: Path) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    words = ("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", str(settings))
    # It runs for a second: compiling its code well would take longer than it saves.
    command = _command(java, jars, folder, ("-Xmx128m", "-XX:TieredStopAtLevel=1"), words)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=READY_S, check=False
    )
    if done.returncode:
        raise BrokerError(f"the storage could not be formatted:\n{_ending(done.stdout + done.stderr)}")


def _spawn(java: str, jars: Path, folder: Path, settings: Path, described: Broker) -> Broker:
    options = (*_MEMORY, f"-Dtruceline.broker={described.token}", f"-XX:ErrorFile={folder / 'crash.log'}")
    command = _command(java, jars, folder, options, ("kafka.Kafka", str(settings)))
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    # A session and a folder of its own: it has no terminal to lose, and keeps no disk from being unmounted. What our
    # environment says, a password among it, is none of its business.
    pid = os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", 'umask 077 && cd "$0" && exec "$@"', str(folder), *command],
        {name: value for name, value in os.environ.items() if not name.startswith("TRUCELINE")},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(folder / "console.log"), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return msgspec.structs.replace(described, pid=pid)


def _wait(broker: Broker, folder: Path, log_begin: int) -> None:
    """Asks until it answers."""
    deadline = time.monotonic() + READY_S
    while not answers(broker.bootstrap):
        if not _is_alive(broker):
            raise BrokerError(f"the broker ended before it was ready:\n{_last_words(folder, log_begin)}")
        if time.monotonic() > deadline:
            raise BrokerError(f"the broker did not answer within {READY_S:.0f} s; its log is {folder / 'broker.log'}")
        time.sleep(_EVERY_S)


def _let_in(broker: Broker, secured: Secured | None) -> None:
    if secured is None or not secured.with_password or broker.secured is None:
        return
    only_user(broker.bootstrap, secured.user, secured.password)
    deadline = time.monotonic() + STOP_S
    while not lets_in(broker.secured, secured, broker.authority):
        if time.monotonic() > deadline:
            raise BrokerError(f"{broker.secured} does not let {secured.user} in")
        time.sleep(_EVERY_S)


def _end(broker: Broker, *, at_once: bool) -> None:
    for number, limit_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S))[at_once:]:
        deadline = time.monotonic() + limit_s
        with suppress(ProcessLookupError):
            os.kill(broker.pid, number)
        while _is_alive(broker):
            if time.monotonic() > deadline:
                break
            time.sleep(_EVERY_S / 2)
        else:
            _reap(broker)
            return
    raise BrokerError(f"process {broker.pid} does not end")


def _reap(broker: Broker) -> None:
    """Lets go of a process that has ended, where it is a child of this one."""
    with suppress(ChildProcessError):
        os.waitpid(broker.pid, os.WNOHANG)


def _is_alive(broker: Broker) -> bool:
    """Whether its process is there, and is no other to which the system gave the same number."""
    return broker.token in _command_line(broker.pid)


def _command_line(pid: int) -> str:
    """The command line of a process; nothing where it has ended."""
    if Path("/proc/self/stat").exists():
        return _command_line_of_linux(Path("/proc", str(pid)))
    asked = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False).stdout


def _command_line_of_linux(process: Path) -> str:
    # Nothing is told for an instant while a process changes into another program, and while its threads end after a
    # kill; always by one that waits to be reaped, and by the kernel's own.
    deadline = time.monotonic() + _SILENT_S
    with suppress(OSError):
        while not (line := (process / "cmdline").read_text(errors="replace")) and time.monotonic() < deadline:
            state = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
            if state in "ZX" and len(list((process / "task").iterdir())) <= 1:
                break
            time.sleep(_EVERY_S / 10)
        return line
    return ""


def _last_words(folder: Path, log_begin: int) -> str:
    """What a broker that ended said of it: its errors, or else its last lines, and what Java said."""
    log = folder / "broker.log"
    # A log that is shorter than before was begun anew.
    begin = log_begin if log_begin <= _size(log) else 0
    said = log.read_bytes()[begin:].decode(errors="replace") if log.exists() else ""
    lines = said.splitlines()
    first = next((at for at, line in enumerate(lines) if " ERROR " in line or " FATAL " in line), 0)
    # What is said below an error is its reason, between the places in the code where it came up.
    told = [line for line in lines[first:] if not line.startswith("\t")]
    console = (folder / "console.log").read_text(errors="replace")
    return _ending("\n".join((*told[-_LAST_LINES:], *console.splitlines()[-_LAST_LINES:])))


def _ending(said: str) -> str:
    lines = [line.rstrip() for line in said.splitlines() if line.strip()]
    return "\n".join(lines[-2 * _LAST_LINES :]) or "(it said nothing)"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
