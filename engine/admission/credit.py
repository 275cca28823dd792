"""A message is paid whole from one bucket: the allowance if it covers all its parts, else the balance (S30)."""

from engine.admission.standing import Bucket, Standing
from engine.quote import Quote


def choose_bucket(quote: Quote, standing: Standing) -> tuple[Bucket, int] | None:
    """(bucket, units to reserve), or None when neither covers the message.

    The allowance lapses and the balance does not, so the allowance goes first. One message is never half
    charged on both: with one part left and two needed, the balance pays both and the part stays.
    """
    if quote.parts <= standing.allowance:
        return Bucket.ALLOWANCE, quote.parts
    if quote.price.currency == standing.currency and quote.price.minor <= standing.balance:
        return Bucket.BALANCE, quote.price.minor
    return None
