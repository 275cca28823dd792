"""What the status of an answer means for a message (SMPP 3.4, 5.1.3)."""

from enum import StrEnum

from engine.answer import Answer, Outcome
from engine.reason import Reason

ROK, RINVMSGLEN, RINVCMDID, RSYSERR = 0x00, 0x01, 0x03, 0x08
RMSGQFUL, RTHROTTLED = 0x14, 0x58
#: What we answer: not now, tell us again · never.
RX_T_APPN, RX_R_APPN = 0x64, 0x66


class Meaning(StrEnum):
    """What a status comes to."""

    BUSY = "busy"
    """Not taken; send less, and this again."""
    RETRY = "retry"
    """Not taken; try again."""
    BAD_NUMBER = "bad_number"
    AUTH = "auth"
    NO_CREDIT = "no_credit"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """It may have been taken."""


_STANDARD = {
    0x04: Meaning.RETRY,  # ESME_RINVBNDSTS: the link was not bound
    0x05: Meaning.RETRY,  # ESME_RALYBND
    # A fault inside: whether before or after it took the message, it does not say.
    RSYSERR: Meaning.UNKNOWN,
    0x0A: Meaning.REFUSED,  # ESME_RINVSRCADR
    0x0B: Meaning.BAD_NUMBER,  # ESME_RINVDSTADR
    0x0D: Meaning.RETRY,  # ESME_RBINDFAIL: no reason given, often one bind too many
    0x0E: Meaning.AUTH,  # ESME_RINVPASWD
    0x0F: Meaning.AUTH,  # ESME_RINVSYSID
    RMSGQFUL: Meaning.BUSY,
    0x50: Meaning.BAD_NUMBER,  # ESME_RINVDSTTON
    0x51: Meaning.BAD_NUMBER,  # ESME_RINVDSTNPI
    0x53: Meaning.AUTH,  # ESME_RINVSYSTYP
    RTHROTTLED: Meaning.BUSY,
    0x64: Meaning.RETRY,  # ESME_RX_T_APPN
    0xFE: Meaning.UNKNOWN,  # ESME_RDELIVERYFAILURE
    0xFF: Meaning.UNKNOWN,  # ESME_RUNKNOWNERR
}
#: Others of the standard (5.1.3 ends at 0xFF, its own block at 0x3FF) say no to this message; those of an
#: operator say nothing to us until its settings do.
_LAST_OF_THE_STANDARD = 0x3FF

_ANSWERS = {
    Meaning.BUSY: (Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY),
    Meaning.RETRY: (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE),
    Meaning.BAD_NUMBER: (Outcome.REFUSED, Reason.BAD_NUMBER),
    Meaning.AUTH: (Outcome.REFUSED, Reason.PROVIDER_AUTH),
    Meaning.NO_CREDIT: (Outcome.REFUSED, Reason.PROVIDER_NO_CREDIT),
    Meaning.REFUSED: (Outcome.REFUSED, Reason.PROVIDER_REFUSED),
    Meaning.UNKNOWN: (Outcome.UNKNOWN, Reason.NO_ANSWER),
}


def meaning(status: int, own: dict[int, Meaning]) -> Meaning:
    """What a status that is not 0 means; `own` is what the settings say of it."""
    standard = Meaning.REFUSED if status <= _LAST_OF_THE_STANDARD else Meaning.UNKNOWN
    return own.get(status) or _STANDARD.get(status, standard)


def answer(status: int, own: dict[int, Meaning]) -> Answer:
    """The answer that a status other than 0 comes to."""
    outcome, reason = _ANSWERS[meaning(status, own)]
    return Answer(outcome=outcome, reason=reason, detail=f"SMPP status 0x{status:04X}")
