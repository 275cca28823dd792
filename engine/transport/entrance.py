"""What every connection to a Kafka is opened with: TLS that is verified, and who we are."""

import ssl
from typing import Any

from engine.errors import StreamError
from engine.transport.address import Servers, Tls


def entrance(servers: Servers) -> dict[str, Any]:
    """aiokafka's arguments for whatever it opens there, without the servers' names. Reads the files of `servers`.

    Raises StreamError when a file cannot be used, or a password is missing.
    """
    tls, login = servers.tls, servers.login
    protocol = ("SASL_" if login else "") + ("SSL" if tls else "PLAINTEXT")
    found: dict[str, Any] = {"security_protocol": protocol, "ssl_context": tls and _context(tls)}
    if login is None:
        return found
    if login.password is None:
        raise StreamError(
            "the user of the stream has no password",
            place=str(servers),
            remedy="write it into a file, and `stream_password_file:` with the file's name into engine.yaml",
        )
    return {
        **found,
        "sasl_mechanism": login.mechanism,
        "sasl_plain_username": login.user,
        "sasl_plain_password": login.password,
    }


def _context(tls: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except (OSError, ValueError) as error:
        raise StreamError(
            f"the authority of the brokers cannot be used: {_why(error)}",
            place=str(tls.ca_file),
            remedy="`stream_ca_file` must name a readable file of PEM certificates",
        ) from error
    if tls.cert_file is not None:
        try:
            # Without a password given, OpenSSL would ask for one at the terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password="")
        except (OSError, ValueError) as error:
            raise StreamError(
                f"our certificate cannot be used with its key: {_why(error)}",
                place=f"{tls.cert_file}, {tls.key_file}",
                remedy="`stream_cert_file` and `stream_key_file` name a readable PEM certificate and the key that it"
                " was made for, which has no password",
            ) from error
    return context


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no PEM in it").lower().replace("_", " ")
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
