"""Whether a Kafka lets us in, and why not.

aiokafka says of every failure that it could not connect. So a server is tried by one connection of its own, and one
that refuses is asked what it speaks: what no waiting mends is told at once.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from aiokafka.conn import create_conn
from aiokafka.errors import IllegalSaslStateError, KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

from engine.errors import StreamError
from engine.transport.address import KAFKA, KAFKA_TLS, MECHANISMS

#: Seconds a server has to answer.
PATIENCE = 10.0
#: Seconds to learn what a server speaks that refused us.
CURIOSITY = 3.0
#: Seconds a connection may take to close.
FAREWELL = 1.0
#: What aiokafka raises when the other side speaks no Kafka, or proves not to know our password.
STRANGE = (ValueError, LookupError, AssertionError)
#: OpenSSL's codes for a certificate with another name or address (X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_…),
_OTHER_NAME = (62, 64)
#: and for one that is not valid yet, or not any more.
_OTHER_TIME = (9, 10)


async def knock(places: Sequence[str], entrance: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Which of `places` (host:port) let us in first, and which brokers it names, as host:port too.

    `entrance` is of `engine.transport.entrance`. Raises StreamError when none does: `unreachable` when waiting may
    help, and otherwise with what must be mended.
    """
    errors = []
    for place in places:
        try:
            return place, await _enter(place, entrance)
        except StreamError as error:
            errors.append(error)
    raise next((error for error in errors if not error.unreachable), errors[0])


async def _enter(place: str, entrance: Mapping[str, Any]) -> list[str]:
    try:
        async with asyncio.timeout(PATIENCE), _connection(place, entrance) as connection:
            answer = await connection.send(MetadataRequest([]))
    except (KafkaError, OSError, *STRANGE) as error:  # TimeoutError is an OSError
        raise await _explain(place, entrance, error) from error
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for _, host, port, *_ in answer.brokers]


@contextlib.asynccontextmanager
async def _connection(place: str, entrance: Mapping[str, Any]) -> AsyncIterator[Any]:
    host, _, port = place.rpartition(":")
    connection = await create_conn(
        host.strip("[]"), int(port), client_id="tocsin", request_timeout_ms=int(PATIENCE * 1000), **entrance
    )
    try:
        yield connection
    finally:
        closed = connection.close()
        await asyncio.wait([closed], timeout=FAREWELL)


async def _explain(place: str, entrance: Mapping[str, Any], error: Exception) -> StreamError:
    told = _told(entrance, error) or await _found_out(place, entrance)
    if told is not None:
        return StreamError(told[0], place=place, remedy=told[1])
    if isinstance(error, STRANGE):
        return StreamError("what answers here is no Kafka", place=place, remedy="correct `stream:` in engine.yaml")
    plain = isinstance(error, ConnectionRefusedError | TimeoutError)
    return StreamError(
        "Kafka does not answer here" + ("" if plain else f": {error}"),
        place=place,
        remedy="start the broker, or correct `stream:` in engine.yaml; what was not finished comes again",
        unreachable=True,
    )


def _told(entrance: Mapping[str, Any], error: Exception) -> tuple[str, str] | None:
    """What the error says for certain, and the remedy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is refused: {error.verify_message}", _mend_certificate(error.verify_code)
    if isinstance(error, SaslAuthenticationFailed):
        return (
            f"the user or the password is refused ({entrance['sasl_mechanism']})",
            "correct the user in `stream:` or the password in `stream_password_file`; for a user that is kept another"
            f" way, add ?sasl= and one of {', '.join(MECHANISMS)}",
        )
    if isinstance(error, IllegalSaslStateError):
        return "nobody is asked for a user here", "take the user out of `stream:`, or write the port that asks"
    alert = next((each.reason for each in _causes(error) if isinstance(each, ssl.SSLError)), None) or ""
    if "_ALERT_" in alert:
        return (
            f"the broker ended TLS: {alert.partition('_ALERT_')[2].lower().replace('_', ' ')}",
            "where it asks for a certificate, name one that it trusts: `stream_cert_file` and `stream_key_file`",
        )
    return None


def _mend_certificate(code: int) -> str:
    if code in _OTHER_NAME:
        return "write the host as the certificate names it, or have a certificate made for this name"
    if code in _OTHER_TIME:
        return "renew it at the broker, or correct this machine's clock"
    return "name the authority that signed it in `stream_ca_file`"


async def _found_out(place: str, entrance: Mapping[str, Any]) -> tuple[str, str] | None:
    """What a server that hung up on us speaks instead, and the remedy. Nothing secret is sent to learn it."""
    tls = entrance["ssl_context"] is not None
    if tls and await _speaks_plain(place):
        return "no TLS is spoken here", f"write the port that speaks TLS, or `stream: {KAFKA}://…` for a plain one"
    if not tls and await _speaks_tls(place):
        return "TLS is spoken here", f"write `stream: {KAFKA_TLS}://…`"
    taken = await _mechanisms(place, entrance)
    if not taken:
        return None
    known = [name for name, each in MECHANISMS.items() if each in taken]
    if "sasl_mechanism" in entrance:
        remedy = f"add ?sasl={known[0]} to `stream:`" if known else "have one of ours allowed at the broker"
        return f"{entrance['sasl_mechanism']} is not taken here, but {', '.join(taken)}", remedy
    scheme = KAFKA_TLS if tls else KAFKA
    remedy = f"write `stream: {scheme}://user@{place}` and `stream_password_file:` into engine.yaml"
    return f"a user and a password are asked for here ({', '.join(taken)})", remedy


async def _speaks_plain(place: str) -> bool:
    try:
        async with asyncio.timeout(CURIOSITY), _connection(place, {"security_protocol": "PLAINTEXT"}):
            return True
    except (KafkaError, OSError, *STRANGE):
        return False


async def _speaks_tls(place: str) -> bool:
    # Whose certificate it is does not matter: nothing is sent, and nothing that is said is believed.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, _, port = place.rpartition(":")
    try:
        async with asyncio.timeout(CURIOSITY):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=context)
    except OSError:
        return False
    writer.transport.abort()
    return True


async def _mechanisms(place: str, entrance: Mapping[str, Any]) -> list[str]:
    """How users prove here who they are; none where ours is taken, nobody is asked, or nobody answers."""
    open_door = {
        "security_protocol": "PLAINTEXT" if entrance["ssl_context"] is None else "SSL",
        "ssl_context": entrance["ssl_context"],
    }
    ours = entrance.get("sasl_mechanism", "")
    try:
        async with asyncio.timeout(CURIOSITY), _connection(place, open_door) as connection:
            answer = await connection.send(SaslHandShakeRequest(ours))
    except (KafkaError, OSError, *STRANGE):
        return []
    taken = answer.error_code == UnsupportedSaslMechanismError.errno
    return sorted(answer.enabled_mechanisms) if taken else []


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
