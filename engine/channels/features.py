"""What a provider can do beyond handing over a text, declared on its class as `features`.

What its methods already say is not said again: `poll`, `sign_in`, `read_inbound`, `most_parts`.
"""

from enum import StrEnum

from engine.notification import Channel
from engine.noun import Noun


class Reporting(StrEnum):
    """How it comes to us what became of a message."""

    CALLBACK = "callback"
    """By requests to our web server."""
    LINK = "link"
    """Over a connection that we keep, or by looking through its queues."""
    MAIL = "mail"
    """By mail to an address for bounces."""
    NONE = "none"
    """Never: `sent` is all that will be known."""


#: Who reports so can be heard to be silent: of a mail that arrives, nobody writes.
SPEAKING = (Reporting.CALLBACK, Reporting.LINK)


class Features(Noun):
    """What one driver can do. The engine asks `reports`; the rest is for whoever chooses a provider."""

    reports: Reporting = Reporting.CALLBACK
    reads: frozenset[Channel] = frozenset()
    """On these channels it tells that a message was read."""
    hears: bool = False
    """Over the link that we keep it brings us texts from phones too."""
    sender: bool = True
    """We say what the phone shows."""
    priority: bool = False
    """It can be told that a message is urgent."""
    validity: bool = False
    """It is told until when a message is worth anything, and does not deliver it later."""
    on_site: bool = False
    """It is a server or a device of one's own, not somebody's service on the internet."""
    alphabet: str = "all of Unicode"
    """What its texts can be made of."""
