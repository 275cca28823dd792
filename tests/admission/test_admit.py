"""Every gate's no, and which bucket pays."""

from dataclasses import replace

import pytest

from engine.admission.admit import admit
from engine.admission.standing import Bucket, Standing
from engine.money import Money
from engine.quote import Quote
from engine.reason import Reason
from tests.builders import PHONE, a_notification, a_quote

RICH = Standing(
    account="anna", currency="EUR", consents=frozenset({PHONE}), daily_cap=10, allowance=5, balance=50_000
)


@pytest.mark.parametrize(
    ("standing", "quote", "reason"),
    [
        pytest.param(RICH, a_quote(), Reason.ADMITTED, id="all is well"),
        pytest.param(replace(RICH, frozen=True), a_quote(), Reason.ACCOUNT_FROZEN, id="frozen"),
        pytest.param(replace(RICH, consents=frozenset()), a_quote(), Reason.NO_CONSENT, id="no consent"),
        pytest.param(replace(RICH, told_today=10), a_quote(), Reason.DAILY_CAP, id="cap reached"),
        pytest.param(replace(RICH, told_today=9), a_quote(), Reason.ADMITTED, id="the last of the day"),
        pytest.param(replace(RICH, daily_cap=0), a_quote(), Reason.DAILY_CAP, id="a cap of nothing"),
        pytest.param(replace(RICH, allowance=0, balance=0), a_quote(), Reason.NO_CREDIT, id="empty"),
        pytest.param(replace(RICH, allowance=1, balance=1599), a_quote(2), Reason.NO_CREDIT, id="one unit short"),
        pytest.param(
            replace(RICH, frozen=True, consents=frozenset()), a_quote(), Reason.ACCOUNT_FROZEN, id="first gate wins"
        ),
    ],
)
def test_the_first_gate_that_says_no_gives_the_reason(standing: Standing, quote: Quote, reason: Reason) -> None:
    verdict, after = admit(a_notification(), quote, standing)
    assert verdict.reason is reason
    if reason is not Reason.ADMITTED:
        assert after == standing


@pytest.mark.parametrize(
    ("allowance", "balance", "parts", "bucket", "units"),
    [
        pytest.param(2, 50_000, 2, Bucket.ALLOWANCE, 2, id="the allowance first: it lapses"),
        pytest.param(1, 50_000, 2, Bucket.BALANCE, 1600, id="one part left, two needed: all from the balance"),
        pytest.param(0, 800, 1, Bucket.BALANCE, 800, id="to the last unit"),
        pytest.param(1, 0, 1, Bucket.ALLOWANCE, 1, id="to the last part"),
    ],
)
def test_a_message_is_paid_whole_from_one_bucket(
    allowance: int, balance: int, parts: int, bucket: Bucket, units: int
) -> None:
    verdict, after = admit(a_notification(), a_quote(parts), replace(RICH, allowance=allowance, balance=balance))
    assert (verdict.bucket, verdict.units) == (bucket, units)
    left = (after.allowance, after.balance)
    assert left == ((allowance - units, balance) if bucket is Bucket.ALLOWANCE else (allowance, balance - units))
    assert after.told_today == 1


def test_a_balance_in_another_currency_pays_nothing() -> None:
    dear = Quote(channel=a_quote().channel, provider="phone", parts=9, price=Money(minor=1, currency="SEK"))
    verdict, _ = admit(a_notification(), dear, RICH)
    assert verdict.reason is Reason.NO_CREDIT
