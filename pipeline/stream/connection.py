"""The settings as each driver wants them, and one connection that says within seconds why there is none.

kafka-python tries again until its time is up and then says that it timed out; here one attempt is made at each
address, and what stopped it is named.
"""

import asyncio
import logging
import os
import ssl
from collections.abc import Iterator
from typing import Any

from pipeline.stream.errors import AuthenticationError, BrokerUnreachableError, NoConnectionError, SettingsError
from pipeline.stream.errors import TlsRefusedError as TlsRefused
from pipeline.stream.settings import Security, Settings

CONNECT_S = 5.0
"""How long one address may take to answer."""

_CLOSING_S = 0.05

_RECONNECT_MS = 1_000

_PROTOCOLS = {
    Security.PLAINTEXT: "PLAINTEXT",
    Security.TLS: "SSL",
    Security.SASL_PLAINTEXT: "SASL_PLAINTEXT",
    Security.SASL_TLS: "SASL_SSL",
}

# Without a handler of somebody else's, what the drivers log during an outage would flood standard error.
for _driver in ("kafka", "aiokafka"):
    logging.getLogger(_driver).addHandler(logging.NullHandler())


def ssl_context(settings: Settings) -> ssl.SSLContext | None:
    """What TLS is to be like; None where there is none.

    Raises:
        SettingsError: a certificate or key cannot be used.
    """
    if not settings.security.encrypted:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(f"{settings.origins['ca_file']}: {settings.ca_file}: {_reason(error)}") from error
    if settings.certificate_file is not None:
        try:
            # Whoever set a password on the key would be asked for it on the terminal.
            context.load_cert_chain(settings.certificate_file, settings.key_file, password=lambda: b"")
        except (ssl.SSLError, OSError) as error:
            named = settings.key_file or settings.certificate_file
            raise SettingsError(
                f"{settings.origins['certificate_file']}: {settings.certificate_file} with the key in {named}: "
                f"{_reason(error)}"
            ) from error
    return context


def kafka_options(settings: Settings) -> dict[str, Any]:
    """The keyword arguments by which kafka-python's clients connect.

    Of its own it would leave up to 30 s between attempts, as long as a request may take: a broker that comes back
    would be missed.
    """
    return {
        "bootstrap_servers": list(settings.bootstrap_servers),
        "reconnect_backoff_max_ms": _RECONNECT_MS,
        **_secured(settings),
    }


def faust_options(settings: Settings) -> dict[str, Any]:
    """The keyword arguments by which a Faust app connects: `broker`, and `broker_credentials` where there are any."""
    import faust

    options: dict[str, Any] = {"broker": [f"kafka://{server}" for server in settings.bootstrap_servers]}
    context = ssl_context(settings)
    if settings.security.by_password:
        options["broker_credentials"] = faust.SASLCredentials(
            username=settings.username,
            password=settings.password,
            mechanism=settings.mechanism.value,
            ssl_context=context,
        )
    elif context is not None:
        options["broker_credentials"] = faust.SSLCredentials(context)
    return options


