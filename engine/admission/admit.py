"""All gates in order. The verdict names the bucket that pays, or the reason for the no."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.admission.cap import check_daily_cap
from engine.admission.consent import check_consent
from engine.admission.credit import choose_bucket
from engine.admission.freeze import check_frozen
from engine.admission.standing import Bucket, Standing
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason

Gate = Callable[[Notification, Quote, Standing], Reason | None]

#: The order is a promise: who has not agreed is not told so by a cap or an empty purse.
GATES: tuple[Gate, ...] = (check_frozen, check_consent, check_daily_cap)


@dataclass(frozen=True)
class Verdict:
    """ADMITTED with the bucket and the units to reserve (parts, or minor units of money), or a refusal."""

    reason: Reason
    bucket: Bucket | None = None
    units: int = 0


def admit(notification: Notification, quote: Quote, standing: Standing) -> tuple[Verdict, Standing]:
    """Ask every gate; the first no wins. A yes leaves the standing poorer by what is reserved."""
    for gate in GATES:
        no = gate(notification, quote, standing)
        if no is not None:
            return Verdict(no), standing
    paid = choose_bucket(quote, standing)
    if paid is None:
        return Verdict(Reason.NO_CREDIT), standing
    bucket, units = paid
    return Verdict(Reason.ADMITTED, bucket, units), standing.after(bucket, units)
