"""All gates in order. The verdict names the bucket that pays, or why not, not now, or not alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.admission.cap import check_daily_cap
from engine.admission.consent import check_consent, say_stopped
from engine.admission.credit import choose_bucket
from engine.admission.dedupe import check_dedupe
from engine.admission.freeze import check_frozen
from engine.admission.gather import gather
from engine.admission.later import Answer, Collect, Hold
from engine.admission.quiet import check_quiet_hours
from engine.admission.rule_cap import check_rule_cap
from engine.admission.standing import Bucket, Standing
from engine.admission.throttle import check_throttle
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason

Gate = Callable[[Notification, Quote, Standing], Answer]

#: What each road of a notification passes: an address agrees, and in quiet hours a mail may go where no SMS may.
ROAD_GATES: tuple[Gate, ...] = (check_frozen, check_consent, check_quiet_hours)
#: What a notification passes once, however many roads it has.
ONCE_GATES: tuple[Gate, ...] = (check_dedupe, check_throttle, gather, check_rule_cap, check_daily_cap)
#: The order is a promise: who has not agreed is not told so by a cap or an empty purse.
GATES = (*ROAD_GATES, *ONCE_GATES)
#: What a digest passes: it stands for what the others did not let through.
DIGEST_GATES: tuple[Gate, ...] = (check_frozen, check_consent)


@dataclass(frozen=True)
class Verdict:
    """ADMITTED with the bucket and the units to reserve (parts, or minor units of money; no bucket: it is free),
    or why not. `later` says when it is looked at again, or with what it is told."""

    reason: Reason
    bucket: Bucket | None = None
    units: int = 0
    later: Hold | Collect | None = None
    detail: str = ""
    """More than the reason says."""


def admit(told: Notification, quote: Quote, standing: Standing) -> tuple[Verdict, Standing]:
    """Ask every gate; the first that says anything has the word. A yes leaves the standing poorer by its price."""
    said = ask(GATES, told, quote, standing)
    if said is not None:
        return said, standing.remembering(told, alone=False) if isinstance(said.later, Collect) else standing
    verdict, after = pay(quote, standing)
    return verdict, after.counted(told) if verdict.reason is Reason.ADMITTED else after


def admit_digest(told: Notification, quote: Quote, standing: Standing) -> tuple[Verdict, Standing]:
    """`admit`, for the message that tells a digest: it needs consent and credit, and counts for no limit."""
    said = ask(DIGEST_GATES, told, quote, standing)
    return (said, standing) if said is not None else pay(quote, standing)


def admit_road(told: Notification, quote: Quote, standing: Standing) -> tuple[Verdict, Standing]:
    """`admit`, for one more road of what was admitted before: it counts for no limit again."""
    said = ask(ROAD_GATES, told, quote, standing)
    return (said, standing) if said is not None else pay(quote, standing)


def ask(gates: Sequence[Gate], told: Notification, quote: Quote, standing: Standing) -> Verdict | None:
    """What the first of these gates says that says anything."""
    for gate in gates:
        answer = gate(told, quote, standing)
        if isinstance(answer, Reason):
            return Verdict(answer, detail=_detail(answer, quote.address_of(told), standing))
        if answer is not None:
            return Verdict(answer.reason, later=answer)
    return None


def _detail(reason: Reason, address: str, standing: Standing) -> str:
    stopped_at = standing.stopped.get(address)
    return say_stopped(address, stopped_at) if reason is Reason.NO_CONSENT and stopped_at else ""


def pay(quote: Quote, standing: Standing) -> tuple[Verdict, Standing]:
    """Whether a bucket covers it; a yes leaves that one poorer."""
    paid = choose_bucket(quote, standing)
    if paid is None:
        return Verdict(Reason.NO_CREDIT), standing
    bucket, units = paid
    return Verdict(Reason.ADMITTED, bucket, units), standing.paid(bucket, units)
