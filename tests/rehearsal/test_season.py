"""Past mail passes the engine's own gates, by its own clock."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.account import Account, Contact
from engine.channels.tariff import Line, Tariff
from engine.document import read
from engine.event import MailArrived
from engine.money import Money
from engine.notification import Channel
from engine.reason import Reason
from engine.rehearsal.narrow import Narrow
from engine.rehearsal.rehearse import Company
from engine.rehearsal.season import Row, Season
from engine.rules.book import Book, Books
from engine.rules.evaluate import evaluate
from engine.rules.load import RuleFolder, load
from engine.rules.ruleset import Ruleset
from tests.builders import NOW, a_mail, an_account
from tests.rules.samples import rules

TARIFF = Tariff("EUR", [Line("+32", Money.parse("0.08", "EUR"), {"phone": 1})])
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LOOSE = "dedupe: off, throttle: off, quiet_hours: off, daily: off"


def season(ruleset: Ruleset, account: Account | None = None) -> Season:
    """Anna's past, not begun."""
    owner = account or an_account(signature="")
    return Season(Company({"anna": owner}, ruleset, TARIFF, {"phone": (Channel.SMS,)}))


def one(limits: str, account: Account | None = None) -> Season:
    """One rule with these limits."""
    text = f"rules: [{{name: Boss, when: {{subject: spoed}}, notify: {{}}, limits: {{{limits}}}}}]"
    return season(rules(text), account)


def mails(many: int, every: timedelta, start: datetime = NOW, **other: object) -> list[MailArrived]:
    """So many mails in a row, each of its own."""
    return [
        a_mail(uid=n, subject=f"Spoed {n}", message_id=f"<{n}>", **{**other, "arrived_at": start + n * every})
        for n in range(many)
    ]


def passed(through: Season, events: list[MailArrived]) -> Row:
    """The row of the rule once all these mails are through."""
    for event in events:
        through.add(event)
    through.end()
    return through.rows["anna", "boss"]


def test_without_limits_every_match_is_a_message_with_its_price() -> None:
    row = passed(one(LOOSE), [*mails(3, HOUR), a_mail(uid=9, subject="dull", arrived_at=NOW + DAY)])
    assert (row.matches, row.messages, row.parts, row.cost) == (3, 3, 3, 2400)


def test_the_same_mail_is_told_once_in_a_period() -> None:
    same = [each.model_copy(update={"message_id": "<same>"}) for each in mails(20, DAY)]
    row = passed(one("throttle: off, daily: off"), same)
    assert (row.matches, row.messages) == (20, 3)
    assert row.refused == {Reason.DUPLICATE: 17}


def test_beyond_a_throttle_one_digest_tells_the_rest() -> None:
    row = passed(one("throttle: {max: 3, per: 1h}, daily: off"), mails(10, MINUTE))
    assert (row.matches, row.messages, row.digests, row.collected) == (10, 4, 1, 7)


def test_what_a_throttle_drops_is_counted() -> None:
    row = passed(one("throttle: {max: 3, per: 1h, then: drop}, daily: off"), mails(10, MINUTE))
    assert (row.messages, row.refused) == (3, {Reason.THROTTLED: 7})


def test_a_storm_is_the_cap_and_one_digest_a_day() -> None:
    row = passed(one("throttle: off, daily: 5"), mails(1000, timedelta(seconds=1)))
    assert (row.messages, row.digests, row.collected) == (7, 2, 995)
    # the first is told ten minutes into the storm, what came after it when the day is over
    assert passed(one("throttle: off, daily: 5"), mails(60, timedelta(seconds=1))).messages == 6


def test_the_daily_cap_of_an_account_has_a_row_of_its_own() -> None:
    account = an_account(cap=2, signature="")
    through = one("throttle: off, daily: off", account)
    row = passed(through, mails(10, MINUTE))
    assert (row.messages, row.collected) == (2, 8)
    assert through.rows["anna", ""].digests == 1


def test_the_next_day_counts_anew() -> None:
    account = an_account(cap=2, signature="")
    through = one(LOOSE, account)
    assert passed(through, [*mails(4, MINUTE), *mails(4, MINUTE, NOW + DAY)]).messages == 4
    assert through.rows["anna", ""].digests == 2


