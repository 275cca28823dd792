"""Who is told what by which road: recipients, texts that fit, languages, zones, and the limits that travel along."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.account import Account, Contact
from engine.decision import Decision
from engine.document import read
from engine.event import MailArrived
from engine.notification import Channel, Digest, Lane, Notification, Road, Throttle
from engine.quiet import QuietHours
from engine.reason import Reason
from engine.rules.book import Book, Books
from engine.rules.evaluate import evaluate
from engine.rules.load import RuleFolder, load
from engine.segments import count
from tests.builders import NOW, PHONE, a_mail, an_account

NIGHT = QuietHours(start="22:00", end="07:00")
ANNA = an_account(signature="Tocsin", email="anna@home.example", language="en")
BERT = Contact(id="bert", numbers=("+32470000002",), email="bert@x.example", language="nl", zone="Asia/Tokyo")
CARA = Contact(id="cara", email="cara@x.example", fax="+3222222222", quiet_hours=NIGHT)
DAAN = Contact(id="daan")
TWIN = Contact(id="twin", numbers=(PHONE,))
BOOK = Book(
    contacts={each.id: each for each in (BERT, CARA, DAAN, TWIN)},
    groups={"all": ("bert", "cara"), "lost": ("daan",)},
    templates={"hello": {"en": "Hello {subject}", "nl": "Dag {subject}"}, "one": {"": "One {subject}"}},
)


def tell(
    notify: str,
    limits: str = "{}",
    mail: MailArrived | None = None,
    account: Account = ANNA,
    when: str = "{from: '*'}",
) -> tuple[Notification, ...]:
    """What one rule tells."""
    return decide(notify, limits, mail, account, when).notifications


def decide(
    notify: str,
    limits: str = "{}",
    mail: MailArrived | None = None,
    account: Account = ANNA,
    when: str = "{from: '*'}",
) -> Decision:
    """What one rule says."""
    text = f"version: 1\nrules:\n  - name: Boss\n    when: {when}\n    notify: {notify}\n    limits: {limits}\n"
    folder = RuleFolder("anna", "rules/anna", [read(text, "a.yaml")])
    ruleset, problems = load([folder], ["anna"], "v", books=Books(BOOK))
    assert [problem for problem in problems if problem.severity == "error"] == []
    return evaluate(mail or a_mail(), account, ruleset, NOW)


@pytest.mark.parametrize(
    ("to", "channels", "told"),
    [
        ("me", "sms", [("me", Channel.SMS, PHONE)]),
        ("bert", "sms", [("bert", Channel.SMS, "+32470000002")]),
        ("[me, bert, me]", "sms", [("me", Channel.SMS, PHONE), ("bert", Channel.SMS, "+32470000002")]),
        ("[bert, 'group:all']", "[sms, email]", [
            ("bert", Channel.SMS, "+32470000002"),
            ("cara", Channel.EMAIL, "cara@x.example"),
        ]),
        ("'group:all'", "[email, sms]", [
            ("bert", Channel.EMAIL, "bert@x.example"),
            ("cara", Channel.EMAIL, "cara@x.example"),
        ]),
        ("cara", "[sms, fax, email]", [("cara", Channel.FAX, "+3222222222")]),
        ("[me, twin]", "sms", [("me", Channel.SMS, PHONE)]),
        ("[daan, me]", "sms", [("me", Channel.SMS, PHONE)]),
    ],
    ids=["me", "a contact", "each once", "a group", "the first road", "by fax", "one phone of two", "one unreached"],
)  # fmt: skip
def test_each_recipient_is_told_once_by_the_first_road_that_reaches_them(
    to: str, channels: str, told: list[tuple[str, Channel, str]]
) -> None:
    found = tell(f"{{to: {to}, channels: {channels}}}")
    assert [(each.recipient, each.channel, each.address) for each in found] == told
    assert len({each.id for each in found}) == len(found)


def test_the_other_roads_follow_in_order() -> None:
    [told] = tell("{to: bert, channels: [sms, fax, email], text: hi}")
    assert told.otherwise == (Road(channel=Channel.EMAIL, address="bert@x.example", text="hi\nTocsin"),)


def test_nobody_reached_is_a_reason_and_each_of_them_stands_in_the_answer() -> None:
    decision = decide("{to: [daan, cara]}")
    assert (decision.reason, decision.notifications) == (Reason.NO_NUMBER, ())
    assert [each.condition for each in decision.answers[0].evidence if not each.holds] == ["to daan", "to cara"]


@pytest.mark.parametrize(
    ("to", "template", "text"),
    [
        ("me", "hello", "Hello Spoed: server down"),
        ("bert", "hello", "Dag Spoed: server down"),
        ("cara", "hello", "Hello Spoed: server down"),
        ("bert", "one", "One Spoed: server down"),
    ],
)
def test_a_template_is_written_in_the_receivers_language(to: str, template: str, text: str) -> None:
    [told] = tell(f"{{to: {to}, template: {template}, signature: off, channels: [sms, email]}}")
    assert told.text == text


def test_a_reader_of_a_language_that_nobody_wrote_gets_english() -> None:
    french = ANNA.model_copy(update={"language": "fr"})
    assert tell("{to: me, template: hello, signature: off}", account=french)[0].text.startswith("Hello")


def test_times_are_written_by_the_receivers_clock() -> None:
    here, there = tell("{to: [me, bert], text: '{received|HH:mm}', signature: off}")
    assert (here.text, there.text) == ("11:04", "19:04")
    assert (here.zone, there.zone, there.language) == ("Europe/Brussels", "Asia/Tokyo", "nl")


@pytest.mark.parametrize(
    ("setting", "account", "text"),
    [
        ("", "Tocsin", "hi\nTocsin"),
        ("", "", "hi"),
        (", signature: off", "Tocsin", "hi"),
        (", signature: Anna", "Tocsin", "hi\nAnna"),
    ],
)
def test_a_signature_stands_at_the_end_unless_it_is_off(setting: str, account: str, text: str) -> None:
    who = ANNA.model_copy(update={"signature": account})
    assert tell(f"{{text: hi{setting}}}", account=who)[0].text == text


@pytest.mark.parametrize("signature", ["Tocsin", "Ünïcødé 会議", "😀" * 15, "off"])
@pytest.mark.parametrize("length", [10, 152, 153, 154, 160, 161, 400, 5_000])
@pytest.mark.parametrize("parts", [1, 3])
def test_text_and_signature_fit_together(signature: str, length: int, parts: int) -> None:
    mail = a_mail(subject="x" * length)
    [told] = tell(f"{{text: '{{subject}}', signature: '{signature}', max_parts: {parts}}}", mail=mail)
    assert count(told.text).parts <= parts
    assert signature == "off" or told.text.endswith(signature)


LONG = a_mail(subject="x" * 400)


@pytest.mark.parametrize(
    ("beyond", "channel", "parts", "cut", "most"),
    [
        ("truncate", Channel.SMS, 1, True, 1),
        ("split", Channel.SMS, 3, False, 10),
        ("refuse", Channel.SMS, 3, False, 1),
        ("email", Channel.EMAIL, 3, False, 1),
    ],
)
def test_what_is_too_long_goes_as_the_rule_says(
    beyond: str, channel: Channel, parts: int, cut: bool, most: int
) -> None:
    [told] = tell(f"{{text: '{{subject}}', beyond: {beyond}}}", mail=LONG)
    assert (told.channel, count(told.text).parts, "..." in told.text, told.max_parts) == (channel, parts, cut, most)


def test_a_long_text_by_email_has_the_short_one_to_fall_back_on() -> None:
    [told] = tell("{text: '{subject}', beyond: email}", mail=LONG)
    assert [(road.channel, count(road.text).parts) for road in told.otherwise] == [(Channel.SMS, 1)]
    [short] = tell("{text: hi, beyond: email}")
    assert (short.channel, short.otherwise) == (Channel.SMS, ())


def test_who_has_no_address_gets_the_beginning_of_a_long_text() -> None:
    nobody = ANNA.model_copy(update={"email": ""})
    [told] = tell("{text: '{subject}', beyond: email}", mail=LONG, account=nobody)
    assert (told.channel, told.text.endswith("...\nTocsin")) == (Channel.SMS, True)


def test_a_rule_has_limits_without_being_asked() -> None:
    [told] = tell("{}", mail=a_mail(message_id="<1@x>"))
    assert told.limits.dedupe is not None
    assert told.limits.dedupe.for_ == timedelta(days=7)
    assert told.limits.throttle == Throttle(max=10, per=timedelta(hours=1), then="digest")
    assert (told.limits.daily, told.limits.digest, told.limits.quiet_hours) == (20, None, None)


def test_each_limit_can_be_switched_off() -> None:
    limits = "{dedupe: off, throttle: off, daily: off, quiet_hours: off, digest: off}"
    account = ANNA.model_copy(update={"quiet_hours": NIGHT})
    [told] = tell("{}", limits, mail=a_mail(message_id="<1@x>"), account=account)
    assert told.limits.model_dump(exclude_none=True) == {}


def test_a_mail_without_an_id_is_not_the_same_as_another_without_one() -> None:
    assert tell("{}", mail=a_mail(message_id=""))[0].limits.dedupe is None


@pytest.mark.parametrize(
    ("by", "other", "same"),
    [
        ("message_id", {"subject": "else"}, True),
        ("message_id", {"message_id": "<2@x>"}, False),
        ("subject", {"message_id": "<2@x>", "subject": "SPOED: server down"}, True),
        ("[subject, from]", {"subject": "else"}, False),
        ("[subject, from]", {"message_id": "<2@x>"}, True),
        ("text", {"message_id": "<2@x>"}, True),
        ("text", {"subject": "else"}, False),
    ],
)
def test_what_counts_as_the_same_is_told_by_the_chosen_fields(by: str, other: dict[str, str], same: bool) -> None:
    mail = a_mail(message_id="<1@x>")
    keys = [
        tell("{}", f"{{dedupe: {{by: {by}, for: 1h}}}}", mail=each)[0].limits.dedupe
        for each in (mail, mail.model_copy(update=other))
    ]
    assert None not in keys
    assert (keys[0] == keys[1]) == same


def test_two_people_are_told_the_same_once_each() -> None:
    keys = [each.limits.dedupe for each in tell("{to: [me, bert]}", mail=a_mail(message_id="<1@x>"))]
    assert len({each.key for each in keys if each}) == 2


@pytest.mark.parametrize(
    ("to", "limits", "hours"),
    [
        ("me", "{}", QuietHours(start="23:00", end="06:00")),
        ("cara", "{}", NIGHT),
        ("bert", "{}", QuietHours(start="23:00", end="06:00")),
        ("cara", "{quiet_hours: off}", None),
        ("cara", "{quiet_hours: {between: '12:00-13:00', then: drop}}",
         QuietHours(start="12:00", end="13:00", then="drop")),
        ("cara", "{quiet_hours: {then: drop}}", QuietHours(start="22:00", end="07:00", then="drop")),
    ],
    ids=["the account's", "the contact's", "a contact without", "off", "the rule's", "what happens then"],
)  # fmt: skip
def test_quiet_hours_are_the_rules_or_the_receivers_or_the_accounts(
    to: str, limits: str, hours: QuietHours | None
) -> None:
    account = ANNA.model_copy(update={"quiet_hours": QuietHours(start="23:00", end="06:00")})
    [told] = tell(f"{{to: {to}, channels: [sms, email]}}", limits, account=account)
    assert told.limits.quiet_hours == hours


@pytest.mark.parametrize(
    ("exception", "lane", "quiet"),
    [
        ("urgent", 1, False),
        ("urgent", 2, True),
        ("{subject: server}", 2, False),
        ("{subject: lunch}", 1, True),
    ],
)
def test_what_an_exception_meets_is_told_in_quiet_hours_too(exception: str, lane: int, quiet: bool) -> None:
    [told] = tell(f"{{lane: {lane}}}", f"{{quiet_hours: {{between: '22:00-07:00', except: {exception}}}}}")
    assert (told.limits.quiet_hours is not None) == quiet
    assert told.lane is Lane(lane)


def test_quiet_hours_that_go_by_email_have_a_road_to_go_by() -> None:
    [told] = tell("{to: [bert]}", "{quiet_hours: {between: '22:00-07:00', then: email}}")
    assert [road.channel for road in told.otherwise] == [Channel.EMAIL]


@pytest.mark.parametrize(
    ("written", "digest"),
    [
        ("{every: 1h}", Digest(every=timedelta(hours=1))),
        ("{every: day}", Digest(at=("08:00",))),
        ("{at: ['18:00', '8:30'], max_items: 5}", Digest(at=("08:30", "18:00"), max_items=5)),
        ("{every: week}", Digest(at=("08:00",), days=(0,))),
        ("{every: week, on: fri, at: '17:00'}", Digest(at=("17:00",), days=(4,))),
        ("{at: '08:30', on: mon-fri}", Digest(at=("08:30",), days=(0, 1, 2, 3, 4))),
    ],
)
def test_a_digest_is_told_after_a_time_or_at_times(written: str, digest: Digest) -> None:
    assert tell("{}", f"{{digest: {written}}}")[0].limits.digest == digest


def test_a_digest_knows_what_each_was_about() -> None:
    assert (
        tell("{text: hi}", mail=a_mail(subject="Disk\nfull " + "x" * 80))[0].title == ("Disk full " + "x" * 80)[:60]
    )
    assert tell("{text: hi}", mail=a_mail(subject=""))[0].title == "The Boss <boss@acme.example>"


BY_A_MACHINE = a_mail(headers=(("Auto-Submitted", "auto-replied"),))
FROM_A_LIST = a_mail(headers=(("List-Id", "<news.acme.example>"),))
OUR_OWN = a_mail(headers=(("X-Tocsin-Id", "1"),))


@pytest.mark.parametrize(
    ("mail", "when", "accept", "told"),
    [
        (a_mail(), "{from: '*'}", "", True),
        (BY_A_MACHINE, "{from: '*'}", "", False),
        (BY_A_MACHINE, "{from: '*'}", "accept: automatic", True),
        (BY_A_MACHINE, "{from: '*'}", "accept: [list, bounce]", False),
        (FROM_A_LIST, "{from: '*'}", "", False),
        (FROM_A_LIST, "{list_id: news.acme.example}", "", True),
        (OUR_OWN, "{from: '*'}", "accept: [automatic, list, bounce]", False),
    ],
    ids=["by hand", "a machine", "accepted", "another accepted", "a list", "a list by its id", "our own"],
)
def test_mail_by_machines_triggers_nothing_unless_the_rule_accepts_it(
    mail: MailArrived, when: str, accept: str, told: bool
) -> None:
    text = f"version: 1\nrules:\n  - name: Boss\n    when: {when}\n    notify: {{}}\n    {accept}\n"
    ruleset, problems = load([RuleFolder("anna", "a", [read(text, "a.yaml")])], ["anna"])
    assert problems == []
    decision = evaluate(mail, ANNA, ruleset, NOW)
    assert (decision.reason is Reason.MATCHED) == told
    assert told or [answer.reason for answer in decision.answers] == [Reason.AUTOMATIC]
    assert told or decision.answers[0].evidence[-1].condition.startswith("accept ")


def test_a_rule_that_only_stops_holds_for_machines_too() -> None:
    text = "version: 1\nrules:\n  - {name: No, when: {from: '*'}, stop: true}\n"
    text += "  - {name: Boss, when: {from: '*'}, notify: {}}\n"
    ruleset, _ = load([RuleFolder("anna", "a", [read(text, "a.yaml")])], ["anna"])
    answers = evaluate(BY_A_MACHINE, ANNA, ruleset, NOW).answers
    assert [answer.reason for answer in answers] == [Reason.MATCHED, Reason.STOPPED]


def test_a_late_mail_says_so_by_the_receivers_clock() -> None:
    mail = a_mail(late="say so", arrived_at=datetime(2026, 11, 21, 10, 4, tzinfo=UTC))
    assert tell("{to: bert, text: hi, signature: off}", mail=mail)[0].text == "(laat, 19:04) hi"
