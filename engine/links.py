"""Addresses under which the outside world finds a file for a while: nobody can guess one, or make it last longer.

The proof is HMAC-SHA256 (RFC 2104) over the file and the hour, cut to 128 bits, so that it fits in an SMS.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

PREFIX = "/media/"
_PROOF = 16
_HOUR = 3600
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_HOURS = re.compile(r"[1-9][0-9]{0,7}")


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
        if _ID.fullmatch(id) is None or _HOURS.fullmatch(hours) is None:
            raise PermissionError("this is no link of ours")
        which, end = UUID(bytes=urlsafe_b64decode(id + "==")), int(hours)
        if not hmac.compare_digest(proof.encode(errors="replace"), self._sign(which, end).encode()):
            raise PermissionError("this is no link of ours")
        if _text(which.bytes) != id:  # the last letter has two bits to spare
            raise PermissionError("this is no link of ours")
        return which, datetime.fromtimestamp(end * _HOUR, UTC)

    def _sign(self, id: UUID, hours: int) -> str:
        return _text(hmac.new(self.key, id.bytes + hours.to_bytes(8, "big"), hashlib.sha256).digest()[:_PROOF])


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
