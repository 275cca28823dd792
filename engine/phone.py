"""Telephone numbers: the only door to phonenumbers. Inside the house a number is E.164 text, nothing else."""

import re
from functools import lru_cache

# phonenumbers takes 45-107 ms and 23 MB to import; the functions import it when first called, so that
# a command that needs no number does not pay.


@lru_cache(maxsize=4096)
def parse(text: str, region: str | None = None) -> str:
    """`text` as E.164 (``+32470000001``), repaired where that is safe.

    ``0032 (0)475...`` and ``+0032...`` lose their zeros; ``32 475 123456``, as older tools ask for it, gets its plus.
    `region` (ISO 3166 alpha-2) is used for numbers without a country code.
    Raises ValueError with a sentence that says what to write instead; the sentence carries no number.
    """
    written = _LEADING.sub("+", text.strip()).replace("(0)", "")
    if _SHORT.fullmatch(written):
        raise ValueError("this is a short number: nothing is sent to emergency, service and other short numbers")
    if written.startswith("+"):
        return _read(written, None)
    try:
        if region is None:
            raise ValueError("write the number with its country code, like +32 475 12 34 56")
        return _read(written, region)
    except ValueError:
        # The digits may be whole and only lack their plus; a national number never reads as one of its own country.
        try:
            if written[:1] in "123456789" and written:
                return _read("+" + written, None)
        except ValueError:
            pass
        raise


#: What people write for the plus: 00, and +00 where a form put the plus there itself.
_LEADING = re.compile(r"^\+?00")
#: 112 and 911, and what companies buy; no telephone of a person is called so.
_SHORT = re.compile(r"[0-9]{3,5}")


def _read(written: str, region: str | None) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        raise ValueError("this is not a phone number; write it like +32 475 12 34 56") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("this number has too few or too many digits for its country")
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no such number is in use in its country's numbering plan")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=4096)
def is_mobile(number: str) -> bool:
    """Whether an E.164 number can receive an SMS, by its country's numbering plan.

    Some plans (North America) do not tell mobile from fixed: those count as mobile.
    """
    import phonenumbers

    kind = phonenumbers.number_type(phonenumbers.parse(number))
    return kind in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )


def refusal(number: str) -> str:
    """Why no SMS is sent to an E.164 number, for whoever wrote it; empty when one may be."""
    import phonenumbers

    if is_mobile(number):
        return ""
    if phonenumbers.number_type(phonenumbers.parse(number)) == phonenumbers.PhoneNumberType.FIXED_LINE:
        return "this is a landline; an SMS cannot reach it"
    return "this is a service number, not a mobile one; nothing is sent to it"


def country(number: str) -> str:
    """The country code of an E.164 number, with its plus: ``+351``."""
    import phonenumbers

    return f"+{phonenumbers.parse(number).country_code}"


def mask(address: str) -> str:
    """Where somebody is reached, as logs, metrics and errors may show it: ``+32…01``, or ``j…@acme.example``."""
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain}"
    return f"{address[:3]}…{address[-2:]}" if len(address) > 6 else "…"
