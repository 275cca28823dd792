"""Identity is derived, never drawn: the same origin gives the same id on every worker and every retry."""

import json
from uuid import UUID, uuid5

#: Kept, because json.dumps builds an encoder anew for every call with arguments of its own.
_ENCODE = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode

#: Chosen once and for life: another value would give every event a second identity, and so a second SMS.
TOCSIN = UUID("5c1d7a2e-9a0b-5f0e-8a57-70c51d000001")


def derive(kind: str, *origin: str | int | None) -> UUID:
    """The id of the thing of this `kind` that came from this `origin` (uuid5, RFC 9562 section 5.5).

    The origin is written as a JSON array, so that ("a", "bc") and ("ab", "c") differ.
    """
    return uuid5(TOCSIN, _ENCODE([kind, *origin]))
