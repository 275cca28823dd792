"""All gates in order. The verdict names the bucket that pays, or why not, not now, or not alone."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.admission.cap import check_daily_cap
from engine.admission.consent import check_consent
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

#: The order is a promise: who has not agreed is not told so by a cap or an empty purse.
GATES: tuple[Gate, ...] = (
    check_frozen,
    check_consent,
    check_quiet_hours,
    check_dedupe,
    check_throttle,
    gather,
    check_rule_cap,
    check_daily_cap,
)
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


def admit(told: Notification, quote: Quote, standing: Standing) -> tuple[Verdict, Standing]:
    """Ask every gate; the first that says anything has the word. A yes leaves the standing poorer by its price."""
    for gate in GATES:
        answer = gate(told, quote, standing)
        if isinstance(answer, Collect):
            return Verdict(answer.reason, later=answer), standing.remembering(told, alone=False)
        if isinstance(answer, Hold):
            return Verdict(answer.reason, later=answer), standing
        if answer is not None:
            return Verdict(answer), standing
    verdict, after = _pay(quote, standing)
    return verdict, after.counted(told) if verdict.reason is Reason.ADMITTED else after


def admit_digest(told: Notification, quote: Quote, standing: Standing) -> tuple[Verdict, Standing]:
    """`admit`, for the message that tells a digest: it needs consent and credit, and counts for no limit."""
    for gate in DIGEST_GATES:
        answer = gate(told, quote, standing)
        if isinstance(answer, Reason):
            return Verdict(answer), standing
    return _pay(quote, standing)


def _pay(quote: Quote, standing: Standing) -> tuple[Verdict, Standing]:
    paid = choose_bucket(quote, standing)
    if paid is None:
        return Verdict(Reason.NO_CREDIT), standing
    bucket, units = paid
    return Verdict(Reason.ADMITTED, bucket, units), standing.paid(bucket, units)
