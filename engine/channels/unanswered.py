"""What it means for a message that its request got no whole answer."""

from engine.answer import Answer, Outcome
from engine.net import NoReplyError, NotSentError
from engine.reason import Reason


def unanswered(error: NotSentError | NoReplyError) -> Answer:
    """Certainly not taken when nothing left this machine; else nobody knows."""
    if isinstance(error, NotSentError):
        return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_UNREACHABLE, detail=str(error))
    return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=str(error))
