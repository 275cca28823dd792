"""Addresses that we give to the outside world: where it finds a file for a while, and where it wants no more mail.

Nobody can guess one, or make it last longer. The proof is HMAC-SHA256 (RFC 2104) over what the address stands for,
cut to 128 bits, so that it fits in an SMS.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

PREFIX = "/media/"
UNSUBSCRIBE = "/unsubscribe/"
_PROOF = 16
_HOUR = 3600
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_HOURS = re.compile(r"[1-9][0-9]{0,7}")
_NOT_OURS = "this is no link of ours"


@dataclass(frozen=True)
class Links:
    """Makes links and reads them."""

    public: str
    """Where the outside world reaches our web server, without a slash at the end; empty: it does not."""
    key: bytes = field(repr=False)
    """Secret; with another key no link from before is believed."""

    def path(self, id: UUID, until: datetime, ending: str = "bin") -> str:
        """The path of a file until the hour in which `until` lies is over. The same each time.

        No word of the mail stands in it: addresses end up in the logs of those who pass them on.
        """
        hours = int(until.timestamp()) // _HOUR + 1
        return f"{PREFIX}{_text(id.bytes)}/{hours}/{self._sign(id, hours)}/1.{ending}"

    def url(self, id: UUID, until: datetime, ending: str = "bin") -> str:
        """The whole address; empty when nobody could reach it."""
        return self.public + self.path(id, until, ending) if self.public else ""

    def read(self, id: str, hours: str, proof: str) -> tuple[UUID, datetime]:
        """Which file a link leads to, and until when. Raises PermissionError when it is none of ours."""
        which = read_id(id)
        if _HOURS.fullmatch(hours) is None or not _same(proof, self._sign(which, int(hours))):
            raise PermissionError(_NOT_OURS)
        return which, datetime.fromtimestamp(int(hours) * _HOUR, UTC)

    def unsubscribe(self, message: UUID, address: str) -> str:
        """Where whoever was told at `address` by this message asks for no more (RFC 8058), for as long as we live.

        Empty when nobody could reach it over TLS, which mail programs insist on (RFC 8058 3.1).
        """
        path = f"{UNSUBSCRIBE}{_text(message.bytes)}/{self._vouch(message, address)}"
        return self.public + path if self.public.startswith("https://") else ""

    def told(self, message: UUID, address: str, proof: str) -> bool:
        """Whether the proof in such a link says that this message went to `address`."""
        return _same(proof, self._vouch(message, address))

    def _sign(self, id: UUID, hours: int) -> str:
        return self._prove(id.bytes + hours.to_bytes(8, "big"))

    def _vouch(self, message: UUID, address: str) -> str:
        # The address is proven and not written: it works when we have long forgotten who was told, and says nothing.
        return self._prove(b"unsubscribe\0" + message.bytes + address.encode())

    def _prove(self, what: bytes) -> str:
        return _text(hmac.new(self.key, what, hashlib.sha256).digest()[:_PROOF])


def read_id(written: str) -> UUID:
    """The id in a link. Raises PermissionError when we would not write it so."""
    if _ID.fullmatch(written) is None:
        raise PermissionError(_NOT_OURS)
    id = UUID(bytes=urlsafe_b64decode(written + "=="))
    if _text(id.bytes) != written:  # the last letter has two bits to spare
        raise PermissionError(_NOT_OURS)
    return id


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), right.encode())


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