def _secured(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {"security_protocol": _PROTOCOLS[settings.security]}
    context = ssl_context(settings)
    if context is not None:
        options["ssl_context"] = context
    if settings.security.by_password:
        options["sasl_mechanism"] = settings.mechanism.value
        options["sasl_plain_username"] = settings.username
        options["sasl_plain_password"] = settings.password
    return options


def check_connection(settings: Settings, timeout_s: float = CONNECT_S) -> None:
    """Connects once, the way everything else will; returns when a broker has let us in.

    The addresses are tried in their order. Of the refusals the first counts, as it is of the settings; that one broker
    of several does not answer is no reason to stop.

    Args:
        timeout_s: how long each address may take.

    Raises:
        BrokerUnreachableError: nobody answers.
        TlsRefusedError: a certificate is not accepted.
        AuthenticationError: the user is not.
    """
    options = _secured(settings)
    refused: list[NoConnectionError] = []
    for server in settings.bootstrap_servers:
        try:
            asyncio.run(_attempt(server, options, timeout_s))
        except Exception as error:  # noqa: BLE001 - the driver raises what it likes; each cause is told apart here
            refused.append(_explained(server, settings, error))
        else:
            return
    found = next((error for error in refused if not isinstance(error, BrokerUnreachableError)), None)
    if found is not None:
        raise found
    hint = "; start one with `truceline kafka up`, or name another with --kafka or TRUCELINE_KAFKA"
    raise BrokerUnreachableError("; ".join(map(str, refused)) + hint * (not settings.is_given("bootstrap_servers")))


class _Closed(Exception):
    """The broker closed the connection where it should have gone on; the message says why it may have."""


async def _attempt(server: str, options: dict[str, Any], timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await _let_in(server, options)
    except BaseException:
        # What the driver has closed is closed when the loop has come round again.
        await asyncio.sleep(_CLOSING_S)
        raise


async def _let_in(server: str, options: dict[str, Any]) -> None:
    """Connects and asks for what only those are told who are let in."""
    from aiokafka.errors import KafkaConnectionError
    from aiokafka.protocol.metadata import MetadataRequest

    try:
        connection = await _connected(server, options)
    except (KafkaConnectionError, ConnectionError) as error:
        if isinstance(error, ConnectionRefusedError) or any(isinstance(e, ssl.SSLError) for e in _causes(error)):
            raise
        raise await _closed(server, options) from error
    try:
        await connection.send(MetadataRequest([]))
    except KafkaConnectionError as error:
        raise _Closed("the broker asks who we are: set security to sasl_tls or sasl_plaintext") from error
    finally:
        await connection.close()


async def _connected(server: str, options: dict[str, Any]) -> Any:
    from aiokafka.conn import AIOKafkaConnection

    host, _, port = server.rpartition(":")
    connection = AIOKafkaConnection(host.strip("[]"), int(port), client_id="truceline-check", **options)
    await connection.connect()
    return connection


async def _closed(server: str, options: dict[str, Any]) -> Exception:
    """Why a broker may have closed the connection at our first word: whether it speaks TLS where we do not."""
    with_tls = "ssl_context" in options
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    other = {"security_protocol": "PLAINTEXT"} if with_tls else {"security_protocol": "SSL", "ssl_context": trusting}
    try:
        connection = await _connected(server, other)
    except Exception:  # noqa: BLE001 - then it is neither, and all that is known is that it closed
        return BrokerUnreachableError(f"{server}: the connection is closed at once; is it a broker, and is it up?")
    await connection.close()
    if with_tls:
        return TlsRefused(f"{server}: TLS refused: the broker speaks no TLS at this address")
    return TlsRefused(f"{server}: the broker speaks TLS at this address: set security to tls or sasl_tls")


def _explained(server: str, settings: Settings, error: Exception) -> NoConnectionError:
    from aiokafka import errors

    if isinstance(error, NoConnectionError):
        return error
    if isinstance(error, _Closed):
        return AuthenticationError(f"{server}: authentication failed: {error}")
    causes = list(_causes(error))
    by_tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if by_tls is not None:
        return TlsRefused(f"{server}: TLS refused: {_of_tls(by_tls, settings)}")
    if any(isinstance(cause, errors.SaslAuthenticationFailed) for cause in causes):
        who = f"user {settings.username!r} and its password are not accepted by {settings.mechanism.value}"
        return AuthenticationError(f"{server}: authentication failed: {who}")
    if any(isinstance(cause, errors.UnsupportedSaslMechanismError) for cause in causes):
        return AuthenticationError(
            f"{server}: authentication failed: the broker does not take {settings.mechanism.value}"
        )
    if any(isinstance(cause, errors.IllegalSaslStateError) for cause in causes):
        return AuthenticationError(f"{server}: authentication failed: the broker asks for no user at this address")
    if isinstance(error, TimeoutError):
        return BrokerUnreachableError(f"{server}: no answer in time")
    if isinstance(error, OSError):
        return BrokerUnreachableError(f"{server}: {_reason(error)}")
    return NoConnectionError(f"{server}: {error}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_tls(error: ssl.SSLError, settings: Settings) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        vouching = settings.ca_file or "the system's certificates"
        return f"the broker's certificate is not accepted: {error.verify_message} (held against {vouching})"
    if "CERTIFICATE_REQUIRED" in str(error):
        return "the broker asks for a certificate of ours: set certificate_file and key_file"
    if "ALERT" in str(error):
        return f"the broker does not accept our certificate or our TLS: {error.reason}"
    return f"is the address one that speaks TLS? {error.reason or error}"


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"no usable certificate or key: {error.reason or error}"
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
