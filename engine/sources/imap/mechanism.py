"""How a secret is put to an IMAP server: LOGIN, AUTHENTICATE PLAIN, XOAUTH2 or OAUTHBEARER."""

import base64
import imaplib
import re
from typing import Any

_PLAIN_WORD = re.compile(r"[A-Za-z0-9@._+=!#$&'/^`|~-]+")


def authenticate(client: Any, wire: Any, user: str, secret: str, *, token: bool) -> None:
    """Sign in. `client` is an IMAPClient over `wire`. Raises imaplib's errors, in which the secret may stand."""
    offered = {str(word).upper() for word in wire.capabilities}
    if token:
        client.sasl_login(*_bearer(user, secret, wire.host, wire.port, offered))
    elif "AUTH=PLAIN" in offered and not (_PLAIN_WORD.fullmatch(user) and secret.isascii()):
        # LOGIN has no words for what is outside ASCII (RFC 3501 section 6.2.3).
        client.plain_login(user, secret)
    elif "LOGINDISABLED" in offered:
        raise imaplib.IMAP4.error("[PRIVACYREQUIRED] the server takes no password on this connection")
    elif not (user.isascii() and secret.isascii()):
        raise imaplib.IMAP4.error("the server takes only ASCII in user name and password (it has no AUTH=PLAIN)")
    else:
        client.login(user if _PLAIN_WORD.fullmatch(user) else wire._quote(user), secret)


def hide(text: str, user: str, secret: str) -> str:
    """The text without the secret, should a server repeat it, in plain or as it was sent."""
    plain = f"\0{user}\0{secret}"
    forms = [secret, base64.b64encode(secret.encode()).decode(), base64.b64encode(plain.encode()).decode()]
    for form in sorted(filter(None, forms), key=len, reverse=True):
        text = text.replace(form, "…")
    return text


def _bearer(user: str, token: str, host: str, port: int, offered: set[str]) -> tuple[str, Any]:
    """The mechanism and its answers. After a refusal the server wants an empty line, not the token again."""
    if "AUTH=XOAUTH2" not in offered and "AUTH=OAUTHBEARER" in offered:
        # RFC 7628 section 3.1; a comma and an equals sign in the name are written in hexadecimal (RFC 5801).
        name = user.replace("=", "=3D").replace(",", "=2C")
        answers = iter([f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01", "\x01"])
        return "OAUTHBEARER", lambda _: next(answers, "")
    answers = iter([f"user={user}\x01auth=Bearer {token}\x01\x01"])
    return "XOAUTH2", lambda _: next(answers, "")
