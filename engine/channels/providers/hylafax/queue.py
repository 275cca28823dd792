"""The jobs of a HylaFAX server as its listings show them, and what their states mean."""

from typing import NamedTuple

from engine.channels.providers.hylafax.session import Session
from engine.reason import Reason
from engine.receipt import Fate

#: Waiting or running, and finished. A job is in one of them, and moves from the first to the second.
QUEUES = ("sendq", "doneq")
#: Job, tag, state, pages sent; its words last, for they may hold anything.
_FORMAT = "%j|%J|%a|%p|%s"
#: What HylaFAX says of a call (its own words, in its own order) -> why.
_REASONS = (
    ("busy signal", Reason.LINE_BUSY),
    ("no answer", Reason.NO_PICKUP),
    ("ringback detected", Reason.NO_PICKUP),
    ("no carrier", Reason.NO_FAX),
    ("no receiver protocol", Reason.NO_FAX),
    ("no response", Reason.NO_FAX),
    ("disconnect", Reason.NO_FAX),
    ("rspec", Reason.NO_FAX),
    ("train", Reason.NO_FAX),
    ("phase", Reason.NO_FAX),
    ("reject", Reason.PROVIDER_REFUSED),
)


class Job(NamedTuple):
    """One fax on the server."""

    id: str
    tag: str
    state: str
    pages: str
    words: str

    @property
    def fate(self) -> Fate:
        """What became of it: the other machine confirms each page, so done means that it is there (T.30 MCF)."""
        return {"D": Fate.DELIVERED, "F": Fate.UNDELIVERED}.get(self.state, Fate.SENT)

    @property
    def reason(self) -> Reason:
        """Why, in words that a user can act on."""
        if self.fate is not Fate.UNDELIVERED:
            return Reason.DELIVERED if self.fate is Fate.DELIVERED else Reason.ACCEPTED
        said = self.words.lower()
        return next((reason for word, reason in _REASONS if word in said), Reason.UNDELIVERED)


async def find_jobs(session: Session, prefix: str) -> list[Job]:
    """Every job whose tag begins with `prefix`, finished ones last.

    Waiting ones are listed before finished ones: a job that moves between the two listings is seen twice, never
    missed.
    """
    await session.say(f'JOBFMT "{_FORMAT}"')
    jobs: list[Job] = []
    for queue in QUEUES:
        for line in await session.list(queue):
            fields = [each.strip() for each in line.split("|", 4)]
            if len(fields) == 5 and fields[1].startswith(prefix):
                jobs.append(Job(*fields))
    return jobs
