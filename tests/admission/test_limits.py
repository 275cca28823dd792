"""The gates against too much, each at its edges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.admission.admit import GATES, admit, admit_digest
from engine.admission.gather import due_at
from engine.admission.later import Collect, Hold
from engine.admission.standing import Bucket, Standing
from engine.admission.storm import SOON
from engine.admission.told import dedupe_key, throttle_key
from engine.digest import DigestKey
from engine.money import Money
from engine.notification import Channel, Dedupe, Digest, Limits, Notification, Road, Throttle
from engine.quiet import QuietHours
from engine.reason import Reason
from tests.builders import NOW, PHONE, a_notification, a_quote

HOUR = timedelta(hours=1)
RICH = Standing(
    account="anna",
    currency="EUR",
    consents=frozenset({PHONE}),
    daily_cap=10,
    allowance=1000,
    zone="Europe/Brussels",
    now=NOW,
)
ONE = DigestKey("anna", "boss", "sms", "me")
RULE = DigestKey("anna", "boss", "", "me")
ALL = DigestKey("", "", "", "me")
MIDNIGHT = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)


def _told(**limits: Any) -> Notification:
    return a_notification(limits=Limits(**limits))


def _ago(*minutes: float) -> tuple[datetime, ...]:
    return tuple(NOW - timedelta(minutes=each) for each in minutes)


SAME = _told(dedupe=Dedupe(key="<1@x>", for_=HOUR))
FEW = _told(throttle=Throttle(max=2, per=HOUR))
DROP = _told(throttle=Throttle(max=2, per=HOUR, then="drop"))
GATHERED = _told(digest=Digest(every=HOUR, max_items=7))
CAPPED = _told(daily=3)


def _known(told: Notification, moments: tuple[datetime, ...]) -> Standing:
    key = dedupe_key(told) if told.limits.dedupe else throttle_key(told)
    return replace(RICH, told={key: moments} if key else {})


@pytest.mark.parametrize(
    ("told", "standing", "answer"),
    [
        pytest.param(SAME, RICH, None, id="dedupe: never told"),
        pytest.param(SAME, _known(SAME, _ago(59)), Reason.DUPLICATE, id="dedupe: told before"),
        pytest.param(SAME, _known(SAME, _ago(60)), None, id="dedupe: its period is over"),
        pytest.param(SAME, _known(SAME, _ago(90, 59)), Reason.DUPLICATE, id="dedupe: the last time counts"),
        pytest.param(_told(dedupe=Dedupe(key="other", for_=HOUR)), _known(SAME, _ago(1)), None, id="dedupe: another"),
        pytest.param(FEW, _known(FEW, _ago(59)), None, id="throttle: room for one"),
        pytest.param(
            FEW,
            _known(FEW, _ago(59, 1)),
            Collect(Reason.THROTTLED, ONE, NOW + timedelta(minutes=1)),
            id="throttle: told when there is room again",
        ),
        pytest.param(FEW, _known(FEW, _ago(60, 1)), None, id="throttle: the window has slid"),
        pytest.param(
            FEW,
            _known(FEW, _ago(100, 59.9, 59)),
            Collect(Reason.THROTTLED, ONE, NOW + timedelta(seconds=6)),
            id="throttle: the last ones count",
        ),
        pytest.param(DROP, _known(DROP, _ago(2, 1)), Reason.THROTTLED, id="throttle: drop"),
        pytest.param(
            GATHERED, RICH, Collect(Reason.DIGEST, ONE, NOW + HOUR, 7), id="digest: everything, for its period"
        ),
        pytest.param(CAPPED, replace(RICH, by_rule={("anna", "boss"): 2}), None, id="rule cap: the last of the day"),
        pytest.param(
            CAPPED,
            replace(RICH, by_rule={("anna", "boss"): 3}),
            Collect(Reason.RULE_CAP, RULE, NOW + SOON),
            id="rule cap: soon, the first time",
        ),
        pytest.param(
            CAPPED,
            replace(RICH, by_rule={("anna", "boss"): 3}, summed_up=frozenset({RULE})),
            Collect(Reason.RULE_CAP, RULE, MIDNIGHT),
            id="rule cap: after that when the day is over",
        ),
        pytest.param(CAPPED, replace(RICH, by_rule={("global", "boss"): 3}), None, id="rule cap: another's rule"),
        pytest.param(_told(daily=0), RICH, Reason.RULE_CAP, id="rule cap: of nothing"),
        pytest.param(_told(), replace(RICH, told_today=9), None, id="account cap: the last of the day"),
        pytest.param(
            _told(),
            replace(RICH, told_today=10),
            Collect(Reason.DAILY_CAP, ALL, NOW + SOON),
            id="account cap: one digest for all rules",
        ),
        pytest.param(
            _told(),
            replace(RICH, told_today=10, now=MIDNIGHT - timedelta(minutes=1)),
            Collect(Reason.DAILY_CAP, ALL, MIDNIGHT),
            id="account cap: not into the next day",
        ),
        pytest.param(_told(), replace(RICH, daily_cap=0), Reason.DAILY_CAP, id="account cap: of nothing"),
    ],
)
def test_a_gate_says_no_not_now_or_not_alone(told: Notification, standing: Standing, answer: object) -> None:
    said = [each for gate in GATES if (each := gate(told, a_quote(), standing)) is not None]
    assert said == ([] if answer is None else [answer])


NIGHT = QuietHours(start="11:00", end="12:00")
EVERYTHING = a_notification(
    limits=Limits(
        quiet_hours=NIGHT,
        dedupe=Dedupe(key="k", for_=HOUR),
        throttle=Throttle(max=1, per=HOUR),
        digest=Digest(every=HOUR),
        daily=1,
    )
)
WORST = replace(
    RICH,
    frozen=True,
    consents=frozenset(),
    told={key: _ago(1) for key in (dedupe_key(EVERYTHING), throttle_key(EVERYTHING)) if key},
    by_rule={("anna", "boss"): 1},
    told_today=10,
    allowance=0,
)
#: What is wrong is put right one by one: the reason that comes out next.
ORDER = [
    ({"frozen": False}, {}, Reason.ACCOUNT_FROZEN),
    ({"consents": RICH.consents}, {}, Reason.NO_CONSENT),
    ({}, {"quiet_hours": None}, Reason.QUIET_HOURS),
    ({}, {"dedupe": None}, Reason.DUPLICATE),
    ({}, {"throttle": None}, Reason.THROTTLED),
    ({}, {"digest": None}, Reason.DIGEST),
    ({}, {"daily": None}, Reason.RULE_CAP),
    ({"told_today": 0}, {}, Reason.DAILY_CAP),
    ({"allowance": 1}, {}, Reason.NO_CREDIT),
]


def test_the_order_of_the_gates_is_a_promise() -> None:
    standing, told = WORST, EVERYTHING
    for better, lifted, reason in ORDER:
        assert admit(told, a_quote(), standing)[0].reason is reason
        standing = replace(standing, **better)  # type: ignore[arg-type]
        told = told.model_copy(update={"limits": told.limits.model_copy(update=lifted)})
    assert admit(told, a_quote(), standing)[0].reason is Reason.ADMITTED


def test_what_is_told_counts_and_what_waits_or_is_refused_does_not() -> None:
    told = a_notification(
        limits=Limits(dedupe=Dedupe(key="k", for_=HOUR), throttle=Throttle(max=1, per=HOUR), daily=5)
    )
    poor = replace(RICH, allowance=0)
    assert admit(told, a_quote(), poor) == (admit(told, a_quote(), poor)[0], poor)
    _, after = admit(told, a_quote(), RICH)
    assert (after.told_today, after.by_rule, after.allowance) == (1, {("anna", "boss"): 1}, 999)
    assert admit(told, a_quote(), after)[0].reason is Reason.DUPLICATE
    other = told.model_copy(update={"limits": told.limits.model_copy(update={"dedupe": Dedupe(key="o", for_=HOUR)})})
    verdict, collected = admit(other, a_quote(), after)
    assert (verdict.reason, collected.told_today, collected.allowance) == (Reason.THROTTLED, 1, 999)
    assert admit(other, a_quote(), collected)[0].reason is Reason.DUPLICATE, "the digest will tell it"
    held = told.model_copy(update={"limits": told.limits.model_copy(update={"quiet_hours": NIGHT})})
    verdict, same = admit(held, a_quote(), RICH)
    assert isinstance(verdict.later, Hold)
    assert same == RICH


def test_a_digest_passes_consent_and_credit_but_no_cap() -> None:
    full = replace(RICH, told_today=10)
    verdict, after = admit_digest(EVERYTHING, a_quote(), full)
    assert (verdict.reason, after.told_today, after.allowance) == (Reason.ADMITTED, 10, 999)
    assert admit_digest(EVERYTHING, a_quote(), replace(full, consents=frozenset()))[0].reason is Reason.NO_CONSENT
    assert admit_digest(EVERYTHING, a_quote(), replace(full, frozen=True))[0].reason is Reason.ACCOUNT_FROZEN
    assert admit_digest(EVERYTHING, a_quote(), replace(full, allowance=0))[0].reason is Reason.NO_CREDIT


def test_a_mail_that_costs_nothing_needs_no_bucket_and_a_fax_no_part_of_the_plan() -> None:
    mail = Road(channel=Channel.EMAIL, address="anna@example.org", text="x")
    free = a_quote(price=Money(minor=0, currency="EUR")).model_copy(update={"channel": Channel.EMAIL, "road": mail})
    agreed = replace(RICH, allowance=0, consents=frozenset({mail.address}))
    verdict, after = admit(a_notification(), free, agreed)
    assert (verdict.reason, verdict.bucket, verdict.units) == (Reason.ADMITTED, None, 0)
    assert (after.allowance, after.balance, after.told_today) == (0, 0, 1)
    assert admit(a_notification(), free, RICH)[0].reason is Reason.NO_CONSENT, "it goes to the road's address"
    fax = a_quote().model_copy(update={"channel": Channel.FAX})
    assert admit(a_notification(), fax, RICH)[0].reason is Reason.NO_CREDIT
    assert admit(a_notification(), fax, replace(RICH, balance=800))[0].bucket is Bucket.BALANCE


@pytest.mark.parametrize(
    ("wish", "now", "due"),
    [
        pytest.param({"every": HOUR}, "2026-11-21 10:04", "2026-11-21 11:04", id="a period after the first"),
        pytest.param({"at": ("08:30",)}, "2026-11-21 07:29", "2026-11-21 07:30", id="today"),
        pytest.param({"at": ("08:30",)}, "2026-11-21 07:30", "2026-11-22 07:30", id="tomorrow: it is told already"),
        pytest.param({"at": ("18:00", "08:30")}, "2026-11-21 10:00", "2026-11-21 17:00", id="the next of several"),
        pytest.param({"at": ("08:30",), "days": (0,)}, "2026-11-21 10:00", "2026-11-23 07:30", id="on Monday"),
        pytest.param({"at": ("08:30",), "days": (5,)}, "2026-11-21 10:00", "2026-11-28 07:30", id="in a week"),
        pytest.param({"at": ("02:30",)}, "2026-03-28 23:00", "2026-03-29 01:00", id="a time that spring leaves out"),
        pytest.param({"at": ("02:30",)}, "2026-10-24 23:00", "2026-10-25 00:30", id="a time that autumn shows twice"),
        pytest.param({"at": ("02:30",)}, "2026-10-25 00:30", "2026-10-26 01:30", id="which is told once"),
        pytest.param({}, "2026-11-21 10:04", "2026-11-21 11:04", id="without any time: an hour"),
    ],
)
def test_a_digest_is_due_at_its_times(wish: dict[str, Any], now: str, due: str) -> None:
    moment, expected = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (now, due))
    assert due_at(Digest(**wish), "Europe/Brussels", moment) == expected