def test_quiet_hours_hold_until_they_end_and_drop_what_is_worthless_by_then() -> None:
    night = NOW.replace(hour=22)
    row = passed(one("quiet_hours: {between: '22:00-07:00'}, throttle: off"), mails(2, HOUR, night))
    assert (row.held, row.messages) == (2, 2)
    brief = "{name: Boss, when: {subject: spoed}, notify: {expires_after: 2h}, limits: {quiet_hours: {between: %s}}}"
    row = passed(season(rules(f"rules: [{brief % '22:00-07:00'}]")), mails(2, HOUR, night))
    assert (row.held, row.messages, row.refused) == (2, 0, {Reason.EXPIRED: 2})


@pytest.mark.parametrize(("agreed", "reason"), [("by phone", None), ("", Reason.NO_CONSENT)])
def test_who_has_not_agreed_is_not_told(agreed: str, reason: Reason | None) -> None:
    bert = Contact(id="bert", numbers=("+32470000002",), agreed=agreed)
    text = f"version: 1\nrules: [{{name: Boss, when: {{subject: spoed}}, notify: {{to: bert}}, limits: {{{LOOSE}}}}}]"
    folder = RuleFolder("anna", "anna", [read(text, "anna.yaml")])
    ruleset, problems = load([folder], ["anna"], books=Books(Book(contacts={"bert": bert})))
    assert problems == []
    assert passed(season(ruleset), mails(1, HOUR)).refused == ({reason: 1} if reason else {})


def test_a_number_without_a_tariff_is_a_reason() -> None:
    account = an_account(numbers=("+31612345678",), signature="")
    assert passed(one(LOOSE, account), mails(2, HOUR)).refused == {Reason.NO_ROUTE: 2}


def test_what_nobody_can_ask_for_any_more_is_forgotten() -> None:
    through = one("throttle: {max: 3, per: 1h}, dedupe: {for: 2d}, daily: off")
    for event in mails(300, DAY):
        through.add(event)
    assert len(through._memory["anna"].told) < 10


def test_a_mail_that_is_older_than_the_one_before_is_taken_for_as_old() -> None:
    row = passed(one(LOOSE), [*mails(1, HOUR, NOW + DAY), *mails(1, HOUR, NOW)])
    assert row.messages == 2


SUBJECTS = st.lists(st.sampled_from(["spoed", "spoed b", "stop", "b", "final"]), min_size=1, max_size=4).map(" ".join)
MANY = rules(
    """rules:
  - {name: A, when: {subject: spoed}, notify: {}}
  - {name: S, when: {subject: stop}, stop: true}
  - {name: B, when: {subject: b}, accept: list, notify: {}}
""",
    glob="""rules:
  - {name: F, when: {subject: final}, notify: {}, final: true}
  - {name: T, when: {title: b}, notify: {}}
""",
)


@settings(max_examples=200)
@given(SUBJECTS, st.booleans())
def test_the_part_that_holds_decides_like_the_whole(subject: str, listed: bool) -> None:
    anna = an_account()
    mail = a_mail(subject=subject, headers=(("List-Id", "<x>"),) if listed else ())
    whole = evaluate(mail, anna, MANY, NOW)
    part = evaluate(mail, anna, Narrow(MANY).of(mail, anna), NOW)
    assert part.notifications == whole.notifications
    assert [each for each in part.answers if each.reason is Reason.MATCHED] == [
        each for each in whole.answers if each.reason is Reason.MATCHED
    ]


@pytest.mark.parametrize("many", [1, 150, 400])
def test_few_rules_and_many_are_asked_alike(many: int) -> None:
    text = "".join(f"  - {{name: R{n}, when: {{subject: 'word{n} '}}, notify: {{}}}}\n" for n in range(many))
    through = season(rules(f"rules:\n{text}"))
    through.add(a_mail(subject=f"word0 word{many - 1} x"))
    assert {row.rule for row in through.rows.values() if row.matches} == {"r0", f"r{many - 1}"}
