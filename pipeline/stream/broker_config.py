"""How a broker of one node is set up: its ports, its properties, and the listener that asks who is there."""

import errno
import random
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.stream.broker_files import BrokerError
from pipeline.stream.certificates import Certificate

HOST = "127.0.0.1"
MECHANISMS = ("SCRAM-SHA-256", "SCRAM-SHA-512")

Protocol = Literal["SSL", "SASL_PLAINTEXT", "SASL_SSL"]

_FIXED = """
process.roles=broker,controller
node.id=1
inter.broker.listener.name=PLAIN
controller.listener.names=CONTROLLER

# One node cannot replicate.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
default.replication.factor=1
min.insync.replicas=1

# Few files, so that a broker that was killed is back soon.
offsets.topic.num.partitions=8
transaction.state.log.num.partitions=8
share.coordinator.state.topic.num.partitions=8
log.segment.bytes=134217728
log.retention.hours=168

# A broker that was killed is taken back only when the session of its former self is over; 9 s are usual.
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=5000

# A group of one machine need not wait for members that are still on their way.
group.initial.rebalance.delay.ms=0
# A topic that a misspelt name calls for would have one partition and the wrong retention.
auto.create.topics.enable=false
"""


@dataclass(frozen=True)
class Secured:
    """A second listener, on which clients have to say who they are.

    Args:
        port: of the loopback.
        protocol: with SSL the traffic is encrypted; with SASL a client gives its name and password (SCRAM).
        user, password: the one user whom SASL knows.
        clients_certified: a client has to show a certificate of the same authority (SSL only).
    """

    port: int
    protocol: Protocol = "SASL_SSL"
    user: str = ""
    password: str = ""
    clients_certified: bool = False

    @property
    def encrypted(self) -> bool:
        """Whether the traffic is."""
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def with_password(self) -> bool:
        """Whether a client gives a name and a password."""
        return self.protocol.startswith("SASL")


def properties(
    data: Path, port: int, controller_port: int, secured: Secured | None, certificate: Certificate | None
) -> str:
    """The server.properties of a node on the loopback; no password is in it."""
    listeners = {"PLAIN": (port, "PLAINTEXT"), "CONTROLLER": (controller_port, "PLAINTEXT")}
    if secured is not None:
        listeners["SECURED"] = secured.port, secured.protocol
    reached = {name: f"{name}://{HOST}:{number}" for name, (number, _) in listeners.items()}
    lines = [
        _FIXED.strip(),
        "",
        f"log.dirs={_written(data)}",
        f"controller.quorum.voters=1@{HOST}:{controller_port}",
        f"listeners={','.join(reached.values())}",
        f"advertised.listeners={','.join(place for name, place in reached.items() if name != 'CONTROLLER')}",
        "listener.security.protocol.map=" + ",".join(f"{name}:{protocol}" for name, (_, protocol) in listeners.items()),
    ]
    if secured is not None and secured.with_password:
        lines += _scram()
    if certificate is not None and secured is not None:
        lines += _tls(certificate, secured)
    return "\n".join(lines) + "\n"


def _scram() -> list[str]:
    prefix, module = "listener.name.secured", "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    names = [f"{prefix}.{mechanism.lower()}.sasl.jaas.config={module}" for mechanism in MECHANISMS]
    return [f"{prefix}.sasl.enabled.mechanisms={','.join(MECHANISMS)}", *names]


def _tls(certificate: Certificate, secured: Secured) -> list[str]:
    prefix = "listener.name.secured.ssl"
    return [
        f"{prefix}.keystore.type=PEM",
        f"{prefix}.keystore.location={_written(certificate.key_and_chain)}",
        f"{prefix}.truststore.type=PEM",
        f"{prefix}.truststore.location={_written(certificate.authority)}",
        f"{prefix}.client.auth={'required' if secured.clients_certified else 'none'}",
    ]


def _written(path: Path) -> str:
    r"""A path as a file of properties has it: in ASCII.

    >>> _written(Path("/home/Zoë"))
    '/home/Zo\\u00eb'
    """
    if "," in str(path):
        raise BrokerError(f"{path}: Kafka takes a comma for the end of a folder's name; choose another folder")
    units = str(path).replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)


def check_port(port: int) -> None:
    """Sees that a port of the loopback is free.

    Raises:
        BrokerError: it is taken, or not for this user.
    """
    try:
        _bind(port)
    except OverflowError as error:
        raise BrokerError(f"there is no port {port}") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BrokerError(f"port {port} is taken by another program; choose another one") from error
        raise BrokerError(f"port {port} cannot be used: {error.strerror or error}") from error


def free_port() -> int:
    """A port of the loopback that is free now.

    It is below those that the system hands out to clients: one of these, trying again and again to reach a broker that
    is down, would sooner or later be given the broker's own port, and keep it.
    """
    for port in random.sample(range(20_000, 32_000), 200):
        try:
            _bind(port)
        except OSError:
            continue
        return port
    raise BrokerError("none of 200 ports tried between 20000 and 32000 is free")


def _bind(port: int) -> None:
    with socket.socket() as tried:
        # As the broker does: a connection that was closed a moment ago is not in the way.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((HOST, port))
