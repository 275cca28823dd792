"""Every field and every operator of a condition: what it finds, what it does not, and what the evidence says."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.account import Contact
from engine.decision import Evidence
from engine.event import Address, Attachment, Event, Incident, MailArrived, OccasionDue, What
from engine.rules.book import Book
from engine.rules.when.compile import about
from engine.rules.when.conditions import Condition
from engine.rules.when.match import holds
from engine.rules.when.predicate import All, Not
from engine.rules.when.predicate import Any as Either
from engine.rules.when.view import View
from engine.rules.when.window import Window
from tests.builders import NOW, a_mail, an_account
from tests.rules.asking import ask, read_when, tree_of

PEOPLE = (Address(name="Jan Peeters", address="jan@sales.acme.example"), Address(address="info@other.example"))
MAIL: dict[str, Any] = {
    "sender": Address(name="Müller, Bank", address="alerts@mail.bank.example"),
    "to": PEOPLE,
    "cc": (Address(name="Els", address="els@acme.example"),),
    "reply_to": (Address(address="noreply@bank.example"),),
    "delivered_to": (Address(address="anna+bank@example.org"),),
    "subject": "FRAUDE: Straße gesperrt",
    "text": "Beste Anna,\nuw kaart is GEBLOKKEERD.\nGroeten, Übersicht",
    "headers": (
        ("X-Alert-Level", "High"),
        ("x-tag", "red"),
        ("X-Tag", "Blue sky"),
        ("X-Empty", ""),
        ("List-Id", "The announcements <announce.lists.example>"),
        ("X-Priority", "1 (Highest)"),
    ),
    "size": 6_200_000,
    "attachments": (
        Attachment(name="Factuur 7.PDF", media_type="application/pdf", size=80_000, section="2"),
        Attachment(name="foto.jpg", media_type="image/jpeg", size=6_000_000, section="3"),
    ),
    "arrived_at": datetime(2026, 11, 20, 22, 30, tzinfo=UTC),  # Friday 23:30 in Brussels
}
OCCASION = OccasionDue(
    account="anna",
    feed="work",
    uid="1",
    starts_at=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),  # Monday 09:00 in Brussels
    alarm="x",
    due_at=NOW,
    title="Tandarts Janssens",
    location="Grote Markt 1, Brüssel",
    organiser=Address(name="Els", address="els@acme.example"),
    attendees=PEOPLE,
    categories=("Health", "Red"),
    status="tentative",
)
BOOK = Book(
    lists={
        "vip": ("@bank.example", "boss@else.example"),
        "words": ("fraude", "fraud"),
        "levels": ("high", "critical"),
    }
    | {"names": ("*.lists.example",), "nobody": ()},
    windows={
        "office": Window.model_validate({"days": "mon-fri", "between": "08:00-18:00"}),
        "night": Window.model_validate({"between": "22:00-07:00"}),
    },
    contacts={"els": Contact(id="els", email="Els@acme.example"), "bert": Contact(id="bert", email="b@else.example")},
    groups={"accounting": ("els", "gone"), "sales": ("bert",)},
)

#: condition, whether it holds for MAIL
ON_MAILS = [
    ("{from: alerts@mail.bank.example}", True),
    ("{from: Alerts@MAIL.bank.example}", True),
    ("{from: alerts@bank.example}", False),
    ("{from: '@bank.example'}", True),
    ("{from: '@ank.example'}", False),
    ("{from: '*'}", True),
    ("{from: {contains: müller}}", True),
    ("{from: {contains: MÜLLER}}", True),
    ("{from: {contains: muller}}", False),
    ("{from: {starts_with: alerts@}}", True),
    ("{from: {starts_with: lerts}}", False),
    ("{from: {ends_with: bank}}", True),
    ("{from: {ends_with: ban}}", False),
    ("{from: {glob: 'alerts@*.example'}}", True),
    ("{from: {glob: '*.example.org'}}", False),
    ("{from: {matches: '^alerts@(mail|web)\\.'}}", True),
    ("{from: {matches: '^bank'}}", False),
    ("{from: {in: vip}}", True),
    ("{from: {in: [nobody, vip]}}", True),
    ("{from: {in: nobody}}", False),
    ("{from: {in: contacts}}", False),
    ("{from: {exists: true}}", True),
    ("{from: {exists: false}}", False),
    ("{from: {is: '@bank.example', contains: bank}}", True),
    ("{from: {is: '@bank.example', contains: shop}}", False),
    ("{to: jan@sales.acme.example}", True),
    ("{to: '@other.example'}", True),
    ("{to: '@acme.example'}", True),
    ("{to: els@acme.example}", False),
    ("{to: {contains: peeters}}", True),
    ("{to: '*'}", True),
    ("{cc: els@acme.example}", True),
    ("{cc: jan@sales.acme.example}", False),
    ("{cc: {in: contacts}}", True),
    ("{cc: {in: 'group:accounting'}}", True),
    ("{cc: {in: 'group:sales'}}", False),
    ("{any_recipient: els@acme.example}", True),
    ("{any_recipient: info@other.example}", True),
    ("{any_recipient: anna+bank@example.org}", True),
    ("{any_recipient: noreply@bank.example}", False),
    ("{reply_to: '@bank.example'}", True),
    ("{reply_to: '@mail.bank.example'}", False),
    ("{subject: strasse}", True),
    ("{subject: [x, fraude]}", True),
    ("{subject: fraudes}", False),
    ("{subject: {is: 'fraude: STRASSE gesperrt'}}", True),
    ("{subject: {is: fraude}}", False),
    ("{subject: {starts_with: 'Fraude:'}}", True),
    ("{subject: {starts_with: gesperrt}}", False),
    ("{subject: {ends_with: GESPERRT}}", True),
    ("{subject: {ends_with: fraude}}", False),
    ("{subject: {glob: 'fraude*gesp?rrt'}}", True),
    ("{subject: {glob: 'fraude'}}", False),
    ("{subject: {glob: '*.*'}}", False),
    ("{subject: {matches: 'fraude?:'}}", True),
    ("{subject: {matches: '(?-i)fraude'}}", False),
    ("{subject: {matches: '(?-i)FRAUDE'}}", True),
    ("{subject: {matches: strasse}}", False),
    ("{subject: {matches: STRAßE}}", True),
    ("{subject: {in: words}}", True),
    ("{subject: {in: levels}}", False),
    ("{subject: {exists: true}}", True),
    ("{subject: {exists: false}}", False),
    ("{body: geblokkeerd}", True),
    ("{body: übersicht}", True),
    ("{body: fraude}", False),
    ("{body: {starts_with: beste}}", True),
    ("{body: {ends_with: ÜBERSICHT}}", True),
    ("{body: {matches: '(?m)^uw kaart'}}", True),
    ("{body: {matches: '^uw kaart'}}", False),
    ("{body: {glob: '*kaart*'}}", True),
    ("{list_id: announce.lists.example}", True),
    ("{list_id: lists.example}", False),
    ("{list_id: '*.lists.example'}", True),
    ("{list_id: {contains: lists}}", True),
    ("{list_id: {in: names}}", True),
    ("{list_id: {exists: true}}", True),
    ("{header: {X-Alert-Level: high}}", True),
    ("{header: {x-alert-level: HIGH}}", True),
    ("{header: {X-Alert-Level: hig}}", False),
    ("{header: {X-Alert-Level: {in: levels}}}", True),
    ("{header: {X-Tag: red}}", True),
    ("{header: {X-Tag: blue sky}}", True),
    ("{header: {X-Tag: {contains: sky}}}", True),
    ("{header: {X-Tag: {matches: '^b.*y$'}}}", True),
    ("{header: {X-Tag: green}}", False),
    ("{header: {X-Tag: red, X-Alert-Level: low}}", False),
    ("{header: {X-Empty: {exists: true}}}", True),
    ("{header: {X-None: {exists: true}}}", False),
    ("{header: {X-None: {exists: false}}}", True),
    ("{size: '> 5 MB'}", True),
    ("{size: '> 6.2 MB'}", False),
    ("{size: '>= 6.2 MB'}", True),
    ("{size: '< 6200001'}", True),
    ("{size: '< 6.2 MB'}", False),
    ("{size: '<= 6200 kB'}", True),
    ("{size: ['> 5 MB', '< 6 MB']}", False),
    ("{size: ['> 6 MB', '< 7 MB']}", True),
    ("{size: '> 6 MiB'}", False),
    ("{attachment: true}", True),
    ("{attachment: false}", False),
    ("{attachment: {name: '*.pdf'}}", True),
    ("{attachment: {name: factuur}}", False),
    ("{attachment: {name: ['*.docx', 'factuur ?.pdf']}}", True),
    ("{attachment: {type: image/*}}", True),
    ("{attachment: {type: Application/PDF}}", True),
    ("{attachment: {type: application/zip}}", False),
    ("{attachment: {size: '> 5 MB'}}", True),
    ("{attachment: {name: '*.pdf', size: '> 5 MB'}}", False),
    ("{attachment: {name: '*.pdf', size: '< 5 MB', type: application/*}}", True),
    ("{attachment: [{name: '*.zip'}, {name: '*.jpg'}]}", True),
    ("{priority: high}", True),
    ("{priority: [normal, low]}", False),
    ("{verified: true}", False),
    ("{verified: false}", True),
    ("{verified: [dkim, spf]}", False),
    ("{time: {days: fri}}", True),
    ("{time: {days: sat-sun}}", False),
    ("{time: {between: '22:00-07:00'}}", True),
    ("{time: {between: ['08:00-12:00', '23:30-23:31']}}", True),
    ("{time: {between: '22:00-23:30'}}", False),
    ("{time: {dates: 2026-11-20}}", True),
    ("{time: {dates: [2026-11-01..2026-11-19, 2026-12-24..2027-01-02]}}", False),
    ("{time: {window: office}}", False),
    ("{time: {window: [office, night]}}", True),
    ("{time: {not_window: office}}", True),
    ("{time: {not_window: night}}", False),
    ("{time: {days: fri, not_window: office, window: night}}", True),
    ("{time: {days: mon, window: night}}", False),
    ("{language: nl}", True),
    ("{language: [en, fr]}", False),
    ("{not: {subject: fraude}}", False),
    ("{not: [{subject: x}, {body: fraude}]}", True),
    ("{not: [{subject: x}, {subject: fraude}]}", False),
    ("{all: [{subject: fraude}, {size: '> 5 MB'}]}", True),
    ("{any: [{subject: x}, {size: '> 5 MB'}]}", True),
]
ON_OCCASIONS = [
    ("{calendar: work}", True),
    ("{calendar: home}", False),
    ("{calendar: 'w*'}", True),
    ("{title: tandarts}", True),
    ("{title: {is: tandarts}}", False),
    ("{title: {matches: 'jans+ens$'}}", True),
    ("{location: BRÜSSEL}", True),
    ("{location: online}", False),
    ("{location: {exists: true}}", True),
    ("{organiser: '@acme.example'}", True),
    ("{organiser: jan@acme.example}", False),
    ("{organiser: {in: contacts}}", True),
    ("{attendee: '@sales.acme.example'}", True),
    ("{attendee: {contains: els}}", False),
    ("{attendee: {in: 'group:accounting'}}", False),
    ("{category: health}", True),
    ("{category: [sport, red]}", True),
    ("{category: hea}", False),
    ("{category: 'hea*'}", True),
    ("{all_day: false}", True),
    ("{all_day: true}", False),
    ("{status: [confirmed, tentative]}", True),
    ("{status: cancelled}", False),
    ("{time: {window: office}, calendar: work}", True),
    ("{time: {days: sun}, calendar: work}", False),
    ("{not: {title: x}}", True),
]


def _answers(cases: list[tuple[str, bool]]) -> list[Any]:
    return [pytest.param(when, expected, id=f"{when}-{'hit' if expected else 'miss'}") for when, expected in cases]


@pytest.mark.parametrize(("when", "expected"), _answers(ON_MAILS))
def test_what_a_condition_finds_in_a_mail(when: str, expected: bool) -> None:
    assert ask(when, a_mail(**MAIL), an_account(language="nl"), BOOK)[0] is expected


@pytest.mark.parametrize(("when", "expected"), _answers(ON_OCCASIONS))
def test_what_a_condition_finds_in_an_appointment(when: str, expected: bool) -> None:
    assert ask(when, OCCASION, an_account(), BOOK)[0] is expected


BARE = a_mail(sender=None, subject=" ")


@pytest.mark.parametrize(
    "when",
    [
        when
        for when, _ in ON_MAILS
        if not any(word in when for word in ("{from: '*'}", "time", "lang", "size", "not", "false", "normal"))
    ],
)
def test_a_mail_of_nothing_is_found_by_nothing(when: str) -> None:
    assert not ask(when, BARE, an_account(), BOOK)[0]


@pytest.mark.parametrize("when", ["{from: '*'}", "{subject: {exists: false}}", "{cc: {exists: false}}"])
def test_a_mail_of_nothing_is_found_by_what_asks_for_nothing(when: str) -> None:
    assert ask(when, BARE)[0]


INCIDENT = Incident(account="anna", what=What.LOW_BALANCE, subject="fraude", began_at=NOW)


@pytest.mark.parametrize(
    "when", ["{subject: fraude}", "{from: {exists: true}}", "{size: '> 0'}", "{attachment: true}"]
)
@pytest.mark.parametrize("event", [OCCASION, INCIDENT], ids=["appointment", "incident"])
def test_what_is_no_mail_has_nothing_of_a_mail(when: str, event: Event) -> None:
    assert not ask(when, event)[0]


@pytest.mark.parametrize(
    ("when", "evidence"),
    [
        ("{cc: '@acme.example'}", ('cc is "@acme.example"', "Els <els@acme.example>")),
        ("{to: {in: [vip]}}", ("to in vip", "Jan Peeters <jan@sales.acme.example>, info@other.example")),
        ("{to: '*'}", ('to is "*"', "Jan Peeters <jan@sales.acme.example>, info@other.example")),
        ("{from: {in: contacts}}", ("from in contacts", "Müller, Bank <alerts@mail.bank.example>")),
        ("{subject: {starts_with: [a, b]}}", ('subject starts with "a" or "b"', "FRAUDE: Straße gesperrt")),
        ("{subject: {in: words}}", ("subject in words", "FRAUDE: Straße gesperrt")),
        ("{body: geblokkeerd}", ('body contains "geblokkeerd"', "uw kaart is GEBLOKKEERD.")),
        ("{body: {matches: 'ü.*t'}}", ('body matches "ü.*t"', "Groeten, Übersicht")),
        ("{body: {contains: x}}", ('body contains "x"', "Beste Anna,")),
        ("{list_id: '*.example'}", ('list_id glob "*.example"', "announce.lists.example")),
        ("{header: {X-Tag: green}}", ('header X-Tag is "green"', "red · Blue sky")),
        ("{header: {X-None: {exists: false}}}", ("not header X-None exists", "")),
        ("{size: ['>  5 MB', '< 7 MB']}", ("size > 5 MB and < 7 MB", "6.2 MB")),
        (
            "{attachment: {name: '*.pdf', size: '> 5 MB'}}",
            (
                'attachment name glob "*.pdf", size > 5 MB',
                "Factuur 7.PDF (application/pdf, 80.0 kB), foto.jpg (image/jpeg, 6.0 MB)",
            ),
        ),
        ("{priority: high}", ('priority is "high"', "high")),
        ("{verified: true}", ("verified", "")),
        ("{verified: dkim}", ("verified by dkim", "")),
        (
            "{time: {days: mon-wed, between: '08:00-12:00'}}",
            ("time mon, tue, wed 08:00-12:00", "Fri 2026-11-20 23:30"),
        ),
        ("{time: {not_window: night}}", ("not time in night", "Fri 2026-11-20 23:30")),
        ("{language: en}", ('language is "en"', "nl")),
        (
            "{not: {any: [{subject: fraude}, {cc: '*'}]}}",
            ('not (subject contains "fraude" or cc is "*")', "FRAUDE: Straße gesperrt · Els <els@acme.example>"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_evidence_says_what_was_asked_and_what_was_there(when: str, evidence: tuple[str, str]) -> None:
    [told] = ask(when, a_mail(**MAIL), an_account(language="nl"), BOOK)[1]
    assert (told.condition, told.found) == evidence


def test_the_evidence_points_at_the_operator() -> None:
    _, told = ask("  subject:\n    contains: fraude\n    matches: gesperrt$\n", a_mail(**MAIL))
    assert [each.place for each in told] == ["a.yaml:3:15", "a.yaml:4:14"]
    assert told[1] == Evidence('subject matches "gesperrt$"', "FRAUDE: Straße gesperrt", True, "a.yaml:4:14")


@pytest.mark.parametrize(
    "text", ["NO", "on", "22:00", "+32470000001", "0475", "1e3", "0x1F", "~a", "2026-11-22", "1_000"]
)
def test_a_value_stays_the_text_that_was_written(text: str) -> None:
    assert ask(f"{{subject: {{is: {text}}}}}", a_mail(subject=text))[0]
    assert not ask(f"{{subject: {{is: {text}}}}}", a_mail(subject=f"{text}0"))[0]


WRONG = [
    ("{subjcet: x}", "unknown-setting", "subjcet", "did you mean 'subject'?"),
    ("{subject: {contians: x}}", "unknown-setting", "contians", "did you mean 'contains'?"),
    ("{subject: {in: wrods}}", "unknown-name", "wrods", "did you mean 'words'?"),
    ("{from: {in: [vip, contcts]}}", "unknown-name", "contcts", "did you mean 'contacts'?"),
    ("{from: {in: 'group:acounting'}}", "unknown-name", "group:acounting", "did you mean 'group:accounting'?"),
    ("{from: {in: words}}", "no-address", "words", ""),
    ("{from: bank.example}", "wrong-value", "bank.example", "did you mean '@bank.example'?"),
    ("{subject: {matches: 'a(?=b)'}}", "wrong-value", "'a(?=b)'", ""),
    ("{body: [x, ' ']}", "wrong-value", "' '", ""),
    ("{size: 5 MB}", "wrong-value", "5 MB", "did you mean '> 5 MB'?"),
    ("{size: ['> 5 MB', '< 1 MB']}", "wrong-value", "[", ""),
    ("{attachment: yes}", "wrong-value", "yes", "did you mean 'true'?"),
    ("{attachment: {nmae: '*.pdf'}}", "unknown-setting", "nmae", "did you mean 'name'?"),
    ("{attachment: {type: pdf}}", "wrong-value", "pdf", "did you mean 'application/pdf'?"),
    ("{attachment: {}}", "wrong-value", "{}", ""),
    ("{priority: hgh}", "wrong-value", "hgh", "did you mean 'high'?"),
    ("{verified: yes}", "wrong-value", "yes", "did you mean 'true'?"),
    ("{verified: [dkmi]}", "wrong-value", "dkmi", "did you mean 'dkim'?"),
    ("{verified: [true, dkim]}", "wrong-value", "[", ""),
    ("{time: {between: daytime}}", "wrong-value", "daytime", ""),
    ("{time: {dates: 2026-02-30}}", "wrong-value", "2026-02-30", ""),
    ("{time: {window: offce}}", "unknown-name", "offce", "did you mean 'office'?"),
    ("{time: {windows: office}}", "unknown-setting", "windows", "did you mean 'window'?"),
    ("{time: {}}", "wrong-value", "{}", ""),
    ("{time: }", "empty", "time", "write a value, or remove it"),
    ("{size: }", "empty", "size", "write a value, or remove it"),
    ("{header: {X-Foo: }}", "empty", "X-Foo", "write a value, or remove it"),
    ("{header: {'X-Foo:': a}}", "wrong-value", "a", "did you mean 'X-Foo'?"),
    ("{subject: {exists: false, is: x}}", "wrong-value", "{", ""),
    ("{all_day: no}", "wrong-value", "no", "did you mean 'false'?"),
    ("{status: confirmd}", "wrong-value", "confirmd", "did you mean 'confirmed'?"),
    ("{any: [{title: x}, {subject: y}]}", "mixture", "title", ""),
    ("{not: {title: x}, from: '*'}", "mixture", "title", ""),
    ("{}", "wrong-value", "{}", ""),
]


@pytest.mark.parametrize(("when", "code", "at", "label"), WRONG, ids=[when for when, *_ in WRONG])
def test_a_mistake_is_named_at_its_place_with_what_was_meant(when: str, code: str, at: str, label: str) -> None:
    _, [problem] = read_when(when, BOOK)
    assert (problem.code, problem.label) == (code, label)
    assert f"when: {when}"[problem.span.col - 1 :].startswith(at)
    assert problem.span.line == 1


def test_all_mistakes_of_a_condition_are_told_at_once() -> None:
    when = "  subject: {matches: '('}\n  size: big\n  time: {days: noday}\n  any: [{form: x}]\n"
    assert [problem.span.line for problem in read_when(when)[1]] == [2, 3, 4, 5]


def test_a_sign_of_comparison_without_quotes_is_explained() -> None:
    _, [problem] = read_when("  size: > 5 MB\n")
    assert (problem.span.line, problem.hint) == (2, "put quotes around it, as in '> 5 MB'")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"subject": "x"}, "mail"),
        ({"time": {"days": "mon"}, "language": "nl"}, "mail"),
        ({"any": [{"not": {"title": "x"}}]}, "appointment"),
        ({"calendar": "work", "time": {"days": "mon"}}, "appointment"),
    ],
)
def test_a_condition_is_about_mails_or_about_appointments(when: dict[str, Any], expected: str) -> None:
    assert about(Condition.model_validate(when)) == expected


def test_the_account_says_whose_contacts_and_whose_clock() -> None:
    mail = a_mail(sender=Address(address="b@else.example"), arrived_at=datetime(2026, 11, 20, 22, 30, tzinfo=UTC))
    known, night = tree_of("{from: {in: contacts}}", BOOK), tree_of("{time: {between: '22:00-07:00'}}")
    assert holds(known, View(mail, an_account(), BOOK))
    assert not holds(known, View(mail, an_account(), Book()))
    assert holds(night, View(mail, an_account(), BOOK))
    assert not holds(night, View(mail, an_account(zone="Asia/Tokyo"), BOOK))


TREES = [tree_of(when, BOOK) for when, _ in ON_MAILS]
SOME_MAILS = st.builds(
    lambda changes: a_mail(**{**MAIL, **changes}),
    st.fixed_dictionaries(
        {},
        optional={
            "sender": st.sampled_from([None, *PEOPLE]),
            "cc": st.just(()),
            "subject": st.text("fraudeß :x", max_size=12),
            "text": st.text(max_size=20),
            "headers": st.just(()),
            "size": st.integers(0, 10_000_000),
            "attachments": st.just(()),
            "arrived_at": st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        },
    ),
)


@given(SOME_MAILS, st.lists(st.sampled_from(TREES), max_size=4))
def test_all_any_and_not_are_those_of_logic(mail: MailArrived, trees: list[Any]) -> None:
    view = View(mail, an_account(language="nl"), BOOK)
    answers = [holds(tree, view) for tree in trees]
    assert holds(All(tuple(trees)), view) is all(answers)
    assert holds(Either(tuple(trees)), view) is any(answers)
    assert holds(Not(All(tuple(trees))), view) is holds(Either(tuple(Not(tree) for tree in trees)), view)
    assert [holds(Not(Not(tree)), view) for tree in trees] == answers


@given(SOME_MAILS)
def test_every_condition_answers_every_mail(mail: MailArrived) -> None:
    for tree in TREES:
        holds(tree, View(mail, an_account(), BOOK))
