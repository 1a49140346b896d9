"""Questions to a broker, asked with kafka-python: is it there, and whom does it let in."""

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pipeline.stream.broker_config import MECHANISMS, Secured
from pipeline.stream.broker_files import BrokerError

_CONNECT_S = 1.0
_ANSWER_MS = 5_000


def answers(bootstrap: str) -> bool:
    """Whether a broker at `host:port` says that its cluster has a controller and a broker."""
    host, _, port = bootstrap.rpartition(":")
    try:
        # The client waits where nobody listens; the system says so at once.
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except OSError:
        return False
    return _has_cluster({"bootstrap_servers": bootstrap})


def lets_in(place: str, secured: Secured, authority: str | None) -> bool:
    """Whether the listener takes the user's name and password."""
    asked: dict[str, Any] = {
        "bootstrap_servers": place,
        "security_protocol": secured.protocol,
        "sasl_mechanism": MECHANISMS[0],
        "sasl_plain_username": secured.user,
        "sasl_plain_password": secured.password,
    }
    return _has_cluster({**asked, "ssl_cafile": authority} if authority else asked)


def only_user(bootstrap: str, user: str, password: str) -> None:
    """Has the broker know one user by a password, for every mechanism of SCRAM, and forget all others."""
    from kafka.admin import UserScramCredentialDeletion, UserScramCredentialUpsertion
    from kafka.errors import KafkaError

    try:
        with _hushed(), _admin({"bootstrap_servers": bootstrap}) as admin:
            known = admin.describe_user_scram_credentials()
            others = [
                UserScramCredentialDeletion(name, credential["mechanism"])
                for name, found in known.items()
                for credential in found["credential_infos"]
                if name != user
            ]
            kept = [UserScramCredentialUpsertion(user, mechanism, password) for mechanism in MECHANISMS]
            # A request may touch a user only once.
            told = [admin.alter_user_scram_credentials([change]) for change in (*others, *kept)]
    except KafkaError as error:
        raise BrokerError(f"the broker at {bootstrap} did not take the user {user}: {error}") from error
    if refused := [why for answer in told for why in answer.values() if why]:
        raise BrokerError(f"the broker at {bootstrap} did not take the user {user}: {refused[0]}")


def _has_cluster(settings: Mapping[str, Any]) -> bool:
    from kafka.errors import KafkaError

    try:
        with _hushed(), _admin(settings) as admin:
            cluster = admin.describe_cluster()
    except (KafkaError, OSError):
        return False
    return bool(cluster["brokers"]) and cluster["controller_id"] >= 0


def _admin(settings: Mapping[str, Any]) -> Any:
    from kafka.admin import KafkaAdminClient

    return KafkaAdminClient(**settings, bootstrap_timeout_ms=_ANSWER_MS, request_timeout_ms=_ANSWER_MS)


@contextmanager
def _hushed() -> Iterator[None]:
    """Keeps the client's log still: that a broker is not there yet is no news."""
    log = logging.getLogger("kafka")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)
