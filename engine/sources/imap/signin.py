"""Signing in: the secret, read anew each time, and what a refusal means. No text here ever holds a secret."""

import asyncio
import hashlib
import os
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.pace import Pace
from engine.sources.imap.trouble import DeniedError, LostError, RefusedError

_MOST_SECRET = 64 * 1024
_GOOGLE = ("gmail.com", "googlemail.com", "google.com")
_MICROSOFT = ("office365.com", "outlook.com", "hotmail.com", "office.com")
_APP_PASSWORDS = ("yahoo.com", "aol.com", "me.com", "icloud.com", "fastmail.com", "gmx.net", "web.de")


@dataclass(frozen=True)
class Secret:
    """A password or an OAuth access token."""

    text: str = field(repr=False)
    token: bool

    def digest(self, salt: bytes) -> bytes:
        """To tell whether a secret has changed without keeping it."""
        return hashlib.blake2b(self.text.encode("utf-8", "surrogateescape"), key=salt, digest_size=16).digest()


def read_secret(mailbox: Mailbox, pace: Pace) -> Secret:
    """The secret as it is now. Blocking. Raises LostError: which file or command failed, never what it held."""
    place = mailbox.place
    if mailbox.password is not None:
        return Secret(mailbox.password.get_secret_value(), token=False)
    if mailbox.token_command is not None:
        return Secret(_run(mailbox.token_command, place, pace.command), token=True)
    path = mailbox.password_file or mailbox.token_file
    assert path is not None  # Mailbox has exactly one way to sign in
    text = _read(path, place)
    if mailbox.password_file is None:
        text = text.strip()
    if not text:
        raise LostError(f"{path} is empty", place=place, remedy="write the secret into it")
    return Secret(text, token=mailbox.password_file is None)


def _read(path: Path, place: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_SECRET)
        return data.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise LostError(
            f"{path} cannot be read: {error.strerror}", place=place, remedy="correct its name or mode"
        ) from None
    except UnicodeDecodeError:
        raise LostError(f"{path} is not UTF-8", place=place, remedy="write the secret as UTF-8") from None


def _run(command: str, place: str, timeout: float) -> str:
    remedy = "run the `token_command` by hand: it must print one line, the access token"
    try:
        done = subprocess.run(  # noqa: S603  (the owner's own command, split without a shell)
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise LostError(f"the token command took more than {timeout:g} s", place=place, remedy=remedy) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be split into words"
        raise LostError(f"the token command cannot be run: {why}", place=place, remedy=remedy) from None
    lines = done.stdout[:_MOST_SECRET].decode("utf-8", "replace").split()
    if done.returncode != 0 or not lines:
        raise LostError(f"the token command ended with {done.returncode} and no token", place=place, remedy=remedy)
    return lines[0]


def explain_refusal(error: DeniedError, mailbox: Mailbox) -> LostError | RefusedError:
    """What a NO to the sign-in means: for now (LostError) or for good (RefusedError), with what to do about it."""
    text = f"the server refused the sign-in: {error.message}"
    if error.passing or " command error: BAD " in error.message:
        return LostError(text, place=error.place, remedy="none needed: we try again later")
    return RefusedError(text, place=error.place, remedy=find_remedy(mailbox))


def find_remedy(mailbox: Mailbox) -> str:
    """What the owner of the mailbox can do; the large providers take no ordinary password any more."""
    host = mailbox.host.lower()
    token = mailbox.token_file is not None or mailbox.token_command is not None
    if _within(host, _GOOGLE):
        if token:
            return "get a new OAuth access token with the scope https://mail.google.com/ (one lives for an hour)"
        return (
            "Gmail takes no account password: make an app password (myaccount.google.com/apppasswords, needs 2-step "
            "verification), or use `token_command` with an OAuth token"
        )
    if _within(host, _MICROSOFT):
        scope = "https://outlook.office.com/IMAP.AccessAsUser.All"
        if token:
            return f"get a new OAuth access token with the scope {scope}, and let an administrator allow IMAP"
        return f"Microsoft 365 takes no password over IMAP: use `token_command` with an OAuth token (scope {scope})"
    if token:
        return "get a new OAuth access token: this one is expired, revoked, or not for IMAP"
    if _within(host, _APP_PASSWORDS):
        return "correct `user`, and use an app password made in the provider's security settings"
    return "correct `user` and the password; with two-step verification an app password is needed"


def _within(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith("." + domain) for domain in domains)


@dataclass
class Standing:
    """How one user stands with one host, shared by all folders: a wrong password is tried three times, not thirty."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    refusals: int = 0
    error: RefusedError | None = None
    again_at: float = 0.0
    _salt: bytes = field(default_factory=lambda: os.urandom(16), repr=False)
    _tried: bytes = field(default=b"", repr=False)

    def check(self, secret: Secret, now: float) -> None:
        """Raise the last refusal again, when this secret was refused and it is not time to try it once more."""
        if self.error is not None and now < self.again_at and secret.digest(self._salt) == self._tried:
            raise self.error

    def refuse(self, secret: Secret, error: RefusedError, now: float, waits: tuple[float, ...]) -> None:
        """Remember a refusal. After the last of the waits only another secret is tried."""
        tried = secret.digest(self._salt)
        # A token is another one each time: only a password that was changed begins anew.
        self.refusals = self.refusals + 1 if secret.token or tried == self._tried else 1
        self._tried, self.error = tried, error
        self.again_at = now + waits[self.refusals - 1] if self.refusals <= len(waits) else float("inf")

    def welcome(self) -> None:
        """The sign-in worked."""
        self.refusals, self.error, self.again_at, self._tried = 0, None, 0.0, b""

    @property
    def suspended(self) -> bool:
        """Whether we wait for other credentials."""
        return self.again_at == float("inf")
