"""One occurrence of one appointment, with the instants at which its alarms ring (RFC 5545, RFC 9074)."""

from typing import Literal

from pydantic import AwareDatetime, Field

from engine.event import Address
from engine.noun import Noun

#: A description is cut to this many characters: it is matched and quoted, not read as a document.
MOST_DESCRIPTION = 2_000


class Alarm(Noun):
    """One ringing of one VALARM (RFC 5545 3.6.6): a repeated alarm is several, and each rings once."""

    key: str
    """Stable over polls: of the VALARM's UID (RFC 9074 section 4), or of its content, and of the repeat number."""
    at: AwareDatetime


class Occasion(Noun):
    """One occurrence of an appointment of one feed, times in UTC.

    A whole-day one runs from midnight to midnight in the zone that it was expanded for, the account's.
    """

    feed: str
    uid: str
    recurrence_id: str = ""
    """RECURRENCE-ID of a moved or changed instance (RFC 5545 3.8.4.4), empty for one as the rule gives it."""
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    all_day: bool = False
    title: str = ""
    location: str = ""
    description: str = Field(default="", max_length=MOST_DESCRIPTION)
    organiser: Address | None = None
    attendees: tuple[Address, ...] = ()
    asked: tuple[str, ...] = ()
    """The addresses of those whose answer is open: PARTSTAT=NEEDS-ACTION, or none (RFC 5545 section 3.2.12)."""
    categories: tuple[str, ...] = ()
    status: Literal["confirmed", "tentative", "cancelled"] = "confirmed"
    alarms: tuple[Alarm, ...] = ()

    @property
    def key(self) -> tuple[str, str, int]:
        """(UID, RECURRENCE-ID, start in Unix seconds): after THISANDFUTURE the first two alone are not unique."""
        return self.uid, self.recurrence_id, int(self.starts_at.timestamp())
