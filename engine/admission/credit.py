"""A message is paid whole from one bucket: the allowance if it covers all its parts, else the balance (S30)."""

from engine.admission.standing import Bucket, Standing
from engine.notification import Channel
from engine.quote import Quote


def choose_bucket(quote: Quote, standing: Standing) -> tuple[Bucket | None, int] | None:
    """(bucket, units to reserve), or None when neither covers the message. What costs nothing needs no bucket.

    The allowance lapses and the balance does not, so the allowance goes first. One message is never half
    charged on both: with one part left and two needed, the balance pays both and the part stays. The allowance is
    parts of SMS: a page of fax costs many times one.
    """
    if quote.price.minor == 0:
        return None, 0
    if quote.channel is Channel.SMS and quote.parts <= standing.allowance:
        return Bucket.ALLOWANCE, quote.parts
    if quote.price.currency == standing.currency and quote.price.minor <= standing.balance:
        return Bucket.BALANCE, quote.price.minor
    return None
