"""How a request shows that it comes from the provider it names."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode


class Proof:
    """Addresses for reports that only whoever was handed them can know: our reference, and a proof made of it."""

    def __init__(self, name: str, secret: str) -> None:
        """`secret` is the one that the provider called `name` already shares with us."""
        # Derived, so that the proof in an address does not stand for the secret anywhere else.
        self._key = hashlib.sha256(f"tocsin report {name}\0{secret}".encode()).digest()

    def address(self, callback: str, client_ref: str) -> str:
        """Where the reports of one message go."""
        return f"{callback}?{urlencode({'ref': client_ref, 'proof': self.of(client_ref)})}"

    def check(self, query: Mapping[str, str]) -> str:
        """The reference in an address that we handed out. Raises PermissionError when we did not."""
        ref = query.get("ref", "")
        if not same(query.get("proof", ""), self.of(ref)):
            raise PermissionError("the callback's address is not one that we handed out")
        return ref

    def of(self, client_ref: str) -> str:
        """The proof for one reference."""
        return hmac.new(self._key, client_ref.encode(errors="replace"), hashlib.sha256).hexdigest()


def check_token(query: Mapping[str, str], headers: Mapping[str, str], token: str) -> None:
    """Raises PermissionError unless `token` stands in the address (`?token=`) or in the header `Authorization`.

    For vendors that report to one address for all messages, written down once in their portal.
    """
    if not token:
        raise PermissionError("nothing is expected of this provider: it has no token")
    shown = query.get("token") or lower(headers).get("authorization", "").removeprefix("Bearer ")
    if not same(shown, token):
        raise PermissionError("the callback does not show the token")


def same(shown: str, wanted: str) -> bool:
    """Whether they are equal, in a time that does not tell how nearly."""
    return hmac.compare_digest(shown.encode(errors="replace"), wanted.encode())


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers by their lower-case names."""
    return {name.lower(): value for name, value in headers.items()}
